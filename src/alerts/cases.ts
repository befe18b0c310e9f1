/** Loads what deciding about alerts needs (core Case), set-wise for all alerts of one transaction, whose rows it has locked. */
import type { Alert } from '#core/alert.ts';
import type { Case } from '#core/change.ts';
import type { AlertId } from '#core/ids.ts';
import { consoleBeats, countUnclaimed } from '#store/alerts.ts';
import { engagementsOf } from '#store/engagements.ts';
import { contactedOf, recentCalls } from '#store/outbox-insert.ts';
import { type Sql, together } from '#store/pool.ts';
import { rostersOf } from '#store/roster.ts';
import { liveTimers } from '#store/timers.ts';
import { deskState } from '#store/vigilance.ts';

export const bareCase = (alert: Alert): Case =>
  ({ alert, timers: new Map(), engagements: new Map(), roster: [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 });

/** Without roster and budgets: enough for raises. */
export async function lightCases(sql: Sql, alerts: readonly Alert[]): Promise<Map<AlertId, Case>> {
  const ids = alerts.map((a) => a.id);
  const taken = alerts.filter((a) => a.state === 'claimed' || a.state === 'committed' || a.state === 'arrived').map((a) => a.id);
  const [timers, engagements] = await together([liveTimers(sql, ids), engagementsOf(sql, taken)]);
  return new Map(alerts.map((alert) => [alert.id, { ...bareCase(alert), timers: timers.get(alert.id) ?? new Map(), engagements: engagements.get(alert.id) ?? new Map() }]));
}

/** Everything; calls are counted over all alerts, in one map that the cases share. */
export async function fullCases(sql: Sql, alerts: readonly Alert[]): Promise<Map<AlertId, Case>> {
  if (alerts.length === 0) return new Map();
  const ids = alerts.map((a) => a.id);
  const people = async () => {
    const rosters = await rostersOf(sql, alerts);
    return { rosters, calls: await recentCalls(sql, [...new Set([...rosters.values()].flatMap((r) => r.map((p) => p.phoneKey)))]) };
  };
  const [timers, engagements, contacted, beats, { rosters, calls }, unclaimed, desk] = await together([
    liveTimers(sql, ids), engagementsOf(sql, ids), contactedOf(sql, ids), consoleBeats(sql, alerts.filter((a) => a.state === 'claimed').map((a) => a.id)), people(), countUnclaimed(sql), deskState(sql),
  ]);
  return new Map(alerts.map((alert) => [alert.id, {
    alert, timers: timers.get(alert.id) ?? new Map(), engagements: engagements.get(alert.id) ?? new Map(), roster: rosters.get(alert.id) ?? [],
    contacted: contacted.get(alert.id) ?? new Map(), calls, consoleBeatAt: beats.get(alert.id) ?? null, unclaimed, deskAsleep: desk.asleep, deskDark: desk.dark,
  }]));
}
