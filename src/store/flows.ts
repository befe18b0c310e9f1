/**
 * SQL of the flows (C11): their one token, how far each node has read its stream, their windows, what was done to them. They read
 * masked rows and add their own; nothing here changes an alert.
 */
import { limits } from '#core/limits.ts';
import { appendFeed } from './feed.ts';
import { insertLog } from './alert-log.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** The flows' own, and the one that only reads, for trials. */
export type FlowsTokenId = 'flows' | 'flows-trial';
/** The flows' token, made anew: whoever held the one before has none. */
export async function renewFlowsToken(sql: Sql, hash: Buffer, id: FlowsTokenId = 'flows'): Promise<void> {
  await sql.query(
    `insert into api_token (id, token_hash, name, role, scope_code, created_by)
     select $2, $1, '自定规则', 'flows', code, 'house' from region where level = 'county' order by code limit 1
     on conflict (id) do update set token_hash = excluded.token_hash, scope_code = excluded.scope_code, revoked_at = null`, [hash, id]);
}

export async function isFlowsToken(sql: Sql, hash: Buffer, ids: readonly FlowsTokenId[]): Promise<boolean> {
  return (await sql.query(`select 1 from api_token where id = any($2) and role = 'flows' and token_hash = $1 and revoked_at is null`, [hash, ids], 'flows-token')).length > 0;
}

export const flowStreams = ['alerts', 'events'] as const;
export type FlowStream = (typeof flowStreams)[number];
export type Place = { position: number; epoch: string };

/** Where this node stands in its stream; one that is new begins at `head`. The node that was not asked for longest gives its place to a new one beyond the bound. */
export async function placeOf(sql: Sql, stream: FlowStream, node: { id: string; label: string }, head: Place): Promise<Place> {
  const [known] = await sql.query<{ position: string; epoch: string }>(`update flow_cursor set asked_at = anling_now(), label = coalesce(nullif($3, ''), label) where stream = $1 and node_id = $2 returning position, epoch`, [stream, node.id, node.label], 'flow-place');
  if (known) return { position: Number(known.position), epoch: known.epoch };
  await sql.query('insert into flow_cursor (stream, node_id, label, epoch, position) values ($1, $2, $3, $4, $5) on conflict do nothing', [stream, node.id, node.label, head.epoch, head.position]);
  await sql.query(`delete from flow_cursor where ctid in (select ctid from flow_cursor order by asked_at desc offset ${limits.flowsCursors})`);
  return head;
}

/** Keeps the place; `behind` is what still lies in front of it. Never back, unless the history is another. */
export async function keepPlace(sql: Sql, stream: FlowStream, nodeId: string, to: Place, behind: number): Promise<void> {
  await sql.query('update flow_cursor set position = case when epoch = $3 then greatest(position, $4) else $4 end, epoch = $3, behind = $5 where stream = $1 and node_id = $2', [stream, nodeId, to.epoch, to.position, behind], 'flow-keep');
}

export type FlowPlace = { nodeId: string; stream: FlowStream; label: string; position: string; behind: number; askedAt: number };
export const listPlaces = (sql: Sql): Promise<FlowPlace[]> => sql.query<FlowPlace>(
  'select node_id as "nodeId", stream, label, position, behind::float8 as behind, asked_at as "askedAt" from flow_cursor order by behind desc, asked_at desc limit $1', [limits.flowsCursors]);

export type FlowEvent = {
  id: string; kind: string; edge: string; source: string; deviceId: string | null; homeId: string | null; personId: string | null; room: string | null; regionCode: string | null;
  model: string | null; type: string | null; receivedAt: number; deviceTime: number | null; result: string | null; alertId: string | null;
};
/** An event as flows see it, without what the device said of itself. */
export const flowEvents = `select e.id, e.kind, e.edge, e.source, e.device_id as "deviceId", coalesce(e.home_id, d.home_id) as "homeId", coalesce(e.person_id, d.person_id) as "personId", coalesce(e.room, d.room) as room,
       coalesce(h.region_code, nullif(d.region_code, '')) as "regionCode", d.model, m.type, e.received_at as "receivedAt", e.device_time as "deviceTime", e.result, e.alert_id as "alertId"
     from event e left join device d on d.id = e.device_id left join device_model m on m.id = d.model left join home h on h.id = coalesce(e.home_id, d.home_id)`;
/** Events after this number, in our own order, without what the device said of itself (it stays sealed); the house's own press is none. */
export function eventsAfter(sql: Sql, after: number, rows: number): Promise<FlowEvent[]> {
  return sql.query<FlowEvent>(`${flowEvents} where e.id > $1 order by e.id limit $2`, [after, rows], 'flow-events');
}
export async function lastEventId(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ id: string | null }>('select max(id) as id from event', [], 'flow-event-head');
  return Number(row?.id ?? 0);
}

export type FlowSample = { deviceId: string; model: string; regionCode: string; at: number; state: string; battery: number | null; rssi: number | null; mains: boolean | null; temp: number | null };
/** The last reading of devices that were heard after `since` (epoch ms), the oldest first. */
export function samplesSince(sql: Sql, f: { since: number; prefix: string; deviceId: string | null; batteryBelow: number | null; rows: number }): Promise<FlowSample[]> {
  return sql.query<FlowSample>(
    `select p.device_id as "deviceId", d.model, d.region_code as "regionCode", p.last_seen_at as at, p.state, p.battery, p.rssi, p.mains, p.temp
     from presence p join device d on d.id = p.device_id where d.status = 'installed' and p.last_seen_at > to_timestamp($1::float8 / 1000) and d.region_code like $2 || '%' and ($3::text is null or d.id = $3)
       and ($4::int is null or p.battery < $4) order by p.last_seen_at, p.device_id limit $5`, [f.since, f.prefix, f.deviceId, f.batteryBelow, f.rows], 'flow-samples');
}

/** Takes `n` of what may be done in a window; null: taken, else the milliseconds until it begins anew. */
export async function takeUse(sql: Sql, what: string, n: number, max: number, windowMs: number): Promise<number | null> {
  const [row] = await sql.query<{ used: number; leftMs: number }>(
    `insert into flow_use as u (what, window_at, used) values ($1, anling_now(), $2)
     on conflict (what) do update set used = case when u.window_at > anling_now() - $4 * interval '1 ms' then least(u.used + $2, 1000000) else $2 end,
       window_at = case when u.window_at > anling_now() - $4 * interval '1 ms' then u.window_at else anling_now() end,
       refused = case when u.window_at > anling_now() - $4 * interval '1 ms' and u.used + $2 > $3 then u.refused + 1 else u.refused end
     returning used, (extract(epoch from window_at - anling_now()) * 1000 + $4)::float8 as "leftMs"`, [what, n, max, windowMs], 'flow-use');
  return row && row.used > max ? Math.max(1_000, row.leftMs) : null;
}
export const listUses = (sql: Sql): Promise<{ what: string; windowAt: number; used: number; refused: number }[]> => sql.query(
  'select what, window_at as "windowAt", used, refused::float8 as refused from flow_use order by what');

/** A line on the timeline and a frame for the wall. The alert itself, its version, claim and timers stay as they are: a flow's word is nobody's step. False: no such alert. */
export async function addFlowNote(sql: Sql, seal: Seal, alertId: string, note: string, flow: string): Promise<boolean> {
  const [alert] = await sql.query<{ region: string | null }>('select region_code as region from alert where id = $1', [alertId]);
  if (!alert) return false;
  await insertLog(sql, seal, [{ alertId: alertId as never, entry: { actor: { type: 'system', id: 'flows' }, action: 'note', detail: { via: 'flow', flow }, note } }]);
  await appendFeed(sql, [{ alertId: alertId as never, regionCode: alert.region, type: 'alert', payload: { what: 'note' } }]);
  return true;
}

export type TeamMember = { party: string; phoneEnc: Buffer; phoneBidx: Buffer; demo: boolean };
/** Who of these roles is there now in a region, the nearest of the list first. */
export function teamOf(sql: Sql, prefix: string, roles: readonly string[], rows: number): Promise<TeamMember[]> {
  return sql.query<TeamMember>(
    `select 'responder:' || id as party, phone_enc as "phoneEnc", phone_bidx as "phoneBidx", demo from responder
     where role = any($2) and region_code like $1 || '%' and opted_out_at is null and not landline and (absent_until is null or absent_until < anling_now()) order by ord, id limit $3`, [prefix, roles, rows], 'flow-team');
}

export const incidentKinds = ['stuck', 'memory', 'flood', 'ended', 'unusable'] as const;
export type FlowIncident = { what: (typeof incidentKinds)[number]; tab: string | null; tabName: string | null; node: string | null; nodeName: string | null; detail: string };
/** Writes down why flows were ended, and forgets what is old. */
export async function noteIncident(sql: Sql, i: FlowIncident): Promise<void> {
  await sql.query('insert into flow_incident (what, tab, tab_name, node, node_name, detail) values ($1, $2, $3, $4, $5, $6)', [i.what, i.tab, i.tabName, i.node, i.nodeName, i.detail]);
  await sql.query(`delete from flow_incident where at < anling_now() - $1 * interval '1 ms'`, [limits.flowsKeepMs]);
}
export const listIncidents = (sql: Sql): Promise<(FlowIncident & { id: string; at: number })[]> => sql.query(
  'select id, at, what, tab, tab_name as "tabName", node, node_name as "nodeName", detail from flow_incident order by id desc limit $1', [limits.flowsShown]);
