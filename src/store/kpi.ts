/**
 * SQL of the answer figures (D10, FIELD 2). Counted are emergencies (P1) by the moment their first event was committed; tests and
 * drills are left out, those the elder cancelled at the device and those of a device in its learning period (C12) stand apart, and what nobody has answered counts against us as soon as
 * its time is over. 接警用时: commit to the first human step. 到场用时: commit to somebody at the door.
 */
import { floodOf, type Flood, monthStart } from '#core/kpi.ts';
import { limits } from '#core/limits.ts';
import { scopePrefix } from '#core/ids.ts';
import { may, type UserRole } from '#core/user.ts';
import { databaseNow } from './nodes.ts';
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';

/** `judged…`: the denominator: answered, or not and its time is over. Shares are null-safe by that: 0 judged means none, never 100 %. */
export type AnswerKpi = {
  since: number; count: number; judged60s: number; within60s: number; judged180s: number; within180s: number; unanswered: number; selfCancelled: number; /** 学习期 (C12), apart; of them answered within 60 s */ learning: number; learningIn60s: number; excluded: number;
  p50Ms: number | null; p90Ms: number | null; arrived: number; judged45m: number; arrived45m: number; arrivalP50Ms: number | null;
};

/** Alerts `a` of the region digits in $1; those without a region belong to the whole county. */
export const inScope = seenFrom('a.region_code');
/** Whether a moment lies in the window of $2 and $3 (epoch ms, half open). */
export const inWindow = (at: string): string => `(${at} >= to_timestamp($2::float8 / 1000) and ${at} < to_timestamp($3::float8 / 1000))`;
/** What is no alarm of an elder: the installer's, the drill's, the house's own. */
export const notCounted = `a.flags && '{test,drill,canary}'::text[]`;

/** What the figures look at of each alert `a`; `now`: the parameter (epoch ms) by which a wait is judged. */
export const alarmFacts = (now: string): string => `${notCounted} as excluded, 'self-cancelled' = any(a.flags) as cancelled, 'learning' = any(a.flags) as learning, a.state = 'closed' as closed, a.state <> 'confirming' as asked,
         (extract(epoch from a.first_human_at - a.opened_at) * 1000)::float8 as answer, (extract(epoch from a.arrived_at - a.opened_at) * 1000)::float8 as arrival,
         (extract(epoch from to_timestamp(${now}::float8 / 1000) - a.opened_at) * 1000)::float8 as age, a.state = 'committed' and a.committed_how like 'accept%' as promised`;
export type AlarmFigures = Pick<AnswerKpi, 'count' | 'judged60s' | 'within60s' | 'judged180s' | 'within180s' | 'unanswered' | 'p50Ms' | 'p90Ms' | 'arrived' | 'judged45m' | 'arrived45m' | 'arrivalP50Ms'> & { alarms: number };
/** The figures of such facts, counted ones only. */
export const alarmFigures = `count(*)::int as alarms, count(answer)::int as count,
       count(*) filter (where answer is not null or closed or (asked and age > 60000))::int as "judged60s", count(*) filter (where answer <= 60000)::int as "within60s",
       count(*) filter (where answer is not null or closed or (asked and age > 180000))::int as "judged180s", count(*) filter (where answer <= 180000)::int as "within180s",
       count(*) filter (where answer is null and asked and not closed)::int as unanswered,
       percentile_cont(0.5) within group (order by answer) as "p50Ms", percentile_cont(0.9) within group (order by answer) as "p90Ms",
       count(arrival)::int as arrived, count(*) filter (where arrival is not null or (promised and age > 2700000))::int as "judged45m", count(*) filter (where arrival <= 2700000)::int as "arrived45m",
       percentile_cont(0.5) within group (order by arrival) as "arrivalP50Ms"`;

/** The figures of the P1 alerts committed in (since, now]. */
async function readAnswerKpi(sql: Sql, prefix: string, since: number, now: number): Promise<AnswerKpi> {
  const [row] = await sql.query<AnswerKpi & { alarms: number }>(
    `with p1 as materialized (
       select ${alarmFacts('$3')} from alert a where a.priority = 1 and a.opened_at > to_timestamp($2::float8 / 1000) and a.opened_at <= to_timestamp($3::float8 / 1000) and ${inScope}),
     k as materialized (select * from p1 where not excluded and not cancelled and not learning)
     select $2::float8 as since, ${alarmFigures}, (select count(*)::int from p1 where cancelled and not excluded) as "selfCancelled", 
       (select count(*)::int from p1 where learning and not excluded and not cancelled) as learning, (select count(*)::int from p1 where learning and not excluded and not cancelled and answer <= 60000) as "learningIn60s", (select count(*)::int from p1 where excluded) as excluded
     from k`, [prefix, since, now]);
  const { alarms: _alarms, ...kpi } = row as AnswerKpi & { alarms: number };
  return kpi;
}

export type OperatorLoad = { userId: string; name: string; onDuty: boolean; /** open alerts he has taken */ holding: number; /** taken in 24 h, closed ones too */ taken: number };

/** Who is on duty (a wall tab that beats, of a role that acts, whose scope meets this one) or has taken something, the busiest first. */
async function readLoad(sql: Sql, prefix: string, since: number): Promise<OperatorLoad[]> {
  const rows = await sql.query<OperatorLoad & { role: UserRole; scopeCode: string }>(
    `with duty as (select distinct user_id from console where beat_at > anling_now() - $3 * interval '1 ms'),
     load as (
       select claimed_by as id, sum(holding)::int as holding, sum(taken)::int as taken from (
         select a.claimed_by, 1 as holding, 0 as taken from alert a where a.state <> 'closed' and ${inScope}
         union all select a.claimed_by, 0, 1 from alert a where a.opened_at > to_timestamp($2::float8 / 1000) and ${inScope}) x where claimed_by is not null group by 1)
     select u.id as "userId", u.display_name as name, duty.user_id is not null as "onDuty", u.role, u.scope_code as "scopeCode", coalesce(load.holding, 0) as holding, coalesce(load.taken, 0) as taken
     from app_user u left join duty on duty.user_id = u.id left join load on load.id = u.id where load.id is not null or duty.user_id is not null
     order by holding desc, taken desc, u.id limit 200`, [prefix, since, limits.consoleLostMs]);
  const meets = (scope: string): boolean => scope.startsWith(prefix) || prefix.startsWith(scope);
  return rows.map(({ role, scopeCode, ...row }) => ({ ...row, onDuty: row.onDuty && (may.act as readonly UserRole[]).includes(role) && meets(scopePrefix(scopeCode)) }))
    .filter((row) => row.onDuty || row.holding + row.taken > 0);
}

/** When the alarms that ask for the desk (P1 to P3) of the last day came, ascending. */
async function alarmTimes(sql: Sql, prefix: string, now: number): Promise<number[]> {
  const rows = await sql.query<{ at: number }>(
    `select a.opened_at as at from alert a where a.opened_at > to_timestamp($2::float8 / 1000) and a.opened_at <= to_timestamp($3::float8 / 1000) and a.priority <= 3 and not ${notCounted} and ${inScope}
     order by a.opened_at desc limit $4`, [prefix, now - limits.floodLookMs, now, limits.floodRows]);
  return rows.map((r) => r.at).reverse();
}

export type Kpi = { now: number; day: AnswerKpi; month: AnswerKpi; flood: Flood & { operators: number }; load: OperatorLoad[] };

/** The flood alone, as the figures have it. */
export async function readFlood(sql: Sql, prefix: string): Promise<Flood & { operators: number }> {
  const now = await databaseNow(sql);
  const operators = (await readLoad(sql, prefix, now - 24 * 3_600_000)).filter((o) => o.onDuty).length;
  return { ...floodOf(await alarmTimes(sql, prefix, now), now, operators), operators };
}

/** Everything the strip and its details show, of one moment. */
export async function readKpi(sql: Sql, prefix: string): Promise<Kpi> {
  const now = await databaseNow(sql);
  const dayAgo = now - 24 * 3_600_000;
  const load = await readLoad(sql, prefix, dayAgo);
  const operators = load.filter((o) => o.onDuty).length;
  return {
    now, day: await readAnswerKpi(sql, prefix, dayAgo, now), month: await readAnswerKpi(sql, prefix, monthStart(now), now),
    flood: { ...floodOf(await alarmTimes(sql, prefix, now), now, operators), operators }, load,
  };
}
