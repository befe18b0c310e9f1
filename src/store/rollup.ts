/**
 * Days that are over become rows of heartbeat_day and uptime_day (migration 0054), a bounded statement at a time. Safe to stop anywhere and to
 * repeat: a day is written whole from its rows, and is done only with its line in day_rolled. Heartbeats that came late mark their day
 * (heartbeat_late); marks seen before the rows were read are taken away with that line, so that one written meanwhile makes the day
 * be read again. In the community edition of TimescaleDB the rows are read out of a continuous aggregate by the hour, elsewhere out of
 * the heartbeats themselves: the same expressions, the same rows.
 */
import { countyDay, dayMs, dayOf } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import type { Db, Sql } from './pool.ts';
import { edition, hourly, oldestTelemetry } from './telemetry-layout.ts';
import { rollUptimeDay } from './uptime.ts';

/** Set in the key of pg_advisory_xact_lock: one process rolls up at a time. */
const lockKey = 0x616e6c02;

/** Of a reading the newest: its time above, its percent in the lowest seven bits. */
const lastBattery = 'max((round(date_part(\'epoch\', received_at at time zone \'UTC\') * 1000)::bigint << 7) | battery) filter (where battery between 0 and 127)';
/** What an hour, or a day, of a device comes to; only what can be put together from its parts. */
export const partsOfBeats = `count(*) as beats, max(received_at) as last_at, ${lastBattery} as battery, sum(rssi::float8) filter (where rssi < 0) as rssi_sum, count(*) filter (where rssi < 0) as rssi_n, min(rssi) filter (where rssi < 0) as rssi_worst`;
const intoDay = (parts: string): string => `
insert into heartbeat_day as h (device_no, day, last_at, beats, rssi_mean, rssi_worst, battery)
select device_no, $3::date, last_at, beats, (rssi_sum / nullif(rssi_n, 0))::real, rssi_worst, (battery & 127)::smallint from (${parts}) p
on conflict (device_no, day) do update set last_at = excluded.last_at, beats = excluded.beats, rssi_mean = excluded.rssi_mean, rssi_worst = excluded.rssi_worst, battery = excluded.battery
where excluded.beats >= h.beats`; // rows of a day only become more: fewer are what is left of it
const span = (at: string): string => `${at} >= to_timestamp($1::float8 / 1000) and ${at} < to_timestamp($2::float8 / 1000)`;
const fromRows = intoDay(`select device_no, ${partsOfBeats} from heartbeat where ${span('received_at')} and abs(device_no) % $4::int = $5::int group by device_no`);
const fromHours = intoDay(`select device_no, sum(beats) as beats, max(last_at) as last_at, max(battery) as battery, sum(rssi_sum) as rssi_sum, sum(rssi_n) as rssi_n, min(rssi_worst) as rssi_worst from ${hourly} where ${span('hour')} group by device_no`);

type Day = { day: string; from: number; to: number; marks: string[]; part: number; parts: number; source: 'rows' | 'hours' };
/** What a step did; null: nothing was to be done, or another process does it. */
export type Rolled = { day: string; what: 'heartbeat' | 'uptime'; done: boolean };

/** One bounded step after the other; only the day under way is kept in memory, and a restart begins it again. */
export function createRollup(db: Db): () => Promise<Rolled | null> {
  let day: Day | null = null;
  return async () => {
    day ??= await nextHeartbeats(db);
    if (!day) return await rollNextUptime(db);
    const now = day;
    try {
      const went = now.part < now.parts ? await rollPart(db, now) : await finish(db, now);
      if (!went) { day = null; return null; }
      if (now.part++ >= now.parts) day = null;
      return { day: now.day, what: 'heartbeat', done: day === null };
    } catch (error) { day = null; throw error; }
  };
}

/** The oldest day that is over and not rolled up, or has become late since. */
async function nextHeartbeats(db: Db): Promise<Day | null> {
  const oldest = await oldestTelemetry(db, 'heartbeat');
  const [found] = await db.query<{ day: string; marks: string[]; age: number; hours: boolean }>(
    `with bound as (select ((anling_now() - $1 * interval '1 ms') at time zone 'Asia/Shanghai')::date as today, (to_timestamp($2::float8 / 1000) at time zone 'Asia/Shanghai')::date as first)
     select d.day::text as day, bound.today - d.day as age, to_regclass('${hourly}') is not null as hours, array(select id::text from heartbeat_late l where l.day = d.day) as marks from (
       select l.day from heartbeat_late l, bound where l.day < bound.today and l.day >= bound.today - $3::int
       union select g::date from bound, generate_series(greatest(bound.first, bound.today - $3::int), bound.today - 1, interval '1 day') g where not exists (select from day_rolled r where r.what = 'heartbeat' and r.day = g::date)) d, bound
     order by d.day limit 1`, [limits.rollAfterMs, oldest, limits.rollDays - 1], 'roll-next');
  if (!found) return null;
  const [most] = await db.query<{ rows: number | null }>(`select max(rows)::float8 as rows from (select rows from day_rolled where what = 'heartbeat' order by day desc limit 7) r`);
  const { from, to } = countyDay(found.day) as { from: number; to: number };
  // Hours that were forgotten (store/telemetry-community.ts) are not whole again when rows come to one of them.
  const source = found.hours && await edition(db) === 'community' && found.age <= limits.compressAfterDays ? 'hours' : 'rows';
  const parts = source === 'hours' ? 25 : most?.rows == null ? 8 : Math.min(256, Math.max(1, Math.ceil(most.rows / limits.dayPartRows)));
  return { day: found.day, marks: found.marks, from, to, part: 0, parts, source };
}

/** False when another process is at it. */
async function rollPart(db: Db, d: Day): Promise<boolean> {
  if (d.source === 'hours' && d.part < 24) { // a procedure that commits by itself; what has not changed since is not read again
    const hour = d.from + d.part * 3_600_000;
    await db.query(`call refresh_continuous_aggregate('${hourly}', to_timestamp(${hour} / 1000.0), to_timestamp(${hour + 3_600_000} / 1000.0))`);
    return true;
  }
  return await db.tx(async (sql) => {
    if (!await hold(sql)) return false;
    await sql.query('set local max_parallel_workers_per_gather = 0'); // it has all night, the doors have not
    if (d.source === 'hours') await sql.query(fromHours, [d.from, d.to, d.day]);
    else await sql.query(fromRows, [d.from, d.to, d.day, d.parts, d.part]);
    return true;
  });
}

function finish(db: Db, d: Day): Promise<boolean> {
  return db.tx(async (sql) => {
    if (!await hold(sql)) return false;
    await sql.query(
      `insert into day_rolled (what, day, rows) select 'heartbeat', $1::date, coalesce(sum(h.beats), 0) from heartbeat_day h where h.day = $1::date
       on conflict (what, day) do update set rows = excluded.rows, at = excluded.at`, [d.day]);
    await sql.query('delete from heartbeat_late where id = any($1::bigint[])', [d.marks]);
    await sql.query(`delete from day_rolled where what = 'uptime' and day = $1::date and day > (anling_now() at time zone 'Asia/Shanghai')::date - $2::int`, [d.day, limits.silenceDays - 1]); // its sum of heartbeats
    const old = [limits.rollDays];
    for (const table of ['heartbeat_day', 'uptime_day', 'day_rolled', 'heartbeat_late']) await sql.query(`delete from ${table} where day < (anling_now() at time zone 'Asia/Shanghai')::date - $1::int`, old);
    return true;
  });
}

/** The newest day whose online rates are missing, or may have changed since they were written. Days from before the first device are not asked for. */
async function rollNextUptime(db: Db): Promise<Rolled | null> {
  const [found] = await db.query<{ day: string }>(
    `with bound as (select ((anling_now() - $1 * interval '1 ms') at time zone 'Asia/Shanghai')::date as today, (coalesce((select min(at) from device_life), anling_now()) at time zone 'Asia/Shanghai')::date as first)
     select g::date::text as day from bound, generate_series(greatest(bound.first, bound.today - $2::int), bound.today - 1, interval '1 day') g
     where not exists (select from day_rolled r where r.what = 'uptime' and r.day = g::date and (r.day < bound.today - $3::int - 1 or (r.at at time zone 'Asia/Shanghai' - $1 * interval '1 ms')::date >= bound.today)) order by g desc limit 1`,
    [limits.rollAfterMs, limits.silenceDays, limits.uptimeBackDays], 'roll-next-uptime');
  if (!found) return null;
  return await db.tx(async (sql) => {
    if (!await hold(sql)) return null;
    const rows = await rollUptimeDay(sql, found.day);
    await sql.query(`insert into day_rolled (what, day, rows) values ('uptime', $1, $2) on conflict (what, day) do update set rows = excluded.rows, at = excluded.at`, [found.day, rows]);
    return { day: found.day, what: 'uptime' as const, done: true };
  });
}

async function hold(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>('select pg_try_advisory_xact_lock($1) as held', [lockKey]);
  return row?.held ?? false;
}

/** Of the last `days` county days, today among them, those whose heartbeats are rolled up, and those that must be read from rows; both the oldest first. */
export async function splitDays(sql: Sql, days: number, now: number): Promise<{ rolled: string[]; open: string[] }> {
  const all = Array.from({ length: days }, (_, i) => dayOf(now - (days - 1 - i) * dayMs));
  const done = new Set((await sql.query<{ day: string }>(`select day::text as day from day_rolled where what = 'heartbeat' and day >= $1::date`, [all[0]], 'days-rolled')).map((r) => r.day));
  return { rolled: all.filter((day) => done.has(day)), open: all.filter((day) => !done.has(day)) };
}
