/** SQL of the offline packs (2.2): which towns have one and under which passphrase, and everything that stands in it, opened. */
import { showRegion } from '#core/region.ts';
import { modeWords, type PackContent, type PackPerson, type PackResponder, type PackTown, relationWords, riskText } from '#core/pack.ts';
import { type PartyRole, roleTitle } from '#core/roster.ts';
import { careColumns, type CareRow, careLine, careNumbers } from './care-list.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const label = 'pack_key.passphrase';

/** Towns of the region digits where somebody lives, with when their passphrase was set and by whom. */
export function packTowns(sql: Sql, prefix: string): Promise<(PackTown & { keySetBy: string | null })[]> {
  return sql.query<PackTown & { keySetBy: string | null } & Row>(
    `select t.code, t.name, n.people, k.set_at as "keySetAt", coalesce(u.display_name, k.set_by) as "keySetBy"
     from (select left(region_code, 9) || '000' as code, count(*)::int as people from person where status = 'present' and region_code <> '' group by 1) n join region t on t.code = n.code
       left join pack_key k on k.region_code = t.code left join app_user u on 'user:' || u.id = k.set_by where t.code like $1 || '%' order by t.code`, [prefix]);
}

export async function setPassphrase(sql: Sql, seal: Seal, code: string, passphrase: string, by: string): Promise<void> {
  await sql.query(`insert into pack_key (region_code, passphrase_enc, set_by) values ($1, $2, $3) on conflict (region_code) do update set passphrase_enc = excluded.passphrase_enc, set_at = anling_now(), set_by = excluded.set_by`, [code, seal.seal(label, passphrase), by]);
}
export async function readPassphrase(sql: Sql, seal: Seal, code: string): Promise<{ passphrase: string; setAt: number } | null> {
  const [row] = await sql.query<{ enc: Buffer; setAt: number }>('select passphrase_enc as enc, set_at as "setAt" from pack_key where region_code = $1', [code]);
  return row ? { passphrase: seal.open(label, row.enc), setAt: row.setAt } : null;
}

type Line = CareRow & Row & { regionCode: string; no: number; demo: boolean };
/** The whole town as it is now, in plain text: for whoever seals it at once. */
export async function readPack(sql: Sql, seal: Seal, town: Pick<PackTown, 'code' | 'name'>, made: { at: number; text: string }): Promise<PackContent> {
  const digits = town.code.slice(0, 9);
  const people = await sql.query<Line>(
    `select n.region_code as "regionCode", n.no::int as no, p.demo, ${careColumns} from (${careNumbers('left(p.region_code, 9) = $1')}) n join person p on p.id = n.person_id left join home h on h.id = p.home_id order by n.region_code, n.no`, [digits]);
  const contacts = await sql.query<Row & { personId: string; relation: string; nameEnc: Buffer; phoneEnc: Buffer; keyHolder: boolean }>(
    `select c.person_id as "personId", c.relation, c.name_enc as "nameEnc", c.phone_enc as "phoneEnc", c.key_holder as "keyHolder" from contact c where c.person_id = any($1) and c.withdrawn_at is null order by c.person_id, c.ord, c.id`, [people.map((p) => p.personId)]);
  const responders = await sql.query<Row & { regionCode: string; role: string; nameEnc: Buffer; phoneEnc: Buffer; away: boolean }>(
    `select region_code as "regionCode", role, name_enc as "nameEnc", phone_enc as "phoneEnc", coalesce(absent_until > anling_now(), false) as away from responder
     where left(region_code, 9) = $1 or (role in ('seat', 'shift-leader', 'duty-leader') and left(region_code, 6) = left($1, 6)) order by region_code, array_position(array['duty-leader', 'shift-leader', 'seat', 'town-duty', 'care-worker', 'doctor', 'grid-worker', 'village-cadre', 'fire-station'], role), ord, id`, [digits]);
  const names = new Map((await sql.query<{ code: string; name: string }>(`select code, name from region where left(code, 9) = $1 and level = 'village'`, [digits])).map((r) => [r.code, showRegion(r.name)]));
  const byPerson = Map.groupBy(contacts, (c) => c.personId);
  const who = (r: (typeof responders)[number]): PackResponder => ({ role: roleTitle[r.role as PartyRole] ?? r.role, name: seal.openIfReadable('responder.name', r.nameEnc) ?? '?', phone: seal.openIfReadable('responder.phone', r.phoneEnc) ?? '?', away: r.away });
  const year = new Date(made.at).getUTCFullYear();
  const personOf = (row: Line): PackPerson => {
    const line = careLine(seal, row);
    return {
      no: row.no, name: line.name, place: [line.place, line.landmark].filter(Boolean).join(' '), phone: line.phone ?? '', risk: riskText(line, year), away: line.mode === null ? '' : (modeWords[line.mode] ?? ''),
      contacts: (byPerson.get(row.personId ?? '') ?? []).map((c) => ({ name: seal.openIfReadable('contact.name', c.nameEnc) ?? '?', relation: relationWords[c.relation] ?? '', phone: seal.openIfReadable('contact.phone', c.phoneEnc) ?? '?', key: c.keyHolder })),
    };
  };
  const isDesk = (role: string): boolean => role === 'seat' || role === 'shift-leader' || role === 'duty-leader';
  const villages = [...Map.groupBy(people, (p) => p.regionCode)].map(([code, rows]) => ({ name: names.get(code) ?? showRegion(town.name), people: rows.map(personOf), responders: responders.filter((r) => r.regionCode === code && !isDesk(r.role)).map(who) }));
  return {
    town: showRegion(town.name), made: made.text, demo: people.some((p) => p.demo), villages, desk: responders.filter((r) => isDesk(r.role)).map(who), townPeople: responders.filter((r) => !isDesk(r.role) && (r.regionCode === town.code || !names.has(r.regionCode))).map(who),
  };
}
