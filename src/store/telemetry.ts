/**
 * Writing heartbeats and vital signs in batches: a column is a PostgreSQL array in binary form that grew frame by frame, which
 * costs a little per message instead of one long turn per batch (law 8: no turn over 5 ms).
 */
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** PostgreSQL's array elements in binary form: type, bytes of a value, how it is written. */
const elements = {
  float8: { oid: 701, bytes: 8, put: (b: DataView, at: number, v: number) => b.setFloat64(at, v) },
  float4: { oid: 700, bytes: 4, put: (b: DataView, at: number, v: number) => b.setFloat32(at, v) },
  int4: { oid: 23, bytes: 4, put: (b: DataView, at: number, v: number) => b.setInt32(at, v) },
  int2: { oid: 21, bytes: 2, put: (b: DataView, at: number, v: number) => b.setInt16(at, v) },
  bool: { oid: 16, bytes: 1, put: (b: DataView, at: number, v: number) => b.setUint8(at, v) },
  text: { oid: 25, bytes: 0, put: () => {} },
  bytea: { oid: 17, bytes: 0, put: () => {} },
} as const;
const headerBytes = 20;

/**
 * One column of a batch as a PostgreSQL array in binary form, grown as the frames come: nothing is left to encode when the batch
 * closes, and nothing of it lies on the heap. As literal text (a rope of some 4,000 pieces per column) it cost the edge 30 % of
 * its CPU in garbage collection, with turns of 50 ms (law 8).
 */
class Column {
  readonly #element: (typeof elements)[keyof typeof elements];
  #bytes = Buffer.allocUnsafeSlow(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #at = headerBytes;
  #count = 0;
  #nulls = 0;

  constructor(type: keyof typeof elements) { this.#element = elements[type]; }

  /** Adds a number that fits the type, or null. */
  add(value: number | boolean | null | undefined): void {
    if (value === null || value === undefined) { this.#null(); return; }
    const { bytes, put } = this.#element;
    this.#begin(bytes);
    put(this.#view, this.#at, Number(value));
    this.#at += bytes;
  }

  addText(value: string | null | undefined): void { this.addBytes(value === null || value === undefined ? null : Buffer.from(value)); }

  addBytes(value: Uint8Array | null): void {
    if (value === null) { this.#null(); return; }
    this.#begin(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** The array as the value of a parameter: a Buffer is sent in binary form. */
  array(): Buffer {
    for (const [i, word] of [1, this.#nulls > 0 ? 1 : 0, this.#element.oid, this.#count, 1].entries()) this.#view.setInt32(i * 4, word);
    return this.#bytes.subarray(0, this.#at);
  }

  #null(): void {
    this.#begin(0);
    this.#view.setInt32(this.#at - 4, -1);
    this.#nulls++;
  }

  /** Room for a value, and its length. */
  #begin(bytes: number): void {
    if (this.#at + 4 + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * (this.#at + 4 + bytes));
      larger.set(this.#bytes.subarray(0, this.#at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#view.setInt32(this.#at, bytes);
    this.#at += 4;
    this.#count++;
  }
}

/** The columns of one batch, in the order of the statement. */
export type HeartbeatColumns = ReturnType<typeof heartbeatColumns>;
export type VitalColumns = ReturnType<typeof vitalColumns>;
/** `arrived` by the monotonic clock, `deviceTime` by the device's, both in milliseconds. */
export const heartbeatColumns = () => ({
  arrived: new Column('float8'), deviceTime: new Column('float8'), no: new Column('int4'), seq: new Column('int4'), battery: new Column('int2'),
  rssi: new Column('int2'), mains: new Column('bool'), temp: new Column('float4'), extra: new Column('bytea'),
});
export const vitalColumns = () => ({
  arrived: new Column('float8'), deviceTime: new Column('float8'), no: new Column('int4'), heartRate: new Column('int2'), breath: new Column('int2'), spo2: new Column('int2'),
  sbp: new Column('int2'), dbp: new Column('int2'), bodyTemp: new Column('float4'), bed: new Column('text'), extra: new Column('bytea'),
});
/** The columns as parameters of their insert; also what the spool keeps of a batch. */
export const arraysOf = (columns: HeartbeatColumns | VitalColumns): Buffer[] => Object.values(columns).map((column) => column.array());

const heartbeats = (late: boolean): string => `
with clock as materialized (select anling_now() as now)${late ? ', kept as (' : ''}
insert into heartbeat (received_at, device_time, device_no, seq, battery, rssi, mains, temp, extra_enc)
select clock.now - make_interval(secs => ($10::float8 - h.arrived_ms) / 1000.0), to_timestamp(h.device_ms / 1000.0), h.no, h.seq, h.battery, h.rssi, h.mains, h.temp, h.extra
from clock, unnest($1::float8[], $2::float8[], $3::int[], $4::int[], $5::smallint[], $6::smallint[], $7::boolean[], $8::real[], $9::bytea[])
  as h(arrived_ms, device_ms, no, seq, battery, rssi, mains, temp, extra)${late ? ` returning received_at)
insert into heartbeat_late (day) select distinct (received_at at time zone 'Asia/Shanghai')::date from kept` : ''}`;
const [inTime, tooLate] = [heartbeats(false), heartbeats(true)];

const vitals = `
with clock as materialized (select anling_now() as now)
insert into vital (received_at, device_time, device_no, heart_rate, breath, spo2, sbp, dbp, body_temp, bed, extra_enc)
select clock.now - make_interval(secs => ($12::float8 - v.arrived_ms) / 1000.0), to_timestamp(v.device_ms / 1000.0), v.no, v.heart_rate, v.breath, v.spo2, v.sbp, v.dbp, v.body_temp, v.bed, v.extra
from clock, unnest($1::float8[], $2::float8[], $3::int[], $4::smallint[], $5::smallint[], $6::smallint[], $7::smallint[], $8::smallint[], $9::real[], $10::text[], $11::bytea[])
  as v(arrived_ms, device_ms, no, heart_rate, breath, spo2, sbp, dbp, body_temp, bed, extra)`;

/**
 * `nowMs` by the clock of `arrived`. A batch whose oldest row waited longer than limits.rollLateMs (a spool's replay) marks its days, in the same
 * statement: a day that was rolled up before is rolled up again.
 */
export async function insertHeartbeats(sql: Sql, arrays: readonly Uint8Array[], nowMs: number): Promise<void> {
  const late = nowMs - firstOf(arrays[0]) > limits.rollLateMs;
  await sql.query(late ? tooLate : inTime, [...arrays, nowMs], late ? 'heartbeats-insert-late' : 'heartbeats-insert');
}

/** The first value of a float8 array without nulls; rows stand in the order of their arrival. */
function firstOf(array: Uint8Array | undefined): number {
  return array === undefined || array.byteLength < headerBytes + 12 ? Number.POSITIVE_INFINITY : new DataView(array.buffer, array.byteOffset).getFloat64(headerBytes + 4);
}

export async function insertVitals(sql: Sql, arrays: readonly Uint8Array[], nowMs: number): Promise<void> {
  await sql.query(vitals, [...arrays, nowMs], 'vitals-insert');
}
