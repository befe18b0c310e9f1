/** Regions (county, town, village). Plain text: places of the state, no personal data. Codes decide the tree; a code that ended keeps its row and its name. */
import type { RegionLevel, RegionRow } from '#core/region.ts';
import type { Sql } from './pool.ts';

/** Whether a row with this region code is seen from the region whose digits are the parameter; one without a region is the whole county's. */
export const seenFrom = (column: string, digits = '$1'): string => `(${column} like ${digits} || '%' or (${column} is null and length(${digits}) <= 6))`;

export type Region = RegionRow & { demo: boolean };
const columns = `code, level, name, parent_code as "parentCode", language, lat, lon, valid_from::text as "validFrom", valid_to::text as "validTo", shown_under as "shownUnder", demo`;
const today = `(anling_now() at time zone 'UTC' + interval '8 hours')::date`;

/** The regions below and at `prefix`, by code; optionally of one level, below one parent, holding on a day (yyyy-MM-dd or today). Without `on` also those that ended. */
export function listRegions(sql: Sql, prefix: string, filter: { level?: RegionLevel; parent?: string; on?: string } = {}): Promise<Region[]> {
  return sql.query<Region>(
    `select ${columns} from region, (select case when $4::text = 'today' then ${today} else nullif($4, 'today')::date end as day) d
     where code like $1 || '%' and ($2::text is null or level = $2) and ($3::text is null or parent_code = $3)
       and (d.day is null or (valid_from is null or valid_from <= d.day) and (valid_to is null or valid_to > d.day)) order by code`,
    [prefix, filter.level ?? null, filter.parent ?? null, filter.on ?? null]);
}

/** Those of `codes` that exist, holding or not. */
export async function knownRegions(sql: Sql, codes: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ code: string }>('select code from region where code = any($1)', [[...new Set(codes)]]);
  return new Set(rows.map((r) => r.code));
}

/** Those of `codes` that exist, with the day on which they ended when they have; one that has not begun counts as not there. */
export async function currentRegions(sql: Sql, codes: readonly string[]): Promise<Map<string, { endedOn: string | null; shownUnder: string | null }>> {
  const rows = await sql.query<{ code: string; endedOn: string | null; shownUnder: string | null }>(
    `select code, case when valid_to <= ${today} then valid_to::text end as "endedOn", shown_under as "shownUnder" from region where code = any($1) and (valid_from is null or valid_from <= ${today})`, [[...new Set(codes)]]);
  return new Map(rows.map(({ code, ...rest }) => [code, rest]));
}

/** Which units are shown under another, by code. */
export async function readFolds(sql: Sql): Promise<Map<string, string>> {
  const rows = await sql.query<{ code: string; under: string }>('select code, shown_under as under from region where shown_under is not null', [], 'region-folds');
  return new Map(rows.map((r) => [r.code, r.under]));
}

/** Inserts rows, parents first; with `replace` known codes get the new name and whatever else is given (what is not given stays). Returns how many were new. */
export async function putRegions(sql: Sql, rows: readonly RegionRow[], options: { demo: boolean; replace: boolean }): Promise<number> {
  const column = <T>(of: (r: RegionRow) => T): T[] => rows.map(of);
  const kept = ['language', 'lat', 'lon', 'valid_from', 'valid_to', 'shown_under'].map((c) => `${c} = coalesce(excluded.${c}, r.${c})`).join(', ');
  const done = await sql.query<{ fresh: boolean }>(
    `insert into region as r (code, level, name, parent_code, language, lat, lon, valid_from, valid_to, shown_under, demo)
     select v.*, $11 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::date[], $9::date[], $10::text[])
       as v (code, level, name, parent_code, language, lat, lon, valid_from, valid_to, shown_under) order by v.code
     on conflict (code) do ${options.replace ? `update set name = excluded.name, ${kept}, demo = r.demo and excluded.demo` : 'nothing'} returning xmax = 0 as fresh`,
    [column((r) => r.code), column((r) => r.level), column((r) => r.name), column((r) => r.parentCode), column((r) => r.language), column((r) => r.lat), column((r) => r.lon),
      column((r) => r.validFrom), column((r) => r.validTo), column((r) => r.shownUnder), options.demo]);
  return done.filter((r) => r.fresh).length;
}

const given = (field: string, column: string, type: string): string => `${column} = case when p ? '${field}' then (p ->> '${field}')::${type} else ${column} end`;

/** Changes what `patch` names; null takes a value away. */
export async function updateRegion(sql: Sql, code: string, patch: Partial<Omit<RegionRow, 'code' | 'level' | 'parentCode'>>): Promise<void> {
  const sets = [given('name', 'name', 'text'), given('language', 'language', 'text'), given('lat', 'lat', 'float8'), given('lon', 'lon', 'float8'),
    given('validFrom', 'valid_from', 'date'), given('validTo', 'valid_to', 'date'), given('shownUnder', 'shown_under', 'text')];
  await sql.query(`update region set ${sets.join(', ')} from (select $2::jsonb as p) given where code = $1`, [code, JSON.stringify(patch)]);
}
