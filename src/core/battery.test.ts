/** The end of a battery from its readings: a line is continued, a new battery begins anew, and little is called little. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batteryOutlook } from './battery.ts';
import { limits } from './limits.ts';

const day = 86_400_000;
const now = 1_700_000_000_000;
/** `n` days of readings that end now at `end`, falling by `perDay`. */
const line = (n: number, end: number, perDay: number, noise: (i: number) => number = () => 0): { at: number; percent: number }[] =>
  Array.from({ length: n }, (_, i) => ({ at: now - (n - 1 - i) * day, percent: end + (n - 1 - i) * perDay + noise(i) }));

describe('the end of a battery', () => {
  it('is where its line comes to the end, whatever the slope, within a tenth for readings in whole percents [B9]', () => {
    fc.assert(fc.property(fc.integer({ min: 20, max: 60 }), fc.double({ min: 0.3, max: 1, noNaN: true }), fc.integer({ min: 30, max: 90 }), (end, perDay, n) => {
      const exact = batteryOutlook(line(n, end, perDay), now);
      const truth = (end - limits.batteryEndPercent) / perDay;
      expect(exact.daysLeft).toBeCloseTo(truth, 6);
      const rounded = batteryOutlook(line(n, end, perDay).map((r) => ({ ...r, percent: Math.round(r.percent) })), now);
      expect(Math.abs((rounded.daysLeft ?? -1) - truth)).toBeLessThan(truth * 0.1 + 1 / perDay);
      expect(batteryOutlook(line(n, end, perDay).toReversed(), now)).toEqual(exact);
    }));
  });

  it('counts from its last new battery, and from what was last heard on to now [B9]', () => {
    const old = Array.from({ length: 30 }, (_, i) => ({ at: now - (60 - i) * day, percent: 50 - i }));
    expect(batteryOutlook([...old, ...line(20, 80.5, 1)], now)).toMatchObject({ kind: 'falling', readings: 20, daysLeft: expect.closeTo(70.5, 6) });
    expect(batteryOutlook([...old, ...line(3, 98, 1)], now)).toMatchObject({ kind: 'few', readings: 3 });
    expect(batteryOutlook(line(30, 40, 1), now + 10 * day).daysLeft).toBeCloseTo(20, 6);
    expect(batteryOutlook(line(30, 12, 1), now + 10 * day).daysLeft).toBe(0);
  });

  it('says when there is too little, and when nothing falls: never an end that nothing shows [B9]', () => {
    expect(batteryOutlook([], now)).toEqual({ kind: 'few', readings: 0, days: 0, daysLeft: null, perDay: null });
    expect(batteryOutlook(line(limits.batteryDaysMin, 50, 2), now).kind).toBe('few');
    expect(batteryOutlook(line(3, 50, 2).map((r, i) => ({ ...r, at: now - (2 - i) * 20 * day })), now).kind).toBe('few');
    expect(batteryOutlook(line(60, 99, 0, (i) => i % 2), now)).toMatchObject({ kind: 'steady', daysLeft: null });
    expect(batteryOutlook(line(60, 40, -0.5), now)).toMatchObject({ kind: 'steady', perDay: 0 });
    fc.assert(fc.property(fc.array(fc.record({ at: fc.integer({ min: now - 90 * day, max: now }), percent: fc.integer({ min: 0, max: 100 }) }), { maxLength: 100 }), (readings) => {
      const { kind, daysLeft } = batteryOutlook(readings, now);
      expect(daysLeft === null).toBe(kind !== 'falling');
      if (daysLeft !== null) { expect(daysLeft).toBeGreaterThanOrEqual(0); expect(daysLeft).toBeLessThanOrEqual(limits.batteryDaysMax); }
    }));
  });
});
