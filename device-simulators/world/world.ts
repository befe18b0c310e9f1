/**
 * Time as scenarios know it: the house's. A scenario waits and looks through this port alone and never touches a timer, so that
 * the same file runs in real time from the command line and in travelled time in a test or for a demonstration.
 */

export type World = {
  /** The house's time, epoch ms. */ now(): number;
  /** Resolves when so much of the house's time has gone by; rejects with Stopped. */ wait(ms: number): Promise<void>;
  /** The first answer that is not null or false; null when there was none within this time. Rejects with Stopped. */
  until<T>(look: () => T | null | false | Promise<T | null | false>, withinMs: number): Promise<T | null>;
  /** Calls `work` whenever time has gone on, until the answer is called. */ each(work: (now: number) => void): () => void;
  /** How travelled time goes on: the longest step, and whether all that it made due is waited for; real time goes as it goes. */ pace(stepMs: number, careful?: boolean): void;
  /** The night stands still so long for whoever watches; where nobody does, it goes on. */ linger(ms: number): Promise<void>;
};

/** Somebody ended the run (Ctrl-C). */
export class Stopped extends Error {
  constructor() { super('stopped'); this.name = 'Stopped'; }
}

/** How often real time is looked at. */
const tickMs = 100;
const lookMs = 200;

/** A world of one run, which somebody may end. */
export type OwnWorld = World & { /** Every wait ends now, with Stopped. */ stop(): void; close(): void };

/** Real time, `aheadMs` before this machine's clock as the house's is. */
export function realWorld(aheadMs: () => number): OwnWorld {
  const works = new Set<(now: number) => void>();
  const stopping = new AbortController();
  const now = (): number => Date.now() + aheadMs();
  const timer = setInterval(() => { for (const work of works) work(now()); }, tickMs);
  const wait = (ms: number): Promise<void> => new Promise((resolve, reject) => {
    if (stopping.signal.aborted) { reject(new Stopped()); return; }
    const halt = (): void => { clearTimeout(end); reject(new Stopped()); };
    const end = setTimeout(() => { stopping.signal.removeEventListener('abort', halt); resolve(); }, ms);
    stopping.signal.addEventListener('abort', halt, { once: true });
  });
  return {
    now, wait,
    until: (look, withinMs) => lookUntil(look, withinMs, now, () => wait(lookMs)),
    each(work) { works.add(work); return () => works.delete(work); },
    pace() {}, linger: async () => {},
    stop() { stopping.abort(); },
    close() { clearInterval(timer); works.clear(); },
  };
}

export type Travel = {
  /** Moves the house's clock ahead and answers what it is then. */ advance(ms: number): Promise<number>;
  /** Resolves when everything that the step made due is done: frames acknowledged, events evaluated, messages sent. */ settled(careful: boolean): Promise<void>; /** Real time for whoever watches. */ linger?(ms: number): Promise<void>;
  /** The house's time to begin with. */ startAt: number; /** One step. */ stepMs: number;
};

/** Time that goes in steps, as fast as the house can follow. */
export function travelledWorld(travel: Travel): OwnWorld {
  const works = new Set<(now: number) => void>();
  let now = travel.startAt;
  let stopped = false;
  let [stepMs, careful] = [travel.stepMs, true];
  const step = async (ms: number): Promise<void> => {
    if (stopped) throw new Stopped();
    now = await travel.advance(ms);
    for (const work of works) work(now);
    await travel.settled(careful);
  };
  return {
    now: () => now,
    async wait(ms) { for (const end = now + ms; now < end;) await step(Math.min(stepMs, end - now)); },
    async until(look, withinMs) {
      await travel.settled(careful);
      return lookUntil(look, withinMs, () => now, () => step(stepMs));
    },
    each(work) { works.add(work); return () => works.delete(work); },
    pace(ms, wait = false) { [stepMs, careful] = [ms, wait]; },
    async linger(ms) { await travel.linger?.(ms); },
    stop() { stopped = true; },
    close() { works.clear(); },
  };
}

async function lookUntil<T>(look: () => T | null | false | Promise<T | null | false>, withinMs: number, now: () => number, pause: () => Promise<void>): Promise<T | null> {
  for (const end = now() + withinMs; ;) {
    const found = await look();
    if (found !== null && found !== false) return found;
    if (now() >= end) return null;
    await pause();
  }
}
