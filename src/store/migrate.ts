/**
 * The schema's history: numbered SQL files, checksummed, forward only. Concurrent starters queue on one advisory lock;
 * every file is one transaction with its own row in schema_migration, so a kill in the middle leaves whole steps only. Processes of
 * the release before may be serving devices meanwhile: whoever changes the schema gives way to them, and tries again.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import { lockTimeout, openDb, sqlState, type Db, type Sql } from './pool.ts';

const folder = join(import.meta.dirname, '..', '..', 'migrations');
const lockKey = 7_263_541_902n; // any constant; shared by every release
const fileShape = /^(\d{4})-[a-z0-9-]+\.sql$/;

type Migration = { no: number; name: string; checksum: string; sql: string };
export type MigrateOptions = { url: string; folder?: string; log?: Logger; /** the last number to run: a backup is brought into the schema of its day */ upTo?: number };

/** Brings the schema of `url` up to this program's and returns the numbers that ran now. Throws E_SCHEMA_NEWER, E_MIGRATION_CHANGED. */
export async function migrate(options: MigrateOptions): Promise<number[]> {
  const known = readMigrations(options.folder ?? folder);
  if ((options.upTo ?? 0) > known.length) throw new OperatingError('E_SCHEMA_NEWER', `The backup is of schema ${options.upTo}, this program knows ${known.length}: restore it with the release that made it.`);
  const migrations = known.slice(0, options.upTo);
  const db = openDb({ url: options.url, max: 1, name: 'migrate', statementMs: 600_000 });
  try {
    const timescale = await makeTimescale(db, options.log);
    await db.tx(async (sql) => {
      await lock(sql);
      await sql.query('create table if not exists schema_migration (no integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default clock_timestamp())');
    });
    const ran: number[] = [];
    for (const migration of migrations) if (await givingWay(db, migration, (lockMs) => applyOne(db, migration, migrations, lockMs), options.log)) ran.push(migration.no);
    if (ran.length === 0) await db.tx((sql) => check(sql, migrations));
    options.log?.info({ ran, timescale, schema: migrations.at(-1)?.no ?? 0 }, 'schema is current');
    return ran;
  } finally {
    await db.close();
  }
}

function readMigrations(from: string): Migration[] {
  const files = readdirSync(from).filter((name) => name.endsWith('.sql')).sort();
  return files.map((name, i) => {
    const no = Number(fileShape.exec(name)?.[1]);
    if (no !== i + 1) throw new OperatingError('E_MIGRATION_CHANGED', `migrations/${name}: expected number ${i + 1}; files are numbered 0001, 0002, … without gaps`);
    const sql = readFileSync(join(from, name), 'utf8');
    return { no, name, sql, checksum: createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex') };
  });
}

const lock = (sql: Sql): Promise<unknown> => sql.query('select pg_advisory_xact_lock($1)', [String(lockKey)]);

/** Tries until the tables are free. Each try waits a little longer, and at most so long that nobody who serves devices is held up. */
async function givingWay(db: Db, { name }: Migration, work: (lockMs: number) => Promise<boolean>, log?: Logger): Promise<boolean> {
  const began = performance.now();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(Math.min(50 * attempt, limits.migrateLockMs));
    } catch (error) {
      if (sqlState(error) !== lockTimeout && sqlState(error) !== '40P01') throw error;
      const [oldest] = await db.query<{ who: string }>(
        `select coalesce(nullif(application_name, ''), 'a client') || ' (pid ' || pid || ')' as who from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null order by xact_start limit 1`);
      const holder = oldest ? `${oldest.who} is in a transaction` : 'others come first';
      if (performance.now() - began > limits.migrateWaitMs) throw new OperatingError('E_CONFLICT', `migrations/${name} waits for its tables: ${holder}. Let it end (a backup, a forgotten session) and start again; nothing of this file has run.`, { cause: error });
      if (attempt % 20 === 0) log?.warn({ migration: name, attempt, holder, error: (error as Error).message }, 'the tables are in use; the schema waits for them');
      await sleep(Math.random() * Math.min(20 * attempt, 1_000));
    }
  }
}

/**
 * Takes every table that the file names at once, before anything is changed: taken one by one between the changes, they meet the
 * order of a device's insert sooner or later, and that is a deadlock.
 */
async function takeTables(sql: Sql, migration: Migration, lockMs: number): Promise<void> {
  const words = [...new Set(migration.sql.replaceAll(/--.*$/gm, '').match(/[a-z_]+/g) ?? [])];
  const tables = await sql.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname = any($1) order by relname <> 'event', relname`, [words]);
  await sql.query(`set local lock_timeout = ${lockMs}`);
  if (tables.length > 0) await sql.query(`lock table ${tables.map((t) => t.name).join(', ')} in access exclusive mode`);
}

async function applyOne(db: Db, migration: Migration, all: readonly Migration[], lockMs: number): Promise<boolean> {
  return db.tx(async (sql) => {
    await lock(sql);
    const done = await check(sql, all);
    if (done.has(migration.no)) return false;
    await takeTables(sql, migration, lockMs);
    await sql.query(migration.sql);
    await sql.query('insert into schema_migration (no, name, checksum) values ($1, $2, $3)', [migration.no, migration.name, migration.checksum]);
    return true;
  });
}

/** The numbers that have run; refuses a database that is newer than this program or whose past was edited. */
async function check(sql: Sql, all: readonly Migration[]): Promise<Set<number>> {
  const rows = await sql.query<{ no: number; name: string; checksum: string }>('select no, name, checksum from schema_migration order by no');
  const newest = all.at(-1)?.no ?? 0;
  for (const row of rows) {
    if (row.no > newest) throw new OperatingError('E_SCHEMA_NEWER', `The database is at schema ${rows.at(-1)?.no}, this program knows ${newest}: start the newer release, or restore the backup from before it.`);
    const own = all[row.no - 1];
    if (own && own.checksum !== row.checksum) throw new OperatingError('E_MIGRATION_CHANGED', `migrations/${own.name} was edited after it ran here. Put the released file back; a change is a new file.`);
  }
  return new Set(rows.map((row) => row.no));
}

/** Creates the extension first where the server has it loaded: the layout of the telemetry tables depends on it. */
async function makeTimescale(db: Db, log?: Logger): Promise<boolean> {
  const [found] = await db.query<{ available: boolean; installed: boolean; preload: string | null }>(
    `select exists (select from pg_available_extensions where name = 'timescaledb') as available,
       exists (select from pg_extension where extname = 'timescaledb') as installed,
       (select setting from pg_settings where name = 'shared_preload_libraries') as preload`);
  if (!found || found.installed) return found?.installed ?? false;
  // Only an administrator sees shared_preload_libraries; anybody else finds out by trying.
  if (!found.available || (found.preload !== null && !found.preload.includes('timescaledb'))) return false;
  try {
    await db.query('create extension if not exists timescaledb');
    return true;
  } catch (error) {
    if (sqlState(error) === '23505' || sqlState(error) === '42710') return true; // another starter was first
    if (sqlState(error) !== '42501' && found.preload !== null) throw error;
    log?.warn({ error: (error as Error).message }, 'timescaledb is on the server but could not be created; ordinary partitions are used');
    return false;
  }
}
