/**
 * What is known of a device's life, many devices in one update. The row before is locked and read in the same statement,
 * so that a battery's transition is seen exactly once, whatever edge or sweep runs beside.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** `seen` false: only a hint; `saidOffline` true sets it, false clears it. `ageMs`: how long ago. Absent readings leave what is known. */
export type Seen = {
  deviceId: string; ageMs: number; seen: boolean; saidOffline: boolean | null;
  battery: number | null; rssi: number | null; mains: boolean | null; fw: string | null; cell: string | null; temp: number | null;
};
/** A device whose battery fell below limits.batteryLow, or is above limits.batteryGood again. */
export type BatteryChange = { deviceId: string; edge: 'raise' | 'clear'; battery: number };

// silent_at, never_reported_at and the rest of a silence are the sweep's: it compares them with last_seen_at.
// A will that waited in the spool of the edge that a device had left says nothing of a device that was heard since.
// No indexed column changes on a normal heartbeat, so the update stays HOT. Whoever speaks without having been expected to is
// supervised from then on: the sweep looks at it and sets its next time. What an edge held back from before the device was installed
// (anew) proves nothing of its new life (B6).
const update = `
with clock as materialized (select anling_now() as now), n as materialized (
  select u.*, clock.now - make_interval(secs => u.age_ms / 1000.0) as at from clock, unnest($1::text[], $2::float8[], $3::boolean[], $4::boolean[], $5::smallint[],
    $6::smallint[], $7::boolean[], $8::text[], $9::text[], $10::real[]) as u(device_id, age_ms, seen, said_offline, battery, rssi, mains, fw, cell, temp)
), old as (
  select device_id, low_battery from presence where device_id = any($1) order by device_id for update
), made as (
  insert into presence (device_id, last_seen_at, state, check_at)
  select n.device_id, case when n.seen then n.at end, case when n.seen then 'online' else 'never' end, n.at + make_interval(secs => c.grace_s)
  from n join device d on d.id = n.device_id join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class
  where not exists (select from old where old.device_id = n.device_id) on conflict (device_id) do nothing
), done as (
  update presence p set
    last_seen_at = case when n.seen then greatest(p.last_seen_at, n.at) else p.last_seen_at end, state = case when n.seen then 'online' else p.state end,
    battery = coalesce(n.battery, p.battery), rssi = coalesce(n.rssi, p.rssi), mains = coalesce(n.mains, p.mains), fw = coalesce(n.fw, p.fw),
    cell = coalesce(n.cell, p.cell), temp = coalesce(n.temp, p.temp),
    low_battery = case when n.battery < ${limits.batteryLow} then true when n.battery > ${limits.batteryGood} then false else p.low_battery end,
    mains_lost_at = case when n.mains then null when not n.mains and p.mains_lost_at is null then n.at else p.mains_lost_at end,
    lost_at = case when n.said_offline and n.at >= coalesce(p.last_seen_at, '-infinity') then n.at when n.seen or not n.said_offline then null else p.lost_at end,
    check_at = case when n.seen and p.state = 'never' and p.check_at = 'infinity' then n.at else p.check_at end
  from n join old on old.device_id = n.device_id
  where p.device_id = n.device_id and (p.state <> 'never' or n.at >= (select d.registered_at from device d where d.id = p.device_id))
  returning p.device_id as "deviceId", n.battery,
    case when n.battery < ${limits.batteryLow} and not old.low_battery then 'raise' when n.battery > ${limits.batteryGood} and old.low_battery then 'clear' end as edge
)
select "deviceId", battery, edge from done where edge is not null`;

/** Writes what was seen (one entry per device) and returns what changed. A device without a presence row gets one. */
export async function updatePresence(sql: Sql, seen: readonly Seen[]): Promise<BatteryChange[]> {
  return await sql.query<BatteryChange>(update, [
    seen.map((s) => s.deviceId), seen.map((s) => s.ageMs), seen.map((s) => s.seen), seen.map((s) => s.saidOffline), seen.map((s) => s.battery),
    seen.map((s) => s.rssi), seen.map((s) => s.mains), seen.map((s) => s.fw), seen.map((s) => s.cell), seen.map((s) => s.temp),
  ], 'presence-update');
}
