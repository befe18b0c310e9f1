/** Imagined alarms (演练) that run now: fetched while the beat says that there are some, apart from everything that is real. */
import { computed, effect, signal } from '@preact/signals';
import type { EventKind } from '#core/event.ts';
import { get, post } from '#wall/api/client.ts';
import { sayProblem } from './toast.ts';
import { live } from './wall.ts';

export type DrillCase = {
  id: string; drillId: string; name: string; kind: EventKind; no: number; town: string | null; village: string | null; place: string | null; state: string; beginsAt: number; claimedAt: number | null; claimedByName: string | null;
};
export const drillCases = signal<readonly DrillCase[]>([]);
const running = computed(() => live.value.beat?.drills ?? 0);
const againMs = 3_000;

async function look(): Promise<void> {
  const answer = await get<{ cases: readonly DrillCase[] }>('/api/v1/drills/live');
  if (answer.ok) drillCases.value = answer.value.cases;
}

/** Looks again and again while a drill runs; until the returned function is called. */
export function startDrillLook(): () => void {
  let timer: ReturnType<typeof setInterval> | null = null;
  const stop = effect(() => {
    const on = running.value > 0;
    if (on && timer === null) { void look(); timer = setInterval(() => void look(), againMs); }
    if (!on && timer !== null) { clearInterval(timer); timer = null; drillCases.value = []; }
  });
  return () => { stop(); if (timer !== null) clearInterval(timer); drillCases.value = []; };
}

/** 接警 of an imagined alarm; who was first is told. */
export async function claimDrill(id: string): Promise<void> {
  const answer = await post(`/api/v1/drills/cases/${id}/claim`);
  if (!answer.ok) sayProblem(answer.problem);
  await look();
}
