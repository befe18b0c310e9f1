/** Vital signs at their limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { vitalsChanges, type VitalsMemory } from './vitals.ts';

describe('vitalsChanges', () => {
  const walk = (readings: Parameters<typeof vitalsChanges>[1][]): string[] => {
    const memory: VitalsMemory = {};
    return readings.flatMap((r) => vitalsChanges(memory, r).map((c) => `${c.kind} ${c.edge} ${c.metric} ${c.value}`));
  };

  it('raises on a transition only, with hysteresis on the way back', () => {
    expect(walk([{ heartRate: 131 }, { heartRate: 160 }, { heartRate: 129 }, { heartRate: 131 }, { heartRate: 125 }, { heartRate: 131 }]))
      .toEqual(['vital-high raise heartRate 131', 'vital-high clear heartRate 125', 'vital-high raise heartRate 131']);
  });

  it('clears a side when its last metric is back', () => {
    expect(walk([{ heartRate: 140, bodyTemp: 40 }, { heartRate: 80 }, { bodyTemp: 36.5 }])).toEqual(['vital-high raise heartRate 140', 'vital-high raise bodyTemp 40', 'vital-high clear bodyTemp 36.5']);
  });

  it('a jump from one side to the other raises the one and clears the other', () => {
    expect(walk([{ heartRate: 140 }, { heartRate: 30 }])).toEqual(['vital-high raise heartRate 140', 'vital-low raise heartRate 30', 'vital-high clear heartRate 30']);
  });

  it('every side ends cleared when everything is well inside again, and nothing raises inside its limits', () => {
    const reading = fc.record({ heartRate: fc.integer({ min: 0, max: 400 }), spo2: fc.integer({ min: 0, max: 100 }), sbp: fc.integer({ min: 0, max: 400 }) }, { requiredKeys: [] });
    fc.assert(fc.property(fc.array(reading, { maxLength: 20 }), (readings) => {
      const memory: VitalsMemory = {};
      const open = new Set<string>();
      for (const r of [...readings, { heartRate: 72, spo2: 98, sbp: 120 }])
        for (const c of vitalsChanges(memory, r)) {
          if (c.edge === 'clear') open.delete(c.kind); else open.add(c.kind);
          if (c.edge === 'raise') expect(c.value > limits.vitals[c.metric].high || c.value < limits.vitals[c.metric].low).toBe(true);
        }
      expect([...open]).toEqual([]);
    }));
  });
});
