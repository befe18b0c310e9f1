/**
 * Asks the provider about messages without a receipt: receipts get lost, and after an unknown outcome only the provider
 * knows. What stays without an answer is "unknown", and the alert path goes on by another way.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { claimWaiting, markNoReceipt, type WaitingSend } from '#store/outbox.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import type { Gateway } from './channels/channel.ts';
import { moveSend } from './receipts.ts';

export type ReconcileOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics; gateway: Gateway };
const rowsAtOnce = 8;

export function startReconcile(options: ReconcileOptions): Loop {
  const counter = options.metrics.counter('receipts_asked', 'Questions to the gateway about messages without a receipt', ['channel', 'fate']);
  return startLoop({
    name: 'reconcile',
    async turn() {
      const rows = await claimWaiting(options.db, rowsAtOnce, limits.receiptMs, limits.receiptChecks);
      await Promise.all(rows.map((row) => ask(options, row, (fate) => counter.inc({ channel: row.channel, fate }))));
      return rows.length === rowsAtOnce;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) options.log.warn({ inARow, error: (error as Error).name }, 'reconciling failed'); },
  });
}

async function ask({ db, seal, log, gateway }: ReconcileOptions, row: WaitingSend, count: (fate: string) => void): Promise<void> {
  const fate = await gateway.channels[row.channel].query({ outId: row.outId, to: seal.open('outbox.to', row.toEnc), providerId: row.providerId, template: row.template, sentAt: row.sentAt });
  count(fate.kind);
  const fields = { outboxId: row.id, outId: row.outId, alertId: row.alertId, trace: row.trace, channel: row.channel };
  if (await moveSend(db, row.id, fate)) return log.info({ ...fields, code: fate.kind === 'failed' ? fate.code : undefined }, `asked the gateway: ${fate.kind}`);
  // A call that still rings has time; a text that nobody confirms has not.
  if (row.channel === 'voice' && fate.kind === 'waiting' && row.ageMs < limits.callReceiptMs) return;
  if (row.state === 'accepted' && await markNoReceipt(db, row.id)) log.warn({ ...fields, fate: fate.kind }, 'no receipt: outcome unknown');
}
