/**
 * How much of one turn of the loop the frames of all connections may take together (law 8). A poll hands over what has come on every socket at once; with a thousand of
 * them that is one turn of many milliseconds, in which the database's answer to an alarm waits unread. So each turn handles what fits into its share, and the
 * rest stands in line for the next turns, in order; a connection that brought an alarm does not stand in line.
 */
import { limits } from '#core/limits.ts';

export type Share = {
  /** Whether there is time left in this turn, and nobody before who waits. */ free(): boolean;
  /** Runs `work` in one of the next turns, in order. */ later(work: () => void): void;
};

export function createShare(now: () => number = () => performance.now()): Share {
  let line: (() => void)[] = [];
  let at = 0;
  /** When this turn's share began; null: nothing of it is used yet. */
  let beganMs: number | null = null;
  let armed = false;
  const left = (): boolean => {
    beganMs ??= now();
    return now() - beganMs < limits.shareOfTurnMs;
  };
  /** Between two polls: a new share begins. */
  const turn = (): void => {
    armed = false;
    beganMs = null;
    while (at < line.length && left()) (line[at++] as () => void)();
    // Under load the line never ends: what is done leaves it all the same.
    if (at === line.length || at > 4_096) { line = line.slice(at); at = 0; }
    if (line.length > 0) arm();
    // What comes with the next poll has a share of its own.
    beganMs = null;
  };
  const arm = (): void => {
    if (armed) return;
    armed = true;
    setImmediate(turn);
  };
  return {
    free() {
      if (at < line.length) return false;
      arm();
      return left();
    },
    later(work) {
      line.push(work);
      arm();
    },
  };
}
