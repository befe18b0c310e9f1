/** The night's clock and the looks that its acts share. */
import { dayOf } from '#core/clock.ts';
import type { AlertView } from '#core/live.ts';
import { type AlertInFull, readAlert, readAlerts, readAll } from '#simulators/api/house.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import type { Stage, Verdict } from '#simulators/scenarios/scenario.ts';
import type { Seat } from './seat.ts';
import type { NightCounty } from './county.ts';

/** Everything an act of the night has; `at` is the epoch ms of a time of it: from 19:00 on, the small hours are the next day's. */
export type Night = Stage & { county: NightCounty; members: Map<string, Member>; member(id: string): Member; seat: Seat; startAt: number; /** Unheard in the two towns before it began. */ baseline: number; at(time: string): number; verdicts: Verdict[] };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const zoneMs = 8 * hourMs;

/** The next 19:00 of the county. */
export function nextEvening(now: number): number {
  const today = Math.floor((now + zoneMs) / dayMs) * dayMs - zoneMs + 19 * hourMs;
  return today >= now ? today : today + dayMs;
}

/** HH:mm:ss after `startAt` (19:00) as epoch ms. */
export function timeOf(startAt: number, time: string): number {
  const [h = 0, m = 0, s = 0] = time.split(':').map(Number);
  const midnight = startAt - 19 * hourMs;
  return midnight + (h < 12 ? dayMs : 0) + h * hourMs + m * 60_000 + s * 1_000;
}

/** The county's clock, to the second. */
export const clock = (ms: number): string => new Date(ms + zoneMs).toISOString().slice(11, 19);

/** Goes on to that time of the night in steps of this length; careful: everything that a step made due is waited for. */
export async function until({ world, at }: Pick<Night, 'world' | 'at'>, time: string, stepMs: number, careful = false): Promise<void> {
  world.pace(stepMs, careful);
  await world.wait(Math.max(0, at(time) - world.now()));
}

export type Message = { alertId: string | null; party: string; role: string | null; channel: 'sms' | 'voice'; template: string; state: string; purpose: string; errorCode: string | null; createdAt: number };

/** Every message since then, oldest first. */
export async function messagesSince({ api }: Pick<Night, 'api'>, since: number): Promise<Message[]> {
  const days = [...new Set([since, since + dayMs].map(dayOf))];
  const out: Message[] = [];
  for (const day of days) out.push(...await readAll<Message>(api, '/api/v1/notifications', 'notifications', { day }));
  return out.filter((m) => m.createdAt >= since).sort((a, b) => a.createdAt - b.createdAt);
}

/** The night's outage incidents that were not taken in by a larger one. */
export async function incidents(night: Pick<Night, 'api' | 'startAt'>): Promise<AlertInFull[]> {
  const all = (await readAlerts(night.api, { state: 'all', kind: 'outage' }, 500)).filter((a) => a.openedAt >= night.startAt);
  const full = await Promise.all(all.map((a) => readAlert(night.api, a.id)));
  return full.filter((a) => !a.timeline.some((t) => t.action === 'closed' && t.detail['why'] === 'absorbed'));
}

export type OutageLists = { members: { deviceId: string; homeId: string | null; silentAt: number | null; backAt: number | null }[]; presumed: { deviceId: string; homeId: string | null }[] };
export const listsOf = (night: Pick<Night, 'api'>, id: string): Promise<OutageLists> => night.api.call('GET', `/api/v1/alerts/${id}/outage`);

/** People in the two towns whom no device lets us hear now. */
export async function unheard({ api }: Pick<Night, 'api'>, regions: readonly string[]): Promise<number> {
  let n = 0;
  for (const region of regions) for (const r of (await api.call<{ regions: { cannotHear: number }[] }>('GET', `/api/v1/presence?level=town&region=${region}`)).regions) n += r.cannotHear;
  return n;
}

export const openAlerts = (night: Pick<Night, 'api'>): Promise<AlertView[]> => readAlerts(night.api, { state: 'open' }, 1_000);
