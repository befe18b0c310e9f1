/** SQL of the walk test (走测): a walk with its steps, what the devices of a home saw meanwhile, and two devices that change rooms. */
import type { DeviceType } from '#core/decision.ts';
import { limits } from '#core/limits.ts';
import type { Sighting, WalkDevice, WalkStep } from '#core/walk-test.ts';
import { tellDoors } from './device-registry.ts';
import type { Sql } from './pool.ts';

/** What feels somebody by itself; a button says nothing of who walks by. */
const walkTypes = ['fall-radar', 'bed', 'door'] as const satisfies readonly DeviceType[];

export type Walk = { id: string; begunAt: number; begunBy: string; until: number; endedAt: number | null; steps: WalkStep[] };
const columns = `id::text as id, begun_at as "begunAt", begun_by as "begunBy", until, ended_at as "endedAt", steps`;
const runs = 'ended_at is null and until > anling_now()';

/** The newest walk of a home, or null. */
export async function lastWalk(sql: Sql, homeId: string): Promise<Walk | null> {
  return (await sql.query<Walk>(`select ${columns} from walk_test where home_id = $1 order by id desc limit 1`, [homeId]))[0] ?? null;
}

/** Begins one, which ends by itself after limits.walkMinutes; one that runs has ended. */
export async function beginWalk(sql: Sql, homeId: string, by: string): Promise<void> {
  await sql.query(`update walk_test set ended_at = anling_now() where home_id = $1 and ${runs}`, [homeId]);
  await sql.query('insert into walk_test (home_id, begun_by, until) values ($1, $2, anling_now() + make_interval(mins => $3))', [homeId, by, limits.walkMinutes]);
}

/** He is in this room now. False: no walk runs there, or it has limits.walkSteps already. */
export async function stepWalk(sql: Sql, homeId: string, room: string): Promise<boolean> {
  return (await sql.query(`update walk_test set steps = steps || jsonb_build_array(jsonb_build_object('room', $2::text, 'at', round(extract(epoch from anling_now()) * 1000)))
    where home_id = $1 and ${runs} and jsonb_array_length(steps) < ${limits.walkSteps} returning id`, [homeId, room])).length > 0;
}

export async function endWalk(sql: Sql, homeId: string): Promise<boolean> {
  return (await sql.query(`update walk_test set ended_at = anling_now() where home_id = $1 and ${runs} returning id`, [homeId])).length > 0;
}

/** Installed devices of a home that feel somebody, and whether test mode runs; of its people too. */
export function walkDevices(sql: Sql, homeId: string): Promise<(WalkDevice & { type: string; inTest: boolean })[]> {
  return sql.query<WalkDevice & { type: string; inTest: boolean }>(
    `select d.id, d.room, m.type, coalesce(d.test_until > anling_now(), false) as "inTest" from device d join device_model m on m.id = d.model
     where d.home_id = $1 and d.status = 'installed' and m.type = any($2) order by d.id`, [homeId, walkTypes]);
}

/**
 * When these devices saw somebody in (from, to], epoch ms by arrival: vital signs, a bed that is lain in, and events that somebody's body makes. "Long
 * without movement" is none while it is raised. Bounds are parameters: of the vital signs only that day's chunk is read.
 */
export function sightings(sql: Sql, ids: readonly string[], from: number, to: number): Promise<Sighting[]> {
  return sql.query<Sighting>(
    `select d.id as "deviceId", v.received_at as at from device d join vital v on v.device_no = d.no
     where d.id = any($1) and v.received_at > to_timestamp($2::float8 / 1000) and v.received_at <= to_timestamp($3::float8 / 1000) and (v.bed = 'in' or v.bed is null and (v.heart_rate is not null or v.breath is not null))
     union all
     select e.device_id, e.received_at from event e where e.device_id = any($1) and e.received_at > to_timestamp($2::float8 / 1000) and e.received_at <= to_timestamp($3::float8 / 1000)
       and (e.kind in ('fall', 'bed-exit', 'cancel', 'test', 'sos') and e.edge <> 'clear' or e.kind = 'motionless' and e.edge in ('clear', 'report'))`, [ids, from, to]);
}

/** Each gets the other's room; both have their line in the history (device_life). False: they do not hang in this home in these rooms any more. */
export async function swapRooms(sql: Sql, homeId: string, a: { id: string; room: string }, b: { id: string; room: string }): Promise<boolean> {
  const rows = await sql.query<{ id: string; room: string | null }>(`select id, room from device where id = any($1) and home_id = $2 and status = 'installed' order by id for update`, [[a.id, b.id], homeId]);
  if (rows.length !== 2 || rows.some((r) => r.room !== (r.id === a.id ? a.room : b.room))) return false;
  await sql.query('update device set room = case id when $1 then $4 else $3 end, version = version + 1 where id in ($1, $2)', [a.id, b.id, a.room, b.room]);
  await tellDoors(sql, [a.id, b.id]);
  return true;
}
