/**
 * The virtual clock and everything that runs on it: one thread, one seeded source of chance, processes that die and are held, a
 * database that is one step away from each of them. While it runs it is the process's own clock and chance, so that the engine's code
 * runs as it is. Between any two steps of a process anything may happen, and the same seed makes it happen again.
 */
import type { Db, Row, Sql } from '#store/pool.ts';
import { StoreError, type Surroundings, Tx, type Written } from './memory.ts';
import type { Statement } from './statements-alerts.ts';
import { execute } from './statements-queue.ts';
import { makeTables, type Tables } from './tables.ts';

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
  readonly open = new Set<Tx>();
  readonly hear = new Map<string, () => void>();
  constructor(name: string) { this.name = name; }
}

type Moment = { at: number; no: number; who: Process | null; run: (() => void) | null; napMs: number };
const sooner = (a: Moment, b: Moment): boolean => a.at < b.at || (a.at === b.at && a.no < b.no);
/** Delays of loops that look whether there is work: nothing happens in them while nothing is due. */
const napsMs = new Set([250, 1_000, 60_000]);

export class Clock {
  /** Monotonic milliseconds. */ now = 0;
  current: Process | null = null;
  steps = 0;
  #no = 0;
  readonly #heap: Moment[] = [];
  #naps: Moment[] = [];
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
      await new Promise((resolve) => realImmediate(resolve));
    }
    this.current = null;
  }
}

const realImmediate = setImmediate;

/** Makes the virtual clock and the seeded chance this process's own until the answer is called. */
export function install(clock: Clock, chance: Chance): () => void {
  const random = Math.random;
  const [timeout, clear, perf, bytes] = [globalThis.setTimeout, globalThis.clearTimeout, performance.now, crypto.getRandomValues];
  const later = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): object => {
    const whole = Math.max(0, Math.round(ms));
    const moment = clock.at(clock.now + whole, clock.current, () => run(...args), clock.current && napsMs.has(whole) ? whole : 0);
    return { moment, unref() { return this; }, ref() { return this; } };
  };
  globalThis.setTimeout = later as never;
  globalThis.clearTimeout = ((handle?: { moment?: Moment }) => { if (handle?.moment) handle.moment.run = null; }) as never;
  performance.now = () => clock.now;
  Math.random = chance.next;
  crypto.getRandomValues = ((into: Uint8Array) => { for (let i = 0; i < into.length; i++) into[i] = chance.int(0, 255); return into; }) as never;
  return () => { globalThis.setTimeout = timeout; globalThis.clearTimeout = clear; performance.now = perf; Math.random = random; crypto.getRandomValues = bytes; };
}

/** The county's day 2030-01-07 in the morning. */
const epoch = Date.UTC(2030, 0, 7, 0, 0, 0);

/** The database that all processes share. Away, every statement fails; flaky, commits are lost or their answers are. */
export class Database {
  readonly tables: Tables = makeTables();
  readonly locks = new Map<string, never>();
  away = false;
  /** Statements that mean something else: a control's planted fault. */ twist: Readonly<Record<string, Statement>> | undefined;
  flaky = 0;
  /** What the machine's clock has been stepped by. */ steppedMs = 0;
  awayCount = 0;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly processes = new Set<Process>();
  committed: (written: readonly Written[], who: Process | null) => void = () => {};
  failed: (error: Error) => void = () => {};

  constructor(clock: Clock, chance: Chance) {
    this.clock = clock;
    this.chance = chance;
    this.tables.feed_counter.put('1', { id: '1', seq: 0 });
    this.tables.clock.put('1', { id: '1', offset_ms: 0, owed_ms: 0 });
  }

  now(): number { return epoch + this.clock.now + this.steppedMs + (this.tables.clock.rows.get('1')?.offset_ms ?? 0); }

  readonly #around: Surroundings = {
    now: () => this.now(),
    after: (ms, then) => { const m = this.clock.at(this.clock.now + ms, this.clock.current, then); return () => { m.run = null; }; },
    resume: (who, then) => { this.clock.at(this.clock.now, who as Process | null, then); },
  };

  /** One way to the database and back; on two of three nobody else comes in between, which is only faster: the next seed chooses others. */
  #step(who: Process, tx: Tx | null): Promise<void> {
    if (!this.away && this.flaky === 0 && tx?.over !== true && this.chance.yes(2 / 3)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.clock.at(this.clock.now + this.chance.int(0, 2), who, () => {
        if (this.away) return reject(new StoreError('ECONNREFUSED', 'connect ECONNREFUSED'));
        if (tx?.over) return reject(new StoreError('57P01', 'terminating connection due to administrator command'));
        if (this.flaky > 0 && this.chance.yes(this.flaky / 20)) { tx?.end(); return reject(new StoreError('08006', 'Connection terminated unexpectedly')); }
        resolve();
      });
    });
  }

  db(who: Process): Db {
    /** `alone`: one statement is its own transaction, one way there and back. */
    const tx = async <T>(work: (sql: Sql) => Promise<T>, alone = false): Promise<T> => {
      const t = new Tx(this.locks, this.#around, who);
      who.open.add(t);
      try {
        const result = await work({
          query: async <R extends Row>(text: string, values: readonly unknown[] = [], name?: string): Promise<R[]> => {
            await this.#step(who, t);
            return structureless<R>(await execute(t, this.tables, text, values, name, this.twist));
          },
        });
        if (!alone) await this.#step(who, t);
        // Between the commit and its answer a process may die, or be held: then it does not know what it has done.
        if (this.#commit(t, who)) await new Promise<void>((resolve) => { this.clock.at(this.clock.now + this.chance.int(0, 1), who, resolve); });
        return result;
      } catch (error) {
        if (!(error instanceof StoreError) || error.code === 'XX000') this.failed(error as Error);
        throw error;
      } finally {
        t.end();
        who.open.delete(t);
      }
    };
    return {
      tx: (work) => tx(work), query: (text, values, name) => tx((sql) => sql.query(text, values, name), true),
      listen: async () => async () => {}, close: async () => {},
    };
  }

  /** Whether anything was written. */
  #commit(t: Tx, who: Process): boolean {
    const unknown = this.flaky > 0 && this.chance.yes(this.flaky);
    if (unknown && this.chance.yes(0.5)) throw new StoreError('ECONNRESET', 'read ECONNRESET'); // before it was written
    const hints = [...t.hints];
    const written = t.commit();
    if (written.length > 0) this.committed(written, who);
    for (const channel of hints) for (const p of this.processes) {
      // A hint may be lost: then the poll finds it (law 2).
      if (p.alive && p.hear.has(channel) && this.chance.yes(0.9)) this.clock.at(this.clock.now + this.chance.int(0, 3), p, () => p.hear.get(channel)?.());
    }
    if (unknown) throw new StoreError('ECONNRESET', 'read ECONNRESET'); // after it was written: nobody knows
    return written.length > 0;
  }

  /** Sessions end without a word: their transactions are rolled back, their locks are free. */
  cut(of: Iterable<Process>): void { for (const p of of) for (const t of [...p.open]) { t.end(); if (!p.alive) p.open.delete(t); } }
}

/** Rows as the driver gives them: plain objects of their own. */
const structureless = <R extends Row>(rows: readonly Row[]): R[] => rows.map((r) => ({ ...r })) as R[];

/** When some loop would find work, by the monotonic clock. */
export function nextDue(database: Database): number {
  const d = database.tables;
  if ((d.event.indexed('waiting', '')?.size ?? 0) > 0 || (d.reply.indexed('queue', '')?.size ?? 0) > 0 || (d.outbox.indexed('unhandled', '')?.size ?? 0) > 0) return 0;
  let at = Infinity;
  for (const t of d.timer.indexed('live', '')?.values() ?? []) at = Math.min(at, t.due_at);
  for (const o of d.outbox.indexed('state', 'due')?.values() ?? []) at = Math.min(at, o.due_at);
  for (const o of d.outbox.indexed('state', 'sending')?.values() ?? []) at = Math.min(at, o.lease_until ?? 0);
  for (const o of d.outbox.indexed('check', '')?.values() ?? []) at = Math.min(at, o.check_at ?? 0);
  return at - (database.now() - database.clock.now);
}
