/**
 * SQL of what supervision does once a county day (UTC+8): the routine check of a person (FIELD F22), and the battery message of
 * a village. Each is claimed in the transaction that acts on it, so that a restart neither repeats nor loses a day.
 */
import { limits } from '#core/limits.ts';
import type { Party } from '#core/ids.ts';
import { type RuleEntries, ruleValue } from '#core/rule-params.ts';
import type { Row, Sql } from './pool.ts';

const localNow = `(anling_now() at time zone 'UTC' + interval '8 hours')`;

export type Routine = {
  personId: string; homeId: string | null; by: string; away: boolean; /** so long without movement raises for this person */ windowMs: number;
  /** Any device that could have seen movement was heard lately. */ watched: boolean; /** A sign of movement in the hours before. */ moved: boolean; lastSeenAt: number | null;
};

/**
 * People whose hour of today has come, marked as checked, each with the window that the county has set for this person, village, town or all. Our own blindness
 * for half of the time, or no device alive, is no proof of anything.
 */
export async function takeRoutines(sql: Sql, rules: RuleEntries = [], limit = 500): Promise<Routine[]> {
  const due = await sql.query<{ personId: string; homeId: string | null; by: string; until: number; regionCode: string | null; away: boolean } & Row>(
    `with due as (
       select id, home_id, routine_by, mode_until from person
       where routine_by is not null and status = 'present' and routine_by <= ${localNow}::time and ${localNow}::time - routine_by < make_interval(secs => $1 / 1000.0)
         and (routine_checked_on is null or routine_checked_on < ${localNow}::date) order by id limit $2 for update skip locked),
     done as (update person p set routine_checked_on = ${localNow}::date from due where p.id = due.id)
     select w.id as "personId", w.home_id as "homeId", to_char(w.routine_by, 'HH24:MI') as by, ((${localNow}::date + w.routine_by) - interval '8 hours') at time zone 'UTC' as until, h.region_code as "regionCode",
       coalesce(w.mode_until > anling_now(), false) or coalesce(h.mode_until > anling_now(), false) as away
     from due w left join home h on h.id = w.home_id`, [limits.dailyLateMs, limit], 'daily-routines');
  if (due.length === 0) return [];
  const asked = due.map((p) => { const windowMs = ruleValue(rules, 'routineM', p) * 60_000; return { ...p, windowMs, from: p.until - windowMs }; });
  const signs = new Map((await routineSigns(sql, asked)).map((s) => [s.personId, s]));
  return asked.map(({ personId, homeId, by, away, windowMs }) => {
    const s = signs.get(personId);
    return { personId, homeId, by, away, windowMs, watched: (s?.watched ?? false) && (s?.blindMs ?? 0) < windowMs / 2, moved: (s?.movedAt ?? null) !== null, lastSeenAt: s?.lastSeenAt ?? null };
  });
}

// What shows that somebody moved or used something; a device's own troubles do not.
const movedKinds = `('sos', 'fall', 'bed-exit', 'wander', 'cancel', 'test', 'removed', 'vital-high', 'vital-low', 'phone-in')`;
export type RoutineSigns = { personId: string; until: number; watched: boolean; /** the newest sign of movement since `from` */ movedAt: number | null; blindMs: number; lastSeenAt: number | null };
/**
 * Signs of movement of these people since `from` (and, where `before` says so, not after it). Movement: an event of a human, a bed that was left, or vital
 * signs of a device that says nothing of a bed.
 */
export function routineSigns(sql: Sql, asked: readonly { personId: string; homeId: string | null; from: number; until: number; before?: number }[]): Promise<RoutineSigns[]> {
  return sql.query<RoutineSigns & Row>(
    `with w as (select id, home_id, to_timestamp(f / 1000) as since, to_timestamp(u / 1000) as until, coalesce(to_timestamp(b / 1000), 'infinity') as before
       from unnest($1::text[], $2::text[], $3::float8[], $4::float8[], $5::float8[]) as v (id, home_id, f, u, b))
     select w.id as "personId", w.until, coalesce(s.watched, false) as watched, blind.ms as "blindMs", s.last as "lastSeenAt",
       greatest(s.moved, (select max(e.received_at) from event e where e.device_id is null and e.home_id = w.home_id and e.received_at > w.since and e.received_at <= w.before and e.person_id = w.id and e.kind in ${movedKinds})) as "movedAt"
     from w cross join lateral (select coalesce(sum(extract(epoch from least(b.to_at, w.until) - greatest(b.from_at, w.since))) * 1000, 0)::float8 as ms from blind_window b where b.to_at > w.since and b.from_at < w.until) blind
       left join lateral (
         select bool_or(p.state = 'online') filter (where m.sees) as watched, max(p.last_seen_at) filter (where m.sees) as last, max(greatest(
             (select max(e.received_at) from event e where e.device_id = d.id and e.received_at > w.since and e.received_at <= w.before and e.kind in ${movedKinds} and (m.sees or e.person_id = w.id)),
             case when m.sees then (select v.received_at from vital v where v.device_no = d.no and v.received_at > w.since and v.received_at <= w.before and (v.bed = 'out' or v.bed is null and (v.heart_rate is not null or v.breath is not null)) order by v.received_at desc limit 1) end)) as moved
         from device d join (select id, type in ('fall-radar', 'watch', 'bed', 'door') as sees from device_model) m on m.id = d.model join presence p on p.device_id = d.id
         where (d.person_id = w.id or d.person_id is null and d.home_id = w.home_id) and d.status <> 'revoked') s on true`,
    [asked.map((a) => a.personId), asked.map((a) => a.homeId), asked.map((a) => a.from), asked.map((a) => a.until), asked.map((a) => a.before ?? null)], 'daily-routine-signs');
}

export type Digest = { regionCode: string; village: string; homes: number; party: Party | null; phoneEnc: Buffer | null; phoneBidx: Buffer | null; demo: boolean };

/**
 * Villages with homes whose low battery is open and new since their last message (or old and unanswered for
 * limits.digestRemindDays), marked for today; with the first care-worker who can get a message. Only in the morning hours.
 */
export function takeDigests(sql: Sql, limit = 100): Promise<Digest[]> {
  return sql.query<Digest & Row>(
    `with t as (select ${localNow}::date as day, extract(epoch from ${localNow}::time) / 60 as minute),
     low as (
       select h.region_code, count(distinct h.id)::int as homes, max(a.opened_at) as newest from alert a join home h on h.id = a.home_id, t
       where a.kind = 'low-battery' and a.state <> 'closed' and t.minute >= $1::int and t.minute < $1::int + $2::float8 / 60000 group by h.region_code),
     due as (
       select low.region_code, low.homes, t.day from low, t, lateral (select max(d.at) as at, max(d.day) as day from digest d where d.kind = 'battery' and d.region_code = low.region_code) last
       where last.at is null or last.day < t.day and (low.newest > last.at or t.day - last.day >= $3) order by low.region_code limit $4),
     made as (insert into digest (kind, region_code, day, count) select 'battery', region_code, day, homes from due on conflict do nothing returning region_code, count)
     select m.region_code as "regionCode", v.name as village, m.count as homes, 'responder:' || r.id as party, r.phone_enc as "phoneEnc", r.phone_bidx as "phoneBidx", coalesce(r.demo, false) as demo
     from made m join region v on v.code = m.region_code left join lateral (
       select * from responder r where r.region_code = m.region_code and r.role = 'care-worker' and not r.landline and r.opted_out_at is null and (r.absent_until is null or r.absent_until <= anling_now())
       order by r.ord, r.id limit 1) r on true`,
    [limits.digestMinute, limits.dailyLateMs, limits.digestRemindDays, limit], 'daily-digests');
}
