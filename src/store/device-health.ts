/** What installed devices say of their batteries and signal, day by day, as far as heartbeats are kept; the lowest batteries, the weakest signals of a region. */
import { dayMs } from '#core/clock.ts';
import type { BatteryReading } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
import type { SignalDay } from '#core/signal.ts';
import type { Sql } from './pool.ts';

/**
 * The last reading of each of the past days in which there is one, by device, the oldest first. A question for each day, whose bounds stand before it is planned: it reads that day's chunk
 * alone, `now` (epoch ms) being the end of the last. (All days in one question probed each chunk for each day: over 10 s on TimescaleDB for 200 devices.)
 */
export async function batteryReadings(sql: Sql, ids: readonly string[], now: number): Promise<Map<string, BatteryReading[]>> {
  const byId = new Map<string, BatteryReading[]>(ids.map((id) => [id, []]));
  for (let day = limits.heartbeatDays; day > 0; day--) {
    const rows = await sql.query<{ id: string; at: number; percent: number }>(
      `select d.id, h.received_at as at, h.battery as percent from device d, lateral (
         select received_at, battery from heartbeat where device_no = d.no and received_at > to_timestamp($2::float8 / 1000) and received_at <= to_timestamp($3::float8 / 1000) and received_at >= d.registered_at
           and battery is not null order by received_at desc limit 1) h
       where d.id = any($1)`, [ids, now - day * dayMs, now - (day - 1) * dayMs]);
    for (const { id, at, percent } of rows) byId.get(id)?.push({ at, percent });
  }
  return byId;
}

/** Installed devices on batteries in these regions, the lowest first, at most limits.batteryListed. */
export async function lowestBatteries(sql: Sql, prefix: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select d.id from device d join device_model m on m.id = d.model join presence p on p.device_id = d.id
     where d.status = 'installed' and m.power = 'battery' and p.battery is not null and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '') order by p.battery, d.id limit ${limits.batteryListed}`, [prefix]);
  return rows.map((r) => r.id);
}

/** Mean and worst signal of each of the last limits.signalDays in which there is one, the oldest first; a question for each day, like the batteries (TimescaleDB, a heartbeat a minute: ninety days took 1.5 s). */
export async function signalDays(sql: Sql, id: string, now: number): Promise<SignalDay[]> {
  const days: SignalDay[] = [];
  for (let day = limits.signalDays; day > 0; day--) {
    const [row] = await sql.query<{ at: number | null; mean: number; worst: number }>(
      `select max(h.received_at) as at, avg(h.rssi)::float8 as mean, min(h.rssi)::int as worst from device d, heartbeat h
       where d.id = $1 and h.device_no = d.no and h.received_at > to_timestamp($2::float8 / 1000) and h.received_at <= to_timestamp($3::float8 / 1000) and h.received_at >= d.registered_at and h.rssi < 0`, [id, now - day * dayMs, now - (day - 1) * dayMs]);
    if (row && row.at !== null) days.push({ at: row.at, mean: row.mean, worst: row.worst });
  }
  return days;
}

const heardOf = `from device d join presence p on p.device_id = d.id where d.status = 'installed' and p.state = 'online' and p.rssi < 0 and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '')`;
/** Installed devices that are heard and weak, village by village, the weakest first, at most limits.signalListed. */
export async function weakestSignals(sql: Sql, prefix: string): Promise<string[]> {
  return (await sql.query<{ id: string }>(`select d.id ${heardOf} and p.rssi < ${limits.signalWeakDbm} order by d.region_code, p.rssi, d.id limit ${limits.signalListed}`, [prefix])).map((r) => r.id);
}
export type VillageSignal = { code: string | null; heard: number; weak: number; mean: number };
/** Villages with weak devices, the most first: of how many that say their signal, and the mean of all (dBm). */
export function weakVillages(sql: Sql, prefix: string): Promise<VillageSignal[]> {
  return sql.query<VillageSignal>(`select nullif(d.region_code, '') as code, count(*)::int as heard, count(*) filter (where p.rssi < ${limits.signalWeakDbm})::int as weak, avg(p.rssi)::float8 as mean ${heardOf}
    group by 1 having count(*) filter (where p.rssi < ${limits.signalWeakDbm}) > 0 order by weak desc, code`, [prefix]);
}
