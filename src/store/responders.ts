/** Responders (处警人员): village rings, town duty rooms, the desk and its leaders. Name and number are sealed. */
import type { ResponderFields } from '#core/registry.ts';
import { blinded, insertRows, type Page, paged, pageWhere, plain, sealed, type Table, time, updateRow } from './columns.ts';
import { markAgain, marked, wanted } from './marks.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Responder = ResponderFields & { id: string; optedOutAt: number | null; version: number; demo: boolean; createdAt: number; /** alarms he was told of in the last 30 whole days, of them by night (store/arrivals.ts) */ told30: number; night30: number };
export type NewResponder = ResponderFields & { id: string; demo: boolean };

const table: Table = {
  name: 'responder',
  columns: [
    plain('id'), plain('role'), plain('regionCode'), plain('ord'), sealed('responder', 'name'), sealed('responder', 'phone'), blinded('phone', 'phone'), marked, plain('landline'), plain('keypress'),
    plain('languages'), plain('walkMinutes'), plain('keyHolder'), plain('quietFrom'), plain('quietTo'), time('verifiedAt'), time('absentUntil'), plain('demo'),
  ],
};
const select = `select r.id, r.role, r.region_code as "regionCode", r.ord, r.name_enc, r.phone_enc, r.landline, r.keypress, r.languages,
  r.walk_minutes as "walkMinutes", r.key_holder as "keyHolder", to_char(r.quiet_from, 'HH24:MI') as "quietFrom", to_char(r.quiet_to, 'HH24:MI') as "quietTo", r.verified_at as "verifiedAt",
  r.opted_out_at as "optedOutAt", r.absent_until as "absentUntil", r.version, r.demo, r.created_at as "createdAt", coalesce(l.told, 0) as "told30", coalesce(l.night, 0) as "night30" from responder r left join responder_load l on l.responder_id = r.id`;

const toResponder = (seal: Seal, { name_enc, phone_enc, ...rest }: Row): Responder =>
  ({ ...(rest as Omit<Responder, 'name' | 'phone'>), name: seal.open('responder.name', name_enc as Buffer), phone: seal.open('responder.phone', phone_enc as Buffer) });

export function insertResponders(sql: Sql, seal: Seal, responders: readonly NewResponder[]): Promise<void> {
  return insertRows(sql, seal, table, responders);
}

export async function findResponder(sql: Sql, seal: Seal, id: string): Promise<Responder | null> {
  const [row] = await sql.query(`${select} where r.id = $1`, [id]);
  return row ? toResponder(seal, row) : null;
}

export const responderGaps = ['absent', 'unverified', 'opted-out'] as const;
export type ResponderFilter = Page & { q: string | null; role: string | null; /** cannot be counted on: on leave now, number never proven, refuses messages */ gap?: (typeof responderGaps)[number] | null };
const gapped: Record<(typeof responderGaps)[number], string> = { absent: 'r.absent_until > anling_now()', unverified: 'r.verified_at is null', 'opted-out': 'r.opted_out_at is not null' };

/** A page by region and id. `q`: an id, a name (whole, surname or initials) or a telephone (whole or its end). */
export async function listResponders(sql: Sql, seal: Seal, f: ResponderFilter): Promise<{ rows: Responder[]; next: string | null }> {
  const where = pageWhere('r', f);
  if (f.q !== null) {
    const { marks, name } = wanted(seal, f.q);
    where.and(`r.id in (select ${where.value(f.q.trim())} union select id from responder where find_bidx @> ${where.value(marks)} union select id from responder where find_bidx @> ${where.value(name)})`);
  }
  where.equal({ 'r.role': f.role });
  if (f.gap) where.and(gapped[f.gap]);
  const rows = await sql.query(`${select} where ${where.sql()} order by r.region_code, r.id limit ${where.value(f.limit + 1)}`, where.values);
  return paged(rows.map((r) => toResponder(seal, r)), f.limit);
}

/** The new version, or null when the row is at another one. A new number clears what was proven about the old one. */
export async function updateResponder(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<ResponderFields>): Promise<number | null> {
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next === null) return null;
  await markAgain(sql, seal, 'responder', id, patch);
  if ('phone' in patch) await sql.query('update responder set opted_out_at = null, verified_at = case when $2 then verified_at end where id = $1', [id, 'verifiedAt' in patch]);
  return next;
}

/** Role, place and name of these; whoever is not there any more is left out. */
export async function respondersOf(sql: Sql, seal: Seal, ids: readonly string[]): Promise<Map<string, { role: string; regionCode: string; name: string }>> {
  const rows = await sql.query<{ id: string; role: string; regionCode: string; name_enc: Buffer } & Row>('select id, role, region_code as "regionCode", name_enc from responder where id = any($1)', [ids]);
  return new Map(rows.map((r) => [r.id, { role: r.role, regionCode: r.regionCode, name: seal.openIfReadable('responder.name', r.name_enc) ?? '' }]));
}

/** Those of `ids` that are taken. */
export async function takenResponderIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from responder where id = any($1)', [ids])).map((r) => r.id));
}
