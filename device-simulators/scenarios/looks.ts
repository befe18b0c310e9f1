/** Looks at the house that several scenarios share, by its API alone. */
import type { AlertView } from '#core/live.ts';
import { type AlertInFull, type DeviceSeen, readAlert, readAlerts, readAll } from '#simulators/api/house.ts';
import type { Member } from '#simulators/fleet/fleet.ts';
import { type Entry, settle } from '#simulators/report/ledger.ts';
import { minuteMs, type Stage } from './scenario.ts';

/** Alerts that were opened since, about one of these devices or its home; newest first. */
export async function alertsSince({ api }: Pick<Stage, 'api'>, since: number, members: readonly Pick<Member, 'id' | 'homeId'>[]): Promise<AlertView[]> {
  const devices = new Set(members.map((m) => m.id));
  const homes = new Set(members.flatMap((m) => m.homeId ?? []));
  return (await readAlerts(api, { state: 'all' }, 2_000)).filter((a) => a.openedAt >= since && ((a.deviceId !== null && devices.has(a.deviceId)) || (a.homeId !== null && homes.has(a.homeId))));
}

/** Waits until the house has heard every one of these devices: only what was online can be missed. Answers how many it has. */
export async function heard({ api, world }: Pick<Stage, 'api' | 'world'>, members: readonly Member[]): Promise<number> {
  const wanted = new Set(members.map((m) => m.id));
  let seen = 0;
  await world.until(async () => {
    seen = (await readAll<DeviceSeen>(api, '/api/v1/devices', 'devices', { demo: true, presence: 'online' })).filter((d) => wanted.has(d.id)).length;
    return seen === wanted.size;
  }, 5 * minuteMs);
  return seen;
}

/** Somebody was told, or has taken it: an accepted message, a claim, a commitment. */
export const handled = (a: Pick<AlertInFull, 'messages' | 'committedAt' | 'claimedAt' | 'closedAt'>): boolean =>
  a.committedAt !== null || a.claimedAt !== null || a.closedAt !== null || a.messages.some((m) => m.acceptedAt !== null);

/** Milliseconds from the alert to the first text or call that the gateway took; null: none. */
export function firstTold(a: Pick<AlertInFull, 'messages' | 'openedAt'>): number | null {
  const times = a.messages.flatMap((m) => (m.acceptedAt === null ? [] : [m.acceptedAt - a.openedAt]));
  return times.length === 0 ? null : Math.max(0, Math.min(...times));
}

/** Asks `look` of every id until it holds for all; the ids for which it does not when the time is over. */
export async function untilAll({ world }: Pick<Stage, 'world'>, ids: readonly string[], look: (id: string) => Promise<boolean>, withinMs: number): Promise<string[]> {
  let left = [...ids];
  await world.until(async () => {
    const held = await Promise.all(left.map(look));
    left = left.filter((_, i) => held[i] !== true);
    return left.length === 0;
  }, withinMs);
  return left;
}

/** The alert that counts this press, as soon as the house has decided; null when it has not within the time. */
export async function alertOf({ api, world }: Pick<Stage, 'api' | 'world'>, entry: Entry, withinMs = minuteMs): Promise<AlertInFull | null> {
  const id = await world.until(async () => (await settle(api, [entry]))[0]?.alertId ?? null, withinMs);
  return id === null ? null : readAlert(api, id);
}

/** The end of what a scenario has opened: a human's close, as the law wants it. Answers what could not be closed. */
export async function close({ api }: Pick<Stage, 'api'>, ids: readonly string[], outcome: 'F1' | 'F2', note: string): Promise<string[]> {
  const left: string[] = [];
  for (const id of ids) await api.call('POST', `/api/v1/alerts/${id}/close`, { outcome, note }).catch(() => { left.push(id); });
  return left;
}
