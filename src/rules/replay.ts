/**
 * A stretch of the past, decided again (试运行, C10): the stored events in the order in which they were evaluated, put to the rules as they are, with what people did
 * to the alerts at the times when they did it. The same pure code as the engine's, so that with the parameters that held it gives the
 * alerts that exist; with others, those that would have been. Nothing is written and nobody is called: plans do not run.
 *
 * What no parameter can change is taken as it was: an event that waited for the end of a mode waits, one whose cause had gone counts for nothing.
 */
import { type Alert, installingFlag, type Outcome, type Subject } from '#core/alert.ts';
import { absorb, type Case, type Change, nothing, type Slot } from '#core/change.ts';
import { type Decision, deviceSubject, type DeviceFacts, type EarlierEvent, endedByItself, type Facts, type HomeFacts, lifeSubject, type PersonFacts, type Raise } from '#core/decision.ts';
import { closeByRule, countDuplicate, mergeRaise, noteByRule, openAlert } from '#core/decide-raise.ts';
import { timerDue } from '#core/decide-timer.ts';
import type { EventKind, Priority, StoredEvent } from '#core/event.ts';
import type { AlertId, EventId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { emergencyPlan } from '#core/plan.ts';
import type { RuleEntries } from '#core/rule-params.ts';
import { decide } from './index.ts';

/** An event with when it was evaluated, and what came of it then. */
export type PastEvent = StoredEvent & { evaluatedAt: number; result: string; alertId: AlertId | null };
/** What somebody did to an alert: he took it, it was open again, he closed it. */
export type PastAct = { at: number; subject: Subject; kind: EventKind; what: 'taken' | 'open' | 'closed'; by: string; outcome: Outcome | null };
export type History = {
  from: number; to: number; events: readonly PastEvent[]; acts: readonly PastAct[];
  /** Those that lived in this time, and those that ended by themselves shortly before, as they are now; `count` of those from before is what it was at `from`. */ alerts: readonly Alert[];
  devices: ReadonlyMap<string, DeviceFacts>; persons: ReadonlyMap<string, PersonFacts>; homes: ReadonlyMap<string, HomeFacts>; earlier: ReadonlyMap<EventId, EarlierEvent>;
};
/** One alert of the replay; `openedBy` null: it was open before. */
export type Replayed = {
  openedBy: EventId | null; kind: EventKind; subject: Subject; priority: Priority; deviceId: string | null; homeId: string | null; personId: string | null; regionCode: string | null;
  openedAt: number; /** when people are called: after a window; null: cancelled in it, or it is still in it */ calledAt: number | null; count: number; flags: readonly string[];
  closedAt: number | null; closedBy: string | null; outcome: Outcome | null; alertId: AlertId | null;
};

const keyOf = (s: Subject, kind: EventKind): string => `${s.type} ${s.id} ${kind}`;
type Life = { c: Case; openedBy: EventId | null; calledAt: number | null; realId: AlertId | null };
const bare = (alert: Alert): Case => ({ alert, timers: new Map(), engagements: new Map(), roster: [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 });

/** Decides the history again; yields after each event, so that whoever drives it can let others have their turn. */
export function* replay(h: History, rules: RuleEntries): Generator<void, Replayed[]> {
  const r = new Replay(h, rules);
  for (const event of h.events) { r.take(event); yield; }
  r.until(h.to, true);
  return r.all.map(shown);
}

const shown = ({ c: { alert: a }, openedBy, calledAt, realId }: Life): Replayed => ({
  openedBy, kind: a.kind, subject: a.subject, priority: a.priority, deviceId: a.deviceId, homeId: a.homeId, personId: a.personId, regionCode: a.regionCode, openedAt: a.openedAt, calledAt,
  count: a.count, flags: a.flags, closedAt: a.closedAt, closedBy: a.closedBy, outcome: a.outcome, alertId: realId,
});

class Replay {
  readonly all: Life[] = [];
  readonly #h: History;
  readonly #rules: RuleEntries;
  readonly #open = new Map<string, Life>();
  readonly #bySubject = new Map<string, Set<Life>>();
  readonly #byDevice = new Map<string, Set<Life>>();
  readonly #byHome = new Map<string, Set<Life>>();
  readonly #byId = new Map<AlertId, Life>();
  readonly #timed = new Set<Life>();
  /** Those that ended by themselves, newest last, by subject and kind. */ readonly #ended = new Map<string, Alert[]>();
  readonly #seen = new Map<string, EarlierEvent[]>();
  readonly #doors = new Map<string, number>();
  #acts = 0;
  #next = Infinity;

  constructor(h: History, rules: RuleEntries) {
    this.#h = h;
    this.#rules = rules;
    for (const a of h.alerts) {
      if (a.openedAt > h.from) continue;
      if (a.closedAt !== null && a.closedAt <= h.from) { if (endedByItself(a)) this.#remember(a); continue; }
      const life: Life = { c: bare(before(a)), openedBy: null, calledAt: a.openedAt, realId: a.id };
      // What ended by itself then has its clock; what the replay does to it may move it.
      if (a.closedBy === 'house' && a.closedAt !== null && a.priority > 2) life.c = { ...life.c, timers: new Map([['end', { dueAt: a.closedAt, payload: { outcome: a.outcome, what: 'cause-gone' } }]]) };
      this.#add(life);
    }
  }

  /** Acts and clocks up to this moment, in their order. An act of this very moment on an alert that is not there yet comes after what opens it. */
  until(now: number, last = false): void {
    for (;;) {
      const act = this.#h.acts[this.#acts];
      const at = Math.min(act?.at ?? Infinity, this.#next);
      if (at > now || (act && !last && act.at === now && act.at <= this.#next && !this.#open.has(keyOf(act.subject, act.kind)))) return;
      if (act && act.at <= this.#next) { this.#acts++; this.#act(act); } else this.#fire(this.#next);
    }
  }

  take(event: PastEvent): void {
    this.until(event.evaluatedAt);
    if (event.homeId && event.kind === 'motionless' && event.edge !== 'raise' && this.#h.devices.get(event.deviceId ?? '')?.type === 'door') this.#doors.set(event.homeId, event.receivedAt);
    if (/^(data-unreadable )?(waits:|ignored:cleared-meanwhile)/.test(event.result)) return;
    const now = event.evaluatedAt;
    const outcomes = decide(event, this.#factsOf(event), now).map((d) => this.#carryOut(event, d, now));
    const alertId = outcomes.find((o) => o !== null) ?? null;
    if (event.deviceId !== null && event.sourceEventId !== null) {
      const key = `${event.deviceId} ${event.sourceEventId}`;
      const { id, kind, edge, deviceTime, receivedAt } = event;
      this.#seen.set(key, [...(this.#seen.get(key) ?? []), { id, kind, edge, deviceTime, receivedAt, alertId }]);
    }
  }

  #factsOf(event: PastEvent): Facts {
    const { devices, persons, homes } = this.#h;
    const device = devices.get(event.deviceId ?? '');
    const person = persons.get(event.personId ?? '');
    const home = homes.get(event.homeId ?? '');
    const subjects = this.#subjectsOf(event, home);
    const lives = new Set(subjects.flatMap((s) => [...(this.#bySubject.get(`${s.type} ${s.id}`) ?? [])]));
    for (const life of this.#byDevice.get(event.deviceId ?? '') ?? []) lives.add(life);
    const around = event.urgency <= 2 ? [...(this.#byHome.get(event.homeId ?? '') ?? [])].filter((l) => !lives.has(l) && l.c.alert.priority <= 2).map((l) => l.c.alert) : [];
    const since = event.evaluatedAt - limits.flapMs;
    const { type, id } = deviceSubject(event);
    return {
      // Modes and test windows were over when it was evaluated, or it would have waited.
      device: device ? { ...device, testUntil: null, installing: false } : null, person: person ? { ...person, mode: null, modeUntil: null } : null, home: home ? { ...home, mode: null, modeUntil: null } : null,
      presence: null, outage: null, open: [...lives].map((l) => l.c.alert), around, earlier: this.#earlierOf(event), clearedLater: false, rules: this.#rules,
      doorAt: this.#doors.get(event.homeId ?? '') ?? null, selfEnded: (this.#ended.get(keyOf({ type, id }, event.kind)) ?? []).filter((a) => (a.closedAt ?? 0) > since).length,
    };
  }

  #subjectsOf(e: PastEvent, home: HomeFacts | undefined): Subject[] {
    const all: Subject[] = [lifeSubject(e), deviceSubject(e)];
    if (e.personId) all.push({ type: 'person', id: e.personId });
    if (e.homeId) all.push({ type: 'home', id: e.homeId });
    if (e.homeId && e.room) all.push({ type: 'room', id: `${e.homeId}/${e.room}` });
    if (e.deviceId) all.push({ type: 'device', id: e.deviceId });
    if (e.urgency <= 2 && e.personId === null) for (const id of home?.residents ?? []) all.push({ type: 'person', id });
    return all;
  }

  #earlierOf(event: PastEvent): EarlierEvent | null {
    if (event.deviceId === null || event.sourceEventId === null) return null;
    const here = this.#seen.get(`${event.deviceId} ${event.sourceEventId}`) ?? [];
    const found = this.#h.earlier.get(event.id);
    const stored = found && this.#h.from > found.receivedAt ? found : undefined; // those of this stretch are here
    const like = (x: EarlierEvent): boolean => x.kind === event.kind && x.edge === event.edge;
    return here.findLast(like) ?? (stored && like(stored) ? stored : undefined) ?? here.at(-1) ?? stored ?? null;
  }

  #carryOut(event: PastEvent, d: Decision, now: number): AlertId | null {
    if (d.type === 'raise') return this.#raise(event, d, now);
    if (d.type === 'wait' || d.type === 'ignore' || d.type === 'canary') return null;
    const life = this.#byId.get(d.alertId);
    if (!life) return null;
    const { alert } = life.c;
    if (d.type === 'duplicate') this.#advance(life, countDuplicate(alert), now);
    else if (alert.state === 'closed') return null;
    else this.#advance(life, d.type === 'note' ? noteByRule(alert, d, event, now) : closeByRule(alert, d, event.deviceId ? `device:${event.deviceId}` : 'house', now), now);
    return d.alertId;
  }

  #raise(event: PastEvent, raise: Raise, now: number): AlertId {
    const plan = raise.priority === 1 ? emergencyPlan : null;
    const there = this.#open.get(keyOf(raise.subject, raise.kind));
    if (there) {
      this.#advance(there, mergeRaise(there.c, raise, event, plan, event.edge !== 'repeat', now), now);
      return there.c.alert.id;
    }
    const { alert, change } = openAlert(raise, event, plan, false, now);
    const life: Life = { c: bare({ ...alert, id: `~${event.id}` as AlertId }), openedBy: event.id, calledAt: null, realId: /(^| )opened( |$)/.test(event.result) ? event.alertId : null };
    this.#add(life);
    this.#advance(life, change, now);
    return life.c.alert.id;
  }

  #add(life: Life): void {
    const { alert } = life.c;
    const add = (map: Map<string, Set<Life>>, key: string): void => { map.set(key, (map.get(key) ?? new Set()).add(life)); };
    this.all.push(life);
    this.#open.set(keyOf(alert.subject, alert.kind), life);
    this.#byId.set(alert.id, life);
    add(this.#bySubject, `${alert.subject.type} ${alert.subject.id}`);
    if (alert.deviceId) add(this.#byDevice, alert.deviceId);
    if (alert.homeId) add(this.#byHome, alert.homeId);
    this.#clock(life);
  }

  #advance(life: Life, change: Change, now: number): void {
    life.c = absorb(life.c, change, now);
    const { alert } = life.c;
    if (life.calledAt === null && alert.state !== 'confirming' && alert.closedAt === null) life.calledAt = now;
    if (alert.state === 'closed') this.#close(life);
    this.#clock(life);
  }

  #close(life: Life): void {
    const { alert } = life.c;
    this.#open.delete(keyOf(alert.subject, alert.kind));
    this.#bySubject.get(`${alert.subject.type} ${alert.subject.id}`)?.delete(life);
    if (alert.deviceId) this.#byDevice.get(alert.deviceId)?.delete(life);
    if (alert.homeId) this.#byHome.get(alert.homeId)?.delete(life);
    if (endedByItself(alert)) this.#remember(alert);
  }

  #remember(alert: Alert): void {
    const key = keyOf(alert.subject, alert.kind);
    this.#ended.set(key, [...(this.#ended.get(key) ?? []), alert]);
  }

  /** Only a window and an end by itself run here. */
  #due({ c }: Life): [Slot, number] | null {
    const [slot, set] = (['confirm', 'end'] as const).flatMap((s) => { const t = c.timers.get(s); return t && c.alert.state !== 'closed' ? [[s, t] as const] : []; }).sort((a, b) => a[1].dueAt - b[1].dueAt)[0] ?? [];
    return slot && set ? [slot, set.dueAt] : null;
  }

  #clock(life: Life): void {
    const due = this.#due(life);
    if (due === null) this.#timed.delete(life);
    else { this.#timed.add(life); this.#next = Math.min(this.#next, due[1]); }
  }

  #fire(at: number): void {
    for (const life of this.#timed) {
      const due = this.#due(life);
      if (!due || due[1] > at) continue;
      const payload = life.c.timers.get(due[0])?.payload ?? {};
      const change = timerDue(due[0], life.c, payload, at);
      this.#advance(life, { ...change, timers: { ...change.timers, [due[0]]: null } }, at);
    }
    this.#next = Math.min(Infinity, ...[...this.#timed].map((l) => this.#due(l)?.[1] ?? Infinity));
  }

  #act(act: PastAct): void {
    const life = this.#open.get(keyOf(act.subject, act.kind));
    if (!life) return;
    const { alert } = life.c;
    const first = { firstHumanAt: alert.firstHumanAt ?? act.at };
    const change: Change = { ...nothing(), patch: act.what === 'closed' ? { ...first, state: 'closed', closedAt: act.at, closedBy: act.by, outcome: act.outcome }
      : act.what === 'taken' ? { ...first, state: 'claimed', claimedAt: alert.claimedAt ?? act.at } : { state: 'open' } };
    if (life.calledAt === null) life.calledAt = act.at;
    this.#advance(life, change, act.at);
  }
}

/** An alert that is older than the stretch, as it stood at its beginning: open, unless somebody's act says otherwise. */
const before = (a: Alert): Alert => ({ ...a, state: 'open', closedAt: null, closedBy: null, outcome: null, flags: a.flags.filter((f) => f !== 'cleared' && f !== installingFlag) });
