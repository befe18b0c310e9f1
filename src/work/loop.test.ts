/** A loop whose turn never ends, and one that goes on. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { limits } from '#core/limits.ts';
import { longestTurn, startLoop } from './loop.ts';

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }); });
afterEach(() => { vi.useRealTimers(); });

it('a promise that never settles stands in readiness, and lasts long enough for the process to end itself; a loop that turns does neither [RF22]', async () => {
  let end = (): void => {};
  const held = startLoop({ name: 'held', turn: () => new Promise((resolve) => { end = () => resolve(false); }), onError: () => {} });
  const steady = startLoop({ name: 'steady', turn: () => Promise.resolve(false), onError: () => {} });
  await vi.advanceTimersByTimeAsync(limits.turnMs - 1_000);
  expect([held.ready(), steady.ready()]).toEqual(['held: first turn not finished', null]);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([held.ready(), steady.ready()]).toEqual(['held: a turn has lasted 62 s', null]);
  await vi.advanceTimersByTimeAsync(limits.stuckMs);
  expect(longestTurn()).toMatchObject({ name: 'held' });
  expect(longestTurn()?.ms).toBeGreaterThan(limits.stuckMs);
  end();
  await vi.advanceTimersByTimeAsync(0);
  expect([held.ready(), longestTurn()]).toEqual([null, null]);
  await Promise.all([held.stop(), steady.stop()]);
});
