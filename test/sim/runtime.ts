/**
 * The virtual clock and everything that runs on it: one thread, one seeded source of chance, processes that die and are held. While it
 * runs it is the process's own clock and chance, so that the engine's code runs as it is. Between any two steps of a process anything
 * may happen, and the same seed makes it happen again.
 */
import type { Ending } from './memory.ts';

/** A small good generator (mulberry32). */
export class Chance {
  #state: number;
  constructor(seed: number) { this.#state = (seed ^ 0x9e3779b9) >>> 0; }
  next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  /** A whole number of from..to. */
  int(from: number, to: number): number { return from + Math.floor(this.next() * (to - from + 1)); }
  yes(share: number): boolean { return this.next() < share; }
  pick<T>(of: readonly T[]): T { return of[Math.floor(this.next() * of.length)] as T; }
}

/** One process. Dead, it never goes on; held (SIGSTOP), all that it would do waits. */
export class Process {
  readonly name: string;
  alive = true;
  heldUntil = 0;
  lastHeldAt = -Infinity;
  readonly open = new Set<Ending>();
  readonly hear = new Map<string, () => void>();
  readonly bornAt: number;
  constructor(name: string, bornAt = 0) { this.name = name; this.bornAt = bornAt; }
}

type Moment = { at: number; no: number; who: Process | null; run: (() => void) | null; napMs: number };
const sooner = (a: Moment, b: Moment): boolean => a.at < b.at || (a.at === b.at && a.no < b.no);
/** Delays of loops that look whether there is work: nothing happens in them while nothing is due. */
const napsMs = new Set([250, 1_000, 2_500, 60_000]);

export class Clock {
  /** Monotonic milliseconds. */ now = 0;
  current: Process | null = null;
  steps = 0;
  #no = 0;
  readonly #heap: Moment[] = [];
  #naps: Moment[] = [];
  /** True while somebody real is waited for: timers set then are real ones. */ real = false;
  /** Waits until everything that a step has begun outside is done. */ settled: (() => Promise<void>) | null = null;
  /** When there will be something to be found, by this clock. */ nextDue: () => number = () => 0;
  /** No nap is cut short before. */ restlessUntil = 0;

  at(at: number, who: Process | null, run: () => void, napMs = 0): Moment {
    const moment: Moment = { at: Math.max(at, this.now), no: this.#no++, who, run, napMs };
    if (napMs > 0) this.#naps.push(moment); else this.#push(moment);
    return moment;
  }
  in(ms: number, run: () => void): Moment { return this.at(this.now + ms, null, run); }

  #push(m: Moment): void {
    const heap = this.#heap;
    let i = heap.push(m) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!sooner(m, heap[up] as Moment)) break;
      heap[i] = heap[up] as Moment;
      i = up;
    }
    heap[i] = m;
  }

  #pop(): Moment | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return top;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && sooner(heap[down + 1] as Moment, heap[down] as Moment)) down++;
      if (!sooner(heap[down] as Moment, last)) break;
      heap[i] = heap[down] as Moment;
      i = down;
    }
    heap[i] = last;
    return top;
  }

  /** The next moment; naps in which nothing can be found are slept through, in whole naps. */
  #next(): Moment | undefined {
    while (this.#heap[0]?.run === null) this.#pop();
    if (this.#naps.some((n) => n.run === null)) this.#naps = this.#naps.filter((n) => n.run !== null);
    let nap = this.#earliestNap();
    const other = this.#heap[0];
    if (!nap || (other && sooner(other, nap))) return this.#pop();
    const until = Math.min(other?.at ?? Infinity, Math.max(this.nextDue(), this.now));
    if (until > nap.at && nap.at >= this.restlessUntil && Number.isFinite(until)) {
      for (const n of this.#naps) if (n.at < until) n.at += Math.ceil((until - n.at) / n.napMs) * n.napMs;
      nap = this.#earliestNap() as Moment;
      if (other && sooner(other, nap)) return this.#pop();
    }
    this.#naps.splice(this.#naps.indexOf(nap), 1);
    return nap;
  }

  #earliestNap(): Moment | undefined {
    let first: Moment | undefined;
    for (const n of this.#naps) if (!first || sooner(n, first)) first = n;
    return first;
  }

  /** Goes on until then, or until `stop` says so. */
  async run(until: number, stop: () => boolean = () => false): Promise<void> {
    let reached = false;
    this.at(until, null, () => { reached = true; });
    while (!reached && !stop()) {
      const m = this.#next();
      if (!m) break;
      this.now = m.at;
      const { who, run } = m;
      if (run === null || (who && !who.alive)) continue;
      if (who && who.heldUntil > this.now) { this.at(who.heldUntil, who, run); continue; }
      this.steps++;
      this.current = who;
      run();
      // Everything that this step can do without waiting is done before the next one.
      // (A tick runs when no promise is left to go on; the real loop has its turn now and then.)
      await new Promise((resolve) => { if (this.steps % 256 === 0) realImmediate(resolve); else process.nextTick(resolve); });
      if (this.settled) await this.settled();
    }
    this.current = null;
  }
}

const realImmediate = setImmediate;
export const realTimeout = setTimeout;

/** Makes the virtual clock and the seeded chance this process's own until the answer is called. */
export function install(clock: Clock, chance: Chance, wall: () => number): () => void {
  const [random, date] = [Math.random, Date.now];
  const [timeout, clear, perf, bytes] = [globalThis.setTimeout, globalThis.clearTimeout, performance.now, crypto.getRandomValues];
  const later = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): object => {
    if (clock.real) return timeout(run, ms, ...args);
    const whole = Math.max(0, Math.round(ms));
    const moment = clock.at(clock.now + whole, clock.current, () => run(...args), clock.current && napsMs.has(whole) ? whole : 0);
    return { moment, unref() { return this; }, ref() { return this; } };
  };
  globalThis.setTimeout = later as never;
  globalThis.setImmediate = ((run: (...args: unknown[]) => void, ...args: unknown[]) => (clock.real ? realImmediate(run, ...args) : later(run, 0, ...args))) as never;
  globalThis.clearTimeout = ((handle?: { moment?: Moment }) => { if (handle?.moment) handle.moment.run = null; else clear(handle as never); }) as never;
  performance.now = () => clock.now;
  Date.now = wall;
  Math.random = chance.next;
  crypto.getRandomValues = ((into: Uint8Array) => { for (let i = 0; i < into.length; i++) into[i] = chance.int(0, 255); return into; }) as never;
  return () => { globalThis.setTimeout = timeout; globalThis.clearTimeout = clear; globalThis.setImmediate = realImmediate; performance.now = perf; Math.random = random; Date.now = date; crypto.getRandomValues = bytes; };
}
