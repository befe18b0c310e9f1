/** The stand-in's clock: the wall clock, and what a demonstration that travels in time has put it ahead. What waits for a time comes due by the jump too. */
export type StandinClock = {
  now(): number;
  /** Calls `work` once, after so long by this clock; returns the way to forget it. */ after(ms: number, work: () => void): () => void;
  /** How far ahead of the wall clock it is from now on; what has become due is done at once, in its order. */ setAhead(ms: number): void;
  stop(): void;
};
type Waiting = { dueAt: number; work: () => void; timer: NodeJS.Timeout };

export function createClock(aheadMs = 0): StandinClock {
  const waiting = new Set<Waiting>();
  const now = (): number => Date.now() + aheadMs;
  const fire = (w: Waiting): void => { clearTimeout(w.timer); if (waiting.delete(w)) w.work(); };
  const arm = (w: Waiting): void => { w.timer = setTimeout(() => fire(w), Math.max(0, w.dueAt - now())).unref(); };
  return {
    now,
    after(ms, work) {
      const w = { dueAt: now() + ms, work } as Waiting;
      waiting.add(w);
      arm(w);
      return () => { clearTimeout(w.timer); waiting.delete(w); };
    },
    setAhead(ms) {
      aheadMs = ms;
      for (const w of [...waiting].sort((a, b) => a.dueAt - b.dueAt)) {
        if (w.dueAt <= now()) fire(w);
        else { clearTimeout(w.timer); arm(w); }
      }
    },
    stop() { for (const w of waiting) clearTimeout(w.timer); waiting.clear(); },
  };
}
