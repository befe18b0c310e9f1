/**
 * Provider callbacks, understood after they were answered: one transaction each, idempotent, matched to a message of ours.
 * Reports move a message's state; keys and texts become `reply` rows. Nothing here ever closes or stops an alert.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Db, Sql } from '#store/pool.ts';
import { applyFate, failReceipt, markReceipt, matchSend, nextReceipt, pruneReceipts, type QueuedReceipt } from '#store/receipts.ts';
import { insertReply } from '#store/replies.ts';
import type { Seal } from '#store/seal.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { readPush, type Report } from './channels/aliyun/receipts.ts';
import type { Fate } from './channels/channel.ts';

export type ReceiptOptions = { db: Db; seal: Seal; log: Logger; metrics: Metrics };
type Result = 'applied' | 'stale' | 'stranger' | 'reply' | 'repeat' | 'ignored';
type Context = ReceiptOptions & { count(kind: string, result: Result | 'unreadable' | 'error'): void };

const pruneEveryMs = 10 * 60_000;

/** Processes callbacks in the order they came. */
export function startReceipts(options: ReceiptOptions): Loop {
  const counter = options.metrics.counter('receipts', 'Items of provider callbacks, by what they were', ['kind', 'result']);
  const context: Context = { ...options, count: (kind, result) => counter.inc({ kind, result }) };
  let prunedAt = performance.now();
  return startLoop({
    name: 'receipts',
    async turn() {
      if (await processNext(context)) return true;
      if (performance.now() - prunedAt > pruneEveryMs) { prunedAt = performance.now(); await pruneReceipts(context.db, limits.receiptKeepMs); }
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) options.log.warn({ inARow, error: (error as Error).name }, 'processing callbacks failed'); },
  });
}

/** True when there was one. A callback that breaks is set back, and given up after some tries, so that it holds up no other. */
async function processNext(context: Context): Promise<boolean> {
  let current: QueuedReceipt | null = null;
  try {
    return await context.db.tx(async (sql) => {
      const receipt = await nextReceipt(sql);
      if (!receipt) return false;
      current = receipt;
      await markReceipt(sql, receipt.id, await processOne(context, sql, receipt));
      return true;
    });
  } catch (error) {
    const failed = current as QueuedReceipt | null;
    if (!failed) throw error;
    context.count(failed.kind, 'error');
    context.log.warn({ receiptId: failed.id, kind: failed.kind, error: (error as Error).name, code: (error as { code?: string }).code }, 'a callback could not be processed');
    await failReceipt(context.db, failed.id, limits.receiptAttempts);
    return true;
  }
}

async function processOne(context: Context, sql: Sql, receipt: QueuedReceipt): Promise<string> {
  let reports: Report[];
  try {
    reports = readPush(receipt.kind, context.seal.open('receipt.body', receipt.bodyEnc));
  } catch {
    context.count(receipt.kind, 'unreadable');
    return 'unreadable';
  }
  const results = new Map<Result, number>();
  for (const report of reports) {
    const result = await processReport(context, sql, report, receipt);
    results.set(result, (results.get(result) ?? 0) + 1);
    context.count(receipt.kind, result);
  }
  return [...results].map(([result, n]) => `${result}=${n}`).join(' ') || 'empty';
}

async function processReport(context: Context, sql: Sql, report: Report, { receivedAt }: QueuedReceipt): Promise<Result> {
  if (report.kind === 'ignored') return 'ignored';
  if (report.kind === 'answer') {
    return reply(context, sql, { dedupe: replyKey(context.seal, report) ?? '', channel: 'sms', from: report.from, content: report.content, outId: null, receivedAt });
  }
  const channel = report.kind === 'fate' ? report.channel : 'voice';
  const match = await matchSend(sql, { channel, toBidx: report.to ? context.seal.blind('phone', report.to) : null, outId: report.outId, providerId: report.providerId });
  if (!match) return 'stranger';
  if (report.kind === 'key') {
    // The same key comes with the call's progress and again with its end.
    return reply(context, sql, {
      dedupe: replyKey(context.seal, report) ?? '', channel: 'dtmf', from: context.seal.open('outbox.to', match.toEnc), content: report.key, outId: match.outId, receivedAt,
    });
  }
  const applied = await moveSend(sql, match.id, report.fate);
  if (applied) context.log.info({ outboxId: match.id, outId: match.outId, alertId: match.alertId, trace: match.trace, channel, code: report.fate.kind === 'failed' ? report.fate.code : undefined }, `receipt: ${report.fate.kind}`);
  return applied ? 'applied' : 'stale';
}

/** What tells an answer from its second copy; null for what is none. Texts of people stand in no index, not even in a key that keeps them from being taken twice. */
export function replyKey(seal: Seal, report: Report): string | null {
  if (report.kind === 'key') return `key:${report.providerId}:${report.key}`;
  if (report.kind !== 'answer') return null;
  const text = `up:${report.id}:${seal.blind('phone', report.from).toString('hex')}:${report.content}`.slice(0, 300);
  return `up:${seal.secretHash(text).toString('hex')}`;
}

async function reply(context: Context, sql: Sql, row: Parameters<typeof insertReply>[2]): Promise<Result> {
  const kept = await insertReply(sql, context.seal, row);
  if (kept) context.log.info({ replyId: kept.id, trace: kept.trace, channel: row.channel }, 'reply received');
  return kept ? 'reply' : 'repeat';
}

/** Applies what is known of a message; false when it is nothing new. */
export async function moveSend(sql: Sql, id: string, fate: Fate): Promise<boolean> {
  switch (fate.kind) {
    case 'delivered': case 'answered': return applyFate(sql, id, { state: fate.kind, code: null, class: null });
    case 'failed': return applyFate(sql, id, { state: fate.class === 'R' ? 'due' : 'failed', code: fate.code, class: fate.class === 'R' ? 'F' : fate.class });
    default: return false;
  }
}
