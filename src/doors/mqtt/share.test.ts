import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createShare } from './share.ts';

it('hands on what fits into a turn, and the rest in the next ones, in order [LAW8]', async () => {
  let clock = 0;
  const share = createShare(() => clock);
  const done: number[] = [];
  const work = (n: number) => (): void => { done.push(n); clock += limits.shareOfTurnMs / 2; };
  expect(share.free()).toBe(true);
  work(0)();
  expect(share.free()).toBe(true);
  work(1)();
  expect(share.free()).toBe(false);
  for (const n of [2, 3, 4, 5, 6]) share.later(work(n));
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3]);
  expect(share.free(), 'somebody stands in line').toBe(false);
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5]);
  await nextTurn();
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(share.free()).toBe(true);
});
