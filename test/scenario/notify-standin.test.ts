/**
 * The way of a message from its row to a telephone and back: the whole of notify, the provider's SDK, the stand-in as its
 * own process, callbacks through the web role's hooks over real HTTP.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fastify } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { standinShownNumber } from '#core/provider.ts';
import { type NotifyOptions, startNotify } from '#notify/notify.ts';
import { standinKey } from '#notify/standin-key.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { freePort } from '#ops/processes.ts';
import { writeSetting } from '#store/settings.ts';
import { put, row, state } from '#test/db/notify-fixture.ts';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import type { App, WebContext } from '#web/context.ts';
import { registerHooks } from '#web/routes/hooks.ts';
import type { Service } from '#work/loop.ts';

let t: TestDatabase;
let web: App;
let notify: Service;
let standin: ChildProcess;
let base = '';
let port = 0;
const lines: string[] = [];
const standinLines: string[] = [];
const log = createLog('worker', 'info', (line) => { lines.push(line); });
const slow = { timeout: 10_000, interval: 25 };

async function startProcess(): Promise<void> {
  const { id, secret } = standinKey(t.seal);
  const hooks = `http://127.0.0.1:${(web.server.address() as { port: number }).port}/hooks/aliyun/${t.seal.hookSecret}`;
  standin = fork('device-simulators/standin/main.ts', [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ANLING_STANDIN_PORT: String(port), ANLING_STANDIN_KEY_ID: id, ANLING_STANDIN_KEY_SECRET: secret, ANLING_STANDIN_HOOKS: hooks } });
  standin.stdout?.on('data', (chunk: Buffer) => standinLines.push(String(chunk)));
  await vi.waitFor(() => fetch(`${base}/healthz`), slow);
}
const api = async (path: string, body?: unknown): Promise<Record<string, never>> =>
  (await (await fetch(base + path, body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json()) as Record<string, never>;
const until = (outId: string, wanted: string): Promise<void> => expect.poll(() => state(t, outId), slow).toBe(wanted);
const gateway = (): NonNullable<NotifyOptions['gateway']> => ({ kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: base, credentials: standinKey(t.seal) });

beforeAll(async () => {
  t = await testDatabase({ max: 10 });
  web = fastify() as unknown as App;
  registerHooks(web, { db: t.db, seal: t.seal, log, metrics: createMetrics('web') } as WebContext);
  await web.listen({ port: 0, host: '127.0.0.1' });
  port = await freePort();
  base = `http://127.0.0.1:${port}`;
  await startProcess();
  notify = await startNotify({ urgentDb: t.db, db: t.db, seal: t.seal, log, metrics: createMetrics('worker'), gateway: gateway() });
});
afterAll(async () => {
  await notify?.stop();
  standin.kill('SIGKILL');
  await web.close();
  await t.close();
});
afterEach(async () => {
  await fetch(`${base}/api/faults`, { method: 'DELETE' }).catch(() => {});
  await api('/api/settings', { windows: true, keypress: false, ringMs: 30_000, speakMs: 240 }).catch(() => {});
});

describe('from a row to a telephone and back', () => {
  it('is ready once the gateway was asked', () => expect.poll(() => notify.ready(), slow).toBeNull());
  it('a text: signed request within two seconds, delivered by its receipt, answered by the phone [E6]', async () => {
    const began = performance.now();
    const outId = await put(t, { to: '15404250101' });
    await expect.poll(async () => (await api('/api/requests'))['requests'], slow).toContainEqual(expect.objectContaining({ action: 'SendSms', outId, signed: true, accepted: true, phone: '15404250101' }));
    expect(performance.now() - began).toBeLessThan(5_000); // two seconds on a machine that does nothing else
    await until(outId, 'delivered');
    await api('/api/reply', { phone: '15404250101', content: '1' });
    await expect.poll(async () => (await t.db.query<{ trace: string; channel: string }>('select trace, channel from reply'))[0], slow).toEqual({ trace: (await row(t, outId)).trace, channel: 'sms' });
    const { trace } = await row(t, outId);
    const story = lines.filter((l) => l.includes(trace)).map((l) => (JSON.parse(l) as { msg: string }).msg);
    expect(story).toEqual(['message accepted', 'receipt: delivered', 'reply received']);
  });
  it('where nothing can come in, receipts and replies are fetched from the provider’s queues, signed, by the same rows [E4 E6]', async () => {
    await writeSetting(t.db, 'provider', { mnsAccount: '1234567890' }, 'test');
    await api('/api/settings', { queues: true });
    const outId = await put(t, { to: '15404250109' });
    await expect.poll(() => state(t, outId), { timeout: 30_000, interval: 50 }).toBe('delivered');
    await api('/api/reply', { phone: '15404250109', content: '收到' });
    await expect.poll(async () => (await t.db.query<{ n: number }>(`select count(*)::int as n from reply where from_bidx = $1`, [t.seal.blind('phone', '15404250109')]))[0]?.n, { timeout: 30_000, interval: 50 }).toBe(1);
    await api('/api/settings', { queues: false });
    await writeSetting(t.db, 'provider', {}, 'test');
  });
  it('a call: rings, is not answered, fails for the next person; answered, it is heard', async () => {
    await api('/api/settings', { ringMs: 100, speakMs: 1 });
    const missed = await put(t, { to: '15404250102', channel: 'voice' });
    await until(missed, 'failed');
    expect(await row(t, missed)).toMatchObject({ error_code: '200003', error_class: 'F', handled_at: null });
    await api('/api/settings', { ringMs: 20_000 });
    const heard = await put(t, { to: '15404250103', channel: 'voice' });
    await until(heard, 'accepted');
    await api('/api/press', { phone: '15404250103', action: 'answer' });
    await until(heard, 'answered');
    expect((await t.db.query(`select from reply where channel = 'dtmf'`)).length).toBe(0);
  });
  it('a key with a bought number becomes a reply; settings are read without a restart [E6]', async () => {
    await api('/api/settings', { keypress: true, speakMs: 1 });
    await writeSetting(t.db, 'provider', { mode: 'dedicated', shownNumber: standinShownNumber }, 'test');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    const outId = await put(t, { to: '15404250104', channel: 'voice' });
    await until(outId, 'accepted');
    expect((await api('/api/requests'))['requests']).toContainEqual(expect.objectContaining({ action: 'IvrCall', outId }));
    await api('/api/press', { phone: '15404250104', action: '1' });
    await expect.poll(async () => (await t.db.query<{ out_id: string }>(`select out_id from reply where channel = 'dtmf'`))[0]?.out_id, slow).toBe(outId);
    await until(outId, 'answered');
    await t.db.query(`delete from setting where key = 'provider'`);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
  });
  it('duplicate, late and forged receipts change nothing; a lost one is asked for [RF12]', async () => {
    for (const kind of ['duplicate', 'forged']) {
      await api('/api/faults', { kind, count: 1 });
      const outId = await put(t, { to: '15404250105' });
      await until(outId, 'delivered');
    }
    await api('/api/settings', { receiptMs: 5 });
    await api('/api/faults', { kind: 'late', delayMs: 500, count: 1 });
    const late = await put(t, { to: '15404250105' });
    await until(late, 'delivered');
    await expect.poll(async () => (await t.db.query(`select from receipt where processed_at is null`)).length, slow).toBe(0);
    expect((await t.db.query(`select from receipt where result like '%stranger%'`)).length).toBe(1);
    await api('/api/faults', { kind: 'none', count: 1 });
    const lost = await put(t, { to: '15404250106' });
    await until(lost, 'accepted');
    await t.advance(61_000);
    await until(lost, 'unknown'); // the provider has no receipt either
    expect(await row(t, lost)).toMatchObject({ error_code: 'local.NO_RECEIPT', handled_at: null });
  });
  it('an answer lost behind the acceptance is unknown, and the truth comes from the receipt [RF12 LAW6]', async () => {
    await api('/api/faults', { kind: 'drop-after-accept', count: 1 });
    const outId = await put(t, { to: '15404250107' });
    await expect.poll(() => state(t, outId), slow).toMatch(/unknown|delivered/);
    await until(outId, 'delivered');
    expect(((await api('/api/messages?phone=15404250107'))['messages'] as unknown as unknown[]).length).toBe(1);
  });
  it('without the stand-in rows fail in seconds and readiness says so; it comes back by itself [RF12 I5]', async () => {
    const ended = new Promise((resolve) => standin.once('exit', resolve));
    standin.kill('SIGKILL');
    await ended;
    // A kept connection may die under the first request: nobody knows then whether it was taken (law 6).
    const first = await put(t, { to: '15404250109' });
    await expect.poll(() => state(t, first), slow).toMatch(/failed|unknown/);
    const outId = await put(t, { to: '15404250108' });
    await until(outId, 'failed');
    expect(await row(t, outId)).toMatchObject({ error_code: 'ECONNREFUSED', error_class: 'F', attempts: 3 });
    const second = await startNotify({ urgentDb: t.db, db: t.db, seal: t.seal, log, metrics: createMetrics('worker'), gateway: gateway() });
    await expect.poll(() => second.ready(), slow).toMatch(/gateway.*ECONNREFUSED/);
    await startProcess();
    await expect.poll(() => second.ready(), slow).toBeNull();
    await second.stop();
    await until(await put(t, { to: '15404250108' }), 'delivered');
  });
  it('real people behind the stand-in make the worker unready: no real phone rings [FF18]', async () => {
    await t.db.query(`insert into region (code, level, name) values ('350425000000', 'county', 'x') on conflict do nothing`);
    await t.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx, demo) values ('real1', 'doctor', '350425000000', '\\x00', '\\x00', '\\x01', false)`);
    await expect.poll(() => notify.ready(), slow).toMatch(/no real phone rings/);
    await t.db.query(`delete from responder where id = 'real1'`);
    await expect.poll(() => notify.ready(), slow).toBeNull();
  });
});

describe('the stand-in as a process', () => {
  it('ends with its supervisor', async () => {
    const gone = new Promise((resolve) => standin.once('exit', resolve));
    standin.disconnect();
    expect(await gone).toBe(0);
  });
  it('says a port in use in one line that names the variable', async () => {
    await startProcess();
    const second = fork('device-simulators/standin/main.ts', [], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, ANLING_STANDIN_PORT: String(port), ANLING_STANDIN_KEY_ID: 'a', ANLING_STANDIN_KEY_SECRET: 'b' } });
    let said = '';
    second.stdout?.on('data', (chunk: Buffer) => { said += String(chunk); });
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(2);
    expect(said.trim().split('\n').length).toBe(1);
    expect(said).toContain('ANLING_STANDIN_PORT');
  });
});
