/**
 * Databases for tests: one real server per run (embedded PostgreSQL, or the TimescaleDB of ANLING_TEST_DB), one template
 * migrated once, one clone per test file. Time is travelled by `advance`, never slept.
 */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { openDb, sqlState, type Db } from '#store/pool.ts';
import { createSeal, type Keys, type Seal } from '#store/seal.ts';

declare module 'vitest' {
  interface ProvidedContext { serverUrl: string; template: string }
}

export type TestDatabase = {
  url: string; db: Db; seal: Seal; keys: Keys;
  /** Sets the one clock forward by `ms` and wakes whoever waits for it. `edgesUp` (default) takes the edges' beats along, so that the jump is no blind window. */
  advance(ms: number, options?: { edgesUp?: boolean }): Promise<void>;
  close(): Promise<void>;
};

/** Whether this run's server is a TimescaleDB. */
export const onTimescale = (): boolean => inject('serverUrl') === process.env['ANLING_TEST_DB'];

/** The address of another database on the same server. */
export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** The door of one database: `away` shuts it and throws out who is inside, `back` opens it. Its own connection leads past it, by `beside`. */
export type DatabaseGate = { away(): Promise<void>; back(): Promise<void>; close(): Promise<void> };
export function databaseGate(url: string, beside = 'postgres'): DatabaseGate {
  const name = new URL(url).pathname.slice(1);
  const server = openDb({ url: databaseUrl(url, beside), max: 1, name: 'admin' });
  const allow = async (whether: boolean): Promise<void> => { await server.query(`alter database "${name}" with allow_connections ${whether}`); };
  return {
    async away() {
      await allow(false);
      await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    },
    back: () => allow(true), close: () => server.close(),
  };
}

/** A fresh, migrated database of its own. `close` ends its sessions and drops it. */
export async function testDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const serverUrl = inject('serverUrl');
  const name = `anling_t_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, (server) => cloneDatabase(server, name, inject('template')));
  const url = databaseUrl(serverUrl, name);
  const db = openDb({ url, max: options.max ?? 6, name: 'test' });
  const keys: Keys = { seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: randomBytes(16).toString('hex') };
  return {
    url, db, seal: createSeal(keys), keys,
    advance: (ms, { edgesUp = true } = {}) => travel(db, ms, edgesUp),
    async close() {
      await db.close();
      await onServer(serverUrl, (server) => server.query(`drop database if exists "${name}" with (force)`));
    },
  };
}

export type EmptyDatabase = { url: string; db: Db; drop(): Promise<void> };

/** A database without any schema. `drop` ends its sessions. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const serverUrl = inject('serverUrl');
  const name = `anling_t_${randomBytes(6).toString('hex')}`;
  await onServer(serverUrl, (server) => server.query(`create database "${name}"`));
  const url = databaseUrl(serverUrl, name);
  const db = openDb({ url, max: 2, name: 'admin', statementMs: 60_000 });
  return { url, db, async drop() { await db.close(); await onServer(serverUrl, (server) => server.query(`drop database if exists "${name}" with (force)`)); } };
}

/** Sets the one clock of any database forward and wakes whoever waits for it; with `edgesUp` the jump is no blind window. */
export async function travel(db: Db, ms: number, edgesUp = true): Promise<void> {
  await db.tx(async (sql) => {
    await sql.query('update clock_offset set offset_ms = offset_ms + $1', [Math.round(ms)]);
    if (edgesUp) await sql.query(`update node set beat_at = beat_at + $1 * interval '1 ms' where role = 'edge'`, [Math.round(ms)]);
    for (const channel of ['anling_event', 'anling_timer', 'anling_outbox']) await sql.query('select pg_notify($1, $2)', [channel, '']);
  });
}

/** Time stands still between `advance` and `advance`: to the second, however slow the machine; at `hour` of the county's day when given. */
export async function holdClock(db: Db, hour?: number): Promise<void> {
  await db.query(`create table test_clock as select ${hour === undefined ? 'clock_timestamp()' : `(date_trunc('day', clock_timestamp() at time zone 'Asia/Shanghai') + interval '${hour} hours') at time zone 'Asia/Shanghai'`} as at`);
  await db.query(`create or replace function anling_now() returns timestamptz language sql stable parallel safe as $$ select at + make_interval(secs => offset_ms / 1000.0) from test_clock, clock_offset $$`);
}

export async function onServer<T>(serverUrl: string, work: (server: Db) => Promise<T>): Promise<T> {
  const server = openDb({ url: serverUrl, max: 1, name: 'test-server', statementMs: 60_000 });
  try { return await work(server); } finally { await server.close(); }
}

/** TimescaleDB's background workers visit the template now and then: a clone waits for them to leave. */
async function cloneDatabase(server: Db, name: string, template: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await server.query(`create database "${name}" template "${template}"`);
      return;
    } catch (error) {
      if (sqlState(error) !== '55006' || tries > 100) throw error;
      await server.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [template]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
