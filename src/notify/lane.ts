/**
 * A lane: claims as many messages as it has free places and works on them side by side. A gateway that hangs fills the
 * places of one lane only; emergencies and the rest, SMS and voice, have lanes of their own (law 8).
 */
import { type Loop, startLoop } from '#work/loop.ts';
import { pause } from '#work/pause.ts';

export type LaneOptions<T> = {
  name: string; places: number;
  claim(rows: number): Promise<T[]>;
  /** Works on one; must not reject. */ work(item: T): Promise<void>;
  onError(error: unknown, inARow: number): void;
};

/** Milliseconds. */
const laterMs = 30;

/** `stop` waits for what is under way, which is bounded by the gateway's deadline. */
export function startLane<T>(options: LaneOptions<T>): Loop & { busy(): number } {
  const underWay = new Set<Promise<void>>();
  /** More may be due than there was room for: only then are free places a reason to look: a quarter of them at once, fewer a moment later. Looking after each message took a fifth of a busy worker. */
  let full = false;
  const few = Math.floor(options.places * 0.75);
  let later = false;
  const freed = (): void => {
    if (!full) return;
    if (underWay.size <= few) loop.wake();
    else if (!later) { later = true; void pause(laterMs).then(() => { later = false; loop.wake(); }); }
  };
  const loop = startLoop({
    name: options.name, onError: options.onError,
    async turn() {
      const free = options.places - underWay.size;
      if (free <= 0) { full = true; return false; }
      const items = await options.claim(free);
      full = items.length === free;
      for (const item of items) {
        const work: Promise<void> = options.work(item).finally(() => { underWay.delete(work); freed(); });
        underWay.add(work);
      }
      return full && underWay.size < options.places;
    },
  });
  return { name: options.name, ready: () => loop.ready(), wake: () => loop.wake(), busy: () => underWay.size, async stop() { await loop.stop(); await Promise.all(underWay); } };
}
