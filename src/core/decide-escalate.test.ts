/** 升级: what an operator may hasten, and what not. */
import { describe, expect, it } from 'vitest';
import { absorb, type Case, type Change } from './change.ts';
import { openAlert } from './decide-raise.ts';
import { timerDue } from './decide-timer.ts';
import type { StoredEvent } from './event.ts';
import type { AlertId, DeviceId, EventId, Party } from './ids.ts';
import { dueAfterMs, emergencyPlan } from './plan.ts';
import type { PartyFacts } from './roster.ts';
import type { Act, ActResult } from './act.ts';
import { act } from './transition.ts';

const t0 = 1_800_000_000_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const ring = [person('responder:cw', 'care-worker'), person('responder:doctor', 'doctor'), person('responder:cadre', 'village-cadre'), person('responder:duty', 'town-duty', { reach: 'town', landline: true }), person('responder:leader', 'duty-leader', { reach: 'county' }), person('contact:key', 'neighbour', { keyHolder: true })];

function opened(roster = ring, confirmMs = 0): Case {
  const event: StoredEvent = { id: '1' as EventId, kind: 'sos', edge: 'raise', source: 'mqtt', urgency: 1, deviceId: 'd1' as DeviceId, homeId: null, personId: null, room: null, regionCode: null, sourceEventId: null, ref: null, deviceTime: null, receivedAt: t0, flags: [], confidence: null, data: {}, trace: 't' };
  const { alert, change } = openAlert({ type: 'raise', kind: 'sos', priority: 1, subject: { type: 'device', id: 'd1' }, ...(confirmMs ? { confirmMs } : {}) }, event, emergencyPlan, false, t0);
  return absorb({ alert: { ...alert, id: '7' as AlertId }, timers: new Map(), engagements: new Map(), roster, contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 1 }, change, t0);
}
const user = (c: Case, action: Act['action'], now: number, id = 'op'): ActResult => act(c, { action, actor: { type: 'user', id, name: '接警员' }, via: 'wall', tabId: 'tab' }, now);
const change = (r: ActResult): Change => { if (r.kind !== 'change') throw new Error(JSON.stringify(r)); return r.change; };
const done = (c: Case, r: ActResult, now: number): Case => absorb(c, change(r), now);
const firstRung = (): Case => { const c = opened(); return absorb(c, timerDue('plan', c, {}, t0), t0); };

describe('escalate', () => {
  it('calls the next rung at once, leaves every later one its own time, the desk its ladder, and nobody a claim [E1 E2 LAW6 I3]', () => {
    const c = firstRung();
    const at = t0 + 4_000;
    const it = change(user(c, 'escalate', at));
    expect(it.log.map((l) => l.action)).toEqual(['escalated', 'plan-step']);
    expect(it.log[0]?.actor).toMatchObject({ type: 'user', id: 'op' });
    expect(it.log[1]?.detail).toMatchObject({ step: 1, lateMs: 0 });
    expect(it.sends.map((s) => `${s.channel} ${s.party}`)).toEqual(['voice responder:cw']);
    expect(it.withdraw).toBe('nothing');
    const after = absorb(c, it, at);
    expect(after.timers.get('plan')?.dueAt).toBe(t0 + dueAfterMs(emergencyPlan, 2));
    expect(after.timers.get('desk')).toEqual(c.timers.get('desk'));
    expect(after.alert).toMatchObject({ state: 'open', claimedBy: null, planStep: 2, planState: 'running' });
  });

  it('does so under a claim without ending it: the plan sleeps on and goes on behind that rung when the claim is given back [FF1]', () => {
    const c = done(firstRung(), user(firstRung(), 'claim', t0 + 5_000), t0 + 5_000);
    const at = t0 + 60_000;
    expect(change(user(c, 'escalate', at)).log[1]?.detail).toMatchObject({ step: 1, dueAt: at, lateMs: 0 }); // asked for, not late
    const after = done(c, user(c, 'escalate', at), at);
    expect(after.alert).toMatchObject({ state: 'claimed', claimedBy: 'op', planState: 'suspended', planStep: 2, lastStepAt: at });
    expect([after.timers.has('plan'), after.timers.get('claim')?.payload?.['deadline']]).toEqual([false, at + 120_000]);
    const back = done(after, user(after, 'release', at + 1), at + 1);
    const next = timerDue('plan', back, {}, at + 1);
    expect(next.log[0]?.detail).toMatchObject({ step: 2 });
  });

  it('passes a rung that reaches nobody, and stops at the first that does', () => {
    const alone = opened([person('contact:key', 'neighbour', { keyHolder: true }), person('responder:leader', 'duty-leader', { reach: 'county' })]);
    const c = absorb(alone, timerDue('plan', alone, {}, t0), t0);
    const it = change(user(c, 'escalate', t0 + 1_000));
    expect(it.sends.some((s) => s.party === 'contact:key')).toBe(true);
    expect(it.log.filter((l) => l.action === 'plan-step').length).toBeGreaterThan(1);
  });

  it.each([
    ['an elder’s confirm window', (): ActResult => user(opened(ring, 30_000), 'escalate', t0 + 1), 'state'],
    ['a round that has called everybody', (): ActResult => { let c = firstRung(); while (c.alert.planStep < emergencyPlan.steps.length) c = done(c, user(c, 'escalate', t0 + 1), t0 + 1); return user(c, 'escalate', t0 + 2); }, 'plan'],
    ['a case somebody goes to', (): ActResult => { const c = firstRung(); const gone = act(c, { action: 'accept', actor: { type: 'party', id: 'responder:cw' as Party, name: '' }, via: 'sms' }, t0 + 1); return user(done(c, gone, t0 + 1), 'escalate', t0 + 2); }, 'state'],
  ])('never cuts short %s', (_what, run, field) => { expect(run()).toMatchObject({ kind: 'invalid', fields: [{ field }] }); });

  it('is a conflict where another holds the case', () => {
    const c = done(firstRung(), user(firstRung(), 'claim', t0 + 1, 'other'), t0 + 1);
    expect(user(c, 'escalate', t0 + 2)).toMatchObject({ kind: 'conflict', by: 'other' });
  });
});
