/**
 * SQL of what could not be heard, kept as rows (2.10): the sweep opens a silence when it declares a device silent and closes it when
 * the device speaks again, in the transactions that move the device. From them, the sheet of a day: who could not be heard from when
 * to when, and why.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** Devices that the sweep has just declared silent: since their last sign of life. Nobody is missed where all are away. */
export async function openSilences(sql: Sql, deviceIds: readonly string[]): Promise<void> {
  if (deviceIds.length === 0) return;
  await sql.query(
    `insert into silence (device_id, from_at, silent_at, away)
     select p.device_id, least(coalesce(p.last_seen_at, p.silent_at), p.silent_at), p.silent_at, coalesce(h.mode_until > anling_now(), false) or coalesce(q.mode_until > anling_now(), false)
     from presence p join device d on d.id = p.device_id left join home h on h.id = d.home_id left join person q on q.id = d.person_id
     where p.device_id = any($1::text[]) and p.silent_at is not null on conflict do nothing`, [deviceIds], 'silence-open');
}

/** They spoke again, or were revoked: `back_at` is the sign of life that ended it. */
export async function closeSilences(sql: Sql, deviceIds: readonly string[]): Promise<void> {
  if (deviceIds.length === 0) return;
  await sql.query(
    `update silence s set back_at = greatest(s.silent_at, case when p.last_seen_at > s.silent_at then p.last_seen_at else anling_now() end)
     from presence p where s.device_id = any($1::text[]) and s.outage_id is null and s.back_at is null and p.device_id = s.device_id`, [deviceIds], 'silence-close');
}

/** Forgets what is older than limits.silenceDays. */
export async function pruneSilences(sql: Sql): Promise<void> {
  await sql.query(`delete from silence where back_at < anling_now() - make_interval(days => $1)`, [limits.silenceDays], 'silence-prune');
}

export type BlindReason = 'outage' | 'single';
/** One stretch in which no device of this person could be heard, our own blindness apart. */
export type Unheard = {
  personId: string; homeId: string; regionCode: string; nameEnc: Buffer; highRisk: boolean; fromAt: number; toAt: number; reason: BlindReason;
  /** Every silence of the person began while nobody was at home. */ away: boolean; /** Also in one of our own blind windows that day. */ blind: boolean;
};
export type Covered = { code: string; /** people who had a device that was ever heard */ covered: number; /** of them, those in a blind window of ours */ blind: number; blindMs: number };
export type OwnWindow = { fromAt: number; toAt: number; why: string };

// Who is meant: present, with a device that was ever heard. Before the first of them was registered nobody is missed.
const covered = `person q join home h on h.id = q.home_id join device d on d.home_id = h.id and (d.person_id is null or d.person_id = q.id) and d.status <> 'revoked' join presence p on p.device_id = d.id and p.last_seen_at is not null`;
const who = `q.status = 'present' and h.region_code like $1 || '%' and d.registered_at < to_timestamp($3::float8 / 1000)`;
const day = `tstzrange(to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000))`;

/** Our own blind windows inside [from, to): nobody at all could be heard. */
export function ownWindows(sql: Sql, from: number, to: number): Promise<OwnWindow[]> {
  return sql.query<OwnWindow>(
    `select greatest(from_at, to_timestamp($1::float8 / 1000)) as "fromAt", least(to_at, to_timestamp($2::float8 / 1000)) as "toAt", why from blind_window
     where from_at < to_timestamp($2::float8 / 1000) and to_at > to_timestamp($1::float8 / 1000) order by from_at limit 1000`, [from, to]);
}

/** People by village, and how long our own blind windows lasted for them. */
export function coveredPeople(sql: Sql, prefix: string, from: number, to: number): Promise<Covered[]> {
  return sql.query<Covered>(
    `with who as materialized (select q.id, h.region_code as code, min(d.registered_at) as since from ${covered} where ${who} group by 1, 2),
     blind as materialized (select greatest(from_at, lower(${day})) as a, least(to_at, upper(${day})) as z from blind_window where tstzrange(from_at, to_at) && ${day})
     select code, count(*)::int as covered, count(*) filter (where x.ms > 0)::int as blind, coalesce(sum(x.ms), 0)::float8 as "blindMs"
     from who, lateral (select coalesce(sum(extract(epoch from z - greatest(a, who.since)) * 1000) filter (where z > who.since), 0) as ms from blind) x group by 1 order by 1`, [prefix, from, to]);
}

/**
 * People none of whose devices could be heard, stretch by stretch, those at risk first. A person's silence is what all his devices'
 * silences have in common; a device that came later counts as silent before. Common causes by the outages their devices were in.
 */
export function unheardPeople(sql: Sql, prefix: string, from: number, to: number): Promise<Unheard[]> {
  return sql.query<Unheard>(
    `with s as materialized (
       select s.device_id, s.away, tstzrange(s.from_at, s.back_at) * ${day} as r, s.outage_id is not null or exists (
         select from outage_member m join outage o on o.id = m.outage_id where m.device_id = s.device_id and m.silent_at <= coalesce(s.back_at, 'infinity') and s.silent_at <= coalesce(m.back_at, o.ended_at, 'infinity')) as common
       from silence s where tstzrange(s.from_at, s.back_at) && ${day}),
     b as materialized (select coalesce(range_agg(tstzrange(from_at, to_at) * ${day}), '{}') as m from blind_window where tstzrange(from_at, to_at) && ${day}),
     homes as materialized (select distinct d.home_id from s join device d on d.id = s.device_id where d.home_id is not null),
     device_silent as (
       select q.id, q.home_id, h.region_code, q.name_enc, q.high_risk, d.registered_at, x.m + tstzmultirange(tstzrange(lower(${day}), greatest(d.registered_at, lower(${day})))) as m, x.common, x.away
       from homes g join ${covered} on h.id = g.home_id, lateral (
         select coalesce(range_agg(r), '{}') as m, coalesce(range_agg(r) filter (where s.common), '{}') as common, coalesce(bool_and(s.away), false) as away from s where s.device_id = d.id) x
       where ${who}),
     person_silent as (
       select id, home_id, region_code, name_enc, high_risk, bool_or(away) as away, min(registered_at) as since,
         range_intersect_agg(m) - tstzmultirange(tstzrange(lower(${day}), greatest(min(registered_at), lower(${day})))) as m, range_agg(common) as common
       from device_silent group by 1, 2, 3, 4, 5)
     select v.id as "personId", v.home_id as "homeId", v.region_code as "regionCode", v.name_enc as "nameEnc", v.high_risk as "highRisk", lower(w.r) as "fromAt", upper(w.r) as "toAt", w.reason, v.away,
       b.m && tstzmultirange(tstzrange(v.since, null)) as blind
     from person_silent v, b, lateral (
       select unnest((v.m - b.m) * v.common) as r, 'outage' as reason union all select unnest(v.m - b.m - v.common), 'single') w
     order by v.high_risk desc, v.region_code, v.id, lower(w.r) limit $4`, [prefix, from, to, limits.unheardRows]);
}
