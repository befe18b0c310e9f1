/** A plan inside an outage loses nobody and waits for nobody. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Plan, PlanAction, PlanTarget } from './escalation.ts';
import { withoutWaiting } from './outage-plan.ts';
import { emergencyPlan, firePlan } from './plan.ts';

const times = (plan: Plan): Map<string, number[]> => {
  const out = new Map<string, number[]>();
  for (const s of plan.steps) for (const a of s.actions) out.set(`${a.target} ${a.channel}`, [...(out.get(`${a.target} ${a.channel}`) ?? []), s.atS].sort((x, y) => x - y));
  return out;
};

it('rings the village and the town in the same second, the next villages 30 s later, the leader at 120 s [B4 FF4]', () => {
  const t = times(withoutWaiting(emergencyPlan));
  for (const who of ['care-worker sms', 'care-worker voice', 'key-holder sms', 'neighbour voice', 'town-duty voice']) expect(t.get(who)).toEqual([0]);
  expect([t.get('neighbour-villages voice'), t.get('village-cadre voice'), t.get('duty-leader voice')]).toEqual([[30], [60], [120]]);
});

it('a fire inside an outage rings the fire station and everybody near at once [B4 FF4]', () => {
  const t = times(withoutWaiting(firePlan));
  expect(['nearby sms', 'fire-station sms', 'fire-station voice'].map((who) => t.get(who))).toEqual([[0], [0], [0]]);
});

it('keeps every action of any plan and makes none later [LAW6]', () => {
  const target = fc.constantFrom<PlanTarget>('care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'duty-leader', 'shift-leader', 'seat', 'key-holder', 'family-1', 'family-2', 'neighbour', 'neighbour-villages', 'nearby', 'fire-station');
  const action: fc.Arbitrary<PlanAction> = fc.record({ target, channel: fc.constantFrom('sms', 'voice') });
  const steps = fc.uniqueArray(fc.record({ atS: fc.integer({ min: 0, max: 900 }), actions: fc.array(action, { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 6, selector: (s) => s.atS })
    .map((list) => list.sort((a, b) => a.atS - b.atS));
  fc.assert(fc.property(steps, (list) => {
    const plan: Plan = { ...emergencyPlan, steps: list };
    const before = times(plan);
    const after = withoutWaiting(plan);
    const now = times(after);
    for (const [key, at] of before) for (const [i, s] of at.entries()) expect(now.get(key)?.[i]).toBeLessThanOrEqual(s);
    expect([...now.values()].flat()).toHaveLength([...before.values()].flat().length);
    expect(after.steps.map((s) => s.atS)).toEqual([...after.steps.map((s) => s.atS)].sort((a, b) => a - b));
    expect(new Set(after.steps.map((s) => s.atS)).size).toBe(after.steps.length);
  }));
});
