/** SQL of the limits of vital signs: which devices have limits of their own, by what the county has set for models, regions and people. */
import { scopePrefix } from '#core/ids.ts';
import { inOrder, isVital, type RuleEntries, type VitalLimits, vitalLimits } from '#core/rule-params.ts';
import type { Row, Sql } from './pool.ts';

export type Measured = { id: string; no: number; model: string; homeId: string | null; room: string | null; regionCode: string | null; /** its person, else who lives there alone */ personId: string | null };
/** Devices that measure and that one of these entries names, by model, region or person; one for the whole county names them all where `all` says so. */
export async function measuredBy(sql: Sql, entries: RuleEntries, all = false): Promise<Measured[]> {
  const ids = (scope: string): string[] => entries.filter((e) => isVital(e.param) && e.scope === scope).map((e) => e.id);
  const regions = [...ids('region').map(scopePrefix), ...(all && entries.some((e) => isVital(e.param) && e.scope === 'county') ? [''] : [])];
  if (regions.length + ids('model').length + ids('person').length === 0) return [];
  return sql.query<Measured & Row>(
    `select d.id, d.no, d.model, d.home_id as "homeId", d.room, nullif(d.region_code, '') as "regionCode", coalesce(d.person_id, s.id) as "personId" from device d join device_model m on m.id = d.model
       left join (select home_id, min(id) as id from person where status = 'present' group by home_id having count(*) = 1) s on s.home_id = d.home_id
     where d.status <> 'revoked' and m.type in ('fall-radar', 'watch', 'bed') and (d.model = any($1) or coalesce(d.person_id, s.id) = any($2) or exists (select from unnest($3::text[]) r where d.region_code like r || '%')) order by d.id`,
    [ids('model'), ids('person'), regions]);
}

export type VitalBook = { /** what holds for who is not named */ county: VitalLimits; devices: Map<string, VitalLimits> };
/** Limits by device; equal ones are one object. */
export async function readVitalBook(sql: Sql, entries: RuleEntries): Promise<VitalBook> {
  const shared = new Map<string, VitalLimits>();
  const once = (l: VitalLimits): VitalLimits => { const key = JSON.stringify(l); const had = shared.get(key); if (!had) shared.set(key, l); return had ?? l; };
  const own = inOrder(entries.filter((e) => isVital(e.param)));
  return { county: vitalLimits(own, {}), devices: new Map((await measuredBy(sql, own)).map((d) => [d.id, once(vitalLimits(own, d))])) };
}
