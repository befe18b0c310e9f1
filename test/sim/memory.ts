/**
 * Tables in memory with what the engine relies on of PostgreSQL: transactions under READ COMMITTED, row locks that are waited for or
 * skipped, advisory locks, sequences that a rollback does not turn back, unique keys. What the statements mean stands in
 * statements*.ts; test/db/sim-contract.test.ts runs the same operations on both and compares every row.
 */
import type { Row } from '#store/pool.ts';

export type Rec = Row & { id: string };
/** An error as the driver throws it: `code` is an SQLSTATE, or the socket's. */
export class StoreError extends Error {
  readonly code: string;
  constructor(code: string, message: string) { super(message); this.code = code; }
}

/** Rows by id, with the few indexes that keep a long run fast; a row object is never changed, only replaced. */
export class Table<T extends Rec = Rec> {
  readonly name: string;
  readonly rows = new Map<string, T>();
  readonly #indexes: Map<string, { of: (row: T) => string | null; keys: Map<string, Map<string, T>> }>;
  sequence = 0;

  constructor(name: string, indexes: Record<string, (row: T) => string | null> = {}) {
    this.name = name;
    this.#indexes = new Map(Object.entries(indexes).map(([index, of]) => [index, { of, keys: new Map() }]));
  }

  /** The next identity; like a sequence it is spent even when its transaction rolls back. */
  next(): string { return String(++this.sequence); }

  put(id: string, row: T | null): void {
    const before = this.rows.get(id);
    for (const { of, keys } of this.#indexes.values()) {
      const [was, is] = [before ? of(before) : null, row ? of(row) : null];
      if (was !== null && was !== is) keys.get(was)?.delete(id);
      if (is === null || row === null) continue;
      const bucket = keys.get(is) ?? new Map<string, T>();
      keys.set(is, bucket.set(id, row));
    }
    if (row) this.rows.set(id, row); else this.rows.delete(id);
  }

  indexed(index: string, value: string): Map<string, T> | undefined { return this.#indexes.get(index)?.keys.get(value); }
  keyOf(index: string, row: T): string | null { return this.#indexes.get(index)?.of(row) ?? null; }
}

/** Something under way on the database that a cut ends. */
export type Ending = { end(): void };
export type Written = { table: Table; before: Rec | undefined; after: Rec | null };
type Waiter = { tx: Tx; go(held: boolean): void };
type Lock = { owner: Tx; waiters: Waiter[] };

/** What a transaction needs of the world around it. */
export type Surroundings = {
  /** The one clock now. */ now(): number;
  /** Calls back when so much time has passed; answers how to call that off. */ after(ms: number, then: () => void): () => void;
  /** Begins a continuation of whoever waited. */ resume(who: unknown, then: () => void): void;
};

export class Tx {
  readonly locks: Map<string, Lock>;
  readonly around: Surroundings;
  readonly who: unknown;
  lockMs = 10_000;
  over = false;
  #stopWaiting: (() => void) | null = null;
  readonly #held = new Set<string>();
  readonly #writes = new Map<Table, Map<string, Rec | null>>();

  constructor(locks: Map<string, Lock>, around: Surroundings, who: unknown) { this.locks = locks; this.around = around; this.who = who; }

  now(): number { return this.around.now(); }

  get<T extends Rec>(table: Table<T>, id: string): T | undefined {
    const mine = this.#writes.get(table as never)?.get(id);
    return mine === undefined ? table.rows.get(id) : (mine as T | null) ?? undefined;
  }

  /** Rows by an index, or all of them: what is committed, and what this transaction has written itself. */
  rows<T extends Rec>(table: Table<T>, index?: string, value = ''): T[] {
    const mine = this.#writes.get(table as never) as Map<string, T | null> | undefined;
    const from = index === undefined ? table.rows : table.indexed(index, value);
    if (!mine) return from ? [...from.values()] : [];
    const out = from ? [...from.values()].filter((r) => !mine.has(r.id)) : [];
    for (const row of mine.values()) if (row && (index === undefined || table.keyOf(index, row) === value)) out.push(row);
    return out;
  }

  write<T extends Rec>(table: Table<T>, row: T): void {
    const writes = this.#writes.get(table as never) ?? new Map<string, Rec | null>();
    this.#writes.set(table as never, writes.set(row.id, row));
  }

  /** Takes a lock by name: at once, or (`wait`) when its holder is done; false when skipped. Waiting too long is an error, as there. */
  async hold(name: string, wait: boolean): Promise<boolean> {
    const lock = this.locks.get(name);
    if (!lock) { this.locks.set(name, { owner: this, waiters: [] }); this.#held.add(name); return true; }
    if (lock.owner === this) return true;
    if (!wait) return false;
    const held = await new Promise<boolean>((resolve) => {
      const waiter: Waiter = { tx: this, go: (ok) => { off(); this.around.resume(this.who, () => resolve(ok)); } };
      const off = this.around.after(this.lockMs, () => { lock.waiters.splice(lock.waiters.indexOf(waiter), 1); waiter.go(false); });
      lock.waiters.push(waiter);
      this.#stopWaiting = () => waiter.go(false);
    });
    this.#stopWaiting = null;
    if (this.over) throw new StoreError('57P01', 'terminating connection due to administrator command');
    if (!held) throw new StoreError('55P03', 'canceling statement due to lock timeout');
    this.#held.add(name);
    return true;
  }

  /** Locks rows in their order and answers them as they are then; what no longer fits is left out (READ COMMITTED looks again). */
  async lockRows<T extends Rec>(table: Table<T>, rows: readonly T[], wait: boolean, fits: (row: T) => boolean = () => true, limit = Infinity): Promise<T[]> {
    const out: T[] = [];
    for (const { id } of rows) {
      if (out.length >= limit) break;
      if (!(await this.hold(`${table.name} ${id}`, wait))) continue;
      const row = this.get(table, id);
      if (row && fits(row)) out.push(row);
    }
    return out;
  }

  /** Changes rows that fit, after their locks. */
  async update<T extends Rec>(table: Table<T>, rows: readonly T[], change: (row: T) => Partial<T>, fits: (row: T) => boolean = () => true): Promise<T[]> {
    const out: T[] = [];
    for (const row of await this.lockRows(table, rows, true, fits)) {
      const next = { ...row, ...change(row) };
      this.write(table, next);
      out.push(next);
    }
    return out;
  }

  commit(): Written[] {
    const written: Written[] = [];
    for (const [table, rows] of this.#writes)
      for (const [id, after] of rows) { written.push({ table, before: table.rows.get(id), after }); table.put(id, after); }
    this.end();
    return written;
  }

  /** Gives every lock on to whoever has waited longest. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.#stopWaiting?.();
    for (const name of this.#held) {
      const lock = this.locks.get(name);
      let next = lock?.waiters.shift();
      while (next?.tx.over) next = lock?.waiters.shift();
      if (lock && next) { lock.owner = next.tx; next.tx.#held.add(name); next.go(true); } else this.locks.delete(name);
    }
    this.#held.clear();
    this.#writes.clear();
  }
}
