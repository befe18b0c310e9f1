/**
 * The database's clock as an estimate between two looks (law 9): a device's time is judged by it, no deadline hangs on it.
 * It runs on the monotonic clock, so a step of this machine's wall clock does not move it.
 */
import { limits } from '#core/limits.ts';
import { databaseNow } from '#store/nodes.ts';
import type { Db } from '#store/pool.ts';
import { startLoop, type Service } from '#work/loop.ts';

export type DatabaseClock = Service & { now(): number; /** Looks again at once. */ look(): void };

/** Looks at `anling_now()` once a second; before the first look the wall clock serves. */
export function startDatabaseClock(db: Db): DatabaseClock {
  let base = Date.now() - performance.now();
  const loop = startLoop({
    name: 'clock', pollMs: limits.pollMs, onError: () => {},
    async turn() {
      const before = performance.now();
      const now = await databaseNow(db);
      base = now - (before + performance.now()) / 2;
      return false;
    },
  });
  return { name: 'clock', ready: () => null, stop: () => loop.stop(), look: () => loop.wake(), now: () => base + performance.now() };
}
