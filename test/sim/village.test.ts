/** The promise of escalation as a property, over villages that nobody has thought of; and that each part of it is seen when it is broken. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emergencyPlan } from '#core/plan.ts';
import { type Fault, runVillage, type Verdict } from './village.ts';
import { villages } from './village-random.ts';

const runs = 250;

describe('every P1', () => {
  it('is committed by a human or has attempted every rung of every round in order, none twice, none late; nothing is sent a second after its reason ended, no budget broken but as the last way [E1 E2 E5 E7 FF6 FF9 I3 I4 LAW6]', () => {
    const total: Omit<Verdict, 'broken'> = { rungs: 0, sent: 0, committed: 0, restarts: 0 };
    fc.assert(fc.property(villages, (v) => {
      const { broken, ...counts } = runVillage(v);
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += counts[key];
      expect(broken).toEqual([]);
    }), { numRuns: runs, seed: 20_261_127 });
    for (const [what, n] of Object.entries(total)) expect(n, what).toBeGreaterThan(runs / 4); // it has seen something
  }, 120_000);

  const faults: readonly [string, Fault, RegExp][] = [
    ['a commit that withdraws nothing', { change: (c) => ({ ...c, withdraw: 'nothing' }) }, /after the search ended/],
    ['a rung left out', { change: (c, slot) => (slot === 'plan' && c.patch.planStep === 2 ? { ...c, patch: { ...c.patch, planStep: 3 } } : c) }, /rung \d+\.3 after \d+\.1|of 6 rungs/],
    ['a rung made again', { change: (c, slot) => (slot === 'plan' && c.patch.planStep === 2 ? { ...c, patch: { ...c.patch, planStep: 1 } } : c) }, /twice/],
    ['a timer set too late', { change: (c, slot) => (slot === 'plan' && c.timers.plan ? { ...c, timers: { ...c.timers, plan: { dueAt: c.timers.plan.dueAt + 30_000 } } } : c) }, /s late/],
    ['a plan that ends', { change: (c, slot) => (slot === 'plan' && c.timers.plan && c.patch.planStep === 6 ? { ...c, timers: { ...c.timers, plan: null } } : c) }, /no next rung/],
    ['calls that nobody counts', { blindToCalls: true }, /beyond the budget/],
  ];
  it.each(faults)('control: %s is seen', (_name, fault, complaint) => {
    const roster = (['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'duty-leader', 'neighbour', 'family'] as const).map((role, i) => ({
      party: `responder:${i}` as never, role, ord: 1, keyHolder: role === 'neighbour', reach: 'village' as const, distanceKm: 0, phoneKey: `n${i}`, landline: false, optedOut: false, absentUntil: null,
    }));
    const seen: string[] = [];
    for (let seed = 1; seed <= 160 && !seen.some((line) => complaint.test(line)); seed++) seen.push(...runVillage({ seed, plan: emergencyPlan, roster, alarms: 3, inOutage: false, hours: 1, silent: seed % 2 === 0 }, fault).broken);
    expect(seen.join('\n')).toMatch(complaint);
  });
});
