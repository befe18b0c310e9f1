/**
 * Law 6 as a property: over random histories of raises, claims, steps, answers, arrivals, releases, lost consoles, timers that
 * fire late or twice, and crashes that lose a change, no open P1 is without the timer its state must have, only a close ends it,
 * after a commit nothing more of the search is sent, nobody looks for who withdrew consent, and steps run 0..k without gaps. The same functions run in the worker.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Act } from './act.ts';
import type { Actor, AlertAction } from './alert.ts';
import { absorb, type Case, type Change, requiredSlot, type Send, type Slot } from './change.ts';
import { sendFailed } from './decide-failure.ts';
import { mergeRaise, openAlert } from './decide-raise.ts';
import { repaired, timerDue } from './decide-timer.ts';
import type { Raise } from './decision.ts';
import type { StoredEvent } from './event.ts';
import type { AlertId, DeviceId, EventId, Party } from './ids.ts';
import { emergencyPlan, firePlan } from './plan.ts';
import type { PartyFacts } from './roster.ts';
import { act } from './transition.ts';

const t0 = 1_800_000_000_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const roster: PartyFacts[] = [
  person('responder:cw', 'care-worker'), person('responder:cw2', 'care-worker', { ord: 2 }), person('responder:doctor', 'doctor'), person('responder:cadre', 'village-cadre'),
  person('responder:duty', 'town-duty', { reach: 'town', landline: true }), person('responder:leader', 'duty-leader', { reach: 'county' }), person('responder:shift', 'shift-leader', { reach: 'county' }),
  person('responder:station', 'fire-station', { reach: 'town', distanceKm: 2 }),
  person('contact:key', 'neighbour', { keyHolder: true, walkMinutes: 2 }), person('contact:son', 'family', { reach: 'county', walkMinutes: 5 }), person('responder:far', 'care-worker', { reach: 'town', distanceKm: 3 }),
  person('contact:gone', 'family', { ord: 2, keyHolder: true, walkMinutes: 1, withdrawn: true }),
];
const event = (at: number): StoredEvent => ({
  id: '1' as EventId, kind: 'sos', edge: 'raise', source: 'mqtt', urgency: 1, deviceId: 'd1' as DeviceId, homeId: null, personId: null, room: null, regionCode: null, sourceEventId: null, ref: null,
  deviceTime: null, receivedAt: at, flags: [], confidence: null, data: {}, trace: 't',
});
const raise: Raise = { type: 'raise', kind: 'sos', priority: 1, subject: { type: 'device', id: 'd1' } };

function opened(now: number, more: Partial<Raise> = {}, plan = emergencyPlan): Case {
  const { alert, change } = openAlert({ ...raise, ...more }, event(now), plan, false, now);
  const bare: Case = { alert: { ...alert, id: '7' as AlertId }, timers: new Map(), engagements: new Map(), roster, contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 1 };
  return absorb(bare, change, now);
}

const actor = (party: string | null): Actor => (party ? { type: 'party', id: party as Party, name: '' } : { type: 'user', id: 'op', name: '接警员' });
const parties = roster.map((p) => p.party as string);
type Step =
  | { do: 'act'; action: AlertAction; by: string | null; contact: boolean; crash: boolean } | { do: 'wait'; ms: number; lateMs: number; twice: boolean }
  | { do: 'raise'; repeat: boolean } | { do: 'beat' } | { do: 'fail'; party: string; channel: 'sms' | 'voice' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.integer({ min: 1, max: 400_000 }), fc.integer({ min: 1, max: 5_000_000 })), lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 900_000 })), twice: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({
    do: fc.constant('act' as const), by: fc.option(fc.constantFrom(...parties)), contact: fc.boolean(), crash: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    action: fc.constantFrom<AlertAction>('claim', 'release', 'take-over', 'step', 'note', 'seen', 'accept', 'decline', 'dispatch', 'escalate', 'arrive', 'need-help', 'done'),
  }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('raise' as const), repeat: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('beat' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), party: fc.constantFrom(...parties), channel: fc.constantFrom<'sms' | 'voice'>('sms', 'voice') }) },
);

/** Runs a history, fires timers in the order of their due times, and judges after each change. */
class World {
  now = t0;
  c: Case;
  ran: string[] = [];
  constructor(c: Case) { this.c = c; this.judge('opened', null); }

  apply(change: Change, why: string): void {
    const before = this.c;
    this.c = absorb(before, change, this.now);
    for (const l of change.log) if (l.action === 'plan-step') this.ran.push(`${l.detail?.['round']}.${l.detail?.['step']}`);
    const held = (s: Case): boolean => s.alert.state === 'committed' || s.alert.state === 'arrived';
    if (held(before) && held(this.c)) expect(change.sends.filter((s: Send) => s.purpose !== 'notice' && why !== 'dispatch'), `search after the commit by ${why}`).toEqual([]);
    expect(change.sends.filter((s) => s.party === 'contact:gone' && s.purpose !== 'notice'), `who withdrew is asked by ${why}`).toEqual([]);
    if (this.c.alert.state === 'closed') expect(why).toBe('close');
    this.judge(why, before);
  }

  judge(why: string, before: Case | null): void {
    const { alert, timers } = this.c;
    const slot = requiredSlot(alert);
    if (alert.state !== 'closed') expect(slot !== null && timers.has(slot), `${why} in ${before?.alert.state} left ${alert.state} without its timer; live: ${[...timers.keys()].join()}`).toBe(true);
    else expect(timers.size).toBe(0);
    for (const [s, t] of timers) expect(Number.isFinite(t.dueAt), `${s} is due at ${t.dueAt}`).toBe(true);
  }

  act(s: Extract<Step, { do: 'act' }>): void {
    const by = s.by !== null && !['claim', 'release', 'take-over', 'dispatch', 'escalate'].includes(s.action) ? s.by : null;
    const result = act(this.c, {
      action: s.action, actor: actor(by), via: by ? 'sms' : 'wall', tabId: 'tab', ...(s.by && !by ? { party: s.by as Party } : {}), ...(s.contact && s.action === 'step' ? { contact: 'elder' as const } : {}),
    }, this.now);
    if (result.kind === 'change' && !s.crash) this.apply(result.change, s.action); // a crash loses the whole transaction
  }

  /** Time goes on; what is due fires in order, `lateMs` late, some of it twice. */
  wait(ms: number, lateMs: number, twice: boolean): void {
    const until = this.now + ms;
    for (let fired = 0; fired < 60; fired++) {
      const due = [...this.c.timers].filter(([, t]) => t.dueAt <= until).sort((x, y) => x[1].dueAt - y[1].dueAt)[0];
      if (!due) break;
      const [slot, timer] = due;
      this.now = Math.max(this.now, timer.dueAt + lateMs);
      this.fire(slot, timer.payload ?? {}, true);
      if (twice) this.fire(slot, timer.payload ?? {}, false);
    }
    this.now = Math.max(this.now, until);
  }

  fire(slot: Slot, payload: Record<string, unknown>, live: boolean): void {
    if (live) {
      const timers = new Map(this.c.timers);
      timers.delete(slot);
      this.c = { ...this.c, timers };
    } else if (slot === 'plan') return; // a fired row cannot fire again in the same state: its step has moved on
    this.apply(timerDue(slot, this.c, payload, this.now), `timer ${slot}`);
  }

  run(s: Step): void {
    this.now += 1;
    if (s.do === 'wait') this.wait(s.ms, s.lateMs, s.twice);
    else if (s.do === 'act') this.act(s);
    else if (s.do === 'raise') this.apply(mergeRaise(this.c, raise, event(this.now), emergencyPlan, !s.repeat, this.now), 'raise');
    else if (s.do === 'beat') this.c = { ...this.c, consoleBeatAt: this.now };
    else this.apply(sendFailed(this.c, { party: s.party as Party, channel: s.channel, template: s.channel === 'sms' ? 'sos' : 'voice-p1', purpose: 'search', state: 'failed', round: 0, step: 0, errorCode: null, errorClass: null }, this.now), 'failure');
  }
}

const gapless = (ran: readonly string[]): void => {
  let previous: [number, number] | null = null;
  for (const [round, step] of ran.map((r) => r.split('.').map(Number) as [number, number])) {
    if (previous === null) expect(step).toBe(0);
    else expect(round > previous[0] ? step === 0 : round === previous[0] && step === previous[1] + 1, `${round}.${step} after ${previous.join('.')}`).toBe(true);
    previous = [round, step];
  }
};

const plans = fc.constantFrom(emergencyPlan, firePlan);

describe('the life of a P1', () => {
  it('keeps law 6 over random histories [LAW6 I3 I4 E1 E5 C4 FF1]', () => {
    fc.assert(fc.property(fc.array(steps, { minLength: 1, maxLength: 40 }), fc.boolean(), plans, (history, confirming, plan) => {
      const w = new World(opened(t0, confirming ? { confirmMs: 30_000 } : {}, plan));
      for (const s of history) w.run(s);
      gapless(w.ran);
      expect(w.c.alert.state).not.toBe('closed'); // nothing but a close ends it
      w.wait(6 * 3_600_000, 0, false); // and left alone it always comes back to people
      expect(['open', 'arrived']).toContain(w.c.alert.state);
      const end = act(w.c, { action: 'close', actor: actor(null), via: 'wall', outcome: 'F1', note: '核实' }, w.now);
      expect(end.kind).toBe('change');
      if (end.kind === 'change') w.apply(end.change, 'close');
      expect(w.c.alert.state).toBe('closed');
    }), { numRuns: process.env['ANLING_TEST_LONG'] === '1' ? 10_000 : 800 });
  }, 120_000);

  it('keeps the call budget of every number over random histories [FF6 E2]', () => {
    fc.assert(fc.property(fc.array(steps, { minLength: 5, maxLength: 30 }), plans, (history, plan) => {
      const w = new World(opened(t0, {}, plan));
      const calls: { party: string; at: number }[] = [];
      const apply = w.apply.bind(w);
      w.apply = (change, why) => {
        if (why !== 'dispatch') for (const s of change.sends) if (s.channel === 'voice' && !s.lastWay) calls.push({ party: s.party, at: w.now });
        apply(change, why);
      };
      for (const s of history) if (s.do !== 'act' || s.action !== 'dispatch') w.run(s);
      for (const c of calls) {
        const same = calls.filter((x) => x.party === c.party && x.at <= c.at);
        expect(same.filter((x) => x.at > c.at - 300_000).length).toBeLessThanOrEqual(3);
        expect(same.filter((x) => x.at > c.at - 3_600_000).length).toBeLessThanOrEqual(5);
      }
    }), { numRuns: 500 });
  });

  it('gives its timer back to any state that has lost it [LAW6]', () => {
    fc.assert(fc.property(fc.array(steps, { maxLength: 15 }), (history) => {
      const w = new World(opened(t0));
      for (const s of history) w.run(s);
      w.c = { ...w.c, timers: new Map() };
      w.apply(repaired(w.c, w.now), 'repair');
    }), { numRuns: 500 });
  });

  it('a claim that no step follows never outlives 120 s, whatever else happens [FF1 LAW6]', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 400_000 }), fc.array(fc.constantFrom<Step>({ do: 'raise', repeat: false }, { do: 'beat' }, { do: 'act', action: 'seen', by: 'responder:cw', contact: false, crash: false }, { do: 'act', action: 'decline', by: 'contact:key', contact: false, crash: false }, { do: 'act', action: 'claim', by: null, contact: false, crash: false }), { maxLength: 10 }), (at, noise) => {
      const w = new World(opened(t0));
      w.wait(at, 0, false);
      w.act({ do: 'act', action: 'claim', by: null, contact: false, crash: false });
      const claimedAt = w.now;
      for (const s of noise) {
        if (s.do !== 'act' || s.action !== 'claim' || w.c.alert.state === 'claimed') w.run(s); // a claim of what has lapsed is a new one
        w.wait(9_000, 0, false);
      }
      w.wait(Math.max(0, claimedAt + 120_000 - w.now), 0, false);
      expect(w.c.alert.state).toBe('open');
      expect(w.c.alert.planState).toBe('running');
    }), { numRuns: 300 });
  });

  it.each(['accepted', 'arrived', 'done'] as const)('a yes pressed again by who has %s undoes nothing [E6 LAW6]', (state) => {
    const w = new World(opened(t0));
    const says = (action: AlertAction): Change => {
      const result = act(w.c, { action, actor: actor('responder:cw'), via: 'link' }, w.now);
      if (result.kind !== 'change') throw new Error(`${action}: ${result.kind}`);
      w.apply(result.change, action);
      return result.change;
    };
    says('accept');
    if (state !== 'accepted') says(state === 'arrived' ? 'arrive' : 'done');
    const again = says('accept');
    expect(again.sends).toEqual([]);
    expect(w.c.engagements.get('responder:cw' as Party)?.state).toBe(state);
  });

  it.each(['op', 'op2'])('what came back to the search can be claimed anew by the operator who had it and by any other (%s) [LAW6 FF1]', (again) => {
    const world = new World(opened(t0));
    const user = (action: AlertAction, more: object = {}): void => { const r = act(world.c, { action, actor: actor(null), via: 'wall', ...more } as Act, world.now); if (r.kind !== 'change') throw new Error(r.kind); world.apply(r.change, action); };
    user('claim');
    user('accept', { party: 'responder:cw' as Party });
    user('decline', { party: 'responder:cw' as Party }); // nobody is on the way any more
    expect([world.c.alert.state, world.c.alert.claimedBy]).toEqual(['open', 'op']);
    user('claim', { actor: { type: 'user', id: again, name: '接警员' } });
    expect(world.c.alert.claimedBy).toBe(again);
    expect(act(world.c, { action: 'claim', actor: { type: 'user', id: 'late', name: '又一人' }, via: 'wall' }, world.now)).toMatchObject({ kind: 'conflict', by: again });
    expect([world.c.alert.state, world.c.alert.planState, world.c.timers.has('claim'), world.c.timers.has('plan')]).toEqual(['claimed', 'suspended', true, false]);
  });

  it('a press on a taken alert brings it back after 60 s without a step, however often it is pressed [LAW6]', () => {
    fc.assert(fc.property(fc.constantFrom<AlertAction>('claim', 'accept', 'arrive'), fc.array(fc.integer({ min: 100, max: 20_000 }), { maxLength: 12 }), (how, presses) => {
      const w = new World(opened(t0));
      w.act({ do: 'act', action: how, by: how === 'claim' ? null : 'responder:cw', contact: false, crash: false });
      w.run({ do: 'raise', repeat: false });
      const pressedAt = w.now;
      for (const ms of presses) { w.wait(ms, 0, false); if (w.now < pressedAt + 60_000) w.run({ do: 'raise', repeat: false }); }
      w.wait(Math.max(0, pressedAt + 60_000 - w.now), 0, false);
      expect(w.c.alert).toMatchObject({ state: 'open', planState: 'running' });
    }), { numRuns: 300 });
  });
});
