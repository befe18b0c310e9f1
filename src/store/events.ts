/**
 * Writing events: one statement for a batch, a no-op when it ran before (unknown commit, law 1). Home, person and room are
 * read from the device's row at the moment of the insert, never from a cache: an alarm must not go to the wrong door.
 */
import { limits } from '#core/limits.ts';
import type { Edge, EventKind, EventSource } from '#core/event.ts';
import { hint, type Sql } from './pool.ts';

/** `ageMs` is how long ago the frame arrived; `dataSealed` is sealed under 'event.data'. */
export type NewEvent = {
  ingestId: string; shard: number; urgency: number; deviceId: string | null; source: EventSource; kind: EventKind; edge: Edge;
  sourceEventId: string | null; ref: string | null; deviceTime: number | null; flags: readonly string[]; confidence: number | null;
  dataSealed: Uint8Array | null; trace: string; ageMs: number;
};

// The sort keeps the order of arrival in the ids, which the evaluators follow.
const insert = `
with clock as materialized (select anling_now() as now)
insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, room, source, kind, edge, source_event_id, ref, device_time, received_at, flags, confidence, data_enc, trace)
select e.ingest_id, e.shard, e.urgency, e.device_id, d.home_id, coalesce(d.person_id, sole.id), d.room, e.source, e.kind, e.edge, e.source_event_id, e.ref,
  to_timestamp(e.device_ms / 1000.0), clock.now - make_interval(secs => e.age_ms / 1000.0),
  string_to_array(e.flags, ',') || case when to_timestamp(e.device_ms / 1000.0) < clock.now - make_interval(secs => (e.age_ms + ${limits.lateMs}) / 1000.0) then array['late'] else '{}' end,
  e.confidence, e.data_enc, e.trace
from clock, unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
  $10::float8[], $11::float8[], $12::text[], $13::real[], $14::bytea[], $15::text[]) with ordinality
  as e(ingest_id, shard, urgency, device_id, source, kind, edge, source_event_id, ref, device_ms, age_ms, flags, confidence, data_enc, trace, ord)
left join device d on d.id = e.device_id
-- A radar hangs on a room: who lives alone there is who it is about, so that his button and his radar are one person's.
left join lateral (select min(p.id) as id from person p where d.person_id is null and p.home_id = d.home_id and p.status = 'present' having count(*) = 1) sole on true
order by e.ord
on conflict (ingest_id) do nothing`;

/** Inserts the events in their order; those whose ingest id is there already stay as they are. */
export async function insertEvents(sql: Sql, events: readonly NewEvent[]): Promise<void> {
  await sql.query(insert, [
    events.map((e) => e.ingestId), events.map((e) => e.shard), events.map((e) => e.urgency), events.map((e) => e.deviceId), events.map((e) => e.source),
    events.map((e) => e.kind), events.map((e) => e.edge), events.map((e) => e.sourceEventId), events.map((e) => e.ref), events.map((e) => e.deviceTime),
    events.map((e) => e.ageMs), events.map((e) => e.flags.join(',')), events.map((e) => e.confidence), events.map((e) => e.dataSealed), events.map((e) => e.trace),
  ], 'events-insert');
}

/** Wakes the evaluators: a hint (law 2), so it is never waited for and may be lost. */
export async function hintEvents(sql: Sql): Promise<void> {
  await hint(sql, ['anling_event']);
}
