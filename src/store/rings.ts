/** SQL of 试铃: who may be rung now, what was rung, who has answered, who has to be called, and who was silent. */
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { ResponderRole } from '#core/roster.ts';
import type { Row, Sql } from './pool.ts';

export type RingKind = 'day' | 'night' | 'yearly';
export type Ringable = { party: Party; role: ResponderRole; regionCode: string | null; phoneEnc: Buffer; phoneBidx: Buffer; landline: boolean; optedOut: boolean; demo: boolean };

// Whoever has an alarm to answer is not asked for anything else; a number whose windows have been used waits; his quiet hours are his.
const free = `not exists (select from engagement g join alert a on a.id = g.alert_id where g.party = q.party and a.state <> 'closed')
  and not exists (select from outbox o where o.to_bidx = q.phone_bidx and o.created_at > anling_now() - interval '24 hours' and o.dry = false having count(*) filter (where o.channel = 'sms') > $2 or count(*) filter (where o.channel = 'voice' and o.created_at > anling_now() - interval '1 hour') > $3)`;
const quiet = `(p.quiet_from is not null and case when p.quiet_from < p.quiet_to then l.t >= p.quiet_from and l.t < p.quiet_to else l.t >= p.quiet_from or l.t < p.quiet_to end)`;

/** Responders without a ring of this kind in this week, there and free; whose minute it is, the caller decides. */
export function ringable(sql: Sql, kind: 'day' | 'night', week: string): Promise<Ringable[]> {
  return sql.query<Ringable & Row>(
    `with q as (
       select 'responder:' || p.id as party, p.role, p.region_code, p.phone_enc, p.phone_bidx, p.landline, p.opted_out_at is not null as opted_out, p.demo from responder p, (select (anling_now() at time zone 'Asia/Shanghai')::time as t) l
       where (p.absent_until is null or p.absent_until <= anling_now()) and not ${quiet})
     select q.party, q.role, q.region_code as "regionCode", q.phone_enc as "phoneEnc", q.phone_bidx as "phoneBidx", q.landline, q.opted_out as "optedOut", q.demo from q
     where not exists (select from ring_test t where t.party = q.party and t.kind = $4 and t.week = $1::date) and ${free} order by q.party`, [week, limits.ringSmsMax, limits.ringCallsMax, kind], 'rings-who');
}

/** People and contacts with a number that nobody has confirmed for a year, and who were not asked in it. Refusers and landlines are no use to ask by text. */
export function confirmable(sql: Sql, limit: number): Promise<Ringable[]> {
  return sql.query<Ringable & Row>(
    `with q as (
       select 'responder:' || p.id as party, p.role, p.region_code, p.phone_enc, p.phone_bidx, p.verified_at, p.absent_until, p.demo, p.created_at from responder p where not p.landline and p.opted_out_at is null
       union all select 'contact:' || c.id, c.relation, h.region_code, c.phone_enc, c.phone_bidx, c.verified_at, c.absent_until, c.demo, null from contact c join person p on p.id = c.person_id left join home h on h.id = p.home_id where c.opted_out_at is null and c.withdrawn_at is null and p.status = 'present')
     select q.party, q.role, q.region_code as "regionCode", q.phone_enc as "phoneEnc", q.phone_bidx as "phoneBidx", false as landline, false as "optedOut", q.demo from q
     where (q.verified_at is null or q.verified_at < anling_now() - $1 * interval '1 ms') and (q.absent_until is null or q.absent_until <= anling_now())
       and not exists (select from ring_test t where t.party = q.party and t.kind = 'yearly' and t.sent_at > anling_now() - $1 * interval '1 ms') and ${free} order by q.verified_at nulls first, q.party limit $4`,
    [limits.yearlyMs, limits.ringSmsMax, limits.ringCallsMax, limit], 'rings-yearly');
}

/** Tests of the last 24 hours, for the county's own bound. */
export async function ringsOfDay(sql: Sql): Promise<number> {
  return (await sql.query<{ n: number }>(`select count(*)::int as n from ring_test where sent_at > anling_now() - interval '24 hours'`))[0]?.n ?? 0;
}

export type NewRing = { party: Party; kind: RingKind; week: string; channel: 'sms' | 'voice'; outId: string };
export async function insertRings(sql: Sql, rings: readonly NewRing[]): Promise<void> {
  if (rings.length === 0) return;
  await sql.query(
    `insert into ring_test (party, kind, week, channel, out_id, call_at, give_up_at)
     select v.party, v.kind, v.week, v.channel, v.out_id, case when v.channel = 'sms' and v.kind <> 'yearly' then n.at + $6::float8 * interval '1 ms' end, n.at + case when v.kind = 'yearly' then $8::float8 else $7::float8 end * interval '1 ms'
     from (select anling_now() as at) n, unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::text[]) as v (party, kind, week, channel, out_id) on conflict do nothing`,
    [rings.map((r) => r.party), rings.map((r) => r.kind), rings.map((r) => r.week), rings.map((r) => r.channel), rings.map((r) => r.outId), limits.ringCallMs, limits.ringGiveUpMs, limits.yearlyGiveUpMs], 'rings-insert');
}

/** Ends the rings that were answered (any proof since they went out) and those nobody will answer any more; answers both counts. */
export async function endRings(sql: Sql): Promise<{ answered: number; silent: number }> {
  const answered = await sql.query(
    `update ring_test t set ended_at = greatest(x.day_at, x.night_at), how = case when x.night_at is null or x.day_at >= x.night_at then x.day_how else x.night_how end from reach x
     where t.ended_at is null and x.party = t.party and greatest(x.day_at, x.night_at) >= t.sent_at returning t.id`, [], 'rings-answered');
  const silent = await sql.query(`update ring_test set ended_at = anling_now(), how = 'silent' where ended_at is null and give_up_at <= anling_now() returning id`, [], 'rings-silent');
  await sql.query('delete from ring_test where sent_at < anling_now() - make_interval(days => $1)', [limits.ringDays], 'rings-prune');
  return { answered: answered.length, silent: silent.length };
}

/** Texts without an answer whose call is due, marked as called; the caller calls them in this transaction. */
export function takeRingCalls(sql: Sql, limit: number): Promise<Omit<Ringable, 'regionCode' | 'landline' | 'optedOut'>[]> {
  return sql.query(
    `with due as (select t.id, t.party from ring_test t where t.ended_at is null and t.called_at is null and t.call_at <= anling_now() order by t.call_at limit $1 for update skip locked),
       q as (select due.id, due.party, p.role, p.phone_enc, p.phone_bidx, p.demo from due join responder p on 'responder:' || p.id = due.party),
       done as (update ring_test t set called_at = anling_now() from q where t.id = q.id and ${free} returning t.id)
     select q.party, q.role, q.phone_enc as "phoneEnc", q.phone_bidx as "phoneBidx", q.demo from q join done on done.id = q.id`, [limit, limits.ringSmsMax, limits.ringCallsMax], 'rings-call');
}

/** Whether this number was asked for nothing but a sign of life lately: then what it says belongs to no alarm. */
export async function wasTested(sql: Sql, bidx: Uint8Array): Promise<boolean> {
  return (await sql.query(
    `select id from outbox where to_bidx = $1 and created_at > anling_now() - interval '48 hours' and template in ('ring', 'voice-ring', 'confirm', 'drill', 'voice-drill') and channel in ('sms', 'voice') limit 1`, [bidx], 'replies-tested')).length > 0;
}

/** This week's rings inside a scope, by what became of them. */
export async function countRingsOfWeek(sql: Sql, prefix: string, week: string): Promise<{ rung: number; answered: number; silent: number; waiting: number }> {
  const [row] = await sql.query<{ rung: number; answered: number; silent: number; waiting: number }>(
    `select count(*)::int as rung, count(*) filter (where t.how <> 'silent')::int as answered, count(*) filter (where t.how = 'silent')::int as silent, count(*) filter (where t.how is null)::int as waiting
     from ring_test t join responder r on 'responder:' || r.id = t.party where t.week = $2::date and t.kind <> 'yearly' and r.region_code like $1 || '%'`, [prefix, week]);
  return row ?? { rung: 0, answered: 0, silent: 0, waiting: 0 };
}
