/** Responders (处警人员): village rings, town duty rooms, the desk and its leaders. Name and number are sealed. */
import type { ResponderFields } from '#core/registry.ts';
import { blinded, insertRows, type Page, paged, plain, sealed, type Table, time, updateRow } from './columns.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Responder = ResponderFields & { id: string; optedOutAt: number | null; version: number; demo: boolean; createdAt: number };
export type NewResponder = ResponderFields & { id: string; demo: boolean };

const table: Table = {
  name: 'responder',
  columns: [
    plain('id'), plain('role'), plain('regionCode'), plain('ord'), sealed('responder', 'name'), sealed('responder', 'phone'), blinded('phone', 'phone'), plain('landline'), plain('keypress'),
    plain('languages'), plain('walkMinutes'), plain('keyHolder'), plain('quietFrom'), plain('quietTo'), time('verifiedAt'), time('absentUntil'), plain('demo'),
  ],
};
const select = `select r.id, r.role, r.region_code as "regionCode", r.ord, r.name_enc, r.phone_enc, r.landline, r.keypress, r.languages,
  r.walk_minutes as "walkMinutes", r.key_holder as "keyHolder", to_char(r.quiet_from, 'HH24:MI') as "quietFrom", to_char(r.quiet_to, 'HH24:MI') as "quietTo", r.verified_at as "verifiedAt",
  r.opted_out_at as "optedOutAt", r.absent_until as "absentUntil", r.version, r.demo, r.created_at as "createdAt" from responder r`;

const toResponder = (seal: Seal, { name_enc, phone_enc, ...rest }: Row): Responder =>
  ({ ...(rest as Omit<Responder, 'name' | 'phone'>), name: seal.open('responder.name', name_enc as Buffer), phone: seal.open('responder.phone', phone_enc as Buffer) });

export function insertResponders(sql: Sql, seal: Seal, responders: readonly NewResponder[]): Promise<void> {
  return insertRows(sql, seal, table, responders);
}

export async function findResponder(sql: Sql, seal: Seal, id: string): Promise<Responder | null> {
  const [row] = await sql.query(`${select} where r.id = $1`, [id]);
  return row ? toResponder(seal, row) : null;
}

/** A page by id. `q`: an id or a telephone. */
export async function listResponders(sql: Sql, seal: Seal, f: Page & { q: string | null; role: string | null }): Promise<{ rows: Responder[]; next: string | null }> {
  const rows = await sql.query(
    `${select} where r.region_code like $1 || '%' and ($2::text is null or r.id > $2) and ($6::text is null or r.role = $6) and ($4::text is null or r.id = $4 or r.phone_bidx = $5)
     order by r.id limit $3`, [f.prefix, f.after, f.limit + 1, f.q, f.q === null ? null : seal.blind('phone', f.q), f.role]);
  return paged(rows.map((r) => toResponder(seal, r)), f.limit);
}

/** The new version, or null when the row is at another one. A new number clears what was proven about the old one. */
export async function updateResponder(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<ResponderFields>): Promise<number | null> {
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next !== null && 'phone' in patch) await sql.query('update responder set opted_out_at = null, verified_at = case when $2 then verified_at end where id = $1', [id, 'verifiedAt' in patch]);
  return next;
}

/** Those of `ids` that are taken. */
export async function takenResponderIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from responder where id = any($1)', [ids])).map((r) => r.id));
}
