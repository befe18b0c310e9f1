/**
 * A batch of events, evaluated inside one transaction: facts are loaded once, rules are asked event by event against what the
 * events before have changed, and all is written together. Work per batch, not per event: about twenty statements.
 */
import type { Alert, Subject } from '#core/alert.ts';
import { nothing } from '#core/change.ts';
import { type Decision, deviceSubject, type EarlierEvent, endedByItself, type Facts, lifeSubject, type Raise } from '#core/decision.ts';
import { closeByRule, countDuplicate, mergeRaise, noteByRule, openAlert } from '#core/decide-raise.ts';
import type { StoredEvent } from '#core/event.ts';
import type { AlertId, EventId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { RuleEntries } from '#core/rule-params.ts';
import { withoutWaiting } from '#core/outage-plan.ts';
import { isHighRisk, type PlanCase, planFor, type ScopedPlan } from '#core/plan.ts';
import { resolveTells } from '#core/roster.ts';
import { lockAlerts, lockOpenAlerts } from '#store/alerts.ts';
import { type Evaluated, type FactRows, factRows, flapKey, type QueuedEvent } from '#store/evaluation.ts';
import { readPlans } from '#store/plans.ts';
import { readRules } from '#store/rule-versions.ts';
import { type Sql, together } from '#store/pool.ts';
import { rostersOf } from '#store/roster.ts';
import { handoversOf, type TakenOver } from '#store/standby.ts';
import { readNow } from '#store/timers.ts';
import { deskProven } from '#store/vigilance.ts';
import { openHandover, takeOver } from './handover.ts';
import { advance, apply, type ApplyTools, type Canary, type Work, workOf } from './apply.ts';
import { bareCase, lightCases } from './cases.ts';

export type Judge = (event: StoredEvent, facts: Facts, now: number) => Decision[];

type Batch = {
  sql: Sql; now: number; plans: ScopedPlan[]; rules: RuleEntries; rows: FactRows; works: Map<AlertId, Work>; bySubject: Map<string, Set<Work>>; byDevice: Map<string, Set<Work>>; byHome: Map<string, Set<Work>>;
  /** Events of this batch by device and id: what is "earlier" for those after them. */ seen: Map<string, EarlierEvent[]>;
  /** Newest `clear` of this batch by device and kind. */ cleared: Map<string, number>;
  /** What standby did about these events while the database was away. */ handovers: Map<EventId, TakenOver>; handed: { key: string; alertId: AlertId }[];
  /** Asked once, when a plan needs it. */ deskProven?: boolean;
  evaluated: Evaluated[]; canaries: Canary[]; systemTimers: { slot: string; dueAt: number; payload: Record<string, unknown> }[];
};

const keyOf = (s: Subject): string => `${s.type} ${s.id}`;

/** Evaluates `events` in their order. Throws when a rule or a write fails; the caller's rollback undoes all of it. */
export async function evaluateBatch(sql: Sql, tools: ApplyTools, events: readonly QueuedEvent[], judge: Judge): Promise<{ now: number; counts: Map<string, number> }> {
  const b = await open(sql, events);
  for (const event of events) {
    const facts = factsOf(b, event);
    const outcomes: { alertId: AlertId | null; result: string }[] = [];
    const known = handledByStandby(b, event);
    if (known) outcomes.push(known);
    else for (const decision of judge(event, facts, b.now)) outcomes.push(await carryOut(b, event, facts, decision));
    if (!known) handOver(b, tools, event, outcomes);
    const first = outcomes.find((o) => o.alertId !== null) ?? outcomes[0];
    const result = (event.dataUnreadable ? ['data-unreadable'] : []).concat(outcomes.map((o) => o.result)).join(' ') || 'nothing';
    b.evaluated.push({ id: event.id, alertId: first?.alertId ?? null, result });
    remember(b, event, first?.alertId ?? null);
  }
  await apply(sql, tools, [...b.works.values()], { evaluated: b.evaluated, urgent: events.flatMap((e) => (e.urgency === 1 ? [e.ingestId] : [])), systemTimers: b.systemTimers, canaries: b.canaries, handed: b.handed }, b.now);
  const counts = new Map<string, number>();
  for (const e of b.evaluated) counts.set(e.result.split(':')[0] as string, (counts.get(e.result.split(':')[0] as string) ?? 0) + 1);
  return { now: b.now, counts };
}

async function open(sql: Sql, events: readonly QueuedEvent[]): Promise<Batch> {
  const rows = await factRows(sql, events);
  const subjects = new Map(events.flatMap((e) => subjectsOf(rows, e)).map((s) => [keyOf(s), s]));
  const alerts = await lockOpenAlerts(sql, [...subjects.values()], [...new Set(events.flatMap((e) => e.deviceId ?? []))], [...new Set(events.flatMap((e) => (e.urgency <= 2 ? e.homeId ?? [] : [])))]);
  const known = new Set(alerts.map((a) => a.id));
  // Duplicates count on their alert even when it is closed.
  const others = await lockAlerts(sql, [...new Set([...rows.earlier.values()].flatMap((e) => (e.alertId && !known.has(e.alertId) ? [e.alertId] : [])))]);
  const [now, plans, rules, handovers, cases] = await together([readNow(sql), readPlans(sql), readRules(sql), handoversOf(sql, events.map((e) => e.id)), lightCases(sql, [...alerts, ...others])]);
  const b: Batch = {
    sql, now, plans, rules, rows, works: new Map(), bySubject: new Map(), byDevice: new Map(), byHome: new Map(), seen: new Map(), cleared: new Map(), handovers, handed: [], evaluated: [], canaries: [], systemTimers: [],
  };
  for (const c of cases.values()) register(b, workOf(c));
  return b;
}

/** Everything an open alert about this event may hang on. */
function subjectsOf(rows: FactRows, e: StoredEvent): Subject[] {
  const all: Subject[] = [lifeSubject(e), deviceSubject(e)];
  if (e.personId) all.push({ type: 'person', id: e.personId });
  if (e.homeId) all.push({ type: 'home', id: e.homeId });
  if (e.homeId && e.room) all.push({ type: 'room', id: `${e.homeId}/${e.room}` });
  if (e.deviceId) all.push({ type: 'device', id: e.deviceId });
  // Of a home with several people: what one of them has pressed, and what hangs on its rooms, may be confirmed by this.
  if (e.urgency <= 2 && e.personId === null) for (const id of rows.homes.get(e.homeId ?? '')?.residents ?? []) all.push({ type: 'person', id });
  return all;
}

function register(b: Batch, work: Work): void {
  const { alert } = work.standing;
  b.works.set(alert.id, work);
  const add = (map: Map<string, Set<Work>>, key: string): void => { map.set(key, (map.get(key) ?? new Set()).add(work)); };
  add(b.bySubject, keyOf(alert.subject));
  if (alert.deviceId) add(b.byDevice, alert.deviceId);
  if (alert.homeId) add(b.byHome, alert.homeId);
}

function factsOf(b: Batch, event: QueuedEvent): Facts {
  const works = new Set(subjectsOf(b.rows, event).flatMap((s) => [...(b.bySubject.get(keyOf(s)) ?? [])]));
  for (const work of b.byDevice.get(event.deviceId ?? '') ?? []) works.add(work);
  const openOf = (all: Iterable<Work>): Alert[] => [...all].map((w) => w.standing.alert).filter((a) => a.state !== 'closed');
  const around = event.urgency <= 2 ? [...(b.byHome.get(event.homeId ?? '') ?? [])].filter((w) => !works.has(w) && w.standing.alert.priority <= 2) : [];
  return {
    device: b.rows.devices.get(event.deviceId ?? '') ?? null, person: b.rows.persons.get(event.personId ?? '') ?? null, home: b.rows.homes.get(event.homeId ?? '') ?? null,
    presence: b.rows.presence.get(event.deviceId ?? '') ?? null, open: openOf(works), around: openOf(around), earlier: earlierOf(b, event), clearedLater: b.rows.clearedLater.has(event.id) || clearedHere(b, event), outage: b.rows.outages.get(event.id) ?? null,
    selfEnded: selfEndedOf(b, event), doorAt: b.rows.doors.get(event.homeId ?? '') ?? null, rules: b.rules,
  };
}

/** Those of the rows and those that this batch itself has ended. */
function selfEndedOf(b: Batch, event: QueuedEvent): number {
  const here = [...(b.bySubject.get(keyOf(deviceSubject(event))) ?? [])].map((w) => w.standing.alert);
  return new Set([...(b.rows.selfEnded.get(flapKey(event)) ?? []), ...here.filter((a) => a.kind === event.kind && endedByItself(a) && (a.closedAt ?? 0) > b.now - limits.flapMs).map((a) => a.id)]).size;
}

const timeOf = (e: QueuedEvent): number => e.deviceTime ?? e.receivedAt;
const clearedHere = (b: Batch, e: QueuedEvent): boolean => (e.waited || e.flags.includes('late')) && (b.cleared.get(`${e.deviceId} ${e.kind}`) ?? 0) >= timeOf(e);

function earlierOf(b: Batch, event: QueuedEvent): EarlierEvent | null {
  if (event.deviceId === null || event.sourceEventId === null) return null;
  const here = b.seen.get(`${event.deviceId} ${event.sourceEventId}`) ?? [];
  const stored = b.rows.earlier.get(event.id);
  const like = (x: EarlierEvent): boolean => x.kind === event.kind && x.edge === event.edge;
  return here.findLast(like) ?? (stored && like(stored) ? stored : undefined) ?? here.at(-1) ?? stored ?? null;
}

function remember(b: Batch, event: QueuedEvent, alertId: AlertId | null): void {
  if (event.edge === 'clear') b.cleared.set(`${event.deviceId} ${event.kind}`, Math.max(timeOf(event), b.cleared.get(`${event.deviceId} ${event.kind}`) ?? 0));
  if (event.deviceId === null || event.sourceEventId === null) return;
  const key = `${event.deviceId} ${event.sourceEventId}`;
  const { id, kind, edge, deviceTime, receivedAt } = event;
  b.seen.set(key, [...(b.seen.get(key) ?? []), { id, kind, edge, deviceTime, receivedAt, alertId }]);
}

type Outcome = { alertId: AlertId | null; result: string };

async function carryOut(b: Batch, event: QueuedEvent, facts: Facts, d: Decision): Promise<Outcome> {
  switch (d.type) {
    case 'raise': return raise(b, event, facts, d);
    case 'canary':
      b.canaries.push({ run: d.run, trace: event.trace });
      return { alertId: null, result: 'canary' };
    case 'ignore': return { alertId: null, result: `ignored:${d.reason}` };
    case 'wait':
      b.systemTimers.push({ slot: `wait:${event.id}`, dueAt: d.recheckAt, payload: { eventId: event.id } });
      return { alertId: null, result: `waits:${d.reason}` };
    case 'duplicate': {
      const work = b.works.get(d.alertId);
      if (work) advance(work, countDuplicate(work.standing.alert), b.now);
      return { alertId: d.alertId, result: d.conflict ? 'duplicate:other-time' : 'duplicate' };
    }
    case 'note': case 'close': {
      const work = b.works.get(d.alertId);
      if (!work || work.standing.alert.state === 'closed') return { alertId: null, result: `ignored:${d.what}` };
      const alert = work.standing.alert;
      advance(work, d.type === 'note' ? noteByRule(alert, d, event, b.now) : closeByRule(alert, d, event.deviceId ? `device:${event.deviceId}` : 'house', b.now), b.now);
      await tellAll(b, work, d.tell);
      return { alertId: d.alertId, result: d.type === 'note' ? `noted:${d.what}` : `closed:${d.what}` };
    }
  }
}

async function raise(b: Batch, event: QueuedEvent, facts: Facts, r: Raise): Promise<Outcome> {
  const regionCode = r.regionCode ?? event.regionCode;
  const planned = planFor(r.kind, r.priority, regionCode, b.plans, await planCaseOf(b, r, facts));
  const plan = planned && r.priority === 1 && facts.outage ? withoutWaiting(planned) : planned;
  const merged = [...(b.bySubject.get(keyOf(r.subject)) ?? [])].find((w) => w.standing.alert.kind === r.kind && w.standing.alert.state !== 'closed');
  if (merged) {
    advance(merged, mergeRaise(merged.standing, r, event, plan, event.edge !== 'repeat', b.now), b.now);
    return { alertId: merged.standing.alert.id, result: 'merged' };
  }
  const demo = facts.device?.demo ?? facts.person?.demo ?? facts.home?.demo ?? false;
  const opened = openAlert(r, event, plan, demo, startOf(b, event));
  const id = `~${b.works.size + 1}` as AlertId;
  const work = workOf({ ...bareCase({ ...opened.alert, id }), calls: new Map() }, true);
  advance(work, opened.change, startOf(b, event));
  work.standing = { ...work.standing, alert: { ...work.standing.alert, version: 1, stateVersion: 1 } };
  register(b, work);
  await tellAll(b, work, r.tell);
  return { alertId: id, result: 'opened' };
}

/** What a plan may ask about this case; the desk is looked at only where a plan leaves a fall to it first (F10). */
async function planCaseOf(b: Batch, r: Raise, facts: Facts): Promise<PlanCase> {
  const asked = r.kind === 'fall' && b.plans.some(({ plan }) => (plan.steps[0]?.atS ?? 0) > 0);
  if (asked) b.deskProven ??= await deskProven(b.sql);
  return { highRisk: isHighRisk(facts), at: b.now, deskProven: b.deskProven ?? false };
}

/** An event whose case standby has opened from another one: it is in what that one hands over. */
function handledByStandby(b: Batch, event: QueuedEvent): Outcome | null {
  const h = b.handovers.get(event.id);
  if (!h || (h.opens && !h.merged)) return null;
  const alertId = b.handed.find((x) => x.key === h.key)?.alertId ?? h.alertId;
  return alertId === null ? null : { alertId, result: 'merged' };
}

/** The event that opened a case at standby: its alert, new or not, takes what was done. */
function handOver(b: Batch, tools: ApplyTools, event: QueuedEvent, outcomes: readonly Outcome[]): void {
  const h = b.handovers.get(event.id);
  const work = b.works.get(outcomes.find((o) => o.alertId !== null)?.alertId ?? ('' as AlertId));
  if (!h?.opens || h.merged || !work) return;
  takeOver(work, openHandover(tools.seal, h.bodyEnc));
  b.handed.push({ key: h.key, alertId: work.standing.alert.id });
}

/** When its plan began: what standby has opened began there. */
const startOf = (b: Batch, event: QueuedEvent): number => b.handovers.get(event.id)?.startedAt ?? b.now;

async function tellAll(b: Batch, work: Work, tells: Raise['tell']): Promise<void> {
  if (!tells?.length) return;
  const roster = (await rostersOf(b.sql, [work.standing.alert])).get(work.standing.alert.id) ?? [];
  const { sends, skipped } = resolveTells({ ...work.standing, roster }, tells, b.now);
  advance(work, { ...nothing(), sends, log: [{ actor: { type: 'system', id: 'rules' }, action: 'told', detail: { sends: sends.map((s) => ({ party: s.party, channel: s.channel, template: s.template })), skipped } }] }, b.now);
}
