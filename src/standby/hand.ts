/** Handing over to the database: first what was done, many cases in a transaction, each once; then the events of the spools, then the duty. */
import { endOf, type Handover } from '#core/handover.ts';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { lockAlerts } from '#store/alerts.ts';
import { hintEvents, insertEvents } from '#store/events.ts';
import { type Sql, sqlState, together } from '#store/pool.ts';
import { awaitEvaluation, forgetHandovers, keepTakenReplies, markMerged, mergedOf, overtaken, proveEvents, saveHandover, type TakenReplyRow } from '#store/standby.ts';
import { sealed, unsealed } from '#store/sealed-value.ts';
import { pause } from '#work/pause.ts';
import type { Kept } from './case.ts';
import { type Parts, proofMs, type State } from './parts.ts';
import type { DutyWork } from './work.ts';

/** What a handover needs of standby, or of whoever hands over in its place (relief.ts). */
export type HandParts = Pick<Parts, 'db' | 'ledger' | 'log' | 'seal' | 'handoverLabel' | 'takeOverOpen'> & {
  s: Pick<State, 'duty' | 'waiting' | 'handedAt'>; work: Pick<DutyWork, 'cases' | 'settled' | 'busy' | 'forget' | 'keep'>;
};

/** `over`: everything is handed over. `known`: what was open before is; the events cannot be written (a lock on them). `no`: nothing could be. */
export async function handOver(p: HandParts): Promise<'over' | 'known' | 'no'> {
  const { s, work, db, ledger, log } = p;
  const events = await db.tx((sql) => proveEvents(sql, proofMs / 2)).then(() => true, () => false);
  if (!events && s.duty === 'events') return 'no';
  // Those of which no message is on its way first, many in a transaction: a worker waits for it, and relieves a standby that takes too long.
  for (const idle of [true, false]) {
    if (!idle) await work.settled();
    for (;;) {
      const some = [...work.cases.values()].filter((k) => !k.handed && (events || k.alertId !== null) && !(idle && work.busy(k))).slice(0, limits.standbyHandCases);
      if (some.length === 0) break;
      if (!ledger.holds()) return 'no'; // who has it now has read all this there, and hands it over
      await handSome(p, some);
    }
  }
  if (!events) return 'known';
  // What the database does not have yet it gets from here too, under the same ids: an edge that cannot reach it keeps no alarm from it.
  await insertEvents(db, [...s.waiting.values()].map((w) => ({ ...w.spooled, ageMs: performance.now() - w.arrivedMs })));
  // Of a commit whose edge did not hear of it the worker has made an alert: what it is about to send must not leave beside what has left from here.
  await settle(p);
  await forgetHandovers(db);
  await hintEvents(db);
  log.warn({ cases: [...work.cases.values()].filter((k) => k.alertId === null).length }, 'standby has handed over: the database is back');
  return 'over';
}

const isRefusal = (error: unknown): boolean => /^(22|23|42|54|P0)/.test(sqlState(error) ?? '');

/** One case that the database refuses for itself must not hold up the others. Anything else: throws, and is tried again. */
function refused({ log }: HandParts, kept: Kept, error: unknown): false {
  if (!isRefusal(error)) throw error;
  log.error({ key: kept.key, alertId: kept.alertId, changes: kept.handover.changes.length, error: (error as Error).message }, 'the database refuses what standby did about a case: its event is evaluated as if nothing had been done');
  return false;
}

/** Together, or, where the database refuses one of them, each for itself. */
async function handSome(p: HandParts, some: readonly Kept[]): Promise<void> {
  const { work, db } = p;
  const full = some.filter((k) => !isEmpty(k));
  const taken = new Set(some.filter(isEmpty));
  const one = async (kept: Kept): Promise<void> => { if (await db.tx((sql) => hand(p, sql, [kept])).then(() => true, (error: unknown) => refused(p, kept, error))) taken.add(kept); };
  const open = full.filter((k) => k.alertId !== null);
  const together = open.length > 1 && await db.tx((sql) => hand(p, sql, open)).then(() => true, (error: unknown) => { if (!isRefusal(error)) throw error; return false; });
  for (const kept of open) if (together) taken.add(kept); else await one(kept);
  for (const kept of full) if (kept.alertId === null) await one(kept);
  p.s.handedAt = performance.now();
  // Also of known alerts they stay, until a look has seen what became of them: a database that goes away in the middle has nobody else who goes on.
  for (const kept of some) {
    if (taken.has(kept)) kept.handed = true; else work.forget(kept.key);
  }
  work.keep(...some.filter((k) => k.handed && !isEmpty(k)));
}

/** Cases of known alerts that were handed over before the last look at the database: it tells more of them. */
export function forgetKnown({ s, work }: Pick<Parts, 's' | 'work'>): void {
  if (s.lookedAt <= s.handedAt) return;
  for (const kept of [...work.cases.values()]) if (kept.handed && kept.alertId !== null) work.forget(kept.key);
}

const isEmpty = ({ handover, events }: Kept): boolean => handover.changes.length === 0 && events.length === 0;

async function hand(p: HandParts, sql: Sql, some: readonly Kept[]): Promise<void> {
  const { seal, handoverLabel } = p;
  const put: Put[] = [];
  // Alerts before the rows of standby, as whoever evaluates takes them: the other way round both wait for each other. Everybody waits for these
  // alerts now: statements travel together, and the answers of a whole absence (thousands in a flood) in one.
  await lockAlerts(sql, some.flatMap((k) => k.alertId ?? []));
  const body = (handover: Handover): Buffer => sealed(seal, handoverLabel, handover);
  const saved = await together(some.map((k) => saveHandover(sql, { key: k.key, alertId: k.alertId, startedAt: k.handover.startedAt, bodyEnc: body(k.handover), events: k.events })));
  const replies: TakenReplyRow[] = [];
  for (const [i, kept] of some.entries()) {
    const { key, alertId, handover } = kept;
    const { written, alertId: known, bodyEnc } = saved[i] ?? { written: false, alertId: null, bodyEnc: null };
    if (written && alertId !== null) put.push({ key, alertId, handover });
    // Handed over before (by an earlier life, in our place, or before the database went away again), once or several times, and taken over: only what came after is new.
    const countOf = (enc: Buffer | null): number => (enc ? unsealed<Handover>(seal, handoverLabel, enc).changes.length : 0);
    for (let there = countOf(bodyEnc); !written && known !== null && there < handover.changes.length;) {
      const [later, more] = [`${key} ${there}`, laterPart(handover, there)];
      const next = await saveHandover(sql, { key: later, alertId: known, startedAt: handover.startedAt, bodyEnc: body(more), events: kept.events.map((e) => ({ ...e, opens: false })) });
      if (next.written) put.push({ key: later, alertId: known, handover: more });
      const taken = countOf(next.bodyEnc);
      if (taken === 0) break;
      there += taken;
    }
    replies.push(...kept.replies.map((r) => ({
      dedupe: r.dedupe, channel: r.channel, fromEnc: seal.seal('reply.from', r.from), fromBidx: seal.blind('phone', r.from), contentEnc: seal.seal('reply.content', r.text), outId: r.outId, at: r.at, result: r.result, alertId: alertId ?? known,
      trace: kept.standing.alert.trace,
    })));
  }
  await keepTakenReplies(sql, replies);
  await putAll(p, sql, put);
}

/** What came after the first `there` changes, from where those had led: a step is of the round that was begun by then. */
const laterPart = (h: Handover, there: number): Handover => ({ ...h, ...(h.from ? { from: endOf(h.from, { ...h, changes: h.changes.slice(0, there) }) } : {}), changes: h.changes.slice(there) });

type Put = { key: string; alertId: AlertId; handover: Handover };
async function putAll({ takeOverOpen }: HandParts, sql: Sql, put: readonly Put[]): Promise<void> {
  if (put.length === 0) return;
  await takeOverOpen(sql, put);
  await markMerged(sql, put);
}

/**
 * Waits a moment until the events of what was handed over are evaluated. An earlier event of the same alarm, which standby did not know, may have opened the
 * alert already: the worker makes its first step, a second time, if the flag goes before it has read what was done here.
 */
export async function taken(p: HandParts): Promise<void> {
  const handed = (): string[] => [...p.work.cases.values()].filter((k) => k.handed && k.alertId === null).map((k) => k.key);
  for (const until = performance.now() + limits.standbyHeldMs; handed().length > 0 && performance.now() < until; await pause(takenPollMs)) noteTaken(p, await mergedOf(p.db, handed()));
}
const takenPollMs = 50;

/** They are cases of known alerts from now on. */
function noteTaken({ s, work }: HandParts, merged: Awaited<ReturnType<typeof mergedOf>>): void {
  for (const [key, alertId] of merged) {
    const kept = work.cases.get(key);
    if (!kept || alertId === null) { work.forget(key); continue; }
    kept.alertId = alertId;
    work.keep(kept);
    s.handedAt = performance.now();
  }
}

/** What was handed over belongs to its alert when it is taken over; one that came too late, after its event was evaluated, is put on that alert now. */
export async function settle(p: HandParts): Promise<void> {
  const { work, db, log } = p;
  const handed = new Map([...work.cases.values()].flatMap((k) => (k.handed && k.alertId === null ? [[k.key, k] as const] : [])));
  if (handed.size === 0) return;
  await db.tx(async (sql) => {
    await awaitEvaluation(sql, [...handed.keys()]);
    const late = (await overtaken(sql, [...handed.keys()])).flatMap(({ key, alertId }) => { const kept = handed.get(key); return kept ? [{ key, alertId, handover: kept.handover }] : []; });
    await markMerged(sql, late.filter((l) => l.alertId === null));
    // Together: alerts are locked in the order in which everybody locks them, or two transactions wait for each other.
    await putAll(p, sql, late.flatMap((l) => (l.alertId === null ? [] : [{ ...l, alertId: l.alertId }])));
    for (const { key, alertId } of late)
      log.warn({ key, alertId }, alertId === null ? 'standby called about an event that opens no case with the database' : 'the event was evaluated before standby handed over: what it did is put on the alert now');
  });
  noteTaken(p, await mergedOf(db, [...handed.keys()]));
}
