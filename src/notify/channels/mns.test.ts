/** Receipts and replies out of the provider's queues, against the stand-in, which verifies each signature: nothing is lost, nothing is asked for nothing. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { standinProvider, type ProviderSettings } from '#core/provider.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { mnsSignature } from './aliyun/mns.ts';
import { readPush } from './aliyun/receipts.ts';
import { aliyunGateway } from './aliyun/gateway.ts';
import type { Gateway, Incoming, Message } from './channel.ts';

const key = { id: 'test-id', secret: 'test-secret' };
let standin: Standin;
let settings: ProviderSettings;
beforeAll(async () => { standin = await startStandin({ port: 0, key, hooks: null, settings: { queues: true, hiddenMs: 300, receiptMs: 5, ringMs: 20, speakMs: 0 } }); });
afterAll(() => standin.close());
beforeEach(() => { settings = { ...standinProvider, mnsAccount: '1234567890' }; standin.state.ledger.length = 0; });
const open = (secret = key.secret): Gateway =>
  aliyunGateway('standin', { credentials: { ...key, secret }, smsUrl: standin.url, voiceUrl: standin.url, queues: { tokenUrl: standin.url, url: standin.url }, deadlineMs: 3_000 }, () => settings);
const text: Message = { outId: 'o123456789abcd', to: '15404250001', template: 'sos', params: { time: '02:13', place: '屏山乡内洋村下厝角12号', name: '陈', no: '27', kind: '按了求助' } };
/** Asks until there are so many, or time is up. */
async function fetched(gateway: Gateway, n: number, ms = 15_000): Promise<Incoming[]> {
  const items: Incoming[] = [];
  for (const until = performance.now() + ms; items.length < n && performance.now() < until;) items.push(...await gateway.pull?.() ?? []);
  return items;
}

describe('receipts where nothing can come in [E4]', () => {
  it('a delivery, a reply and the end of a call come out of their queues, understood like a callback, and are gone once they are rows', async () => {
    const gateway = open();
    await gateway.channels.sms.send(text);
    await gateway.channels.voice.send({ ...text, template: 'voice-p1', outId: 'o2' });
    await fetch(`${standin.url}/api/reply`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone: text.to, content: '1' }) });
    const items = await fetched(gateway, 3);
    expect(items.map((i) => i.kind).sort()).toEqual(['sms-report', 'sms-up', 'voice-report']);
    const reports = items.flatMap((i) => readPush(i.kind, i.body));
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'fate', outId: text.outId, fate: { kind: 'delivered' } }));
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'answer', from: text.to, content: '1' }));
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'fate', channel: 'voice', outId: 'o2' }));
    for (const item of items) await item.taken();
    expect(standin.state.mns.waiting()).toBe(0);
    expect(standin.state.ledger.filter((l) => l.action === 'QueryTokenForMnsQueue').length, 'keys are borrowed once a queue').toBe(4);
  });
  it('what was not taken comes again: a crash between the two costs a repeat, never a receipt [LAW1]', async () => {
    const gateway = open();
    await gateway.channels.sms.send({ ...text, outId: 'o3' });
    const [first] = await fetched(gateway, 1);
    const [again] = await fetched(open(), 1); // another worker, after a crash
    expect(again?.body).toBe(first?.body);
    await again?.taken();
    expect(standin.state.mns.waiting()).toBe(0);
  });
  it('asks nothing without an account, and says when its keys are refused', async () => {
    settings = { ...settings, mnsAccount: null };
    expect(await open().pull?.()).toEqual([]);
    expect(standin.state.ledger).toEqual([]);
    settings = { ...settings, mnsAccount: '1234567890' };
    await expect(fetched(open('another'), 1, 5_000)).rejects.toThrow();
  });
  it('a queue refuses a signature that is not of these keys, and a stranger', async () => {
    const { AccessKeyId, AccessKeySecret, SecurityToken } = standin.state.mns.lend();
    const path = '/queues/Alicom-Queue-1-SmsUp/messages?numOfMessages=16&waitseconds=0';
    const date = new Date().toUTCString();
    const headers = { 'x-mns-version': '2015-06-06', 'content-type': 'text/xml' };
    const ask = async (secret: string, id = AccessKeyId): Promise<string> => {
      const response = await fetch(standin.url + path, { headers: { ...headers, date, 'security-token': SecurityToken, authorization: `MNS ${id}:${mnsSignature(secret, 'GET', date, headers, path)}` } });
      return `${response.status} ${/<Code>(\w+)/.exec(await response.text())?.[1]}`;
    };
    expect([await ask(AccessKeySecret), await ask('x'), await ask(AccessKeySecret, 'nobody')]).toEqual(['404 MessageNotExist', '403 SignatureDoesNotMatch', '403 InvalidAccessKeyId']);
  });
});
