/**
 * Which edge holds a device's connection (G4). Rows are truth (law 2): the edge that a device came to writes itself down, and the one that it left finds
 * there what it has to end, told by a hint or by its next look.
 */
import { limits } from '#core/limits.ts';
import { hint, type Sql } from './pool.ts';

/** `ageMs`: how long ago the connection was let in. */
export type SessionAge = { deviceId: string; ageMs: number };
/** `late`: a newer connection is at another edge. `moved`: it was at another edge before. */
export type EnteredSession = { deviceId: string; late: boolean; moved: boolean };

export const movesChannel = 'anling_session';

/** An edge that beat within this may still hold a connection: after an absence of the database none has beaten for a while, and none is gone. */
const formerMs = 3_600_000;

const enter = `
with clock as materialized (select anling_now() as now), n as materialized (
  select u.id, clock.now - make_interval(secs => u.age_ms / 1000.0) as at from clock, unnest($2::text[], $3::float8[]) as u(id, age_ms) join device d on d.id = u.id
), old as materialized (
  select s.device_id, s.edge, exists (select from node where id = s.edge and beat_at > (select now from clock) - ${formerMs} * interval '1 ms') as lives
  from device_session s where s.device_id = any($2) order by s.device_id for update
), put as (
  insert into device_session as s (device_id, edge, since) select id, $1, at from n order by id
  on conflict (device_id) do update set edge = excluded.edge, since = excluded.since,
    former = array_remove(s.former, $1) || case when s.edge <> $1 and s.edge <> all(s.former) and (select lives from old where old.device_id = s.device_id) then array[s.edge] else '{}' end
  where s.since <= excluded.since or s.edge = excluded.edge
  returning s.device_id
)
select n.id as "deviceId", put.device_id is null as late, coalesce(old.edge <> $1, false) as moved, coalesce(old.edge <> $1 and old.lives, false) as told
from n left join put on put.device_id = n.id left join old on old.device_id = n.id`;

/** Writes down that these connections are at this edge, one entry per device. */
export async function enterSessions(sql: Sql, edge: string, entered: readonly SessionAge[]): Promise<EnteredSession[]> {
  const rows = await sql.query<EnteredSession & { told: boolean }>(enter, [edge, entered.map((e) => e.deviceId), entered.map((e) => e.ageMs)], 'session-enter');
  if (rows.some((row) => row.told && !row.late)) await hint(sql, [movesChannel]);
  return rows;
}

/** Connections that this edge has to end, with the age of the newer one. */
export async function leftSessions(sql: Sql, edge: string): Promise<SessionAge[]> {
  return sql.query<SessionAge>(
    `select device_id as "deviceId", (extract(epoch from anling_now() - since) * 1000)::float8 as "ageMs" from device_session where former <> '{}' and $1 = any(former) limit $2`,
    [edge, limits.lookupRows], 'session-left');
}

/** They are ended, or were not there any more. */
export async function endedSessions(sql: Sql, edge: string, deviceIds: readonly string[]): Promise<void> {
  await sql.query(`update device_session set former = array_remove(former, $1) where device_id = any($2)`, [edge, deviceIds], 'session-ended');
}

/** Edges that are gone have nothing to end. */
export async function forgetFormerEdges(sql: Sql): Promise<void> {
  await sql.query(
    `update device_session s set former = array(select f from unnest(s.former) f where exists (select from node n where n.id = f and n.beat_at > anling_now() - ${formerMs} * interval '1 ms'))
     where former <> '{}' and exists (select from unnest(s.former) f where not exists (select from node n where n.id = f and n.beat_at > anling_now() - ${formerMs} * interval '1 ms'))`);
}
