/**
 * What is known of a device's life, many devices in one update. The row before is locked and read in the same statement,
 * so that a transition (came back, battery low, mains lost) is seen exactly once, whatever edge or sweep runs beside.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** `seen` false: only the hint of a will. `ageMs`: how long ago. Absent readings leave what is known. */
export type Seen = {
  deviceId: string; ageMs: number; seen: boolean; saidOffline: boolean;
  battery: number | null; rssi: number | null; mains: boolean | null; fw: string | null; cell: string | null; temp: number | null;
};
/** What changed by an update; null where nothing did. */
export type Transition = {
  deviceId: string; cameBackFrom: 'never' | 'silent' | 'offline' | null; hadOutage: boolean; wasNeverReported: boolean;
  battery: 'raise' | 'clear' | null; mains: 'raise' | 'clear' | null; batteryNow: number | null;
};

const update = `
with clock as materialized (select anling_now() as now), n as (
  select u.*, clock.now - make_interval(secs => u.age_ms / 1000.0) as at from clock, unnest($1::text[], $2::float8[], $3::boolean[], $4::boolean[], $5::smallint[],
    $6::smallint[], $7::boolean[], $8::text[], $9::text[], $10::real[]) as u(device_id, age_ms, seen, said_offline, battery, rssi, mains, fw, cell, temp)
), old as (
  select device_id, state, low_battery, mains, outage_id, never_reported_at from presence where device_id = any($1) order by device_id for update
), done as (
  update presence p set
    last_seen_at = case when n.seen then greatest(p.last_seen_at, n.at) else p.last_seen_at end,
    state = case when n.seen then 'online' else p.state end, silent_at = case when n.seen then null else p.silent_at end,
    battery = coalesce(n.battery, p.battery), rssi = coalesce(n.rssi, p.rssi), mains = coalesce(n.mains, p.mains), fw = coalesce(n.fw, p.fw),
    cell = coalesce(n.cell, p.cell), temp = coalesce(n.temp, p.temp),
    low_battery = case when n.battery < ${limits.batteryLow} then true when n.battery > ${limits.batteryGood} then false else p.low_battery end,
    mains_lost_at = case when n.mains then null when not n.mains and p.mains is distinct from false then n.at else p.mains_lost_at end,
    said_offline_at = case when n.said_offline then n.at when n.seen then null else p.said_offline_at end
  from n join old on old.device_id = n.device_id where p.device_id = n.device_id
  returning p.device_id as "deviceId", case when n.seen and old.state <> 'online' then old.state end as "cameBackFrom",
    old.outage_id is not null as "hadOutage", old.never_reported_at is not null as "wasNeverReported", n.battery as "batteryNow",
    case when n.battery < ${limits.batteryLow} and not old.low_battery then 'raise' when n.battery > ${limits.batteryGood} and old.low_battery then 'clear' end as battery,
    case when not n.mains and old.mains is distinct from false then 'raise' when n.mains and old.mains = false then 'clear' end as mains
)
select * from done where "cameBackFrom" is not null or battery is not null or mains is not null`;

/** Writes what was seen (one entry per device) and returns what changed. Devices without a presence row get one. */
export async function updatePresence(sql: Sql, seen: readonly Seen[]): Promise<Transition[]> {
  return await sql.query<Transition>(update, [
    seen.map((s) => s.deviceId), seen.map((s) => s.ageMs), seen.map((s) => s.seen), seen.map((s) => s.saidOffline), seen.map((s) => s.battery),
    seen.map((s) => s.rssi), seen.map((s) => s.mains), seen.map((s) => s.fw), seen.map((s) => s.cell), seen.map((s) => s.temp),
  ], 'presence-update');
}
