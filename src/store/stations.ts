/** Stations (居家养老服务站点): entities of their own, not the villages they stand in. No personal data. */
import { insertRows, type Page, paged, plain, type Table, updateRow } from './columns.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type StationFields = { regionCode: string; name: string; address: string | null; lat: number | null; lon: number | null; /** yyyy-MM-dd; null: open */ closedOn: string | null };
export type NewStation = StationFields & { id: string; demo: boolean };
export type Station = NewStation & { version: number };
export const emptyStation: Omit<StationFields, 'regionCode' | 'name'> = { address: null, lat: null, lon: null, closedOn: null };

const table: Table = { name: 'station', columns: [plain('id'), plain('regionCode'), plain('name'), plain('address'), plain('lat'), plain('lon'), plain('closedOn'), plain('demo')] };
const columns = 'id, region_code as "regionCode", name, address, lat, lon, closed_on::text as "closedOn", version, demo';
const open = `(closed_on is null or closed_on > (anling_now() at time zone 'UTC' + interval '8 hours')::date)`;

export function insertStations(sql: Sql, seal: Seal, stations: readonly NewStation[]): Promise<void> {
  return insertRows(sql, seal, table, stations);
}

export async function findStation(sql: Sql, id: string): Promise<Station | null> {
  return (await sql.query<Station>(`select ${columns} from station where id = $1`, [id]))[0] ?? null;
}

/** A page by id; `closed` adds those that have closed. `q`: an id or the beginning of a name. */
export async function listStations(sql: Sql, f: Page & { q: string | null; closed: boolean }): Promise<{ rows: Station[]; next: string | null }> {
  const rows = await sql.query<Station>(
    `select ${columns} from station where region_code like $1 || '%' and ($2::text is null or id > $2) and ($4::text is null or id = $4 or starts_with(name, $4)) and ($5 or ${open}) order by id limit $3`,
    [f.prefix, f.after, f.limit + 1, f.q, f.closed]);
  return paged(rows, f.limit);
}

/** The new version, or null when the row is at another one. */
export function updateStation(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<StationFields>): Promise<number | null> {
  return updateRow(sql, seal, table, id, version, patch);
}

/** Those of `ids` that are taken. */
export async function takenStationIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from station where id = any($1)', [ids])).map((r) => r.id));
}
