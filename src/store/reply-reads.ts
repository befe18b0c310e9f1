/** SQL of replies as the alert path reads them: unevaluated rows, and what a number may be answering to. */
import type { Purpose } from '#core/change.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Pending } from '#core/reply.ts';
import type { Row, Sql } from './pool.ts';

export type ReplyRow = { id: string; channel: 'sms' | 'dtmf'; fromEnc: Buffer; fromBidx: Buffer; contentEnc: Buffer; outId: string | null; receivedAt: number; trace: string };

export async function queuedReplies(sql: Sql, limit: number): Promise<ReplyRow[]> {
  return await sql.query<ReplyRow & Row>(
    `select id, channel, from_enc as "fromEnc", from_bidx as "fromBidx", content_enc as "contentEnc", out_id as "outId", received_at as "receivedAt", trace
     from reply where evaluated_at is null order by id limit $1`, [limit], 'replies-queue');
}

/** Takes one reply; false when another worker has it or it is done. No lock is waited for longer than limits.lockMs then. */
export async function holdReply(sql: Sql, id: string): Promise<boolean> {
  return (await sql.query(`select id, set_config('lock_timeout', $2, true) from reply where id = $1 and evaluated_at is null for update skip locked`, [id, String(limits.lockMs)], 'replies-hold')).length > 0;
}

export async function markReply(sql: Sql, id: string, result: string, alertId: AlertId | null): Promise<void> {
  await sql.query('update reply set evaluated_at = anling_now(), result = $2, alert_id = $3 where id = $1', [id, result, alertId], 'replies-mark');
}

export type PartyPending = Pending & { alertId: AlertId; party: Party };
/** Alerts of the last 48 h in which these parties were engaged, with their slips. */
export async function pendingOf(sql: Sql, parties: readonly Party[]): Promise<PartyPending[]> {
  if (parties.length === 0) return [];
  return await sql.query<PartyPending & Row>(
    `select g.alert_id as "alertId", g.party, s.no as slip, a.state <> 'closed' as open, g.state, coalesce(g.notified_at, g.updated_at) as at
     from engagement g join alert a on a.id = g.alert_id left join slip s on s.party = g.party and s.alert_id = g.alert_id
     where g.party = any($1) and (a.state <> 'closed' or g.updated_at > anling_now() - interval '48 hours') order by at desc, g.alert_id desc, g.party limit 200`, [parties], 'replies-pending');
}

/** The alert and party of a call by its out id: which call a key belongs to. */
export async function callByOutId(sql: Sql, outId: string): Promise<{ alertId: AlertId | null; party: Party; purpose: Purpose } | null> {
  const [row] = await sql.query<{ alertId: AlertId | null; party: Party; purpose: Purpose } & Row>('select alert_id as "alertId", party, purpose from outbox where out_id = $1', [outId], 'replies-call');
  return row ?? null;
}
