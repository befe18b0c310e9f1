/** What installed devices say of their batteries: one reading a day, as far as heartbeats are kept; the lowest ones of a region. */
import type { BatteryReading } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** The last reading of each of the past days in which there is one, by device, the oldest first: as many look-ups in the index as days. */
export async function batteryReadings(sql: Sql, ids: readonly string[]): Promise<Map<string, BatteryReading[]>> {
  const rows = await sql.query<{ id: string; at: number; percent: number }>(
    `select d.id, h.received_at as at, h.battery as percent from device d, generate_series(0, ${limits.heartbeatDays - 1}) as n, lateral (
       select received_at, battery from heartbeat where device_no = d.no and received_at > anling_now() - make_interval(days => n + 1) and received_at <= anling_now() - make_interval(days => n) and received_at >= d.registered_at
         and battery is not null order by received_at desc limit 1) h
     where d.id = any($1) order by d.id, h.received_at`, [ids]);
  const byId = new Map<string, BatteryReading[]>(ids.map((id) => [id, []]));
  for (const { id, at, percent } of rows) byId.get(id)?.push({ at, percent });
  return byId;
}

/** Installed devices on batteries in these regions, the lowest first, at most limits.batteryListed. */
export async function lowestBatteries(sql: Sql, prefix: string): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `select d.id from device d join device_model m on m.id = d.model join presence p on p.device_id = d.id
     where d.status = 'installed' and m.power = 'battery' and p.battery is not null and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '') order by p.battery, d.id limit ${limits.batteryListed}`, [prefix]);
  return rows.map((r) => r.id);
}
