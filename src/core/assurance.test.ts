/** Whose minute of the weekly ring it is, what is day and night, and what proofs say of a village. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssuranceSettings, defaultAssurance, noticesOf, type ReachFacts, ringDue, shiftOf, verdictOf, weekOf } from './assurance.ts';
import { limits } from './limits.ts';

const zone = 8 * 3_600_000;
const at = (iso: string): number => Date.parse(`${iso}+08:00`);
const monday = at('2026-11-23T00:00:00');
const minute = 60_000;
const day = 24 * 60 * minute;
const on: AssuranceSettings = { ...defaultAssurance, weekly: true };

describe('the weekly ring', () => {
  it('has one minute of the week for each number, inside the hours of the day only, and never before it [E11]', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 64 }), (key) => {
      let first: number | null = null;
      for (let t = monday; t < monday + 7 * day; t += 10 * minute) {
        const due = ringDue(key, 'care-worker', 'day', on, t);
        if (!due) continue;
        first ??= t;
        const clock = (t + zone) % day;
        expect(clock).toBeGreaterThanOrEqual(8.5 * 60 * minute);
        expect(clock).toBeLessThan(17.5 * 60 * minute);
      }
      expect(first, 'everybody has a turn').not.toBeNull();
    }), { numRuns: 40 });
  });

  it('is spread over the days and the hours: no day has more than twice its share, the seventh is for what was missed', () => {
    const days = new Array<number>(7).fill(0);
    for (let i = 0; i < 1_400; i++) {
      for (let t = monday; t < monday + 7 * day; t += 30 * minute) if (ringDue(`number ${i}`, 'doctor', 'day', on, t)) { const d = Math.floor((t - monday) / day); days[d] = (days[d] ?? 0) + 1; break; }
    }
    expect(days.reduce((a, b) => a + b)).toBe(1_400);
    expect(Math.max(...days)).toBeLessThan(467);
  });

  it('comes by night only to the roles that the county has named, once in four weeks [E11]', () => {
    const nights = (settings: AssuranceSettings, role: 'town-duty' | 'care-worker'): number => {
      let n = 0;
      for (let w = 0; w < 8; w++) for (let t = monday + w * 7 * day; t < monday + (w + 1) * 7 * day; t += 10 * minute) if (ringDue('one', role, 'night', settings, t)) { n++; expect(shiftOf(t)).toBe('night'); t = monday + (w + 1) * 7 * day; }
      return n;
    };
    expect([nights(on, 'town-duty'), nights({ ...on, nightRoles: ['town-duty'] }, 'town-duty'), nights({ ...on, nightRoles: ['town-duty'] }, 'care-worker')]).toEqual([0, 8 / limits.ringNightWeeks, 0]);
  });

  it('knows the county’s weeks and nights, and rings nobody while it is off', () => {
    expect(weekOf(monday - 1).day).toBe('2026-11-16');
    expect(weekOf(monday)).toEqual({ day: '2026-11-23', from: monday });
    expect(['2026-11-23T05:59:00', '2026-11-23T06:00:00', '2026-11-23T21:59:00', '2026-11-23T22:00:00'].map((t) => shiftOf(at(t)))).toEqual(['night', 'day', 'day', 'night']);
    for (let t = monday; t < monday + 7 * day; t += 60 * minute) expect(ringDue('a', 'doctor', 'day', defaultAssurance, t)).toBe(false);
  });
});

describe('a village', () => {
  const now = monday + day;
  const person = (more: Partial<ReachFacts> = {}): ReachFacts => ({ absentUntil: null, offDuty: false, cutOff: false, broken: false, dayAt: now - day, nightAt: now - day, ...more });
  it('has nobody when all are away or have broken numbers; an outage is another thing [E10]', () => {
    expect(verdictOf([], now)).toEqual({ level: 'nobody', people: 0, available: 0, day: 0, night: 0 });
    expect(verdictOf([person({ absentUntil: now + 1 }), person({ broken: true })], now).level).toBe('nobody');
    expect(verdictOf([person({ absentUntil: now + 1 }), person({ cutOff: true })], now).level).toBe('cut-off');
    expect(verdictOf([person({ absentUntil: now - 1 }), person({ broken: true })], now)).toEqual({ level: 'good', people: 2, available: 1, day: 1, night: 1 });
  });

  it('is unproven without an answer in fifteen days, without a night in forty-five; a night counts by day too [E10 E11]', () => {
    expect(verdictOf([person({ dayAt: null, nightAt: null })], now).level).toBe('unproven');
    expect(verdictOf([person({ nightAt: now - limits.provenNightMs - 1 })], now).level).toBe('no-night');
    expect(verdictOf([person({ dayAt: null })], now).level).toBe('good');
    expect(verdictOf([person({ dayAt: null, nightAt: now - 20 * day })], now).level).toBe('unproven');
  });

  it('is told by itself, and with the town when there are many', () => {
    const of = (town: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${town}${String(i + 1).padStart(3, '0')}`);
    expect([...noticesOf([...of('350425201', 2), ...of('350425100', 4)])]).toEqual([['350425201001', 1], ['350425201002', 1], ['350425100000', 4]]);
  });
});
