/**
 * Logins that were refused (设备未登记, FIELD F24): merged by the id they gave, in memory for a second, then in a bounded table;
 * the desk gets an `unknown-device` event at most once per id and hour, and a bounded number in all. A flood costs one
 * statement a second, whatever its rate.
 */
import { limits } from '#core/limits.ts';
import type { DeviceId } from '#core/ids.ts';
import type { Refused } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { insertEvents } from '#store/events.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { noteUnregistered, persistent, type RefusedCount, takeUnregisteredDue } from '#store/unregistered.ts';
import { type Service, startLoop } from '#work/loop.ts';
import { aged, eventOf } from './urgent.ts';

export type RefusedList = Service & { note(refused: Refused): void };

/** So many different ids in one second are a scan: then only those that come again reach the desk. */
const floodIds = 20;

/** What a screen may show of an id that anybody can send: the protocol's own characters, at most 64. */
const shownId = (presented: string): string => presented.slice(0, 64).replace(/[^A-Za-z0-9_-]/g, '_');

export function startRefusedList(options: { db: Db; seal: Seal; meter: EdgeMeter; log: Logger; hint: () => void; newTrace: () => string }): RefusedList {
  const { db, seal, meter, log } = options;
  let merged = new Map<string, RefusedCount>();
  const write = async (refused: readonly RefusedCount[]): Promise<number> => await db.tx(async (sql) => {
    await noteUnregistered(sql, refused, limits.unregisteredRows);
    const due = await takeUnregisteredDue(sql, refused.map((r) => r.presentedId), refused.length > floodIds ? persistent : 1, limits.unknownDeviceMs, limits.unknownDeviceEvents);
    if (due.length > 0)
      await insertEvents(sql, due.map((d) => aged(eventOf(seal, {
        device: { id: d.presentedId as DeviceId, homeId: null }, source: 'mqtt', kind: 'unknown-device', trace: options.newTrace(), arrivedMs: performance.now(),
        data: { reason: d.reason, count: Number(d.count) },
      }))));
    return due.length;
  });
  const loop = startLoop({
    name: 'refused', pollMs: limits.pollMs,
    onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'refused logins not listed, trying again'); },
    async turn() {
      if (merged.size === 0) return false;
      const refused = merged;
      merged = new Map();
      try {
        const events = await write([...refused.values()]);
        if (events > 0) options.hint();
        log.warn({ ids: refused.size, events, first: [...refused.values()].slice(0, 5).map((r) => `${r.presentedId} (${r.reason}, ${r.count})`) }, 'logins refused');
      } catch (error) {
        for (const r of refused.values()) add(merged, r);
        throw error;
      }
      return false;
    },
  });
  return {
    name: 'refused', ready: () => null, stop: () => loop.stop(),
    note(refused) {
      meter.rejected(refused.reason);
      const presentedId = shownId(refused.presentedId);
      if (presentedId !== '') add(merged, { ...refused, presentedId, count: 1 });
    },
  };
}

/** Merges; above the bound new ids are only counted by the meter. */
function add(merged: Map<string, RefusedCount>, r: RefusedCount): void {
  const there = merged.get(r.presentedId);
  if (there) merged.set(r.presentedId, { ...r, count: there.count + r.count });
  else if (merged.size < limits.unregisteredRows) merged.set(r.presentedId, r);
}
