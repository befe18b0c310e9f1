/** What installed devices say of their batteries: one reading a day, as far as heartbeats are kept; the lowest ones of a region. */
import { dayMs } from '#core/clock.ts';
import type { BatteryReading } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
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
