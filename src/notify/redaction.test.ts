/** No telephone number, name, place or secret may reach a log, even when the SDK's own errors are logged whole (PROVIDERS 4). */
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { standinProvider } from '#core/provider.ts';
import { createLog } from '#ops/log.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { createClient, type AliyunClient } from './channels/aliyun/client.ts';

const key = { id: 'LTAI5tVerySecretId', secret: 'very-secret-key' };
let standin: Standin;
beforeAll(async () => { standin = await startStandin({ port: 0, key, hooks: null }); });
afterAll(() => standin.close());

const personal = [/15404250001/, /陈/, /%E9%99%88/i, /下厝角/, /%E4%B8%8B%E5%8E%9D/i, /very-secret-key/, /LTAI5tVerySecretId/];
const query = { PhoneNumbers: '15404250001', SignName: standinProvider.sign, TemplateCode: standinProvider.templates.sos ?? '', TemplateParam: JSON.stringify({ name: '陈', place: '下厝角', time: '02:13', no: '27' }), OutId: 'o1' };
const tts = { CalledNumber: '15404250001', TtsCode: standinProvider.templates['voice-p1'] ?? '', TtsParam: JSON.stringify({ place: '下厝角', kind: '陈' }), OutId: 'o1' };

const client = (url = standin.url, id = key.id, secret = key.secret): AliyunClient => createClient({ credentials: { id, secret }, smsUrl: url, voiceUrl: url, deadlineMs: 300 });
/** Ways to make the SDK throw, each with the raw error it gives. */
const ways: [string, () => AliyunClient, string | null][] = [
  ['a refused connection', () => client('http://127.0.0.1:1'), null],
  ['a dropped connection', client, 'drop'],
  ['silence', client, 'hang'],
  ['a stalled body', client, 'stall'],
  ['a proxy’s page', client, 'html'],
  ['throttling', client, 'throttle'],
  ['a fault of the provider', client, 'internal'],
  ['a wrong key', () => client(standin.url, key.id, 'other'), null],
  ['an unknown key', () => client(standin.url, `${key.id}x`), null],
  ['TLS on a plain port', () => client(standin.url.replace('http:', 'https:')), null],
];

it.each(ways)('the log of %s holds nothing personal [F12]', async (_, make, fault) => {
  for (const call of [(c: AliyunClient) => c.sendSms(query), (c: AliyunClient) => c.voice('SingleCallByTts', tts)]) {
    standin.state.faults.clear();
    if (fault) standin.state.faults.add({ kind: fault });
    const error = await call(make()).then(() => { throw new Error('did not fail'); }, (e: unknown) => e);
    let lines = '';
    const log = createLog('worker', 'trace', (line) => { lines += line; });
    log.error({ err: error }, 'as the error itself');
    log.error({ error: error as Error, message: (error as Error).message, stack: (error as Error).stack, data: (error as { data?: unknown }).data }, String(error));
    log.error(error as Error);
    log.error(createRequire(import.meta.url)('node:util').inspect(error, { depth: 6, showHidden: true }));
    expect(lines.length).toBeGreaterThan(100);
    for (const pattern of personal) expect(lines).not.toMatch(pattern);
  }
}, 20_000);
