/** Elders: one person one file (一人一档). Name, numbers, birth date and notes are sealed; look-ups go by blind indexes. */
import type { PersonFields } from '#core/registry.ts';
import { blinded, computed, insertRows, type Page, paged, plain, sealed, type Table, time, updateRow } from './columns.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type Person = PersonFields & {
  id: string; /** of the home, else of the registration */ regionCode: string | null; mode: string | null; modeUntil: number | null; version: number; demo: boolean; createdAt: number; birthYear: number | null;
};
export type NewPerson = PersonFields & { id: string; demo: boolean };

const table: Table = {
  name: 'person',
  columns: [
    plain('id'), plain('number'), plain('homeId'), sealed('person', 'name'), blinded('name', 'name'), sealed('person', 'phone'), blinded('phone', 'phone'),
    sealed('person', 'identityNo'), blinded('identity', 'identityNo'), plain('sex'), sealed('person', 'birthDate'),
    computed('birth_year', 'birthDate', (v) => (v == null ? null : Number(String(v).slice(0, 4)))), plain('category'), plain('living'), plain('registeredRegionCode'), plain('ability'),
    plain('riskTags'), plain('highRisk'), plain('language'), plain('hearing'), sealed('person', 'healthNote'), sealed('person', 'note'), plain('status'), plain('statusSince'),
    time('consentAt'), plain('consentBy'), plain('routineBy'), plain('demo'),
  ],
};
const region = 'coalesce(h.region_code, p.registered_region_code)';
const select = `select p.id, p.number, p.home_id as "homeId", p.name_enc, p.phone_enc, p.identity_no_enc, p.sex, p.birth_date_enc, p.birth_year as "birthYear", p.category, p.living,
  p.registered_region_code as "registeredRegionCode", p.ability, p.risk_tags as "riskTags", p.high_risk as "highRisk", p.language, p.hearing, p.health_note_enc, p.note_enc, p.status,
  p.status_since::text as "statusSince", p.consent_at as "consentAt", p.consent_by as "consentBy", to_char(p.routine_by, 'HH24:MI') as "routineBy",
  case when p.mode_until > anling_now() then p.mode end as mode, case when p.mode_until > anling_now() then p.mode_until end as "modeUntil", p.version, p.demo, p.created_at as "createdAt",
  ${region} as "regionCode" from person p left join home h on h.id = p.home_id`;

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

export type PeopleFilter = Page & { q: string | null; homeId: string | null; highRisk: boolean | null };

/** A page by id. `q`: an id, a number, an exact name, or a telephone (their own or of one of their contacts). */
export async function listPeople(sql: Sql, seal: Seal, f: PeopleFilter): Promise<{ rows: Person[]; next: string | null }> {
  const { q } = f;
  const rows = await sql.query(
    `${select} where (${region} like $1 || '%' or (${region} is null and length($1) <= 6)) and ($2::text is null or p.id > $2) and ($7::text is null or p.home_id = $7) and ($8::boolean is null or p.high_risk = $8)
       and ($4::text is null or p.id = $4 or p.number = $4 or p.name_bidx = $5 or p.phone_bidx = $6 or exists (select from contact c where c.person_id = p.id and c.phone_bidx = $6))
     order by p.id limit $3`,
    [f.prefix, f.after, f.limit + 1, q, q === null ? null : seal.blind('name', q), q === null ? null : seal.blind('phone', q), f.homeId, f.highRisk]);
  return paged(rows.map((r) => toPerson(seal, r)), f.limit);
}

/** The new version, or null when the row is at another one. Devices worn by or bound to the person move with them. */
export async function updatePerson(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<PersonFields>): Promise<number | null> {
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next !== null && 'homeId' in patch) {
    const moved = await sql.query<{ id: string }>('update device set home_id = $2, version = version + 1 where person_id = $1 and home_id is distinct from $2 returning id', [id, patch.homeId ?? null]);
    for (const device of moved) await sql.query("select pg_notify('anling_device', $1)", [device.id]);
  }
  return next;
}

export type PersonKey = { id: string; homeId: string | null; regionCode: string | null; demo: boolean; version: number; contacts: number };

/** Those of `ids` that exist, with what a reference to them must know. */
export async function personKeys(sql: Sql, ids: readonly string[]): Promise<Map<string, PersonKey>> {
  const rows = await sql.query<PersonKey>(
    `select p.id, p.home_id as "homeId", ${region} as "regionCode", p.demo, p.version, (select count(*)::int from contact c where c.person_id = p.id) as contacts
     from person p left join home h on h.id = p.home_id where p.id = any($1)`, [[...new Set(ids)]]);
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
