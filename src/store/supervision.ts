/**
 * SQL of the sweep: claims what is due with SKIP LOCKED (a heartbeat's own update is never waited for), writes verdicts set-wise,
 * finds what has come back, and inserts the event rows that supervision raises, in the transaction that moved the device (law 3).
 */
import { randomUUID } from 'node:crypto';
import { type EventKind, type Edge, kindInfo } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { shardOf } from '#core/shard.ts';
import type { PresenceState, Watched } from '#core/supervision.ts';
import { hint, type Row, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** Whether our doors are open now, and since when without a gap (epoch ms, null: no gap is known). */
export type Hearing = { now: number; hearing: boolean; since: number | null; /** the newest start of an edge */ edgeStartedAt: number | null };

export async function readHearing(sql: Sql): Promise<Hearing> {
  const [row] = await sql.query<{ now: number; beat: number | null; started: number | null; since: number | null }>(
    `select anling_now() as now, max(beat_at) as beat, max(started_at) as started, (select max(to_at) from blind_window) as since from node where role = 'edge'`, [], 'supervision-hearing');
  const { now, beat, started, since } = row as NonNullable<typeof row>;
  return { now, hearing: beat !== null && now - beat <= limits.edgeLostMs, since, edgeStartedAt: started };
}

/** Holds the sweep for one worker until the transaction ends; false when another has it. */
export async function holdSweep(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-sweep')) as held`);
  return row?.held ?? false;
}

export type Due = Watched & { deviceId: string; homeId: string | null; personId: string | null; room: string | null; village: string | null; lastSeenAt: number | null };

// A home is muted by its own mode, by its device's person, or when everybody who lives in it is away.
const mutedUntil = `greatest(case when d.test_until > anling_now() then d.test_until end, case when h.mode_until > anling_now() then h.mode_until end,
  case when w.mode_until > anling_now() then w.mode_until end,
  case when d.person_id is null then (select min(q.mode_until) from person q where q.home_id = d.home_id and q.status = 'present' having bool_and(coalesce(q.mode_until > anling_now(), false))) end)`;

/** Claims due devices in these states, oldest first, at most limits.sweepRows; their rows stay locked until the transaction ends. */
export async function claimDue(sql: Sql, states: readonly PresenceState[], hearingSince: number | null): Promise<Due[]> {
  const rows = await sql.query<Row & { state: PresenceState }>(
    `select p.device_id, p.state, p.last_seen_at, p.silent_at, p.offline_event_at is not null as raised, p.never_reported_at is not null as never_raised,
       p.outage_id is not null as in_outage, d.registered_at, d.home_id, d.person_id, d.room, (d.status = 'installed' or d.status = 'stock' and p.last_seen_at is not null and (d.home_id is not null or d.person_id is not null)) as watched, c.grace_s, h.region_code,
       case when p.state <> 'online' then ${mutedUntil} end as muted_until
     from presence p join device d on d.id = p.device_id join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class
       left join home h on h.id = d.home_id left join person w on w.id = d.person_id
     where p.check_at <= anling_now() and p.state = any($1) order by p.check_at limit $2 for update of p skip locked`,
    [states, limits.sweepRows], 'supervision-claim');
  return rows.map((r) => ({
    deviceId: r['device_id'] as string, homeId: r['home_id'] as string | null, personId: r['person_id'] as string | null, room: r['room'] as string | null, village: r['region_code'] as string | null,
    state: r.state, lastSeenAt: r['last_seen_at'] as number | null, registeredAt: r['registered_at'] as number, graceMs: (r['grace_s'] as number) * 1000, hearingSince,
    silentAt: r['silent_at'] as number | null, offlineRaised: r['raised'] as boolean, neverRaised: r['never_raised'] as boolean, inOutage: r['in_outage'] as boolean,
    mutedUntil: r['muted_until'] as number | null, watched: r['watched'] as boolean,
  }));
}

export type Moved = { deviceId: string; state: PresenceState; checkAt: number | null; silent: boolean; raised: boolean; never: boolean };

/** Writes the verdicts of claimed rows: one statement for all of them. */
export async function moveDevices(sql: Sql, moved: readonly Moved[]): Promise<void> {
  if (moved.length === 0) return;
  await sql.query(
    `update presence p set state = v.state, check_at = coalesce(to_timestamp(v.check_at / 1000.0), 'infinity'), silent_at = case when v.silent then n.at else p.silent_at end,
       offline_event_at = case when v.raised then n.at else p.offline_event_at end, never_reported_at = case when v.never then n.at else p.never_reported_at end
     from unnest($1::text[], $2::text[], $3::float8[], $4::bool[], $5::bool[], $6::bool[]) as v (device_id, state, check_at, silent, raised, never), (select anling_now() as at) n
     where p.device_id = v.device_id`,
    [moved.map((m) => m.deviceId), moved.map((m) => m.state), moved.map((m) => m.checkAt), moved.map((m) => m.silent), moved.map((m) => m.raised), moved.map((m) => m.never)], 'supervision-move');
}

export type Returned = { deviceId: string; homeId: string | null; personId: string | null; room: string | null; raised: boolean; revoked: boolean };

/** Devices that were declared silent and have spoken since, which made them online: watched again from their last sign of life; or were revoked meanwhile. */
export function takeReturned(sql: Sql): Promise<Returned[]> {
  return sql.query<Returned & Row>(
    `with found as materialized ( -- read apart: in one question every silent device is looked up
       select device_id from presence where silent_at is not null and state = 'online'
       union select p.device_id from device d join presence p on p.device_id = d.id where d.status = 'revoked' and p.silent_at is not null limit $1),
     back as (
       select p.device_id, p.offline_event_at is not null as raised, d.status = 'revoked' as revoked, c.grace_s, d.home_id, d.person_id, d.room
       from found f, lateral (select * from presence where device_id = f.device_id and silent_at is not null for update skip locked) p
         join device d on d.id = p.device_id join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class
       where p.state = 'online' or d.status = 'revoked')
     update presence p set state = case when back.revoked then p.state else 'online' end, silent_at = null, offline_event_at = null, check_at = p.last_seen_at + make_interval(secs => back.grace_s - least($2::float8 / 1000, back.grace_s / 4.0))
     from back where p.device_id = back.device_id
     returning p.device_id as "deviceId", back.home_id as "homeId", back.person_id as "personId", back.room, back.raised, back.revoked`,
    [limits.sweepRows, limits.settleMs], 'supervision-returned');
}

/** Devices noticed as never reported that have spoken; `villageDone` when no other of its village is left on the list. */
export function takeFirstReports(sql: Sql): Promise<{ deviceId: string; homeId: string | null; village: string | null; villageDone: boolean }[]> {
  return sql.query(
    `with back as (
       select p.device_id, d.home_id, h.region_code from presence p join device d on d.id = p.device_id left join home h on h.id = d.home_id
       where p.never_reported_at is not null and (p.last_seen_at is not null or d.status <> 'installed') limit $1 for update of p skip locked),
     done as (update presence p set never_reported_at = null from back where p.device_id = back.device_id returning p.device_id)
     select b.device_id as "deviceId", b.home_id as "homeId", b.region_code as village, not exists (
       select from presence p join device d on d.id = p.device_id join home h on h.id = d.home_id
       where p.never_reported_at is not null and h.region_code = b.region_code and p.device_id not in (select device_id from back)) as "villageDone"
     from back b join done on done.device_id = b.device_id`, [limits.sweepRows], 'supervision-first-reports');
}

export type MainsChange = { homeId: string | null; deviceIds: string[]; since: number | null };

/** Mains losses that outlasted the delay and belong to no outage, a home at a time; marked as raised. */
export function takeMainsLost(sql: Sql): Promise<MainsChange[]> {
  return sql.query(
    `with lost as (
       select p.device_id, p.mains_lost_at, d.home_id from presence p join device d on d.id = p.device_id
       where p.mains_lost_at <= anling_now() - make_interval(secs => $1 / 1000.0) and p.mains_event_at is null and p.outage_id is null and d.status <> 'revoked'
       limit $2 for update of p skip locked),
     done as (update presence p set mains_event_at = anling_now() from lost where p.device_id = lost.device_id returning p.device_id)
     select l.home_id as "homeId", array_agg(l.device_id order by l.device_id) as "deviceIds", min(l.mains_lost_at) as since
     from lost l join done on done.device_id = l.device_id group by l.home_id, case when l.home_id is null then l.device_id end`,
    [limits.mainsDelayMs, limits.sweepRows], 'supervision-mains-lost');
}

/** Homes and devices whose raised mains loss is over: all of a home's devices have mains again. */
export function takeMainsBack(sql: Sql): Promise<MainsChange[]> {
  return sql.query(
    `with back as (
       select p.device_id, d.home_id from presence p join device d on d.id = p.device_id
       where p.mains_event_at is not null and (p.mains_lost_at is null or d.status = 'revoked') and not exists (
         select from device e join presence q on q.device_id = e.id where e.home_id = d.home_id and q.mains_event_at is not null and q.mains_lost_at is not null and e.status <> 'revoked')
       limit $1 for update of p skip locked),
     done as (update presence p set mains_event_at = null from back where p.device_id = back.device_id returning p.device_id)
     select b.home_id as "homeId", array_agg(b.device_id order by b.device_id) as "deviceIds", null as since
     from back b join done on done.device_id = b.device_id group by b.home_id, case when b.home_id is null then b.device_id end`,
    [limits.sweepRows], 'supervision-mains-back');
}

export type BlindWindow = { id: string; fromAt: number; toAt: number; why: string; /** devices that could have been heard */ devices: number };

/** Blind windows without a notice yet, marked; one notice each, also when two workers look at once. */
export function takeBlindWindows(sql: Sql): Promise<BlindWindow[]> {
  return sql.query(
    `update blind_window b set noticed_at = anling_now() where b.id in (select id from blind_window where noticed_at is null order by id limit 100 for update skip locked)
     returning b.id, b.from_at as "fromAt", b.to_at as "toAt", b.why, (select count(*)::int from presence where last_seen_at is not null) as devices`, [], 'supervision-blind-windows');
}

/** One event of our own. `data` may name the subject ({ subject: { type, id } }); it never holds personal data. */
export type HouseEvent = {
  kind: EventKind; edge: Edge; deviceId?: string | null; homeId?: string | null; personId?: string | null; room?: string | null;
  data: Record<string, unknown>; ingestId?: string; trace?: string; flags?: readonly string[];
};

/** Inserts events of source 'supervision' and hints their evaluator; the caller's transaction decides whether they happened. */
export async function insertHouseEvents(sql: Sql, seal: Seal, events: readonly HouseEvent[]): Promise<void> {
  if (events.length === 0) return;
  const subjectOf = (e: HouseEvent): string => String((e.data['subject'] as { id?: unknown } | undefined)?.id ?? e.kind);
  const column = <T>(of: (e: HouseEvent) => T): T[] => events.map(of);
  await sql.query(
    `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, room, source, kind, edge, received_at, data_enc, trace)
     select v.ingest_id, v.shard, v.urgency, v.device_id, v.home_id, v.person_id, v.room, 'supervision', v.kind, v.edge, anling_now(), v.data, v.trace
     from unnest($1::uuid[], $2::int2[], $3::int2[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::text[])
       as v (ingest_id, shard, urgency, device_id, home_id, person_id, room, kind, edge, data, trace)
     on conflict (ingest_id) do nothing`,
    [column((e) => e.ingestId ?? randomUUID()), column((e) => shardOf(e.homeId, e.deviceId, subjectOf(e))), column((e) => kindInfo[e.kind].priority), column((e) => e.deviceId ?? null),
      column((e) => e.homeId ?? null), column((e) => e.personId ?? null), column((e) => e.room ?? null), column((e) => e.kind), column((e) => e.edge),
      column((e) => seal.seal('event.data', JSON.stringify({ data: e.data }))), column((e) => e.trace ?? randomUUID().slice(0, 18))], 'supervision-events');
  await hint(sql, ['anling_event']);
}
