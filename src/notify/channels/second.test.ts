/** The county's own platform over its signed contract, a modem by its folders, and two gateways as one: what each answers and where a message goes then (E4). */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { standinProvider } from '#core/provider.ts';
import { limits } from '#core/limits.ts';
import type { Channel, Gateway, Message, Outcome } from './channel.ts';
import { withFallback } from './fallback.ts';
import { httpGateway, signature } from './http/gateway.ts';
import { modemGateway } from './modem/gateway.ts';

const key = 'a-key-that-two-houses-share-and-nobody-else';
const settings = () => standinProvider;
const message: Message = { outId: 'o123456789abcd', to: '15404250001', template: 'sos', params: { time: '02:13', place: '屏山乡内洋村下厝角12号', name: '陈', no: '27', kind: '按了求助' } };
const call: Message = { ...message, template: 'voice-p1' };

type Asked = { method: string; path: string; body: Record<string, unknown> | null };
let asked: Asked[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let url = '';
/** A platform that keeps the contract: it looks at the signature, and answers a repeat of an outId as it answered before. */
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (bytes: Buffer) => { body += bytes.toString(); });
  request.on('end', () => {
    const time = String(request.headers['x-anling-time']);
    if (Math.abs(Date.now() / 1000 - Number(time)) > 300 || request.headers['x-anling-signature'] !== signature(key, time, request.method ?? '', request.url ?? '', body)) return void response.writeHead(401).end('{"code":"signature"}');
    asked.push({ method: request.method ?? '', path: request.url ?? '', body: body === '' ? null : JSON.parse(body) as Record<string, unknown> });
    answer(request, response);
  });
});
const json = (status: number, body: object, headers: Record<string, string> = {}) => (_: IncomingMessage, response: ServerResponse): void => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)); };
beforeAll(async () => { await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)); url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; });
afterAll(() => { server.closeAllConnections(); server.close(); });
beforeEach(() => { asked = []; answer = json(202, { id: 'p1' }); });
const county = (more: { url?: string; key?: string } = {}): Gateway => httpGateway({ url, key, deadlineMs: 400, ...more }, settings);

describe('the county’s own platform', () => {
  it('gets one signed request a message, with the whole text, and a call as it is spoken [E4]', async () => {
    expect(await county().channels.sms.send(message)).toEqual({ kind: 'accepted', providerId: 'p1' });
    expect(await county().channels.voice.send(call)).toEqual({ kind: 'accepted', providerId: 'p1' });
    expect(asked).toEqual([
      { method: 'POST', path: '/v1/messages', body: { outId: message.outId, channel: 'sms', to: message.to, text: '【大田养老呼叫】一键呼02:13，屏山乡内洋村下厝角12号，陈姓老人，请速去看。去回1，不去回0，单27。0598-0350425' } },
      { method: 'POST', path: '/v1/messages', body: { outId: call.outId, channel: 'voice', to: call.to, text: expect.stringContaining('屏山乡内洋村下厝角十二号，有老人按了求助') } },
    ]);
  });

  it('is refused with another key, and says so to an administrator [E4]', async () => {
    expect(await county({ key: 'another-key-of-another-house-altogether' }).channels.sms.send(message)).toMatchObject({ kind: 'rejected', class: 'P', scope: 'account', code: 'signature', page: true });
  });

  it.each([
    ['takes it without an id', json(200, {}), { kind: 'unknown', code: 'NotJson' }],
    ['answers a page', (_: IncomingMessage, r: ServerResponse) => { r.writeHead(200).end('<html>'); }, { kind: 'unknown', code: 'NotJson' }],
    ['sends us elsewhere', (_: IncomingMessage, r: ServerResponse) => { r.writeHead(302, { location: '/login' }).end(); }, { kind: 'unknown' }],
    ['throttles', json(429, { code: 'slow-down' }, { 'retry-after': '2' }), { kind: 'rejected', class: 'R', scope: 'provider', retryAfterMs: 2_000, endsAs: 'F' }],
    ['breaks', json(503, {}), { kind: 'rejected', class: 'R', scope: 'provider', endsAs: 'U', code: 'Http.503' }],
    ['has no such number', json(422, { code: 'no-number', scope: 'recipient' }), { kind: 'rejected', class: 'P', scope: 'recipient', page: false }],
    ['has called him too often', json(422, { code: 'too-often', scope: 'recipient', later: true }), { kind: 'rejected', class: 'F', scope: 'recipient' }],
    ['will not say these words', json(422, { code: 'words', scope: 'message' }), { kind: 'rejected', class: 'P', scope: 'message' }],
    ['has no money', json(402, { code: 'balance', scope: 'account' }), { kind: 'rejected', class: 'P', scope: 'account', page: true }],
    ['cuts the line', (q: IncomingMessage) => { q.socket.destroy(); }, { kind: 'unknown' }],
    ['says nothing', () => {}, { kind: 'unknown', code: 'Deadline' }],
    ['drips', (_: IncomingMessage, r: ServerResponse) => { r.writeHead(202); r.write('{"id"'); }, { kind: 'unknown', code: 'Deadline' }],
  ] as const)('when it %s: the right class, after one request only [E4 RF12]', async (_, how, expected) => {
    answer = how;
    expect(await county().channels.sms.send(message)).toMatchObject(expected);
    expect(asked).toHaveLength(1);
  });

  it('surely did not get what met no listener [E4 LAW6]', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    expect(await county({ url: `http://127.0.0.1:${port}` }).channels.sms.send(message)).toMatchObject({ kind: 'rejected', class: 'R', endsAs: 'F', scope: 'provider' });
  });

  it('tells what became of a message, and whether it is ready [E4]', async () => {
    const fate = async (how: typeof answer) => { answer = how; return county().channels.sms.query({ outId: message.outId, to: message.to, providerId: 'p1', template: 'sos', sentAt: 0 }); };
    expect(await fate(json(200, { state: 'delivered' }))).toEqual({ kind: 'delivered' });
    expect(await fate(json(200, { state: 'failed', code: 'off', permanent: false }))).toEqual({ kind: 'failed', code: 'off', class: 'F' });
    expect(await fate(json(404, {}))).toEqual({ kind: 'not-found' });
    expect(await fate(json(500, {}))).toEqual({ kind: 'no-answer', code: 'Http.500' });
    expect(asked.at(-1)?.path).toBe(`/v1/messages/${message.outId}`);
    answer = json(200, { sms: true, voice: false });
    expect((await county().check()).missing).toEqual(['the county’s message platform takes no voice now']);
  });
});

describe('a modem', () => {
  let folder = '';
  const file = (name: string): string => join(folder, name);
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'anling-modem-')); for (const name of ['outbox', 'sent', 'error', 'inbox']) mkdirSync(file(name)); });
  const modem = (): Gateway => modemGateway({ folder, staleMs: 1_000 }, settings);
  const ask = { outId: message.outId, to: message.to, providerId: null, template: 'sos' as const, sentAt: 0 };

  it('gets one whole file a text, of the highest priority, and tells what became of it [E4]', async () => {
    expect(await modem().channels.sms.send(message)).toMatchObject({ kind: 'accepted' });
    const [name = ''] = readdirSync(file('outbox'));
    expect(name).toMatch(/^OUTA\d{8}_\d{6}_00_15404250001_o123456789abcd\.txtd$/);
    expect(readFileSync(file(`outbox/${name}`), 'utf8')).toBe('【大田养老呼叫】一键呼02:13，屏山乡内洋村下厝角12号，陈姓老人，请速去看。去回1，不去回0，单27。0598-0350425');
    expect(await modem().channels.sms.query(ask)).toEqual({ kind: 'waiting' });
    renameSync(file(`outbox/${name}`), file(`sent/${name}`));
    expect(await modem().channels.sms.query(ask)).toEqual({ kind: 'delivered' });
    renameSync(file(`sent/${name}`), file(`error/${name}`));
    expect(await modem().channels.sms.query(ask)).toMatchObject({ kind: 'failed', class: 'F' });
    expect(await modem().channels.voice.send(call)).toMatchObject({ kind: 'rejected', code: 'local.NO_VOICE' });
  });

  it('says that its folders are missing, that its daemon is dead, that the disk takes nothing [E4]', async () => {
    expect((await modem().check()).missing).toEqual([]);
    writeFileSync(file('outbox/OUTA_old.txtd'), 'x');
    utimesSync(file('outbox/OUTA_old.txtd'), 1, 1);
    expect((await modem().check()).missing).toEqual([expect.stringContaining('is gammu-smsd running?')]);
    rmSync(file('outbox'), { recursive: true });
    expect((await modem().check()).missing).toEqual([expect.stringContaining('outbox is not there')]);
    expect(await modem().channels.sms.send(message)).toMatchObject({ kind: 'rejected', code: 'local.ENOENT', scope: 'account', page: true });
  });

  it('hands over its answers once, parts together, in the shape of a push [E4 E6]', async () => {
    writeFileSync(file('inbox/IN20261122_021530_00_+8615404250001_00.txt'), '去');
    writeFileSync(file('inbox/IN20261122_021531_00_15404250002_00.txt'), '我在外地');
    writeFileSync(file('inbox/IN20261122_021531_00_15404250002_01.txt'), '去不了');
    const first = await modem().pull!();
    expect(first.map((i) => JSON.parse(i.body) as unknown)).toEqual([
      [{ phone_number: '15404250001', content: '去', send_time: '2026-11-22 02:15:30', sequence_id: 'modem-20261122_021530_00_+8615404250001' }],
      [{ phone_number: '15404250002', content: '我在外地去不了', send_time: '2026-11-22 02:15:31', sequence_id: 'modem-20261122_021531_00_15404250002' }]]);
    await first[1]!.taken();
    expect((await modem().pull!()).length).toBe(1); // what was not taken comes again
  });
});

describe('two gateways as one', () => {
  const made = (name: 'aliyun' | 'http', outcomes: Outcome[]): Gateway & { sent: Message[] } => {
    const sent: Message[] = [];
    const channel = (kind: 'sms' | 'voice'): Channel => ({ kind, sendPlain: () => null, send: async (m) => { sent.push(m); return outcomes.length > 1 ? outcomes.shift()! : outcomes[0]!; }, query: async (s) => ({ kind: 'failed', code: `${name} ${s.providerId}`, class: 'F' }) });
    return { name, real: true, sent, channels: { sms: channel('sms'), voice: channel('voice') }, check: async () => ({ missing: [`${name} asks`], templates: [] }) };
  };
  const accepted: Outcome = { kind: 'accepted', providerId: 'p' };
  const refused = (scope: 'provider' | 'account' | 'recipient' | 'message'): Outcome => ({ kind: 'rejected', class: 'F', scope, code: scope, retries: 0, endsAs: 'F', retryAfterMs: null, page: false });
  const unknown: Outcome = { kind: 'unknown', code: 'Deadline' };

  it.each(['provider', 'account'] as const)('a refusal of the first by its %s goes to the second at once, which is then asked what became of it [E4]', async (scope) => {
    const [one, two] = [made('aliyun', [refused(scope)]), made('http', [accepted])];
    const both = withFallback(one, two);
    expect(await both.channels.sms.send(message)).toEqual({ kind: 'accepted', providerId: '2/p' });
    expect(await both.channels.sms.query({ outId: 'o', to: '', providerId: '2/p', template: 'sos', sentAt: 0 })).toMatchObject({ code: 'http p' });
    expect(await both.channels.sms.query({ outId: 'o', to: '', providerId: 'x^0', template: 'sos', sentAt: 0 })).toMatchObject({ code: 'aliyun x^0' });
  });
  it.each([['the number', refused('recipient')], ['the words', refused('message')], ['an unknown outcome', unknown]] as const)('%s is no matter of the gateway: nothing is said twice [E4 LAW6]', async (_, outcome) => {
    const two = made('http', [accepted]);
    expect(await withFallback(made('aliyun', [outcome]), two).channels.sms.send(message)).toEqual(outcome);
    expect(two.sent).toEqual([]);
  });
  it('when both are at fault the first one’s word counts, with its retries [E4]', async () => {
    expect(await withFallback(made('aliyun', [{ ...refused('provider'), class: 'R', retries: 2 } as Outcome]), made('http', [refused('account')])).channels.sms.send(message)).toMatchObject({ class: 'R', retries: 2 });
  });
  it('a text that only the second can say plainly is asked about there [E4]', async () => {
    const [one, two] = [made('aliyun', [accepted]), made('http', [accepted])];
    const plain = { ...two, channels: { ...two.channels, sms: { ...two.channels.sms, sendPlain: async () => accepted } } };
    expect(await withFallback(one, plain).channels.sms.sendPlain(message)).toEqual({ kind: 'accepted', providerId: '2/p' });
    expect(withFallback(one, two).channels.sms.sendPlain(message)).toBeNull();
  });
  it('a first one that answers nothing is passed over, and tried again in a while [E4 RF12]', async () => {
    let now = 0;
    const [one, two] = [made('aliyun', [unknown]), made('http', [accepted])];
    const both = withFallback(one, two, () => now);
    for (let i = 0; i < limits.breakerFailures; i++) expect(await both.channels.sms.send(message)).toEqual(unknown);
    expect(await both.channels.sms.send(message)).toMatchObject({ kind: 'accepted' });
    expect([one.sent.length, two.sent.length]).toEqual([limits.breakerFailures, 1]);
    now += limits.breakerTryMs;
    expect(await both.channels.sms.send(message)).toEqual(unknown);
    expect((await both.check()).missing).toEqual(['aliyun asks', 'second gateway: http asks']);
  });
});
