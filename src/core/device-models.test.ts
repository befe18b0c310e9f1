/** What may be changed of a model: no window but for a fall, no class that there is none of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceType } from './decision.ts';
import { alarmsOf, confirmWindowMaxS, modelProblems } from './device-models.ts';

describe('a change of a model', () => {
  it('lets nothing but a fall wait, never longer than is declared, whatever is asked [LAW5]', () => {
    fc.assert(fc.property(fc.constantFrom(...(Object.keys(alarmsOf) as DeviceType[])), fc.oneof(fc.integer({ min: -5, max: 90 }), fc.double({ min: 0, max: 40 })), (type, confirmWindowS) => {
      const allowed = Number.isInteger(confirmWindowS) && confirmWindowS >= 0 && confirmWindowS <= (alarmsOf[type].includes('fall') ? confirmWindowMaxS : 0);
      expect(modelProblems(type, { confirmWindowS }, []).map((p) => p.field)).toEqual(allowed ? [] : ['confirmWindowS']);
    }));
  });

  it('names each field that is wrong', () => {
    expect(modelProblems('smoke', { name: ' ', supervisionClass: '7d' }, ['24h', '1h']).map((p) => `${p.field}: ${p.expected}`)).toEqual(['name: a name of at most 40 characters', 'supervisionClass: one of 24h, 1h']);
    expect(modelProblems('smoke', { name: '烟感', supervisionClass: '1h' }, ['24h', '1h'])).toEqual([]);
  });
});
