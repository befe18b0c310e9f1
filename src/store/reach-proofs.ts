/**
 * SQL of what proves that a telephone is answered (E11): texts, keys and links of the person, calls that were taken, read from the rows
 * that others wrote; and what a number refused since. Looked through again and again from a mark, each time with the same result.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** Holds the assurance for one worker until the transaction ends; false when another has it. */
export async function holdAssurance(sql: Sql): Promise<boolean> {
  return (await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-assurance')) as held`))[0]?.held ?? false;
}

const minute = `extract(hour from s.at at time zone 'Asia/Shanghai') * 60 + extract(minute from s.at at time zone 'Asia/Shanghai')`;
const isNight = `(${minute} >= ${limits.nightFromMin} or ${minute} < ${limits.nightToMin})`;
const people = `(select 'responder:' || id as party, phone_bidx from responder union all select 'contact:' || id, phone_bidx from contact)`;

/** Takes up the proofs and failures since the last look; answers how many people they concern. */
export async function takeProofs(sql: Sql): Promise<number> {
  const [mark] = await sql.query<{ replyId: string; logId: string; at: number }>('select reply_id::text as "replyId", log_id::text as "logId", at from assurance_mark for update', [], 'assurance-mark');
  if (!mark) return 0;
  const since = mark.at - 3_600_000; // a call ends, and its report comes, within the hour
  const proven = await sql.query(
    `with s as (
       select p.party, p.phone_bidx, r.received_at as at, case r.channel when 'dtmf' then 'key' else 'sms' end as how from reply r join ${people} p on p.phone_bidx = r.from_bidx where r.id > $1
       union all select p.party, p.phone_bidx, o.done_at, 'call' from outbox o join ${people} p on p.phone_bidx = o.to_bidx
         where o.created_at > to_timestamp($3::float8 / 1000) and o.channel = 'voice' and o.state = 'answered' and o.done_at is not null
       union all select p.party, p.phone_bidx, l.at, 'link' from alert_log l join ${people} p on p.party = l.actor_id where l.id > $2 and l.actor_type = 'party'),
     n as (select party, phone_bidx, max(s.at) filter (where not ${isNight}) as day_at, (array_agg(s.how order by s.at desc) filter (where not ${isNight}))[1] as day_how,
         max(s.at) filter (where ${isNight}) as night_at, (array_agg(s.how order by s.at desc) filter (where ${isNight}))[1] as night_how from s group by 1, 2),
     marked as (update responder r set verified_at = coalesce(verified_at, greatest(n.day_at, n.night_at)) from n where 'responder:' || r.id = n.party and r.verified_at is null),
     marked_too as (update contact c set verified_at = coalesce(verified_at, greatest(n.day_at, n.night_at)) from n where 'contact:' || c.id = n.party and c.verified_at is null)
     insert into reach as x (party, phone_bidx, day_at, day_how, night_at, night_how) select party, phone_bidx, day_at, day_how, night_at, night_how from n
     on conflict (party) do update set phone_bidx = excluded.phone_bidx,
       day_at = case when x.phone_bidx = excluded.phone_bidx then greatest(x.day_at, excluded.day_at) else excluded.day_at end,
       day_how = case when x.phone_bidx = excluded.phone_bidx and x.day_at >= coalesce(excluded.day_at, x.day_at) then x.day_how else excluded.day_how end,
       night_at = case when x.phone_bidx = excluded.phone_bidx then greatest(x.night_at, excluded.night_at) else excluded.night_at end,
       night_how = case when x.phone_bidx = excluded.phone_bidx and x.night_at >= coalesce(excluded.night_at, x.night_at) then x.night_how else excluded.night_how end,
       fails = case when x.phone_bidx = excluded.phone_bidx and x.failed_at > greatest(x.day_at, x.night_at, excluded.day_at, excluded.night_at) then x.fails else 0 end
     returning party`, [Number(mark.replyId) - limits.assuranceBack, Number(mark.logId) - limits.assuranceBack, since], 'assurance-proofs');
  await takeFailures(sql, since);
  await sql.query(`update assurance_mark set reply_id = greatest(reply_id, (select coalesce(max(id), 0) from reply)), log_id = greatest(log_id, (select coalesce(max(id), 0) from alert_log)), at = anling_now()`, [], 'assurance-mark-on');
  return proven.length;
}

/** What the provider took and the number did not: switched off, no such number, nobody answers. Those of one alarm count once. */
async function takeFailures(sql: Sql, since: number): Promise<void> {
  await sql.query(
    `with f as (
       select p.party, p.phone_bidx, max(o.done_at) as at from outbox o join ${people} p on p.phone_bidx = o.to_bidx left join reach x on x.party = p.party and x.phone_bidx = p.phone_bidx
       where o.created_at > to_timestamp($1::float8 / 1000) and o.state = 'failed' and o.provider_id is not null and o.done_at is not null
         and o.done_at > greatest(coalesce(x.failed_at, '-infinity'), coalesce(x.day_at, '-infinity'), coalesce(x.night_at, '-infinity')) group by 1, 2)
     insert into reach as x (party, phone_bidx, fails, failed_at) select party, phone_bidx, 1, at from f
     on conflict (party) do update set phone_bidx = excluded.phone_bidx, failed_at = excluded.failed_at,
       fails = case when x.phone_bidx <> excluded.phone_bidx then 1 when x.fails > 0 and excluded.failed_at < x.failed_at + $2 * interval '1 ms' then x.fails else least(x.fails, 1000) + 1 end,
       day_at = case when x.phone_bidx = excluded.phone_bidx then x.day_at end, day_how = case when x.phone_bidx = excluded.phone_bidx then x.day_how end,
       night_at = case when x.phone_bidx = excluded.phone_bidx then x.night_at end, night_how = case when x.phone_bidx = excluded.phone_bidx then x.night_how end`,
    [since, limits.failApartMs], 'assurance-failures');
}
