/**
 * The one function that writes decisions: alerts, withdrawals, engagements, timeline, timers, outbox, words to the elder, marks, and last the
 * feed, all in the caller's transaction (law 4). A crash before its commit leaves everything as it was, after it nothing undone.
 * Statements that need nothing of each other leave together, in this order: twelve waits for the database instead of thirty (docs/decisions/0043).
 */
import type { Alert } from '#core/alert.ts';
import { absorb, type Case, type Change, joined, nothing, type Slot, type TimerSet } from '#core/change.ts';
import type { AlertId } from '#core/ids.ts';
import { wordToElder } from '#core/to-elder.ts';
import type { Logger } from '#ops/log.ts';
import { insertAlerts, nextAlertIds, updateAlerts } from '#store/alerts.ts';
import { insertLog } from '#store/alert-log.ts';
import { tellElders, type ToElder } from '#store/commands.ts';
import type { Echo } from '#store/echo.ts';
import { saveEngagements } from '#store/engagements.ts';
import { type Evaluated, markEvaluated } from '#store/evaluation.ts';
import { appendFeed } from '#store/feed.ts';
import { insertDry, insertOutbox, withdrawOutbox } from '#store/outbox-insert.ts';
import { hint, type Sql, together } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { markMerged } from '#store/standby.ts';
import { cancelTimers, markFired, setSystemTimers, setTimers } from '#store/timers.ts';
import { outboxRows } from './outgoing.ts';

/** One alert in a transaction: how it was found, how it stands after the changes so far, and those changes as one. */
export type Work = { isNew: boolean; found: Case; standing: Case; change: Change };

export const workOf = (c: Case, isNew = false): Work => ({ isNew, found: c, standing: c, change: nothing() });

/** Adds a change; calls go into the map that all cases of the transaction share, so that budgets hold across them. */
export function advance(work: Work, change: Change, now: number): void {
  const shared = work.standing.calls as Map<string, number[]>;
  const after = absorb(work.standing, change, now);
  for (const [phone, times] of after.calls) if (times !== shared.get(phone)) shared.set(phone, [...times]);
  work.standing = { ...after, calls: shared };
  work.change = joined(work.change, change);
}

/** A press of the house's own button that was evaluated: a dry message and a frame go out with the commit. */
export type Canary = { run: string; trace: string };
export type Extra = {
  evaluated?: readonly Evaluated[]; /** ingest ids of the urgent ones, for standby */ urgent?: readonly string[]; canaries?: readonly Canary[]; fired?: readonly string[]; /** cases taken over from standby */ handed?: readonly { key: string; alertId: AlertId }[]; systemTimers?: readonly { slot: string; dueAt: number; payload?: Record<string, unknown> }[];
};
export type ApplyTools = { seal: Seal; log: Logger; /** Hears how emergencies stand, after the commit. */ echo?: Echo };

export async function apply(sql: Sql, tools: ApplyTools, works: readonly Work[], extra: Extra, now: number): Promise<void> {
  const touched = works.filter((w) => w.isNew || isTouched(w));
  const idOf = await nameNew(sql, touched);
  const rows = touched.map((w) => ({ work: w, id: idOf(w.standing.alert.id), alert: { ...w.standing.alert, id: idOf(w.standing.alert.id) } }));
  const [outbox] = await together([
    outboxRows(sql, tools.seal, rows.flatMap(({ work, alert }) => work.change.sends.map((send) => ({ alert, send }))), now),
    ...writeAlerts(sql, tools.seal, rows),
    withdrawOutbox(sql, rows.flatMap(({ work, id }) => (work.change.withdraw === 'nothing' || work.isNew ? [] : [{ alertId: id, what: work.change.withdraw }]))),
    saveEngagements(sql, rows.flatMap(({ work, id }) => engagementRows(work, id))),
    insertLog(sql, tools.seal, rows.flatMap(({ work, id }) => work.change.log.map((entry) => ({ alertId: id, entry })))),
    ...writeTimers(sql, rows, extra),
  ]);
  const [outIds] = await together([
    insertOutbox(sql, tools.seal, outbox), insertDry(sql, tools.seal, (extra.canaries ?? []).map((c) => c.trace)), tellElders(sql, tools.seal, rows.flatMap(wordOf)),
    markEvaluated(sql, (extra.evaluated ?? []).map((e) => ({ ...e, alertId: e.alertId && idOf(e.alertId) }))), markMerged(sql, (extra.handed ?? []).map((h) => ({ key: h.key, alertId: idOf(h.alertId) }))),
  ]);
  for (const { work, alert } of rows) tell(tools.log, work, alert);
  for (const [i, row] of outbox.entries()) tools.log.info({ alertId: row.alertId, outId: outIds[i], trace: row.trace, channel: row.channel, template: row.template, party: row.party }, 'message due');
  const { echo } = tools;
  if (echo) sql.committed?.(() => echo.wrote(rows.flatMap(({ work, alert }) => (alert.priority === 1 ? [{ ...work.standing, alert }] : [])), now, extra.urgent));
  const canaries = extra.canaries ?? [];
  await hint(sql, [...new Set([...hints(rows, outbox.length + canaries.length, now), ...(canaries.length > 0 ? ['anling_feed'] : [])])]);
  await appendFeed(sql, [
    ...rows.flatMap(({ work, alert }) => { const feed = feedOf(work, alert); return feed ? [{ alertId: alert.id, regionCode: alert.regionCode, type: 'alert', payload: feed }] : []; }),
    ...canaries.map(({ run }) => ({ alertId: null, regionCode: null, type: 'canary', payload: { what: 'canary', detail: { run } } })),
  ]);
}

/** Every number of an alert has its frame: a wall that misses one shows another county than the house (I8). */
const feedOf = ({ isNew, found, change }: Work, alert: Alert): Change['feed'] => change.feed ?? (!isNew && alert.version !== found.alert.version ? { what: 'changed' } : null);

type Written = { work: Work; id: AlertId; alert: Alert };

const isTouched = ({ change }: Work): boolean => change.feed !== null || change.log.length > 0 || change.sends.length > 0 || change.engagements.length > 0
  || change.withdraw !== 'nothing' || Object.keys(change.patch).length > 0 || Object.keys(change.timers).length > 0;

/** New alerts carry a provisional id (`~1`) until here. */
async function nameNew(sql: Sql, works: readonly Work[]): Promise<(id: AlertId) => AlertId> {
  const fresh = works.filter((w) => w.isNew).map((w) => w.standing.alert.id);
  const ids = await nextAlertIds(sql, fresh.length);
  const named = new Map(fresh.map((id, i) => [id, ids[i] as AlertId]));
  return (id) => named.get(id) ?? id;
}

function writeAlerts(sql: Sql, seal: Seal, rows: readonly Written[]): Promise<void>[] {
  const changed = rows.filter((r) => !r.work.isNew && r.work.standing.alert !== r.work.found.alert);
  return [insertAlerts(sql, rows.filter((r) => r.work.isNew).map((r) => r.alert)), updateAlerts(sql, changed.map((r) => ({ alert: r.alert, closeNote: seal.sealOrNull('alert.close_note', r.work.change.closeNote) })))];
}

/** What the change means to whoever called (core/to-elder.ts). */
function wordOf({ work, alert }: Written): ToElder[] {
  const word = wordToElder(work.found, work.standing);
  const { id, kind, deviceId, homeId, personId, trace } = alert;
  return word === null ? [] : [{ alertId: id, word, kind, deviceId, homeId, personId, trace }];
}

/** Whoever the search writes to for the first time is `notified`; answers come after and win. */
function engagementRows(work: Work, alertId: AlertId): Parameters<typeof saveEngagements>[1] {
  const first = work.change.sends.filter((s) => s.purpose === 'search' && !work.found.engagements.has(s.party)).map((s) => ({ alertId, party: s.party, state: 'notified' as const }));
  return [...first, ...work.change.engagements.map((e) => ({ alertId, ...e, arriveBy: work.standing.engagements.get(e.party)?.arriveBy ?? null }))];
}

function writeTimers(sql: Sql, rows: readonly Written[], extra: Extra): Promise<void>[] {
  const all = rows.flatMap(({ work, id }) => (Object.entries(work.change.timers) as [Slot, TimerSet | null][]).map(([slot, set]) => ({ alertId: id, slot, set, live: work.found.timers.has(slot) })));
  return [
    markFired(sql, extra.fired ?? []), cancelTimers(sql, all.filter((t) => t.set === null && t.live)),
    setTimers(sql, all.flatMap(({ alertId, slot, set }) => (set ? [{ alertId, slot, set }] : []))), setSystemTimers(sql, extra.systemTimers ?? []),
  ];
}

function tell(log: Logger, work: Work, alert: Alert): void {
  const line = { alertId: alert.id, trace: alert.trace, kind: alert.kind, state: alert.state, what: work.change.feed?.what };
  if (work.isNew || work.found.alert.state !== alert.state) log.info(line, work.isNew ? 'alert opened' : 'alert moved');
  else log.debug(line, 'alert changed');
}

const soonMs = 1_000;
function hints(rows: readonly Written[], messages: number, now: number): string[] {
  const timer = rows.some(({ work }) => Object.values(work.change.timers).some((t) => t && t.dueAt <= now + soonMs));
  return [...(rows.some((r) => feedOf(r.work, r.alert)) ? ['anling_feed'] : []), ...(timer ? ['anling_timer'] : []), ...(messages > 0 ? ['anling_outbox'] : [])];
}
