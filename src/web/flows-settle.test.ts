/** Numbers that come late are waited for, and never for ever. */
import { describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createSettle } from './flows-settle.ts';

describe('events in the order of their numbers [C11]', () => {
  it('waits at a gap, gives what fills it, and goes past one that nothing fills', () => {
    let now = 0;
    const settle = createSettle(() => now);
    expect(settle(0, [1, 2, 4, 5])).toBe(2);
    now = limits.flowsGapMs - 1;
    expect(settle(2, [4, 5])).toBe(0);
    expect(settle(2, [3, 4, 5])).toBe(3); // it was only late
    expect(settle(5, [7, 9])).toBe(0);
    now += limits.flowsGapMs;
    expect(settle(5, [7, 9])).toBe(1); // each gap has its own time
    now += limits.flowsGapMs;
    expect(settle(5, [7, 9])).toBe(2);
    expect(settle(9, [])).toBe(0);
  });
});
