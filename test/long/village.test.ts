/** The promise of escalation (test/sim/village.test.ts) over many more villages, new ones each time; one that breaks it is named by its seed and path. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runVillage } from '#test/sim/village.ts';
import { villages } from '#test/sim/village-random.ts';

it('every P1 is committed by a human or has attempted every rung of every round in order, over ten thousand villages [E1 E2 E5 E7 FF6 FF9 I3 I4 LAW6]', () => {
  fc.assert(fc.property(villages, (v) => { expect(runVillage(v).broken).toEqual([]); }), { numRuns: 10_000 });
}, 1_200_000);
