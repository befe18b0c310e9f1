/** The monthly press: when it is due, exactly, and who is asked for none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs } from './clock.ts';
import { limits } from './limits.ts';
import { testCallOf } from './test-call.ts';

const now = 1_800_000_000_000;
const moment = fc.integer({ min: now - 400 * dayMs, max: now });
const facts = fc.record({ since: moment, lastPressAt: fc.option(moment, { nil: null }), awayUntil: fc.option(fc.integer({ min: now - dayMs, max: now + dayMs }), { nil: null }) });

describe('the monthly press', () => {
  it('is overdue from its millisecond on, not before; being away only excuses [B7]', () => {
    fc.assert(fc.property(facts, fc.integer({ min: 7, max: 180 }), (f, days) => {
      const { state, dueAt } = testCallOf(f, days, now);
      const last = Math.max(f.since, f.lastPressAt ?? f.since);
      expect(dueAt).toBe(last + days * dayMs);
      const away = f.awayUntil !== null && f.awayUntil > now;
      expect(state).toBe(dueAt - now > limits.testCallSoonDays * dayMs ? 'pressed' : away ? 'away' : dueAt <= now ? 'overdue' : 'due');
      const here = { ...f, awayUntil: null };
      expect([testCallOf(here, days, dueAt).state, testCallOf(here, days, dueAt - 1).state]).toEqual(['overdue', 'due']);
    }));
  });

  it('a press of before it was fitted here counts for nothing; pressed again it is due a period later [B7]', () => {
    expect(testCallOf({ since: now - 10 * dayMs, lastPressAt: now - 300 * dayMs, awayUntil: null }, 30, now)).toEqual({ state: 'pressed', dueAt: now + 20 * dayMs });
    fc.assert(fc.property(facts, fc.integer({ min: 8, max: 180 }), (f, days) => { expect(testCallOf({ ...f, lastPressAt: now }, days, now)).toEqual({ state: days > limits.testCallSoonDays ? 'pressed' : 'due', dueAt: now + days * dayMs }); }));
  });
});
