/** SQL of drills as people see and begin them: the list, one with its rows, what runs now, whom a new one may take. */
import type { DrillSkip } from '#core/drill.ts';
import type { Plan } from '#core/escalation.ts';
import type { EventKind } from '#core/event.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Row, Sql } from './pool.ts';

export type DrillRow = { id: string; name: string; kind: EventKind; regionCode: string; startedBy: string; startedAt: number; endedAt: number | null; how: 'done' | 'stopped' | 'yielded' | null; cases: number; answered: number; open: number; demo: boolean };
const columns = `d.id::text as id, d.name, d.kind, d.region_code as "regionCode", coalesce(u.display_name, d.started_by) as "startedBy", d.started_at as "startedAt", d.ended_at as "endedAt", d.how, d.demo,
  (select count(*)::int from drill_case c where c.drill_id = d.id) as cases, (select count(*)::int from drill_case c where c.drill_id = d.id and c.state = 'answered') as answered, (select count(*)::int from drill_case c where c.drill_id = d.id and c.state = 'running') as open
  from drill d left join app_user u on 'user:' || u.id = d.started_by`;

export function listDrills(sql: Sql, prefix: string): Promise<DrillRow[]> {
  return sql.query<DrillRow & Row>(`select ${columns} where d.region_code like $1 || '%' order by d.ended_at is null desc, d.id desc limit $2`, [prefix, limits.drillRows]);
}
export async function findDrill(sql: Sql, id: string): Promise<DrillRow | null> {
  return (await sql.query<DrillRow & Row>(`select ${columns} where d.id = $1`, [id]))[0] ?? null;
}

export type DrillCaseView = {
  id: string; drillId: string; homeId: string; regionCode: string; no: number; state: string; beginsAt: number; step: number; claimedAt: number | null; claimedBy: string | null; claimedByName: string | null;
  answeredAt: number | null; answeredBy: Party | null; endedAt: number | null; skipped: DrillSkip[]; placeEnc: Buffer | null;
};
const caseColumns = `c.id::text as id, c.drill_id::text as "drillId", c.home_id as "homeId", c.region_code as "regionCode", c.no, c.state, c.begins_at as "beginsAt", c.step, c.claimed_at as "claimedAt", c.claimed_by as "claimedBy", u.display_name as "claimedByName",
  c.answered_at as "answeredAt", c.answered_by as "answeredBy", c.ended_at as "endedAt", c.skipped, h.place_enc as "placeEnc" from drill_case c left join app_user u on 'user:' || u.id = c.claimed_by left join home h on h.id = c.home_id`;

export function drillCases(sql: Sql, drillId: string): Promise<DrillCaseView[]> {
  return sql.query<DrillCaseView & Row>(`select ${caseColumns} where c.drill_id = $1 order by c.no`, [drillId]);
}
/** Imagined alarms that have begun and run now, the oldest first. */
export function liveCases(sql: Sql, prefix: string): Promise<(DrillCaseView & { kind: EventKind; name: string })[]> {
  return sql.query<DrillCaseView & { kind: EventKind; name: string } & Row>(
    `select d.kind, d.name, x.* from (select ${caseColumns} where c.state = 'running' and c.region_code like $1 || '%' and c.begins_at <= anling_now()) x join drill d on d.id = x."drillId"::bigint order by x."beginsAt", x.no limit $2`, [prefix, limits.drillRows]);
}
/** Where imagined alarms run, for the beat of the walls. */
export async function runningDrills(sql: Sql): Promise<{ code: string; count: number }[]> {
  return sql.query<{ code: string; count: number } & Row>(`select region_code as code, count(*)::int as count from drill_case where state = 'running' and begins_at <= anling_now() group by 1`, [], 'drill-beat');
}

export type DrillCallView = { caseId: string; party: Party; role: string; step: number; channel: 'sms' | 'voice'; sentAt: number; answeredAt: number | null; verdict: 'answered' | 'declined' | 'taken' | null; state: string | null; nameEnc: Buffer | null };
export function drillCalls(sql: Sql, drillId: string): Promise<DrillCallView[]> {
  return sql.query<DrillCallView & Row>(
    `select l.case_id::text as "caseId", l.party, l.role, l.step, l.channel, l.sent_at as "sentAt", l.answered_at as "answeredAt", l.verdict, o.state, p.name_enc as "nameEnc"
     from drill_call l join drill_case c on c.id = l.case_id left join outbox o on o.out_id = l.out_id left join responder p on 'responder:' || p.id = l.party where c.drill_id = $1 order by l.id limit $2`, [drillId, limits.drillCallRows]);
}

export type DrillHome = { id: string; regionCode: string; highRisk: boolean; demo: boolean };
/** These homes, and of each of these villages so many with people in it, not away; whoever stands in both is taken once. */
export function drillHomes(sql: Sql, homeIds: readonly string[], regions: readonly string[], perVillage: number): Promise<DrillHome[]> {
  return sql.query<DrillHome & Row>(
    `with chosen as (with lived as (select h.id, h.region_code, h.demo from home h where (h.mode_until is null or h.mode_until <= anling_now()) and exists (select from person p where p.home_id = h.id and p.status = 'present'))
     select id, region_code as "regionCode", demo from home where id = any($1)
     union select id, region_code, demo from (select l.*, row_number() over (partition by l.region_code order by md5(l.id)) as nth from lived l
       where exists (select from unnest($2::text[]) r where l.region_code like case when right(r, 6) = '000000' then left(r, 6) when right(r, 3) = '000' then left(r, 9) else r end || '%')) v where nth <= $3)
     select c.*, exists (select from person p where p.home_id = c.id and p.high_risk and p.status = 'present') as "highRisk" from chosen c order by c."regionCode", c.id`, [homeIds, regions, perVillage]);
}

/** Towns of these with an open emergency, or with a drill that runs. */
export async function townsInUse(sql: Sql, towns: readonly string[]): Promise<{ alarms: string[]; drills: string[] }> {
  const alarms = await sql.query<{ t: string }>(`select distinct coalesce(left(region_code, 9), '') as t from alert where priority = 1 and state <> 'closed' and (region_code is null or left(region_code, 9) = any($1))`, [towns]);
  const drills = await sql.query<{ t: string }>(`select distinct left(c.region_code, 9) as t from drill_case c join drill d on d.id = c.drill_id where d.ended_at is null and left(c.region_code, 9) = any($1)`, [towns]);
  return { alarms: alarms.map((r) => r.t), drills: drills.map((r) => r.t) };
}

export type NewDrill = { name: string; kind: EventKind; regionCode: string; by: string; demo: boolean; cases: readonly { homeId: string; regionCode: string; no: number; plan: Plan; delayMs: number }[] };
/** Begins a drill: its cases run from now on, each after its delay. */
export async function insertDrill(sql: Sql, d: NewDrill): Promise<string> {
  const [row] = await sql.query<{ id: string }>('insert into drill (name, kind, region_code, started_by, demo) values ($1, $2, $3, $4, $5) returning id::text as id', [d.name, d.kind, d.regionCode, d.by, d.demo]);
  const id = row?.id ?? '';
  await sql.query(
    `insert into drill_case (drill_id, home_id, region_code, no, plan, begins_at, due_at)
     select $1, v.home_id, v.region_code, v.no, v.plan, n.at + v.delay * interval '1 ms', n.at + (v.delay + v.first) * interval '1 ms'
     from (select anling_now() as at) n, unnest($2::text[], $3::text[], $4::int2[], $5::jsonb[], $6::float8[], $7::float8[]) as v (home_id, region_code, no, plan, delay, first)`,
    [id, d.cases.map((c) => c.homeId), d.cases.map((c) => c.regionCode), d.cases.map((c) => c.no), d.cases.map((c) => JSON.stringify(c.plan)), d.cases.map((c) => c.delayMs), d.cases.map((c) => (c.plan.steps[0]?.atS ?? 0) * 1000)]);
  return id;
}

/** False when it is over already. */
export async function endDrill(sql: Sql, id: string, by: string): Promise<boolean> {
  return (await sql.query(`update drill set ended_at = anling_now(), ended_by = $2, how = 'stopped' where id = $1 and ended_at is null returning id`, [id, by])).length > 0;
}

/** Takes an imagined alarm at the desk; null: there is none; `first` false: somebody had it, or it is over. */
export async function claimCase(sql: Sql, caseId: string, by: string): Promise<{ first: boolean; regionCode: string; claimedByName: string | null } | null> {
  const [mine] = await sql.query<{ r: string }>(`update drill_case set claimed_at = anling_now(), claimed_by = $2 where id = $1 and state = 'running' and claimed_at is null returning region_code as r`, [caseId, by]);
  const [row] = await sql.query<{ r: string; name: string | null }>(`select c.region_code as r, u.display_name as name from drill_case c left join app_user u on 'user:' || u.id = c.claimed_by where c.id = $1`, [caseId]);
  return row ? { first: mine !== undefined, regionCode: row.r, claimedByName: row.name } : null;
}
export async function caseRegion(sql: Sql, caseId: string): Promise<string | null> {
  return (await sql.query<{ r: string }>('select region_code as r from drill_case where id = $1', [caseId]))[0]?.r ?? null;
}
