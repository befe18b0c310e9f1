/** The stand-in over HTTP: windows, faults, receipts with the provider's re-push schedule, control API, bounds. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { standinCode, standinProvider, standinShownNumber, standinVoiceFile } from '#core/provider.ts';
import { sha256, signature } from './acs.ts';
import { type Standin, startStandin } from './server.ts';
import { createWindows } from './windows.ts';

const key = { id: 'ak', secret: 'sk' };
type Push = { kind: string; items: Record<string, unknown>[]; at: number };
let hooks: Server;
let pushes: Push[] = [];
let answerWith: (push: Push) => { status: number; body: string; delayMs?: number } = () => ({ status: 200, body: '{"code":0,"msg":"接收成功"}' });
let standin: Standin;

beforeAll(async () => {
  hooks = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const push = { kind: request.url?.split('/').at(-1) ?? '', items: body ? JSON.parse(body) : [], at: performance.now() };
    if (request.method === 'GET') return void response.end('{"code":0,"msg":"成功"}');
    pushes.push(push);
    const { status, body: answer, delayMs } = answerWith(push);
    setTimeout(() => response.writeHead(status).end(answer), delayMs ?? 0);
  });
  await new Promise<void>((resolve) => hooks.listen(0, '127.0.0.1', resolve));
});
afterAll(() => { hooks.closeAllConnections(); hooks.close(); });
beforeEach(async () => {
  pushes = [];
  answerWith = () => ({ status: 200, body: '{"code":0,"msg":"接收成功"}' });
  standin = await startStandin({
    port: 0, key, hooks: `http://127.0.0.1:${(hooks.address() as AddressInfo).port}/hooks/aliyun/S`, scheduleMs: [20, 40, 60], pushTimeoutMs: 100,
    settings: { receiptMs: 2, ringMs: 30, speakMs: 0 },
  });
});
afterEach(() => standin.close());

let nonce = 0;
async function send(action: string, params: Record<string, string>): Promise<{ status: number; body: Record<string, string>; headers: Headers }> {
  const query = new URLSearchParams(params).toString();
  const url = new URL(`/?${query}`, standin.url);
  const headers: Record<string, string> = {
    host: url.host, 'x-acs-action': action, 'x-acs-version': '2017-05-25', 'x-acs-date': `${new Date().toISOString().slice(0, 19)}Z`, 'x-acs-signature-nonce': String(nonce++), 'x-acs-content-sha256': sha256(''),
  };
  const signed = Object.keys(headers).sort();
  const sent = signature({ method: 'POST', url: `/?${query}`, headers, body: '' }, signed, key.secret);
  const { host: _, ...rest } = headers;
  const answer = await fetch(url, { method: 'POST', headers: { ...rest, authorization: `ACS3-HMAC-SHA256 Credential=${key.id},SignedHeaders=${signed.join(';')},Signature=${sent}` }, signal: AbortSignal.timeout(300) });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : { text }, headers: answer.headers };
}
const sms = (phone = '15404250001', more: Record<string, string> = {}): ReturnType<typeof send> => send('SendSms', {
  PhoneNumbers: phone, SignName: standinProvider.sign, TemplateCode: standinCode('taken'), TemplateParam: '{"no":"27","who":"林"}', OutId: 'o1', ...more,
});
const voice = (phone = '15404250001', more: Record<string, string> = {}): ReturnType<typeof send> => send('SingleCallByTts', {
  CalledNumber: phone, TtsCode: standinCode('voice-p1'), TtsParam: '{"place":"上丰村","kind":"按了求助"}', OutId: 'o1', PlayTimes: '1', ...more,
});
const post = (path: string, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }): Promise<Response> =>
  fetch(standin.url + path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const of = (kind: string): Push[] => pushes.filter((p) => p.kind === kind);

describe('operations', () => {
  it('answers with the real shapes', async () => {
    expect((await sms()).body).toEqual({ Message: 'OK', RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/), Code: 'OK', BizId: expect.stringMatching(/^\d{16}\^0$/) });
    expect((await voice()).body).toEqual({ Message: 'OK', RequestId: expect.any(String), Code: 'OK', CallId: expect.stringMatching(/^\d{12}\^\d{12}$/) });
    const missing = await send('SendSms', { PhoneNumbers: '15404250001', TemplateCode: 'x' });
    expect([missing.status, Object.keys(missing.body)]).toEqual([400, ['RequestId', 'Message', 'HostId', 'Code', 'Recommend']]);
    expect(missing.body).toMatchObject({ Code: 'MissingSignName', Message: 'SignName is mandatory for this action.' });
    expect(await send('Nothing', {})).toMatchObject({ status: 404, body: { Code: 'InvalidAction.NotFound' } });
  });
  it.each<[string, Record<string, string>, string]>([
    ['a wrong sign', { SignName: '别人' }, 'isv.SMS_SIGNATURE_ILLEGAL'],
    ['an unknown template', { TemplateCode: 'SMS_1' }, 'isv.SMS_TEMPLATE_ILLEGAL'],
    ['a voice template', { TemplateCode: standinCode('voice-p1') }, 'isv.SMS_TEMPLATE_ILLEGAL'],
    ['no JSON', { TemplateParam: '{no}' }, 'isv.INVALID_JSON_PARAM'],
    ['a missing variable', { TemplateParam: '{"no":"27"}' }, 'isv.TEMPLATE_MISSING_PARAMETERS'],
    ['a long variable', { TemplateParam: `{"no":"27","who":"${'长'.repeat(36)}"}` }, 'isv.PARAM_LENGTH_LIMIT'],
    ['a link', { TemplateParam: '{"no":"27","who":"http://x.cn"}' }, 'isv.PARAM_NOT_SUPPORT_URL'],
    ['an odd number', { PhoneNumbers: '12345' }, 'isv.MOBILE_NUMBER_ILLEGAL'],
  ])('refuses %s', async (_, more, code) => expect((await sms(undefined, more)).body).toMatchObject({ Code: code }));
  it('refuses voice parameters in both known forms', async () => {
    expect(await voice(undefined, { TtsParam: '{"place":"3-2","kind":"x"}' })).toMatchObject({ status: 200, body: { Code: 'isv.TEMPLATE_PARAMS_ILLEGAL' } });
    standin.state.settings.voiceErrors = 'http';
    expect(await voice(undefined, { OutId: 'o123456789abcdef' })).toMatchObject({ status: 400, body: { Code: 'isv.INVALID_PARAMETERS' } });
    expect(await voice(undefined, { CalledShowNumber: standinShownNumber })).toMatchObject({ status: 400, body: { Code: 'isv.DISPLAY_NUMBER_ILLEGAL' } });
    expect(await send('SingleCallByVoice', { CalledNumber: '15404250009', VoiceCode: standinVoiceFile })).toMatchObject({ status: 200, body: { Code: 'OK' } });
  });
  it('keeps the provider’s windows: 50 texts a day per template and number, calls 1 a minute', async () => {
    for (let i = 0; i < 50; i++) expect((await sms('15404250002')).body['Code']).toBe('OK');
    expect((await sms('15404250002')).body).toMatchObject({ Code: 'isv.BUSINESS_LIMIT_CONTROL', Message: '触发天级流控Permits:50' });
    expect((await sms('15404250003')).body['Code']).toBe('OK');
    expect((await sms('15404250002', { TemplateCode: standinCode('minimal') })).body['Code']).toBe('OK');
    expect((await voice()).body['Code']).toBe('OK');
    expect((await voice()).body).toMatchObject({ Code: 'isv.BUSINESS_LIMIT_CONTROL', Message: '触发分钟级流控Permits:1' });
    standin.state.settings.windows = false;
    expect((await voice()).body['Code']).toBe('OK');
  });
  it('opens windows with the first call: 5 an hour, 20 a day', () => {
    const windows = createWindows();
    const min = 60_000;
    const taken = Array.from({ length: 7 }, (_, i) => windows.take('voice', 'n', i * min));
    expect(taken).toEqual([null, null, null, null, null, '触发小时级流控Permits:5', '触发小时级流控Permits:5']);
    let accepted = 5;
    for (let h = 1; h < 24; h++) for (let i = 0; i < 5; i++) if (windows.take('voice', 'n', h * 60 * min + i * min) === null) accepted++;
    expect(accepted).toBe(20);
    expect(windows.take('voice', 'n', 24 * 60 * min)).toBeNull();
  });
});

describe('callbacks', () => {
  it('reports a text’s delivery with the provider’s fields', async () => {
    const { body } = await sms();
    await expect.poll(() => of('sms-report').length).toBe(1);
    expect(of('sms-report')[0]?.items).toEqual([{
      phone_number: '15404250001', send_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/), report_time: expect.any(String), success: true, err_code: 'DELIVERED', err_msg: '用户接收成功', sms_size: '1', biz_id: body['BizId'], out_id: 'o1',
    }]);
  });
  it('pushes again after 1, 5 and 10 minutes (scaled) and then gives up', async () => {
    answerWith = () => ({ status: 500, body: '' });
    await sms();
    await expect.poll(() => standin.state.pusher.list()[0]?.state).toBe('given-up');
    expect(of('sms-report').length).toBe(4);
    const gaps = of('sms-report').slice(1).map((p, i) => p.at - (of('sms-report')[i]?.at ?? 0));
    expect(gaps.every((gap, i) => gap >= [18, 38, 58][i]!)).toBe(true);
  });
  it.each([['late answers', { status: 200, body: '{"code":0}', delayMs: 150 }], ['answers without a number', { status: 200, body: '{"msg":"ok"}' }], ['what is no JSON', { status: 200, body: 'ok' }]])('does not take %s', async (_, first) => {
    let n = 0;
    answerWith = () => (n++ === 0 ? first : { status: 200, body: '{"code":0}' });
    await sms();
    await expect.poll(() => standin.state.pusher.list()[0]?.state).toBe('done');
    expect(of('sms-report').length).toBe(2);
  });
  it('probes with GET', async () => expect(await (await post('/api/probe', { kind: 'sms-report' })).json()).toEqual({ ok: true }));
  it.each([['none', 0], ['duplicate', 2], ['late', 1]])('can give receipts %s', async (kind, times) => {
    await post('/api/faults', { kind, delayMs: 40 });
    const began = performance.now();
    await sms();
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(of('sms-report').length).toBe(times);
    if (kind === 'late') expect((of('sms-report')[0]?.at ?? 0) - began).toBeGreaterThan(38);
  });
  it('can forge, fail and reorder receipts', async () => {
    await post('/api/faults', { kind: 'forged', count: 1 });
    await sms();
    await expect.poll(() => of('sms-report').length).toBe(2);
    expect(of('sms-report').map((p) => p.items[0]?.['out_id']).sort()).toEqual(['forged', 'o1']);
    await post('/api/faults', { kind: 'failed', code: 'MK:0001', count: 1 });
    await post('/api/faults', { kind: 'out-of-order', count: 1 });
    await sms('15404250004', { OutId: 'o2' });
    await expect.poll(() => of('sms-report').find((p) => p.items[0]?.['out_id'] === 'o2')?.items[0]).toMatchObject({ success: false, err_code: 'MK:0001' });
    await sms('15404250005', { OutId: 'o3' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sms('15404250006', { OutId: 'o4' });
    await expect.poll(() => of('sms-report').map((p) => p.items[0]?.['out_id']).slice(-2)).toEqual(['o4', 'o3']);
  });
});

describe('phones', () => {
  it('rings out, is answered, hung up, busy; each ends in its report', async () => {
    standin.state.settings.windows = false;
    const results: string[] = [];
    const { ringMs } = standin.state.settings;
    for (const action of [null, 'answer', 'hang-up', 'busy']) {
      standin.state.settings.ringMs = action ? 5_000 : ringMs; // a call that somebody acts on still rings when the act arrives, on a busy machine too
      const { body } = await voice();
      if (action) expect((await post('/api/press', { callId: body['CallId'], action })).status).toBe(200);
      await expect.poll(() => of('voice-report').find((p) => p.items[0]?.['call_id'] === body['CallId'])).toBeTruthy();
      results.push(String(of('voice-report').find((p) => p.items[0]?.['call_id'] === body['CallId'])?.items[0]?.['status_code']));
    }
    expect(results).toEqual(['200003', '200000', '200002', '200002']);
    expect(of('voice-report')[0]?.items[0]).toMatchObject({ callee: '15404250001', out_id: 'o1', voice_type: 'voice', toll_type: 'LOCAL' });
  });
  it('hears keys only where the account has a number for it [F7]', async () => {
    standin.state.settings.ringMs = 5_000;
    const { body } = await voice();
    expect((await post('/api/press', { callId: body['CallId'], action: '1' })).status).toBe(422);
    Object.assign(standin.state.settings, { keypress: true, windows: false, speakMs: 1 });
    const second = (await voice()).body['CallId'];
    expect((await post('/api/press', { callId: second, action: '1' })).status).toBe(200);
    await expect.poll(() => of('voice-call-report')[0]?.items[0]).toMatchObject({ status_code: '300000', dtmf: '1', call_id: second, out_id: 'o1' });
    await expect.poll(() => of('voice-report').find((p) => p.items[0]?.['call_id'] === second)?.items[0]).toMatchObject({ dtmf: '1' });
  });
  it('writes back', async () => {
    expect((await post('/api/reply', { phone: '15404250001', content: '收到' })).status).toBe(200);
    await expect.poll(() => of('sms-up')[0]?.items).toEqual([{ phone_number: '15404250001', content: '收到', send_time: expect.any(String), dest_code: '350425', sequence_id: expect.stringMatching(/^\d{16,}$/) }]);
    expect(await (await fetch(`${standin.url}/api/messages?phone=15404250001`)).json()).toMatchObject({ replies: [{ content: '收到' }], messages: [], calls: [] });
  });
  it('is controlled only by its own page, by a loopback name, in JSON', async () => {
    expect((await post('/api/reply', 'phone=15404250001', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    expect((await post('/api/reply', '{"phone":')).status).toBe(422);
    expect((await post('/api/reply', { phone: 'x', content: '1' })).status).toBe(422);
    expect((await post('/api/faults', { kind: 'nothing' })).status).toBe(422);
    expect((await post('/api/settings', { windows: 'no' })).status).toBe(422);
    const { port } = new URL(standin.url);
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => request({ port, host: '127.0.0.1', path: '/api/phones', headers: { host: 'evil.example' } }, (r) => { r.resume(); resolve(r.statusCode); }).end());
    expect(status).toBe(403);
    const page = await fetch(standin.url);
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")]);
  });
  it('keeps a bounded number of phones and items', async () => {
    for (let i = 0; i < 700; i++) standin.state.phones.add({ type: 'reply', id: String(i), at: i, phone: `1540425${String(i).padStart(4, '0')}`, content: 'x' });
    for (let i = 0; i < 300; i++) standin.state.phones.add({ type: 'reply', id: `a${i}`, at: i, phone: '15404259999', content: 'x' });
    expect(standin.state.phones.list().length).toBe(500);
    expect(standin.state.phones.items().filter((i) => i.phone === '15404259999').length).toBe(100);
  });
  it('says on a port in use who holds it not: the caller does', async () => {
    await expect(startStandin({ port: Number(new URL(standin.url).port), key, hooks: null })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
