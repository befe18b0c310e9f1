/**
 * The provider's message queues (MNS) as the stand-in keeps them: borrowed keys, HMAC-SHA1 signatures that are verified, long polls, and
 * messages that come again when they were not deleted in time (PROVIDERS 5).
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PushKind } from './push.ts';

type Entry = { id: string; handle: string; body: string; visibleAt: number };
export type Mns = {
  put(kind: PushKind, items: readonly unknown[]): void;
  /** Keys for one queue, as QueryTokenForMnsQueue answers them. */ lend(): { AccessKeyId: string; AccessKeySecret: string; SecurityToken: string; ExpireTime: string };
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Messages that nobody has deleted yet. */ waiting(): number;
};
const typeNames: Record<string, PushKind> = { SmsReport: 'sms-report', SmsUp: 'sms-up', VoiceReport: 'voice-report', VoiceCallReport: 'voice-call-report' };
const entriesMax = 5_000;
const keysMax = 50;
const lookMs = 20;

export function createMns(options: { hiddenMs: () => number; expireTime: () => string }): Mns {
  const queues = new Map<PushKind, Entry[]>();
  const keys = new Map<string, { secret: string; token: string }>();
  const queue = (kind: PushKind): Entry[] => queues.get(kind) ?? queues.set(kind, []).get(kind) as Entry[];
  const refuse = (response: ServerResponse, status: number, code: string): void =>
    void response.writeHead(status, { 'content-type': 'text/xml;charset=utf-8' }).end(`<?xml version="1.0" ?><Error xmlns="http://mns.aliyuncs.com/doc/v1"><Code>${code}</Code><Message>${code}</Message><RequestId>${randomUUID()}</RequestId></Error>`);
  const signed = (request: IncomingMessage): 'ok' | 'InvalidAccessKeyId' | 'SignatureDoesNotMatch' => {
    const [, id = '', given = ''] = /^MNS ([^:]+):(.+)$/.exec(request.headers.authorization ?? '') ?? [];
    const key = keys.get(id);
    if (!key || request.headers['security-token'] !== key.token) return 'InvalidAccessKeyId';
    const own = Object.keys(request.headers).filter((h) => h.startsWith('x-mns-')).sort().map((h) => `${h}:${String(request.headers[h])}\n`).join('');
    const text = `${request.method}\n${String(request.headers['content-md5'] ?? '')}\n${String(request.headers['content-type'] ?? '')}\n${String(request.headers.date ?? '')}\n${own}${request.url}`;
    const wanted = Buffer.from(createHmac('sha1', key.secret).update(text).digest('base64'));
    return wanted.length === given.length && timingSafeEqual(wanted, Buffer.from(given)) ? 'ok' : 'SignatureDoesNotMatch';
  };
  const take = (kind: PushKind, most: number): Entry[] => {
    const now = performance.now();
    const seen = queue(kind).filter((e) => e.visibleAt <= now).slice(0, most);
    for (const e of seen) { e.visibleAt = now + options.hiddenMs(); e.handle = randomUUID(); }
    return seen;
  };
  return {
    put(kind, items) {
      for (const item of items) queue(kind).push({ id: randomUUID(), handle: '', body: Buffer.from(JSON.stringify(item)).toString('base64'), visibleAt: 0 });
      queue(kind).splice(0, Math.max(0, queue(kind).length - entriesMax));
    },
    lend() {
      const [id, secret, token] = [`STS.${randomUUID()}`, randomUUID(), randomUUID()];
      keys.set(id, { secret, token });
      for (const oldest of keys.keys()) { if (keys.size <= keysMax) break; keys.delete(oldest); }
      return { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token, ExpireTime: options.expireTime() };
    },
    async answer(request, response) {
      const url = new URL(request.url ?? '/', 'http://local');
      const kind = typeNames[/^\/queues\/Alicom-Queue-\d+-(\w+)\/messages$/.exec(url.pathname)?.[1] ?? ''];
      const verdict = signed(request);
      if (verdict !== 'ok') return refuse(response, 403, verdict);
      if (!kind) return refuse(response, 404, 'QueueNotExist');
      if (request.method === 'DELETE') {
        const at = queue(kind).findIndex((e) => e.handle === url.searchParams.get('ReceiptHandle'));
        if (at < 0) return refuse(response, 404, 'MessageNotExist');
        queue(kind).splice(at, 1);
        return void response.writeHead(204).end();
      }
      const until = performance.now() + Math.min(30, Number(url.searchParams.get('waitseconds') ?? 0)) * 1_000;
      for (;;) {
        const found = take(kind, Math.min(16, Number(url.searchParams.get('numOfMessages') ?? 1)));
        if (found.length > 0) return void response.writeHead(200, { 'content-type': 'text/xml;charset=utf-8' }).end(`<?xml version="1.0" ?><Messages xmlns="http://mns.aliyuncs.com/doc/v1">${found.map((e) => `<Message><MessageId>${e.id}</MessageId><ReceiptHandle>${e.handle}</ReceiptHandle><MessageBody>${e.body}</MessageBody></Message>`).join('')}</Messages>`);
        if (performance.now() >= until || response.destroyed) return refuse(response, 404, 'MessageNotExist');
        await new Promise((resolve) => setTimeout(resolve, lookMs));
      }
    },
    waiting: () => [...queues.values()].reduce((n, q) => n + q.length, 0),
  };
}
