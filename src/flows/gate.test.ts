/** The schedule gate goes by the county's clock and by when something happened; a night belongs to the day on which it begins. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';

const { within } = createRequire(import.meta.url)('../../flows/nodes/anling-gate.js') as { within(at: number, from: number, to: number, days: number[]): boolean };
const at = (text: string): number => Date.parse(`${text}+08:00`);
const hour = (h: number): number => h * 60;

describe('the schedule gate [C11]', () => {
  it('knows hours, nights over midnight, and days', () => {
    const night = (text: string, days: number[] = []): boolean => within(at(text), hour(22), hour(6), days);
    expect(['2026-11-27T21:59:59', '2026-11-27T22:00:00', '2026-11-28T00:00:00', '2026-11-28T05:59:59', '2026-11-28T06:00:00'].map((t) => night(t))).toEqual([false, true, true, true, false]);
    // 27 November 2026 is a Friday (5): its night reaches into Saturday, Thursday's into it.
    expect([night('2026-11-27T23:00:00', [5]), night('2026-11-28T03:00:00', [5]), night('2026-11-27T03:00:00', [5]), night('2026-11-28T23:00:00', [5])]).toEqual([true, true, false, false]);
    expect([night('2026-11-30T03:00:00', [7]), night('2026-11-30T03:00:00', [1])]).toEqual([true, false]); // Monday's small hours are Sunday's night
    expect([within(at('2026-11-27T08:00:00'), hour(8), hour(17), []), within(at('2026-11-27T17:00:00'), hour(8), hour(17), []), within(at('2026-11-28T09:00:00'), hour(8), hour(17), [1, 2, 3, 4, 5])]).toEqual([true, false, false]);
    expect(within(at('2026-11-28T12:00:00'), hour(0), hour(24), [6])).toBe(true);
  });
});
