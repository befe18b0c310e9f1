/** What stands in the spools of others: events of the edges, callbacks of the web. Followed read-only. */
import { limits } from '#core/limits.ts';
import { machineNow } from '#ops/machine.ts';
import { unsealed } from '#store/sealed-value.ts';
import type { Spooled } from './county.ts';
import type { Parts, State } from './parts.ts';

type KeptItem = { offsetMs: number; item: Spooled & { arrivedMs: number; alarm?: (Spooled & { arrivedMs: number }) | null } };

export function readSpools({ s, spool, answers, seal, work, log, read, now }: Parts): void {
  for (const row of spool.fresh()) {
    try {
      const { offsetMs, item } = unsealed<KeptItem>(seal, 'spool.body', row.body);
      const event = row.lane === 'urgent' ? item : item.alarm;
      const seenMs = performance.now();
      // Whatever ends or explains an emergency belongs to it: a cancel, a clear.
      if (event && !s.evaluated.has(event.ingestId)) s.waiting.set(event.ingestId, { spooled: event, key: row.key, seenMs, arrivedMs: seenMs - Math.max(0, machineNow() - event.arrivedMs - offsetMs) });
    } catch (error) {
      log.error({ error: (error as Error).message }, 'standby cannot read a row of the spool');
    }
  }
  const standing = s.waiting.size > 0 ? spool.standing() : new Set<string>();
  for (const [id, w] of s.waiting) if (!standing.has(w.key)) s.waiting.delete(id);
  for (const row of answers.fresh()) {
    try {
      const { kind, body } = JSON.parse(seal.open('receipt.kept', row.body)) as { kind: string; body: string };
      for (const said of read(kind, body)) work.said(said, now());
    } catch (error) {
      log.warn({ error: (error as Error).name }, 'standby cannot read a callback');
    }
  }
}

/** An emergency stands there so long that its edge cannot bring it into the database. */
export const pressing = (s: State): boolean => [...s.waiting.values()].some((w) => w.spooled.urgency === 1 && performance.now() - w.seenMs >= limits.standbySpoolMs);
