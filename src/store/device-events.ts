/** What one device has reported and what became of it: the evidence of an acceptance, and of whoever compares ledgers. */
import type { Edge, EventKind, EventSource, Priority } from '#core/event.ts';
import type { Sql } from './pool.ts';

export type DeviceEvent = {
  id: string; kind: EventKind; edge: Edge; source: EventSource; urgency: Priority; sourceEventId: string | null; ref: string | null; deviceTime: number | null; receivedAt: number;
  evaluatedAt: number | null; /** opened, merged, duplicate, ignored:…; null while it waits */ result: string | null; alertId: string | null; flags: string[]; trace: string;
};
export type DeviceEventFilter = { deviceId: string; kind: string | null; sourceEventId: string | null; /** only ids below this one */ before: string | null; limit: number };

/** Newest first, by our own order; one row more than `limit` tells that there is more. Location and data of the frame stay sealed. */
export function listDeviceEvents(sql: Sql, f: DeviceEventFilter): Promise<DeviceEvent[]> {
  return sql.query<DeviceEvent>(
    `select id, kind, edge, source, urgency, source_event_id as "sourceEventId", ref, device_time as "deviceTime", received_at as "receivedAt", evaluated_at as "evaluatedAt", result, alert_id as "alertId", flags, trace
     from event where device_id = $1 and ($2::text is null or kind = $2) and ($3::text is null or source_event_id = $3) and ($4::bigint is null or id < $4) order by id desc limit $5`,
    [f.deviceId, f.kind, f.sourceEventId, f.before, f.limit + 1], 'device-events');
}
