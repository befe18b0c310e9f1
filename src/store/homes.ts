/** Homes (户). Address, short place, landmark and where the key lies are sealed; codes, cell and power area are not personal. */
import type { LifeMode } from '#core/decision.ts';
import type { HomeFields } from '#core/registry.ts';
import { insertRows, type Page, paged, pageWhere, plain, sealed, type Table, updateRow } from './columns.ts';
import { peopleFound } from './people.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Home = HomeFields & { id: string; mode: string | null; modeUntil: number | null; version: number; demo: boolean; createdAt: number; people: number; devices: number };
export type NewHome = HomeFields & { id: string; demo: boolean };

const table: Table = {
  name: 'home',
  columns: [
    plain('id'), plain('regionCode'), sealed('home', 'address'), sealed('home', 'place'), sealed('home', 'landmark'), plain('roadEnd'), plain('walkMinutes'), sealed('home', 'keyWith'),
    plain('dog'), plain('lat'), plain('lon'), plain('crs'), plain('cell'), plain('powerArea'), plain('demo'),
  ],
};
const select = `select h.id, h.region_code as "regionCode", h.address_enc, h.place_enc, h.landmark_enc, h.road_end as "roadEnd", h.walk_minutes as "walkMinutes", h.key_with_enc, h.dog, h.lat, h.lon, h.crs,
  h.cell, h.power_area as "powerArea", case when h.mode_until > anling_now() then h.mode end as mode, case when h.mode_until > anling_now() then h.mode_until end as "modeUntil",
  h.version, h.demo, h.created_at as "createdAt", (select count(*)::int from person p where p.home_id = h.id) as people, (select count(*)::int from device d where d.home_id = h.id) as devices from home h`;

function toHome(seal: Seal, row: Row): Home {
  const { address_enc, place_enc, landmark_enc, key_with_enc, ...rest } = row;
  return {
    ...(rest as Omit<Home, 'address' | 'place' | 'landmark' | 'keyWith'>), address: seal.open('home.address', address_enc as Buffer), place: seal.open('home.place', place_enc as Buffer),
    landmark: seal.openOrNull('home.landmark', landmark_enc as Buffer | null), keyWith: seal.openOrNull('home.key_with', key_with_enc as Buffer | null),
  };
}

export function insertHomes(sql: Sql, seal: Seal, homes: readonly NewHome[]): Promise<void> {
  return insertRows(sql, seal, table, homes);
}

/** The home in plain text; whoever shows it masks it or audits the look. */
export async function findHome(sql: Sql, seal: Seal, id: string): Promise<Home | null> {
  const [row] = await sql.query(`${select} where h.id = $1`, [id]);
  return row ? toHome(seal, row) : null;
}

/** Whether somebody of high risk lives there. */
export async function homeHasHighRisk(sql: Sql, id: string): Promise<boolean> {
  return (await sql.query('select id from person where home_id = $1 and high_risk limit 1', [id])).length > 0;
}

export type HomeFilter = Page & { q: string | null; mode: LifeMode | null; /** somebody lives there and nothing is fitted */ without: 'device' | null };

/** A page by region and id. `q`: its id, the id or serial number of a device in it, or what somebody who lives there is found by. */
export async function listHomes(sql: Sql, seal: Seal, f: HomeFilter): Promise<{ rows: Home[]; next: string | null }> {
  const where = pageWhere('h', f);
  if (f.q !== null) {
    const typed = where.value(f.q.trim());
    where.and(`h.id in (select ${typed} union select home_id from device where id = ${typed} or serial = ${typed} union select home_id from person where id in (${peopleFound(seal, where, f.q)}))`);
  }
  where.equal({ 'h.mode': f.mode });
  if (f.mode !== null) where.and('h.mode_until > anling_now()');
  if (f.without === 'device') where.and("not exists (select from device d where d.home_id = h.id and d.status <> 'revoked') and exists (select from person p where p.home_id = h.id and p.status = 'present')");
  const rows = await sql.query(
    `with page as (select h.id from home h where ${where.sql()} order by h.region_code, h.id limit ${where.value(f.limit + 1)}) ${select} join page on page.id = h.id order by h.region_code, h.id`, where.values);
  return paged(rows.map((r) => toHome(seal, r)), f.limit);
}

/** The new version, or null when the row is at another one. */
export function updateHome(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<HomeFields>): Promise<number | null> {
  return updateRow(sql, seal, table, id, version, patch);
}

export type HomeKey = { id: string; regionCode: string; demo: boolean; version: number };

/** Those of `ids` that exist, with what a reference to them must know. */
export async function homeKeys(sql: Sql, ids: readonly string[]): Promise<Map<string, HomeKey>> {
  const rows = await sql.query<HomeKey>('select id, region_code as "regionCode", demo, version from home where id = any($1)', [[...new Set(ids)]]);
  return new Map(rows.map((r) => [r.id, r]));
}
