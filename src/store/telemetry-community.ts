/**
 * What TimescaleDB does for telemetry beyond hypertables: the span of a chunk by volume (every edition), compression and the continuous aggregate
 * (community edition, by `timescaledb.license`). Called by our own upkeep on the one clock (law 9); its background policies go by
 * the server's clock, know no roll-up to wait for, and the Apache edition has none (docs/decisions/0055-storage.md).
 */
import { limits } from '#core/limits.ts';
import type { Db } from './pool.ts';
import { partsOfBeats } from './rollup.ts';
import { edition, hourly } from './telemetry-layout.ts';

const spansS = [86_400, 43_200, 21_600, 10_800, 3_600];

/** Chunks to come span as much as limits.chunkRows of the busiest of the last seven days fill, so that what is written to stays in memory. The seconds set now; null: left as it was. */
export async function chunkByVolume(db: Db): Promise<number | null> {
  if (await edition(db) === 'plain') return null;
  const [row] = await db.query<{ rows: number | null; span: number }>(
    `select (select max(rows)::float8 from (select rows from day_rolled where what = 'heartbeat' order by day desc limit 7) r) as rows, extract(epoch from time_interval)::float8 as span
     from timescaledb_information.dimensions where hypertable_name = 'heartbeat'`);
  const rows = row?.rows ?? 0;
  const wanted = spansS.find((s) => rows * s / 86_400 <= limits.chunkRows) ?? 3_600;
  if (!row || row.span === wanted) return null;
  await db.query(`select set_chunk_time_interval('heartbeat', $1 * interval '1 second')`, [wanted]);
  return wanted;
}

/** Switches on what the community edition has, once; elsewhere nothing. Safe to repeat, also when the edition changes under a house. */
export async function prepareCommunity(db: Db): Promise<boolean> {
  if (await edition(db) !== 'community') return false;
  const [row] = await db.query<{ hours: boolean; compressed: string[] }>(
    `select to_regclass($1) is not null as hours, array(select hypertable_name::text from timescaledb_information.hypertables where compression_enabled) as compressed`, [hourly]);
  await db.tx(async (sql) => {
    await sql.query("set local lock_timeout = '2s'");
    for (const table of ['heartbeat', 'vital'])
      if (!row?.compressed.includes(table)) await sql.query(`alter table ${table} set (timescaledb.compress, timescaledb.compress_segmentby = 'device_no', timescaledb.compress_orderby = 'received_at')`);
    if (!row?.hours) await sql.query(
      `create materialized view ${hourly} with (timescaledb.continuous, timescaledb.materialized_only = true) as
       select device_no, time_bucket('1 hour', received_at) as hour, ${partsOfBeats} from heartbeat group by 1, 2 with no data`);
  });
  return true;
}

/** Compresses one chunk that is over since limits.compressAfterDays; its name, or null when there is none. Hours that are in their days are forgotten. */
export async function compressNext(db: Db): Promise<string | null> {
  if (!await prepareCommunity(db)) return null;
  const [next] = await db.query<{ name: string }>(
    `select format('%I.%I', chunk_schema, chunk_name) as name from timescaledb_information.chunks
     where hypertable_name in ('heartbeat', 'vital') and not is_compressed and range_end <= anling_now() - make_interval(days => $1) order by range_end limit 1`, [limits.compressAfterDays]);
  if (!next) {
    await db.query(`select drop_chunks('${hourly}'::regclass, anling_now() - make_interval(days => $1))`, [limits.compressAfterDays + 7]);
    return null;
  }
  await db.query('select compress_chunk($1::regclass, if_not_compressed => true)', [next.name]);
  return next.name;
}
