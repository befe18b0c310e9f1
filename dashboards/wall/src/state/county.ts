/** What changes rarely: the regions of the county, and the figures that are not in a beat. Fetched, and fetched again. */
import { computed, signal } from '@preact/signals';
import { showRegion } from '#core/region.ts';
import { get } from '#wall/api/client.ts';
import { drawCounty, type Region } from '#wall/map/model.ts';
import { live, openAlerts } from './wall.ts';

export type AnswerFigures = {
  count: number; judged60s: number; within60s: number; judged180s: number; within180s: number; unanswered: number; selfCancelled: number; learning: number; learningIn60s: number; excluded: number;
  p50Ms: number | null; p90Ms: number | null; arrived: number; judged45m: number; arrived45m: number; arrivalP50Ms: number | null;
};
export type Status = {
  answer: { day: AnswerFigures; month: AnswerFigures };
  canary: { state: 'good' | 'failing' | 'none'; okAt: number | null; reason: string | null };
  flood: { active: boolean; since: number | null; lastTen: number; operators: number };
  load: readonly { userId: string; name: string; onDuty: boolean; holding: number; taken: number }[];
  gateway: { kind: string; realPhones: boolean; danger: boolean; demo: boolean };
  outbox: { due: number; oldestDueMs: number; unknown: number; failed: number };
};
export const regions = signal<readonly Region[] | null>(null);
export const status = signal<Status | null>(null);
export const countyName = computed(() => regions.value?.find((r) => r.level === 'county')?.name ?? '');
/** Code -> the name as screens show it. */
export const regionNames = computed(() => new Map((regions.value ?? []).map((r) => [r.code, showRegion(r.name)])));
/** The schematic picture; recomputed when alerts, counts or regions change, never by the clock. */
export const county = computed(() => (regions.value === null ? null : drawCounty(regions.value, live.value.presence, openAlerts.value)));

const statusEveryMs = 15_000;

/** Fetches while somebody is logged in, until the returned function is called; `figures` false for roles that see no alarms. */
export function startCounty(figures: boolean): () => void {
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const askRegions = async (): Promise<void> => {
    const answer = await get<{ regions: Region[] }>('/api/v1/regions');
    if (stopped) return;
    if (answer.ok) regions.value = answer.value.regions; else setTimeout(() => void askRegions(), 5_000);
  };
  const askStatus = async (): Promise<void> => {
    const answer = await get<Status>('/api/v1/status');
    if (stopped) return;
    if (answer.ok) status.value = answer.value;
    timer = setTimeout(() => void askStatus(), statusEveryMs);
  };
  void askRegions();
  if (figures) void askStatus();
  return () => { stopped = true; if (timer) clearTimeout(timer); regions.value = null; status.value = null; };
}
