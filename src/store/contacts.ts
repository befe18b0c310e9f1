/** Contacts of elders (家属, 邻居, 持钥匙人) in calling order. Name and number are sealed. */
import type { Party } from '#core/ids.ts';
import type { ContactFields } from '#core/registry.ts';
import { blinded, insertRows, type Page, pageWhere, plain, sealed, type Table, time, updateRow } from './columns.ts';
import { markAgain, marked, wanted } from './marks.ts';
import { withdrawParty } from './outbox-insert.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** `consentBy` as it is shown: the account's name. */
export type Contact = ContactFields & { id: string; optedOutAt: number | null; regionCode: string | null; version: number; demo: boolean };
export type NewContact = ContactFields & { id: string; demo: boolean };

const table: Table = {
  name: 'contact',
  columns: [
    plain('id'), plain('personId'), plain('ord'), plain('relation'), sealed('contact', 'name'), sealed('contact', 'phone'), blinded('phone', 'phone'), marked, plain('keyHolder'), plain('walkMinutes'),
    plain('language'), plain('emergenciesOnly'), plain('quietFrom'), plain('quietTo'), time('verifiedAt'), time('absentUntil'), time('withdrawnAt'), plain('withdrawnHow'), time('consentAt'), plain('consentHow'), plain('consentBy'), plain('demo'),
  ],
};
const select = `select c.id, c.person_id as "personId", c.ord, c.relation, c.name_enc, c.phone_enc, c.key_holder as "keyHolder", c.walk_minutes as "walkMinutes", c.language,
  coalesce(c.emergencies_only, false) as "emergenciesOnly", to_char(c.quiet_from, 'HH24:MI') as "quietFrom", to_char(c.quiet_to, 'HH24:MI') as "quietTo", c.withdrawn_at as "withdrawnAt", c.withdrawn_how as "withdrawnHow", c.consent_at as "consentAt", c.consent_how as "consentHow",
  coalesce((select display_name from app_user where 'user:' || id = c.consent_by), c.consent_by) as "consentBy",
  c.verified_at as "verifiedAt", c.opted_out_at as "optedOutAt", c.absent_until as "absentUntil", nullif(p.region_code, '') as "regionCode", c.version, c.demo
  from contact c join person p on p.id = c.person_id`;

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

/** A page of one person or of all in scope, by region, person and calling order. `q`: an id, a name or a telephone. */
export async function findContacts(sql: Sql, seal: Seal, f: Page & { q: string | null; personId: string | null }): Promise<{ rows: Contact[]; next: string | null }> {
  const [, region, person, ord, id] = /^(\d{0,12})\.([^.]+)\.(\d+)\.([^.]+)$/.exec(f.after ?? '') ?? [];
  const where = pageWhere('p', { ...f, after: null });
  if (id !== undefined) {
    const [r, p] = [where.value(region), where.value(person)];
    where.and(`(p.region_code, p.id) >= (${r}, ${p}) and (p.region_code, p.id, c.ord, c.id) > (${r}, ${p}, ${where.value(Number(ord))}, ${where.value(id)})`);
  }
  where.equal({ 'c.person_id': f.personId });
  if (f.q !== null) {
    const { marks, name } = wanted(seal, f.q);
    where.and(`c.id in (select ${where.value(f.q.trim())} union select id from contact where find_bidx @> ${where.value(marks)} union select id from contact where find_bidx @> ${where.value(name)})`);
  }
  const rows = (await sql.query(`${select} where ${where.sql()} order by p.region_code, p.id, c.ord, c.id limit ${where.value(f.limit + 1)}`, where.values)).map((r) => toContact(seal, r));
  const last = rows[f.limit - 1];
  return rows.length > f.limit && last ? { rows: rows.slice(0, f.limit), next: `${last.regionCode ?? ''}.${last.personId}.${last.ord}.${last.id}` } : { rows, next: null };
}

export async function updateContact(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<ContactFields>): Promise<number | null> {
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next === null) return null;
  await markAgain(sql, seal, 'contact', id, patch);
  // What was proven of the old number says nothing about the new one.
  if ('phone' in patch) await sql.query('update contact set opted_out_at = null, verified_at = case when $2 then verified_at end where id = $1', [id, 'verifiedAt' in patch]);
  if (patch.withdrawnAt != null) await withdrawParty(sql, `contact:${id}` as Party);
  return next;
}

/** Puts one person's contacts in this calling order; false when `ids` are not exactly the contacts they have now. */
export async function orderContacts(sql: Sql, personId: string, ids: readonly string[]): Promise<boolean> {
  const now = await sql.query<{ id: string }>('select id from contact where person_id = $1 for update', [personId]);
  if (now.map((c) => c.id).sort().join() !== [...ids].sort().join()) return false;
  await sql.query('update contact c set ord = v.ord, version = c.version + 1 from unnest($1::text[]) with ordinality v (id, ord) where c.id = v.id and c.ord <> v.ord', [ids]);
  return true;
}

/** True when a contact of that version was removed. A contact that is part of an open alert stays reachable by its messages already sent. */
export async function deleteContact(sql: Sql, id: string, version: number): Promise<boolean> {
  return (await sql.query('delete from contact where id = $1 and version = $2 returning id', [id, version])).length > 0;
}

/** Those of `ids` that are taken. */
export async function takenContactIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from contact where id = any($1)', [ids])).map((r) => r.id));
}

/** 撤回同意 by his own text: of these parties the contacts with this very number (who only speaks for somebody withdraws nobody else), from when on. Not those who had withdrawn before. */
export async function withdrawContacts(sql: Sql, parties: readonly Party[], phoneBidx: Uint8Array): Promise<{ party: Party; at: number }[]> {
  const ids = parties.flatMap((p) => (p.startsWith('contact:') ? [p.slice(8)] : []));
  if (ids.length === 0) return [];
  const rows = await sql.query<{ party: Party; at: number }>(
    `update contact set withdrawn_at = anling_now(), withdrawn_how = 'text', version = version + 1 where id = any($1) and phone_bidx = $2 and withdrawn_at is null returning 'contact:' || id as party, withdrawn_at as at`, [ids, phoneBidx], 'contacts-withdraw');
  for (const { party } of rows) await withdrawParty(sql, party);
  return rows;
}
