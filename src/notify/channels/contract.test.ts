/**
 * What every gateway must keep, run with the provider's real SDK over real HTTP against the stand-in, which verifies each
 * signature. A new gateway is one line in `gateways`.
 */
import { createServer } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { providerBudget, standinCode, standinProvider, standinShownNumber } from '#core/provider.ts';
import type { ProviderSettings } from '#core/provider.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { aliyunGateway } from './aliyun/gateway.ts';
import type { Gateway, Message, Outcome } from './channel.ts';
import { openGateway } from './index.ts';

const key = { id: 'test-id', secret: 'test-secret' };
const deadlineMs = 400;
let settings: ProviderSettings = standinProvider;
let standin: Standin;
beforeAll(async () => { standin = await startStandin({ port: 0, key, hooks: null, settings: { receiptMs: 5, ringMs: 20, speakMs: 0 } }); });
afterAll(() => standin.close());
beforeEach(() => {
  settings = { ...standinProvider, budget: { ...providerBudget } };
  standin.state.faults.clear();
  standin.state.ledger.length = 0;
  standin.state.reviews.clear();
  Object.assign(standin.state.settings, { windows: false, keypress: false, voiceErrors: 'body' });
});
const fault = (kind: string, more: object = {}): void => { expect(standin.state.faults.add({ kind, ...more })).not.toBeNull(); };

const gateways: Record<string, () => Gateway> = {
  'standin (as configured)': () => openGateway({ kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: standin.url, credentials: key, settings: () => settings }),
  'aliyun (at another address)': () => aliyunGateway('aliyun', { credentials: key, smsUrl: standin.url, voiceUrl: standin.url, deadlineMs }, () => settings),
};
const params = { time: '02:13', place: '屏山乡内洋村下厝角12号(*!)', name: '陈', no: '27', kind: '按了求助' };
const text: Message = { outId: 'o123456789abcd', to: '15404250001', template: 'sos', params };
const call: Message = { ...text, template: 'voice-p1' };

describe.each(Object.entries(gateways))('gateway %s', (_, open) => {
  it('sends a text in one signed request with its out_id, and the phone shows it', async () => {
    const outcome = await open().channels.sms.send(text);
    expect(outcome).toMatchObject({ kind: 'accepted', providerId: expect.stringMatching(/^\d{16}\^0$/) });
    expect(standin.state.ledger).toMatchObject([{ action: 'SendSms', signed: true, outId: text.outId, phone: text.to, accepted: true }]);
    const item = standin.state.phones.find((i) => i.type === 'sms' && i.outId === text.outId);
    expect(item).toMatchObject({ text: '一键呼02:13，屏山乡内洋村下厝角12号(*!)，陈姓老人，请速去看。去回1，不去回0，单27。0598-0350425', parts: 1 });
  });
  it('places a call whose words are spoken forms', async () => {
    expect(await open().channels.voice.send(call)).toMatchObject({ kind: 'accepted', providerId: expect.stringContaining('^') });
    expect(standin.state.ledger).toMatchObject([{ action: 'SingleCallByTts', signed: true, outId: call.outId, accepted: true }]);
    expect(standin.state.phones.find((i) => i.type === 'call')).toMatchObject({ text: expect.stringContaining('屏山乡内洋村下厝角十二号') });
  });
  it('tells what became of a message', async () => {
    const gateway = open();
    const sent = await gateway.channels.sms.send(text) as Extract<Outcome, { kind: 'accepted' }>;
    const called = await gateway.channels.voice.send(call) as Extract<Outcome, { kind: 'accepted' }>;
    const ask = { outId: text.outId, to: text.to, template: text.template, sentAt: Date.now() };
    await expect.poll(() => gateway.channels.sms.query({ ...ask, providerId: sent.providerId })).toEqual({ kind: 'delivered' });
    await expect.poll(() => gateway.channels.voice.query({ ...ask, template: 'voice-p1', providerId: called.providerId })).toEqual({ kind: 'failed', code: '200003', class: 'F' });
    expect(await gateway.channels.sms.query({ ...ask, outId: 'never', providerId: null })).toEqual({ kind: 'not-found' });
    expect(await gateway.channels.voice.query({ ...ask, providerId: null })).toEqual({ kind: 'not-found' });
  });
  it.each([
    ['code', { code: 'isv.BUSINESS_LIMIT_CONTROL' }, { kind: 'rejected', class: 'F', code: 'isv.BUSINESS_LIMIT_CONTROL' }],
    ['code', { code: 'isv.AMOUNT_NOT_ENOUGH' }, { kind: 'rejected', class: 'F', scope: 'account', page: true }],
    ['code', { code: 'isv.MOBILE_NUMBER_ILLEGAL', status: 400 }, { kind: 'rejected', class: 'P', scope: 'recipient' }],
    ['throttle', { delayMs: 700 }, { kind: 'rejected', class: 'R', retryAfterMs: 700, code: 'Throttling.User' }],
    ['throttle', {}, { kind: 'rejected', class: 'R', retryAfterMs: null }],
    ['unavailable', {}, { kind: 'rejected', class: 'R', endsAs: 'U' }],
    ['internal', {}, { kind: 'rejected', class: 'R', endsAs: 'U' }],
    ['html', {}, { kind: 'unknown', code: 'NotJson' }],
    ['not-json', {}, { kind: 'unknown', code: 'NotJson' }],
    ['drop', {}, { kind: 'unknown' }],
    ['drop-after-accept', {}, { kind: 'unknown' }],
  ])('answers %s %o with its class, after one request only [RF12]', async (kind, more, expected) => {
    for (const [channel, message] of [['sms', text], ['voice', call]] as const) {
      standin.state.faults.clear();
      standin.state.ledger.length = 0;
      fault(kind, more);
      expect(await open().channels[channel].send(message)).toMatchObject(expected);
      expect(standin.state.ledger.length).toBe(1);
    }
  });
});

describe('the deadline', () => {
  const quick = (): Gateway => gateways['aliyun (at another address)']!();
  it.each(['hang', 'hang-after-accept', 'stall', 'stall-after-accept'])('ends a call that meets %s, of unknown outcome, also on a reused socket [RF12 LAW6]', async (kind) => {
    const gateway = quick();
    await gateway.channels.sms.send(text);
    fault(kind);
    const began = performance.now();
    expect(await gateway.channels.sms.send(text)).toMatchObject({ kind: 'unknown' });
    expect(await gateway.channels.voice.send(call)).toMatchObject({ kind: 'unknown' });
    expect(performance.now() - began).toBeLessThan(2 * deadlineMs + 5_000);
  });
  it('knows what surely was not sent: nobody listens, no such host, TLS on a plain port [RF12]', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)));
    await new Promise((resolve) => server.close(resolve));
    const at = (url: string): Gateway => aliyunGateway('aliyun', { credentials: key, smsUrl: url, voiceUrl: url, deadlineMs: 2_000 }, () => settings);
    for (const url of [`http://127.0.0.1:${port}`, standin.url.replace('http:', 'https:')])
      for (const channel of ['sms', 'voice'] as const) expect(await at(url).channels[channel].send(channel === 'sms' ? text : call), url).toMatchObject({ kind: 'rejected', class: 'R', endsAs: 'F' });
  });
});

describe('what only some counties have', () => {
  const gateway = (): Gateway => gateways['standin (as configured)']!();
  it('takes keys with a bought number, and falls back to an announcement when a value is missing', async () => {
    standin.state.settings.keypress = true;
    settings = { ...settings, mode: 'dedicated', shownNumber: standinShownNumber };
    await gateway().channels.voice.send(call);
    expect(standin.state.ledger.at(-1)).toMatchObject({ action: 'IvrCall', accepted: true });
    expect(standin.state.phones.find((i) => i.type === 'call')).toMatchObject({ keys: true, menu: { 1: expect.stringContaining('已登记您前往'), 0: expect.stringContaining('马上叫下一位') } });
    const { no: _, ...without } = params;
    await gateway().channels.voice.send({ ...call, params: without });
    expect(standin.state.ledger.at(-1)).toMatchObject({ action: 'SingleCallByTts', accepted: true });
  });
  it('speaks to whoever has no Mandarin in his own speech, by kind, where it was recorded; with keys when all parts are [E14]', async () => {
    settings = { ...settings, prompts: { 闽南话: { 'voice-p1': 'minnan.wav', 'voice-p1.fall': 'minnan-fall.wav' }, 前路话: { 'voice-p1': standinCode('voice-desk') } } };
    const heard = async (languages: string[], kind: 'sos' | 'fall'): Promise<string> => {
      expect(await gateway().channels.voice.send({ ...call, params: { ...params, n: '1' }, languages, kind })).toMatchObject({ kind: 'accepted' });
      const at = standin.state.ledger.at(-1);
      return `${at?.action} ${standin.state.phones.items().findLast((i) => i.type === 'call')?.text.slice(0, 20)}`;
    };
    expect(await heard(['闽南话', '普通话'], 'sos')).toBe('SingleCallByVoice (录音 minnan.wav)');
    expect(await heard(['闽南话'], 'fall')).toBe('SingleCallByVoice (录音 minnan-fall.wav)');
    expect(await heard(['普通话', '闽南话'], 'fall')).toMatch(/^SingleCallByTts 急事/);
    expect(await heard(['桃源话'], 'fall'), 'nothing recorded').toMatch(/^SingleCallByTts 急事/);
    standin.state.settings.keypress = true;
    settings = { ...settings, mode: 'dedicated', shownNumber: standinShownNumber };
    expect(await heard(['闽南话'], 'sos'), 'keys matter more than the greeting').toMatch(/^IvrCall 急事/);
    settings = { ...settings, prompts: { 闽南话: { 'ivr-p1': 'm1.wav', 'ivr-yes': 'm2.wav', 'ivr-no': 'm3.wav', 'ivr-bye': 'm4.wav' } } };
    expect(await heard(['闽南话'], 'sos')).toBe('IvrCall (录音 m1.wav)');
  });
  it('is refused a bought number in public mode [F7]', async () => {
    settings = { ...settings, mode: 'dedicated', shownNumber: standinShownNumber };
    expect(await gateway().channels.voice.send(call)).toMatchObject({ kind: 'rejected', class: 'P', code: 'isv.DISPLAY_NUMBER_ILLEGAL', page: true });
  });
  it('says it in other words when the text is refused', async () => {
    expect(await gateway().channels.sms.sendPlain(text)).toMatchObject({ kind: 'accepted' });
    expect(standin.state.phones.find((i) => i.type === 'sms')).toMatchObject({ text: '有老人紧急求助，请立即回电值班室0598-0350425' });
    expect(await gateway().channels.voice.sendPlain(call)).toMatchObject({ kind: 'accepted' });
    expect(gateway().channels.sms.sendPlain({ ...text, template: 'minimal' })).toBeNull();
  });
  it('is ready only with every vital template known, approved and with our variables, and with an approved sign [F12]', async () => {
    const check = await gateway().check();
    expect(check.missing).toEqual([]);
    expect(check.templates.find((s) => s.template === 'sos')).toEqual({ template: 'sos', code: standinCode('sos'), state: 'approved' });
    expect(check.templates.find((s) => s.template === 'voice-p1')?.state).toBe('not-asked');
    standin.state.reviews.set(standinCode('fall'), { status: 'AUDIT_STATE_INIT' }).set(standinCode('gas'), { status: 'AUDIT_STATE_NOT_PASS' }).set(standinCode('smoke'), { text: '烟感响${time}，${where}。' });
    settings = { ...settings, sign: '别人的签名', templates: { ...settings.templates, sos: 'SMS_111111111' } };
    delete settings.templates['voice-p1'];
    const { missing, templates } = await gateway().check();
    expect(missing).toEqual([
      'template "sos" (SMS_111111111) is not known to the provider', `template "fall" (${standinCode('fall')}) is still under review`, `template "smoke" (${standinCode('smoke')}) has other variables than ours`,
      `template "gas" (${standinCode('gas')}) was rejected by the reviewer`, 'no template code for "voice-p1"', 'sign "别人的签名" is not known to the provider',
    ]);
    expect(Object.fromEntries(templates.map((s) => [s.template, s.state]))).toMatchObject({ sos: 'not-found', fall: 'pending', smoke: 'other-text', gas: 'rejected', 'voice-p1': 'no-code', sign: 'not-found', escalate: 'approved' });
    expect(await gateway().channels.voice.send(call)).toMatchObject({ kind: 'rejected', class: 'P', code: 'local.NO_TEMPLATE_CODE' });
  });
  it('tells a provider that does not answer from a key that may only send [F12]', async () => {
    fault('code', { action: 'QuerySmsTemplateList', code: 'isp.RAM_PERMISSION_DENY' });
    expect(await gateway().check()).toMatchObject({ missing: [], templates: expect.arrayContaining([{ template: 'sos', code: standinCode('sos'), state: 'not-asked' }]) });
    standin.state.faults.clear();
    fault('unavailable', { action: 'QuerySmsTemplateList' });
    expect(await gateway().check()).toMatchObject({ missing: [expect.stringContaining('does not answer')], templates: expect.arrayContaining([{ template: 'sos', code: standinCode('sos'), state: 'no-answer' }]) });
  });
  it('refuses a wrong key at once and says so', async () => {
    const wrong = aliyunGateway('aliyun', { credentials: { id: 'nobody', secret: 'x' }, smsUrl: standin.url, voiceUrl: standin.url, deadlineMs }, () => settings);
    expect(await wrong.channels.sms.send(text)).toMatchObject({ kind: 'rejected', class: 'P', scope: 'account', code: 'InvalidAccessKeyId.NotFound', page: true });
    const forged = aliyunGateway('aliyun', { credentials: { id: key.id, secret: 'x' }, smsUrl: standin.url, voiceUrl: standin.url, deadlineMs }, () => settings);
    expect(await forged.channels.voice.send(call)).toMatchObject({ kind: 'rejected', class: 'R', endsAs: 'P', code: 'SignatureDoesNotMatch' });
    expect(standin.state.ledger.map((l) => l.signed)).toEqual([false, false]);
  });
  it('needs the stand-in’s keys, and the county’s own platform its address and key', () => {
    const options = { smsUrl: null, voiceUrl: null, standinUrl: standin.url, credentials: null, settings: () => settings };
    expect(() => openGateway({ ...options, kind: 'standin' })).toThrow(/keys are not set/);
    expect(() => openGateway({ ...options, kind: 'http' })).toThrow(/ANLING_HTTP_GATEWAY_URL/);
  });
});
