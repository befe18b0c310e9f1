/**
 * Frames that nobody can read (待查报文, A10): raw and encrypted, counted, acknowledged, replayable. On the event topic, or
 * when their bytes hold sos, fall, smoke or gas, the same transaction inserts an `unreadable-alarm`: it may be an emergency.
 */
import { randomUUID } from 'node:crypto';
import { limits } from '#core/limits.ts';
import type { Publish } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { insertEvents } from '#store/events.ts';
import type { Db } from '#store/pool.ts';
import { insertQuarantined, type NewQuarantined, trimQuarantine } from '#store/quarantine.ts';
import type { Seal } from '#store/seal.ts';
import { maybeP1 } from './derive.ts';
import { type DurableLane, durableSpec, openDurableLane } from './durable.ts';
import type { Spooling } from './spool.ts';
import { aged, eventOf, type UrgentEvent } from './urgent.ts';

type Unreadable = { frame: Omit<NewQuarantined, 'ageMs'>; arrivedMs: number; alarm: UrgentEvent | null };
export type Quarantine = {
  /** Resolves when the frame is kept (and its alarm inserted); only its first limits.payloadBytes are. */
  add(publish: Publish, reason: string): Promise<void>;
  /** The same for a frame that no device of ours has sent, with the alarm that goes with it. */
  keep(frame: Pick<Publish, 'topic' | 'payload' | 'trace' | 'arrivedMs'> & { deviceId: string }, reason: string, alarm: UrgentEvent | null): Promise<void>;
  /** Keeps the newest frames of each device that sent some since the last call. */
  trim(): Promise<void>;
  /** Frames on their way. */ readonly pending: number;
  drain(): Promise<void>;
};

/** `urgentDb` writes what may be an alarm, `db` the rest: garbage heartbeats cannot hold up an alarm (law 8). */
export function openQuarantine(options: { urgentDb: Db; db: Db; seal: Seal; meter: EdgeMeter; log: Logger; hint: () => void; spooling: Spooling | null }): Quarantine {
  const { seal, meter, log } = options;
  const lane = (name: string, db: Db): DurableLane<Unreadable> => {
    const work = { lane: name, meter, log, ended: (fate: 'committed' | 'refused', n: number) => meter.ledger.ended('quarantine', fate, n), poisoned: (_item: Unreadable, error: unknown): Promise<void> => Promise.reject(error), write: (items: readonly Unreadable[]) => write(db, items) };
    const arrived = (item: Unreadable, at: (arrivedMs: number) => number): Unreadable =>
      ({ ...item, arrivedMs: at(item.arrivedMs), alarm: item.alarm && { ...item.alarm, arrivedMs: at(item.alarm.arrivedMs) } });
    const spool = options.spooling?.lane(durableSpec<Unreadable>({ ...work, alarms: name === 'quarantine-urgent', rows: limits.quarantineBatchRows, arrived }));
    return openDurableLane({ ...work, maxRows: limits.quarantineBatchRows, ...(spool ? { spool } : {}) });
  };
  const write = async (db: Db, items: readonly Unreadable[]): Promise<void> => {
    const alarms = items.flatMap((i) => (i.alarm ? [aged(i.alarm)] : []));
    await db.tx(async (sql) => {
      await insertQuarantined(sql, items.map((i) => ({ ...i.frame, ageMs: Math.max(0, performance.now() - i.arrivedMs) })));
      if (alarms.length > 0) await insertEvents(sql, alarms);
    });
    if (alarms.length > 0) options.hint();
  };
  const urgent = lane('quarantine-urgent', options.urgentDb);
  const calm = lane('quarantine', options.db);
  const touched = new Set<string>();
  const keep: Quarantine['keep'] = async ({ deviceId, topic, payload, trace, arrivedMs }, reason, alarm) => {
    const raw = Buffer.from(payload.subarray(0, limits.payloadBytes)).toString('base64');
    meter.quarantined(reason);
    meter.ledger.taken('quarantine');
    touched.add(deviceId);
    await (alarm ? urgent : calm).add({ frame: { ingestId: randomUUID(), deviceId, topic, rawSealed: seal.seal('quarantine.raw', raw), bytes: payload.length, reason, trace }, arrivedMs, alarm });
    log.warn({ deviceId, topic, reason, bytes: payload.length, alarm: alarm !== null, trace }, 'a frame nobody can read is in quarantine');
  };
  return {
    keep,
    async add(publish, reason) {
      const emergency = maybeP1(publish.payload);
      await keep({ ...publish, deviceId: publish.device.id }, reason, publish.channel === 'event' || emergency ? unreadableAlarm(seal, publish, reason, emergency) : null);
    },
    async trim() {
      const devices = [...touched];
      touched.clear();
      for (const device of devices) {
        const gone = await trimQuarantine(options.db, device, limits.quarantineRowsPerDevice);
        if (gone > 0) log.warn({ deviceId: device, gone }, 'quarantine of a device is full; its oldest frames went');
      }
    },
    get pending() { return urgent.pending + calm.pending; },
    async drain() { await Promise.all([urgent.drain(), calm.drain()]); },
  };
}

function unreadableAlarm(seal: Seal, publish: Publish, reason: string, emergency: boolean): UrgentEvent {
  return eventOf(seal, {
    device: publish.device, source: 'quarantine', kind: 'unreadable-alarm', urgency: emergency ? 1 : 2, flags: emergency ? ['maybe-p1'] : [],
    trace: publish.trace, arrivedMs: publish.arrivedMs, data: { reason, topic: publish.topic, bytes: publish.payload.length },
  });
}
