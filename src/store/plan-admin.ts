/** Plans (呼叫预案) as a county edits them. What runs is decided by core/plan.ts; here they are kept, with a version. */
import type { Plan } from '#core/escalation.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

export type PlanRow = { id: string; scopeCode: string; plan: Plan; version: number; updatedAt: number; demo: boolean };
const columns = 'id, scope_code as "scopeCode", spec as plan, version, updated_at as "updatedAt", demo';

/** Plans that apply somewhere inside `prefix`: of regions in it, and of the regions above it. */
export function listPlans(sql: Sql, prefix: string, scopeCode: string): Promise<PlanRow[]> {
  return sql.query<PlanRow>(
    `select ${columns} from plan where scope_code like $1 || '%' or scope_code = '000000000000' or $2 like regexp_replace(scope_code, '(000){1,2}$', '') || '%' order by scope_code, id`, [prefix, scopeCode]);
}

export async function findPlan(sql: Sql, id: string): Promise<PlanRow | null> {
  return (await sql.query<PlanRow>(`select ${columns} from plan where id = $1`, [id]))[0] ?? null;
}

/** Inserts plans whose ids are not there yet; how many were new. */
export async function insertPlans(sql: Sql, plans: readonly { plan: Plan; scopeCode: string; demo: boolean }[]): Promise<number> {
  let fresh = 0;
  for (const { plan, scopeCode, demo } of plans)
    fresh += (await sql.query('insert into plan (id, name, kinds, scope_code, spec, demo) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing returning id',
      [plan.id, plan.name, plan.kinds, scopeCode, JSON.stringify(plan), demo])).length;
  return fresh;
}

/** Replaces a plan of that version; its new version, or null. Open alerts go on with the plan they began with. */
export async function updatePlan(sql: Sql, plan: Plan, scopeCode: string, version: number): Promise<number | null> {
  const [row] = await sql.query<{ version: number }>(
    'update plan set name = $2, kinds = $3, scope_code = $4, spec = $5, version = version + 1, updated_at = anling_now() where id = $1 and version = $6 returning version',
    [plan.id, plan.name, plan.kinds, scopeCode, JSON.stringify(plan), version]);
  return row?.version ?? null;
}

/** True when a plan of that version went. */
export async function deletePlan(sql: Sql, id: string, version: number): Promise<boolean> {
  return (await sql.query('delete from plan where id = $1 and version = $2 returning id', [id, version])).length > 0;
}

export type RosterCounts = { roles: Record<string, number>; keyHolders: number; family: number; secondFamily: number; neighbours: number; nearby: number; people: number; villages: number; villagesWithCareWorker: number; fewContacts: number; unproven: number };
/** How many responders of each role, and contacts by kind, lie inside the region: what a linter must know; who withdrew consent is none of them. */
export async function rosterCounts(sql: Sql, prefix: string): Promise<RosterCounts> {
  const roles = await sql.query<{ role: string; n: number }>("select role, count(*)::int as n from responder where region_code like $1 || '%' or role in ('seat', 'shift-leader', 'duty-leader') group by role", [prefix]);
  const [rest] = await sql.query<Omit<RosterCounts, 'roles'>>(
    `with here as (select p.id, h.region_code from person p join home h on h.id = p.home_id where h.region_code like $1 || '%' and p.status = 'present'),
     contacts as not materialized (select * from contact where withdrawn_at is null),
     covered as (select coalesce(c.n, 0) + coalesce(v.n, 0) + coalesce(d.n, 0) as n, coalesce(c.proven, false) or coalesce(v.proven, false) as proven from here
       left join (select person_id, count(*) as n, bool_or(verified_at is not null and opted_out_at is null) as proven from contacts group by person_id) c on c.person_id = here.id
       left join (select region_code, count(*) as n, bool_or(verified_at is not null and opted_out_at is null) as proven from responder where role in ('care-worker', 'doctor', 'grid-worker', 'village-cadre') group by region_code) v on v.region_code = here.region_code
       left join (select left(region_code, 9) as town, 1 as n from responder where role = 'town-duty' group by 1) d on d.town = left(here.region_code, 9))
     select (select count(distinct c.person_id)::int from contacts c join here on here.id = c.person_id where c.key_holder) as "keyHolders",
       (select count(distinct c.person_id)::int from contacts c join here on here.id = c.person_id where c.relation = 'family') as family,
       (select count(*)::int from here where (select count(*) from contacts c where c.person_id = here.id and c.relation = 'family') > 1) as "secondFamily",
       (select count(distinct c.person_id)::int from contacts c join here on here.id = c.person_id where c.relation in ('neighbour', 'other')) as neighbours,
       (select count(*)::int from here where exists (select from contacts c where c.person_id = here.id and c.walk_minutes <= $2)
         or exists (select from responder r where r.region_code = here.region_code and r.walk_minutes <= $2)) as nearby,
       (select count(*)::int from covered where n < $3) as "fewContacts", (select count(*)::int from covered where not proven) as unproven,
       (select count(*)::int from here) as people, (select count(distinct region_code)::int from here) as villages,
       (select count(distinct here.region_code)::int from here join responder r on r.region_code = here.region_code and r.role = 'care-worker') as "villagesWithCareWorker"`, [prefix, limits.nearbyWalkMinutes, limits.contactsWanted]);
  return { roles: Object.fromEntries(roles.map((r) => [r.role, r.n])), ...(rest ?? { keyHolders: 0, family: 0, secondFamily: 0, neighbours: 0, nearby: 0, people: 0, villages: 0, villagesWithCareWorker: 0, fewContacts: 0, unproven: 0 }) };
}
