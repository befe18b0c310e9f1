/** Provider settings over HTTP: what the provider says of each text, the test message and to whom it may go; and /ops as one answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testWeb, town, type Web } from '#test/harness/web.ts';
import { limits } from '#core/limits.ts';
import { standinProvider } from '#core/provider.ts';
import { databaseNow } from '#store/nodes.ts';
import { claimSends } from '#store/outbox.ts';
import { writeSetting } from '#store/settings.ts';
import { beginPage, endPage } from '#store/findings.ts';
import { saveTemplateChecks } from '#store/template-check.ts';
import { addTestSends } from './settings-fixture.ts';

const test = '/api/v1/settings/provider/test';

describe('provider settings', () => {
  let web: Web;
  let admin: string;
  beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
  afterAll(() => web.stop());
  const post = (body: unknown, cookie = admin) => web.fetch(test, { method: 'POST', cookie, body });

  it('show what the provider says of each text, of the gateway in use only [F12]', async () => {
    await saveTemplateChecks(web.t.db, 'standin', [{ template: 'sos', code: 'SMS_350425000', state: 'approved' }, { template: 'sign', code: '大田养老呼叫', state: 'pending' }]);
    const { body } = await web.fetch('/api/v1/settings/provider', { cookie: admin });
    expect(body).toMatchObject({ gateway: 'standin', provider: { sign: '大田养老呼叫', templates: { ring: expect.stringMatching(/^SMS_/) } }, checks: [{ template: 'sos', state: 'approved' }, { template: 'sign', state: 'pending' }] });
    await saveTemplateChecks(web.t.db, 'aliyun', [{ template: 'sos', code: 'SMS_1', state: 'not-found' }]);
    expect((await web.fetch('/api/v1/settings/provider', { cookie: admin })).body.checks).toEqual([]);
  });

  it('send a harmless text to a demonstration number, through the outbox, audited, shown afterwards [FF18 FF23]', async () => {
    const { status, body } = await post({ channel: 'sms', to: '154 0425 0201' }, await web.cookie('technician'));
    expect([status, body.id]).toEqual([422, undefined]);
    expect(body.error.fields).toEqual([{ field: 'again', expected: expect.stringContaining('once more') }]);
    const sent = await post({ channel: 'sms', to: '154 0425 0201', again: '15404250201' });
    expect(sent.status, sent.text).toBe(201);
    const [row] = await web.t.db.query(`select template, alert_id, priority, demo, party, state from outbox where id = $1`, [sent.body.id]);
    expect(row).toMatchObject({ template: 'ring', alert_id: null, priority: 3, demo: true, party: expect.stringMatching(/^test:u/), state: 'due' });
    expect(await claimSends(web.t.db, { channel: 'sms', fromPriority: 2, toPriority: 9, rows: 5, leaseMs: 1000, gateway: 'standin' })).toMatchObject([{ provider: 'standin' }]);
    expect((await web.fetch(`/api/v1/notifications/${sent.body.id}`, { cookie: admin })).body).toMatchObject({ to: '154****0201', template: 'ring', state: 'sending', name: null });
    expect((await web.t.db.query(`select count(*)::int as n from audit where action = 'settings.test-send' and result = 'ok'`))[0]).toEqual({ n: 1 });
    expect((await web.t.db.query(`select count(*)::int as n from alert`))[0]).toEqual({ n: 0 });
  });

  it('keep recorded prompts by language and kind, the queues of receipts and the console’s own caps; what is no prompt is named [E14 2.5]', async () => {
    const { body } = await web.fetch('/api/v1/settings/provider', { cookie: admin });
    const put = (more: object, updatedAt = body.updatedAt) => web.fetch('/api/v1/settings/provider', { method: 'PUT', cookie: admin, body: { provider: { ...body.provider, ...more }, updatedAt } });
    expect((await put({ prompts: { 闽南话: { 'voice-p9': 'x.wav' } } })).status).toBe(422);
    const saved = await put({ mnsAccount: '1234567890', prompts: { 闽南话: { 'voice-p1.fall': 'minnan-fall.wav' } }, budget: { ...body.provider.budget, smsPerHour: 20 } });
    expect(saved.status, saved.text).toBe(200);
    expect(saved.body.provider).toMatchObject({ mnsAccount: '1234567890', prompts: { 闽南话: { 'voice-p1.fall': 'minnan-fall.wav' } }, budget: { smsPerHour: 20, smsPerMinute: 0 } });
    const { mnsAccount: _, prompts: __, ...before } = saved.body.provider;
    expect((await web.fetch('/api/v1/settings/provider', { method: 'PUT', cookie: admin, body: { provider: before, updatedAt: saved.body.updatedAt } })).body.provider, 'as a page of the release before sends it').toMatchObject({ mnsAccount: null, prompts: {} });
  });

  it('never ring a stranger through the stand-in, nor a landline by text, and not without end', async () => {
    const fields = async (body: unknown): Promise<string[]> => (await post(body)).body.error.fields.map((f: { field: string }) => f.field);
    expect(await fields({ channel: 'sms', to: '13800138000', again: '13800138000' })).toEqual(['to']);
    expect(await fields({ channel: 'sms', to: '05980350425', again: '05980350425' })).toEqual(['to']);
    expect(await fields({ channel: 'voice', to: '15404250201', again: '15404250202' })).toEqual(['again']);
    expect((await post({ channel: 'sms', to: '15404250201' }, await web.cookie('operator'))).status).toBe(403);
    expect((await post({ channel: 'sms', to: '15404250201' }, await web.cookie('admin', town))).status).toBe(403);
    const keyed = (): Promise<{ body: { id: string } }> => web.fetch(test, { method: 'POST', cookie: admin, body: { channel: 'voice', to: '15404250201', again: '15404250201' }, headers: { 'idempotency-key': 'k1' } });
    expect((await keyed()).body.id).toBe((await keyed()).body.id);
    await addTestSends(web.t, limits.testSendsPerHour);
    expect((await post({ channel: 'sms', to: '15404250201', again: '15404250201' })).status).toBe(429);
  });
});

describe('test messages through a real gateway', () => {
  let web: Web;
  let admin: string;
  beforeAll(async () => { web = await testWeb({ settings: { gateway: 'aliyun' } }); admin = await web.cookie('admin'); });
  afterAll(() => web.stop());
  const post = (body: unknown) => web.fetch(test, { method: 'POST', cookie: admin, body });

  it('need a code of the test text, and a real number on file or typed twice [FF18]', async () => {
    expect((await web.fetch('/api/v1/settings/provider', { cookie: admin })).body).toMatchObject({ gateway: 'aliyun', provider: { sign: '', templates: {} } });
    expect((await post({ channel: 'sms', to: '13860000001', again: '13860000001' })).body.error.fields).toEqual([{ field: 'provider.templates.ring', expected: expect.stringContaining('code') }]);
    const put = await web.fetch('/api/v1/settings/provider', { method: 'PUT', cookie: admin, body: { provider: { ...standinProvider, templates: { ring: 'SMS_900000001', 'voice-ring': 'TTS_1' } }, updatedAt: null } });
    expect(put.status, put.text).toBe(200);
    expect((await post({ channel: 'sms', to: '15404250201', again: '15404250201' })).body.error.fields[0].field).toBe('to');
    expect((await post({ channel: 'sms', to: '13860000001' })).body.error.fields[0].field).toBe('again');
    expect((await post({ channel: 'sms', to: '13860000001', again: '138 6000 0001' })).status).toBe(201);
    await web.t.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ('real', 'seat', '350425000000', $1, $2, $3)`,
      [web.t.seal.seal('responder.name', '林文斌'), web.t.seal.seal('responder.phone', '13860000002'), web.t.seal.blind('phone', '13860000002')]);
    const sent = await post({ channel: 'voice', to: '138 6000 0002' });
    expect(sent.status, sent.text).toBe(201);
    expect((await web.fetch(`/api/v1/notifications/${sent.body.id}`, { cookie: admin })).body).toMatchObject({ party: 'responder:real', name: '林*斌', template: 'voice-ring', demo: false });
  });
});

describe('/ops', () => {
  let web: Web;
  beforeAll(async () => { web = await testWeb({ settings: { data: '/tmp' }, peers: () => [] }); });
  afterAll(() => web.stop());
  const ops = async () => (await web.fetch('/api/v1/ops', { cookie: await web.cookie('technician') })).body as { verdict: string; lines: { id: string; mark: string; values: Record<string, number> }[]; nodes: unknown[]; blindWindows: unknown[]; providerErrors: unknown[]; templates: unknown[]; auditorCalls: unknown[] };
  const mark = async (id: string): Promise<string | undefined> => (await ops()).lines.find((line) => line.id === id)?.mark;

  it('marks what waits too long, what the provider refuses, which text is missing and a house of two versions', async () => {
    const { db } = web.t;
    expect(await mark('events')).toBe('good');
    await db.query(`insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 1, 1, 'mqtt', 'sos', anling_now() - interval '1 minute', 't')`);
    await db.query(`insert into timer (slot, due_at) values ('x', anling_now() - interval '20 seconds')`);
    await db.query(`insert into blind_window (from_at, to_at, why) values (anling_now() - interval '2 hours', anling_now() - interval '1 hour', 'no door was open')`);
    await db.query(`insert into node (id, role, started_at, beat_at, detail) values ('edge-1', 'edge', anling_now(), anling_now(), '{"version":"0.2.0"}'), ('web-1', 'web', anling_now(), anling_now(), '{}')`);
    await addTestSends(web.t, 8, 'isv.AMOUNT_NOT_ENOUGH');
    await saveTemplateChecks(db, 'standin', [{ template: 'sos', code: null, state: 'no-code' }, { template: 'voice-p1', code: 'TTS_1', state: 'not-asked' }, { template: 'ring', code: null, state: 'no-code' }]);
    const answer = await ops();
    expect(answer.verdict).toBe('attention');
    expect(answer.lines.filter((line) => line.mark === 'attention').map((line) => line.id)).toEqual(expect.arrayContaining(['templates', 'events', 'timers', 'unsent', 'provider', 'consoles', 'nodes', 'blind']));
    expect(answer.lines.find((line) => line.id === 'events')?.values['ms']).toBeGreaterThan(59_000);
    expect(answer.templates).toEqual([{ template: 'sos', state: 'no-code' }]);
    expect(answer.providerErrors).toMatchObject([{ channel: 'sms', code: 'isv.AMOUNT_NOT_ENOUGH', count: 8 }]);
    expect(answer.lines.find((line) => line.id === 'disk')?.values['total']).toBeGreaterThan(0);
    const backup = async () => (await ops()).lines.find((line) => line.id === 'backup');
    expect(await backup()).toMatchObject({ mark: 'unknown', values: { ms: null } });
    const made = { at: (await databaseNow(db)) - 27 * 3_600_000, file: '/b/anling.backup.gz', bytes: 5_000_000, rows: 9, schema: 13, databaseBytes: 1e7 };
    await writeSetting(db, 'backup', { history: [made], failed: null }, 'backup');
    expect(await backup()).toMatchObject({ mark: 'attention', values: { bytes: 5_000_000 } });
    await writeSetting(db, 'backup', { history: [{ ...made, at: made.at + 3_600_000 * 20 }], failed: null }, 'backup');
    expect(await backup()).toMatchObject({ mark: 'good' });
    expect([answer.nodes, answer.blindWindows].map((list) => list.length)).toEqual([2, 1]);
    expect(answer.auditorCalls).toEqual([]);
    const outId = await beginPage(db, { party: 'responder:nobody-on-file', template: 'voice-audit', why: 'answer-unread', demo: true });
    await endPage(db, outId, 'unknown', 'Deadline');
    expect((await ops()).auditorCalls).toEqual([{ at: expect.any(Number), role: null, template: 'voice-audit', why: 'answer-unread', state: 'unknown', code: 'Deadline', outId }]);
  });

  it('is read by those who run the house, and holds nothing of any person', async () => {
    for (const [role, status] of [['admin', 200], ['shift-leader', 200], ['county-reader', 200], ['operator', 403], ['viewer', 403], ['auditor', 403]] as const) expect([role, (await web.fetch('/api/v1/ops', { cookie: await web.cookie(role) })).status]).toEqual([role, status]);
    expect(JSON.stringify(await ops())).not.toMatch(/1540425|玉兰|陈/);
  });
});
