import { describe, expect, it } from 'vitest';
import type { Plan } from './escalation.ts';
import { concernPlan, emergencyPlan, firePlan } from './plan.ts';
import { pricePlan } from './plan-price.ts';
import { lintPlan, type PlanRoster } from './plan-lint.ts';

const full: PlanRoster = {
  roles: { 'care-worker': 12, doctor: 12, 'grid-worker': 12, 'village-cadre': 12, 'town-duty': 18, 'fire-station': 18, seat: 4, 'shift-leader': 1, 'duty-leader': 1 },
  people: 30, keyHolders: 30, family: 30, secondFamily: 30, neighbours: 30, nearby: 30, villages: 12, villagesWithCareWorker: 12, gaps: {}, fewContacts: 0, unproven: 0, voice: 'dedicated',
};
const codes = (plan: Plan, roster = full): string[] => lintPlan(plan, roster).warnings.map((w) => w.code);
const fields = (plan: Plan): string[] => lintPlan(plan, full).problems.map((p) => p.field);

describe('the linter of plans', () => {
  it('has nothing against the demonstration plans with everybody there [FF9]', () => {
    for (const plan of [emergencyPlan, firePlan, concernPlan]) expect(lintPlan(plan, full)).toEqual({ problems: [], warnings: [] });
  });
  it('refuses what cannot run, and an emergency left to the desk for more than 45 s [LAW5]', () => {
    expect(fields({ ...emergencyPlan, steps: [] })).toEqual(['steps']);
    expect(fields({ ...emergencyPlan, kinds: [] })).toEqual(['kinds']);
    expect(fields({ ...emergencyPlan, kinds: ['low-battery'] })).toEqual(['kinds']);
    expect(fields({ ...emergencyPlan, roundS: 180 })).toEqual(['roundS']);
    expect(fields({ ...emergencyPlan, steps: [{ atS: 30, actions: [{ target: 'care-worker', channel: 'sms' }] }, { atS: 30, actions: [] }] })).toEqual(['steps.1.actions', 'steps.1.atS']);
    expect(fields({ ...emergencyPlan, steps: [{ atS: 46, actions: [{ target: 'care-worker', channel: 'voice' }] }] })).toEqual(['steps.0.atS']);
    expect(fields({ ...concernPlan })).toEqual([]);
  });
  it('warns of gaps and does not refuse: nobody in a role, elders without family, villages without a care-worker [FF9]', () => {
    const { problems, warnings } = lintPlan(emergencyPlan, { ...full, roles: { ...full.roles, doctor: 0 }, family: 28, secondFamily: 20, villagesWithCareWorker: 11 });
    expect(problems).toEqual([]);
    expect(warnings.map((w) => w.code)).toEqual(['nobody:care-worker', 'nobody:family-1', 'nobody:doctor', 'nobody:family-2', 'nobody:neighbour-villages']);
    expect(warnings.find((w) => w.code === 'nobody:family-1')).toEqual({ code: 'nobody:family-1', text: '2 位老人没有家属', fields: ['steps.0.actions.2'], n: 2 });
    expect(warnings.find((w) => w.code === 'nobody:doctor')?.text).toBe('没有村医');
  });
  it('says which elders have nobody near and which county no fire station, and that a fire calls no single man [FF9]', () => {
    const { warnings } = lintPlan(firePlan, { ...full, nearby: 27, roles: { ...full.roles, 'fire-station': 0 } });
    expect(warnings).toEqual([
      { code: 'nobody:nearby', text: '3 位老人没有步行5分钟内的人', fields: ['steps.0.actions.0'], n: 3 },
      { code: 'nobody:fire-station', text: '没有微型消防站', fields: ['steps.0.actions.1', 'steps.1.actions.0'], n: 0 },
    ]);
    // The plan of a county from before: it runs as it is, and its page says what is missing.
    expect(codes({ ...emergencyPlan, kinds: ['sos', 'smoke'] })).toEqual(['no-fire-ring']);
  });
  it('prices the calls of one person in five minutes, rounds included, and says what a public voice number cannot do [FF6 FF7]', () => {
    const eager: Plan = { ...emergencyPlan, steps: [{ atS: 0, actions: [{ target: 'care-worker', channel: 'voice' }] }, { atS: 60, actions: [{ target: 'town-duty', channel: 'voice' }] }], roundS: 70 };
    expect(codes(eager)).toContain('call-budget');
    expect(codes(emergencyPlan, { ...full, voice: 'public' })).toEqual(['voice-announces-only']);
    expect(codes({ ...emergencyPlan, steps: [{ atS: 40, actions: [{ target: 'care-worker', channel: 'sms' }] }], desk: [] })).toEqual(['desk-first-fall', 'desk-first', 'no-voice', 'no-town-duty', 'no-desk']);
  });
  it('warns of hours without anybody on duty, of few contacts, of numbers never proven and of a step that reaches nobody [E2 E11 FF9]', () => {
    expect(codes(emergencyPlan, { ...full, gaps: { 'town-duty': 7, seat: 3 } })).toEqual(['gap:town-duty', 'gap:seat']);
    expect(codes(concernPlan, { ...full, gaps: { 'duty-leader': 2 } })).toEqual(['gap:duty-leader']);
    const thin = lintPlan(emergencyPlan, { ...full, fewContacts: 4, unproven: 2 }).warnings;
    expect(thin.map((w) => [w.code, w.n])).toEqual([['few-contacts', 4], ['unproven', 2]]);
    expect(lintPlan(emergencyPlan, { ...full, neighbours: 0, roles: { ...full.roles, doctor: 0 } }).warnings.find((w) => w.code.startsWith('unreachable'))).toMatchObject({ code: 'unreachable:2', fields: ['steps.2'] });
  });
  it('says what a condition makes of a plan: kinds it never runs for, a desk first that holds for falls only [E2 FF10]', () => {
    expect(codes({ ...emergencyPlan, priority: 2 })).toEqual(['never']);
    const later = { ...emergencyPlan, roundS: 400, steps: emergencyPlan.steps.map((s) => ({ ...s, atS: s.atS + 30 })) };
    expect(codes(later)).toEqual(['desk-first-fall', 'desk-first']);
    expect(codes({ ...later, kinds: ['fall'] })).toEqual(['desk-first']);
  });
  it('is priced: seconds to the first call and the last rung, texts and calls of a round, the most calls of one person in five minutes and an hour [E2 FF6]', () => {
    expect(pricePlan(emergencyPlan)).toEqual({
      firstCallS: 30, lastRungS: 180, roundS: 300, texts: 4, calls: 8, in5Min: { target: 'care-worker', n: 1, allowed: 3 }, inHour: { target: 'care-worker', n: 12, allowed: 5 },
    });
    expect(pricePlan({ ...concernPlan, steps: [{ atS: 0, actions: [{ target: 'doctor', channel: 'sms' }] }] })).toMatchObject({ firstCallS: null, texts: 1, calls: 0, in5Min: { target: null, n: 0 } });
  });
});
