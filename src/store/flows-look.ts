/** What a flow may look up: devices, homes and people masked (陈**, no place, no telephone), lists to care for, batteries that are low. */
import { surnameOf } from '#core/messages.ts';
import { careColumns, type CareRow } from './care-list.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type SeenPerson = { id: string; name: string; homeId: string | null; regionCode: string | null; village: string | null; highRisk: boolean; riskTags: string[]; living: string | null; ability: string | null; hearing: string | null; mode: string | null };
type PersonRow = Pick<CareRow, 'personId' | 'homeId' | 'nameEnc' | 'highRisk' | 'riskTags' | 'ability' | 'living' | 'hearing' | 'mode'> & { regionCode: string | null; village: string | null };
const from = `person p left join home h on h.id = p.home_id left join region v on v.code = coalesce(h.region_code, nullif(p.region_code, ''))`;
const columns = `${careColumns}, coalesce(h.region_code, nullif(p.region_code, '')) as "regionCode", v.name as village`;

const masked = (seal: Seal) => (r: PersonRow): SeenPerson => ({
  id: r.personId ?? '', name: `${surnameOf(seal.openIfReadable('person.name', r.nameEnc) ?? '?')}**`, homeId: r.homeId, regionCode: r.regionCode, village: r.village, highRisk: r.highRisk ?? false, riskTags: r.riskTags ?? [],
  living: r.living, ability: r.ability, hearing: r.hearing, mode: r.mode,
});

/** People who are present, of high risk or living alone when asked, who is at risk first. */
export async function seenPeople(sql: Sql, seal: Seal, f: { ids: readonly string[] | null; homeId: string | null; prefix: string; only: 'all' | 'high-risk' | 'alone'; rows: number }): Promise<SeenPerson[]> {
  const rows = await sql.query<PersonRow>(
    `select ${columns} from ${from} where p.status = 'present' and ($1::text[] is null or p.id = any($1)) and ($2::text is null or p.home_id = $2) and coalesce(h.region_code, p.region_code) like $3 || '%'
       and ($4 = 'all' or $4 = 'high-risk' and p.high_risk or $4 = 'alone' and p.living = 'alone') order by p.high_risk desc, (p.living = 'alone') desc nulls last, p.birth_year nulls last, p.id limit $5`,
    [f.ids, f.homeId, f.prefix, f.only, f.rows], 'flow-people');
  return rows.map(masked(seal));
}

export type SeenHome = { id: string; regionCode: string; town: string | null; village: string | null; mode: string | null };
export async function seenHome(sql: Sql, id: string): Promise<SeenHome | null> {
  const [row] = await sql.query<SeenHome>(
    `select h.id, h.region_code as "regionCode", t.name as town, v.name as village, case when h.mode_until > anling_now() then h.mode end as mode from home h left join region v on v.code = h.region_code
       left join region t on t.code = left(h.region_code, 9) || '000' where h.id = $1`, [id], 'flow-home');
  return row ?? null;
}
