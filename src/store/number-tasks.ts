/** SQL of numbers that a village has to mend (2.17): opened by what failed, closed by a proof, another number, or somebody's word. */
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Row, Sql } from './pool.ts';
import { seenFrom } from './regions.ts';

export const taskReasons = ['failed', 'silent', 'yearly', 'opted-out', 'withdrawn'] as const;
export const taskEnds = ['mended', 'proven', 'dismissed', 'gone'] as const;
const people = `(select 'responder:' || id as party, phone_bidx, region_code, opted_out_at, verified_at, null::timestamptz as withdrawn_at from responder
  union all select 'contact:' || c.id, c.phone_bidx, h.region_code, c.opted_out_at, c.verified_at, c.withdrawn_at from contact c join person p on p.id = c.person_id left join home h on h.id = p.home_id)`;
/** Contacts who left by their own text, and the last who could be called where nobody is left: somebody else has to be found. */
const gone = `select 'contact:' || c.id, 'withdrawn', 0 from contact c join person p on p.id = c.person_id and p.status = 'present' where c.withdrawn_at is not null
  and (c.withdrawn_how = 'text' or c.id = (select o.id from contact o where o.person_id = c.person_id order by o.withdrawn_at desc nulls first, o.id limit 1))`;

/** Ends what is settled, opens what is not; answers both counts. */
export async function judgeNumbers(sql: Sql): Promise<{ opened: number; closed: number }> {
  const closed = await sql.query(
    `update number_task t set closed_at = anling_now(), closed_by = 'house', how = v.how from (
       select k.id, case when p.party is null or p.withdrawn_at is not null and k.reason <> 'withdrawn' then 'gone' when k.reason = 'withdrawn' and p.withdrawn_at is null then 'mended' when p.phone_bidx <> k.phone_bidx then 'mended' when k.reason = 'opted-out' and p.opted_out_at is null then 'mended'
         when k.reason not in ('opted-out', 'withdrawn') and (greatest(x.day_at, x.night_at) > k.opened_at or p.verified_at > k.opened_at) then 'proven' end as how
       from number_task k left join ${people} p on p.party = k.party left join reach x on x.party = k.party and x.phone_bidx = k.phone_bidx where k.closed_at is null) v
     where t.id = v.id and v.how is not null returning t.id`, [], 'tasks-close');
  // Silent: the newest rings of a person, as many as limits.ringsSilent, all without an answer, and not a word since the first of them.
  const opened = await sql.query(
    `insert into number_task (party, phone_bidx, region_code, reason)
     select p.party, p.phone_bidx, p.region_code, w.reason from ${people} p join (
       select party, 'failed' as reason, 1 as ord from reach where fails >= $1
       union all select r.party, 'silent', 2 from (select party, how, sent_at, row_number() over (partition by party order by sent_at desc) as nth from ring_test where kind <> 'yearly' and ended_at is not null and sent_at > anling_now() - make_interval(days => $4)) r left join reach y on y.party = r.party
         where nth <= $2 group by r.party having count(*) = $2 and bool_and(how = 'silent') and min(r.sent_at) > coalesce(max(greatest(y.day_at, y.night_at)), '-infinity')
       union all select party, 'yearly', 3 from ring_test t where kind = 'yearly' and how = 'silent' and sent_at > anling_now() - make_interval(days => $4)
       union all select 'responder:' || id, 'opted-out', 4 from responder where opted_out_at is not null
       union all ${gone}) w on w.party = p.party and (w.reason = 'withdrawn') = (p.withdrawn_at is not null)
     left join reach x on x.party = p.party
     where not exists (select from number_task t where t.party = p.party and (t.closed_at is null or t.phone_bidx = p.phone_bidx and t.how = 'dismissed' and t.reason = w.reason and t.closed_at > anling_now() - $3 * interval '1 ms'))
       and (w.reason <> 'withdrawn' or not exists (select from number_task t where t.party = p.party and t.reason = 'withdrawn' and t.opened_at >= p.withdrawn_at))
       and (w.reason <> 'failed' or x.phone_bidx = p.phone_bidx)
       and (w.reason not in ('silent', 'yearly') or not exists (select from number_task t where t.party = p.party and t.closed_at is not null and t.closed_at > (select max(sent_at) from ring_test r where r.party = p.party)))
     order by w.ord on conflict (party) where closed_at is null do nothing returning id`, [limits.numberFails, limits.ringsSilent, limits.yearlyMs / 4, limits.ringTaskDays], 'tasks-open');
  return { opened: opened.length, closed: closed.length };
}

export type TaskDigest = { regionCode: string; village: string; count: number; party: Party | null; phoneEnc: Buffer | null; phoneBidx: Buffer | null; demo: boolean };
const localNow = `(anling_now() at time zone 'Asia/Shanghai')`;
/**
 * Villages with open tasks that are new since their last message (or unanswered for limits.digestRemindDays), marked for today, in the morning
 * hours only; with who gets it: of the village whose own number is in order, the care-worker first, else a mobile of the town's duty room.
 */
export function takeTaskDigests(sql: Sql, limit = 100): Promise<TaskDigest[]> {
  return sql.query<TaskDigest & Row>(
    `with t as (select ${localNow}::date as day, extract(epoch from ${localNow}::time) / 60 as minute),
     open as (select k.region_code, count(*)::int as n, max(k.opened_at) as newest from number_task k, t where k.closed_at is null and k.region_code is not null and t.minute >= $1::int and t.minute < $1::int + $2::float8 / 60000 group by 1),
     due as (select open.region_code, open.n, t.day from open, t, lateral (select max(d.at) as at, max(d.day) as day from digest d where d.kind = 'numbers' and d.region_code = open.region_code) last
       where last.at is null or last.day < t.day and (open.newest > last.at or t.day - last.day >= $3) order by open.region_code limit $4),
     made as (insert into digest (kind, region_code, day, count) select 'numbers', region_code, day, n from due on conflict do nothing returning region_code, count)
     select m.region_code as "regionCode", v.name as village, m.count, 'responder:' || r.id as party, r.phone_enc as "phoneEnc", r.phone_bidx as "phoneBidx", coalesce(r.demo, false) as demo
     from made m join region v on v.code = m.region_code left join lateral (
       select * from responder r where (r.region_code = m.region_code or r.region_code = left(m.region_code, 9) || '000' and r.role = 'town-duty') and r.role not in ('seat', 'shift-leader', 'duty-leader') and not r.landline and r.opted_out_at is null
         and (r.absent_until is null or r.absent_until <= anling_now()) and not exists (select from number_task k where k.party = 'responder:' || r.id and k.closed_at is null)
       order by r.region_code = m.region_code desc, r.role = 'care-worker' desc, r.role = 'village-cadre' desc, r.ord, r.id limit 1) r on true`,
    [limits.digestMinute, limits.dailyLateMs, limits.digestRemindDays, limit], 'tasks-digest');
}

export type NumberTask = {
  id: string; party: Party; regionCode: string | null; reason: (typeof taskReasons)[number]; openedAt: number; closedAt: number | null; closedBy: string | null; how: (typeof taskEnds)[number] | null;
  role: string | null; nameEnc: Buffer | null; phoneEnc: Buffer | null; personId: string | null;
};
const columns = `t.id::text as id, t.party, t.region_code as "regionCode", t.reason, t.opened_at as "openedAt", t.closed_at as "closedAt", t.closed_by as "closedBy", t.how,
  coalesce(r.role, c.relation) as role, coalesce(r.name_enc, c.name_enc) as "nameEnc", coalesce(r.phone_enc, c.phone_enc) as "phoneEnc", c.person_id as "personId"
  from number_task t left join responder r on 'responder:' || r.id = t.party left join contact c on 'contact:' || c.id = t.party`;

/** Open ones, the oldest first; or the closed ones of the last month, the newest first. */
export function listTasks(sql: Sql, prefix: string, open: boolean): Promise<NumberTask[]> {
  return sql.query<NumberTask & Row>(
    `select ${columns} where ${seenFrom('t.region_code')} and ${open ? 't.closed_at is null order by t.opened_at, t.id' : `t.closed_at > anling_now() - interval '31 days' order by t.closed_at desc, t.id`} limit $2`, [prefix, limits.reachRows]);
}

export async function findTask(sql: Sql, id: string): Promise<NumberTask | null> {
  return (await sql.query<NumberTask & Row>(`select ${columns} where t.id = $1`, [id]))[0] ?? null;
}

/** False when it is closed already. */
export async function closeTask(sql: Sql, id: string, how: 'mended' | 'dismissed', by: string): Promise<boolean> {
  return (await sql.query('update number_task set closed_at = anling_now(), closed_by = $3, how = $2 where id = $1 and closed_at is null returning id', [id, how, by])).length > 0;
}
