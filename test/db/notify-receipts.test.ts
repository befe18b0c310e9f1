/** Callbacks from the hook to rows: sealed, answered in time, matched to a message of ours, once; and asking when none comes. */
import { fastify } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import type { Fate } from '#notify/channels/channel.ts';
import { startReceipts } from '#notify/receipts.ts';
import { startReconcile } from '#notify/reconcile.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics, type Metrics } from '#ops/metrics.ts';
import { claimSends } from '#store/outbox.ts';
import { withdrawOutbox } from '#store/outbox-insert.ts';
import { insertReceipt, pruneReceipts } from '#store/receipts.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import type { App, WebContext } from '#web/context.ts';
import { answerMs, registerHooks } from '#web/routes/hooks.ts';
import { errorHandler } from '#web/errors.ts';
import type { Loop } from '#work/loop.ts';
import { fakeGateway, accepted, openAlert, put, row, saveSend, state } from './notify-fixture.ts';

let t: TestDatabase;
let metrics: Metrics;
let lines: string[] = [];
const log = createLog('worker', 'info', (line) => { lines.push(line); });
let loops: Loop[] = [];
const slow = { timeout: 25_000, interval: 20 };
beforeAll(async () => { t = await testDatabase({ max: 10 }); });
afterAll(() => t.close());
beforeEach(() => { metrics = createMetrics('worker'); lines = []; loops = [startReceipts({ db: t.db, seal: t.seal, log, metrics })]; });
afterEach(async () => {
  await Promise.all(loops.map((loop) => loop.stop()));
  for (const table of ['outbox', 'receipt', 'reply']) await t.db.query(`delete from ${table}`);
});

/** A message that the gateway has accepted. */
async function sent(o: Parameters<typeof put>[1] & { providerId?: string } = {}): Promise<string> {
  const outId = await put(t, o);
  const [claimed] = await claimSends(t.db, { channel: o.channel ?? 'sms', fromPriority: 1, toPriority: 9, rows: 1, leaseMs: 10_000, gateway: 'standin' });
  await saveSend(t.db, claimed!, { state: 'accepted', providerId: o.providerId ?? 'biz^0', checkMs: limits.receiptMs });
  return outId;
}
const report = (outId: string, more: object = {}): object => ({ phone_number: '15404250001', send_time: '2026-11-22 10:00:00', report_time: '2026-11-22 10:00:03', success: true, err_code: 'DELIVERED', err_msg: '用户接收成功', sms_size: '1', biz_id: 'biz^0', out_id: outId, ...more });
const ended = (outId: string, more: object = {}): object => ({ status_code: '200000', callee: '15404250001', call_id: 'biz^0', out_id: outId, voice_type: 'voice', ...more });
/** Pushes and waits until it is processed. */
async function push(kind: Parameters<typeof insertReceipt>[2], items: unknown): Promise<string> {
  await insertReceipt(t.db, t.seal, kind, typeof items === 'string' ? items : JSON.stringify(items));
  loops[0]?.wake();
  await expect.poll(async () => (await t.db.query('select from receipt where processed_at is null')).length, slow).toBe(0);
  return (await t.db.query<{ result: string }>('select result from receipt order by id desc limit 1'))[0]!.result;
}
const replies = (): Promise<{ channel: string; out_id: string | null; content_enc: Buffer; from_enc: Buffer; trace: string; evaluated_at: number | null }[]> => t.db.query('select * from reply order by id');

describe('reports move messages, nothing else', () => {
  it('delivered, failed by its code, once; a repeat and a late contradiction change nothing [RF12]', async () => {
    const [good, bad, busy] = [await sent(), await sent({ to: '15404250002' }), await sent({ to: '15404250003' })];
    expect(await push('sms-report', [report(good), report(bad, { phone_number: '15404250002', success: false, err_code: 'MK:0001' }), report(busy, { phone_number: '15404250003', success: 'false', err_code: 'MK:0010' })])).toBe('applied=3');
    expect([await state(t, good), await state(t, bad)]).toEqual(['delivered', 'failed']);
    expect(await row(t, bad)).toMatchObject({ error_code: 'MK:0001', error_class: 'P', handled_at: null });
    expect(await row(t, busy)).toMatchObject({ error_code: 'MK:0010', error_class: 'F' });
    expect(await push('sms-report', [report(good, { report_time: 'again' })])).toBe('stale=1');
    expect(await push('sms-report', [report(good, { success: false, err_code: 'UNDELIV' })])).toBe('stale=1');
    expect(await state(t, good)).toBe('delivered');
    expect((await t.db.query('select from alert_log')).length).toBe(0);
  });
  it('forged, unknown and other people’s reports are counted and ignored [RF12]', async () => {
    const outId = await sent();
    for (const [item, result] of [
      [report(outId, { biz_id: '999^0' }), 'stranger=1'], [report('o00000000000'), 'stranger=1'], [report(outId, { phone_number: '15404259999' }), 'stranger=1'],
      [report('', { biz_id: 'other' }), 'stranger=1'], [{ hello: 'world' }, 'ignored=1'], ['text', 'ignored=1'],
    ] as const) expect(await push('sms-report', [item])).toBe(result);
    expect(await push('sms-report', '<html>no</html>')).toBe('unreadable');
    expect(await push('voice-report', [ended(outId)])).toBe('stranger=1');
    expect(await state(t, outId)).toBe('accepted');
    expect(await metrics.text()).toMatch(/anling_receipts\{kind="sms-report",result="stranger",role="worker"\} 4/);
  });
  it('a report faster than our own note of the acceptance is kept', async () => {
    const outId = await put(t);
    const [claimed] = await claimSends(t.db, { channel: 'sms', fromPriority: 1, toPriority: 9, rows: 1, leaseMs: 10_000, gateway: 'standin' });
    expect(await push('sms-report', [report(outId)])).toBe('applied=1');
    expect(await saveSend(t.db, claimed!, { state: 'accepted', providerId: 'biz^0', checkMs: 1 })).toBe('delivered');
    expect(await row(t, outId)).toMatchObject({ state: 'delivered', provider_id: 'biz^0' });
  });
  it('after a second try the report of either one counts [I6]', async () => {
    const outId = await put(t);
    const claim = { channel: 'sms', fromPriority: 1, toPriority: 9, rows: 1, leaseMs: 1, gateway: 'standin' } as const;
    await claimSends(t.db, claim);
    await t.advance(10);
    const [second] = await claimSends(t.db, claim);
    await saveSend(t.db, second!, { state: 'accepted', providerId: 'second^0', checkMs: 1_000 });
    expect(await push('sms-report', [report(outId, { biz_id: 'first^0' })])).toBe('applied=1');
  });
  it('a call that was heard is answered, never more; a voice assistant has heard nothing', async () => {
    const heard = await sent({ channel: 'voice' });
    const machine = await sent({ channel: 'voice', to: '15404250002', providerId: 'c2' });
    expect(await push('voice-report', [ended(heard)])).toBe('applied=1');
    expect(await push('voice-report', [ended(machine, { callee: '15404250002', call_id: 'c2', smart_status_code: 'INTELLIGENT_ANSWER' })])).toBe('applied=1');
    expect(await row(t, heard)).toMatchObject({ state: 'answered', error_code: null });
    expect(await row(t, machine)).toMatchObject({ state: 'failed', error_class: 'F', handled_at: null });
    expect(await replies()).toEqual([]);
  });
  it('a ported number is tried once more, unless nobody wants it any longer [E5]', async () => {
    const alertId = await openAlert(t);
    const again = await sent();
    const withdrawn = await sent({ to: '15404250002', providerId: 'b2', alertId });
    await withdrawOutbox(t.db, [{ alertId, what: 'search' }]);
    await push('sms-report', [report(again, { success: false, err_code: 'NP:1243' }), report(withdrawn, { phone_number: '15404250002', biz_id: 'b2', success: false, err_code: 'NP:1243' })]);
    expect([await state(t, again), await state(t, withdrawn)]).toEqual(['due', 'failed']);
  });
  it('one that breaks is given up after some tries and holds up no other', async () => {
    const outId = await sent();
    await insertReceipt(t.db, t.seal, 'sms-report', JSON.stringify([report(outId, { out_id: 'a\u0000b' })]));
    expect(await push('sms-report', [report(outId)])).toBe('applied=1');
    await expect.poll(async () => (await t.db.query<{ attempts: number; result: string }>('select attempts, result from receipt order by id limit 1'))[0], slow).toEqual({ attempts: limits.receiptAttempts, result: 'error' });
  });
});

it('callbacks are kept for a while, then forgotten; unprocessed ones never [LAW7]', async () => {
  await push('sms-report', [report('o1')]);
  await loops[0]?.stop();
  await insertReceipt(t.db, t.seal, 'sms-up', '[]');
  expect(await pruneReceipts(t.db, limits.receiptKeepMs)).toBe(0);
  await t.advance(limits.receiptKeepMs + 1_000);
  expect(await pruneReceipts(t.db, limits.receiptKeepMs)).toBe(1);
  expect((await t.db.query('select from receipt')).length).toBe(1);
});

describe('answers become rows for the alert path [E6]', () => {
  it('a text, sealed, with the trace of the message it answers, once however often it is pushed', async () => {
    const outId = await sent();
    const item = { phone_number: '15404250001', content: ' 1 ', send_time: '2026-11-22 10:01:10', dest_code: '1234', sequence_id: '1234567890' };
    expect(await push('sms-up', [item])).toBe('reply=1');
    expect(await push('sms-up', [{ ...item, dest_code: '5' }, { ...item, dest_code: '6' }])).toBe('repeat=2');
    expect(await push('sms-up', [{ ...item, sequence_id: '1234567891' }])).toBe('reply=1');
    const rows = await replies();
    expect(rows.map((r) => [r.channel, t.seal.open('reply.content', r.content_enc), t.seal.open('reply.from', r.from_enc), r.evaluated_at])).toEqual(Array.from({ length: 2 }, () => ['sms', ' 1 ', '15404250001', null]));
    expect(rows[0]?.trace).toBe((await row(t, outId)).trace);
    expect((await t.db.query<{ d: string }>('select dedupe d from reply'))[0]?.d).not.toMatch(/1540425/);
  });
  it('a stranger’s text too: who he is is for the desk to see [FF20]', async () => {
    expect(await push('sms-up', [{ phone_number: '+8615404258888', content: '我去', send_time: 'x' }])).toBe('reply=1');
    expect((await replies())[0]?.trace).toMatch(/^t/);
  });
  it('a key, from the call’s progress and from its end, once; of our own calls only', async () => {
    const outId = await sent({ channel: 'voice' });
    expect(await push('voice-call-report', [{ status_code: '300000', smart_status_code: 'ANSWERED', dtmf: '1', status_time: 'x', out_id: outId, call_id: 'biz^0' }])).toBe('reply=1');
    expect(await push('voice-report', [ended(outId, { dtmf: '1' })])).toBe('repeat=1 applied=1');
    expect(await push('voice-call-report', [{ status_code: '300000', dtmf: '1', out_id: 'oforged', call_id: 'biz^0' }, { status_code: '300000', dtmf: '1', out_id: outId, call_id: 'other' }])).toBe('stranger=2');
    const rows = await replies();
    expect(rows.map((r) => [r.channel, r.out_id, t.seal.open('reply.content', r.content_enc), t.seal.open('reply.from', r.from_enc)])).toEqual([['dtmf', outId, '1', '15404250001']]);
  });
  it('no log line holds a number or what was said', async () => {
    await sent();
    await push('sms-up', [{ phone_number: '15404250001', content: '我马上到陈阿婆家', sequence_id: '1' }]);
    expect(lines.join()).toContain('reply received');
    expect(lines.join()).not.toMatch(/15404250001|陈阿婆/);
  });
});

describe('without a receipt the gateway is asked [RF12 I5]', () => {
  const asks = (fate: Fate): void => { loops.push(startReconcile({ db: t.db, seal: t.seal, log, metrics, gateway: fakeGateway(() => accepted(), { fate }) })); };
  it.each<[Fate, string]>([
    [{ kind: 'delivered' }, 'delivered'], [{ kind: 'failed', code: 'MK:0001', class: 'P' }, 'failed'],
    [{ kind: 'waiting' }, 'unknown'], [{ kind: 'not-found' }, 'unknown'], [{ kind: 'no-answer', code: 'ECONNREFUSED' }, 'unknown'],
  ])('a text, after 60 s: %o -> %s', async (fate, wanted) => {
    const outId = await sent();
    asks(fate);
    await t.advance(limits.receiptMs - 2_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await state(t, outId)).toBe('accepted');
    await t.advance(3_000);
    await expect.poll(() => state(t, outId), slow).toBe(wanted);
    expect((await row(t, outId)).handled_at).toBeNull();
  });
  it('a call that still rings has time until its report is overdue', async () => {
    const outId = await sent({ channel: 'voice' });
    asks({ kind: 'waiting' });
    await t.advance(limits.receiptMs + 1_000);
    await expect.poll(async () => (await t.db.query<{ checks: number }>('select checks from outbox'))[0]?.checks, slow).toBe(1);
    expect(await state(t, outId)).toBe('accepted');
    await t.advance(limits.receiptMs + 1_000);
    await t.advance(limits.receiptMs * 3);
    await expect.poll(() => state(t, outId), slow).toBe('unknown');
  });
  it('an unknown outcome is resolved by the answer, and a late receipt still counts', async () => {
    const outId = await put(t);
    const [claimed] = await claimSends(t.db, { channel: 'sms', fromPriority: 1, toPriority: 9, rows: 1, leaseMs: 10_000, gateway: 'standin' });
    await saveSend(t.db, claimed!, { state: 'unknown', code: 'Deadline', class: 'U', checkMs: limits.receiptMs });
    await t.db.query(`update outbox set handled_at = anling_now()`);
    asks({ kind: 'not-found' });
    await t.advance(limits.receiptMs + 1_000);
    await expect.poll(async () => (await t.db.query<{ checks: number }>('select checks from outbox'))[0]?.checks, slow).toBe(1);
    expect(await push('sms-report', [report(outId)])).toBe('applied=1');
    expect(await state(t, outId)).toBe('delivered');
  });
});

describe('the hook', () => {
  const app = (ctx: Partial<WebContext> = {}): App => {
    const made = fastify() as unknown as App;
    made.setErrorHandler(errorHandler(log) as never);
    registerHooks(made, { db: t.db, seal: t.seal, log, metrics, ...ctx } as WebContext);
    return made;
  };
  const url = (kind = 'sms-report', secret = t.seal.hookSecret): string => `/hooks/aliyun/${secret}/${kind}`;
  it('answers the provider’s probe and its pushes with the expected words, and keeps the body sealed', async () => {
    expect((await app().inject({ method: 'GET', url: url('sms-up') })).json()).toEqual({ code: 0, msg: '成功' });
    await loops[0]?.stop();
    const body = JSON.stringify([report('o1')]);
    for (const type of ['application/json', 'application/json;charset=utf-8', 'text/plain']) {
      const answer = await app().inject({ method: 'POST', url: url(), headers: { 'content-type': type }, payload: body });
      expect([answer.statusCode, answer.json()]).toEqual([200, { code: 0, msg: '接收成功' }]);
    }
    const rows = await t.db.query<{ body_enc: Buffer; dedupe: string }>('select * from receipt');
    expect(rows.length).toBe(1);
    expect(t.seal.open('receipt.body', rows[0]!.body_enc)).toBe(body);
    expect(rows[0]!.body_enc.toString('latin1')).not.toContain('15404250001');
  });
  it('knows no wrong secret, no other kind, no huge body', async () => {
    for (const bad of [url('sms-report', 'x'.repeat(32)), url('sms-report', ''), url('sms-report', `${t.seal.hookSecret}0`), url('other')])
      for (const method of ['GET', 'POST'] as const) expect((await app().inject({ method, url: bad, ...(method === 'POST' ? { payload: '[]', headers: { 'content-type': 'application/json' } } : {}) })).statusCode, bad).toBe(404);
    expect((await app().inject({ method: 'POST', url: url(), headers: { 'content-type': 'application/json' }, payload: 'x'.repeat(600_000) })).statusCode).toBe(413);
    expect((await t.db.query('select from receipt')).length).toBe(0);
  });
  it('asks for a second push when it could not write, within the provider’s patience', async () => {
    expect(answerMs).toBeLessThan(700); // what the provider waits; that it is kept to is seen by the answer below, for the database gives none
    const slowDb = { ...t.db, query: () => new Promise<never>(() => {}) };
    const late = await app({ db: slowDb as never }).inject({ method: 'POST', url: url(), headers: { 'content-type': 'application/json' }, payload: '[]' });
    expect(late.statusCode).toBe(503);
    const dead = { ...t.db, query: () => Promise.reject(new Error('down')) };
    expect((await app({ db: dead as never }).inject({ method: 'POST', url: url(), headers: { 'content-type': 'application/json' }, payload: '[]' })).statusCode).toBe(503);
  });
});
