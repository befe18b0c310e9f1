/**
 * SQL of the outbox as the alert path uses it: rows to be sent, their withdrawal, what an alert has sent to whom, how often a
 * number was called, failures to react to. Claiming and sending belong to notify.
 */
import type { Contacted, Purpose, SentAlready } from '#core/change.ts';
import { consentCode } from '#core/consent.ts';
import { newId, type AlertId, type Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { MessageParams, TemplateName } from '#core/messages.ts';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type PartyLine = { party: Party; role: string; phoneEnc: Buffer; phoneBidx: Buffer; nameEnc: Buffer; landline: boolean; optedOut: boolean; /** 撤回同意 */ withdrawn: boolean; demo: boolean; column: 'responder' | 'contact'; regionCode: string | null };

/** The sealed lines of these parties. */
export async function partyLines(sql: Sql, parties: readonly Party[]): Promise<Map<Party, PartyLine>> {
  if (parties.length === 0) return new Map();
  const ids = (prefix: string): string[] => parties.filter((p) => p.startsWith(prefix)).map((p) => p.slice(prefix.length));
  const rows = await sql.query<PartyLine & Row>(
    `select 'responder:' || id as party, role, phone_enc as "phoneEnc", phone_bidx as "phoneBidx", name_enc as "nameEnc", landline, opted_out_at is not null as "optedOut", false as withdrawn, demo, 'responder' as column, region_code as "regionCode" from responder where id = any($1)
     union all select 'contact:' || id, relation, phone_enc, phone_bidx, name_enc, false, opted_out_at is not null, withdrawn_at is not null, demo, 'contact', null from contact where id = any($2)`,
    [ids('responder:'), ids('contact:')], 'outbox-lines');
  return new Map(rows.map((r) => [r.party, r]));
}

export type AlertPlace = { alertId: AlertId; placeEnc: Buffer | null; nameEnc: Buffer | null };
/** Where and about whom: the home's short place, the person's name (of the home's first person when none is named). */
export async function alertPlaces(sql: Sql, alertIds: readonly AlertId[]): Promise<Map<AlertId, AlertPlace>> {
  if (alertIds.length === 0) return new Map();
  const rows = await sql.query<AlertPlace & Row>(
    `select a.id as "alertId", h.place_enc as "placeEnc", coalesce(p.name_enc, q.name_enc) as "nameEnc" from alert a
       left join person p on p.id = a.person_id left join home h on h.id = coalesce(a.home_id, p.home_id)
       left join lateral (select name_enc from person where a.person_id is null and home_id = a.home_id order by high_risk desc, id limit 1) q on true
     where a.id = any($1::bigint[])`, [alertIds], 'outbox-places');
  return new Map(rows.map((r) => [r.alertId, r]));
}

export type NewOutbox = {
  alertId: AlertId | null; party: Party; channel: 'sms' | 'voice'; template: TemplateName; params: MessageParams; to: string; toBidx: Buffer;
  priority: number; purpose: Purpose; round: number | null; step: number | null; slip: number | null; trace: string; demo: boolean; lastWay?: boolean; done?: SentAlready;
};

/** Inserts messages due now, or as standby has sent them; answers their out ids in order. */
export async function insertOutbox(sql: Sql, seal: Seal, rows: readonly NewOutbox[]): Promise<string[]> {
  if (rows.length === 0) return [];
  const outIds = rows.map((r) => r.done?.outId ?? newId('o', 13));
  await sql.query(
    `insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, purpose, round, step, slip, due_at, created_at, trace, demo, last_way)
     select v.out_id, v.alert_id, v.party, v.channel, v.template, v.params, v.to_enc, v.to_bidx, v.priority, v.purpose, v.round, v.step, v.slip, n.at, n.at, v.trace, v.demo, v.last_way
     from (select anling_now() as at) n, unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bytea[], $9::int2[], $10::text[], $11::int2[], $12::int2[], $13::int2[], $14::text[], $15::bool[], $16::bool[])
       with ordinality as v (out_id, alert_id, party, channel, template, params, to_enc, to_bidx, priority, purpose, round, step, slip, trace, demo, last_way, ord) order by v.ord`,
    [outIds, rows.map((r) => r.alertId), rows.map((r) => r.party), rows.map((r) => r.channel), rows.map((r) => r.template), rows.map((r) => seal.seal('outbox.params', JSON.stringify(r.params))),
      rows.map((r) => seal.seal('outbox.to', r.to)), rows.map((r) => r.toBidx), rows.map((r) => r.priority), rows.map((r) => r.purpose), rows.map((r) => r.round), rows.map((r) => r.step),
      rows.map((r) => r.slip), rows.map((r) => r.trace), rows.map((r) => r.demo), rows.map((r) => r.lastWay ?? false)], 'outbox-insert');
  const sent = rows.flatMap(({ done }) => (done ? [done] : []));
  if (sent.length > 0) {
    await markSent(sql, sent);
    await withdrawTwins(sql, sent.map((s) => s.outId));
  }
  return outIds;
}

/** Of an outbox row `o`: what is due goes to nobody; what is being sent cannot be called back, only kept from a second try. */
const takenBack = `withdrawn_at = anling_now(), state = case when o.state = 'due' then 'withdrawn' else o.state end, done_at = case when o.state = 'due' then anling_now() else o.done_at end`;

/**
 * The same step to the same person by the same way, by standby and by a worker whose commit standby could not know of: what has not left yet stays. What the
 * worker had in its hands when the database went away, and standby has said since, is not tried a second time.
 */
async function withdrawTwins(sql: Sql, outIds: readonly string[]): Promise<void> {
  await sql.query(
    `update outbox o set ${takenBack} from (
       select case when w.state = 'due' or w.state = 'sending' and m.state <> 'due' then w.id else m.id end as id
       from outbox m join outbox w on w.alert_id = m.alert_id and w.purpose = m.purpose and w.round = m.round and w.step = m.step and w.party = m.party and w.channel = m.channel
       where m.out_id = any($1) and w.out_id <> all($1) and ('due' in (m.state, w.state) or w.state = 'sending') and m.state not in ('failed', 'withdrawn') and w.state not in ('failed', 'withdrawn')) t
     where o.id = t.id and o.state in ('due', 'sending') and o.withdrawn_at is null`, [outIds], 'outbox-twins');
}

/** What standby knows of its messages; one that it had not tried stays due, under its own id. */
async function markSent(sql: Sql, sent: readonly SentAlready[]): Promise<void> {
  await sql.query(
    `update outbox o set created_at = to_timestamp(v.at / 1000), state = v.state, provider = v.provider, provider_id = v.provider_id, error_code = v.code, error_class = v.class,
       attempts = case when v.state = 'due' then 0 else 1 end, sent_at = case when v.state <> 'due' then to_timestamp(v.at / 1000) end, accepted_at = case when v.state = 'accepted' then to_timestamp(v.at / 1000) end,
       check_at = case when v.state in ('accepted', 'unknown') then n.at + $9 * interval '1 ms' end, handled_at = case when v.handled then n.at end, done_at = case when v.state = 'failed' then n.at end
     from (select anling_now() as at) n, unnest($1::text[], $2::float8[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bool[]) as v (out_id, at, state, provider, provider_id, code, class, handled)
     where o.out_id = v.out_id`,
    [sent.map((s) => s.outId), sent.map((s) => s.at), sent.map((s) => s.state), sent.map((s) => s.provider), sent.map((s) => s.providerId), sent.map((s) => s.code), sent.map((s) => s.class),
      sent.map((s) => s.handled), limits.receiptMs], 'outbox-sent-already');
}

/** Messages of the house's own press (链路自检), by its trace: taken by the sender like any emergency's, and ended there. They have no number at all. */
export async function insertDry(sql: Sql, seal: Seal, traces: readonly string[]): Promise<void> {
  if (traces.length === 0) return;
  await sql.query(
    `insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, created_at, trace, dry)
     select v.out_id, 'canary', 'sms', 'minimal', $3, $4, '', 1, n.at, n.at, v.trace, true from (select anling_now() as at) n, unnest($1::text[], $2::text[]) as v (out_id, trace)`,
    [traces.map(() => newId('o', 13)), traces, seal.seal('outbox.params', '{}'), seal.seal('outbox.to', '')], 'outbox-insert-dry');
}

/** Takes back what is not sent yet (E5): of the desk ladder, or of the whole search. What is being sent cannot be taken back, only kept from a second try. */
export async function withdrawOutbox(sql: Sql, alerts: readonly { alertId: AlertId; what: 'desk' | 'people' | 'search' }[]): Promise<void> {
  if (alerts.length === 0) return;
  await sql.query(
    `update outbox o set ${takenBack}
     from unnest($1::bigint[], $2::text[]) as v (alert_id, what)
     where o.alert_id = v.alert_id and o.state in ('due', 'sending', 'accepted', 'unknown') and o.withdrawn_at is null and (o.purpose = 'desk' and v.what <> 'people' or o.purpose = 'search' and v.what <> 'desk')`, [alerts.map((a) => a.alertId), alerts.map((a) => a.what)], 'outbox-withdraw');
}

/** Who withdrew his consent gets nothing that has not left yet; the alert path goes on with the next. What is being sent now is not tried a second time (`claimSends`). */
export async function withdrawParty(sql: Sql, party: Party): Promise<void> {
  const back = await sql.query(`update outbox o set ${takenBack}, error_code = $2 where o.party = $1 and o.state = 'due' and o.withdrawn_at is null returning id`, [party, consentCode], 'outbox-consent');
  if (back.length > 0) await hint(sql, ['anling_outbox']);
}

/** What the search of each alert has sent to whom. */
export async function contactedOf(sql: Sql, alertIds: readonly AlertId[]): Promise<Map<AlertId, Map<Party, Contacted>>> {
  const out = new Map<AlertId, Map<Party, Contacted>>();
  if (alertIds.length === 0) return out;
  const rows = await sql.query<{ alert_id: AlertId; party: Party; sms: number; voice: number; rounds: number[]; reached: boolean }>(
    `select alert_id, party, count(*) filter (where channel = 'sms' and state <> 'failed')::int as sms, count(*) filter (where channel = 'voice')::int as voice,
       coalesce(array_agg(distinct round) filter (where round is not null), '{}') as rounds, bool_or(state in ('sending', 'accepted', 'delivered', 'answered', 'unknown')) as reached
     from outbox where alert_id = any($1::bigint[]) and purpose = 'search' and state <> 'withdrawn' group by alert_id, party`, [alertIds], 'outbox-contacted');
  for (const r of rows) out.set(r.alert_id, (out.get(r.alert_id) ?? new Map()).set(r.party, { sms: r.sms, voice: r.voice, rounds: r.rounds, reached: r.reached }));
  return out;
}

/**
 * Times (epoch ms) of the calls of the last hour to these numbers (blind index in hex) that rang, may have rung or still will; one that
 * the gateway never took disturbed nobody, and after an hour without a gateway everybody must be there to be called.
 */
export async function recentCalls(sql: Sql, phoneKeys: readonly string[]): Promise<Map<string, number[]>> {
  const out = new Map<string, number[]>();
  if (phoneKeys.length === 0) return out;
  const rows = await sql.query<{ phone: string; at: number }>(
    `select encode(to_bidx, 'hex') as phone, created_at as at from outbox where to_bidx = any($1::bytea[]) and channel = 'voice' and created_at > anling_now() - interval '1 hour' and state <> 'withdrawn'
       and (state <> 'failed' or provider_id is not null) and (provider_id is not null or state not in ('failed', 'withdrawn'))`, // the last: along outbox_counted
    [phoneKeys.map((k) => Buffer.from(k, 'hex'))], 'outbox-calls');
  for (const r of rows) out.set(r.phone, [...(out.get(r.phone) ?? []), r.at]);
  return out;
}

export type FailedSend = {
  id: string; alertId: AlertId | null; party: Party; channel: 'sms' | 'voice'; template: TemplateName; purpose: Purpose; state: 'failed' | 'unknown' | 'withdrawn';
  round: number | null; step: number | null; errorCode: string | null; errorClass: string | null; createdAt: number; trace: string;
};
/** Failures, unknown outcomes, and what was taken back from who withdrew, to which nobody has reacted, oldest first; `markHandled` decides who reacts. */
export async function unhandledSends(sql: Sql, limit: number): Promise<FailedSend[]> {
  const which = (where: string): string => `(select id, alert_id as "alertId", party, channel, template, purpose, state, round, step, error_code as "errorCode", error_class as "errorClass", created_at as "createdAt", trace
     from outbox where ${where} and handled_at is null order by id limit $1)`;
  return await sql.query<FailedSend & Row>(`${which(`state in ('failed', 'unknown')`)} union all ${which(unheard)} order by id limit $1`, [limit], 'outbox-unhandled');
}
const unheard = `state = 'withdrawn' and error_code = '${consentCode}'`;

/** Marks failures as reacted to; answers those that were still open (another worker may have been faster). */
export async function markHandled(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ id: string }>(
    `update outbox set handled_at = anling_now() where id = any($1::bigint[]) and handled_at is null and (state in ('failed', 'unknown') or ${unheard}) returning id`, [ids], 'outbox-handled');
  return new Set(rows.map((r) => r.id));
}
