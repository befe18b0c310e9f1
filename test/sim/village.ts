/**
 * A village's alarms under random plans, rosters, outages, answers, gateway faults and restarts: the engine's own decisions (src/core) on rows that are
 * plain objects, a sender with its delays, people who answer late or wrongly, operators who claim and sleep, a worker that dies in the middle. What is
 * judged stands in `Verdict`; the same seed is the same run.
 */
import type { Act } from '#core/act.ts';
import { absorb, type Case, type Change, type Send, type Slot } from '#core/change.ts';
import { sendFailed } from '#core/decide-failure.ts';
import { mergeRaise, openAlert } from '#core/decide-raise.ts';
import { timerDue } from '#core/decide-timer.ts';
import type { Raise } from '#core/decision.ts';
import type { Plan } from '#core/escalation.ts';
import type { StoredEvent } from '#core/event.ts';
import type { AlertId, DeviceId, EventId, Party } from '#core/ids.ts';
import { withoutWaiting } from '#core/outage-plan.ts';
import { candidates, overBudget, type PartyFacts, type Skipped } from '#core/roster.ts';
import { act } from '#core/transition.ts';

export type Village = { seed: number; plan: Plan; roster: readonly PartyFacts[]; alarms: number; inOutage: boolean; hours: number; /** nobody ever answers */ silent: boolean };
/** What is done to the engine on purpose, so that a rule that nobody keeps is seen to be broken. */
export type Fault = { change?(change: Change, slot: Slot | null): Change; blindToCalls?: boolean };
export type Verdict = { broken: string[]; rungs: number; sent: number; committed: number; restarts: number };

type Event = { at: number; order: number; run(): void; /** done by the worker: waits while it is down */ worker: boolean };
type Row = { send: Send; decidedAt: number; withdrawn: boolean; gone: boolean };
type Alarm = { c: Case; rows: Row[]; rungs: { round: number; step: number; at: number; dueAt: number }[]; /** since when nobody is searched for any more */ overAt: number | null };
type Log = { action: string; detail?: Record<string, unknown> };

const t0 = 1_800_000_000_000;
const [second, minute] = [1_000, 60_000];
const taken = new Set(['committed', 'arrived', 'closed']);

/** A small generator of its own: one seed, one run. */
function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function runVillage(v: Village, fault: Fault = {}): Verdict {
  const world = new World(v, fault);
  world.run();
  return world.verdict;
}

class World {
  readonly verdict: Verdict = { broken: [], rungs: 0, sent: 0, committed: 0, restarts: 0 };
  readonly #v: Village;
  readonly #fault: Fault;
  readonly #chance: () => number;
  readonly #queue: Event[] = [];
  readonly #alarms: Alarm[] = [];
  /** Times of the calls to one number, over all alarms: what the outbox's rows say. */ #calls: ReadonlyMap<string, readonly number[]> = new Map();
  /** When the worker was away. */ readonly #down: { from: number; to: number }[] = [];
  #now = t0;
  #n = 0;

  constructor(v: Village, fault: Fault) {
    this.#v = v;
    this.#fault = fault;
    this.#chance = random(v.seed);
  }

  run(): void {
    const end = t0 + this.#v.hours * 60 * minute;
    for (let i = 0; i < this.#v.alarms; i++) this.#in(Math.floor(this.#chance() * 10 * minute), () => this.#press(i), true);
    this.#restartLater();
    for (let next = this.#take(end); next && this.verdict.broken.length === 0; next = this.#take(end)) {
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    if (this.verdict.broken.length > 0) return;
    this.#now = end;
    for (const [i, a] of this.#alarms.entries()) this.#judgeEnd(i, a);
  }

  #in(ms: number, run: () => void, worker = false): void { this.#queue.push({ at: this.#now + ms, order: this.#n++, run, worker }); }

  /** The next thing that happens: queued, or a timer that is due while the worker lives. */
  #take(end: number): Event | null {
    const timers = this.#alarms.flatMap((a) => [...a.c.timers].map(([slot, t]): Event => ({ at: t.dueAt, order: 1e9, run: () => this.#fire(a, slot), worker: true })));
    const when = (e: Event): number => (e.worker ? this.#upAt(Math.max(e.at, this.#now)) : Math.max(e.at, this.#now));
    const [first] = [...this.#queue, ...timers].sort((a, b) => when(a) - when(b) || a.at - b.at || a.order - b.order);
    if (!first || when(first) > end) return null;
    const i = this.#queue.indexOf(first);
    if (i >= 0) this.#queue.splice(i, 1);
    return { ...first, at: when(first) };
  }

  #upAt(at: number): number { return this.#down.find((d) => at >= d.from && at < d.to)?.to ?? at; }

  // -- restarts

  #restartLater(): void { this.#in(2 * minute + Math.floor(this.#chance() * 20 * minute), () => { this.#die(); this.#restartLater(); }); }
  #die(): void {
    this.verdict.restarts++;
    this.#down.push({ from: this.#now, to: this.#now + second + Math.floor(this.#chance() * 20 * second) });
  }

  /** A change, in one transaction; sometimes the worker dies before the commit and nothing of it has happened. */
  #commit(a: Alarm, slot: Slot | null, decide: (c: Case) => Change): boolean {
    const fired = new Map(a.c.timers);
    if (slot) fired.delete(slot);
    const seen: Case = { ...a.c, timers: fired, calls: this.#fault.blindToCalls ? new Map() : this.#calls, unclaimed: 1 };
    const made = decide(seen);
    const change = this.#fault.change?.(made, slot) ?? made;
    if (this.#chance() < 0.03) { this.#die(); return false; }
    const before = a.c.alert;
    a.c = absorb(seen, change, this.#now);
    if (!this.#fault.blindToCalls) this.#calls = a.c.calls;
    else this.#calls = absorb({ ...seen, calls: this.#calls }, change, this.#now).calls;
    if (change.withdraw !== 'nothing') for (const r of a.rows) if (!r.gone && withdraws(change.withdraw, r.send)) r.withdrawn = true;
    for (const send of change.sends) this.#send(a, send);
    for (const line of change.log as Log[]) if (line.action === 'plan-step') this.#rung(a, before.plan, line.detail ?? {});
    if (taken.has(a.c.alert.state) && !taken.has(before.state)) { a.overAt = this.#now; this.verdict.committed++; }
    if (!taken.has(a.c.alert.state)) a.overAt = null;
    return true;
  }

  #fire(a: Alarm, slot: Slot): void {
    const timer = a.c.timers.get(slot);
    if (timer) this.#commit(a, slot, (c) => timerDue(slot, c, timer.payload ?? {}, this.#now)); // lost with the worker, it is still there and fires again
  }

  // -- alarms and people

  #press(i: number): void {
    const raise: Raise = { type: 'raise', kind: 'sos', priority: 1, subject: { type: 'device', id: `d${i}` }, flags: this.#v.inOutage ? ['in-outage'] : [] };
    const event = { id: String(i) as EventId, kind: 'sos', edge: 'raise', source: 'mqtt', urgency: 1, deviceId: `d${i}` as DeviceId, homeId: null, personId: null, room: null, regionCode: null, sourceEventId: null, ref: null, deviceTime: null, receivedAt: this.#now, flags: [], confidence: null, data: {}, trace: 't' } satisfies StoredEvent;
    const plan = this.#v.inOutage ? withoutWaiting(this.#v.plan) : this.#v.plan;
    const opened = openAlert(raise, event, plan, false, this.#now);
    const bare: Case = { alert: { ...opened.alert, id: String(i + 1) as AlertId }, timers: new Map(), engagements: new Map(), roster: this.#v.roster, contacted: new Map(), calls: this.#calls, consoleBeatAt: null, unclaimed: 1 };
    const a: Alarm = { c: absorb(bare, opened.change, this.#now), rows: [], rungs: [], overAt: null };
    this.#alarms.push(a);
    if (this.#v.silent) return;
    for (let k = Math.floor(this.#chance() * 3); k > 0; k--) {
      const tab = this.#chance() < 0.5 ? 'tab' : undefined;
      this.#in(Math.floor(this.#chance() * 15 * minute), () => this.#act(a, { action: this.#chance() < 0.8 ? 'claim' : 'release', actor: { type: 'user', id: 'op', name: '接警员' }, via: 'wall', ...(tab ? { tabId: tab } : {}) }), true);
    }
    if (this.#chance() < 0.3) this.#in(Math.floor(this.#chance() * 30 * minute), () => this.#commit(a, null, (c) => mergeRaise(c, raise, { ...event, receivedAt: this.#now }, plan, true, this.#now)), true);
  }

  #act(a: Alarm, what: Act): void {
    const result = act({ ...a.c, calls: this.#calls }, what, this.#now);
    if (result.kind === 'change' && !this.#commit(a, null, () => result.change)) this.#in(second, () => this.#act(a, what), true); // an answer whose transaction was lost is read again
  }

  /** A row of the outbox: sent a moment later unless it was withdrawn, and the gateway's word comes back. */
  #send(a: Alarm, send: Send): void {
    const row: Row = { send, decidedAt: this.#now, withdrawn: false, gone: false };
    a.rows.push(row);
    this.#in(50 + Math.floor(this.#chance() * (this.#chance() < 0.3 ? 6 * second : 600)), () => {
      if (row.withdrawn) return;
      row.gone = true;
      this.verdict.sent++;
      this.#judgeSent(a, row);
      const luck = this.#chance();
      if (luck < 0.15) this.#in(200 + Math.floor(this.#chance() * 5 * second), () => this.#failed(a, send, luck < 0.05 ? 'unknown' : 'failed'), true);
      else if (!this.#v.silent && send.purpose !== 'desk') this.#answer(a, send.party);
    }, true);
  }

  #failed(a: Alarm, f: Send, state: 'failed' | 'unknown'): void {
    const { party, channel, template, purpose, round, step } = f;
    if (!this.#commit(a, null, (c) => sendFailed(c, { party, channel, template, purpose, state, round, step, errorCode: null, errorClass: null }, this.#now))) this.#in(second, () => this.#failed(a, f, state), true);
  }

  #answer(a: Alarm, party: Party): void {
    const luck = this.#chance();
    const action = luck < 0.06 ? 'accept' : luck < 0.12 ? 'decline' : luck < 0.2 ? 'seen' : luck < 0.22 ? 'need-help' : luck < 0.24 ? 'arrive' : null;
    if (action) this.#in(5 * second + Math.floor(this.#chance() * 8 * minute), () => this.#act(a, { action, actor: { type: 'party', id: party, name: '某' }, via: 'sms' }), true);
  }

  // -- what must hold

  #fail(what: string): void { this.verdict.broken.push(`${((this.#now - t0) / second).toFixed(1)} s: ${what}`); }

  /** One rung: in its turn, once, on time but for the worker's absence, each target tried or its reason told. */
  #rung(a: Alarm, plan: Plan | null, detail: Record<string, unknown>): void {
    this.verdict.rungs++;
    const { round, step, dueAt, sends, skipped } = detail as { round: number; step: number; dueAt: number; sends: { party: Party }[]; skipped: Skipped[] };
    const last = a.rungs.at(-1);
    if (a.rungs.some((r) => r.round === round && r.step === step)) this.#fail(`rung ${round}.${step} twice`);
    else if (last ? !(round === last.round ? step === last.step + 1 : round > last.round && step === 0) : step !== 0) this.#fail(`rung ${round}.${step} after ${last ? `${last.round}.${last.step}` : 'nothing'}`);
    else if (last && round > last.round && plan && last.step !== plan.steps.length - 1 && !this.#restarted(a)) this.#fail(`round ${round} begins although round ${last.round} ended with rung ${last.step}`);
    a.rungs.push({ round, step, at: this.#now, dueAt });
    if (this.#now - dueAt > this.#away(dueAt) + second) this.#fail(`rung ${round}.${step} is ${Math.round((this.#now - dueAt) / second)} s late, the worker was away for ${Math.round(this.#away(dueAt) / second)} s`);
    for (const { target } of plan?.steps[step]?.actions ?? []) {
      const all = new Set(candidates(target, this.#v.roster).map((p) => p.party));
      if (!sends.some((s) => all.has(s.party) || sameNumber(this.#v.roster, all, s.party)) && !skipped.some((s) => s.target === target)) this.#fail(`rung ${round}.${step}: nobody of ${target} tried, and no reason told`);
    }
  }

  /** A new press on a taken alarm begins the next round before the last has ended (law 6). */
  #restarted(a: Alarm): boolean { return a.c.alert.flags.includes('raised-again'); }

  #away(since: number): number { return this.#down.filter((d) => d.to > since && d.from <= this.#now).reduce((sum, d) => sum + Math.min(d.to, this.#now) - Math.max(d.from, since), 0); }

  #judgeSent(a: Alarm, row: Row): void {
    const { send } = row;
    if (send.purpose === 'search' && a.overAt !== null && this.#now > a.overAt + second) this.#fail(`${send.channel} to ${send.party} ${Math.round((this.#now - a.overAt) / second)} s after the search ended`);
    const who = this.#v.roster.find((p) => p.party === send.party);
    if (send.channel !== 'voice' || !who) return;
    const before = (this.#calls.get(who.phoneKey) ?? []).filter((at) => at < row.decidedAt);
    if (!overBudget({ calls: new Map([[who.phoneKey, before]]) }, who, row.decidedAt)) return;
    const others = a.rows.some((r) => r !== row && r.send.purpose === 'search' && r.send.round === send.round && r.decidedAt <= row.decidedAt);
    if (send.lastWay !== true) this.#fail(`${send.party} is called beyond the budget of his number`);
    else if (others) this.#fail(`${send.party} is called beyond the budget although round ${send.round} has reached others`);
  }

  /** Committed by a human, or every rung of every round that time allowed, and the next one is due. */
  #judgeEnd(i: number, { c, rungs }: Alarm): void {
    const { alert, timers } = c;
    if (alert.state === 'closed') this.#fail(`alarm ${i} was closed by nobody`);
    if (alert.state !== 'open' || !alert.plan) return;
    const due = timers.get('plan')?.dueAt;
    if (due === undefined) this.#fail(`alarm ${i} is open and has no next rung`);
    else if (this.#now - due > this.#away(due) + second) this.#fail(`alarm ${i} should have gone on ${Math.round((this.#now - due) / second)} s ago`);
    if (this.#v.silent && alert.flags.includes('nobody-answered') !== rungs.some((r) => r.round > 0) && rungs.some((r) => r.round > 0)) this.#fail(`alarm ${i} went round and nobody was told`);
    if (this.#v.silent) for (let round = 0; round < alert.planRound; round++) if (rungs.filter((r) => r.round === round).length !== alert.plan.steps.length) this.#fail(`alarm ${i}, round ${round}: ${rungs.filter((r) => r.round === round).length} of ${alert.plan.steps.length} rungs`);
  }
}

const withdraws = (what: Change['withdraw'], send: Send): boolean => (send.purpose === 'desk' && what !== 'people') || (send.purpose === 'search' && what !== 'desk');
/** One person in two roles is reached once by a step, under either. */
const sameNumber = (roster: readonly PartyFacts[], all: ReadonlySet<Party>, party: Party): boolean => {
  const key = roster.find((p) => p.party === party)?.phoneKey;
  return roster.some((p) => all.has(p.party) && p.phoneKey === key);
};
