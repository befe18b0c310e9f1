/** What installed devices say of their batteries and signal, day by day; the lowest batteries, the weakest signals of a region. */
import { countyDay, dayMs } from '#core/clock.ts';
import type { BatteryReading } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
import type { SignalDay } from '#core/signal.ts';
import type { Sql } from './pool.ts';
import { splitDays } from './rollup.ts';

/**
 * The last reading of each of the past limits.batteryDays county days in which there is one, by device, the oldest first: out of the roll-ups, and of today (and what is not rolled up
 * yet) from heartbeats. `now` in epoch ms. A question for each such day, whose bounds stand before it is planned: it reads that day's chunks alone.
 */
export async function batteryReadings(sql: Sql, ids: readonly string[], now: number): Promise<Map<string, BatteryReading[]>> {
  const byId = new Map<string, BatteryReading[]>(ids.map((id) => [id, []]));
  const { rolled, open } = await splitDays(sql, limits.batteryDays, now);
  const found = await sql.query<{ id: string; at: number; percent: number }>(
    `select d.id, h.last_at as at, h.battery as percent from device d join heartbeat_day h on h.device_no = d.no and h.day = any($2::date[])
     where d.id = any($1) and h.last_at >= d.registered_at and h.battery is not null order by h.day`, [ids, rolled], 'battery-days');
  for (const day of open) {
    const { from, to } = countyDay(day) as { from: number; to: number };
    found.push(...await sql.query<{ id: string; at: number; percent: number }>(
      `select d.id, h.received_at as at, h.battery as percent from device d, lateral (
         select received_at, battery from heartbeat where device_no = d.no and received_at >= to_timestamp($2::float8 / 1000) and received_at < to_timestamp($3::float8 / 1000) and received_at >= d.registered_at
           and battery is not null order by received_at desc limit 1) h
       where d.id = any($1)`, [ids, from, to]));
  }
  for (const { id, at, percent } of found.sort((a, b) => a.at - b.at)) byId.get(id)?.push({ at, percent });
  return byId;
}

/** Installed devices on batteries in these regions, the lowest first, at most limits.batteryListed. */
export async function lowestBatteries(sql: Sql, prefix: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select d.id from device d join device_model m on m.id = d.model join presence p on p.device_id = d.id
     where d.status = 'installed' and m.power = 'battery' and p.battery is not null and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '') order by p.battery, d.id limit ${limits.batteryListed}`, [prefix]);
  return rows.map((r) => r.id);
}

/** Mean and worst signal of each of the last limits.signalDays county days in which there is one, the oldest first; roll-ups and rows as with the batteries. */
export async function signalDays(sql: Sql, id: string, now: number): Promise<SignalDay[]> {
  const { rolled, open } = await splitDays(sql, limits.signalDays, now);
  const days = await sql.query<SignalDay>(
    `select h.last_at as at, h.rssi_mean::float8 as mean, h.rssi_worst::int as worst from device d join heartbeat_day h on h.device_no = d.no and h.day = any($2::date[])
     where d.id = $1 and h.last_at >= d.registered_at and h.rssi_worst is not null`, [id, rolled], 'signal-days');
  for (const day of open) {
    const { from, to } = countyDay(day) as { from: number; to: number };
    const [row] = await sql.query<{ at: number | null; mean: number; worst: number }>(
      `select max(h.received_at) as at, avg(h.rssi)::float8 as mean, min(h.rssi)::int as worst from device d, heartbeat h
       where d.id = $1 and h.device_no = d.no and h.received_at >= to_timestamp($2::float8 / 1000) and h.received_at < to_timestamp($3::float8 / 1000) and h.received_at >= d.registered_at and h.rssi < 0`, [id, from, to]);
    if (row && row.at !== null) days.push({ at: row.at, mean: row.mean, worst: row.worst });
  }
  return days.sort((a, b) => a.at - b.at);
}

export type Heard = { at: number; battery: number | null; rssi: number | null; mains: boolean | null; temp: number | null };
/** What it said in the 24 hours before `now` (epoch ms), the oldest first, at most limits.heardRows. Bounds are parameters: two days' partitions or chunks are read, by the device. */
export async function lastDay(sql: Sql, id: string, now: number): Promise<Heard[]> {
  const [device] = await sql.query<{ no: number }>('select no from device where id = $1', [id], 'device-no');
  if (!device) return [];
  return await sql.query<Heard>(
    `select received_at as at, battery, rssi, mains, temp from heartbeat where device_no = $1 and received_at > to_timestamp($2::float8 / 1000) and received_at <= to_timestamp($3::float8 / 1000) order by received_at desc limit ${limits.heardRows}`,
    [device.no, now - dayMs, now]).then((rows) => rows.reverse());
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
