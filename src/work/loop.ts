/**
 * The claim loop: takes turns while there is work, then naps until a hint (`wake`) or the poll (law 2: at most 1 s).
 * A turn that throws is reported and tried again with growing pauses; the loop itself never ends but by `stop`.
 */
import { limits } from '#core/limits.ts';

export type Service = {
  readonly name: string;
  /** Null when ready, else the reason why not, in words for /readyz. */
  ready(): string | null;
  stop(): Promise<void>;
};
export type Loop = Service & { wake(): void };
export type LoopOptions = {
  name: string; pollMs?: number;
  /** One turn; true when there may be more to do at once. Must be bounded in rows and time. */
  turn(signal: AbortSignal): Promise<boolean>;
  onError(error: unknown, inARow: number): void;
};

/** Turns under way in this process. */
const turns = new Set<{ name: string; sinceMs: number }>();

/** The turn that has lasted longest, for the process that watches itself; null when none is under way. */
export function longestTurn(): { name: string; ms: number } | null {
  const [oldest] = [...turns].sort((a, b) => a.sinceMs - b.sinceMs);
  return oldest ? { name: oldest.name, ms: performance.now() - oldest.sinceMs } : null;
}

/** Also after a failure the poll of law 2 holds: when the database is back, what waits is found within a second. */
const pauseMsMax = limits.pollMs;

export function startLoop(options: LoopOptions): Loop {
  const stopping = new AbortController();
  const pollMs = options.pollMs ?? limits.pollMs;
  let hinted = false;
  let endNap: (() => void) | null = null;
  let failures = 0;
  let reason: string | null = `${options.name}: first turn not finished`;
  let turn: { name: string; sinceMs: number } | null = null;
  /** A turn that does not end is seen by nobody else: the process beats, its other loops go on. */
  const held = (): string | null => {
    const ms = turn === null ? 0 : performance.now() - turn.sinceMs;
    return ms > limits.turnMs ? `${options.name}: a turn has lasted ${Math.round(ms / 1_000)} s` : null;
  };
  const nap = (ms: number): Promise<void> => new Promise((resolve) => {
    if (hinted || stopping.signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    endNap = () => { clearTimeout(timer); resolve(); };
  });
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      hinted = false;
      let more = false;
      turn = { name: options.name, sinceMs: performance.now() };
      turns.add(turn);
      try {
        more = await options.turn(stopping.signal);
        failures = 0;
        reason = null;
      } catch (error) {
        failures++;
        if (failures > 2) reason = `${options.name}: ${failures} failures in a row: ${(error as Error).message}`;
        options.onError(error, failures);
      } finally {
        turns.delete(turn);
        turn = null;
      }
      if (failures > 0) { hinted = false; await nap(Math.min(100 * 2 ** failures, pauseMsMax)); } else if (!more) await nap(pollMs);
      endNap = null;
    }
  };
  const done = run();
  const wake = (): void => { hinted = true; if (failures === 0) endNap?.(); };
  return { name: options.name, wake, ready: () => held() ?? reason, async stop() { stopping.abort(); endNap?.(); await done; } };
}
