/**
 * Receipts and replies where nothing can come in: the provider puts them into message queues (MNS) of his, and we ask there with long polls
 * (PROVIDERS 5). The queue's keys are borrowed for minutes; a message is deleted only after it is a row, else it comes again.
 */
import { createHmac } from 'node:crypto';
import { parseBeijingTime } from '#core/clock.ts';
import type { Incoming } from '#notify/channels/channel.ts';
import { shownCode } from '#notify/channels/network.ts';
import { pause } from '#work/pause.ts';
import type { AliyunClient, QueueToken } from './client.ts';

export type MnsOptions = { /** Of the queues; without a slash at its end. */ url: string; /** Seconds that the provider holds an empty question. */ waitS: number; deadlineMs: number };
type Kind = Incoming['kind'];

/** The provider's name of each kind, as it stands in the name of its queue. */
const messageTypes: Record<Kind, string> = { 'sms-report': 'SmsReport', 'sms-up': 'SmsUp', 'voice-report': 'VoiceReport', 'voice-call-report': 'VoiceCallReport' };
const kinds = Object.keys(messageTypes) as Kind[];
const tokenMs = { /** of one without a readable end */ life: 10 * 60_000, early: 2 * 60_000 };
const batch = 16;
const patienceMs = 1_000;

/** MNS says who asks by HMAC-SHA1 over method, MD5, type, date, its own headers and the resource. */
export function mnsSignature(secret: string, method: string, date: string, headers: Readonly<Record<string, string>>, resource: string): string {
  const own = Object.keys(headers).filter((h) => h.startsWith('x-mns-')).sort().map((h) => `${h}:${headers[h]}\n`).join('');
  return createHmac('sha1', secret).update(`${method}\n\n${headers['content-type'] ?? ''}\n${date}\n${own}${resource}`).digest('base64');
}

/** `account`: the number of the county's account at the provider; null: callbacks come in, nothing is asked. */
export function mnsPull(client: AliyunClient, options: MnsOptions, account: () => string | null, now: () => number = Date.now): () => Promise<Incoming[]> {
  const tokens = new Map<Kind, QueueToken & { until: number }>();
  const asking = new Map<Kind, Promise<{ kind: Kind; items: Incoming[]; error: unknown }>>();
  const tokenOf = async (kind: Kind): Promise<QueueToken> => {
    const known = tokens.get(kind);
    if (known && known.until > now()) return known;
    const token = await client.queueToken(messageTypes[kind]);
    const ends = token.expires === null ? null : parseBeijingTime(token.expires);
    tokens.set(kind, { ...token, until: (ends ?? now() + tokenMs.life) - tokenMs.early });
    return token;
  };
  const call = async (kind: Kind, method: 'GET' | 'DELETE', query: string): Promise<Response> => {
    const token = await tokenOf(kind);
    const resource = `/queues/Alicom-Queue-${account()}-${messageTypes[kind]}/messages?${query}`;
    const date = new Date(now()).toUTCString();
    const headers = { 'x-mns-version': '2015-06-06', 'content-type': 'text/xml' };
    const response = await fetch(options.url + resource, {
      method, redirect: 'error', signal: AbortSignal.timeout(options.deadlineMs + options.waitS * 1_000),
      headers: { ...headers, date, 'security-token': token.security, authorization: `MNS ${token.id}:${mnsSignature(token.secret, method, date, headers, resource)}` },
    });
    if (response.status === 401 || response.status === 403) tokens.delete(kind);
    return response;
  };
  const ask = async (kind: Kind): Promise<Incoming[]> => {
    const response = await call(kind, 'GET', `numOfMessages=${batch}&waitseconds=${options.waitS}`);
    const text = await response.text();
    if (response.status === 404 && text.includes('MessageNotExist')) return [];
    if (response.status !== 200) throw Object.assign(new Error('the queue refuses'), { code: shownCode(/<Code>([^<]*)/.exec(text)?.[1] ?? `Http.${response.status}`) });
    return [...text.matchAll(/<Message>(.*?)<\/Message>/gs)].flatMap(([, xml = '']) => {
      const [handle, body] = ['ReceiptHandle', 'MessageBody'].map((tag) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1] ?? '');
      return handle && body ? [{ kind, body: Buffer.from(body, 'base64').toString('utf8'), taken: async () => { await (await call(kind, 'DELETE', `ReceiptHandle=${handle}`)).arrayBuffer(); } }] : [];
    });
  };
  return async () => {
    if (account() === null) return [];
    for (const kind of kinds)
      if (!asking.has(kind)) asking.set(kind, ask(kind).then((items) => ({ kind, items, error: null }), (error: unknown) => ({ kind, items: [], error })));
    // The questions go on; whoever asks is not held for as long as the provider holds them.
    const first = await Promise.race([...asking.values(), pause(patienceMs).then(() => null)]);
    if (first === null) return [];
    asking.delete(first.kind);
    if (first.error !== null) throw first.error;
    return first.items;
  };
}
