/** What the desk keeps in view: promised call-backs, pinned cases, a hand-over that waits. Asked for while somebody who acts is logged in. */
import { computed, signal } from '@preact/signals';
import type { EventKind, Priority } from '#core/event.ts';
import { get, post, put, remove } from '#wall/api/client.ts';
import { t } from '#wall/i18n/text.ts';
import { say, sayProblem } from './toast.ts';
import { serverNow } from './wall.ts';

type Where = { town: string | null; village: string | null; name: string | null };
export type Callback = Where & { id: string; alertId: string; kind: EventKind; dueAt: number; byName: string; note: string | null };
export type Pinned = Where & { alertId: string; kind: EventKind; priority: Priority; state: string; at: number; byName: string };
type Board = { callbacks: readonly Callback[]; pinned: readonly Pinned[]; handover: { fromName: string; offeredAt: number } | null };

export const board = signal<Board>({ callbacks: [], pinned: [], handover: null });
/** Promises whose time has come. */
export const dueCallbacks = computed(() => board.value.callbacks.filter((c) => c.dueAt <= serverNow.value));
export const isPinned = (alertId: string): boolean => board.value.pinned.some((p) => p.alertId === alertId);

const everyMs = 15_000;
let look: () => Promise<void> = async () => {};

/** Looks until the returned function is called. */
export function startBoard(): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  look = async () => {
    const answer = await get<Board>('/api/v1/desk/board');
    if (!stopped && answer.ok) board.value = answer.value;
  };
  const loop = async (): Promise<void> => { await look(); if (!stopped) timer = setTimeout(() => void loop(), everyMs); };
  void loop();
  return () => { stopped = true; if (timer) clearTimeout(timer); look = async () => {}; board.value = { callbacks: [], pinned: [], handover: null }; };
}

export async function togglePin(alertId: string): Promise<void> {
  const answer = isPinned(alertId) ? await remove(`/api/v1/alerts/${alertId}/pin`) : await put(`/api/v1/alerts/${alertId}/pin`, {});
  if (!answer.ok) sayProblem(answer.problem);
  await look();
}
export async function promise(alertId: string, dueAt: number, note: string): Promise<boolean> {
  const answer = await post(`/api/v1/alerts/${alertId}/callbacks`, { dueAt: Math.round(dueAt), ...(note === '' ? {} : { note }) }, false);
  if (answer.ok) say(t('board.promised')); else sayProblem(answer.problem);
  await look();
  return answer.ok;
}
export async function calledBack(id: string, note: string): Promise<boolean> {
  const answer = await post(`/api/v1/desk/callbacks/${id}/done`, { note }, false);
  if (answer.ok) say(t('board.done')); else sayProblem(answer.problem);
  await look();
  return answer.ok;
}
