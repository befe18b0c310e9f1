/** Reading our own Prometheus text. */
import { describe, expect, it } from 'vitest';
import { createRate, sumOf } from './figures.ts';

describe('figures', () => {
  it('sums one name over labels and processes, and nothing that only begins like it', () => {
    const text = '# HELP anling_x X\n# TYPE anling_x counter\nanling_x{role="edge",a="1"} 4\nanling_x{role="edge",a="2"} 2.5\nanling_x_total 100\nanling_y NaN\n';
    expect([sumOf(text, 'anling_x'), sumOf(text, 'anling_x_total'), sumOf(text, 'anling_y'), sumOf(text, 'anling_z')]).toEqual([6.5, 100, null, null]);
  });
  it('makes a rate of two samples, none of a counter that began anew', () => {
    let now = 0;
    const rate = createRate(() => now);
    expect(rate(100)).toBeNull();
    now = 500;
    expect(rate(150)).toBeNull(); // too near to the first
    now = 2_000;
    expect(rate(300)).toBe(100);
    expect(rate(300)).toBe(100);
    now = 4_000;
    expect([rate(10), rate(null)]).toEqual([null, null]);
  });
});
