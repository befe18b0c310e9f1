/**
 * SQL of provider callbacks: written as they came before they are answered, understood later, once. They move a message's
 * state only, and only of a message that we have sent: everything else is counted and ignored (PROVIDERS 5).
 */
import { createHash } from 'node:crypto';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type ReceiptKind = 'sms-report' | 'sms-up' | 'voice-report' | 'voice-call-report';

/** Keeps a callback's body, sealed. False when the very same one is there already. */
export async function insertReceipt(sql: Sql, seal: Seal, kind: ReceiptKind, body: string): Promise<boolean> {
  const dedupe = `${kind}:${createHash('sha256').update(body).digest('hex')}`;
  const rows = await sql.query(
    `insert into receipt (kind, dedupe, body_enc, received_at) values ($1, $2, $3, anling_now()) on conflict (dedupe) do nothing returning 1`,
    [kind, dedupe, seal.seal('receipt.body', body)], 'receipt-insert');
  if (rows.length > 0) await hint(sql, ['anling_receipt']).catch(() => {}); // it is kept: a hint that fails is no failure
  return rows.length > 0;
}

export type QueuedReceipt = { id: string; kind: ReceiptKind; bodyEnc: Buffer; receivedAt: number; attempts: number };

/** The oldest unprocessed callbacks, locked for this transaction, in the order in which they came. */
export async function nextReceipts(sql: Sql, rows: number): Promise<QueuedReceipt[]> {
  return await sql.query<QueuedReceipt & Row>(
    `select id, kind, body_enc as "bodyEnc", received_at as "receivedAt", attempts from receipt where processed_at is null order by attempts, id limit $1 for update skip locked`, [rows], 'receipt-next');
}

export async function markReceipts(sql: Sql, done: readonly { id: string; result: string }[]): Promise<void> {
  await sql.query('update receipt r set processed_at = anling_now(), result = v.result from unnest($1::bigint[], $2::text[]) as v (id, result) where r.id = v.id', [done.map((d) => d.id), done.map((d) => d.result)], 'receipt-mark');
}

/** A callback that could not be processed: again later, given up at last. */
export async function failReceipt(sql: Sql, id: string, attemptsMax: number): Promise<void> {
  await sql.query(`update receipt set attempts = attempts + 1, processed_at = case when attempts + 1 >= $2 then anling_now() end, result = 'error' where id = $1`, [id, attemptsMax], 'receipt-fail');
}

export type Matched = { id: string; outId: string; alertId: string | null; trace: string; toEnc: Buffer };
export type SendMatch = { channel: 'sms' | 'voice'; /** blind index; null: the report names no number */ toBidx: Buffer | null; outId: string | null; providerId: string };

/** The messages of ours that these reports name, in their order; null where there is none. Nothing is locked. */
export async function findSends(sql: Sql, matches: readonly SendMatch[]): Promise<(string | null)[]> {
  if (matches.length === 0) return [];
  // After a second try (I6) both provider ids are ours, and only the last one is kept: then number and out_id must do.
  const rows = await sql.query<{ ord: string; id: string }>(
    `select v.ord, o.id from unnest($1::text[], $2::bytea[], $3::text[], $4::text[]) with ordinality as v (channel, bidx, out_id, provider_id, ord), lateral (
       select id from outbox where out_id = v.out_id and channel = v.channel and (v.bidx is null or to_bidx = v.bidx) and (provider_id is null or provider_id = v.provider_id or attempts > 1)
       union all select id from outbox where v.out_id is null and provider_id = v.provider_id and channel = v.channel and (v.bidx is null or to_bidx = v.bidx)
       order by id desc limit 1) o`,
    [matches.map((m) => m.channel), matches.map((m) => m.toBidx), matches.map((m) => m.outId), matches.map((m) => m.providerId)], 'receipt-find');
  const found = new Map(rows.map((r) => [Number(r.ord), r.id]));
  return matches.map((_, i) => found.get(i + 1) ?? null);
}

/** Locks these messages; those that another transaction holds are left out: it is never waited for, so that nobody waits in a circle. */
export async function lockSends(sql: Sql, ids: readonly string[]): Promise<Matched[]> {
  if (ids.length === 0) return [];
  return await sql.query<Matched & Row>(`select id, out_id as "outId", alert_id as "alertId", trace, to_enc as "toEnc" from outbox where id = any($1::bigint[]) order by id for update skip locked`, [ids], 'receipt-lock');
}

export type FateChange = { state: 'delivered' | 'answered' | 'failed' | 'due'; code: string | null; class: string | null };

/**
 * Moves a message by what became of it; false when that says nothing new. Good news counts from everywhere, bad news only
 * while nothing is known; a failure that was handled as unknown stays handled.
 */
export async function applyFate(sql: Sql, id: string, change: FateChange): Promise<boolean> {
  const good = change.state === 'delivered' || change.state === 'answered';
  const rows = await sql.query(
    `update outbox set state = case when $2 = 'due' and (attempts > 1 or withdrawn_at is not null) then 'failed' else $2 end, error_code = $3, error_class = $4,
       due_at = case when $2 = 'due' then anling_now() else due_at end, done_at = case when $2 <> 'due' then anling_now() end, check_at = null, handled_at = case when state = 'unknown' then handled_at end
     where id = $1 and state = any($5) returning id`,
    [id, change.state, change.code, change.class, good ? ['accepted', 'unknown', 'sending', 'failed'] : ['accepted', 'unknown', 'sending']], 'receipt-apply');
  if (rows.length > 0 && !good) await hint(sql, ['anling_outbox']);
  return rows.length > 0;
}

/** Forgets callbacks that were processed so long ago; bounded per call, so that it holds nobody up. Answers how many went. */
export async function pruneReceipts(sql: Sql, keepMs: number): Promise<number> {
  const rows = await sql.query(
    `delete from receipt where id in (select id from receipt where processed_at < anling_now() - $1 * interval '1 ms' order by id limit 5000) returning id`, [keepMs], 'receipt-prune');
  return rows.length;
}
