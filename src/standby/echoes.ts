/**
 * What others on this machine have committed (store/echo.ts), put on what standby knows: on the open cases of its snapshot, so that an absence
 * begins from the last commit, and on those that it works on: a claim, an answer or a step that somebody could still commit holds here too.
 */
import type { Alert } from '#core/alert.ts';
import { type Case, nothing } from '#core/change.ts';
import { rank } from '#core/handover.ts';
import type { AlertId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { uptimeMs } from '#ops/machine.ts';
import { rostersFrom } from '#store/roster.ts';
import type { Echoed } from '#store/echo.ts';
import { type Kept, withdrawAll } from './case.ts';
import type { Parts, State } from './parts.ts';
import { type Room, working } from './room.ts';

/** Reads what is new and puts it on the snapshot; on duty also on the cases. */
export function hearEchoes({ s, work, echoes }: Parts): void {
  const { cases: fresh, evaluated } = echoes();
  remember(s, evaluated);
  if (fresh.length === 0 && evaluated.length === 0) return;
  for (const e of fresh) followClock(s, e, performance.now() - (uptimeMs() - e.upMs));
  for (const e of fresh) s.echoes.set(e.alert.id, over(s.echoes.get(e.alert.id), e));
  putOn(s);
  if (s.duty !== null) work.heard(fresh.flatMap((e) => s.echoes.get(e.alert.id) ?? []), s.duty === 'away' && s.resumed ? s.open : null, new Set(evaluated), s.duty === 'events');
}

/** Nobody has to be called about them: that was begun when they were evaluated, whatever has become of it since. */
function remember(s: State, evaluated: readonly string[]): void {
  for (const id of evaluated) { s.evaluated.add(id); s.waiting.delete(id); }
  for (const id of s.evaluated) {
    if (s.evaluated.size <= limits.standbyEvaluated) break;
    s.evaluated.delete(id);
  }
}

/** The clock of the database has stepped since the last look: what is written from here on is written by the same clock as what others write. An echo of the machine's life before this one says no time. */
function followClock(s: State, e: Echoed, perf: number): void {
  if (s.base !== null && e.upMs > 0 && perf > s.base.perf && Math.abs(e.nowMs - (s.base.db + perf - s.base.perf)) > limits.standbyLagMs) s.base = { db: e.nowMs, perf };
}

/** The later word about one alert; a writer that knew no contacts takes none away. */
const over = (before: Echoed | undefined, e: Echoed): Echoed => (before === undefined ? e : before.alert.version > e.alert.version ? before
  : { ...e, engagements: new Map([...before.engagements, ...e.engagements]), contacted: new Map([...before.contacted, ...e.contacted]) });

/** After each look at the database too: a commit may have come while it was made. `sinceMs`: what is older stands in the look. */
export function putOn(s: State, sinceMs = 0): void {
  for (const [id, e] of s.echoes) if (e.upMs < sinceMs) s.echoes.delete(id);
  if (s.open === null || s.echoes.size === 0) return;
  const calls = s.known.values().next().value?.calls ?? new Map<string, readonly number[]>();
  for (const [id, e] of s.echoes) {
    const known = s.known.get(id);
    if (known && known.alert.version > e.alert.version) continue;
    if (e.alert.state === 'closed') s.known.delete(id);
    else s.known.set(id, { ...caseOf(s, e, known), calls });
  }
  s.open = { ...s.open, cases: [...s.known.values()] };
  s.unwritten = true;
}

function caseOf(s: State, e: Echoed, known: Case | undefined): Case {
  const { alert, timers } = e;
  if (known) return { ...known, alert, timers, engagements: new Map([...known.engagements, ...e.engagements]), contacted: new Map([...known.contacted, ...e.contacted]) };
  const roster = s.county === null ? [] : (rostersFrom(s.county.roster, [alert], s.county.nowMs).get(alert.id) ?? []);
  return { alert, timers, engagements: e.engagements, contacted: e.contacted, roster, calls: new Map(), consoleBeatAt: null, unclaimed: 0 };
}

/**
 * A case that was opened here for an event which somebody has evaluated: it is on its alert now. Where that is a case of standby's own (`fresh` names it
 * by its trace, the database being away) it is gone on with; else its search is another's, and is not made a second time.
 */
export function standStill(room: Room, evaluated: ReadonlySet<string>, fresh: readonly Echoed[]): void {
  for (const kept of working(room)) {
    if (kept.alertId !== null || !kept.events.some((e) => e.opens && evaluated.has(e.ingestId)) || fresh.some((e) => isOf(kept, e.alert))) continue;
    withdrawAll(kept);
    kept.still = true;
    room.ledger.save([kept]);
    room.log.info({ key: kept.key }, 'somebody else has evaluated the event of this case and goes on: nobody is called about it from here any more');
  }
}

type Stand = NonNullable<Kept['committed']>;
/** A press that is counted, a message that failed: the alert stands where it stood. */
const isNews = (before: Stand | undefined, a: Alert): boolean => before === undefined || a.stateVersion > before.stateVersion || rank(a) > rank(before);

/** The case of that alert itself. */
export const isItself = ({ alertId, standing }: Kept, a: Alert): boolean => standing.alert.id === a.id || alertId === a.id || standing.alert.trace === a.trace;
/** Also one that was opened here for another press of the same alarm, which will be counted on it. */
export const isOf = (kept: Kept, a: Alert): boolean => isItself(kept, a) || (kept.alertId === null && isSame(kept.standing.alert, a));
const isSame = (mine: Alert, a: Alert): boolean => mine.state !== 'closed' && a.state !== 'closed' && mine.kind === a.kind && mine.subject.type === a.subject.type && mine.subject.id === a.subject.id;

/** Cases on duty stand as somebody has committed them since, but for the steps that standby has made further. Answers those alerts of which it had no case. */
export function takeHeard(room: Room, fresh: readonly Echoed[]): AlertId[] {
  const unknown: AlertId[] = [];
  for (const e of fresh) {
    // One that was handed over first: the word is of that case, and of none that was opened since.
    const kept = [...room.cases.values()].find((k) => !k.still && isItself(k, e.alert)) ?? working(room).find((k) => isOf(k, e.alert));
    if (!kept) { if (e.alert.state !== 'closed') unknown.push(e.alert.id); continue; }
    const before = kept.committed;
    kept.committed = { stateVersion: e.alert.stateVersion, planRound: e.alert.planRound, planStep: e.alert.planStep };
    if (isNews(before, e.alert)) follow(room, kept, e);
  }
  return unknown;
}

function follow(room: Room, kept: Kept, e: Echoed): void {
  const { alert } = kept.standing;
  const searching = e.alert.state === 'open' || e.alert.state === 'confirming';
  if (searching && (alert.state !== 'open' || rank(e.alert) <= rank(alert))) return;
  const { planRound, planStep } = rank(alert) > rank(e.alert) ? alert : e.alert; // what was made stays made
  kept.standing = {
    ...kept.standing, alert: { ...e.alert, id: alert.id, planRound, planStep }, timers: new Map(e.timers), engagements: new Map([...kept.standing.engagements, ...e.engagements]), contacted: new Map([...kept.standing.contacted, ...e.contacted]),
  };
  if (kept.handed) return;
  withdrawAll(kept);
  kept.handover.changes.push({ at: room.now(), change: { ...nothing(), patch: { planRound, planStep } } }); // from there it goes on, if it must
  room.ledger.save([kept]);
  if (e.alert.state !== alert.state) room.log.info({ key: kept.key, alertId: e.alert.id, state: e.alert.state }, 'somebody has committed about a case of standby: it stands as he left it');
}
