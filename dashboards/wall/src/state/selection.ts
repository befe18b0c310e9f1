/** Which case is open, and whether a hand is on the queue. */
import { computed, signal } from '@preact/signals';
import { type Settled, settle } from '#wall/queue/order.ts';
import { wantedOrder } from './wall.ts';

/** Id of the open case. */
export const selected = signal<string | null>(null);
/** The pointer or the focus is on the queue, and moved within the last seconds. */
export const held = signal(false);

let shown: Settled = { rows: [], arrivals: [] };
/** The queue as it is on screen. */
export const queue = computed<Settled>(() => { shown = settle(shown, wantedOrder.value, held.value); return shown; });

/** When rows last moved under the pointer (ms of performance.now): a click that lands at once after was meant for another row. */
export const movedAt = { value: Number.NEGATIVE_INFINITY };
/** Clicks within this span after a move are not taken. */
export const mistakeMs = 350;

export function select(id: string | null): void { selected.value = id; }

/** Moves the choice by `step` rows in the order on screen. */
export function moveSelection(step: 1 | -1): void {
  const rows = [...queue.value.arrivals, ...queue.value.rows.map((row) => row.id)];
  const at = rows.indexOf(selected.value ?? '');
  selected.value = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))] ?? selected.value;
}
