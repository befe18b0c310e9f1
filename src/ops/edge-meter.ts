/**
 * The figures of the device side: what came, what was acknowledged, what was refused and why, and how long it took.
 * Cost 2.2 % of the edge's CPU per heartbeat, 0.3 to 0.5 µs (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import type { Channel, Door } from '#core/publish.ts';
import { createIntakeLedger, type IntakeLedger } from './intake-ledger.ts';
import type { Counter, Metrics } from './metrics.ts';

export type EdgeMeter = {
  received(channel: Channel, door: Door): void;
  /** A PUBACK (or HTTP 200) so many milliseconds after the frame was whole. */
  acknowledged(channel: Channel, ms: number): void;
  /** A connection, login or frame that was refused. */
  rejected(reason: string): void;
  quarantined(reason: string): void;
  /** Accepted, but noteworthy: qos0-event, retained-stripped, duplicate-qos2, telemetry-shed, telemetry-merged. */
  noted(what: string, times?: number): void;
  batch(lane: string, rows: number, ms: number): void;
  /** What came in and what became of it, lane by lane. */ ledger: IntakeLedger;
  /** Kept in the spool while the database is away, and committed from it. */
  spooled(lane: string, rows: number): void;
  replayed(lane: string, rows: number): void;
};

const msBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];
const rowBuckets = [1, 4, 16, 64, 128, 256, 512, 1_000, 2_000];

/** Makes the instruments; counting costs well under a microsecond per message. */
export function createEdgeMeter(metrics: Metrics): EdgeMeter {
  const received = metrics.counter('frames_received_total', 'Frames received from devices', ['channel', 'door']);
  const acknowledged = metrics.counter('frames_acknowledged_total', 'Frames acknowledged after their commit', ['channel']);
  const rejected = metrics.counter('edge_rejected_total', 'Connections, logins and frames refused', ['reason']);
  const quarantined = metrics.counter('quarantined_total', 'Frames that could not be read', ['reason']);
  const noted = metrics.counter('edge_noted_total', 'Frames accepted with a remark', ['what']);
  const ackMs = metrics.histogram('ack_ms', 'Milliseconds from a whole frame to its acknowledgement', msBuckets, ['channel']);
  const batchRows = metrics.histogram('batch_rows', 'Rows of one write', rowBuckets, ['lane']);
  const spooled = metrics.counter('spooled_total', 'Items kept in the spool while the database was away', ['lane']);
  const replayed = metrics.counter('replayed_total', 'Items of the spool committed by the database', ['lane']);
  const batchMs = metrics.histogram('batch_ms', 'Milliseconds of one write', msBuckets, ['lane']);
  const acknowledge = tally(acknowledged, ['channel']);
  return {
    ledger: createIntakeLedger(metrics),
    received: tally(received, ['channel', 'door']),
    acknowledged(channel, ms) { acknowledge(channel); ackMs.observe({ channel }, ms); },
    rejected: (reason) => rejected.inc({ reason }),
    quarantined: (reason) => quarantined.inc({ reason }),
    noted: (what, times = 1) => noted.inc({ what }, times),
    spooled: (lane, rows) => spooled.inc({ lane }, rows),
    replayed: (lane, rows) => replayed.inc({ lane }, rows),
    batch(lane, rows, ms) { batchRows.observe({ lane }, rows); batchMs.observe({ lane }, ms); },
  };
}

/** Counts per frame by one or two words without making a label object each: the counter is brought up to date when somebody asks. */
function tally(counter: Counter, [first = '', second]: readonly [string, string?]): (a: string, b?: string) => void {
  const rows: { a: string; b: string | undefined; count: number }[] = [];
  (counter as unknown as { collect: () => void }).collect = () => {
    for (const row of rows) {
      counter.inc({ [first]: row.a, ...(second !== undefined && row.b !== undefined && { [second]: row.b }) }, row.count);
      row.count = 0;
    }
  };
  return (a, b) => {
    for (const row of rows) if (row.a === a && row.b === b) { row.count++; return; }
    rows.push({ a, b, count: 1 });
  };
}

/** A gauge that is read when somebody asks. */
export function gaugeOf(metrics: Metrics, name: string, help: string, read: () => number): void {
  const gauge = metrics.gauge(name, help);
  // prom-client calls `collect` before each exposition; the instrument is made once per registry.
  (gauge as unknown as { collect: () => void }).collect = () => gauge.set(read());
}
