/**
 * Where telemetry lies: hypertables make their own chunks; on plain PostgreSQL this makes native daily partitions ahead of time. What is past its
 * time is dropped whole, heartbeats not before their days are rolled up. Rows that came before their partition wait in the default one and
 * are moved. TimescaleDB: a chunk spans as much as limits.chunkRows fill, a day at most; the community edition compresses what is over.
 */
import { dayMs } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Db, Sql } from './pool.ts';

const tables = ['heartbeat', 'vital'] as const;
type Table = (typeof tables)[number];
const daysAhead = 3;
const lockKey = 0x616e6c01;
/** The continuous aggregate of heartbeats by device and hour (community edition; store/telemetry-community.ts). */
export const hourly = 'heartbeat_hour';

/** `plain`: native partitions (also where TimescaleDB came after the tables); `apache`: hypertables; `community`: those with compression and continuous aggregates. */
export type Edition = 'plain' | 'apache' | 'community';
export async function edition(sql: Sql): Promise<Edition> {
  const [row] = await sql.query<{ native: boolean; license: string | null }>(`select relkind = 'p' as native, current_setting('timescaledb.license', true) as license from pg_class where oid = to_regclass('heartbeat')`);
  return row?.native !== false ? 'plain' : row.license === 'timescale' ? 'community' : 'apache';
}

/** Makes the partitions of today and the next days. One edge at a time; safe to repeat. */
export async function keepTelemetryLayout(db: Db): Promise<{ made: string[] }> {
  const made: string[] = [];
  const [clock] = await db.query<{ now: number }>('select anling_now() as now');
  const today = Math.floor((clock?.now ?? 0) / dayMs) * dayMs;
  for (const table of tables) {
    if (!await isPartitioned(db, table)) continue;
    for (let day = today; day <= today + daysAhead * dayMs; day += dayMs)
      if (await makePartition(db, table, day)) made.push(partitionName(table, day));
  }
  return { made };
}

/** Drops what is older than its days; heartbeats only up to the first day that is not rolled up yet. Safe to repeat. */
export async function dropOldTelemetry(db: Db, days: { heartbeat: number; vital: number }): Promise<string[]> {
  const [clock] = await db.query<{ today: number; open: number | null }>(
    `select extract(epoch from date_trunc('day', anling_now() at time zone 'UTC'))::float8 * 1000 as today, (select extract(epoch from min(g::date)::timestamp at time zone 'Asia/Shanghai')::float8 * 1000
       from generate_series(greatest((to_timestamp($1::float8 / 1000) at time zone 'Asia/Shanghai')::date, (anling_now() at time zone 'Asia/Shanghai')::date - $2::int), (anling_now() at time zone 'Asia/Shanghai')::date, interval '1 day') g
       where not exists (select from day_rolled r where r.what = 'heartbeat' and r.day = g::date) or exists (select from heartbeat_late l where l.day = g::date)) as open`, [await oldestTelemetry(db, 'heartbeat'), limits.rollDays - 1]);
  const { today, open } = clock as NonNullable<typeof clock>;
  const native = await edition(db) === 'plain';
  const dropped: string[] = [];
  for (const table of tables) {
    const before = Math.min(today - days[table] * dayMs, table === 'heartbeat' && open !== null ? open : Number.POSITIVE_INFINITY);
    dropped.push(...(native ? await dropPartitions(db, table, before) : await dropChunks(db, table, before)));
  }
  return dropped;
}

/** Gives days whose rows lie in the default partition a partition each, as after a restore: what is old can then be dropped. */
export async function spreadTelemetry(db: Db): Promise<void> {
  for (const table of tables) {
    if (!await isPartitioned(db, table)) continue;
    const days = await db.query<{ day: number }>(`select distinct floor(extract(epoch from received_at) / 86400)::float8 * ${dayMs} as day from ${table}_rest order by 1`);
    for (const { day } of days) await makePartition(db, table, day);
  }
}

/** Where the oldest partition or chunk begins, epoch ms; the beginning of today when there is none. */
export async function oldestTelemetry(sql: Sql, table: Table): Promise<number> {
  const native = await isPartitioned(sql, table);
  const [row] = native
    ? await sql.query<{ at: number | null }>(
      `select least(min(to_timestamp(right(c.relname, 8), 'YYYYMMDD') at time zone current_setting('TimeZone') at time zone 'UTC'), (select min(received_at) from ${table}_rest)) as at
       from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1) and c.relname ~ '_\\d{8}$'`, [table])
    : await sql.query<{ at: number | null }>('select min(range_start) as at from timescaledb_information.chunks where hypertable_name = $1', [table]);
  if (row?.at != null) return row.at;
  const [clock] = await sql.query<{ at: number }>(`select date_trunc('day', anling_now()) as at`);
  return clock?.at ?? 0;
}

async function isPartitioned(sql: Sql, table: Table): Promise<boolean> {
  const rows = await sql.query<{ relkind: string }>('select relkind from pg_class where oid = to_regclass($1)', [table]);
  return rows[0]?.relkind === 'p';
}

const partitionName = (table: Table, day: number): string => `${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`;
const bound = (day: number): string => `'${new Date(day).toISOString()}'`;

/** Names and bounds of DDL cannot be parameters; they are made here of a fixed word and a date alone. */
async function makePartition(db: Db, table: Table, day: number): Promise<boolean> {
  const name = partitionName(table, day);
  return await db.tx(async (sql) => {
    await sql.query("set local lock_timeout = '2s'");
    await sql.query('select pg_advisory_xact_lock($1)', [lockKey]);
    const [there] = await sql.query('select 1 where to_regclass($1) is not null', [name]);
    if (there) return false;
    await sql.query(`create table ${name} (like ${table} including defaults)`);
    await sql.query(`with moved as (delete from ${table}_rest where received_at >= ${bound(day)} and received_at < ${bound(day + dayMs)} returning *) insert into ${name} select * from moved`);
    await sql.query(`alter table ${table} attach partition ${name} for values from (${bound(day)}) to (${bound(day + dayMs)})`);
    return true;
  });
}

/** Partitions that end at `before` or earlier. */
async function dropPartitions(db: Db, table: Table, before: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>('select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1)', [table]);
  const limit = partitionName(table, Math.floor(before / dayMs) * dayMs);
  const old = rows.map((r) => r.name).filter((name) => /_\d{8}$/.test(name) && name < limit);
  for (const name of old) await db.tx(async (sql) => { await sql.query("set local lock_timeout = '2s'"); await sql.query(`drop table if exists ${name}`); });
  return old;
}

async function dropChunks(db: Db, table: Table, before: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>('select drop_chunks($1::regclass, to_timestamp($2 / 1000.0)) as name', [table, before]);
  return rows.map((r) => r.name);
}
