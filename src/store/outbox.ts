/**
 * SQL of the outbox as the sender uses it: claiming under a lease with a fencing token, saving the outcome only with that
 * token, what a number has received lately. A row whose lease ran out has an unknown outcome and is claimed again (I6).
 */
import type { TemplateName } from '#core/messages.ts';
import type { Row, Sql } from './pool.ts';

export type ClaimedSend = {
  id: string; outId: string; alertId: string | null; party: string; channel: 'sms' | 'voice'; template: TemplateName; paramsEnc: Buffer; toEnc: Buffer; toBidx: Buffer;
  priority: number; token: string; /** this try counted */ attempts: number; trace: string; demo: boolean;
  /** Null: this row may not go to this gateway. */ provider: string | null;
  withdrawn: boolean; /** epoch ms of this try, by the one clock */ sentAt: number; /** ms since it was inserted */ ageMs: number;
};
export type Claim = { channel: 'sms' | 'voice'; fromPriority: number; toPriority: number; rows: number; leaseMs: number; gateway: string };

/** Takes what is due or whose lease ran out, most urgent first; nobody else gets it before the lease ends. */
export async function claimSends(sql: Sql, claim: Claim): Promise<ClaimedSend[]> {
  const rows = await sql.query<ClaimedSend & Row>(
    `with due as (
       select id from outbox where state = 'due' and channel = $1 and priority between $2 and $3 and due_at <= anling_now()
       order by priority, due_at, id limit $4 for update skip locked
     ), expired as (
       select id from outbox where state = 'sending' and channel = $1 and priority between $2 and $3 and lease_until < anling_now()
       order by lease_until limit $4 for update skip locked
     ), picked as (select id from expired union all select id from due limit $4)
     update outbox o set state = 'sending', lease_until = n.at + $5 * interval '1 ms', lease_token = o.lease_token + 1, attempts = o.attempts + 1, sent_at = n.at,
       provider = case when o.demo = ($6 = 'standin') then $6 end
     from picked, (select anling_now() as at) n where o.id = picked.id
     returning o.id, o.out_id as "outId", o.alert_id as "alertId", o.party, o.channel, o.template, o.params_enc as "paramsEnc", o.to_enc as "toEnc", o.to_bidx as "toBidx", o.priority,
       o.lease_token as token, o.attempts, o.trace, o.demo, o.provider, o.withdrawn_at is not null as withdrawn, n.at as "sentAt",
       (extract(epoch from n.at - o.created_at) * 1000)::float8 as "ageMs"`,
    [claim.channel, claim.fromPriority, claim.toPriority, claim.rows, claim.leaseMs, claim.gateway], 'outbox-claim');
  return rows.sort((a, b) => a.priority - b.priority || Number(a.id) - Number(b.id));
}

export type NumberFacts = { optedOut: boolean; sms24h: number; voice1m: number; voice1h: number; voice24h: number };

/**
 * What this number got of us in the provider's windows, and whether its owner opted out. Counted is what the provider took
 * or may have taken; of two messages under way at the same moment only the older counts for the younger.
 */
export async function numberFacts(sql: Sql, send: Pick<ClaimedSend, 'id' | 'toBidx' | 'template'>): Promise<NumberFacts> {
  const [row] = await sql.query<NumberFacts & Row>(
    `with recent as (
       select channel, template, n.at - sent_at as age from outbox, (select anling_now() as at) n
       where to_bidx = $1 and channel in ('sms', 'voice') and created_at > n.at - interval '25 hours' and sent_at > n.at - interval '24 hours' and id <> $2
         and (provider_id is not null or state = 'unknown' or (state = 'sending' and id < $2)))
     select exists (select from responder where phone_bidx = $1 and opted_out_at is not null) or exists (select from contact where phone_bidx = $1 and opted_out_at is not null) as "optedOut",
       count(*) filter (where channel = 'sms' and template = $3)::int as "sms24h", count(*) filter (where channel = 'voice' and age < interval '1 minute')::int as "voice1m",
       count(*) filter (where channel = 'voice' and age < interval '1 hour')::int as "voice1h", count(*) filter (where channel = 'voice')::int as "voice24h"
     from recent`, [send.toBidx, send.id, send.template], 'outbox-number');
  return row ?? { optedOut: false, sms24h: 0, voice1m: 0, voice1h: 0, voice24h: 0 };
}

export type SendResult = {
  state: 'accepted' | 'failed' | 'unknown' | 'due' | 'withdrawn'; providerId?: string; code?: string; class?: string;
  /** due: again after this. */ againMs?: number; /** accepted, unknown: ask the provider after this without a receipt. */ checkMs?: number;
};

/** Saves the outcome of one try. Answers the row's state, or null when the lease was lost meanwhile and nothing was saved. */
export async function saveSend(sql: Sql, send: Pick<ClaimedSend, 'id' | 'token'>, result: SendResult): Promise<string | null> {
  // A receipt may have been faster than this statement: then the state is its, and only the provider's id is added.
  const [row] = await sql.query<{ state: string }>(
    `update outbox set
       state = case when state <> 'sending' then state when withdrawn_at is not null and $3 <> 'accepted' then 'withdrawn' else $3 end,
       provider_id = coalesce($4, provider_id), error_code = $5, error_class = $6, lease_until = null,
       accepted_at = case when $3 = 'accepted' then anling_now() else accepted_at end,
       due_at = case when $3 = 'due' then anling_now() + $7 * interval '1 ms' else due_at end,
       check_at = case when state = 'sending' and $3 in ('accepted', 'unknown') then anling_now() + $8 * interval '1 ms' end,
       done_at = case when state = 'sending' and $3 in ('failed', 'withdrawn') then anling_now() else done_at end
     where id = $1 and lease_token = $2 and state <> 'due' returning state`,
    [send.id, send.token, result.state, result.providerId ?? null, result.code ?? null, result.class ?? null, result.againMs ?? 0, result.checkMs ?? 0], 'outbox-save');
  if (row?.state === 'failed' || row?.state === 'unknown') await sql.query(`select pg_notify('anling_outbox', $1)`, [row.state], 'outbox-hint');
  return row?.state ?? null;
}

export type WaitingSend = { id: string; outId: string; alertId: string | null; channel: 'sms' | 'voice'; template: TemplateName; toEnc: Buffer; providerId: string | null; sentAt: number; state: 'accepted' | 'unknown'; ageMs: number; trace: string };

/** Takes messages that wait for a receipt too long; each is asked about again `againMs` later, `checksMax` times in all. */
export async function claimWaiting(sql: Sql, rows: number, againMs: number, checksMax: number): Promise<WaitingSend[]> {
  return await sql.query<WaitingSend & Row>(
    `with picked as (select id from outbox where state in ('accepted', 'unknown') and check_at <= anling_now() order by check_at limit $1 for update skip locked)
     update outbox o set checks = o.checks + 1, check_at = case when o.checks + 1 < $3 then n.at + $2 * power(3, o.checks) * interval '1 ms' end
     from picked, (select anling_now() as at) n where o.id = picked.id
     returning o.id, o.out_id as "outId", o.alert_id as "alertId", o.channel, o.template, o.to_enc as "toEnc", o.provider_id as "providerId", o.sent_at as "sentAt", o.state,
       (extract(epoch from n.at - o.sent_at) * 1000)::float8 as "ageMs", o.trace`, [rows, againMs, checksMax], 'outbox-waiting');
}

/** No receipt came: the outcome is unknown, and the alert path goes on by another way. */
export async function markNoReceipt(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query(`update outbox set state = 'unknown', error_code = 'local.NO_RECEIPT', error_class = 'F' where id = $1 and state = 'accepted' returning id`, [id], 'outbox-no-receipt');
  if (rows.length > 0) await sql.query(`select pg_notify('anling_outbox', 'unknown')`, [], 'outbox-hint-2');
  return rows.length > 0;
}
