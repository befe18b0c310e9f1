import { describe, expect, it } from 'vitest';
import { concernPlan, dueAfterMs, emergencyPlan, firePlan, planFor } from './plan.ts';

const village = '350425201001';
const own = (id: string, scopeCode: string, kinds: (typeof emergencyPlan)['kinds'] = ['sos']) => ({ scopeCode, plan: { ...emergencyPlan, id, kinds } });

describe('which plan an alert runs [E2 FF9]', () => {
  it('the narrowest of the county, else the house plan: no P1 is without one', () => {
    const plans = [own('county', '350425000000'), own('village', village), own('town', '350425201000'), own('all', '000000000000'), own('elsewhere', '350426000000')];
    expect(planFor('sos', 1, village, plans)?.id).toBe('village');
    expect(planFor('sos', 1, '350425201009', plans)?.id).toBe('town');
    expect(planFor('sos', 1, '350425300001', plans)?.id).toBe('county');
    expect(planFor('sos', 1, null, plans)?.id).toBe('all');
    expect(planFor('fall', 1, village, plans)).toBe(emergencyPlan);
    expect([planFor('smoke', 1, village, plans), planFor('gas', 1, null, [])]).toEqual([firePlan, firePlan]);
    expect(planFor('sos', 1, village, [{ ...own('empty', village), plan: { ...emergencyPlan, steps: [] } }])).toBe(emergencyPlan);
  });
  it('a county that wrote its own plan for smoke before there was one for fires keeps it', () => {
    expect(planFor('smoke', 1, village, [own('demo-p1', '350425000000', ['sos', 'smoke', 'gas', 'phone-in', 'fall'])])?.id).toBe('demo-p1');
  });
  it('a P1 of a calm kind runs the emergency plan, also where the county has a plan for the kind', () => {
    expect(planFor('unreadable-alarm', 1, village, [own('calm', village, ['unreadable-alarm'])])).toBe(emergencyPlan);
    expect(planFor('unreadable-alarm', 2, village, [])).toBe(concernPlan);
  });
  it('technical kinds have none, whatever a plan says', () => {
    for (const kind of ['offline', 'low-battery', 'tamper'] as const) expect(planFor(kind, 3, village, [own('x', village, [kind])])).toBeNull();
    expect(planFor('outage', 2, village, [])).toBeNull();
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
