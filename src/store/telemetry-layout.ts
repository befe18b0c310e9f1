/**
 * Where telemetry lies: hypertables make and drop their own chunks; on plain PostgreSQL this makes native daily partitions
 * ahead of time and drops old ones. Rows that came before their partition wait in the default one and are moved.
 */
import { dayMs } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Db, Sql } from './pool.ts';

const tables = { heartbeat: limits.heartbeatDays, vital: limits.vitalDays } as const;
type Table = keyof typeof tables;
const daysAhead = 3;
const lockKey = 0x616e6c01;

/** Makes the partitions of today and the next days and drops what is past its time. One edge at a time; safe to repeat. */
export async function keepTelemetryLayout(db: Db): Promise<{ made: string[]; dropped: string[] }> {
  const made: string[] = [];
  const dropped: string[] = [];
  const [clock] = await db.query<{ now: number }>('select anling_now() as now');
  const today = Math.floor((clock?.now ?? 0) / dayMs) * dayMs;
  for (const table of Object.keys(tables) as Table[]) {
    const native = await isPartitioned(db, table);
    for (let day = today; native && day <= today + daysAhead * dayMs; day += dayMs)
      if (await makePartition(db, table, day)) made.push(partitionName(table, day));
    const before = today - tables[table] * dayMs;
    dropped.push(...(native ? await dropPartitions(db, table, before) : await dropChunks(db, table, before)));
  }
  return { made, dropped };
}

/** Gives days whose rows lie in the default partition a partition each, as after a restore: what is old can then be dropped. */
export async function spreadTelemetry(db: Db): Promise<void> {
  for (const table of Object.keys(tables) as Table[]) {
    if (!await isPartitioned(db, table)) continue;
    const days = await db.query<{ day: number }>(`select distinct floor(extract(epoch from received_at) / 86400)::float8 * ${dayMs} as day from ${table}_rest order by 1`);
    for (const { day } of days) await makePartition(db, table, day);
  }
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

async function dropPartitions(db: Db, table: Table, before: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>('select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass($1)', [table]);
  const limit = partitionName(table, before);
  const old = rows.map((r) => r.name).filter((name) => /_\d{8}$/.test(name) && name < limit);
  for (const name of old) await db.tx(async (sql) => { await sql.query("set local lock_timeout = '2s'"); await sql.query(`drop table if exists ${name}`); });
  return old;
}

async function dropChunks(db: Db, table: Table, before: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>('select drop_chunks($1::regclass, to_timestamp($2 / 1000.0)) as name', [table, before]);
  return rows.map((r) => r.name);
}
