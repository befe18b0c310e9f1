/**
 * The telemetry lane: heartbeats and vital signs in batches of hundreds of milliseconds and thousands of rows. QoS 1 is
 * acknowledged after the flush; QoS 0 is not waited for, and shed (counted) when limits.telemetryQueueRows wait. `flush`
 * begins at once, for an alarm that stands behind a heartbeat on its socket (law 8); two writes may be under way for that.
 * Measured (bench/doors.ts, 2 busy shared cores, fsync on): the edge spends 16 to 35 µs of CPU per heartbeat, all of it on the
 * way from socket to PUBACK; a full batch is handed to the database in under 1 ms because its text grew with the frames.
 */
import { limits } from '#core/limits.ts';
import type { HeartbeatReading, VitalsReading } from '#core/event.ts';
import type { Accepted, Publish } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { ColumnText, insertHeartbeats, insertVitals } from '#store/telemetry.ts';
import { isRowFault } from './durable.ts';

const lanes = 2;
type Insert = (db: Db, columns: readonly string[], nowMs: number) => Promise<void>;
/** Adds one row to the columns. */
type Fill = (columns: readonly ColumnText[]) => void;
type Batch = {
  columns: ColumnText[]; rows: number;
  /** Rows of flapping devices by device number: only the newest of a batch is written. */ merged: Map<number, Fill>;
  /** Frames of QoS 1 that wait for the commit. */ waiters: { resolve: (accepted: Accepted) => void; reject: (error: unknown) => void }[];
};

/** So many frames are acknowledged in one turn: a PUBACK is a system call of some 10 µs, and no turn may last 5 ms (law 8). */
const acknowledgedPerTurn = 64;

type LaneOptions = { name: string; db: Db; width: number; insert: Insert; meter: EdgeMeter; log: Logger };

class TelemetryLane {
  readonly #options: LaneOptions;
  #open: Batch;
  #closed: Batch[] = [];
  #writing = 0;
  #rows = 0;
  #timer: NodeJS.Timeout | null = null;
  #hurry = false;
  #stopping = false;
  #room: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#open = newBatch(options.width);
  }

  /** Rows that are not committed yet. */
  get waiting(): number { return this.#rows; }

  /** One row; resolves when it is committed (QoS 0: at once). */
  async add(publish: Publish, fill: Fill): Promise<Accepted> {
    while (this.#rows >= limits.telemetryQueueRows) {
      if (publish.qos === 0) { this.#options.meter.noted('telemetry-shed'); return { result: 'shed' }; }
      await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    const batch = this.#open;
    if (publish.flapping) {
      if (batch.merged.has(publish.device.no)) this.#options.meter.noted('telemetry-merged'); else { batch.rows++; this.#rows++; }
      batch.merged.set(publish.device.no, fill);
    } else {
      fill(batch.columns);
      batch.rows++;
      this.#rows++;
    }
    if (batch.rows >= limits.telemetryBatchRows) this.#close();
    else if (publish.hurry) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), limits.telemetryBatchMs);
    if (publish.qos === 0 && publish.door === 'mqtt') return { result: 'stored' };
    return await new Promise((resolve, reject) => batch.waiters.push({ resolve, reject }));
  }

  /** Begins to write what waits as soon as a lane is free. */
  flush(): void {
    if (this.#timer) { clearTimeout(this.#timer); this.#timer = null; }
    this.#hurry = true;
    this.#pump();
  }

  #close(): void {
    if (this.#timer) { clearTimeout(this.#timer); this.#timer = null; }
    this.#closed.push(this.#open);
    this.#open = newBatch(this.#options.width);
    this.#pump();
  }

  #pump(): void {
    while (this.#writing < lanes) {
      let batch = this.#closed.shift();
      if (!batch && this.#hurry && this.#open.rows > 0) {
        batch = this.#open;
        this.#open = newBatch(this.#options.width);
      }
      if (!batch) { this.#hurry = false; break; }
      void this.#write(batch);
    }
  }

  async #write(batch: Batch): Promise<void> {
    this.#writing++;
    const startedMs = performance.now();
    for (const fill of batch.merged.values()) fill(batch.columns);
    const columns = batch.columns.map(String);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#options.insert(this.#options.db, columns, performance.now());
        this.#options.meter.batch(this.#options.name, batch.rows, performance.now() - startedMs);
        letGo(batch.waiters, (waiter) => waiter.resolve({ result: 'stored' }));
        break;
      } catch (error) {
        const passing = !isRowFault(error) && !this.#stopping;
        if (attempt === 1 || !passing) this.#options.log.warn({ lane: this.#options.name, error: (error as Error).message, rows: batch.rows, again: passing }, 'telemetry not committed');
        if (!passing) { letGo(batch.waiters, (waiter) => waiter.reject(error)); break; }
        // For as long as the database is away: the queue is bounded, the doors answer pings themselves, nobody is cut off.
        await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** attempt, 1_000)));
      }
    }
    this.#rows -= batch.rows;
    this.#writing--;
    for (const go of this.#room.splice(0)) go();
    this.#pump();
    if (this.#writing === 0 && this.#rows === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** Writes what waits; from now on a failure is final. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.flush();
    if (this.#rows > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}

function newBatch(width: number): Batch {
  return { columns: Array.from({ length: width }, () => new ColumnText()), rows: 0, merged: new Map(), waiters: [] };
}

/** In their order, a few per turn. */
function letGo<W>(waiters: readonly W[], go: (waiter: W) => void): void {
  let at = 0;
  const step = (): void => {
    for (const end = Math.min(at + acknowledgedPerTurn, waiters.length); at < end; at++) go(waiters[at] as W);
    if (at < waiters.length) setImmediate(step);
  };
  step();
}

export type Telemetry = {
  heartbeat(publish: Publish, reading: HeartbeatReading, extra: Record<string, unknown> | null): Promise<Accepted>;
  vitals(publish: Publish, reading: VitalsReading, extra: Record<string, unknown> | null): Promise<Accepted>;
  flush(): void;
  readonly waiting: number;
  stop(): Promise<void>;
};

export function openTelemetry(options: { db: Db; seal: Seal; meter: EdgeMeter; log: Logger }): Telemetry {
  const { seal } = options;
  const heartbeats = new TelemetryLane({ ...options, name: 'heartbeat', width: 9, insert: insertHeartbeats });
  const vitals = new TelemetryLane({ ...options, name: 'vital', width: 11, insert: insertVitals });
  const sealed = (column: string, extra: Record<string, unknown> | null): Uint8Array | null => (extra === null ? null : seal.seal(column, JSON.stringify(extra)));
  return {
    heartbeat(publish, r, extra) {
      const bytes = sealed('heartbeat.extra', extra);
      return heartbeats.add(publish, ([at, device, no, seq, battery, rssi, mains, temp, kept]) => {
        at?.add(publish.arrivedMs); device?.add(r.deviceTime); no?.add(publish.device.no); seq?.add(r.seq); battery?.add(r.battery);
        rssi?.add(r.rssi); mains?.add(r.mains); temp?.add(r.temp); kept?.addBytes(bytes);
      });
    },
    vitals(publish, r, extra) {
      const bytes = sealed('vital.extra', extra);
      return vitals.add(publish, ([at, device, no, heart, breath, spo2, sbp, dbp, body, bed, kept]) => {
        at?.add(publish.arrivedMs); device?.add(r.deviceTime); no?.add(publish.device.no); heart?.add(r.heartRate); breath?.add(r.breath); spo2?.add(r.spo2);
        sbp?.add(r.sbp); dbp?.add(r.dbp); body?.add(r.bodyTemp); bed?.addText(r.bed); kept?.addBytes(bytes);
      });
    },
    flush() { heartbeats.flush(); vitals.flush(); },
    get waiting() { return heartbeats.waiting + vitals.waiting; },
    async stop() { await Promise.all([heartbeats.stop(), vitals.stop()]); },
  };
}
