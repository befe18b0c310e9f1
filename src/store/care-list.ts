/**
 * The people of a village in the order in which they are to be looked after, and what a list says of each (2.2): for roll-calls, and for
 * whatever else prints such lists. Everything personal leaves sealed.
 */
import type { LifeMode } from '#core/decision.ts';
import type { Seal } from './seal.ts';

/** Who cries and nobody has answered comes first (FIELD 7); then who is at risk, cannot help himself, is alone, is old. Of `p`, a person on file. */
const firstComes = `exists (select from alert a where a.state <> 'closed' and 'nobody-answered' = any(a.flags) and (a.person_id = p.id or a.person_id is null and a.home_id = p.home_id)) desc,
  p.high_risk desc, array_position(array['complete', 'severe', 'moderate', 'mild'], p.ability) nulls last, (p.living = 'alone') desc nulls last, p.birth_year nulls last, p.id`;

/** `person_id, region_code, no` of everybody present who fits `where` (of `p`), numbered village by village from 1. */
export const careNumbers = (where: string): string =>
  `select p.id as person_id, p.region_code, row_number() over (partition by p.region_code order by ${firstComes}) as no from person p where p.status = 'present' and p.region_code <> '' and (${where})`;

/** The columns of one line, of `p` and its home `h`; read them by `careLine`. */
export const careColumns = `p.id as "personId", p.home_id as "homeId", p.name_enc as "nameEnc", p.phone_enc as "phoneEnc", h.place_enc as "placeEnc", h.landmark_enc as "landmarkEnc", p.high_risk as "highRisk", p.risk_tags as "riskTags",
  p.ability, p.living, p.hearing, p.birth_year as "birthYear", case when p.mode_until > anling_now() then p.mode when h.mode_until > anling_now() then h.mode end as mode`;
export type CareRow = {
  personId: string | null; homeId: string | null; nameEnc: Buffer | null; phoneEnc: Buffer | null; placeEnc: Buffer | null; landmarkEnc: Buffer | null; highRisk: boolean | null; riskTags: string[] | null;
  ability: string | null; living: string | null; hearing: string | null; birthYear: number | null; mode: LifeMode | null;
};
export type CareLine = Omit<CareRow, 'nameEnc' | 'phoneEnc' | 'placeEnc' | 'landmarkEnc' | 'highRisk' | 'riskTags'> & { name: string; phone: string | null; place: string | null; landmark: string | null; highRisk: boolean; riskTags: string[] };

/** One line in plain text; whoever shows it masks it or audits the look. Of a file that has gone only its number is left. */
export function careLine(seal: Seal, row: CareRow): CareLine {
  const { personId, homeId, ability, living, hearing, birthYear, mode } = row;
  return {
    personId, homeId, ability, living, hearing, birthYear, mode, highRisk: row.highRisk ?? false, riskTags: row.riskTags ?? [], name: seal.openIfReadable('person.name', row.nameEnc) ?? '?',
    phone: seal.openIfReadable('person.phone', row.phoneEnc), place: seal.openIfReadable('home.place', row.placeEnc), landmark: seal.openIfReadable('home.landmark', row.landmarkEnc),
  };
}
