/**
 * A lane: claims as many messages as it has free places and works on them side by side. A gateway that hangs fills the
 * places of one lane only; emergencies and the rest, SMS and voice, have lanes of their own (law 8).
 */
import { type Loop, startLoop } from '#work/loop.ts';

export type LaneOptions<T> = {
  name: string; places: number;
  claim(rows: number): Promise<T[]>;
  /** Works on one; must not reject. */ work(item: T): Promise<void>;
  onError(error: unknown, inARow: number): void;
};

/** `stop` waits for what is under way, which is bounded by the gateway's deadline. */
export function startLane<T>(options: LaneOptions<T>): Loop & { busy(): number } {
  const underWay = new Set<Promise<void>>();
  /** More may be due than there was room for: only then is a free place a reason to look. Looking after each message took a fifth of a busy worker. */
  let full = false;
  const loop = startLoop({
    name: options.name, onError: options.onError,
    async turn() {
      const free = options.places - underWay.size;
      if (free <= 0) { full = true; return false; }
      const items = await options.claim(free);
      full = items.length === free;
      for (const item of items) {
        const work: Promise<void> = options.work(item).finally(() => { underWay.delete(work); if (full) loop.wake(); });
        underWay.add(work);
      }
      return full && underWay.size < options.places;
    },
  });
  return { name: options.name, ready: () => loop.ready(), wake: () => loop.wake(), busy: () => underWay.size, async stop() { await loop.stop(); await Promise.all(underWay); } };
}
