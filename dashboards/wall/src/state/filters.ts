/** My saved filters of the queue, and which one is on: on this page only, until another sits down here. What rings and is counted knows nothing of them. */
import { effect, signal } from '@preact/signals';
import { get, type Problem, put } from '#wall/api/client.ts';
import type { Filter } from '#wall/queue/filter.ts';
import { mayAct, me } from './session.ts';

export const filters = signal<readonly Filter[]>([]);
export const filterOn = signal<Filter | null>(null);
export const filterEditor = signal(false);

/** Fetched for whoever sits here, until the returned function is called. */
export function startFilters(): () => void {
  let whose: string | null = null;
  const stop = effect(() => {
    const id = me.value?.id ?? null;
    if (id === whose) return;
    whose = id;
    filterOn.value = null;
    filters.value = [];
    if (id !== null && mayAct.peek()) void get<{ filters: Filter[] }>('/api/v1/me/filters').then((answer) => { if (answer.ok && whose === id) filters.value = answer.value.filters; });
  });
  return () => { stop(); filterOn.value = null; filters.value = []; };
}

/** Keeps the list at the house; null: done. */
export async function saveFilters(next: readonly Filter[]): Promise<Problem | null> {
  const answer = await put<{ filters: Filter[] }>('/api/v1/me/filters', { filters: next });
  if (!answer.ok) return answer.problem;
  filters.value = answer.value.filters;
  const on = filterOn.peek();
  if (on !== null) filterOn.value = answer.value.filters.find((f) => f.name === on.name) ?? null;
  return null;
}
