/** Which case is open, and whether a hand is on the queue. */
import { computed, signal } from '@preact/signals';
import { narrow, type Settled, settle } from '#wall/queue/order.ts';
import { passes } from '#wall/queue/filter.ts';
import { filterOn } from './filters.ts';
import { folded } from './flood.ts';
import { matches } from './search.ts';
import { me } from './session.ts';
import { live, wantedOrder } from './wall.ts';

/** Id of the open case. */
export const selected = signal<string | null>(null);
/** The pointer or the focus is on the queue, and moved within the last seconds. */
export const held = signal(false);

let shown: Settled = { rows: [], arrivals: [] };
/** The queue as it is on screen. */
export const queue = computed<Settled>(() => { shown = settle(shown, wantedOrder.value, held.value); return shown; });

/** Rows that the filter takes out of sight; a search sees everything. */
const filtered = computed<ReadonlySet<string>>(() => {
  const on = filterOn.value;
  if (on === null || matches.value !== null) return new Set();
  const alerts = live.value.alerts;
  return new Set(queue.value.rows.flatMap(({ id }) => { const alert = alerts.get(id); return alert && id !== selected.value && !passes(on, alert, me.value?.id ?? null) ? [id] : []; }));
});
/** How many that are. */
export const filterHidden = computed(() => filtered.value.size);

/** The same while somebody searches: what is meant on top, every emergency after it, of the others only how many are hidden. */
export const shownQueue = computed(() => {
  const shown = narrow(filtered.value.size === 0 ? queue.value.rows : queue.value.rows.filter((row) => !filtered.value.has(row.id)), matches.value, (id) => live.value.alerts.get(id)?.priority === 1);
  // In a flood what can wait is one line; a case that is open stays where it is.
  return folded.value ? { ...shown, rest: shown.rest.filter((row) => row.section !== 'technical' || row.id === selected.value) } : shown;
});

/** When rows last moved under the pointer (ms of performance.now): a click that lands at once after was meant for another row. */
export const movedAt = { value: Number.NEGATIVE_INFINITY };
/** Clicks within this span after a move are not taken. */
export const mistakeMs = 350;

/** Tells the other seats which case is open here once it has been for a moment (正在查看): who walks through the list tells nobody. */
export function startTelling(tell: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const later = (): void => { if (timer) clearTimeout(timer); timer = setTimeout(tell, restMs); };
  const stop = selected.subscribe(later);
  document.addEventListener('visibilitychange', later);
  return () => { stop(); if (timer) clearTimeout(timer); document.removeEventListener('visibilitychange', later); };
}
const restMs = 500;

export function select(id: string | null): void { selected.value = id; }

/** Moves the choice by `step` rows in the order on screen. */
export function moveSelection(step: 1 | -1): void {
  const { found, rest } = shownQueue.value;
  const rows = [...queue.value.arrivals, ...found, ...rest].map((row) => (typeof row === 'string' ? row : row.id));
  const at = rows.indexOf(selected.value ?? '');
  selected.value = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))] ?? selected.value;
}
