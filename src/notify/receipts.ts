/**
 * Provider callbacks, understood after they were answered: many in a transaction, idempotent, matched to messages of ours.
 * Reports move a message's state; keys and texts become `reply` rows. Nothing here ever closes or stops an alert.
 */
import { limits } from '#core/limits.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { type Db, type Sql, together } from '#store/pool.ts';
import { applyFate, failReceipt, findSends, lockSends, type Matched, markReceipts, nextReceipts, pruneReceipts, type QueuedReceipt } from '#store/receipts.ts';
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
      if (await processNext(context) > 0) return true;
      if (performance.now() - prunedAt > pruneEveryMs) { prunedAt = performance.now(); await pruneReceipts(context.db, limits.receiptKeepMs); }
      return false;
    },
    onError: (error, inARow) => { if (inARow === 1 || inARow % 20 === 0) options.log.warn({ inARow, error: (error as Error).name }, 'processing callbacks failed'); },
  });
}

/** How many were processed. In a batch that breaks each is tried alone; one that breaks then is set back, and given up after some tries, so that it holds up no other. */
async function processNext(context: Context): Promise<number> {
  try {
    return await context.db.tx((sql) => processSome(context, sql, limits.receiptRows, () => {}));
  } catch (error) {
    context.log.warn({ error: (error as Error).name, code: (error as { code?: string }).code }, 'callbacks could not be processed together; each is tried alone');
  }
  let n = 0;
  for (let i = 0; i < limits.receiptRows; i++) {
    const one = await processAlone(context);
    if (one === 0) break;
    n += one;
  }
  return n;
}

async function processAlone(context: Context): Promise<number> {
  let current: QueuedReceipt | null = null;
  try {
    return await context.db.tx((sql) => processSome(context, sql, 1, (receipt) => { current = receipt; }));
  } catch (error) {
    const failed = current as QueuedReceipt | null;
    if (!failed) throw error;
    context.count(failed.kind, 'error');
    context.log.warn({ receiptId: failed.id, kind: failed.kind, error: (error as Error).name, code: (error as { code?: string }).code }, 'a callback could not be processed');
    await failReceipt(context.db, failed.id, limits.receiptAttempts);
    return 1;
  }
}

/** Five waits for the database, however many. A callback about a message that somebody holds at this moment stays for the next turn. */
async function processSome(context: Context, sql: Sql, rows: number, took: (receipt: QueuedReceipt) => void): Promise<number> {
  const receipts = await nextReceipts(sql, rows);
  if (receipts.length === 0) return 0;
  for (const receipt of receipts) took(receipt);
  const read = receipts.map((receipt) => ({ receipt, reports: readReports(context, receipt) }));
  const named = read.flatMap(({ reports }) => (reports ?? []).filter(isNamed));
  const ids = await findSends(sql, named.map((report) => matchOf(context, report)));
  const held = new Map((await lockSends(sql, [...new Set(ids.flatMap((id) => id ?? []))])).map((m) => [m.id, m]));
  const idOf = new Map(named.map((report, i) => [report, ids[i] ?? null]));
  const free = read.filter(({ reports }) => (reports ?? []).every((report) => { const id = idOf.get(report as Named); return !id || held.has(id); }));
  // Statements of one connection run in the order in which they are given: two reports of one message meet it in theirs.
  const done = await together(free.map(async ({ receipt, reports }) => {
    if (reports === null) return { id: receipt.id, result: 'unreadable' };
    const results = await together(reports.map((report) => processReport(context, sql, report, receipt, held.get(idOf.get(report as Named) ?? ''))));
    const counted = new Map<Result, number>();
    for (const result of results) { counted.set(result, (counted.get(result) ?? 0) + 1); context.count(receipt.kind, result); }
    return { id: receipt.id, result: [...counted].map(([result, n]) => `${result}=${n}`).join(' ') || 'empty' };
  }));
  await markReceipts(sql, done);
  return done.length;
}

/** Null: nobody can read it. */
function readReports(context: Context, receipt: QueuedReceipt): Report[] | null {
  try {
    return readPush(receipt.kind, context.seal.open('receipt.body', receipt.bodyEnc));
  } catch {
    context.count(receipt.kind, 'unreadable');
    return null;
  }
}

/** A report that names a message. */
type Named = Extract<Report, { kind: 'fate' | 'key' }>;
const isNamed = (report: Report): report is Named => report.kind === 'fate' || report.kind === 'key';
const matchOf = (context: Context, report: Named): Parameters<typeof findSends>[1][number] => (
  { channel: report.kind === 'fate' ? report.channel : 'voice', toBidx: report.to ? context.seal.blind('phone', report.to) : null, outId: report.outId, providerId: report.providerId });

async function processReport(context: Context, sql: Sql, report: Report, { receivedAt }: QueuedReceipt, match: Matched | undefined): Promise<Result> {
  if (report.kind === 'ignored') return 'ignored';
  if (report.kind === 'answer') {
    return await reply(context, sql, { dedupe: replyKey(context.seal, report) ?? '', channel: 'sms', from: report.from, content: report.content, outId: null, receivedAt });
  }
  if (!match) return 'stranger';
  if (report.kind === 'key') {
    // The same key comes with the call's progress and again with its end.
    return await reply(context, sql, {
      dedupe: replyKey(context.seal, report) ?? '', channel: 'dtmf', from: context.seal.open('outbox.to', match.toEnc), content: report.key, outId: match.outId, receivedAt,
    });
  }
  const applied = await moveSend(sql, match.id, report.fate);
  if (applied) context.log.info({ outboxId: match.id, outId: match.outId, alertId: match.alertId, trace: match.trace, channel: report.channel, code: report.fate.kind === 'failed' ? report.fate.code : undefined }, `receipt: ${report.fate.kind}`);
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
