/** Regions (county, town, village) and stations. Plain text: places of the state, no personal data. Codes decide the tree. */
import type { RegionLevel, RegionRow } from '#core/region.ts';
import type { Sql } from './pool.ts';

export type Region = RegionRow & { demo: boolean };
const columns = 'code, level, name, parent_code as "parentCode", language, lat, lon, demo';

/** The regions below and at `prefix`, by code; optionally of one level or below one parent. */
export function listRegions(sql: Sql, prefix: string, filter: { level?: RegionLevel; parent?: string } = {}): Promise<Region[]> {
  return sql.query<Region>(
    `select ${columns} from region where code like $1 || '%' and ($2::text is null or level = $2) and ($3::text is null or parent_code = $3) order by code`,
    [prefix, filter.level ?? null, filter.parent ?? null]);
}

/** Those of `codes` that exist. */
export async function knownRegions(sql: Sql, codes: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ code: string }>('select code from region where code = any($1)', [[...new Set(codes)]]);
  return new Set(rows.map((r) => r.code));
}

/** Inserts rows, parents first; with `replace` known codes get the new name, speech and position (a present position stays when none is given). Returns how many were new. */
export async function putRegions(sql: Sql, rows: readonly RegionRow[], options: { demo: boolean; replace: boolean }): Promise<number> {
  const column = <T>(of: (r: RegionRow) => T): T[] => rows.map(of);
  const done = await sql.query<{ fresh: boolean }>(
    `insert into region as r (code, level, name, parent_code, language, lat, lon, demo)
     select v.code, v.level, v.name, v.parent_code, v.language, v.lat, v.lon, $8 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[])
       as v (code, level, name, parent_code, language, lat, lon) order by v.code
     on conflict (code) do ${options.replace
    ? 'update set name = excluded.name, language = coalesce(excluded.language, r.language), lat = coalesce(excluded.lat, r.lat), lon = coalesce(excluded.lon, r.lon), demo = r.demo and excluded.demo'
    : 'nothing'} returning xmax = 0 as fresh`,
    [column((r) => r.code), column((r) => r.level), column((r) => r.name), column((r) => r.parentCode), column((r) => r.language), column((r) => r.lat), column((r) => r.lon), options.demo]);
  return done.filter((r) => r.fresh).length;
}

export type Station = { id: string; regionCode: string; name: string; demo: boolean };

export function listStations(sql: Sql, prefix: string, limit: number): Promise<Station[]> {
  return sql.query<Station>('select id, region_code as "regionCode", name, demo from station where region_code like $1 || \'%\' order by id limit $2', [prefix, limit]);
}

export async function insertStations(sql: Sql, stations: readonly Station[]): Promise<void> {
  await sql.query('insert into station (id, region_code, name, demo) select * from unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) on conflict (id) do nothing',
    [stations.map((s) => s.id), stations.map((s) => s.regionCode), stations.map((s) => s.name), stations.map((s) => s.demo)]);
}
