/** Budgets hold a call back, never an emergency: who is called when every number has had its calls, and what of the hour is kept for the next elder. */
import { describe, expect, it } from 'vitest';
import type { Alert } from './alert.ts';
import type { Case, Change, Contacted } from './change.ts';
import { sendFailed } from './decide-failure.ts';
import { planDue } from './decide-plan.ts';
import type { PlanAction } from './escalation.ts';
import type { Party } from './ids.ts';
import { concernPlan, emergencyPlan } from './plan.ts';
import { type PartyFacts, resolveStep } from './roster.ts';

const now = 1_800_000_000_000;
const min = 60_000;
const person = (party: string, role: PartyFacts['role'], more: Partial<PartyFacts> = {}): PartyFacts =>
  ({ party: party as Party, role, ord: 1, keyHolder: false, reach: 'village', distanceKm: 0, phoneKey: party, landline: false, optedOut: false, absentUntil: null, ...more });
const roster = [person('r:cw', 'care-worker'), person('r:duty', 'town-duty', { landline: true, reach: 'town' }), person('r:lead', 'duty-leader', { reach: 'county' })];
const plan = { ...emergencyPlan, steps: [{ atS: 0, actions: [{ target: 'care-worker', channel: 'voice' }] }, { atS: 120, actions: [{ target: 'town-duty', channel: 'voice' }, { target: 'duty-leader', channel: 'voice' }] }] as typeof emergencyPlan.steps };
type More = { calls?: [string, number[]][]; contacted?: [string, Partial<Contacted>][]; alert?: Partial<Alert> };
const caseOf = ({ calls = [], contacted = [], alert = {} }: More): Case => ({
  alert: { id: '1', kind: 'sos', priority: 1, state: 'open', flags: [] as string[], plan, planState: 'running', planBaseAt: now - 200_000, planRound: 1, planStep: 1, ...alert } as unknown as Alert,
  timers: new Map(), roster, consoleBeatAt: null, unclaimed: 0, engagements: new Map(),
  contacted: new Map(contacted.map(([p, c]) => [p as Party, { sms: 1, voice: 0, rounds: [0], reached: true, ...c }])), calls: new Map(calls.map(([p, minutes]) => [p, minutes.map((m) => now - m * min)])),
});
const all = (minutes: number[]): [string, number[]][] => roster.map((p) => [p.phoneKey, minutes]);
const told: [string, Partial<Contacted>][] = roster.map((p) => [p.party, { voice: 3 }]);
const sent = (change: Change): string[] => change.sends.map((s) => `${s.channel} ${s.party}${s.lastWay ? ' !' : ''}`);

describe('the last way left [2.5 FF6 LAW5]', () => {
  it('a round that would reach nobody ends with a call: of those kept for others first, then beyond the budget, to who was called least', () => {
    expect(sent(planDue(caseOf({ calls: all([10, 20, 30]), contacted: told }), now)), 'two calls of the hour were kept: a second round has them only so').toEqual(['voice r:cw !']);
    const spent: [string, number[]][] = [['r:cw', [10, 20, 30, 40, 50, 55]], ['r:duty', [6, 20, 30, 40, 50]], ['r:lead', [10, 20, 30, 40, 50, 51, 52]]];
    const change = planDue(caseOf({ calls: spent, contacted: told }), now);
    expect(sent(change)).toEqual(['voice r:duty !']);
    expect(change.log[0]?.detail?.['sends'], 'and the timeline says so').toEqual([expect.objectContaining({ party: 'r:duty', lastWay: true })]);
  });
  it('but never while somebody was reached in this round, while a step is left, or for what is no emergency', () => {
    const calls = all([1, 2, 3, 4, 50, 55]);
    expect(sent(planDue(caseOf({ calls, contacted: [...told.slice(1), ['r:cw', { voice: 3, rounds: [0, 1] }]] }), now))).toEqual([]);
    expect(sent(planDue(caseOf({ calls, contacted: told, alert: { planStep: 0 } }), now))).toEqual([]);
    expect(sent(planDue(caseOf({ calls, contacted: told, alert: { priority: 2 } }), now))).toEqual([]);
  });
  it('a message that its number’s budget kept back goes out when it was the only one; not when a step is left, or by a refusal of the provider', () => {
    const failed = (errorCode: string, more: More = {}): string[] => sent(sendFailed(caseOf({ calls: all([1, 2, 3]), contacted: [['r:cw', { rounds: [1], reached: false }]], alert: { planStep: 2 }, ...more }),
      { party: 'r:cw' as Party, channel: 'sms', template: 'sos', purpose: 'search', state: 'failed', round: 1, step: 0, errorCode, errorClass: 'F' }, now));
    expect(failed('local.SMS_DAY')).toEqual(['sms r:cw !']);
    expect(failed('local.SMS_DAY', { alert: { planStep: 1 } })).toEqual([]);
    expect(failed('isv.BUSINESS_LIMIT_CONTROL')).toEqual([]);
    expect(failed('local.SMS_DAY', { contacted: [['r:lead', { rounds: [1] }]] })).toEqual([]);
  });
});

describe('calls that are kept for the next emergency [2.5 E7 FF6]', () => {
  const lines = (c: Case, actions: PlanAction[]): string[] => resolveStep(c, actions, 0, 1, now).sends.map((s) => `${s.channel} ${s.party}`);
  const call: PlanAction[] = [{ target: 'care-worker', channel: 'voice' }];
  it('an alert that has called somebody three times leaves his last two of the hour; another one may use them', () => {
    const calls: [string, number[]][] = [['r:cw', [10, 20, 30]]];
    expect(lines(caseOf({ calls, contacted: [['r:cw', { voice: 3 }]] }), call)).toEqual([]);
    expect(lines(caseOf({ calls, contacted: [['r:cw', { voice: 2 }]] }), call)).toEqual(['voice r:cw']);
  });
  it('a second round leaves them to whoever is searched for first [2.5]', () => {
    const c = caseOf({ calls: [['r:cw', [10, 20, 30]]], contacted: [['r:cw', { voice: 1 }]] });
    expect([0, 1].map((round) => resolveStep(c, call, round, 1, now).sends.map((s) => s.channel))).toEqual([['voice'], []]);
  });
  it('what is no emergency leaves them from the first', () => {
    const concern = { priority: 2, kind: 'motionless', plan: concernPlan } as Partial<Alert>;
    expect(lines(caseOf({ calls: [['r:cw', [10, 20, 30]]], alert: concern }), call), 'a text instead').toEqual(['sms r:cw']);
    expect(lines(caseOf({ calls: [['r:cw', [10, 20]]], alert: concern }), call)).toEqual(['sms r:cw', 'voice r:cw']);
  });
  it('a landline that has had its calls is passed over for the next one', () => {
    const two = { ...caseOf({ calls: [['r:a', [1, 2, 3]]] }), roster: [person('r:a', 'town-duty', { landline: true, reach: 'town' }), person('r:b', 'town-duty', { landline: true, reach: 'town', ord: 2 })] };
    expect(lines(two, [{ target: 'town-duty', channel: 'sms' }])).toEqual(['voice r:b']);
  });
});
