/**
 * SQL of the outbox as the sender uses it: claiming under a lease with a fencing token, saving the outcome only with that
 * token, what a number has received lately. A row whose lease ran out has an unknown outcome and is claimed again (I6).
 */
import type { Used } from '#core/budget.ts';
import type { EventKind } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import { spareText, technicalNotices } from '#core/provider.ts';
import { listedOf } from './budgets.ts';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type ClaimedSend = {
  id: string; outId: string; alertId: string | null; party: string; channel: 'sms' | 'voice'; template: TemplateName; paramsEnc: Buffer; toEnc: Buffer; toBidx: Buffer;
  priority: number; /** of the search, from 0; null: it is none */ round: number | null; /** no other way is left: no budget holds it */ lastWay: boolean; token: string; /** this try counted */ attempts: number; trace: string; demo: boolean; /** ends before the gateway (链路自检) */ dry: boolean;
  /** Null: this row may not go to this gateway. */ provider: string | null;
  /** Of a call: what the callee speaks, and the kind of its alert. */ languages: string[]; kind: EventKind | null;
  /** over: it was taken back; consent: its reader has withdrawn */ withdrawn: 'over' | 'consent' | null; /** epoch ms of this try, by the one clock */ sentAt: number; /** ms since it was inserted */ ageMs: number;
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
       order by lease_until, id limit $4 for update skip locked
     ), picked as (select id from expired union all select id from due limit $4)
     update outbox o set state = 'sending', lease_until = n.at + $5 * interval '1 ms', lease_token = o.lease_token + 1, attempts = o.attempts + 1, sent_at = n.at,
       provider = case when not o.dry and o.demo = ($6 = 'standin') then $6 end
     from picked, (select anling_now() as at) n where o.id = picked.id
     returning o.id, o.out_id as "outId", o.alert_id as "alertId", o.party, o.channel, o.template, o.params_enc as "paramsEnc", o.to_enc as "toEnc", o.to_bidx as "toBidx", o.priority, o.round, o.last_way as "lastWay",
       o.lease_token as token, o.attempts, o.trace, o.demo, o.dry, o.provider, case when o.withdrawn_at is not null then 'over' when o.party like 'contact:%' and exists (select from contact where id = substr(o.party, 9) and withdrawn_at is not null) then 'consent' end as withdrawn,
       case when o.channel = 'voice' then (select kind from alert where id = o.alert_id) end as kind,
       coalesce(case when o.channel <> 'voice' then null when o.party like 'contact:%' then (select array_remove(array[language], null) from contact where id = substr(o.party, 9))
         when o.party like 'responder:%' then (select languages from responder where id = substr(o.party, 11)) end, '{}') as languages, n.at as "sentAt",
       (extract(epoch from n.at - o.created_at) * 1000)::float8 as "ageMs"`,
    [claim.channel, claim.fromPriority, claim.toPriority, claim.rows, claim.leaseMs, claim.gateway], 'outbox-claim');
  return rows.sort((a, b) => a.priority - b.priority || Number(a.id) - Number(b.id));
}

export type NumberFacts = Used & {
  optedOut: boolean; /** on the provider's white list */ listed: boolean; /** in 24 h, of the text that could stand for this one (core/provider.ts spareText) */ spare24h: number; /** ms since each technical notice that went out in the longest window of limits.noticeWindows */ notices: number[]; /** further ones that wait */ waiting: number;
};

/**
 * What the numbers of these messages got of us in the provider's windows, and whether their owners opted out, by message id.
 * Counted is what the provider took or may have taken, by when it may have been handed over at the latest; of two messages under way at the same moment only the older counts
 * for the younger. What was refused before it left stands in no index of what is counted (outbox_counted; hence its condition beside our own).
 */
export async function numberFacts(sql: Sql, ids: readonly string[]): Promise<Map<string, NumberFacts>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query<NumberFacts & Row & { id: string }>(
    `with clock as materialized (select anling_now() as at)
     select o.id, exists (select from responder where phone_bidx = o.to_bidx and opted_out_at is not null) or exists (select from contact where phone_bidx = o.to_bidx and opted_out_at is not null) as "optedOut", ${listedOf('o.to_bidx')} as listed, f.*,
       case when o.priority > 2 and o.template = any($2) then (select count(*) from outbox w where w.to_bidx = o.to_bidx and w.channel = 'sms' and w.state = 'due' and w.priority > 2 and w.template = any($2))::int else 0 end as waiting
     from outbox o, clock n, lateral (
       select count(*) filter (where channel = 'sms' and template = o.template)::int as "sms24h", count(*) filter (where channel = 'sms' and template = o.template and sent_at > n.at - interval '1 minute' - $5 * interval '1 ms')::int as "sms1m",
         count(*) filter (where channel = 'sms' and template = o.template and sent_at > n.at - interval '1 hour' - $5 * interval '1 ms')::int as "sms1h", count(*) filter (where channel = 'sms')::int as "smsAll", count(*) filter (where channel = 'sms' and template = $4::jsonb ->> o.template)::int as "spare24h",
         coalesce(array_agg(extract(epoch from n.at - sent_at) * 1000) filter (where channel = 'sms' and priority > 2 and template = any($2) and sent_at > n.at - $3 * interval '1 ms'), '{}')::float8[] as notices,
         count(*) filter (where channel = 'voice' and sent_at > n.at - interval '1 minute' - $5 * interval '1 ms')::int as "voice1m",
         count(*) filter (where channel = 'voice' and sent_at > n.at - interval '1 hour' - $5 * interval '1 ms')::int as "voice1h", count(*) filter (where channel = 'voice')::int as "voice24h"
       from outbox p where p.to_bidx = o.to_bidx and p.channel = o.channel and p.created_at > n.at - interval '25 hours' and p.sent_at > n.at - interval '24 hours' - $5 * interval '1 ms' and p.id <> o.id
         and (p.provider_id is not null or p.state not in ('failed', 'withdrawn')) and (p.provider_id is not null or p.state = 'unknown' or (p.state = 'sending' and p.id < o.id))) f
     where o.id = any($1::bigint[])`, [ids, [...technicalNotices], Math.max(...limits.noticeWindows.map((w) => w.ms)), JSON.stringify(spareText), limits.sendMs], 'outbox-numbers');
  return new Map(rows.map(({ id, ...facts }) => [id, facts]));
}

/** One text for all technical notices that wait for this number, `claimed` with it or not: this row says how many, the others are done with. In the claim's transaction. */
export async function bundleNotices(sql: Sql, seal: Seal, send: ClaimedSend, claimed: readonly string[]): Promise<ClaimedSend> {
  const others = await sql.query(
    `with picked as (select id from outbox where to_bidx = $1 and channel = 'sms' and (state = 'due' or id = any($4::bigint[])) and priority > 2 and template = any($2) and id <> $3 for update skip locked)
     update outbox o set state = 'withdrawn', lease_until = null, error_code = 'local.BUNDLED', withdrawn_at = anling_now(), done_at = anling_now() from picked where o.id = picked.id returning o.id, o.template, o.params_enc as "paramsEnc"`,
    [send.toBidx, [...technicalNotices], send.id, claimed], 'outbox-bundle');
  const worth = (row: { template: TemplateName; paramsEnc: Buffer }): number => (row.template === 'notices' ? Number((JSON.parse(seal.openIfReadable('outbox.params', row.paramsEnc) ?? '{}') as MessageParams)['n'] ?? 1) : 1);
  if (others.length === 0) return send;
  const n = [send, ...(others as unknown as ClaimedSend[])].reduce((sum, row) => sum + worth(row), 0);
  const paramsEnc = seal.seal('outbox.params', JSON.stringify({ n: String(n) }));
  await sql.query(`update outbox set template = 'notices', params_enc = $2 where id = $1`, [send.id, paramsEnc], 'outbox-bundled');
  return { ...send, template: 'notices', paramsEnc };
}

/** The same said with another template. In the claim's transaction. */
export async function respell(sql: Sql, send: ClaimedSend, template: TemplateName): Promise<ClaimedSend> {
  await sql.query('update outbox set template = $2 where id = $1', [send.id, template], 'outbox-respell');
  return { ...send, template };
}

export type SendResult = {
  state: 'accepted' | 'failed' | 'unknown' | 'due' | 'withdrawn' | 'dry'; providerId?: string; code?: string; class?: string;
  /** due: again after this. */ againMs?: number; /** due: it was not tried, only its time has not come */ held?: boolean; /** accepted, unknown: ask the provider after this without a receipt. */ checkMs?: number;
};
export type SendToSave = { send: Pick<ClaimedSend, 'id' | 'token'>; result: SendResult };

/** Saves the outcomes of tries; answers each row's state, or null where the lease was lost meanwhile and nothing was saved. */
export async function saveSends(sql: Sql, saves: readonly SendToSave[]): Promise<(string | null)[]> {
  const column = <T>(pick: (result: SendResult) => T): T[] => saves.map(({ result }) => pick(result));
  // A receipt may have been faster than this statement: then the state is its, and only the provider's id is added.
  const rows = await sql.query<{ id: string; token: string; state: string }>(
    `update outbox o set
       state = case when o.state <> 'sending' then o.state when o.withdrawn_at is not null and v.state <> 'accepted' then 'withdrawn' else v.state end,
       provider_id = coalesce(v.provider_id, o.provider_id), error_code = v.code, error_class = v.class, lease_until = null,
       withdrawn_at = case when v.state = 'withdrawn' then coalesce(o.withdrawn_at, n.at) else o.withdrawn_at end, accepted_at = case when v.state = 'accepted' then n.at else o.accepted_at end,
       due_at = case when v.state = 'due' then n.at + v.again_ms * interval '1 ms' else o.due_at end, attempts = case when v.held then o.attempts - 1 else o.attempts end, sent_at = case when v.held then null else o.sent_at end,
       check_at = case when o.state = 'sending' and v.state in ('accepted', 'unknown') then n.at + v.check_ms * interval '1 ms' end,
       done_at = case when o.state = 'sending' and v.state in ('failed', 'withdrawn', 'dry') then n.at else o.done_at end
     from (select anling_now() as at) n, unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::float8[], $9::bool[]) as v (id, token, state, provider_id, code, class, again_ms, check_ms, held)
     where o.id = v.id and o.lease_token = v.token and o.state <> 'due' returning o.id, v.token, o.state`,
    [saves.map((s) => s.send.id), saves.map((s) => s.send.token), column((r) => r.state), column((r) => r.providerId ?? null), column((r) => r.code ?? null), column((r) => r.class ?? null),
      column((r) => r.againMs ?? 0), column((r) => r.checkMs ?? 0), column((r) => r.held ?? false)], 'outbox-save');
  if (rows.some((r) => r.state === 'failed' || r.state === 'unknown' || r.state === 'withdrawn')) await hint(sql, ['anling_outbox']);
  const states = new Map(rows.map((r) => [`${r.id}:${r.token}`, r.state]));
  return saves.map(({ send }) => states.get(`${send.id}:${send.token}`) ?? null);
}

export type WaitingSend = { id: string; outId: string; alertId: string | null; channel: 'sms' | 'voice'; template: TemplateName; toEnc: Buffer; providerId: string | null; sentAt: number; state: 'accepted' | 'unknown'; ageMs: number; trace: string };

/** Takes messages that wait for a receipt too long; each is asked about again `againMs` later, `checksMax` times in all. */
export async function claimWaiting(sql: Sql, rows: number, againMs: number, checksMax: number): Promise<WaitingSend[]> {
  return await sql.query<WaitingSend & Row>(
    `with picked as (select id from outbox where state in ('accepted', 'unknown') and check_at <= anling_now() order by check_at, id limit $1 for update skip locked)
     update outbox o set checks = o.checks + 1, check_at = case when o.checks + 1 < $3 then n.at + $2 * power(3, o.checks) * interval '1 ms' end
     from picked, (select anling_now() as at) n where o.id = picked.id
     returning o.id, o.out_id as "outId", o.alert_id as "alertId", o.channel, o.template, o.to_enc as "toEnc", o.provider_id as "providerId", o.sent_at as "sentAt", o.state,
       (extract(epoch from n.at - o.sent_at) * 1000)::float8 as "ageMs", o.trace`, [rows, againMs, checksMax], 'outbox-waiting');
}

/** No receipt came: the outcome is unknown, and the alert path goes on by another way. */
export async function markNoReceipt(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query(`update outbox set state = 'unknown', error_code = 'local.NO_RECEIPT', error_class = 'F' where id = $1 and state = 'accepted' returning id`, [id], 'outbox-no-receipt');
  if (rows.length > 0) await hint(sql, ['anling_outbox']);
  return rows.length > 0;
}
