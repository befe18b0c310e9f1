/** Waiting for what is away: tried again while that may pass, thrown when it cannot, ended when nobody wants it. */
import { describe, expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

const never = new Promise<void>(() => {});
const away = new Error('away');
const passes = (error: unknown): boolean => error === away;

describe('waitFor', () => {
  it('tries until it starts, and says each time why not', async () => {
    const seen: number[] = [];
    let tries = 0;
    const made = await waitFor({ start: () => (++tries < 4 ? Promise.reject(away) : Promise.resolve('made')), passes, onWait: (_, n) => seen.push(n), given: never, pauseMs: 1 });
    expect([made, seen]).toEqual(['made', [1, 2, 3]]);
  });

  it('throws what does not pass, and is given up at once', async () => {
    await expect(waitFor({ start: () => Promise.reject(new Error('wrong key')), passes, onWait: () => {}, given: never })).rejects.toThrow('wrong key');
    expect(await waitFor({ start: () => Promise.reject(away), passes, onWait: () => {}, given: Promise.resolve('SIGTERM'), pauseMs: 60_000 })).toBe(null);
  });
});
