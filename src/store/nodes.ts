/**
 * The beats of our own processes, one row each. The newest beat of any edge tells whether the doors could hear at all; an edge
 * that comes after a gap writes the blind window in the statement that ends it, so supervision never sees one without the other.
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

export const beatMs = 2_000;

/** Beats once; true when this beat ended a blind window. `detail` is small and holds no personal data. */
export async function beat(sql: Sql, node: { id: string; role: string; detail?: Record<string, unknown> }): Promise<boolean> {
  // The unique index on from_at lets the first of several edges that return together write the window.
  const rows = await sql.query<{ blind: boolean }>(
    `with last as (select max(beat_at) as at from node where role = 'edge'),
       gap as (insert into blind_window (from_at, to_at, why)
         select at, anling_now(), 'no door was open' from last where $2 = 'edge' and at < anling_now() - $3 * interval '1 ms'
         on conflict (from_at) do nothing returning id),
       mine as (insert into node as n (id, role, started_at, beat_at, detail) values ($1, $2, anling_now(), anling_now(), $4)
         on conflict (id) do update set beat_at = greatest(n.beat_at, excluded.beat_at), detail = excluded.detail returning id)
     select exists (select from gap) as blind from mine`, [node.id, node.role, limits.edgeLostMs, JSON.stringify(node.detail ?? {})], 'node-beat');
  return rows[0]?.blind ?? false;
}

/** Forgets processes that ended long ago; the newest edge stays, whatever its age. */
export async function pruneNodes(sql: Sql): Promise<void> {
  await sql.query(
    `delete from node where beat_at < anling_now() - interval '1 day' and id is distinct from (select id from node where role = 'edge' order by beat_at desc limit 1)`);
}

export type NodeRow = { id: string; role: string; startedAt: number; ageMs: number; detail: Record<string, unknown> };

/** The processes that beat in the last minute. */
export async function livingNodes(sql: Sql): Promise<NodeRow[]> {
  return sql.query<NodeRow>(
    `select id, role, started_at as "startedAt", (extract(epoch from anling_now() - beat_at) * 1000)::float8 as "ageMs", detail
     from node where beat_at > anling_now() - interval '1 minute' order by role, id`);
}

/** The one clock (law 9) as epoch milliseconds. */
export async function databaseNow(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ now: number }>('select anling_now() as now', [], 'clock');
  return row?.now ?? Number.NaN;
}
