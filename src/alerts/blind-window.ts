/** Blind windows (盲区时段): each row that the house wrote about our own shut doors becomes exactly one notice, in the transaction that marks it. */
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { insertHouseEvents, takeBlindWindows } from '#store/supervision.ts';

/** Raises the notices that are missing; resolves with their number. */
export function noticeBlindWindows(db: Db, seal: Seal): Promise<number> {
  return db.tx(async (sql) => {
    const windows = await takeBlindWindows(sql);
    await insertHouseEvents(sql, seal, windows.map((w) => ({
      kind: 'blind-window', edge: 'raise', data: { subject: { type: 'system', id: 'blind-window' }, fromAt: w.fromAt, toAt: w.toAt, devices: w.devices, why: w.why },
    })));
    return windows.length;
  });
}
