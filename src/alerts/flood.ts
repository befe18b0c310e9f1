/**
 * The flood at the desk (D11, ISA-18.2), judged by the worker from rows: its beginning and end are lines of the shift log, at the
 * beginning the reserve is called in by text, once. Nothing else changes here: every plan runs on, no alarm is held back.
 */
import { randomUUID } from 'node:crypto';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { deskReserve, type FloodWatch, holdFlood, readFloodWatch } from '#store/flood.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { type Db, hint, type Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { writeShift } from '#store/shift.ts';
import { type Loop, startLoop } from '#work/loop.ts';

export type FloodOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };

export function startFlood(options: FloodOptions): Loop {
  const look = createFlood(options);
  return startLoop({
    name: 'flood', pollMs: limits.floodEveryMs, turn: async () => { await look(); return false; },
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'the flood at the desk could not be judged; it is looked at again'),
  });
}

/** One look; what changed by it. */
export function createFlood(options: FloodOptions): () => Promise<'began' | 'ended' | null> {
  const { db, log, metrics } = options;
  const changes = metrics.counter('flood_total', 'floods of alarms at the desk, their beginnings and ends', ['what']);
  return () => db.tx(async (sql) => {
    if (!(await holdFlood(sql))) return null;
    const now = await readFloodWatch(sql);
    if (now === null || now.active === now.noted) return null;
    const what = now.active ? 'began' : 'ended';
    const called = now.active ? await callReserve(sql, options, now) : 0;
    await writeShift(sql, options.seal, { scopeCode: now.county, what: `flood-${what}`, byId: 'house', byName: '', detail: { lastTen: now.lastTen, operators: now.operators, ...(now.active ? { called } : {}) } });
    changes.inc({ what });
    log.warn({ lastTen: now.lastTen, operators: now.operators, called }, `the flood at the desk ${what}`);
    return what;
  });
}

async function callReserve(sql: Sql, { seal }: FloodOptions, now: FloodWatch): Promise<number> {
  const trace = randomUUID().slice(0, 18);
  const people = await deskReserve(sql);
  await insertOutbox(sql, seal, people.map((who) => ({
    alertId: null, party: who.party as Party, channel: 'sms', template: 'flood', params: { n: String(now.lastTen), count: String(now.operators) }, to: seal.openIfReadable('responder.phone', who.phoneEnc) ?? '', toBidx: who.phoneBidx,
    priority: 2, purpose: 'desk', round: null, step: null, slip: null, trace, demo: who.demo,
  })));
  if (people.length > 0) await hint(sql, ['anling_outbox']);
  return people.length;
}
