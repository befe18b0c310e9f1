/**
 * Writing heartbeats and vital signs in batches. A column arrives as the text of a PostgreSQL array that grew frame by frame
 * (ColumnText): building it costs a little per message instead of one long turn per batch (law 8: no turn over 5 ms).
 */
import type { Sql } from './pool.ts';

/** One column of a batch as the literal text of a PostgreSQL array. */
export class ColumnText {
  #text = '{';

  /** Adds a number, or null. */
  add(value: number | boolean | null | undefined): void {
    this.#text += this.#text.length === 1 ? `${value ?? 'null'}` : `,${value ?? 'null'}`;
  }

  /** Adds a word that needs no quoting, bytes, or null. */
  addText(value: string | null | undefined): void { this.#raw(value == null ? 'null' : `"${value.replace(/["\\]/g, '\\$&')}"`); }
  addBytes(value: Uint8Array | null): void { this.#raw(value === null ? 'null' : `"\\\\x${Buffer.from(value).toString('hex')}"`); }

  #raw(text: string): void { this.#text += this.#text.length === 1 ? text : `,${text}`; }

  toString(): string { return `${this.#text}}`; }
}

const heartbeats = `
with clock as materialized (select anling_now() as now)
insert into heartbeat (received_at, device_time, device_no, seq, battery, rssi, mains, temp, extra_enc)
select clock.now - make_interval(secs => ($10::float8 - h.arrived_ms) / 1000.0), to_timestamp(h.device_ms / 1000.0), h.no, h.seq, h.battery, h.rssi, h.mains, h.temp, h.extra
from clock, unnest($1::float8[], $2::float8[], $3::int[], $4::int[], $5::smallint[], $6::smallint[], $7::boolean[], $8::real[], $9::bytea[])
  as h(arrived_ms, device_ms, no, seq, battery, rssi, mains, temp, extra)`;

const vitals = `
with clock as materialized (select anling_now() as now)
insert into vital (received_at, device_time, device_no, heart_rate, breath, spo2, sbp, dbp, body_temp, bed, extra_enc)
select clock.now - make_interval(secs => ($12::float8 - v.arrived_ms) / 1000.0), to_timestamp(v.device_ms / 1000.0), v.no, v.heart_rate, v.breath, v.spo2, v.sbp, v.dbp, v.body_temp, v.bed, v.extra
from clock, unnest($1::float8[], $2::float8[], $3::int[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::smallint[], $9::real[], $10::text[], $11::bytea[])
  as v(arrived_ms, device_ms, no, heart_rate, breath, spo2, sbp, dbp, body_temp, bed, extra)`;

/** Columns: arrival (monotonic ms), device time ms, device no, seq, battery, rssi, mains, temp, extra; `nowMs` by the same monotonic clock. */
export async function insertHeartbeats(sql: Sql, columns: readonly string[], nowMs: number): Promise<void> {
  await sql.query(heartbeats, [...columns, nowMs], 'heartbeats-insert');
}

/** Columns: arrival (monotonic ms), device time ms, device no, heart rate, breath, spo2, systolic, diastolic, body temperature, bed, extra. */
export async function insertVitals(sql: Sql, columns: readonly string[], nowMs: number): Promise<void> {
  await sql.query(vitals, [...columns, nowMs], 'vitals-insert');
}
