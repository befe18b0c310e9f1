/** SQL of 可达性: responders with their proofs, villages with the people that depend on them, gaps and the notices made of them. No sealed value is opened here. */
import type { ReachFacts } from '#core/assurance.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { ResponderRole } from '#core/roster.ts';
import type { Row, Sql } from './pool.ts';
import { lies, outageScopes } from './roster.ts';
import { offDuty, readTurns } from './schedules.ts';

export type ReachPerson = ReachFacts & {
  party: Party; role: ResponderRole; ord: number; regionCode: string; nameEnc: Buffer; landline: boolean; keypress: boolean; optedOutAt: number | null; verifiedAt: number | null;
  dayHow: string | null; nightHow: string | null; fails: number; task: string | null; demo: boolean;
};

/** Responders in the regions of `prefix` as the verdict sees them. */
export async function reachPeople(sql: Sql, prefix: string): Promise<ReachPerson[]> {
  const [turns, scopes] = [await readTurns(sql, null), await outageScopes(sql)];
  const off = offDuty(turns, null);
  const rows = await sql.query<Omit<ReachPerson, 'offDuty' | 'cutOff'> & Row>(
    `select 'responder:' || p.id as party, p.role, p.ord, p.region_code as "regionCode", p.name_enc as "nameEnc", p.landline, p.keypress, p.opted_out_at as "optedOutAt", p.absent_until as "absentUntil", p.verified_at as "verifiedAt",
       x.day_at as "dayAt", x.day_how as "dayHow", x.night_at as "nightAt", x.night_how as "nightHow", coalesce(x.fails, 0) as fails, t.reason as task, coalesce(t.reason in ('failed', 'silent'), false) as broken, p.demo
     from responder p left join reach x on x.party = 'responder:' || p.id and x.phone_bidx = p.phone_bidx left join number_task t on t.party = 'responder:' || p.id and t.closed_at is null
     where p.region_code like $1 || '%' order by p.region_code, p.role, p.ord, p.id`, [prefix], 'reach-people');
  const desk = new Set(['seat', 'shift-leader', 'duty-leader']);
  return rows.map((r) => ({ ...r, offDuty: off.has(r.party), cutOff: !r.landline && !desk.has(r.role) && lies(r.regionCode, scopes) }));
}

export type VillageNeed = { code: string; homes: number; people: number };
/** Villages where somebody lives behind an installed device. */
export function needyVillages(sql: Sql, prefix: string): Promise<VillageNeed[]> {
  return sql.query<VillageNeed & Row>(
    `select h.region_code as code, count(distinct h.id)::int as homes, count(p.id)::int as people from home h left join person p on p.home_id = h.id and p.status = 'present'
     where h.region_code like $1 || '%' and exists (select from device d where d.home_id = h.id and d.status = 'installed') group by 1 order by 1`, [prefix], 'reach-villages');
}

/** Keeps the gaps of this look; answers those that have lasted for limits.reachHoldMs. */
export async function keepGaps(sql: Sql, codes: readonly string[]): Promise<string[]> {
  await sql.query('delete from reach_gap where region_code <> all($1)', [codes], 'reach-gaps-over');
  await sql.query('insert into reach_gap (region_code) select unnest($1::text[]) on conflict do nothing', [codes], 'reach-gaps-new');
  return (await sql.query<{ code: string }>(`select region_code as code from reach_gap where since <= anling_now() - $1 * interval '1 ms' order by 1`, [limits.reachHoldMs], 'reach-gaps')).map((r) => r.code);
}

export async function listGaps(sql: Sql): Promise<Map<string, number>> {
  return new Map((await sql.query<{ code: string; since: number }>('select region_code as code, since from reach_gap')).map((r) => [r.code, r.since]));
}

export async function readNotices(sql: Sql): Promise<Map<string, number>> {
  return new Map((await sql.query<{ code: string; villages: number }>('select code, villages from reach_notice', [], 'reach-notices')).map((r) => [r.code, r.villages]));
}

export async function saveNotices(sql: Sql, raised: ReadonlyMap<string, number>, over: readonly string[]): Promise<void> {
  await sql.query('delete from reach_notice where code = any($1)', [over], 'reach-notices-over');
  await sql.query('insert into reach_notice (code, villages) select * from unnest($1::text[], $2::int[]) on conflict (code) do update set villages = excluded.villages', [[...raised.keys()], [...raised.values()]], 'reach-notices-new');
}
