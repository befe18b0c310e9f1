/**
 * How long installed devices could be heard (在线率, B9), by model, vendor or village, over up to a year: the evidence for who buys the next
 * ones. Made of what supervision wrote down as it happened (silence, device_life, blind_window, outage_member), a few rows a device and
 * month: no heartbeat is read. Time in which our own doors were shut counts for nobody. Day by day it is rolled up per village (uptime_day).
 */
import { countyDay, dayMs, dayOf } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

export const uptimeGroups = ['model', 'vendor', 'village'] as const;
export type UptimeGroup = (typeof uptimeGroups)[number];
export type UptimeRow = {
  /** model id, vendor's name, village's code; '' is none */ key: string; devices: number; /** of them, not heard once */ never: number;
  /** They were installed and we could listen. */ installedMs: number; silentMs: number; /** of that, while their area was out */ outageMs: number; silences: number;
};

const keyOf: Readonly<Record<UptimeGroup, string>> = { model: 'd.model', vendor: `coalesce(nullif(m.vendor, ''), '')`, village: 'd.region_code' };
const seconds = (multirange: string): string => `(select coalesce(sum(extract(epoch from upper(x) - lower(x))), 0) from unnest(${multirange}) x)`;

/** The sheet: $1 region digits, $2 and $3 epoch ms. A statement that may be read from or inserted. */
const sheet = (by: UptimeGroup): string => `with span as materialized (select tstzrange(to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000)) as r),
   own as materialized (select coalesce(range_agg(tstzrange(from_at, to_at) * span.r), '{}') as m from blind_window, span where tstzrange(from_at, to_at) && span.r),
   dev as materialized (
     select d.id, ${keyOf[by]} as key, p.last_seen_at is null as never from device d join device_model m on m.id = d.model left join presence p on p.device_id = d.id
     where d.no > 0 and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '')),
   life as (select l.device_id, l.life, tstzrange(l.at, coalesce(lead(l.at) over (partition by l.device_id order by l.id), 'infinity')) as r from device_life l where l.device_id in (select id from dev)),
   parts as (
     select device_id, 'installed' as part, range_agg(life.r * span.r) - (select m from own) as m, 0 as n from life, span where life = 'installed' and life.r && span.r and not isempty(life.r) group by device_id
     union all
     select s.device_id, 'silent', range_agg(tstzrange(s.from_at, s.back_at) * span.r), count(*)::int from silence s, span where s.outage_id is null and tstzrange(s.from_at, s.back_at) && span.r group by s.device_id
     union all
     select o.device_id, 'common', range_agg(tstzrange(o.silent_at, greatest(o.silent_at, coalesce(o.back_at, g.ended_at))) * span.r), 0 from outage_member o join outage g on g.id = o.outage_id, span
     where tstzrange(o.silent_at, greatest(o.silent_at, coalesce(o.back_at, g.ended_at))) && span.r group by o.device_id),
   whole as (
     select device_id, (array_agg(m) filter (where part = 'installed'))[1] as installed, coalesce((array_agg(m) filter (where part = 'silent'))[1], '{}') as silent, coalesce((array_agg(m) filter (where part = 'common'))[1], '{}') as common, sum(n) as n
     from parts group by device_id having bool_or(part = 'installed')),
   each as materialized (
     select dev.key, dev.never, w.n, ${seconds('w.installed')} as installed, ${seconds('q.m')} as silent, case when isempty(w.common) then 0 else ${seconds('q.m * w.common')} end as outage
     from whole w join dev on dev.id = w.device_id, lateral (select case when dev.never then w.installed when isempty(w.silent) then '{}'::tstzmultirange else w.installed * w.silent end as m) q)
   select key, count(*)::int as devices, count(*) filter (where never)::int as never, round(sum(installed) * 1000)::float8 as "installedMs", round(sum(silent) * 1000)::float8 as "silentMs", round(sum(outage) * 1000)::float8 as "outageMs",
     sum(n)::int as silences
   from each where installed > 0 group by key`;

/**
 * By group, the one that was silent longest first. `prefix`: region digits; `from` and `to` in epoch ms. A device that was never heard is
 * silent for as long as it is installed; one that is presumed unreachable in an outage only when it was declared silent itself.
 * Measured (test/db/uptime.test.ts: 3,000 devices, a year, 60,000 silences): 0.3 s on PostgreSQL and TimescaleDB.
 */
export function uptime(sql: Sql, by: UptimeGroup, prefix: string, from: number, to: number): Promise<UptimeRow[]> {
  return sql.query<UptimeRow>(`select * from (${sheet(by)}) u order by "silentMs" / nullif("installedMs", 0) desc nulls last, key limit 2000`, [prefix, from, to], `uptime-${by}`);
}

/** One county day of all villages as a roll-up (its heartbeats are rolled up before it). Replaces what was known of it. */
export async function rollUptimeDay(sql: Sql, day: string): Promise<number> {
  const { from, to } = countyDay(day) as { from: number; to: number };
  await sql.query('delete from uptime_day where day = $1', [day]);
  const rows = await sql.query(
    `insert into uptime_day (region_code, day, devices, never, silences, installed_ms, silent_ms, outage_ms, heard, beats)
     select u.key, $4::date, u.devices, u.never, u.silences, u."installedMs", u."silentMs", u."outageMs", coalesce(b.heard, 0), coalesce(b.beats, 0)
     from (${sheet('village')}) u left join (
       select d.region_code, count(*)::int as heard, sum(h.beats)::bigint as beats from device d join heartbeat_day h on h.device_no = d.no and h.day = $4::date where d.no > 0 group by d.region_code) b on b.region_code = u.key
     returning 1`, ['', from, to, day]);
  return rows.length;
}

/** `heard`: devices with a heartbeat that day; `beats`: all of theirs. Both null while the day is not over. */
export type OnlineDay = Omit<UptimeRow, 'key'> & { day: string; heard: number | null; beats: number | null };

/** 在线率 day by day, the oldest first, of all below a prefix: whole days out of the roll-up, what is not rolled up yet (today, an hour after midnight yesterday) counted from rows. At most limits.rollDays. */
export async function onlineDays(sql: Sql, prefix: string, days: number, now: number): Promise<OnlineDay[]> {
  const [first, today] = [dayOf(now - (days - 1) * dayMs), dayOf(now)];
  const rolled = await sql.query<OnlineDay>(
    `select r.day::text as day, coalesce(sum(u.devices), 0)::int as devices, coalesce(sum(u.never), 0)::int as never, coalesce(sum(u.silences), 0)::int as silences, coalesce(sum(u.installed_ms), 0)::float8 as "installedMs",
       coalesce(sum(u.silent_ms), 0)::float8 as "silentMs", coalesce(sum(u.outage_ms), 0)::float8 as "outageMs", coalesce(sum(u.heard), 0)::int as heard, coalesce(sum(u.beats), 0)::float8 as beats
     from day_rolled r left join uptime_day u on u.day = r.day and (u.region_code like $1 || '%' or length($1) <= 6 and u.region_code = '')
     where r.what = 'uptime' and r.day >= $2::date and r.day < $3::date group by r.day order by r.day`, [prefix, first, today], 'online-days');
  const have = new Set(rolled.map((r) => r.day));
  const open = Array.from({ length: Math.min(days, limits.uptimeBackDays + 1) }, (_, i) => dayOf(now - i * dayMs)).filter((day) => !have.has(day)).reverse();
  for (const day of open) {
    const { from, to } = countyDay(day) as { from: number; to: number };
    const rows = await uptime(sql, 'village', prefix, from, Math.min(to, now));
    const sum = (of: (r: UptimeRow) => number): number => rows.reduce((n, r) => n + of(r), 0);
    rolled.push({ day, devices: sum((r) => r.devices), never: sum((r) => r.never), silences: sum((r) => r.silences), installedMs: sum((r) => r.installedMs), silentMs: sum((r) => r.silentMs), outageMs: sum((r) => r.outageMs), heard: null, beats: null });
  }
  return rolled;
}
