/**
 * The same simulated house on real PostgreSQL: its statements, snapshots, locks and constraints, on sessions of their own for each
 * transaction, under the same virtual clock and the same judge. Requests are put to the server one at a time, and the clock stands until
 * each is answered or waits for a lock of another session, so that the seed still decides who comes when. Not decided by the seed: what the
 * server itself does beside (autovacuum, plans, which of several waiters is served first, a deadlock found). `anling_now()` reads the virtual
 * clock from a file; what a commit has written is noted by triggers and mirrored into the tables that judge and world look at.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Db, openDb, type Sql, sqlState } from '#store/pool.ts';
import { Database, type Work } from './database.ts';
import { type Rec, StoreError, type Table, type Written } from './memory.ts';
import { fillIn, mirrored } from './postgres-rows.ts';
import { type Chance, type Clock, type Process, realTimeout } from './runtime.ts';

type Session = { db: Db; pid: number };
type Request = { who: Process | null; work: () => Promise<unknown>; session: Session | null; lockMs: number; give: (deliver: () => void) => void; resolve: (value: unknown) => void; reject: (error: unknown) => void };
type Waiting = { request: Request; ended: Promise<void>; over: boolean; stop: () => void };
/** Longer than nearly every statement takes; then it is asked whether it waits for a lock. */
const patienceMs = 4;
const lockMsMax = 10_000;
/** A statement without a transaction around it: it writes nothing and waits for nobody. */
const onlyReads = (text: string): boolean => /^\s*select\b/i.test(text) && !/\bfor (no key )?(update|share)\b/i.test(text);

const cutOff = (): StoreError => new StoreError('57P01', 'terminating connection due to administrator command');

/** One transaction: the driver's own, held open until it is told how it ends. */
class PostgresWork {
  session: Session | null = null;
  over = false;
  #sql: Promise<Sql> | null = null;
  get opened(): boolean { return this.#sql !== null; }
  readonly #commits = Promise.withResolvers<boolean>();
  ended: Promise<unknown> = Promise.resolve();

  open(db: Db): Promise<Sql> {
    this.#sql ??= new Promise((opened, failed) => {
      const tx = db.tx(async (sql) => { opened(sql); if (!(await this.#commits.promise)) throw cutOff(); });
      tx.catch(failed);
      this.ended = tx.catch(() => {});
      this.#committed = tx;
    });
    return this.#sql;
  }

  #committed: Promise<unknown> = Promise.resolve();
  async commit(): Promise<void> { this.#commits.resolve(true); await this.#committed; }
  rollback(): void { this.#commits.resolve(false); }
}

export class PostgresDatabase extends Database {
  readonly #url: string;
  readonly #observer: Db;
  readonly #folder = mkdtempSync(join(tmpdir(), 'anling-sim-clock-'));
  readonly #free: Session[] = [];
  readonly #all = new Set<Session>();
  readonly #requests: Request[] = [];
  readonly #waiting = new Set<Waiting>();
  readonly #open = new Set<PostgresWork>();
  #freed = new Map<Waiting, () => void>();
  #toldMs = Number.NaN;
  /** For the run's report. */ readonly did = { requests: 0, waits: 0, sessions: 0, commits: 0 };

  constructor(url: string, clock: Clock, chance: Chance) {
    super(clock, chance);
    // Nobody cuts its power here: what is simulated is what a commit means, not when the disk has it.
    const own = new URL(url);
    own.searchParams.set('options', '-c synchronous_commit=off');
    this.#url = own.href;
    this.#observer = openDb({ url: own.href, max: 1, name: 'sim-observer', statementMs: 60_000 });
    clock.settled = () => this.#settled();
  }

  /** Puts the clock and the triggers in, and the county that stands in the tables in memory. The database is migrated and empty. */
  async prepare(): Promise<void> {
    chmodSync(this.#folder, 0o755);
    this.#tell();
    await this.#observer.query(`create or replace function anling_now() returns timestamptz language sql stable as $$ select to_timestamp(pg_read_file('${this.#file}')::float8 / 1000) + offset_ms * interval '1 ms' from clock_offset $$`);
    await fillIn(this.#observer, this.tables);
    await this.#observer.query('create unlogged table sim_change (no bigint generated always as identity, name text not null, key text not null)');
    await this.#observer.query(`create function sim_note() returns trigger language plpgsql as $$ begin
      if tg_op = 'DELETE' then execute format('insert into sim_change (name, key) select $1, (%s)::text from (select ($2).*) r', tg_argv[0]) using tg_table_name, old;
      else execute format('insert into sim_change (name, key) select $1, (%s)::text from (select ($2).*) r', tg_argv[0]) using tg_table_name, new; end if;
      return null; end $$`);
    for (const { name, key } of mirrored) await this.#observer.query(`create trigger sim_note after insert or update or delete on ${name} for each row execute function sim_note('${key.replaceAll("'", "''")}')`);
  }

  async close(): Promise<void> {
    // A run that ended in the middle leaves transactions open: nobody goes on with them.
    await this.#observer.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
    for (const t of this.#open) t.rollback();
    for (const { db } of this.#all) db.close().catch(() => {});
    await this.#observer.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #file(): string { return join(this.#folder, 'now'); }
  /** The server reads whole files only: written beside, then put in its place. */
  #tell(): void {
    if (this.wall() === this.#toldMs) return;
    this.#toldMs = this.wall();
    writeFileSync(`${this.#file}.next`, String(this.#toldMs), { mode: 0o644 });
    renameSync(`${this.#file}.next`, this.#file);
  }

  protected override begin(who: Process, alone: boolean, wrote: (written: readonly Written[]) => void): Work {
    const t = new PostgresWork();
    this.#open.add(t);
    const ask = <T>(work: () => Promise<T>): Promise<T> => this.#request(who, () => t.session, async () => { if (t.over) throw cutOff(); return await work(); }) as Promise<T>;
    return {
      get over() { return t.over; },
      run: (text, values, name) => ask(async () => {
        t.session ??= await this.#session();
        return alone && onlyReads(text) ? await t.session.db.query(text, values, name) : await (await t.open(t.session.db)).query(text, values, name);
      }),
      commit: async () => {
        if (!t.opened) return wrote([]);
        await ask(async () => { await t.commit(); this.did.commits++; wrote(await this.#written(who)); });
      },
      // A session that is cut off is gone, whatever it was doing; one that ends by itself rolls back, if it must, and serves again.
      end: () => {
        const { session } = t;
        if (t.over) return;
        t.over = true;
        this.#open.delete(t);
        if (session) this.#aside(async () => { await this.#observer.query('select pg_terminate_backend($1, 5000)', [session.pid]); t.rollback(); this.#all.delete(session); await session.db.close(); });
      },
      leave: () => {
        const { session } = t;
        if (t.over) return;
        t.over = true;
        this.#open.delete(t);
        if (session) this.#aside(async () => { t.rollback(); await t.ended; this.#free.push(session); });
      },
    };
  }

  /** Something that no process waits for. */
  #aside(work: () => Promise<unknown>): void { this.#request(null, () => null, () => work().catch(() => {})).catch(() => {}); }

  async #session(): Promise<Session> {
    const free = this.#free.pop();
    if (free) return free;
    const db = openDb({ url: this.#url, max: 1, name: 'sim', statementMs: 600_000 });
    const [row] = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
    const session = { db, pid: row?.pid ?? 0 };
    this.#all.add(session);
    this.did.sessions++;
    return session;
  }

  /** In its turn; its answer reaches the process as a step of its own. */
  #request(who: Process | null, session: () => Session | null, work: () => Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#requests.push({ who, work, get session() { return session(); }, lockMs: lockMsMax, resolve, reject, give: (deliver) => { this.clock.at(this.clock.now, who, deliver); } });
    });
  }

  /** Everything that was asked is answered or waits for a lock. */
  async #settled(): Promise<void> {
    if (this.#requests.length === 0) return;
    this.clock.real = true; // the driver's own timers are not the county's
    try {
      for (let request = this.#requests.shift(); request; request = this.#requests.shift()) {
        this.#tell();
        this.did.requests++;
        const others = [...this.#waiting];
        this.#freed = new Map();
        await this.#patience(this.#put(request));
        for (const other of others) await this.#patience(other);
        // Whom it let go on hears of that after it, in the order in which they had come.
        for (const other of others) this.#freed.get(other)?.();
      }
    } finally { this.clock.real = false; }
  }

  #put(request: Request): Waiting {
    const waiting: Waiting = { request, over: false, stop: () => {}, ended: Promise.resolve() };
    const done = (deliver: () => void): void => {
      waiting.over = true;
      waiting.stop();
      if (this.#waiting.delete(waiting) && this.clock.real) this.#freed.set(waiting, () => request.give(deliver)); else request.give(deliver);
    };
    waiting.ended = request.work().then((value) => done(() => request.resolve(value)), (error: unknown) => done(() => request.reject(error)));
    return waiting;
  }

  /** Until it is answered, or the server says that it waits for another. */
  async #patience(waiting: Waiting): Promise<void> {
    while (!waiting.over) {
      await Promise.race([waiting.ended, new Promise((resolve) => realTimeout(resolve, patienceMs))]);
      if (waiting.over) return;
      const pid = waiting.request.session?.pid;
      if (pid === undefined || (await this.#observer.query('select 1 from pg_locks where pid = $1 and not granted', [pid], 'sim-waits')).length === 0) continue;
      if (!this.#waiting.has(waiting)) this.#park(waiting, pid);
      return;
    }
  }

  /** Its wait is the virtual clock's: too long, and it is told so as the server would. */
  #park(waiting: Waiting, pid: number): void {
    this.did.waits++;
    this.#waiting.add(waiting);
    const { request } = waiting;
    const reject = request.reject;
    const late = this.clock.at(this.clock.now + request.lockMs, null, () => {
      request.reject = (error) => reject(sqlState(error) === '57014' ? new StoreError('55P03', 'canceling statement due to lock timeout') : error);
      this.#aside(() => this.#observer.query('select pg_cancel_backend($1)', [pid]));
    });
    waiting.stop = () => { late.run = null; };
  }

  /** What has been committed since, in the order of the writing, and into the mirror with it. */
  async #written(who: Process): Promise<Written[]> {
    const changes = await this.#observer.query<{ name: string; key: string }>('with gone as (delete from sim_change returning no, name, key) select name, key from gone order by no', [], 'sim-changes');
    const out: Written[] = [];
    for (const { name, table, key, row } of mirrored) {
      const keys = [...new Set(changes.filter((c) => c.name === name).map((c) => c.key))];
      if (keys.length === 0) continue;
      const rows = new Map((await this.#observer.query(`select r.*, (${key})::text as sim_key from ${name} r where (${key})::text = any($1)`, [keys], `sim-${name}`)).map((r) => [String(r['sim_key']), r]));
      const into = this.tables[table] as unknown as Table;
      for (const found of keys) {
        const raw = rows.get(found);
        const before = into.rows.get(found);
        const after = raw ? ({ ...row(raw, before), id: found } as Rec) : null;
        if (after && name === 'outbox' && after['lease_token'] !== before?.['lease_token']) after['holder'] = who;
        else if (after && name === 'outbox') after['holder'] = before?.['holder'];
        out.push({ table: into, before, after });
      }
    }
    for (const { table, after, before } of out) table.put((after ?? before)?.id ?? '', after);
    return out;
  }
}
