/**
 * Signs of life, coalesced: one row update per device in limits.presenceMs, many devices in one statement. What matters at
 * once (mains lost or back, a battery crossing its limit, a will) does not wait. The battery's transition is judged against
 * the row and its event is inserted in the same transaction: restarts and other edges cannot lose or double it.
 * Costs 1.7 % of the edge's CPU per heartbeat, 0.3 µs (npm run bench -- heartbeats --profile; all parts in bench/README.md).
 */
import { limits } from '#core/limits.ts';
import type { HeartbeatReading } from '#core/event.ts';
import type { KnownDevice } from '#core/publish.ts';
import type { Logger } from '#ops/log.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import { insertEvents } from '#store/events.ts';
import type { Db } from '#store/pool.ts';
import { type Seen, updatePresence } from '#store/presence.ts';
import type { Seal } from '#store/seal.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { aged, eventOf } from './urgent.ts';

/** One sign. `alive` false: only a hint: a will says that the device is gone (`saidOffline`), a connect that it is not. */
export type Sign = { device: KnownDevice; atMs: number; trace: string; alive: boolean; saidOffline?: boolean; reading?: HeartbeatReading };
export type Presence = Service & {
  /** Notes the sign; returns a promise of its commit for who must wait for it. */
  note(sign: Sign): { committed(): Promise<void> };
  /** Writes everything that waits, and resolves when it stands. */ flush(): Promise<void>;
  /** What this edge knows of the device's row is old. */ forget(deviceId: string): void;
  readonly waiting: number;
};
type Battery = 'low' | 'good' | null;
/** What this edge knows of a device's row. */
type Known = { writtenMs: number; mains: boolean | null; battery: Battery; gone: boolean };
type Pending = {
  device: KnownDevice; trace: string; dueMs: number; seen: Omit<Seen, 'deviceId' | 'ageMs'>; atMs: number;
  waiters: { resolve: () => void; reject: (e: unknown) => void }[]; committed: () => Promise<void>;
};

const batteryOf = (percent: number | undefined): Battery => (percent === undefined ? null : percent < limits.batteryLow ? 'low' : percent > limits.batteryGood ? 'good' : null);

export function startPresence(options: { db: Db; seal: Seal; log: Logger; meter: EdgeMeter; hint: () => void }): Presence {
  const { db, seal, log, meter } = options;
  const known = new Map<string, Known>();
  const pending = new Map<string, Pending>();
  let underWay: Promise<unknown> = Promise.resolve();
  const write = async (batch: readonly Pending[]): Promise<void> => {
    const startedMs = performance.now();
    const changes = await db.tx(async (sql) => {
      const found = await updatePresence(sql, batch.map((p) => ({ deviceId: p.device.id, ageMs: Math.max(0, startedMs - p.atMs), ...p.seen })));
      const of = new Map(batch.map((p) => [p.device.id as string, p]));
      const events = found.flatMap((change) => {
        const p = of.get(change.deviceId);
        return p ? [aged(eventOf(seal, { device: p.device, source: 'heartbeat', kind: 'low-battery', edge: change.edge, trace: p.trace, arrivedMs: p.atMs, data: { battery: change.battery } }))] : [];
      });
      if (events.length > 0) await insertEvents(sql, events);
      return found;
    });
    if (changes.length > 0) { options.hint(); log.info({ changes: changes.length }, 'battery transitions'); }
    meter.batch('presence', batch.length, performance.now() - startedMs);
    for (const p of batch) for (const w of p.waiters) w.resolve();
  };
  const loop = startLoop({
    name: 'presence', pollMs: limits.pollMs,
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'presence not written, trying again'); },
    async turn() {
      const nowMs = performance.now();
      const batch: Pending[] = [];
      for (const p of pending.values()) {
        if (p.dueMs > nowMs) continue;
        batch.push(p);
        if (batch.length === limits.presenceRows) break;
      }
      if (batch.length === 0) return false;
      for (const p of batch) pending.delete(p.device.id);
      try {
        underWay = write(batch);
        await underWay;
      } catch (error) {
        for (const p of batch) keepOlder(pending, p);
        throw error;
      }
      for (const p of batch) remember(known, p, nowMs);
      return batch.length === limits.presenceRows;
    },
  });
  return {
    name: 'presence', ready: () => null,
    note(sign) {
      const p = merge(pending, sign, known.get(sign.device.id), loop.wake);
      if (p.dueMs === 0) loop.wake();
      return p;
    },
    forget: (deviceId) => { known.delete(deviceId); }, get waiting() { return pending.size; },
    async flush() {
      const written = [...pending.values()].map((p) => { p.dueMs = 0; return new Promise<void>((resolve, reject) => { p.waiters.push({ resolve, reject }); }); });
      loop.wake();
      await Promise.allSettled([underWay, ...written]);
    },
    async stop() {
      await loop.stop();
      const rest = [...pending.values()];
      pending.clear();
      for (let i = 0; i < rest.length; i += limits.presenceRows) await write(rest.slice(i, i + limits.presenceRows)).catch((error: Error) => log.warn({ error: error.message }, 'presence not written at the end'));
      for (const p of rest) for (const w of p.waiters) w.reject(new Error('stopping'));
    },
  };
}

/** Adds a sign to what waits for its device; 0 as due time means at once. */
function merge(pending: Map<string, Pending>, sign: Sign, known: Known | undefined, wake: () => void): Pending {
  const r = sign.reading ?? {};
  const battery = batteryOf(r.battery);
  const matters = sign.saidOffline === true || (known?.gone === true && (sign.alive || sign.saidOffline === false)) || (r.mains !== undefined && r.mains !== (known?.mains ?? null)) || (battery !== null && battery !== (known?.battery ?? null));
  const dueMs = matters || !known ? 0 : known.writtenMs + limits.presenceMs;
  let p = pending.get(sign.device.id);
  if (!p) {
    const nothing = { seen: false, saidOffline: null, battery: null, rssi: null, mains: null, fw: null, cell: null, temp: null };
    const made: Pending = {
      device: sign.device, trace: sign.trace, dueMs, atMs: sign.atMs, seen: nothing, waiters: [],
      committed: () => new Promise((resolve, reject) => { made.waiters.push({ resolve, reject }); made.dueMs = 0; wake(); }),
    };
    p = made;
    pending.set(sign.device.id, p);
  }
  p.device = sign.device;
  if (sign.trace !== '') p.trace = sign.trace;
  p.dueMs = Math.min(p.dueMs, dueMs);
  p.atMs = Math.max(p.atMs, sign.atMs);
  const s = p.seen; // changed in place: a heartbeat costs no object here
  s.seen ||= sign.alive;
  s.saidOffline = sign.saidOffline ?? (sign.alive ? false : s.saidOffline);
  s.battery = r.battery ?? s.battery;
  s.rssi = r.rssi ?? s.rssi;
  s.mains = r.mains ?? s.mains;
  s.fw = r.fw ?? s.fw;
  s.cell = r.cell ?? s.cell;
  s.temp = r.temp ?? s.temp;
  return p;
}

/** A write failed: what came meanwhile is newer and wins, the rest is kept. */
function keepOlder(pending: Map<string, Pending>, older: Pending): void {
  const newer = pending.get(older.device.id);
  if (!newer) { pending.set(older.device.id, older); return; }
  const { seen } = newer;
  newer.seen = {
    seen: seen.seen || older.seen.seen, saidOffline: seen.saidOffline ?? older.seen.saidOffline, battery: seen.battery ?? older.seen.battery, rssi: seen.rssi ?? older.seen.rssi,
    mains: seen.mains ?? older.seen.mains, fw: seen.fw ?? older.seen.fw, cell: seen.cell ?? older.seen.cell, temp: seen.temp ?? older.seen.temp,
  };
  newer.dueMs = Math.min(newer.dueMs, older.dueMs);
  newer.waiters.push(...older.waiters);
}

function remember(known: Map<string, Known>, p: Pending, nowMs: number): void {
  const before = known.get(p.device.id);
  known.set(p.device.id, {
    writtenMs: nowMs, mains: p.seen.mains ?? before?.mains ?? null, battery: batteryOf(p.seen.battery ?? undefined) ?? before?.battery ?? null, gone: p.seen.saidOffline ?? before?.gone ?? true, // true: not known, so the next connect writes
  });
}
