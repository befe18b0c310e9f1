/**
 * The durable gate (law 1): one frame in, a promise out that resolves after the commit. Decodes, chooses the lane, derives
 * what the readings mean. Nothing here refuses a P1 (law 5): what cannot be read is kept and raises an alarm of its own.
 */
import { DecodeError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { DecodedEvent, VitalsReading } from '#core/event.ts';
import type { DeviceId } from '#core/ids.ts';
import type { Accept, Accepted, AcceptStranger, Channel, KnownDevice, Misuse, Publish, Refused, RefusedPush } from '#core/publish.ts';
import { vitalsChanges, type VitalsMemory } from '#core/vitals.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { LedgerLane } from '#ops/intake-ledger.ts';
import type { Logger } from '#ops/log.ts';
import { insertEvents } from '#store/events.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import type { Spool } from '#store/spool.ts';
import { keepTelemetryLayout } from '#store/telemetry-layout.ts';
import type { Decoded, Vendor } from '#vendors/vendor.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { outlasts } from '#work/outlasts.ts';
import { startDatabaseClock } from './clock.ts';
import { type LimitsOf, startVitalLimits } from './vital-limits.ts';
import { createFloodWatch } from './flood.ts';
import { startMisuseWatch } from './misuse.ts';
import { type Presence, startPresence } from './presence.ts';
import { openQuarantine, type Quarantine } from './quarantine.ts';
import { startRefusedList } from './refused.ts';
import { openTelemetry, type Telemetry } from './telemetry.ts';
import { createStrangers } from './strangers.ts';
import { openSpooling, type Spooling, type SpoolLane } from './spool.ts';
import { aged, eventOf, openUrgent, type Urgent } from './urgent.ts';

export type IntakeOptions = {
  /** Connections of the urgent lane alone (law 8), and those of everything else. */ urgentDb: Db; db: Db;
  seal: Seal; log: Logger; meter: EdgeMeter; vendor: Vendor; newTrace: () => string;
  /** Where frames are kept while the database is away; null: they wait for it. */ spool: Spool | null; /** Whether standby works on what stands there. */ held?: () => boolean;
  /** What a device says to a command of ours; resolves when it is committed. */ answered: (answer: { deviceId: string; id: string; ok: boolean; data: unknown }) => Promise<void>;
};
export type Intake = Service & {
  accept: Accept; stranger: AcceptStranger;
  /** Writes the telemetry that waits at once: an alarm stands behind it. */ hurry(): void;
  /** What was concluded from a device's readings is old: it was at another edge. */ forget(deviceId: string): void;
  /** A device has connected: what a will said of it is over. */ connected(device: KnownDevice): void;
  refused(refused: Refused): void;
  misuse(misuse: Misuse): void; refusedPush(refused: RefusedPush): void;
  /** The database's clock, by estimate. */ now(): number;
  /** Writes down every sign of life that was heard; resolves when it stands. */ writeSigns(): Promise<void>;
  /** The one clock was moved: looked at again at once. */ clockMoved(): void; /** A hint that rule parameters have changed. */ rulesChanged(): void;
  waiting(): { urgent: number; telemetry: number; presence: number; spooled: number };
};
type Parts = IntakeOptions & { urgent: Urgent; telemetry: Telemetry; quarantine: Quarantine; presence: Presence; signs: SpoolLane<KeptSign> | null; now: () => number; flooding: ReturnType<typeof createFloodWatch>; vitals: Map<string, VitalsMemory>; limits: LimitsOf; underWay: { presence: number } };

/** A word that a device is there, or that its will says it is gone: what presence must know of it, kept over an absence of the database. */
type KeptSign = { id: string; no: number; alive: boolean; saidOffline: boolean; trace: string; arrivedMs: number };

const layoutMs = 10 * 60_000;
const trimMs = 60_000;

export function startIntake(options: IntakeOptions): Intake {
  const { urgentDb, db, seal, log, meter, newTrace } = options;
  const clock = startDatabaseClock(db);
  const spooling = options.spool && openSpooling({ spool: options.spool, seal, meter, log, ...(options.held ? { held: options.held } : {}) });
  const urgent = openUrgent({
    db: urgentDb, meter, log, spooling,
    // A row that PostgreSQL refuses for itself: the alarm goes on with what is certain, without its details.
    async poisoned(event, error) {
      log.error({ deviceId: event.deviceId, kind: event.kind, trace: event.trace, error: (error as Error).message }, 'an event is stored without its details');
      await insertEvents(urgentDb, [aged({ ...event, sourceEventId: null, ref: null, deviceTime: null, confidence: null, dataSealed: null, flags: ['details-lost'] })]);
    },
  });
  const shared = { db, seal, meter, log, hint: urgent.hint, spooling };
  const quarantine = openQuarantine({ ...shared, urgentDb });
  const presence = startPresence(shared);
  const signs = spooling?.lane<KeptSign>({
    name: 'sign', rows: limits.spoolReplayRows, replayed: (items) => meter.ledger.ended('presence', 'committed', items.length),
    async replay(kept) {
      await Promise.all(kept.map(({ item: { id, no, alive, saidOffline, trace, arrivedMs }, nowMs, own }) => presence.note({
        device: { id: id as DeviceId, no, homeId: null, secretHash: new Uint8Array(), status: 'installed' }, atMs: performance.now() - Math.max(0, nowMs - arrivedMs), trace,
        // What this process has heard it still knows itself, and perhaps something newer: then only the write is waited for.
        ...(own ? { alive: false } : { alive, ...(saidOffline ? { saidOffline } : {}) }),
      }).committed()));
    },
  }) ?? null;
  const telemetry = openTelemetry(shared);
  const refused = startRefusedList({ ...shared, newTrace });
  const misuse = startMisuseWatch({ db, seal, log, newTrace, add(event) { meter.ledger.taken('urgent'); return urgent.add(event); } });
  const layout = startLoop({ name: 'telemetry-layout', pollMs: layoutMs, onError: (error) => log.warn({ error: (error as Error).message }, 'telemetry partitions not kept'), async turn() {
    const { made } = await keepTelemetryLayout(db);
    if (made.length > 0) log.info({ made }, 'telemetry partitions');
    return false;
  } });
  const trim = startLoop({ name: 'quarantine-trim', pollMs: trimMs, onError: () => {}, async turn() { await quarantine.trim(); return false; } });
  const measured = startVitalLimits({ db, log });
  const parts: Parts = { ...options, urgent, telemetry, quarantine, presence, signs, now: clock.now, flooding: createFloodWatch(misuse.note), vitals: new Map(), limits: measured, underWay: { presence: 0 } };
  keepBooks(parts, spooling);
  spooling?.start();
  return {
    name: 'intake', ready: urgent.refusing,
    accept: (publish) => acceptFrame(parts, publish), stranger: createStrangers({ seal, quarantine, refused: refused.note }), now: clock.now,
    connected: (device) => { presence.note({ device, atMs: performance.now(), trace: '', alive: false, saidOffline: false }); },
    forget(deviceId) { parts.vitals.delete(deviceId); presence.forget(deviceId); }, hurry: telemetry.flush, refused: refused.note, misuse: misuse.note, refusedPush: misuse.push, writeSigns: presence.flush, clockMoved: clock.look, rulesChanged: measured.look,
    waiting: () => ({ urgent: urgent.waiting, telemetry: telemetry.waiting, presence: presence.waiting, spooled: spooling?.rows() ?? 0 }),
    async stop() {
      await Promise.all([layout.stop(), trim.stop(), clock.stop(), measured.stop()]);
      await Promise.all([urgent.drain(), quarantine.drain(), telemetry.stop()]);
      await Promise.all([presence.stop(), refused.stop(), misuse.stop()]);
      await spooling?.stop();
    },
  };
}

/** Where the ledger finds what has not ended; what an earlier life left on the disk is adopted (its telemetry when it is opened, for a row there is a batch). */
function keepBooks({ meter: { ledger }, urgent, telemetry, quarantine, underWay }: Parts, spooling: Spooling | null): void {
  const kept = (...lanes: string[]) => (): number => spooling?.kept(...lanes) ?? 0;
  const inSpool = { urgent: kept('urgent'), quarantine: kept('quarantine-urgent', 'quarantine'), presence: kept('sign') };
  for (const lane of ['urgent', 'quarantine', 'presence'] as const) ledger.adopted(lane, inSpool[lane]());
  ledger.watch('urgent', { inflight: () => urgent.pending, spooled: inSpool.urgent });
  ledger.watch('quarantine', { inflight: () => quarantine.pending, spooled: inSpool.quarantine });
  ledger.watch('presence', { inflight: () => underWay.presence, spooled: inSpool.presence });
  ledger.watch('telemetry', { inflight: () => telemetry.pending, spooled: () => telemetry.kept });
}

/** Frames by their channel; one that nobody knows is about its device's life. */
const laneOf: Readonly<Record<Channel, LedgerLane>> = { event: 'urgent', heartbeat: 'telemetry', vitals: 'telemetry', status: 'presence', reply: 'presence', other: 'presence' };

/** A heartbeat takes the short way: no promise but that of its group of acknowledgements. */
function acceptFrame(parts: Parts, publish: Publish): Promise<Accepted> {
  parts.meter.received(publish.channel, publish.door);
  parts.meter.ledger.taken(laneOf[publish.channel]);
  const decoded = read(parts, publish);
  if (typeof decoded === 'string' || decoded.channel !== 'heartbeat') return acceptOther(parts, publish, decoded);
  parts.presence.note({ device: publish.device, atMs: publish.arrivedMs, trace: publish.trace, alive: true, reading: decoded.reading });
  return parts.telemetry.heartbeat(merging(parts, publish), decoded.reading, decoded.extra);
}

const merging = (parts: Parts, publish: Publish): Publish => (!publish.flapping && parts.flooding(publish) ? { ...publish, flapping: true } : publish);

async function acceptOther(parts: Parts, publish: Publish, decoded: Exclude<Decoded, { channel: 'heartbeat' }> | string): Promise<Accepted> {
  if (typeof decoded === 'string') {
    parts.meter.ledger.ended(laneOf[publish.channel], 'quarantined');
    await parts.quarantine.add(publish, decoded);
    parts.presence.note({ device: publish.device, atMs: publish.heardMs ?? publish.arrivedMs, trace: publish.trace, alive: true });
    return { result: 'quarantined', reason: decoded };
  }
  switch (decoded.channel) {
    case 'event': return await acceptEvent(parts, publish, decoded.event);
    case 'vitals': return await acceptVitals(parts, publish, decoded.reading, decoded.extra);
    case 'status': {
      // {"online":false} comes from a will as a rule: a hint for outages, never an alarm and never a sign of life.
      const sign = parts.presence.note({ device: publish.device, atMs: publish.arrivedMs, trace: publish.trace, alive: decoded.online, ...(!decoded.online && { saidOffline: true }) });
      if (publish.qos > 0) await accounted(parts, () => signed(parts, publish, decoded.online, sign.committed()));
      else parts.meter.ledger.ended('presence', 'noted');
      return { result: 'noted' };
    }
    case 'reply': {
      const sign = parts.presence.note({ device: publish.device, atMs: publish.arrivedMs, trace: publish.trace, alive: true });
      parts.log.info({ deviceId: publish.device.id, command: decoded.id, ok: decoded.ok, trace: publish.trace }, 'a device answered a command');
      const kept = parts.answered({ deviceId: publish.device.id, id: decoded.id, ok: decoded.ok, data: decoded.data });
      if (publish.qos > 0) await accounted(parts, async () => {
        // Both to their ends: where the answer is refused, its sign of life may stand on the disk all the same, one more item.
        const [answer, life] = await Promise.allSettled([kept, signed(parts, publish, true, sign.committed())]);
        if (life.status === 'fulfilled' && life.value) parts.meter.ledger.taken('presence');
        for (const end of [answer, life]) if (end.status === 'rejected') throw end.reason;
        return false;
      });
      else { kept.catch(() => {}); parts.meter.ledger.ended('presence', 'noted'); } // QoS 0 withholds nothing: the answer is lost, the command stands as acknowledged
      return { result: 'noted' };
    }
  }
}

/** Resolves when the sign of life is committed, or (true) kept while the database is away. */
async function signed({ signs }: Parts, { device: { id, no }, trace, arrivedMs }: Publish, alive: boolean, committed: Promise<void>): Promise<boolean> {
  if (!signs) return committed.then(() => false);
  committed.catch(() => {}); // it may end long after it was kept
  if (!(await outlasts([committed], signs.away() ? 0 : limits.spoolAfterMs))) return committed.then(() => false);
  await signs.keep([{ id, no, alive, saidOffline: !alive, trace, arrivedMs }]);
  return true;
}

/** A frame of the presence lane: under way until its end; `true`, it stands in the spool and ends from there. */
async function accounted({ meter, underWay }: Parts, work: () => Promise<boolean>): Promise<void> {
  underWay.presence++;
  try {
    if (!(await work())) meter.ledger.ended('presence', 'committed');
  } catch (error) {
    meter.ledger.ended('presence', 'refused');
    throw error;
  } finally {
    underWay.presence--;
  }
}

/** What the frame says, or why it cannot be read. */
function read(parts: Parts, publish: Publish): Decoded | string {
  if (publish.unreadable !== undefined) return publish.unreadable;
  if (publish.payload.length > limits.payloadBytes) return 'too large';
  try {
    return parts.vendor.decode(publish.channel, publish.payload, parts.now());
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    parts.log.error({ deviceId: publish.device.id, trace: publish.trace, error: (error as Error).message }, 'the decoder failed; the frame is kept');
    return 'decoder failed';
  }
}

async function acceptEvent(parts: Parts, publish: Publish, event: DecodedEvent): Promise<Accepted> {
  const { device, trace, arrivedMs } = publish;
  const unsafe = publish.qos === 0 && publish.door === 'mqtt';
  if (unsafe) parts.meter.noted('qos0-event');
  await parts.urgent.add(eventOf(parts.seal, { ...event, device, source: publish.door, trace, arrivedMs, flags: [...event.flags, ...(publish.heardMs !== undefined ? ['pulled'] : []), ...(unsafe ? ['qos0'] : []), ...(device.canary ? ['canary'] : [])] }));
  // Its own word about the mains counts like a heartbeat's; the delay and the one notice are supervision's.
  const mains = event.kind !== 'mains-lost' || event.edge === 'report' ? undefined : event.edge === 'clear';
  parts.presence.note({ device, atMs: publish.heardMs ?? arrivedMs, trace, alive: true, ...(mains !== undefined && { reading: { mains } }) });
  parts.log.info({ deviceId: device.id, kind: event.kind, edge: event.edge, trace, ms: Math.round(performance.now() - arrivedMs) }, 'event committed');
  return { result: 'stored' };
}

/** The row and what it means are committed before the acknowledgement. */
async function acceptVitals(parts: Parts, publish: Publish, reading: VitalsReading, extra: Record<string, unknown> | null): Promise<Accepted> {
  const { device, trace, arrivedMs } = publish;
  parts.presence.note({ device, atMs: arrivedMs, trace, alive: true });
  let memory = parts.vitals.get(device.id);
  if (!memory) { memory = {}; parts.vitals.set(device.id, memory); }
  // Found in a vendor's history: the reading stands where the vendor heard it, what it means arrives now.
  const pulled = publish.heardMs !== undefined;
  const changes = vitalsChanges(memory, reading, parts.limits.of(device.id)).map(({ kind, edge, ...data }) => eventOf(parts.seal, { device, source: 'vitals', kind, edge, trace, arrivedMs: pulled ? performance.now() : arrivedMs, deviceTime: reading.deviceTime, flags: pulled ? ['pulled'] : [], data }));
  const hurried = { ...merging(parts, publish), hurry: publish.hurry || changes.length > 0 };
  const [accepted] = await Promise.all([parts.telemetry.vitals(hurried, reading, extra), ...changes.map((event) => { parts.meter.ledger.taken('urgent'); return parts.urgent.add(event); })]).catch((error: unknown) => {
    parts.vitals.delete(device.id); // not committed: the device's next reading raises again
    throw error;
  });
  if (changes.length > 0) parts.log.info({ deviceId: device.id, kinds: changes.map((c) => `${c.kind} ${c.edge}`), trace }, 'vital signs crossed a limit');
  return accepted;
}
