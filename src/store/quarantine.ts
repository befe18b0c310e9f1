/** Quarantine (待查报文): frames nobody could read, raw and encrypted, kept until a decoder can. */
import type { Sql } from './pool.ts';

/** `rawSealed`: base64 of the bytes, sealed under 'quarantine.raw'. `bytes`: how long the frame really was. */
export type NewQuarantined = { ingestId: string; deviceId: string; topic: string; rawSealed: Uint8Array; bytes: number; reason: string; trace: string; ageMs: number };
export type Quarantined = {
  id: string; ingestId: string; deviceId: string; topic: string; rawSealed: Buffer; bytes: number; reason: string; receivedAt: number; trace: string; replayedAt: number | null; ageMs: number;
};

const insert = `
with clock as materialized (select anling_now() as now)
insert into quarantine (ingest_id, device_id, topic, raw_enc, bytes, reason, received_at, trace)
select q.ingest_id, q.device_id, q.topic, q.raw_enc, q.bytes, q.reason, clock.now - make_interval(secs => q.age_ms / 1000.0), q.trace
from clock, unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::int[], $6::text[], $7::text[], $8::float8[]) as q(ingest_id, device_id, topic, raw_enc, bytes, reason, trace, age_ms)
on conflict (ingest_id) do nothing`;

export async function insertQuarantined(sql: Sql, frames: readonly NewQuarantined[]): Promise<void> {
  await sql.query(insert, [
    frames.map((f) => f.ingestId), frames.map((f) => f.deviceId), frames.map((f) => f.topic), frames.map((f) => f.rawSealed), frames.map((f) => f.bytes),
    frames.map((f) => f.reason), frames.map((f) => f.trace), frames.map((f) => f.ageMs),
  ], 'quarantine-insert');
}

/** One frame, locked, so that two replays cannot both insert; null when there is none. */
export async function takeQuarantined(sql: Sql, id: string): Promise<Quarantined | null> {
  const rows = await sql.query<Quarantined>(`
    select id, ingest_id as "ingestId", device_id as "deviceId", topic, raw_enc as "rawSealed", bytes, reason, received_at as "receivedAt", trace, replayed_at as "replayedAt",
      (extract(epoch from anling_now() - received_at) * 1000)::float8 as "ageMs" from quarantine where id = $1 for update`, [id]);
  return rows[0] ?? null;
}

/** Notes what a replay came to; `replayed` false keeps the frame open for another. */
export async function noteReplay(sql: Sql, id: string, by: string, result: string, replayed: boolean): Promise<void> {
  await sql.query('update quarantine set replay_result = $2, replayed_by = $3, replayed_at = case when $4 then anling_now() end where id = $1', [id, result, by, replayed]);
}

/** Keeps the newest `rows` frames of a device; frames of the event topic go last. Returns how many went. */
export async function trimQuarantine(sql: Sql, deviceId: string, rows: number): Promise<number> {
  const gone = await sql.query(`
    delete from quarantine where id in (
      select id from quarantine where device_id = $1 order by (topic like '%/event') desc, id desc offset $2) returning id`, [deviceId, rows], 'quarantine-trim');
  return gone.length;
}
