/**
 * The limits of vital signs as the county has set them (规则参数), in the memory of an edge: asked again every few seconds and at a hint. While the
 * database is away what was read last holds; before it was read, the house's own.
 */
import { limits } from '#core/limits.ts';
import { isVital, type VitalLimits } from '#core/rule-params.ts';
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import { readRules } from '#store/rule-versions.ts';
import { readVitalBook, type VitalBook } from '#store/vital-limits.ts';
import { startLoop } from '#work/loop.ts';

/** Devices move, are bound and registered: what is named by place or person is looked up again after so many looks. */
const looks = 6;

export type LimitsOf = { of(deviceId: string): VitalLimits; look(): void; stop(): Promise<void> };

export function startVitalLimits({ db, log }: { db: Db; log: Logger }): LimitsOf {
  let book: VitalBook = { county: limits.vitals, devices: new Map() };
  let known = '[]';
  let turns = 0;
  const loop = startLoop({
    name: 'vital-limits', pollMs: limits.vitalLimitsMs, onError: (error, inARow) => { if (inARow === 1) log.warn({ error: (error as Error).message }, 'the limits of vital signs cannot be read; those read last hold'); },
    async turn() {
      const entries = await readRules(db);
      const text = JSON.stringify(entries);
      // Also while nobody is named: a watch is bound, a device moves, and from then on an entry holds for it.
      const narrow = entries.some((e) => isVital(e.param) && e.scope !== 'county');
      if (text !== known || (narrow && ++turns % looks === 0)) {
        book = await readVitalBook(db, entries);
        if (text !== known) log.info({ devices: book.devices.size }, 'limits of vital signs read');
        known = text;
      }
      return false;
    },
  });
  return { of: (id) => book.devices.get(id) ?? book.county, look: () => loop.wake(), stop: () => loop.stop() };
}
