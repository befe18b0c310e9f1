/**
 * SQL of standby: what it must know to go on without the database, the proof that the database commits, and the rows by which it
 * hands over what it did. Personal columns stay sealed as they are.
 */
import type { DeviceFacts, HomeFacts, PersonFacts } from '#core/decision.ts';
import type { EventId, Party, AlertId, PersonId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { ScopedPlan } from '#core/plan.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { RuleEntries } from '#core/rule-params.ts';
import { type PartyLine, partyLines } from './outbox-insert.ts';
import { readPlans } from './plans.ts';
import type { Row, Sql } from './pool.ts';
import { allRosterRows, type RosterRows } from './roster.ts';
import { readRules } from './rule-versions.ts';
import { readSetting } from './settings.ts';

export type KnownDevice = DeviceFacts & { /** who its events are about: its person, else who lives there alone */ about: PersonId | null };
export type CountyFacts = {
  devices: Map<string, KnownDevice>; persons: Map<string, PersonFacts & { nameEnc: Buffer }>; homes: Map<string, HomeFacts & { placeEnc: Buffer | null }>;
  roster: RosterRows; lines: Map<Party, PartyLine>; plans: ScopedPlan[]; provider: Partial<ProviderSettings> | null; /** names by code */ regions: Map<string, string>; /** absent: of a snapshot before there were any */ rules?: RuleEntries; nowMs: number;
};

export async function readCounty(sql: Sql): Promise<CountyFacts> {
  const devices = await sql.query<KnownDevice & Row>(
    `select d.id, d.model, m.vendor, m.type, m.power, m.supervision_class as "supervisionClass", m.confirm_window_s * 1000 as "confirmWindowMs", d.test_until as "testUntil", d.room, d.cell,
       d.home_id as "homeId", d.person_id as "personId", d.registered_at as "registeredAt", d.demo, case when m.learning_days > 0 then d.registered_at + make_interval(days => m.learning_days) end as "learningUntil", coalesce(d.person_id, s.id) as about
     from device d join device_model m on m.id = d.model
     left join (select home_id, min(id) as id from person where status = 'present' group by home_id having count(*) = 1) s on s.home_id = d.home_id`);
  const persons = await sql.query<PersonFacts & { nameEnc: Buffer } & Row>(
    'select id, home_id as "homeId", high_risk as "highRisk", risk_tags as "riskTags", mode, mode_until as "modeUntil", demo, name_enc as "nameEnc" from person');
  const homes = await sql.query<HomeFacts & { placeEnc: Buffer | null } & Row>(
    'select id, region_code as "regionCode", cell, power_area as "powerArea", mode, mode_until as "modeUntil", demo, place_enc as "placeEnc" from home');
  const roster = await allRosterRows(sql);
  const parties = [...roster.responders, ...roster.contacts].map((r) => r['party'] as Party);
  const [clock] = await sql.query<{ now: number }>('select anling_now() as now');
  return {
    devices: new Map(devices.map((d) => [d.id, d])), persons: new Map(persons.map((p) => [p.id, p])), homes: new Map(homes.map((h) => [h.id, h])),
    roster, lines: await partyLines(sql, parties), plans: await readPlans(sql), provider: await readSetting<Partial<ProviderSettings>>(sql, 'provider'), nowMs: clock?.now ?? 0, rules: await readRules(sql),
    regions: new Map((await sql.query<{ code: string; name: string }>('select code, name from region')).map((r) => [r.code, r.name])),
  };
}

export type GivenSlip = { party: Party; alertId: AlertId; no: number; code: string; at: number };
/** Slips of the last 48 h, and of all open cases; with `since` only those given from then on. */
export const recentSlips = (sql: Sql, since: number | null): Promise<GivenSlip[]> => (since === null
  ? sql.query<GivenSlip & Row>(
    `select s.party, s.alert_id as "alertId", s.no, s.code, s.created_at as at from slip s join alert a on a.id = s.alert_id where s.created_at > anling_now() - interval '48 hours' or a.state <> 'closed'`, [], 'standby-slips')
  : sql.query<GivenSlip & Row>('select party, alert_id as "alertId", no, code, created_at as at from slip where created_at >= to_timestamp($1 / 1000.0)', [since], 'standby-slips-since'));

/** Open emergencies with the number of their last change. */
export const openEmergencies = (sql: Sql): Promise<{ id: AlertId; version: number }[]> =>
  sql.query<{ id: AlertId; version: number } & Row>(`select id, version from alert where state <> 'closed' and priority = 1 order by id limit ${limits.standbyCases}`, [], 'standby-open');

/** Whether processes of another machine have changed emergencies in the last day, or may have. */
export async function othersElsewhere(sql: Sql, host: string): Promise<boolean> {
  const [row] = await sql.query<{ is: boolean }>(
    `select exists (select from node where role in ('worker', 'web', 'standby') and beat_at > anling_now() - interval '1 day' and coalesce(detail->'listen'->>'host', $1) <> $1) as is`, [host], 'standby-elsewhere');
  return row?.is ?? true;
}

/** A commit: the only proof that there can be one. A word in the database's log, behind no row: the row of a session that was cut off unheard stays locked for ten seconds. */
export async function proveCommit(sql: Sql): Promise<void> {
  await sql.query(`select pg_logical_emit_message(true, 'anling', '')`, [], 'standby-proof');
}

/** Throws when events cannot be written now (a lock that lasts). Inside a transaction. */
export async function proveEvents(sql: Sql, waitMs: number): Promise<void> {
  await sql.query(`select set_config('lock_timeout', $1, true)`, [String(waitMs)]);
  await sql.query('lock table event in row exclusive mode');
}

export type HandedEvent = { ingestId: string; opens: boolean };
export type Handed = { key: string; alertId: AlertId | null; startedAt: number; bodyEnc: Uint8Array; events: readonly HandedEvent[] };
/** Writes or renews what is handed over. A case that was taken over already stays as it is: answers by which alert, what stands there, and that nothing was written. */
export async function saveHandover(sql: Sql, handed: Handed): Promise<{ written: boolean; alertId: AlertId | null; bodyEnc: Buffer | null }> {
  const [row] = await sql.query<{ alertId: AlertId | null }>(
    `insert into standby_case (key, alert_id, started_at, body_enc) values ($1, $2, to_timestamp($4::float8 / 1000), $3)
     on conflict (key) do update set body_enc = excluded.body_enc, handed_at = anling_now() where standby_case.merged_at is null returning alert_id as "alertId"`,
    [handed.key, handed.alertId, handed.bodyEnc, handed.startedAt], 'standby-hand');
  if (!row) return { written: false, ...((await sql.query<{ alertId: AlertId | null; bodyEnc: Buffer }>('select alert_id as "alertId", body_enc as "bodyEnc" from standby_case where key = $1', [handed.key], 'standby-hand-of'))[0] ?? { alertId: null, bodyEnc: null }) };
  await sql.query(
    `insert into standby_event (ingest_id, case_key, opens) select v.ingest_id, $1, v.opens from unnest($2::uuid[], $3::bool[]) as v (ingest_id, opens) on conflict do nothing`,
    [handed.key, handed.events.map((e) => e.ingestId), handed.events.map((e) => e.opens)], 'standby-hand-events');
  return { written: true, alertId: row.alertId, bodyEnc: null };
}

/** What was taken over long ago. */
export async function forgetHandovers(sql: Sql): Promise<void> {
  await sql.query(`delete from standby_case where handed_at < anling_now() - interval '30 days' and merged_at is not null`, [], 'standby-forget');
}

export type TakenOver = { key: string; opens: boolean; startedAt: number; bodyEnc: Buffer; alertId: AlertId | null; merged: boolean };
/** What standby did about these events; locked, so that nothing is added to it while it is taken over. */
export async function handoversOf(sql: Sql, ids: readonly EventId[]): Promise<Map<EventId, TakenOver>> {
  const rows = await sql.query<TakenOver & Row & { id: EventId }>(
    `select e.id, s.case_key as key, s.opens, c.started_at as "startedAt", c.body_enc as "bodyEnc", c.alert_id as "alertId", c.merged_at is not null as merged
     from event e join standby_event s on s.ingest_id = e.ingest_id join standby_case c on c.key = s.case_key where e.id = any($1::bigint[]) order by c.key for update of c`, [ids], 'standby-handovers');
  return new Map(rows.map(({ id, ...rest }) => [id, rest]));
}

export async function markMerged(sql: Sql, cases: readonly { key: string; alertId: AlertId | null }[]): Promise<void> {
  if (cases.length === 0) return;
  await sql.query(
    `update standby_case c set merged_at = anling_now(), alert_id = v.alert_id from unnest($1::text[], $2::bigint[]) as v (key, alert_id) where c.key = v.key`,
    [cases.map((c) => c.key), cases.map((c) => c.alertId)], 'standby-merged');
}

/** Which of these cases have been taken over, each with its alert; null: of an event that opens none. */
export async function mergedOf(sql: Sql, keys: readonly string[]): Promise<Map<string, AlertId | null>> {
  return new Map((await sql.query<{ key: string; alertId: AlertId | null } & Row>('select key, alert_id as "alertId" from standby_case where key = any($1) and merged_at is not null', [keys], 'standby-merged-of')).map((r) => [r.key, r.alertId]));
}

/**
 * These cases, not taken over, with the event that opened each: also one that an earlier absence has counted on another case (standby was ended since, and knew that
 * alert no more), so that no case waits for an event that tells of somebody else's.
 */
const openedBy = `with mine as (select key from standby_case where key = any($1) and merged_at is null),
  opened as (select m.key, s.ingest_id from mine m join standby_event s on s.case_key = m.key and s.opens union select key, key::uuid from mine where key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')`;

/** Waits for whoever evaluates an event of these cases now: he has not seen what was handed over. Inside a transaction, which then holds their shards. */
export async function awaitEvaluation(sql: Sql, keys: readonly string[]): Promise<void> {
  await sql.query(`select set_config('lock_timeout', $1, true)`, [String(limits.lockMs)]);
  await sql.query(
    `${openedBy} select pg_advisory_xact_lock(hashtext('anling-evaluate'), shard) from (select distinct e.shard from opened o join event e on e.ingest_id = o.ingest_id order by 1) busy`, [keys], 'standby-evaluation');
}

/** Cases handed over whose event was evaluated before they came (nobody held it back any more), with the alert it made; locked. */
export const overtaken = (sql: Sql, keys: readonly string[]): Promise<{ key: string; alertId: AlertId | null }[]> => sql.query<{ key: string; alertId: AlertId | null } & Row>(
  `${openedBy} select c.key, e.alert_id as "alertId" from opened o join standby_case c on c.key = o.key join event e on e.ingest_id = o.ingest_id where c.merged_at is null and e.evaluated_at is not null order by c.key for update of c`, [keys], 'standby-overtaken');

export type TakenReplyRow = { dedupe: string; channel: 'sms' | 'dtmf'; fromEnc: Uint8Array; fromBidx: Uint8Array; contentEnc: Uint8Array; outId: string | null; at: number; result: string; alertId: AlertId | null; trace: string };
/** Replies that standby has understood: a copy, when the provider's push is read again, is a repeat. */
export async function keepTakenReplies(sql: Sql, replies: readonly TakenReplyRow[]): Promise<void> {
  if (replies.length === 0) return;
  const all = <K extends keyof TakenReplyRow>(key: K): TakenReplyRow[K][] => replies.map((r) => r[key]);
  await sql.query(
    `insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, out_id, received_at, trace, evaluated_at, result, alert_id)
     select v.dedupe, v.channel, v.from_enc, v.from_bidx, v.content_enc, v.out_id, to_timestamp(v.at / 1000), v.trace, anling_now(), v.result, v.alert_id
     from unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::bytea[], $6::text[], $7::float8[], $8::text[], $9::text[], $10::bigint[])
       as v (dedupe, channel, from_enc, from_bidx, content_enc, out_id, at, trace, result, alert_id) on conflict (dedupe) do nothing`,
    [all('dedupe'), all('channel'), all('fromEnc'), all('fromBidx'), all('contentEnc'), all('outId'), all('at'), all('trace'), all('result'), all('alertId')], 'standby-replies');
}
