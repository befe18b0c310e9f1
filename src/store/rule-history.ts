/**
 * SQL of a dry run (试运行): a stretch of the past as rules see it. Reads only, in statements of a bounded length, on a connection of its own: nothing here stands
 * in the way of an alarm.
 */
import { outcomes, type Alert, type Outcome, type Subject } from '#core/alert.ts';
import type { DeviceFacts, EarlierEvent, HomeFacts, PersonFacts } from '#core/decision.ts';
import type { EventKind, VitalsReading } from '#core/event.ts';
import type { AlertId, EventId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { VitalLimits } from '#core/rule-params.ts';
import { readAlerts } from './alerts.ts';
import { eventColumns, eventFrom, eventFromRow, factRows, inOrder, type QueuedEvent } from './evaluation.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type PastEventRow = QueuedEvent & { evaluatedAt: number; result: string; alertId: AlertId | null };
/** Rows of one look: what is made of them in one turn of the loop. */
const page = 1_000;

/** The first id whose event arrived at or after this moment, found by halves: ids are given in about the order of arrival, and no index has the time. */
async function firstIdSince(sql: Sql, since: number): Promise<bigint> {
  const [ends] = await sql.query<{ low: string | null; high: string | null }>('select min(id) as low, max(id) as high from event');
  if (!ends?.low || !ends.high) return 0n;
  let [low, high] = [BigInt(ends.low), BigInt(ends.high)];
  while (low < high) {
    const middle = (low + high) / 2n;
    const [row] = await sql.query<{ id: string; at: number }>('select id, received_at as at from event where id >= $1 order by id limit 1', [middle.toString()], 'try-first');
    if (row && row.at < since) low = BigInt(row.id) + 1n; else high = middle;
  }
  return low;
}

/** Events evaluated in this time, in the order of their evaluation, the newest `limits.tryEvents`; `complete` says whether those are all. */
export async function pastEvents(sql: Sql, seal: Seal, from: number, to: number): Promise<{ events: PastEventRow[]; complete: boolean }> {
  const first = await firstIdSince(sql, from - 2 * 3_600_000);
  const found: PastEventRow[] = [];
  for (let below: string | null = null; found.length <= limits.tryEvents;) {
    const rows: Row[] = await sql.query(
      `select ${eventColumns}, e.evaluated_at, e.result, e.alert_id ${eventFrom} where e.id >= $1 and ($2::bigint is null or e.id < $2) and e.evaluated_at > to_timestamp($3::float8 / 1000) and e.evaluated_at <= to_timestamp($4::float8 / 1000)
       order by e.id desc limit $5`, [first.toString(), below, from, to, page], 'try-events');
    for (const r of rows) found.push({ ...eventFromRow(r, seal), evaluatedAt: r['evaluated_at'] as number, result: (r['result'] as string | null) ?? '', alertId: r['alert_id'] as AlertId | null });
    if (rows.length < page) break;
    below = rows.at(-1)?.['id'] as string;
  }
  return { events: inBatches(found.slice(0, limits.tryEvents)), complete: found.length <= limits.tryEvents };
}

/** Batch by batch, each in the order in which its events were decided. */
function inBatches(events: readonly PastEventRow[]): PastEventRow[] {
  const batches = new Map<number, PastEventRow[]>();
  for (const e of events) batches.set(e.evaluatedAt, [...(batches.get(e.evaluatedAt) ?? []), e]);
  return [...batches].sort(([a], [b]) => a - b).flatMap(([, batch]) => inOrder(batch));
}

export type PastFacts = { devices: Map<string, DeviceFacts>; persons: Map<string, PersonFacts>; homes: Map<string, HomeFacts>; earlier: Map<EventId, EarlierEvent> };
/** Devices, people, homes and earlier events of these, as they are on file. */
export async function pastFacts(sql: Sql, events: readonly QueuedEvent[]): Promise<PastFacts> {
  const facts: PastFacts = { devices: new Map(), persons: new Map(), homes: new Map(), earlier: new Map() };
  for (let i = 0; i < events.length; i += page) {
    const rows = await factRows(sql, events.slice(i, i + page));
    for (const [id, x] of rows.devices) facts.devices.set(id, x);
    for (const [id, x] of rows.persons) facts.persons.set(id, x);
    for (const [id, x] of rows.homes) facts.homes.set(id, x);
    for (const [id, x] of rows.earlier) facts.earlier.set(id, x);
  }
  return facts;
}

/** Alerts that lived in this time, and those that ended by themselves in the hour before. */
export async function pastAlerts(sql: Sql, from: number, to: number): Promise<Alert[]> {
  const ids = await sql.query<{ id: AlertId }>(
    `select id from alert where opened_at <= to_timestamp($2::float8 / 1000) and (state <> 'closed' or closed_at > to_timestamp($1::float8 / 1000)) order by id desc limit $3`, [from - limits.flapMs, to, limits.tryEvents], 'try-alerts');
  const all: Alert[] = [];
  for (let i = 0; i < ids.length; i += page) all.push(...await readAlerts(sql, ids.slice(i, i + page).map((r) => r.id)));
  return all;
}

export type PastActRow = { at: number; subject: Subject; kind: EventKind; what: 'taken' | 'open' | 'closed'; by: string; outcome: Outcome | null };
const taken = ['claimed', 'taken-over', 'assigned', 'accepted', 'contact', 'dispatched', 'arrived', 'done'];
const again = ['released', 'claim-lapsed', 'no-arrival', 'restarted', 'declined', 'need-help'];
/** What people did to these alerts after `from`, in order. What the house ends by itself is not among it. */
export async function pastActs(sql: Sql, alerts: readonly Alert[], from: number): Promise<PastActRow[]> {
  const rows = await sql.query<{ at: number; action: string; type: string; id: string; kind: EventKind; outcome: string | null; by: string }>(
    `select l.at, l.action, a.subject_type as type, a.subject_id as id, a.kind, l.detail->>'outcome' as outcome, l.actor_type || ':' || l.actor_id as by
     from alert_log l join alert a on a.id = l.alert_id where l.alert_id = any($1::bigint[]) and l.at > to_timestamp($2::float8 / 1000) and (l.action = any($3) or l.action = 'closed' and l.actor_type <> 'system')
     order by l.at, l.id`, [alerts.map((a) => a.id), from, [...taken, ...again]], 'try-acts');
  return rows.map((r): PastActRow => ({
    at: r.at, subject: { type: r.type as Subject['type'], id: r.id }, kind: r.kind, by: r.by, what: r.action === 'closed' ? 'closed' : taken.includes(r.action) ? 'taken' : 'open',
    outcome: r.outcome !== null && r.outcome in outcomes ? (r.outcome as Outcome) : null,
  }));
}

export type PastSilence = { deviceId: string; homeId: string | null; personId: string | null; room: string | null; regionCode: string | null; supervisionClass: string; graceS: number; fromAt: number; backAt: number | null };
/** Silences of devices of these classes that touch this time; not those that an area outage explains, nor those of homes where nobody was. */
export function pastSilences(sql: Sql, classes: readonly string[], from: number, to: number): Promise<PastSilence[]> {
  return sql.query<PastSilence & Row>(
    `select s.device_id as "deviceId", d.home_id as "homeId", d.person_id as "personId", d.room, h.region_code as "regionCode", m.supervision_class as "supervisionClass", c.grace_s as "graceS", s.from_at as "fromAt", s.back_at as "backAt"
     from silence s join device d on d.id = s.device_id and d.status = 'installed' join device_model m on m.id = d.model and m.supervision_class = any($1) join supervision_class c on c.id = m.supervision_class
       left join home h on h.id = d.home_id left join presence p on p.device_id = d.id
     where s.outage_id is null and not s.away and (s.back_at is not null or p.outage_id is null) and s.from_at <= to_timestamp($3::float8 / 1000) and (s.back_at is null or s.back_at > to_timestamp($2::float8 / 1000)) order by s.from_at limit $4`,
    [classes, from, to, limits.tryEvents], 'try-silences');
}

/** Those of these devices that have a reading outside of the given limits, the narrowest that any of them has: of the others nothing came and nothing would come. */
export async function everOutside<D extends { no: number }>(sql: Sql, devices: readonly D[], narrowest: VitalLimits, from: number, to: number): Promise<D[]> {
  if (devices.length === 0) return [];
  const n = narrowest;
  const rows = await sql.query<{ no: number }>(
    `select distinct device_no as no from vital where received_at > to_timestamp($2::float8 / 1000) and received_at <= to_timestamp($3::float8 / 1000) and device_no = any($1::int[])
       and (heart_rate not between $4 and $5 or breath not between $6 and $7 or spo2 not between $8 and $9 or sbp not between $10 and $11 or dbp not between $12 and $13 or body_temp not between $14 and $15)`,
    [devices.map((d) => d.no), from, to, ...[n.heartRate, n.breath, n.spo2, n.sbp, n.dbp, n.bodyTemp].flatMap((l) => [l.low, l.high])], 'try-outside');
  const outside = new Set(rows.map((r) => r.no));
  return devices.filter((d) => outside.has(d.no));
}

export type PastReading = { deviceId: string; at: number; deviceTime: number | null; reading: VitalsReading };
/** Readings of these devices, at most so many. */
export async function pastReadings(sql: Sql, devices: readonly { id: string; no: number }[], from: number, to: number, most: number): Promise<PastReading[]> {
  const idOf = new Map(devices.map((d) => [d.no, d.id]));
  const rows = await sql.query<{ no: number; at: number; device_time: number | null; heart_rate: number | null; breath: number | null; spo2: number | null; sbp: number | null; dbp: number | null; body_temp: number | null } & Row>(
    `select device_no as no, received_at as at, device_time, heart_rate, breath, spo2, sbp, dbp, body_temp from vital
     where device_no = any($1::int[]) and received_at > to_timestamp($2::float8 / 1000) and received_at <= to_timestamp($3::float8 / 1000) order by received_at limit $4`,
    [devices.map((d) => d.no), from, to, most], 'try-readings');
  const given = (o: Record<string, number | null>): VitalsReading => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== null)) as VitalsReading;
  return rows.map((r) => ({ deviceId: idOf.get(r.no) as string, at: r.at, deviceTime: r.device_time, reading: given({ heartRate: r.heart_rate, breath: r.breath, spo2: r.spo2, sbp: r.sbp, dbp: r.dbp, bodyTemp: r.body_temp }) }));
}

/** People whose hour fell into this time, with when; who is watched and present. */
export function pastHours(sql: Sql, from: number, to: number): Promise<{ personId: string; homeId: string | null; regionCode: string | null; until: number }[]> {
  return sql.query(
    `select w.id as "personId", w.home_id as "homeId", h.region_code as "regionCode", u.at as until from person w left join home h on h.id = w.home_id,
       generate_series(date_trunc('day', to_timestamp($1::float8 / 1000) at time zone 'UTC' + interval '8 hours'), to_timestamp($2::float8 / 1000) at time zone 'UTC' + interval '8 hours', interval '1 day') as day,
       lateral (select ((day + w.routine_by) - interval '8 hours') at time zone 'UTC' as at) u
     where w.routine_by is not null and w.status = 'present' and u.at > to_timestamp($1::float8 / 1000) and u.at <= to_timestamp($2::float8 / 1000) order by w.id limit $3`, [from, to, limits.tryEvents], 'try-hours');
}
