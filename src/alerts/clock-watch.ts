/**
 * The watcher of the one clock (law 9). A database clock that is set back would keep every timer of every alarm waiting for as long
 * as it went back: the offset takes that up at once, so that durations go on, and gives it back by a fiftieth of real time. A watcher that
 * has just started (a machine that comes up with a wrong clock) knows by the newest beat what the clock had shown before. A step
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
  let last: { atMs: number; wallMs: number; owedMs: number } | null = null;
  return async () => {
    const before = monotonic();
    const clock = await readClock(db);
    const after = monotonic();
    if (after - before > readMsMax) return 0;
    const atMs = (before + after) / 2;
    // The database's own clock, whatever other nodes, or a demonstration that travels, have done to the offset since.
    const wallMs = clock.now - clock.offsetMs;
    const passedMs = last === null ? 0 : atMs - last.atMs;
    // Who has just begun knows only from the beats what the clock had shown.
    const backMs = last === null ? Math.max(0, Math.round((clock.beatAt ?? 0) - clock.now)) : Math.round(last.wallMs + passedMs - wallMs);
    /** What other nodes took up since, or, below zero, gave back. */
    const othersMs = last === null ? 0 : clock.owedMs - last.owedMs;
    let movedMs = 0;
    if (backMs > limits.clockStepMs) {
      if (backMs - othersMs > limits.clockStepMs) {
        if (!(await moveClock(db, clock, backMs))) return 0; // somebody else has moved it: looked at again, from what was seen before the step
        movedMs = backMs;
      }
      steps.inc({ direction: 'back' });
      log.error({ backMs, taken: movedMs > 0 }, 'the clock of the database was set back; durations go on, shown times come right slowly');
    } else if (backMs < -limits.clockStepMs) {
      steps.inc({ direction: 'forward' });
      log.warn({ forwardMs: -backMs }, 'the clock of the database went forward');
    } else if (clock.owedMs > 0 && passedMs > 0) {
      // All nodes together give back so much, not each.
      const byMs = -Math.min(clock.owedMs, Math.max(0, Math.ceil(Math.min(passedMs, limits.pollMs) * giveBackShare) + Math.min(0, othersMs)));
      if (byMs < 0 && await moveClock(db, clock, byMs)) movedMs = byMs;
    }
    last = { atMs, wallMs, owedMs: clock.owedMs + movedMs };
    return movedMs;
  };
}
