/**
 * Connections to the database. One `Db` is one pool with its own bounds; the urgent lane, the telemetry lane and the web
 * each open their own (law 8), so that none can starve another.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import { copyIn, copyOut } from './copy.ts';

export type Row = Record<string, unknown>;
export type Sql = {
  /** Runs one statement; with `name` it is prepared once per connection. Rows come as plain objects. */
  query<T extends Row = Row>(text: string, values?: readonly unknown[], name?: string): Promise<T[]>;
  /** Inside a transaction: what is to be done once its commit is known. Must not throw. */ committed?(then: () => void): void;
  /** Inside a transaction: hints that leave once it is committed. */ hint?(channels: readonly string[]): void;
};
export type Db = Sql & {
  /** Runs `work` in one READ COMMITTED transaction on one connection; rolls back when it throws. */
  tx<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** A connection of its own that hears NOTIFY; reconnects by itself, hints only (law 2). */
  listen(channels: readonly string[], hear: (channel: string, payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
};
export type DbOptions = { url: string; max: number; name: string; statementMs?: number; log?: Logger };

// int8 (20) stays text: ids are branded strings. timestamptz (1184) becomes epoch milliseconds: one kind of time everywhere.
const types = {
  getTypeParser: (oid: number, format?: string): unknown =>
    oid === 1184 ? (text: string) => Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')) : pg.types.getTypeParser(oid as never, format as never),
};

/** Opens a pool. Every bound that pg leaves open is set: connecting, statements, queries, idle sessions in a transaction. */
export function openDb(options: DbOptions): Db {
  const statementMs = options.statementMs ?? 10_000;
  const settings = {
    connectionString: options.url, application_name: `anling-${options.name}`, connectionTimeoutMillis: 5_000,
    statement_timeout: statementMs, query_timeout: statementMs + 2_000, idle_in_transaction_session_timeout: Math.max(statementMs, limits.hungMs), keepAlive: true, types: types as never,
  };
  // `pipeline`: statements that are sent together travel together (docs/decisions/0043); COPY and LISTEN have clients of their own.
  const pool = new pg.Pool({ ...settings, max: options.max, idleTimeoutMillis: 30_000, pipeline: true } as pg.PoolConfig);
  // Without these handlers a database restart ends the process (node-postgres #2762).
  pool.on('error', (error) => options.log?.warn({ error: error.message }, 'database connection lost'));
  pool.on('connect', (client) => client.on('error', () => {}));
  const run = async <T extends Row>(on: pg.Pool | pg.PoolClient, text: string, values: readonly unknown[] = [], name?: string): Promise<T[]> =>
    (await on.query<T>(name === undefined ? { text, values: [...values] } : { text, values: [...values], name })).rows;
  return {
    query: (text, values, name) => run(pool, text, values, name),
    async tx(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      const after: (() => void)[] = [];
      const hints = new Set<string>();
      try {
        // On its way when the first statement follows it: one wait less, in every transaction. Its error is that statement's error too, and is asked for before the commit.
        const begun = client.query('begin');
        begun.catch(() => {});
        const result = await work({ query: (text, values, name) => run(client, text, values, name), committed: (then) => { after.push(then); }, hint: (channels) => { for (const c of channels) hints.add(c); } });
        await begun;
        await client.query('commit');
        for (const then of after) then();
        if (hints.size > 0) await sendHints((text, values, name) => run(client, text, values, name), [...hints]).catch((e: Error) => { broken = e; });
        return result;
      } catch (error) {
        // A connection that gave no answer gives none to a rollback: it is thrown away, and the server rolls back.
        if (sqlState(error) === null && isTransient(error)) broken = error as Error;
        else await client.query('rollback').catch((e: Error) => { broken = e; });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    listen: (channels, hear) => listen(settings, channels, hear),
    close: () => pool.end(),
  };
}

/**
 * Statements of one transaction that need nothing of each other: sent at once, executed in this order, answered together. All have ended before the first
 * error is thrown, so that nothing of them is sent after the transaction.
 */
export async function together<T extends readonly unknown[]>(work: readonly [...{ [K in keyof T]: Promise<T[K]> }]): Promise<T> {
  const ended = await Promise.allSettled(work);
  const errors = ended.flatMap((e) => (e.status === 'rejected' ? [e.reason as unknown] : []));
  // What came after the one that failed is refused because the transaction is lost already: that is not the reason.
  if (errors.length > 0) throw errors.find((e) => sqlState(e) !== abortedAlready) ?? errors[0];
  return ended.map((e) => (e as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
const abortedAlready = '25P02';

/**
 * NOTIFY inside a transaction holds a lock of the whole database over the wait for the disk: with 140 messages a second a third of all receipts
 * stood behind it. A transaction that has written nothing waits for no disk.
 */
const sendHints = async (query: Sql['query'], channels: readonly string[]): Promise<void> => {
  for (const listener of listeners) for (const channel of channels) if (listener.channels.includes(channel)) listener.hear(channel, '');
  await query('select pg_notify(c, $2) from unnest($1::text[]) as c', [channels, own], 'hint');
};

/** Who listens in this process hears its own hints at once; the copy that comes back from the database, named by this, says nothing new. */
const own = `hint:${randomUUID()}`;
const listeners = new Set<{ channels: readonly string[]; hear: (channel: string, payload: string) => void }>();

/** Hints (law 2): inside a transaction they leave after its commit; whoever misses them polls. */
export async function hint(sql: Sql, channels: readonly string[]): Promise<void> {
  if (channels.length === 0) return;
  if (sql.hint) sql.hint(channels);
  else await sendHints(sql.query, channels);
}

async function listen(settings: pg.ClientConfig, channels: readonly string[], hear: (channel: string, payload: string) => void): Promise<() => Promise<void>> {
  let client: pg.Client | null = null;
  let closed = false;
  const listener = { channels, hear };
  listeners.add(listener);
  const connect = async (): Promise<void> => {
    if (closed) return;
    const next = new pg.Client({ ...settings, query_timeout: 5_000 });
    let again = (): void => {
      again = () => {};
      client = null;
      next.end().catch(() => {});
      if (!closed) setTimeout(connect, 500).unref();
    };
    next.on('error', () => again());
    next.on('end', () => again());
    next.on('notification', ({ channel, payload = '' }) => { if (payload !== own) hear(channel, payload.startsWith('hint:') ? '' : payload); });
    try {
      await next.connect();
      for (const channel of channels) await next.query(`listen ${channel}`);
      client = next;
    } catch {
      again();
    }
  };
  await connect();
  return async () => {
    closed = true;
    listeners.delete(listener);
    await client?.end().catch(() => {});
  };
}

/** PostgreSQL's SQLSTATE of an error, or null. */
export function sqlState(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

/** SQLSTATE of a lock that was waited for in vain (`lock_timeout`): others come first, this comes again. */
export const lockTimeout = '55P03';

/** Lost connection, restart, serialisation, deadlock: trying the whole transaction again is right (commit may be unknown). */
export function isTransient(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== null) return /^(08|40|57P|53)/.test(state) || state === '55P03' || state === '57014';
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  return /^(ECONN|EPIPE|ETIMEDOUT|EHOST)/.test(code) || /Connection terminated|timeout|Client has encountered a connection error|not queryable/i.test(String((error as Error | null)?.message));
}

/** Runs `work` again, with growing pauses, while it fails for a passing reason; at most `tries` times, and only where `worth` says so. */
export async function withRetry<T>(tries: number, work: () => Promise<T>, worth: (error: unknown) => boolean = () => true): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || !(isTransient(error) || sqlState(error) === '23505') || !worth(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** attempt, 500)));
    }
  }
}

/** Whole tables as a stream, inside one transaction. */
export type Copies = Sql & {
  /** COPY … TO STDOUT; `take` is waited for before more is read. Answers the rows. */ copyOut(text: string, take: (bytes: Buffer) => Promise<void>): Promise<number>;
  /** COPY … FROM STDIN of whole lines. Answers the rows. */ copyIn(text: string, chunks: AsyncIterable<Buffer>): Promise<number>;
};

/** Runs `work` in one transaction of a connection of its own, without bounds on its time: for backups, which may take an hour. */
export async function withCopies<T>(options: { url: string; name: string }, work: (sql: Copies) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: options.url, application_name: `anling-${options.name}`, connectionTimeoutMillis: 5_000, statement_timeout: 0, idle_in_transaction_session_timeout: 0, keepAlive: true, types: types as never });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('set statement_timeout = 0; set idle_in_transaction_session_timeout = 0'); // the server may bring bounds of its own
    await client.query('begin');
    const result = await work({
      query: async (text, values = []) => (await client.query({ text, values: [...values] })).rows,
      copyOut: (text, take) => copyOut(client, text, take), copyIn: (text, chunks) => copyIn(client, text, chunks),
    });
    await client.query('commit');
    return result;
  } finally {
    await client.end().catch(() => {}); // rolls back what was not committed
  }
}
