/** Where responders stood when they arrived (UI 3.4): sealed, one of each to a case, forgotten with the pictures. */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** WGS84; `accuracyM`: metres around it, as the telephone says. */
export type Where = { lat: number; lon: number; accuracyM: number };
const column = 'party_position.where';

/** `agoMs`: so long ago the telephone took it. An older one than what stands there is no news. */
export async function savePosition(sql: Sql, seal: Seal, p: { alertId: string; party: string; agoMs: number; where: Where }): Promise<void> {
  await sql.query(
    `insert into party_position as p (alert_id, party, at, where_enc) values ($1, $2, anling_now() - $3 * interval '1 millisecond', $4)
     on conflict (alert_id, party) do update set at = excluded.at, where_enc = excluded.where_enc where excluded.at >= p.at`, [p.alertId, p.party, p.agoMs, seal.seal(column, JSON.stringify(p.where))]);
}

/** Of one case, for those who work on it. What cannot be opened is as if it had not come. */
export async function positionsOf(sql: Sql, seal: Seal, alertId: string): Promise<({ party: string; at: number } & Where)[]> {
  const rows = await sql.query<{ party: string; at: number; sealed: Buffer }>('select party, at, where_enc as sealed from party_position where alert_id = $1', [alertId]);
  return rows.flatMap(({ party, at, sealed }) => { const text = seal.openIfReadable(column, sealed); return text === null ? [] : [{ party, at, ...(JSON.parse(text) as Where) }]; });
}

export async function prunePositions(sql: Sql): Promise<void> {
  await sql.query('delete from party_position where at < anling_now() - make_interval(days => $1)', [limits.photoDays], 'positions-prune');
}
