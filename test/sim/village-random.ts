/** Random villages for test/sim/village.ts: plans that the linter lets run, and rosters with everything that a county has of holes in them. */
import fc from 'fast-check';
import type { Plan, PlanTarget } from '#core/escalation.ts';
import type { Party } from '#core/ids.ts';
import { emergencyPlan } from '#core/plan.ts';
import type { PartyFacts, PartyRole } from '#core/roster.ts';
import type { Village } from './village.ts';

const targets: readonly PlanTarget[] = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'duty-leader', 'shift-leader', 'seat', 'key-holder', 'family-1', 'family-2', 'neighbour', 'neighbour-villages', 'nearby', 'fire-station'];
const roles: readonly PartyRole[] = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader', 'family', 'neighbour', 'other'];
const far: ReadonlySet<PartyRole> = new Set(['seat', 'shift-leader', 'duty-leader']);

const plans: fc.Arbitrary<Plan> = fc.record({
  steps: fc.array(fc.record({ gapS: fc.integer({ min: 5, max: 120 }), actions: fc.array(fc.record({ target: fc.constantFrom(...targets), channel: fc.constantFrom<'sms' | 'voice'>('sms', 'voice') }), { minLength: 1, maxLength: 4 }) }), { minLength: 1, maxLength: 7 }),
  restS: fc.integer({ min: 5, max: 400 }), ladder: fc.boolean(),
}).map(({ steps, restS, ladder }) => {
  let atS = -1;
  const timed = steps.map(({ gapS, actions }, i) => { atS = i === 0 ? 0 : atS + gapS; return { atS, actions }; });
  return { id: 'random', name: '随机', kinds: ['sos'], steps: timed, roundS: Math.max(60, atS + restS), desk: ladder ? emergencyPlan.desk : [] };
});

const parties: fc.Arbitrary<PartyFacts[]> = fc.array(fc.record({
  role: fc.constantFrom(...roles), ord: fc.integer({ min: 1, max: 3 }), key: fc.boolean(), away: fc.option(fc.integer({ min: -30, max: 240 }), { freq: 5 }), near: fc.boolean(), km: fc.integer({ min: 0, max: 20 }),
  number: fc.integer({ min: 0, max: 9 }), landline: fc.boolean(), out: fc.integer({ min: 0, max: 9 }), dark: fc.integer({ min: 0, max: 3 }), strange: fc.integer({ min: 0, max: 3 }), off: fc.integer({ min: 0, max: 5 }), walk: fc.option(fc.integer({ min: 1, max: 12 })),
}), { minLength: 0, maxLength: 14 }).map((list) => list.map((p, i): PartyFacts => ({
  party: `${p.role === 'family' || p.role === 'neighbour' || p.role === 'other' ? 'contact' : 'responder'}:${i}` as Party, role: p.role, ord: p.ord, keyHolder: p.key && p.near,
  reach: far.has(p.role) || p.role === 'family' ? 'county' : p.role === 'town-duty' ? 'town' : p.near ? 'village' : 'town', distanceKm: p.near || far.has(p.role) ? 0 : p.km,
  phoneKey: p.number < 2 ? `shared${p.number}` : `n${i}`, landline: p.landline && p.role === 'town-duty', optedOut: p.out === 0, absentUntil: p.away === null ? null : 1_800_000_000_000 + p.away * 60_000,
  ...(p.dark === 0 ? { cutOff: true as const } : {}), ...(p.strange === 0 ? { strange: true as const } : {}), ...(p.off === 0 && far.has(p.role) ? { offDuty: true as const } : {}), ...(p.walk !== null && p.near ? { walkMinutes: p.walk } : {}),
})));

export const villages: fc.Arbitrary<Village> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }), plan: fc.oneof(plans, fc.constant(emergencyPlan)), roster: parties, alarms: fc.integer({ min: 1, max: 3 }), inOutage: fc.boolean(), hours: fc.constantFrom(0.5, 1, 2), silent: fc.boolean(),
});
