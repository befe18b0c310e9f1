/**
 * The urgent lane (law 8): event rows over connections of their own, then a hint to the evaluators. The hint goes apart from
 * the insert: NOTIFY in its transaction would serialise the commits of all edges.
 * Measured (npm run bench -- doors, 2 busy shared cores, fsync on): 500 SOS/s at p50 4 ms from socket to PUBACK; 12,000 to 20,000 SOS/s
 * when 200 devices press as fast as they are acknowledged; 27 µs of the edge's CPU each in full batches, 350 µs alone.
 */
import { randomUUID } from 'node:crypto';
import { kindInfo, type Edge, type EventKind, type EventSource } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice } from '#core/publish.ts';
import { shardOf } from '#core/shard.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { hintEvents, insertEvents, type NewEvent } from '#store/events.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type DurableLane, durableSpec, openDurableLane } from './durable.ts';
import type { Spooling } from './spool.ts';

/** An event on its way: `arrivedMs` is monotonic; its age is taken when it is written. */
export type UrgentEvent = Omit<NewEvent, 'ageMs'> & { arrivedMs: number };
export type UrgentOptions = { db: Db; meter: EdgeMeter; log: Logger; poisoned(event: UrgentEvent, error: unknown): Promise<void>; spooling: Spooling | null };
export type Urgent = DurableLane<UrgentEvent> & { hint(): void };

export const aged = (event: UrgentEvent): NewEvent => ({ ...event, ageMs: Math.max(0, performance.now() - event.arrivedMs) });

/** See DurableLane; `hint` wakes the evaluators for rows that were written elsewhere. */
export function openUrgent(options: UrgentOptions): Urgent {
  const hint = coalescedHint(options.db);
  const work = {
    lane: 'urgent', meter: options.meter, log: options.log, poisoned: options.poisoned, ended: (fate: 'committed' | 'refused', n: number) => options.meter.ledger.ended('urgent', fate, n),
    async write(events: readonly UrgentEvent[]) {
      await insertEvents(options.db, events.map(aged));
      hint();
    },
  };
  const spool = options.spooling?.lane(durableSpec<UrgentEvent>({ ...work, alarms: true, rows: limits.spoolReplayRows, arrived: (event, at) => ({ ...event, arrivedMs: at(event.arrivedMs) }) }));
  const lane = openDurableLane<UrgentEvent>({ ...work, maxRows: limits.urgentBatchRows, ...(spool ? { spool } : {}) });
  return { add: lane.add, drain: lane.drain, refusing: lane.refusing, get waiting() { return lane.waiting; }, get pending() { return lane.pending; }, hint };
}

/** One NOTIFY under way at a time; what comes meanwhile is one more. */
function coalescedHint(db: Db): () => void {
  let state: 'idle' | 'sending' | 'again' = 'idle';
  const send = (): void => {
    state = 'sending';
    hintEvents(db).catch(() => {}).finally(() => {
      const again = state === 'again';
      state = 'idle';
      if (again) send();
    });
  };
  return () => { if (state === 'idle') send(); else state = 'again'; };
}

export type EventOf = {
  device: Pick<KnownDevice, 'id' | 'homeId'> | null; source: EventSource; kind: EventKind; trace: string; arrivedMs: number; edge?: Edge; urgency?: number;
  sourceEventId?: string | undefined; ref?: string | undefined; deviceTime?: number | undefined; confidence?: number | undefined;
  flags?: readonly string[]; location?: unknown; data?: Record<string, unknown> | undefined;
};

/** An event row in the making; location and data are sealed. */
export function eventOf(seal: Seal, e: EventOf): UrgentEvent {
  const details = e.location === undefined && e.data === undefined ? null : seal.seal('event.data', JSON.stringify({ location: e.location, data: e.data }));
  return {
    ingestId: randomUUID(), shard: shardOf(e.device?.homeId, e.device?.id, e.kind), urgency: e.urgency ?? kindInfo[e.kind].priority, deviceId: e.device?.id ?? null,
    source: e.source, kind: e.kind, edge: e.edge ?? 'raise', sourceEventId: e.sourceEventId ?? null, ref: e.ref ?? null, deviceTime: e.deviceTime ?? null,
    flags: e.flags ?? [], confidence: e.confidence ?? null, dataSealed: details, trace: e.trace, arrivedMs: e.arrivedMs,
  };
}
