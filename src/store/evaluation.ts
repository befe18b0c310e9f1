/**
 * SQL of evaluation: which shards have work, the next events of one shard in order, the facts rules look at, marking. The
 * unevaluated row is the queue (law 3); all look-ups are set-wise, once per batch.
 */
import { type DeviceFacts, deviceSubject, type EarlierEvent, type HomeFacts, type OutageFacts, type PersonFacts, type PresenceFacts } from '#core/decision.ts';
import { type Edge, type EventKind, type EventSource, kindInfo, type Priority, type StoredEvent } from '#core/event.ts';
import type { AlertId, EventId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { outagesAround } from './outages.ts';
import { type Row, type Sql, together } from './pool.ts';
import type { Seal } from './seal.ts';

/** Shards with unevaluated events, the most urgent first. */
export async function shardsWithWork(sql: Sql): Promise<number[]> {
  const rows = await sql.query<{ shard: number }>(
    `select s.shard from generate_series(0, $1 - 1) as s (shard), lateral (
       select urgency, id from event where event.shard = s.shard and evaluated_at is null order by urgency, id limit 1) e order by e.urgency, e.id`, [limits.shards], 'evaluation-shards');
  return rows.map((r) => r.shard);
}

/** Takes the shard until the transaction ends; false when another evaluator has it. No lock is waited for longer than `lockMs` then. */
export async function holdShard(sql: Sql, shard: number, lockMs: number): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-evaluate'), $1) as held, set_config('lock_timeout', $2, true)`, [shard, String(lockMs)], 'evaluation-hold');
  return row?.held ?? false;
}

export type QueuedEvent = StoredEvent & { ingestId: string; attempts: number; waited: boolean; dataUnreadable: boolean };
export const eventColumns = `e.id, e.ingest_id, e.kind, e.edge, e.source, e.urgency, e.device_id, e.home_id, e.person_id, e.room, coalesce(h.region_code, ph.region_code, p.registered_region_code) as region_code, e.source_event_id, e.ref, e.device_time, e.received_at, e.flags,
  e.confidence, e.data_enc, e.trace, e.attempts, coalesce(e.result like 'waits%', false) as waited`;
export const eventFrom = 'from event e left join home h on h.id = e.home_id left join person p on p.id = e.person_id left join home ph on ph.id = p.home_id';

/**
 * The next events of a shard: by urgency, then id, with everything of the same devices that came before them; sorted so that
 * an alarm is as early as it can be and no event of a device overtakes an earlier one of it (I7).
 */
export async function queuedEvents(sql: Sql, seal: Seal, shard: number, limit: number): Promise<QueuedEvent[]> {
  const rows = await sql.query(
    `with picked as materialized (select id, device_id from event where shard = $1 and evaluated_at is null order by urgency, id limit $2),
     newest as (select device_id, max(id) as id from picked where device_id is not null group by device_id),
     before as materialized (
       select x.id, n.device_id from newest n, lateral (
         select e.id from event e where e.device_id = n.device_id and e.id < n.id and e.evaluated_at is null and e.shard = $1 order by e.id limit $3) x),
     -- A device with more than that before it: only what is surely complete is taken now, the rest next time.
     until as (select device_id, max(id) as id from before group by device_id having count(*) >= $3)
     select ${eventColumns} ${eventFrom} left join until u on u.device_id = e.device_id
     where e.id in (select id from picked union all select id from before) and (u.id is null or e.id <= u.id) order by e.id`, [shard, limit, Math.ceil(limit / 2)], 'evaluation-queue');
  return inOrder(rows.map((r) => eventFromRow(r, seal)));
}

/** By the urgency of the most urgent event that must wait for this one, then by id. */
export function inOrder<T extends Pick<StoredEvent, 'id' | 'deviceId' | 'urgency'>>(events: readonly T[]): T[] {
  const byId = [...events].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  const pressing = new Map<string, number>();
  const effective = new Map<T, number>();
  for (const e of byId.toReversed()) {
    const key = e.deviceId ?? `event ${e.id}`;
    const urgency = Math.min(e.urgency, pressing.get(key) ?? 9);
    pressing.set(key, urgency);
    effective.set(e, urgency);
  }
  return byId.sort((a, b) => (effective.get(a) ?? 9) - (effective.get(b) ?? 9) || (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

export function eventFromRow(r: Row, seal: Seal): QueuedEvent {
  const { data, unreadable } = openData(r['data_enc'] as Buffer | null, seal);
  return {
    id: r['id'] as EventId, ingestId: r['ingest_id'] as string, kind: r['kind'] as EventKind, edge: r['edge'] as Edge, source: r['source'] as EventSource, urgency: r['urgency'] as Priority,
    deviceId: r['device_id'] as StoredEvent['deviceId'], homeId: r['home_id'] as StoredEvent['homeId'], personId: r['person_id'] as StoredEvent['personId'], room: r['room'] as string | null,
    regionCode: r['region_code'] as StoredEvent['regionCode'], sourceEventId: r['source_event_id'] as string | null, ref: r['ref'] as string | null,
    deviceTime: r['device_time'] as number | null, receivedAt: r['received_at'] as number, flags: r['flags'] as string[], confidence: r['confidence'] as number | null,
    data, trace: r['trace'] as string, attempts: r['attempts'] as number, waited: r['waited'] as boolean, dataUnreadable: unreadable,
  };
}

/** Data that cannot be opened (wrong key file) must not stop an alarm. */
export function openData(sealed: Uint8Array | null, seal: Seal): { data: Record<string, unknown>; unreadable: boolean } {
  if (sealed === null) return { data: {}, unreadable: false };
  try {
    const parsed = JSON.parse(seal.open('event.data', sealed)) as { data?: Record<string, unknown>; location?: unknown };
    return { data: { ...parsed.data, ...(parsed.location === undefined ? {} : { location: parsed.location }) }, unreadable: false };
  } catch {
    return { data: {}, unreadable: true };
  }
}

export type FactRows = {
  devices: Map<string, DeviceFacts>; persons: Map<string, PersonFacts>; homes: Map<string, HomeFacts>; presence: Map<string, PresenceFacts>;
  earlier: Map<EventId, EarlierEvent>; clearedLater: Set<EventId>; outages: Map<string, OutageFacts>; /** by flapKey */ selfEnded: Map<string, AlertId[]>;
  /** newest sign of a door, by home */ doors: Map<string, number>;
};

/** What rules may know about these events, in eight look-ups for the whole batch. */
export async function factRows(sql: Sql, events: readonly QueuedEvent[]): Promise<FactRows> {
  const ids = (of: (e: QueuedEvent) => string | null): string[] => [...new Set(events.flatMap((e) => of(e) ?? []))];
  const deviceIds = ids((e) => e.deviceId);
  const personIds = ids((e) => e.personId);
  const homeIds = ids((e) => e.homeId);
  const [devices, persons, homes, earlier, cleared, ended, outages, doors] = await together([
    deviceIds.length === 0 ? none : sql.query<DeviceFacts & PresenceRow & Row>(
    `select d.id, d.model, m.vendor, m.type, m.power, m.supervision_class as "supervisionClass", m.confirm_window_s * 1000 as "confirmWindowMs", d.test_until as "testUntil", d.room,
       coalesce(p.cell, d.cell) as cell, d.home_id as "homeId", d.person_id as "personId", d.registered_at as "registeredAt", d.demo, d.status = 'stock' as "inStock", coalesce(d.test_until > anling_now() and exists (select from installation i where i.device_id = d.id and i.state = 'begun'), false) as installing,
       case when m.learning_days > 0 then d.registered_at + make_interval(days => m.learning_days) end as "learningUntil",
       p.state, p.last_seen_at as "lastSeenAt", p.low_battery as "lowBattery", p.battery, p.mains_lost_at as "mainsLostAt", p.outage_id::text as "outageId"
     from device d join device_model m on m.id = d.model left join presence p on p.device_id = d.id where d.id = any($1)`, [deviceIds], 'evaluation-devices'),
    personIds.length === 0 ? none : sql.query<PersonFacts & Row>(
    'select id, home_id as "homeId", high_risk as "highRisk", risk_tags as "riskTags", mode, mode_until as "modeUntil", demo from person where id = any($1)', [personIds], 'evaluation-persons'),
    homeIds.length === 0 ? none : sql.query<HomeFacts & Row>(
    'select id, region_code as "regionCode", cell, power_area as "powerArea", mode, mode_until as "modeUntil", demo, exists (select from person p where p.home_id = home.id and p.high_risk) as "highRisk", array(select p.id from person p where p.home_id = home.id and p.status = \'present\') as residents from home where id = any($1)', [homeIds], 'evaluation-homes'),
    earlierEvents(sql, events), clearedLater(sql, events), selfEnded(sql, events), outagesAround(sql, events.filter((e) => e.urgency <= 2 && (e.homeId !== null || e.deviceId !== null))), doorsOf(sql, events),
  ]);
  return {
    devices: new Map(devices.map(({ state: _s, lastSeenAt: _l, lowBattery: _b, battery: _y, mainsLostAt: _m, outageId: _o, ...d }) => [d.id, d])),
    presence: new Map(devices.flatMap(({ id, state, lastSeenAt, lowBattery, battery, mainsLostAt, outageId }) =>
      (state === null ? [] : [[id, { state, lastSeenAt, lowBattery: lowBattery ?? false, battery, mainsLostAt, outageId }] as const]))),
    persons: new Map(persons.map((p) => [p.id, p])), homes: new Map(homes.map((h) => [h.id, h])),
    earlier, clearedLater: cleared, selfEnded: ended, outages, doors,
  };
}
const none: Promise<never[]> = Promise.resolve([]);
type PresenceRow = { state: PresenceFacts['state'] | null; lastSeenAt: number | null; lowBattery: boolean | null; battery: number | null; mainsLostAt: number | null; outageId: string | null };

/** The earlier event of the same device and id: of the same kind and edge if there is one, the newest. */
async function earlierEvents(sql: Sql, events: readonly QueuedEvent[]): Promise<Map<EventId, EarlierEvent>> {
  const asked = events.filter((e) => e.deviceId !== null && e.sourceEventId !== null);
  if (asked.length === 0) return new Map();
  const rows = await sql.query<{ for_id: EventId } & Row>(
    `select v.id as for_id, x.id, x.kind, x.edge, x.device_time, x.received_at, x.alert_id
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[]) as v (id, device_id, source_event_id, kind, edge), lateral (
       select e.id, e.kind, e.edge, e.device_time, e.received_at, e.alert_id from event e
       where e.device_id = v.device_id and e.source_event_id = v.source_event_id and e.id < v.id and e.evaluated_at is not null
       order by (e.kind = v.kind and e.edge = v.edge) desc, e.id desc limit 1) x`,
    [asked.map((e) => e.id), asked.map((e) => e.deviceId), asked.map((e) => e.sourceEventId), asked.map((e) => e.kind), asked.map((e) => e.edge)], 'evaluation-earlier');
  return new Map(rows.map((r) => [r.for_id, {
    id: r['id'] as EventId, ingestId: r['ingest_id'] as string, kind: r['kind'] as EventKind, edge: r['edge'] as Edge, deviceTime: r['device_time'] as number | null, receivedAt: r['received_at'] as number, alertId: r['alert_id'] as AlertId | null,
  }]));
}

/** Doors of homes where somebody does not move: when one was last opened or closed (C6). */
async function doorsOf(sql: Sql, events: readonly QueuedEvent[]): Promise<Map<string, number>> {
  const homes = [...new Set(events.flatMap((e) => (e.kind === 'motionless' && e.homeId !== null ? [e.homeId as string] : [])))];
  if (homes.length === 0) return new Map();
  const rows = await sql.query<{ home: string; at: number }>(
    `select d.home_id as home, max(e.received_at) as at from device d join device_model m on m.id = d.model and m.type = 'door',
       lateral (select received_at from event e where e.device_id = d.id and ${doorSign} order by e.id desc limit 1) e where d.home_id = any($1) group by d.home_id`, [homes], 'evaluation-doors');
  return new Map(rows.map((r) => [r.home, r.at]));
}
// A door's own `motionless` says that nobody used it; all other words of its use are a sign.
const doorSign = `e.kind = 'motionless' and e.edge <> 'raise'`;

/** What flaps as one: the subject of a technical alarm and its kind. */
export const flapKey = (e: StoredEvent): string => { const { type, id } = deviceSubject(e); return `${e.kind} ${type} ${id}`; };

/** Technical alerts that ended by themselves lately, of what is raised anew (C8; core/decision.ts `endedByItself`). */
async function selfEnded(sql: Sql, events: readonly QueuedEvent[]): Promise<Map<string, AlertId[]>> {
  const asked = [...new Map(events.filter((e) => kindInfo[e.kind].priority > 2 && e.edge !== 'clear').map((e) => [flapKey(e), { ...deviceSubject(e), kind: e.kind }]))];
  if (asked.length === 0) return new Map();
  const rows = await sql.query<{ key: string; ids: AlertId[] }>(
    `select v.key, array_agg(a.id::text) as ids from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as v (key, type, id, kind)
       join alert a on a.subject_type = v.type and a.subject_id = v.id and a.kind = v.kind
     where a.state = 'closed' and a.priority > 2 and a.closed_at > anling_now() - make_interval(secs => $5 / 1000.0)
       and (a.closed_by = 'house' or a.closed_by like 'device:%') and not a.flags @> '{in-outage}' group by v.key`,
    [asked.map(([key]) => key), asked.map(([, s]) => s.type), asked.map(([, s]) => s.id), asked.map(([, s]) => s.kind), limits.flapMs], 'evaluation-self-ended');
  return new Map(rows.map((r) => [r.key, r.ids]));
}

/** Of events that have waited or come late: those whose `clear` is here already (A5: shuffled batches end in the right state). */
async function clearedLater(sql: Sql, events: readonly QueuedEvent[]): Promise<Set<EventId>> {
  const asked = events.filter((e) => e.deviceId !== null && e.urgency > 2 && (e.waited || e.flags.includes('late')));
  if (asked.length === 0) return new Set();
  const rows = await sql.query<{ id: EventId }>(
    `select v.id from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[]) as v (id, device_id, kind, at)
     where exists (select from event e where e.device_id = v.device_id and e.kind = v.kind and e.edge = 'clear' and e.evaluated_at is not null and coalesce(e.device_time, e.received_at) >= to_timestamp(v.at / 1000))`,
    [asked.map((e) => e.id), asked.map((e) => e.deviceId), asked.map((e) => e.kind), asked.map((e) => e.deviceTime ?? e.receivedAt)], 'evaluation-cleared');
  return new Set(rows.map((r) => r.id));
}

export type Evaluated = { id: EventId; alertId: AlertId | null; result: string };
export async function markEvaluated(sql: Sql, events: readonly Evaluated[]): Promise<void> {
  if (events.length === 0) return;
  await sql.query(
    `update event e set evaluated_at = n.at, result = v.result, alert_id = coalesce(v.alert_id, e.alert_id), error = null
     from unnest($1::bigint[], $2::bigint[], $3::text[]) as v (id, alert_id, result), (select anling_now() as at) n where e.id = v.id`,
    [events.map((e) => e.id), events.map((e) => e.alertId), events.map((e) => e.result)], 'evaluation-mark');
}

/** One more failed try; answers how many there were. */
export async function countAttempt(sql: Sql, id: EventId, error: string): Promise<number> {
  const [row] = await sql.query<{ attempts: number }>('update event set attempts = least(attempts + 1, 30000), error = $2 where id = $1 returning attempts', [id, error.slice(0, 500)], 'evaluation-attempt');
  return row?.attempts ?? 0;
}

/** Queues an event again that had waited for the end of a mode. */
export async function requeueEvent(sql: Sql, id: EventId): Promise<void> {
  await sql.query(`update event set evaluated_at = null where id = $1 and result like 'waits%'`, [id], 'evaluation-requeue');
}
