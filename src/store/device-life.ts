/** The life of devices on rows: acts of the state machine (core/device-life.ts), one device in another's place, and the history that triggers keep of both. */
import { randomBytes } from 'node:crypto';
import { type DeviceEnd, type DeviceLife, type LifeAct, lifeAfter, lifeOf, rowOf } from '#core/device-life.ts';
import { limits } from '#core/limits.ts';
import type { deviceStatuses } from '#core/registry.ts';
import { beginSupervision, tellDoors } from './device-registry.ts';
import type { Sql } from './pool.ts';

type LifeRow = { id: string; status: (typeof deviceStatuses)[number]; ended: DeviceEnd | null; homeId: string | null; personId: string | null; room: string | null; secretHash: Buffer };
export type LifeDone = { done: true; life: DeviceLife } | { done: false; life: DeviceLife; /** what stands in the way */ why: 'life' | 'self' | 'by-life' | 'by-bound' };
export type LifeLine = { at: number; life: DeviceLife; homeId: string | null; personId: string | null; room: string | null; replacedBy: string | null; actor: string | null };

/** Names who acts in the history of this transaction. */
export async function actingAs(sql: Sql, actor: string): Promise<void> {
  await sql.query(`select set_config('anling.actor', $1, true)`, [actor]);
}

function lock(sql: Sql, ids: readonly string[]): Promise<LifeRow[]> {
  return sql.query<LifeRow>('select id, status, ended, home_id as "homeId", person_id as "personId", room, secret_hash as "secretHash" from device where id = any($1) order by id for update', [ids]);
}

/** One act on one device; null: no such device. The doors end the session of one that is refused now (M18). */
export async function actOnLife(sql: Sql, id: string, act: Exclude<LifeAct, 'replace'>, secretHash: (secret: string) => Buffer): Promise<LifeDone | null> {
  const [row] = await lock(sql, [id]);
  if (!row) return null;
  const life = lifeOf(row.status, row.ended);
  const change = lifeAfter(life, act);
  if (change === null) return { done: false, life, why: 'life' };
  const to = rowOf(change.life);
  await sql.query(
    `update device set status = $2, ended = $3, secret_hash = $4, version = version + 1,
       home_id = case when $5 then null else home_id end, person_id = case when $5 then null else person_id end, room = case when $5 then null else room end, replaced_by = case when $5 then null else replaced_by end where id = $1`,
    [id, to.status, to.ended, change.freshSecret ? secretHash(randomBytes(32).toString('base64url')) : row.secretHash, change.leaves]);
  if (change.begins) await beginSupervision(sql, [id]);
  await tellDoors(sql, [id]);
  return { done: true, life: change.life };
}

/**
 * `by` takes the place of `id`: its home, person and room. The old one is refused from now on, keeps what it was bound to for its history, and its
 * alerts stay as they are. null: no such device, or no such `by`.
 */
export async function replaceDevice(sql: Sql, id: string, by: string): Promise<LifeDone | null> {
  const rows = await lock(sql, [id, by]);
  const [old, fresh] = [rows.find((r) => r.id === id), rows.find((r) => r.id === by)];
  if (!old || !fresh) return null;
  const [life, byLife] = [lifeOf(old.status, old.ended), lifeOf(fresh.status, fresh.ended)];
  const change = lifeAfter(life, 'replace');
  if (change === null) return { done: false, life, why: 'life' };
  if (id === by) return { done: false, life, why: 'self' };
  if (byLife !== 'stock' && byLife !== 'installed') return { done: false, life: byLife, why: 'by-life' };
  if (fresh.homeId !== null || fresh.personId !== null) return { done: false, life: byLife, why: 'by-bound' };
  const to = rowOf(change.life);
  await sql.query('update device set status = $2, ended = $3, replaced_by = $4, version = version + 1 where id = $1', [id, to.status, to.ended, by]);
  await sql.query(`update device set home_id = $2, person_id = $3, room = $4, status = 'installed', version = version + 1 where id = $1`, [by, old.homeId, old.personId, old.room]);
  await beginSupervision(sql, [by]);
  await tellDoors(sql, [id, by]);
  return { done: true, life: change.life };
}

/** What became of it, the newest first, at most limits.lifeLines lines; who came after it, and in whose place it came. */
export async function lifeHistory(sql: Sql, id: string): Promise<{ lines: LifeLine[]; replaces: { id: string; at: number }[]; replacedBy: { id: string; at: number }[] }> {
  const lines = await sql.query<LifeLine>(
    `select at, life, home_id as "homeId", person_id as "personId", room, replaced_by as "replacedBy", actor from device_life where device_id = $1 order by id desc limit ${limits.lifeLines}`, [id]);
  const chain = (own: string, other: string): Promise<{ id: string; at: number }[]> =>
    sql.query<{ id: string; at: number }>(`select ${other} as id, min(at) as at from device_life where ${own} = $1 and ${other} is not null group by 1 order by 2 desc limit ${limits.lifeLines}`, [id]);
  return { lines, replaces: (await chain('replaced_by', 'device_id')).filter((r) => r.id !== id), replacedBy: await chain('device_id', 'replaced_by') };
}
