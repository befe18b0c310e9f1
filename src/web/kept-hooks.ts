/**
 * Provider callbacks while the database is away: kept sealed on this machine's disk, answered (they are durable), written on its return
 * after standby has handed over what it understood of them.
 */
import { join } from 'node:path';
import { limits } from '#core/limits.ts';
import { dutyGate } from '#ops/duty.ts';
import type { Logger } from '#ops/log.ts';
import type { Db } from '#store/pool.ts';
import { insertReceipt, type ReceiptKind } from '#store/receipts.ts';
import type { Seal } from '#store/seal.ts';
import { openSpool } from '#store/spool.ts';
import { type Service, startLoop } from '#work/loop.ts';

const lane = 'receipt';
const label = 'receipt.kept';
export type KeptHooks = Service & { /** True when it is on the disk. */ keep(kind: ReceiptKind, body: string): Promise<boolean> };

export async function startKeptHooks({ data, db, seal, log }: { data: string; db: Db; seal: Seal; log: Logger }): Promise<KeptHooks> {
  const spool = await openSpool({ folder: join(data, 'spool-web'), maxBytes: limits.hookSpoolBytes }).catch((error: Error) => {
    log.error({ error: error.message }, 'callbacks cannot be kept while the database is away; the provider pushes them again');
    return null;
  });
  const held = dutyGate(data, ['away', 'events'], null);
  const loop = startLoop({
    name: 'kept-hooks', pollMs: limits.pollMs,
    async turn() {
      if (!spool || spool.rows(lane) === 0 || held()) return false;
      const rows = await spool.first(lane, 32);
      for (const row of rows) {
        const { kind, body } = JSON.parse(seal.open(label, row.body)) as { kind: ReceiptKind; body: string };
        await insertReceipt(db, seal, kind, body);
        await spool.remove(lane, row.id);
      }
      return rows.length > 0;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 60 === 0) log.warn({ error: (error as Error).message, inARow }, 'kept callbacks are not taken by the database yet'); },
  });
  return {
    name: 'kept-hooks', ready: () => null,
    async keep(kind, body) {
      if (!spool) return false;
      return await spool.append([{ lane, body: seal.seal(label, JSON.stringify({ kind, body })) }]).then(() => true, () => false);
    },
    async stop() { await loop.stop(); await spool?.close(); },
  };
}
