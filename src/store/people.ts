/** Elders: one person one file (一人一档). Name, numbers, birth date and notes are sealed; look-ups go by blind indexes. */
import type { LifeMode } from '#core/decision.ts';
import type { PersonFields } from '#core/registry.ts';
import { blinded, computed, insertRows, type Page, paged, pageWhere, plain, sealed, type Table, time, updateRow, type Where } from './columns.ts';
import { markAgain, marked, wanted } from './marks.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Person = PersonFields & {
  id: string; /** of the home, else of the registration */ regionCode: string | null; mode: string | null; modeUntil: number | null; version: number; demo: boolean; createdAt: number; birthYear: number | null;
  /** that are not revoked, of the person or the home */ devices: number; contacts: number;
};
export type NewPerson = PersonFields & { id: string; demo: boolean };

const table: Table = {
  name: 'person',
  columns: [
    plain('id'), plain('number'), plain('homeId'), sealed('person', 'name'), blinded('name', 'name'), sealed('person', 'phone'), blinded('phone', 'phone'), marked,
    sealed('person', 'identityNo'), blinded('identity', 'identityNo'), plain('sex'), sealed('person', 'birthDate'),
    computed('birth_year', 'birthDate', (v) => (v == null ? null : Number(String(v).slice(0, 4)))), plain('category'), plain('living'), plain('registeredRegionCode'), plain('ability'),
    plain('riskTags'), plain('highRisk'), plain('language'), plain('hearing'), sealed('person', 'healthNote'), sealed('person', 'note'), plain('status'), plain('statusSince'),
    time('consentAt'), plain('consentBy'), plain('routineBy'), plain('demo'),
  ],
};
const select = `select p.id, p.number, p.home_id as "homeId", p.name_enc, p.phone_enc, p.identity_no_enc, p.sex, p.birth_date_enc, p.birth_year as "birthYear", p.category, p.living,
  p.registered_region_code as "registeredRegionCode", p.ability, p.risk_tags as "riskTags", p.high_risk as "highRisk", p.language, p.hearing, p.health_note_enc, p.note_enc, p.status,
  p.status_since::text as "statusSince", p.consent_at as "consentAt", p.consent_by as "consentBy", to_char(p.routine_by, 'HH24:MI') as "routineBy",
  case when p.mode_until > anling_now() then p.mode end as mode, case when p.mode_until > anling_now() then p.mode_until end as "modeUntil", p.version, p.demo, p.created_at as "createdAt",
  nullif(p.region_code, '') as "regionCode", (select count(*)::int from contact c where c.person_id = p.id and c.withdrawn_at is null) as contacts,
  (select count(*)::int from device d where d.person_id = p.id and d.status <> 'revoked') + (select count(*)::int from device d where d.home_id = p.home_id and d.person_id is null and d.status <> 'revoked') as devices
  from person p`;

function toPerson(seal: Seal, row: Row): Person {
  const { name_enc, phone_enc, identity_no_enc, birth_date_enc, health_note_enc, note_enc, ...rest } = row;
  const open = (column: string, value: unknown): string | null => seal.openOrNull(`person.${column}`, value as Buffer | null);
  return {
    ...(rest as Omit<Person, 'name' | 'phone' | 'identityNo' | 'birthDate' | 'healthNote' | 'note'>), name: seal.open('person.name', name_enc as Buffer), phone: open('phone', phone_enc),
    identityNo: open('identity_no', identity_no_enc), birthDate: open('birth_date', birth_date_enc), healthNote: open('health_note', health_note_enc), note: open('note', note_enc),
  };
}

export function insertPeople(sql: Sql, seal: Seal, people: readonly NewPerson[]): Promise<void> {
  return insertRows(sql, seal, table, people);
}

/** The file in plain text; whoever shows it masks it or audits the look. */
export async function findPerson(sql: Sql, seal: Seal, id: string): Promise<Person | null> {
  const [row] = await sql.query(`${select} where p.id = $1`, [id]);
  return row ? toPerson(seal, row) : null;
}

export const peopleGaps = ['device', 'contact'] as const;
export type PeopleFilter = Page & {
  q: string | null; homeId: string | null; highRisk: boolean | null; status?: PersonFields['status'] | null; mode?: LifeMode | null;
  /** Nobody has fitted anything, or nobody is on file to be called: the gaps in the cover. */ without?: (typeof peopleGaps)[number] | null;
};
/** Ids of those who are meant by what was typed: by id, number, name or telephone, by a contact's number, by the id or serial number of their device. */
export function peopleFound(seal: Seal, { value }: Where, q: string): string {
  const { marks, name, onlyPhone } = wanted(seal, q);
  const [typed, meant] = [value(q.trim()), value(marks)];
  return `select id from person where id = ${typed} or number = ${typed} union select id from person where find_bidx @> ${meant} union select id from person where find_bidx @> ${value(name)}
    ${onlyPhone ? `union select person_id from contact where find_bidx @> ${meant}` : ''}
    union select p.id from device d join person p on p.id = d.person_id or (d.person_id is null and p.home_id = d.home_id) where d.id = ${typed} or d.serial = ${typed}`;
}

/** A page by region and id: first the ids along an index, then the files of those. */
export async function listPeople(sql: Sql, seal: Seal, f: PeopleFilter): Promise<{ rows: Person[]; next: string | null }> {
  const where = pageWhere('p', f);
  if (f.q !== null) where.and(`p.id = any(array(${peopleFound(seal, where, f.q)}))`); // an array: the few that are meant are looked up, never the county walked for them
  where.equal({ 'p.home_id': f.homeId, 'p.status': f.status, 'p.mode': f.mode });
  if (f.highRisk !== null) where.and(f.highRisk ? 'p.high_risk' : 'not p.high_risk');
  if (f.mode) where.and('p.mode_until > anling_now()');
  if (f.without) where.and("p.status = 'present'");
  if (f.without === 'device') where.and("not exists (select from device d where d.person_id = p.id and d.status <> 'revoked') and not exists (select from device d where d.home_id = p.home_id and d.status <> 'revoked')");
  if (f.without === 'contact') where.and('not exists (select from contact c where c.person_id = p.id and c.withdrawn_at is null)');
  const rows = await sql.query(
    `with page as (select p.id from person p where ${where.sql()} order by p.region_code, p.id limit ${where.value(f.limit + 1)}) ${select} join page on page.id = p.id order by p.region_code, p.id`, where.values);
  return paged(rows.map((r) => toPerson(seal, r)), f.limit);
}

/** The new version, or null when the row is at another one. Devices worn by or bound to the person move with them. */
export async function updatePerson(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<PersonFields>): Promise<number | null> {
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next === null) return null;
  await markAgain(sql, seal, 'person', id, patch);
  if ('homeId' in patch) {
    const moved = await sql.query<{ id: string }>('update device set home_id = $2, version = version + 1 where person_id = $1 and home_id is distinct from $2 returning id', [id, patch.homeId ?? null]);
    for (const device of moved) await sql.query("select pg_notify('anling_device', $1)", [device.id]);
  }
  return next;
}

export type PersonKey = { id: string; homeId: string | null; regionCode: string | null; demo: boolean; version: number; contacts: number };

/** Those of `ids` that exist, with what a reference to them must know. */
export async function personKeys(sql: Sql, ids: readonly string[]): Promise<Map<string, PersonKey>> {
  const rows = await sql.query<PersonKey>(
    `select p.id, p.home_id as "homeId", nullif(p.region_code, '') as "regionCode", p.demo, p.version, (select count(*)::int from contact c where c.person_id = p.id) as contacts
     from person p where p.id = any($1)`, [[...new Set(ids)]]);
  return new Map(rows.map((r) => [r.id, r]));
}

/** Which of the person numbers and identity numbers are taken, as given. */
export async function takenNumbers(sql: Sql, seal: Seal, numbers: readonly string[], identities: readonly string[]): Promise<Set<string>> {
  const index = identities.map((i) => seal.blind('identity', i));
  const rows = await sql.query<{ number: string | null; bidx: Buffer | null }>('select number, identity_no_bidx as bidx from person where number = any($1) or identity_no_bidx = any($2)', [[...numbers], index]);
  const taken = new Set(rows.map((r) => r.number).filter((n) => n !== null));
  for (const r of rows) for (const [i, b] of index.entries()) if (r.bidx?.equals(b)) taken.add(identities[i] ?? '');
  return taken;
}
