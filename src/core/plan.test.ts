import { describe, expect, it } from 'vitest';
import type { Plan } from './escalation.ts';
import { concernPlan, dueAfterMs, emergencyPlan, firePlan, type PlanCase, planFor, runnableSpec } from './plan.ts';

const village = '350425201001';
const day = Date.parse('2026-11-27T02:10:00Z');
const calm: PlanCase = { highRisk: false, at: day, deskProven: false };
const own = (id: string, scopeCode: string, kinds: (typeof emergencyPlan)['kinds'] = ['sos']) => ({ scopeCode, plan: { ...emergencyPlan, id, kinds } });

describe('which plan an alert runs [E2 FF9]', () => {
  it('the narrowest of the county, else the house plan: no P1 is without one', () => {
    const plans = [own('county', '350425000000'), own('village', village), own('town', '350425201000'), own('all', '000000000000'), own('elsewhere', '350426000000')];
    expect(planFor('sos', 1, village, plans, calm)?.id).toBe('village');
    expect(planFor('sos', 1, '350425201009', plans, calm)?.id).toBe('town');
    expect(planFor('sos', 1, '350425300001', plans, calm)?.id).toBe('county');
    expect(planFor('sos', 1, null, plans, calm)?.id).toBe('all');
    expect(planFor('fall', 1, village, plans, calm)).toBe(emergencyPlan);
    expect([planFor('smoke', 1, village, plans, calm), planFor('gas', 1, null, [], calm)]).toEqual([firePlan, firePlan]);
    expect(planFor('sos', 1, village, [{ ...own('empty', village), plan: { ...emergencyPlan, steps: [] } }], calm)).toBe(emergencyPlan);
  });
  it('a county that wrote its own plan for smoke before there was one for fires keeps it', () => {
    expect(planFor('smoke', 1, village, [own('demo-p1', '350425000000', ['sos', 'smoke', 'gas', 'phone-in', 'fall'])], calm)?.id).toBe('demo-p1');
  });
  it('a P1 of a calm kind runs the emergency plan, also where the county has a plan for the kind', () => {
    expect(planFor('unreadable-alarm', 1, village, [own('calm', village, ['unreadable-alarm'])], calm)).toBe(emergencyPlan);
    expect(planFor('unreadable-alarm', 2, village, [], calm)).toBe(concernPlan);
  });
  it('technical kinds have none, whatever a plan says', () => {
    for (const kind of ['offline', 'low-battery', 'tamper'] as const) expect(planFor(kind, 3, village, [own('x', village, [kind])], calm)).toBeNull();
    expect(planFor('outage', 2, village, [], calm)).toBeNull();
  });
  it('asks for risk, the hour and the priority, and the one that asks most of the case goes first within one place [E2]', () => {
    const of = (id: string, more: Partial<Plan>) => ({ scopeCode: village, plan: { ...emergencyPlan, id, kinds: ['sos', 'unreadable-alarm'] as Plan['kinds'], ...more } });
    const plans = [of('all', {}), of('night', { hours: { from: '22:00', to: '06:00' } }), of('frail', { risk: 'high' }), of('frail-night', { risk: 'high', hours: { from: '22:00', to: '06:00' } }), of('first', { priority: 1, kinds: ['unreadable-alarm'] })];
    const night = Date.parse('2026-11-27T02:10:00+08:00');
    const chosen = (highRisk: boolean, at: number): string | undefined => planFor('sos', 1, village, plans, { ...calm, highRisk, at })?.id;
    expect([chosen(false, day), chosen(true, day), chosen(false, night), chosen(true, night)]).toEqual(['all', 'frail', 'night', 'frail-night']);
    expect(chosen(false, Date.parse('2026-11-27T06:00:00+08:00'))).toBe('all');
    expect(planFor('unreadable-alarm', 1, village, plans, calm)?.id).toBe('first');
    expect(planFor('unreadable-alarm', 2, village, plans, calm)?.id).toBe('all');
  });
  it('leaves a fall to the desk first only while a human is proven there and the person is at no high risk; nothing else ever [FF10 LAW5]', () => {
    const later = { scopeCode: village, plan: { ...emergencyPlan, id: 'desk-first', kinds: ['fall', 'sos'] as Plan['kinds'], steps: emergencyPlan.steps.map((s) => ({ ...s, atS: s.atS + 45 })), roundS: 400 } };
    const times = (kind: 'fall' | 'sos', c: Partial<PlanCase>) => planFor(kind, 1, village, [later], { ...calm, ...c })?.steps.map((s) => s.atS);
    expect(times('fall', { deskProven: true })).toEqual([45, 75, 105, 135, 165, 225]);
    for (const at of [times('fall', {}), times('fall', { deskProven: true, highRisk: true }), times('sos', { deskProven: true })]) expect(at).toEqual([0, 30, 60, 90, 120, 180]);
  });
  it('an emergency has the desk’s ladder whatever its plan says: 20, 60, 120 s [FF3]', () => {
    expect(planFor('sos', 1, village, [{ scopeCode: village, plan: { ...emergencyPlan, kinds: ['sos'], desk: [] } }], calm)?.desk).toEqual(emergencyPlan.desk);
  });
  it('a stored plan with conditions that nobody understands is passed over [E2]', () => {
    const { steps, roundS, desk } = emergencyPlan;
    expect(runnableSpec({ steps, roundS, desk, risk: 'high', hours: { from: '22:00', to: '06:00' }, priority: 1 })).toEqual({ steps, roundS, desk, risk: 'high', hours: { from: '22:00', to: '06:00' }, priority: 1 });
    expect(runnableSpec({ steps, roundS, desk, risk: null, hours: null })).toEqual({ steps, roundS, desk });
    for (const wrong of [{ risk: 'some' }, { hours: { from: '22' } }, { priority: 3 }]) expect(runnableSpec({ steps, roundS, desk, ...wrong })).toBeNull();
  });
  it('the demonstration plan is that of FIELD 7: seconds, rounds, desk', () => {
    expect(emergencyPlan.steps.map((s) => s.atS)).toEqual([0, 30, 60, 90, 120, 180]);
    expect(emergencyPlan.desk.map((d) => [d.atS, d.ring])).toEqual([[20, 'other-seat'], [60, 'shift-leader'], [120, 'duty-leader']]);
    expect([dueAfterMs(emergencyPlan, 5), dueAfterMs(emergencyPlan, 6)]).toEqual([180_000, 300_000]);
    expect([emergencyPlan.kinds, firePlan.kinds]).toEqual([['sos', 'phone-in', 'fall'], ['smoke', 'gas']]);
    const beside = firePlan.steps.flatMap((s, i) => s.actions.filter((a) => !emergencyPlan.steps[i]?.actions.includes(a)).map((a) => `${s.atS} ${a.channel} ${a.target}`));
    expect(beside).toEqual(['0 sms nearby', '0 sms fire-station', '30 voice fire-station']);
    expect(firePlan).toMatchObject({ roundS: emergencyPlan.roundS, desk: emergencyPlan.desk });
  });
});
