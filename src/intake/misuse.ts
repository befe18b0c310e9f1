/**
 * Authenticated devices that break the protocol's rules (DEVICES 0): each case is audited, the third within
 * limits.misuseWindowMs becomes a `fault` event of the device, once per window. Never a ban: the device may still alarm.
 */
import { limits } from '#core/limits.ts';
import type { Misuse, RefusedPush } from '#core/publish.ts';
import type { Logger } from '#ops/log.ts';
import { appendAudit, type AuditEntry } from '#store/audit.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { eventOf, type UrgentEvent } from './urgent.ts';

export type MisuseWatch = Service & { note(misuse: Misuse): void; /** A push that did not pass its vendor's door. */ push(refused: RefusedPush): void };
type Options = { db: Db; seal: Seal; log: Logger; newTrace: () => string; add: (event: UrgentEvent) => Promise<void> };
type Case = { times: number[]; faultMs: number };
const casesMax = 10_000;
const auditsMax = 1_000;

export function startMisuseWatch(options: Options): MisuseWatch {
  const { db, seal, log } = options;
  const cases = new Map<string, Case>();
  let audits: AuditEntry[] = [];
  const loop = startLoop({
    name: 'misuse', pollMs: limits.pollMs, onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'audit not written, trying again'); },
    async turn() {
      if (audits.length === 0) return false;
      const batch = audits.slice(0, 100);
      await db.tx((sql) => appendAudit(sql, seal, batch));
      audits = audits.slice(batch.length);
      return audits.length > 0;
    },
  });
  const store = (event: UrgentEvent, what: Record<string, unknown>): void => {
    options.add(event).catch((error: Error) => log.error({ ...what, error: error.message }, 'a fault event was not stored'));
  };
  return {
    name: 'misuse', ready: () => null, stop: () => loop.stop(),
    push({ door, why, address }) {
      const now = performance.now();
      const one = recent(cases, `door:${door}`, now);
      one.times.push(now);
      log.warn({ door, why, address, times: one.times.length }, 'a push did not pass its vendor’s door');
      if (one.times.length <= limits.vendorRefusalsAudited && audits.length < auditsMax) audits.push({ actor: 'anonymous', action: 'vendor.refused', target: `vendor-door:${door}`, result: 'denied', detail: { why, address } });
      loop.wake();
      // Perhaps somebody knocks; perhaps a secret was changed at the vendor, and its devices are silent from now on.
      if (one.times.length < limits.misuseTimes || now - one.faultMs < limits.misuseWindowMs) return;
      one.faultMs = now;
      store(eventOf(seal, { device: null, source: 'supervision', kind: 'fault', trace: options.newTrace(), arrivedMs: now, data: { reason: 'pushes-refused', why, times: one.times.length, subject: { type: 'vendor', id: door } } }), { door });
    },
    note(misuse) {
      const now = performance.now();
      const one = recent(cases, `${misuse.deviceId}:${misuse.what}`, now);
      one.times.push(now);
      log.warn({ deviceId: misuse.deviceId, what: misuse.what, times: one.times.length, ...misuse.detail }, 'a device breaks the protocol');
      // The first ones one by one; a device that goes on and on does not fill the chain.
      if (one.times.length <= limits.misuseTimes && audits.length < auditsMax)
        audits.push({ actor: `device:${misuse.deviceId}`, action: `device.${misuse.what}`, target: `device:${misuse.deviceId}`, result: 'denied', detail: misuse.detail });
      loop.wake();
      if (one.times.length < limits.misuseTimes && misuse.what !== 'flapping' && misuse.what !== 'flooding') return;
      if (now - one.faultMs < limits.misuseWindowMs) return;
      one.faultMs = now;
      const event = eventOf(seal, {
        device: { id: misuse.deviceId, homeId: misuse.homeId }, source: 'mqtt', kind: 'fault', trace: options.newTrace(), arrivedMs: now, data: { reason: misuse.what, times: one.times.length },
      });
      store(event, { deviceId: misuse.deviceId });
    },
  };
}

function recent(cases: Map<string, Case>, key: string, now: number): Case {
  let one = cases.get(key);
  if (!one) {
    if (cases.size >= casesMax) cases.delete(cases.keys().next().value as string);
    one = { times: [], faultMs: -Infinity };
    cases.set(key, one);
  }
  one.times = one.times.filter((t) => now - t < limits.misuseWindowMs).slice(-100);
  return one;
}
