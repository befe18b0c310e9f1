/** Signal over days: weak, falling, steady, or too little to say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from './clock.ts';
import { limits } from './limits.ts';
import { type SignalDay, signalTrend } from './signal.ts';

const now = 1_800_000_000_000;
const days = (n: number, of: (ago: number) => number): SignalDay[] => Array.from({ length: n }, (_, i) => ({ at: now - i * dayMs - 1, mean: of(i), worst: of(i) - 5 }));

describe('the signal of a device', () => {
  it('is weak by its last week, falling against the days before it, else steady; little is called little [B9]', () => {
    expect(signalTrend(days(30, () => -70), now)).toEqual({ kind: 'steady', days: 30, now: -70, before: -70 });
    expect(signalTrend(days(30, (ago) => (ago < 7 ? -85 : -75)), now)).toEqual({ kind: 'falling', days: 30, now: -85, before: -75 });
    expect(signalTrend(days(30, (ago) => (ago < 7 ? limits.signalWeakDbm - 1 : -60)), now).kind).toBe('weak');
    expect(signalTrend(days(30, (ago) => (ago < 7 ? -60 : -110)), now).kind).toBe('steady'); // it was mended
    expect(signalTrend(days(2, () => -120), now)).toEqual({ kind: 'few', days: 2, now: -120, before: null });
    expect(signalTrend([], now)).toEqual({ kind: 'few', days: 0, now: null, before: null });
  });

  it('does not depend on the order, and a better signal is never called worse [B9]', () => {
    fc.assert(fc.property(fc.array(fc.record({ at: fc.integer({ min: now - 60 * dayMs, max: now }), mean: fc.integer({ min: -130, max: -30 }) }), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (list, more) => {
      const all = list.map((d) => ({ ...d, worst: d.mean }));
      const one = signalTrend(all, now);
      const other = signalTrend(all.toReversed(), now);
      expect([one.kind, one.days]).toEqual([other.kind, other.days]);
      const better = signalTrend(all.map((d) => (d.at > now - 7 * dayMs ? { ...d, mean: d.mean + more } : d)), now);
      const rank = { few: 0, steady: 0, falling: 1, weak: 2 };
      expect(rank[better.kind]).toBeLessThanOrEqual(rank[one.kind]);
    }));
  });
});
