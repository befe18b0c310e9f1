/** A clock of its own for a trial: what runs in this process reads and waits by it (Date, setTimeout, setInterval), so that a day of events passes in seconds and a node of 8 o'clock fires at 8 of that day. */

type Timer = { due: number; order: number; everyMs: number | null; ms: number; run: () => void };
export type VirtualClock = {
  now(): number;
  /** Goes on to `to`; each timer that is due on the way runs at its time, followed by `settled`. */ advance(to: number, settled: () => Promise<void>): Promise<void>;
  /** Goes on by so much at once, without waiting for anything: while the process starts. */ jump(ms: number): void;
  /** Timers that have fired. */ fired(): number;
  /** Everything as it was. */ remove(): void;
};

/** Replaces the clock and the timers of this process. What took the real ones before keeps them. */
export function installClock(start: number, scope: typeof globalThis = globalThis): VirtualClock {
  const real = { Date: scope.Date, setTimeout: scope.setTimeout, setInterval: scope.setInterval, clearTimeout: scope.clearTimeout, clearInterval: scope.clearInterval };
  let at = start;
  let order = 0;
  let fired = 0;
  const timers = new Map<number, Timer>();

  class VirtualDate extends real.Date {
    constructor(...given: [] | [number | string | Date]) { if (given.length === 0) super(at); else super(...given as [number]); }
    static override now(): number { return at; }
  }
  class Handle {
    readonly id: number;
    constructor(id: number) { this.id = id; }
    ref(): this { return this; }
    unref(): this { return this; }
    hasRef(): boolean { return true; }
    refresh(): this { const timer = timers.get(this.id); if (timer) timer.due = at + timer.ms; return this; }
    close(): this { timers.delete(this.id); return this; }
    [Symbol.toPrimitive](): number { return this.id; }
    [Symbol.dispose](): void { timers.delete(this.id); }
  }
  const set = (every: boolean) => (act: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): Handle => {
    const wait = Math.max(1, Math.min(Number(ms) || 1, 2 ** 31 - 1));
    const id = ++order;
    timers.set(id, { due: at + wait, order: id, everyMs: every ? wait : null, ms: wait, run: () => act(...args) });
    return new Handle(id);
  };
  const clear = (given: unknown): void => {
    if (given instanceof Handle) timers.delete(given.id);
    else if (typeof given === 'number' || typeof given === 'string') timers.delete(Number(given));
    else if (given !== undefined && given !== null) real.clearTimeout(given as NodeJS.Timeout);
  };
  Object.assign(scope, { Date: VirtualDate, setTimeout: set(false), setInterval: set(true), clearTimeout: clear, clearInterval: clear });

  const next = (to: number): [number, Timer] | null => {
    let first: [number, Timer] | null = null;
    for (const one of timers) if (one[1].due <= to && (first === null || one[1].due < first[1].due || (one[1].due === first[1].due && one[1].order < first[1].order))) first = one;
    return first;
  };
  const fire = ([id, timer]: [number, Timer]): void => {
    at = Math.max(at, timer.due);
    if (timer.everyMs === null) timers.delete(id); else timer.due = at + timer.everyMs;
    fired++;
    timer.run();
  };
  return {
    now: () => at, fired: () => fired,
    async advance(to, settled) {
      for (let due = next(to); due !== null; due = next(to)) { fire(due); await settled(); }
      at = Math.max(at, to);
    },
    jump(ms) {
      const to = at + ms;
      for (let due = next(to), n = 0; due !== null && n < 10_000; due = next(to), n++) fire(due);
      at = Math.max(at, to);
    },
    remove() { Object.assign(scope, real); },
  };
}
