/**
 * The telemetry lane: heartbeats and vital signs in batches of hundreds of milliseconds and thousands of rows. QoS 1 is
 * acknowledged after the flush; QoS 0 is not waited for, and shed (counted) when limits.telemetryQueueRows wait. `flush`
 * begins at once, for an alarm that stands behind a heartbeat on its socket (law 8); two writes may be under way for that. While the
 * database is away batches go to the spool; when its share is used up they are shed and counted: acknowledged although they are gone,
 * because a heartbeat withheld would hold up the alarm behind it, and that the device lives is remembered by intake/presence.ts.
 * Insert (columns, batch, pg): 11 % of the edge's CPU per heartbeat, 1.6 to 2.3 µs; the garbage of the frames in flight 12 %, 1.8 to 2.4 µs (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import { limits } from '#core/limits.ts';
import type { HeartbeatReading, VitalsReading } from '#core/event.ts';
import type { Accepted, Publish } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Fate } from '#ops/intake-ledger.ts';
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { arraysOf, type HeartbeatColumns, heartbeatColumns, insertHeartbeats, insertVitals, type VitalColumns, vitalColumns } from '#store/telemetry.ts';
import { eitherPlace } from '#work/outlasts.ts';
import { pause } from '#work/pause.ts';
import { isRowFault } from './durable.ts';
import type { Spooling, SpoolLane } from './spool.ts';

const lanes = 2;
/** Adds one row to the columns. */
type Fill<Columns> = (columns: Columns) => void;
/** Frames of QoS 1 that are acknowledged in one turn; they share one promise. */
type Group = { frames: number; committed: Promise<Accepted>; resolve: (accepted: Accepted) => void; reject: (error: unknown) => void };
type Batch<Columns> = {
  columns: Columns; rows: number; groups: Group[];
  /** Rows of flapping devices by device number: only the newest of a batch is written. */ merged: Map<number, Fill<Columns>>;
};

/** So many frames are acknowledged in one turn: a PUBACK is a system call of some 10 µs, and no turn may last 5 ms (law 8). */
const acknowledgedPerTurn = 64;
const stored: Accepted = { result: 'stored' };
const storedAtOnce = Promise.resolve(stored);

/** A closed batch as the database takes it. */
type Closed = { no: number; arrays: Uint8Array[]; rows: number };
type LaneOptions<Columns> = {
  name: string; db: Db; columns: () => Columns; insert: (db: Db, arrays: readonly Uint8Array[], nowMs: number) => Promise<void>; meter: EdgeMeter; log: Logger; spooling: Spooling | null;
};

class TelemetryLane<Columns extends HeartbeatColumns | VitalColumns> {
  readonly #options: LaneOptions<Columns>;
  readonly #spool: SpoolLane<Closed> | null;
  /** What the database still does of batches that went to the spool: heartbeats have no id by which a second write would write nothing. */
  readonly #abandoned = new Map<number, Promise<Accepted | Error>>();
  /** Batches of the spool that the database refuses for themselves. */
  readonly #leftOut = new Set<Closed>();
  #batches = 0;
  #open: Batch<Columns>;
  #closed: Batch<Columns>[] = [];
  #writing = 0;
  #rows = 0;
  #queued = 0;
  #kept = 0;
  #timer: NodeJS.Timeout | null = null;
  #hurry = false;
  #stopping = false;
  #room: (() => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(options: LaneOptions<Columns>) {
    this.#options = options;
    this.#open = this.#newBatch();
    this.#spool = options.spooling?.lane<Closed>({
      name: options.name, rows: 1, // a turn writes one batch: what a failure leaves undone is not written twice
      replay: async (kept) => {
        for (const { item, nowMs, own } of kept) {
          const outcome = own ? await this.#abandoned.get(item.no) : undefined;
          if (own) this.#abandoned.delete(item.no);
          if (outcome === undefined || outcome instanceof Error) await options.insert(options.db, item.arrays, nowMs).catch((error: unknown) => {
            if (!isRowFault(error)) throw error;
            this.#leftOut.add(item);
            options.log.error({ lane: options.name, rows: item.rows, error: (error as Error).message }, 'the database refuses a batch of the spool; it is left out');
          });
        }
      },
      replayed: (items) => {
        for (const { item, own } of items) {
          if (own) this.#kept -= item.rows; else options.meter.ledger.adopted('telemetry', item.rows);
          this.#ended(this.#leftOut.delete(item) ? 'refused' : 'committed', item.rows);
        }
      },
    }) ?? null;
  }

  /** Rows that are not committed yet. */
  get waiting(): number { return this.#rows; }
  /** Those, and the frames that wait for room. */
  get pending(): number { return this.#rows + this.#queued; }
  /** Rows of this process that stand in the spool. */
  get kept(): number { return this.#kept; }

  /** One row; resolves when it is committed (QoS 0: at once). Thousands a second: nothing here is asynchronous that need not be. */
  add(publish: Publish, fill: Fill<Columns>): Promise<Accepted> {
    if (this.#rows < limits.telemetryQueueRows) return this.#take(publish, fill);
    if (publish.qos === 0) { this.#options.meter.noted('telemetry-shed'); this.#ended('shed', 1); return Promise.resolve({ result: 'shed' }); }
    this.#queued++;
    return new Promise<void>((resolve) => this.#room.push(resolve)).then(() => { this.#queued--; return this.add(publish, fill); });
  }

  #take(publish: Publish, fill: Fill<Columns>): Promise<Accepted> {
    const batch = this.#open;
    if (publish.flapping) {
      if (batch.merged.has(publish.device.no)) { this.#options.meter.noted('telemetry-merged'); this.#ended('merged', 1); } else { batch.rows++; this.#rows++; }
      batch.merged.set(publish.device.no, fill);
    } else {
      fill(batch.columns);
      batch.rows++;
      this.#rows++;
    }
    const waits = publish.qos > 0 || publish.door !== 'mqtt';
    const committed = waits ? board(batch.groups) : storedAtOnce;
    if (batch.rows >= limits.telemetryBatchRows) this.#close();
    else if (publish.hurry) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), limits.telemetryBatchMs);
    return committed;
  }

  #ended(fate: Fate, n: number): void { this.#options.meter.ledger.ended('telemetry', fate, n); }

  /** Begins to write what waits as soon as a lane is free. */
  flush(): void {
    if (this.#timer) { clearTimeout(this.#timer); this.#timer = null; }
    this.#hurry = true;
    this.#pump();
  }

  #close(): void {
    if (this.#timer) { clearTimeout(this.#timer); this.#timer = null; }
    this.#closed.push(this.#open);
    this.#open = this.#newBatch();
    this.#pump();
  }

  #pump(): void {
    while (this.#writing < lanes) {
      let batch = this.#closed.shift();
      if (!batch && this.#hurry && this.#open.rows > 0) {
        batch = this.#open;
        this.#open = this.#newBatch();
      }
      if (!batch) { this.#hurry = false; break; }
      void this.#write(batch);
    }
  }

  #newBatch(): Batch<Columns> { return { columns: this.#options.columns(), rows: 0, merged: new Map(), groups: [] }; }

  async #write(batch: Batch<Columns>): Promise<void> {
    this.#writing++;
    for (const fill of batch.merged.values()) fill(batch.columns);
    const outcome = await this.#settle({ no: ++this.#batches, arrays: arraysOf(batch.columns), rows: batch.rows });
    letGo(batch.groups, (group) => { if (outcome instanceof Error) group.reject(outcome); else group.resolve(outcome); });
    this.#rows -= batch.rows;
    this.#writing--;
    for (const go of this.#room.splice(0)) go();
    this.#pump();
    if (this.#writing === 0 && this.#rows === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** The database, or after limits.spoolAfterMs the spool; the error when the database refuses the batch for itself. */
  async #settle(batch: Closed): Promise<Accepted | Error> {
    const spool = this.#spool;
    return eitherPlace({
      away: () => spool?.away() ?? false, afterMs: spool ? limits.spoolAfterMs : null, begin: (state) => this.#insert(batch, state),
      keep: async (working) => {
        if (working) this.#abandoned.set(batch.no, working);
        return spool && this.#keep(spool, batch);
      },
      settled: (outcome) => { this.#ended(outcome instanceof Error ? 'refused' : 'committed', batch.rows); },
    });
  }

  async #keep(spool: SpoolLane<Closed>, batch: Closed): Promise<Accepted> {
    try {
      if (this.#options.spooling?.crowded) throw new Error('its share of the spool is used up');
      await spool.keep([batch]);
      this.#kept += batch.rows;
      return stored;
    } catch (error) {
      this.#abandoned.delete(batch.no);
      this.#options.meter.noted('telemetry-shed', batch.rows);
      this.#ended('shed', batch.rows);
      this.#options.log.warn({ lane: this.#options.name, rows: batch.rows, error: (error as Error).message }, 'telemetry is shed');
      return { result: 'shed' };
    }
  }

  async #insert(batch: Closed, state: { readonly abandoned: boolean }): Promise<Accepted | Error> {
    const startedMs = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#options.insert(this.#options.db, batch.arrays, performance.now());
        this.#options.meter.batch(this.#options.name, batch.rows, performance.now() - startedMs);
        return stored;
      } catch (error) {
        const passing = !isRowFault(error) && !this.#stopping && !state.abandoned;
        if (attempt === 1 || !passing) this.#options.log.warn({ lane: this.#options.name, error: (error as Error).message, rows: batch.rows, again: passing }, 'telemetry not committed');
        if (!passing) return error as Error;
        // Without a spool for as long as the database is away: the queue is bounded, the doors answer pings themselves, nobody is cut off.
        await pause(Math.min(50 * 2 ** attempt, 1_000));
      }
    }
  }

  /** Writes what waits; from now on a failure is final. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.flush();
    if (this.#rows > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}

/** A place in the last group that has one. */
function board(groups: Group[]): Promise<Accepted> {
  let group = groups.at(-1);
  if (group === undefined || group.frames >= acknowledgedPerTurn) {
    const { promise, resolve, reject } = Promise.withResolvers<Accepted>();
    group = { frames: 0, committed: promise, resolve, reject };
    groups.push(group);
  }
  group.frames++;
  return group.committed;
}

/** In their order, a group per turn. */
function letGo(groups: readonly Group[], go: (group: Group) => void): void {
  let at = 0;
  const step = (): void => {
    const group = groups[at++];
    if (group) go(group);
    if (at < groups.length) setImmediate(step);
  };
  step();
}

export type Telemetry = {
  heartbeat(publish: Publish, reading: HeartbeatReading, extra: Record<string, unknown> | null): Promise<Accepted>;
  vitals(publish: Publish, reading: VitalsReading, extra: Record<string, unknown> | null): Promise<Accepted>;
  flush(): void;
  readonly waiting: number; readonly pending: number; readonly kept: number;
  stop(): Promise<void>;
};

export function openTelemetry(options: { db: Db; seal: Seal; meter: EdgeMeter; log: Logger; spooling: Spooling | null }): Telemetry {
  const { seal } = options;
  const vitals = new TelemetryLane({ ...options, name: 'vital', columns: vitalColumns, insert: insertVitals });
  const heartbeats = new TelemetryLane({ ...options, name: 'heartbeat', columns: heartbeatColumns, insert: insertHeartbeats });
  const sealed = (column: string, extra: Record<string, unknown> | null): Uint8Array | null => (extra === null ? null : seal.seal(column, JSON.stringify(extra)));
  return {
    heartbeat(publish, r, extra) {
      const bytes = sealed('heartbeat.extra', extra);
      return heartbeats.add(publish, (c) => {
        c.arrived.add(publish.arrivedMs); c.deviceTime.add(r.deviceTime); c.no.add(publish.device.no); c.seq.add(r.seq); c.battery.add(r.battery);
        c.rssi.add(r.rssi); c.mains.add(r.mains); c.temp.add(r.temp); c.extra.addBytes(bytes);
      });
    },
    vitals(publish, r, extra) {
      const bytes = sealed('vital.extra', extra);
      return vitals.add(publish, (c) => {
        c.arrived.add(publish.arrivedMs); c.deviceTime.add(r.deviceTime); c.no.add(publish.device.no); c.heartRate.add(r.heartRate); c.breath.add(r.breath); c.spo2.add(r.spo2);
        c.sbp.add(r.sbp); c.dbp.add(r.dbp); c.bodyTemp.add(r.bodyTemp); c.bed.addText(r.bed); c.extra.addBytes(bytes);
      });
    },
    flush() { heartbeats.flush(); vitals.flush(); },
    get waiting() { return heartbeats.waiting + vitals.waiting; }, get pending() { return heartbeats.pending + vitals.pending; }, get kept() { return heartbeats.kept + vitals.kept; },
    async stop() { await Promise.all([heartbeats.stop(), vitals.stop()]); },
  };
}
