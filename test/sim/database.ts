/**
 * The database that all processes share, one step away from each of them. Away, every statement fails; flaky, commits are lost or their
 * answers are; slow, each way to it takes seconds.
 */
import { type Db, isTransient, type Row, type Sql, sqlState } from '#store/pool.ts';
import { type Ending, StoreError, type Surroundings, Tx, type Written } from './memory.ts';
import type { Chance, Clock, Process } from './runtime.ts';
import type { Statement } from './statements-alerts.ts';
import { execute } from './statements-queue.ts';
import { makeTables, type Tables } from './tables.ts';

/** The county's day 2030-01-07 in the morning. */
const epoch = Date.UTC(2030, 0, 7, 0, 0, 0);

/** One transaction, as the database that keeps it does it. */
export type Work = Ending & {
  readonly over: boolean;
  run(text: string, values: readonly unknown[], name: string | undefined): Promise<Row[]>;
  commit(): Promise<void>;
  /** Its own end, a rollback if it was not committed; `end` is the session's, cut off by others. */ leave(): void;
};

export class Database {
  readonly tables: Tables = makeTables();
  readonly locks = new Map<string, never>();
  away = false;
  /** Statements that mean something else: a control's planted fault. */ twist: Readonly<Record<string, Statement>> | undefined;
  flaky = 0;
  slow = false;
  /** What the machine's clock has been stepped by. */ steppedMs = 0;
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

  /** The machine's own clock, on which the database and the edge stand. */
  wall(): number { return epoch + this.clock.now + this.steppedMs; }
  /** The one clock. */
  now(): number { return this.wall() + (this.tables.clock.rows.get('1')?.offset_ms ?? 0); }

  readonly #around: Surroundings = {
    now: () => this.now(),
    after: (ms, then) => { const m = this.clock.at(this.clock.now + ms, this.clock.current, then); return () => { m.run = null; }; },
    resume: (who, then) => { this.clock.at(this.clock.now, who as Process | null, then); },
  };

  /** A transaction of this process; `alone`: one statement that is its own. `wrote` hears what was written at the moment of the commit, before anybody else goes on. */
  protected begin(who: Process, _alone: boolean, wrote: (written: readonly Written[]) => void): Work {
    const t = new Tx(this.locks, this.#around, who);
    return {
      get over() { return t.over; }, end: () => t.end(), leave: () => t.end(),
      run: async (text, values, name) => structureless(await execute(t, this.tables, text, values, name, this.twist)),
      commit: async () => wrote(t.commit()),
    };
  }

  /** One way to the database and back; on two of three nobody else comes in between, which is only faster: the next seed chooses others. */
  #step(who: Process, tx: Work): Promise<void> {
    if (!this.away && this.flaky === 0 && !this.slow && !tx.over && this.chance.yes(2 / 3)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.clock.at(this.clock.now + (this.slow ? this.chance.int(200, 2_000) : this.chance.int(0, 2)), who, () => {
        if (this.away) return reject(new StoreError('ECONNREFUSED', 'connect ECONNREFUSED'));
        if (tx.over) return reject(new StoreError('57P01', 'terminating connection due to administrator command'));
        if (this.flaky > 0 && this.chance.yes(this.flaky / 20)) { tx.end(); return reject(new StoreError('08006', 'Connection terminated unexpectedly')); }
        resolve();
      });
    });
  }

  db(who: Process): Db {
    const tx = async <T>(work: (sql: Sql) => Promise<T>, alone = false): Promise<T> => {
      const hints = new Set<string>();
      let wrote = false;
      const t = this.begin(who, alone && this.flaky === 0, (written) => {
        wrote = written.length > 0;
        if (wrote) this.committed(written, who);
        this.#hint(hints);
      });
      who.open.add(t);
      // One connection: what is sent together is done one after the other, and after a failure nothing any more.
      let before: Promise<boolean> = Promise.resolve(true);
      try {
        const result = await work({
          query: <R extends Row>(text: string, values: readonly unknown[] = [], name?: string): Promise<R[]> => {
            const mine = before.then(async (well) => {
              if (!well) throw new StoreError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
              await this.#step(who, t);
              for (const channel of hintsOf(text, values, name)) hints.add(channel);
              return (await t.run(text, values, name)) as R[];
            });
            before = mine.then(() => true, () => false);
            return mine;
          },
        });
        if (!alone) await this.#step(who, t);
        // Between the commit and its answer a process may die, or be held: then it does not know what it has done.
        await this.#commit(t);
        if (wrote) await new Promise<void>((resolve) => { this.clock.at(this.clock.now + this.chance.int(0, 1), who, resolve); });
        return result;
      } catch (error) {
        if (!isStores(error)) this.failed(error as Error);
        throw error;
      } finally {
        t.leave();
        who.open.delete(t);
      }
    };
    return {
      tx: (work) => tx(work), query: (text, values, name) => tx((sql) => sql.query(text, values, name), true), close: async () => {},
      listen: async (channels, hear) => {
        for (const channel of channels) who.hear.set(channel, () => hear(channel, ''));
        return async () => { for (const channel of channels) who.hear.delete(channel); };
      },
    };
  }

  async #commit(t: Work): Promise<void> {
    const unknown = this.flaky > 0 && this.chance.yes(this.flaky);
    if (unknown && this.chance.yes(0.5)) throw new StoreError('ECONNRESET', 'read ECONNRESET'); // before it was written
    await t.commit();
    if (unknown) throw new StoreError('ECONNRESET', 'read ECONNRESET'); // after it was written: nobody knows
  }

  /** A hint may be lost: then the poll finds it (law 2). */
  #hint(channels: ReadonlySet<string>): void {
    for (const channel of channels) for (const p of this.processes)
      if (p.alive && p.hear.has(channel) && this.chance.yes(0.9)) this.clock.at(this.clock.now + this.chance.int(0, 3), p, () => p.hear.get(channel)?.());
  }

  /** Sessions end without a word: their transactions are rolled back, their locks are free. */
  cut(of: Iterable<Process>): void { for (const p of of) for (const t of [...p.open]) { t.end(); if (!p.alive) p.open.delete(t); } }
}

/** An error that a database may answer; others are mistakes of the engine or of the simulation. */
const isStores = (error: unknown): boolean => error instanceof StoreError ? error.code !== 'XX000' : /^(08|23505|40|53|55P03|57)/.test(sqlState(error) ?? '') || isTransient(error);

const hintsOf = (text: string, values: readonly unknown[], name?: string): string[] => {
  const one = /pg_notify\('(\w+)'/.exec(text)?.[1];
  return one !== undefined ? [one] : name === 'hint' ? (values[0] as string[]) : [];
};

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
