/** Pictures that responders send of what they find (UI 3.4): sealed, one of each to a case, forgotten after limits.photoDays. */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export const photoTypes = ['image/jpeg', 'image/png', 'image/webp'] as const;
export type PhotoType = (typeof photoTypes)[number];

export async function savePhoto(sql: Sql, seal: Seal, p: { alertId: string; party: string; keptMs: number | null; type: PhotoType; data: Uint8Array }): Promise<void> {
  await sql.query(
    `insert into alert_photo (alert_id, party, kept_ms, type, bytes, photo_enc) values ($1, $2, $3, $4, $5, $6)
     on conflict (alert_id, party) do update set at = anling_now(), kept_ms = excluded.kept_ms, type = excluded.type, bytes = excluded.bytes, photo_enc = excluded.photo_enc`,
    [p.alertId, p.party, p.keptMs, p.type, p.data.length, seal.seal('alert_photo.photo', Buffer.from(p.data).toString('base64'))]);
}

/** How many pictures have come of a case, and of one party to it: each left a line on the timeline, also those that a later one replaced. */
export async function countPhotos(sql: Sql, alertId: string, party: string): Promise<{ ofCase: number; ofParty: number }> {
  const [row] = await sql.query<{ ofCase: number; ofParty: number }>(
    `select count(*)::int as "ofCase", (count(*) filter (where actor_id = $2))::int as "ofParty" from alert_log where alert_id = $1 and action = 'note' and actor_type = 'party' and detail->>'via' = 'link'`, [alertId, party]);
  return row ?? { ofCase: 0, ofParty: 0 };
}

export function listPhotos(sql: Sql, alertId: string): Promise<{ party: string; at: number; keptMs: number | null; bytes: number }[]> {
  return sql.query('select party, at, kept_ms::float8 as "keptMs", bytes from alert_photo where alert_id = $1 order by at', [alertId]);
}

/** In base64, for an audited look; null: there is none, or its key is gone. */
export async function openPhoto(sql: Sql, seal: Seal, alertId: string, party: string): Promise<{ type: PhotoType; data: string } | null> {
  const [row] = await sql.query<{ type: PhotoType; sealed: Buffer }>('select type, photo_enc as sealed from alert_photo where alert_id = $1 and party = $2', [alertId, party]);
  const data = row ? seal.openIfReadable('alert_photo.photo', row.sealed) : null;
  return row && data !== null ? { type: row.type, data } : null;
}

export async function prunePhotos(sql: Sql): Promise<void> {
  await sql.query('delete from alert_photo where at < anling_now() - make_interval(days => $1)', [limits.photoDays], 'photos-prune');
}
