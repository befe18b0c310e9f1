/**
 * The watcher of the one clock (law 9). A database clock that is set back would keep every timer of every alarm waiting for as long
 * as it went back: the offset takes that up at once, so that durations go on, and gives it back by a fiftieth of real time. A step
 * forward is left: timers fire early, which is the safe side, and a machine that slept has truly lost that time.
 */
import { limits } from '#core/limits.ts';
import type { Monotonic } from '#core/clock.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { moveClock, readClock } from '#store/clock.ts';
import type { Db } from '#store/pool.ts';
import { type Loop, startLoop } from '#work/loop.ts';

export type ClockWatchOptions = { db: Db; log: Logger; metrics: Metrics; monotonic?: Monotonic };
/** A reading that took longer says too little about the moment it is of. */
const readMsMax = 500;
const giveBackShare = 1 / 50;

export function startClockWatch(options: ClockWatchOptions): Loop {
  const look = createClockWatch(options);
  return startLoop({
    name: 'clock-watch',
    async turn() { await look(); return false; },
    onError: (error, inARow) => { if (inARow === 1) options.log.warn({ error: (error as Error).message }, 'the clock could not be looked at'); },
  });
}

/** One look; answers by how many milliseconds it moved the clock. */
export function createClockWatch({ db, log, metrics, monotonic = () => performance.now() }: ClockWatchOptions): () => Promise<number> {
  const steps = metrics.counter('clock_steps_total', 'Steps of the database clock', ['direction']);
  let last: { atMs: number; now: number; offsetMs: number } | null = null;
  return async () => {
    const before = monotonic();
    const clock = await readClock(db);
    const after = monotonic();
    if (after - before > readMsMax) return 0;
    const atMs = (before + after) / 2;
    const passedMs = last === null ? 0 : atMs - last.atMs;
    // Moved by another node, or by a test's time machine: begun anew.
    const backMs = last === null || last.offsetMs !== clock.offsetMs ? 0 : Math.round(last.now + passedMs - clock.now);
    let movedMs = 0;
    if (backMs > limits.clockStepMs) {
      steps.inc({ direction: 'back' });
      if (await moveClock(db, clock, backMs)) movedMs = backMs;
      log.error({ backMs, taken: movedMs > 0 }, 'the clock of the database was set back; durations go on, shown times come right slowly');
    } else if (backMs < -limits.clockStepMs) {
      steps.inc({ direction: 'forward' });
      log.warn({ forwardMs: -backMs }, 'the clock of the database went forward');
    } else if (clock.owedMs > 0 && passedMs > 0) {
      const byMs = -Math.min(clock.owedMs, Math.ceil(Math.min(passedMs, limits.pollMs) * giveBackShare));
      if (await moveClock(db, clock, byMs)) movedMs = byMs;
    }
    last = { atMs, now: clock.now + movedMs, offsetMs: clock.offsetMs + movedMs };
    return movedMs;
  };
}
