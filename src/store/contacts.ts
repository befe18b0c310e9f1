/** Contacts of elders (家属, 邻居, 持钥匙人) in calling order. Name and number are sealed. */
import type { ContactFields } from '#core/registry.ts';
import { blinded, insertRows, type Page, paged, plain, sealed, type Table, time, updateRow } from './columns.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Contact = ContactFields & { id: string; optedOutAt: number | null; regionCode: string | null; version: number; demo: boolean };
export type NewContact = ContactFields & { id: string; demo: boolean };

const table: Table = {
  name: 'contact',
  columns: [
    plain('id'), plain('personId'), plain('ord'), plain('relation'), sealed('contact', 'name'), sealed('contact', 'phone'), blinded('phone', 'phone'), plain('keyHolder'), plain('walkMinutes'),
    plain('language'), time('verifiedAt'), time('absentUntil'), plain('demo'),
  ],
};
const select = `select c.id, c.person_id as "personId", c.ord, c.relation, c.name_enc, c.phone_enc, c.key_holder as "keyHolder", c.walk_minutes as "walkMinutes", c.language,
  c.verified_at as "verifiedAt", c.opted_out_at as "optedOutAt", c.absent_until as "absentUntil", coalesce(h.region_code, p.registered_region_code) as "regionCode", c.version, c.demo
  from contact c join person p on p.id = c.person_id left join home h on h.id = p.home_id`;

const toContact = (seal: Seal, { name_enc, phone_enc, ...rest }: Row): Contact =>
  ({ ...(rest as Omit<Contact, 'name' | 'phone'>), name: seal.open('contact.name', name_enc as Buffer), phone: seal.open('contact.phone', phone_enc as Buffer) });

export function insertContacts(sql: Sql, seal: Seal, contacts: readonly NewContact[]): Promise<void> {
  return insertRows(sql, seal, table, contacts);
}

export async function findContact(sql: Sql, seal: Seal, id: string): Promise<Contact | null> {
  const [row] = await sql.query(`${select} where c.id = $1`, [id]);
  return row ? toContact(seal, row) : null;
}

/** One person's contacts in calling order. */
export async function listContacts(sql: Sql, seal: Seal, personId: string): Promise<Contact[]> {
  return (await sql.query(`${select} where c.person_id = $1 order by c.ord, c.id`, [personId])).map((r) => toContact(seal, r));
}

/** A page by id, of one person or of all in scope. `q`: an id or a telephone. */
export async function findContacts(sql: Sql, seal: Seal, f: Page & { q: string | null; personId: string | null }): Promise<{ rows: Contact[]; next: string | null }> {
  const region = 'coalesce(h.region_code, p.registered_region_code)';
  const rows = await sql.query(
    `${select} where (${region} like $1 || '%' or (${region} is null and length($1) <= 6)) and ($2::text is null or c.id > $2) and ($4::text is null or c.id = $4 or c.phone_bidx = $5)
       and ($6::text is null or c.person_id = $6) order by c.id limit $3`, [f.prefix, f.after, f.limit + 1, f.q, f.q === null ? null : seal.blind('phone', f.q), f.personId]);
  return paged(rows.map((r) => toContact(seal, r)), f.limit);
}

export function updateContact(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<ContactFields>): Promise<number | null> {
  return updateRow(sql, seal, table, id, version, patch);
}

/** True when a contact of that version was removed. A contact that is part of an open alert stays reachable by its messages already sent. */
export async function deleteContact(sql: Sql, id: string, version: number): Promise<boolean> {
  return (await sql.query('delete from contact where id = $1 and version = $2 returning id', [id, version])).length > 0;
}

/** Those of `ids` that are taken. */
export async function takenContactIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from contact where id = any($1)', [ids])).map((r) => r.id));
}
