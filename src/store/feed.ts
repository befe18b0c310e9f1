/**
 * Appending to the feed: gapless and ordered by commit, because the counter row is taken last in the transaction and held
 * until it commits. Nothing else may be written, nor waited for, after `appendFeed`.
 */
import type { FeedPayload } from '#core/live.ts';
import type { AlertId } from '#core/ids.ts';
import type { Sql } from './pool.ts';

export type FeedRow = { alertId: AlertId | null; regionCode: string | null; type: string; payload: FeedPayload };

/** Appends rows; the last statement before the commit. Answers the last number given. */
export async function appendFeed(sql: Sql, rows: readonly FeedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql.query(
    `with head as (update feed_counter set seq = seq + $5 returning seq - $5 as base)
     insert into feed (seq, type, alert_id, region_code, payload)
     select head.base + v.ord, v.type, v.alert_id, v.region_code, v.payload from head, unnest($1::text[], $2::bigint[], $3::text[], $4::jsonb[]) with ordinality as v (type, alert_id, region_code, payload, ord)`,
    [rows.map((r) => r.type), rows.map((r) => r.alertId), rows.map((r) => r.regionCode), rows.map((r) => JSON.stringify(r.payload)), rows.length], 'feed-append');
}
