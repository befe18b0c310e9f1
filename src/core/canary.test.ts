/** When the self-check is said to have failed: two bad presses, or none; never for one, never for the one under way; within ten minutes in every case. */
import { describe, expect, it } from 'vitest';
import { type CanaryState, canaryTrouble } from './canary.ts';
import { limits } from './limits.ts';

const minute = 60_000;
const good = (more: Partial<CanaryState> = {}): CanaryState => ({ now: 0, nextAt: 5 * minute, okAt: 0, busyUntil: null, failures: 0, failed: null, legs: {}, ...more });

describe('the verdict on the self-check [B8]', () => {
  it('is nothing after a good press, a single bad one, or while the second is under way', () => {
    expect(canaryTrouble(good())).toBeNull();
    expect(canaryTrouble(good({ failures: 1, failed: 'x' }))).toBeNull();
    expect(canaryTrouble(good({ failures: 2, failed: 'x', busyUntil: 1 }))).toBeNull();
  });

  it('names the leg after two in a row, also when they never ended', () => {
    expect(canaryTrouble(good({ failures: 2, failed: 'the MQTT door (edge): refused' }))).toContain('2 times in a row: the MQTT door (edge): refused');
    expect(canaryTrouble(good({ failures: 2, failed: 'it was begun and did not end', busyUntil: -1 }))).toContain('did not end');
  });

  it('comes within ten minutes of the last good press, whoever dies: the worker (no press), a leg at once, a leg that hangs', () => {
    const nobody = Array.from({ length: 601 }, (_, s) => s * 1000).find((now) => canaryTrouble(good({ now })) !== null) ?? Number.POSITIVE_INFINITY;
    expect(nobody + 20_000).toBeLessThan(10 * minute); // the look, and what it must hold for
    const midway = limits.canaryEveryMs + limits.canaryAgainMs + limits.canaryOverdueMs; // pressed once more, then died
    expect(midway + 20_000).toBeLessThan(10 * minute);
    expect(limits.canaryEveryMs + limits.canaryAgainMs + 2 * limits.canaryMs + 20_000).toBeLessThan(10 * minute);
  });
});
