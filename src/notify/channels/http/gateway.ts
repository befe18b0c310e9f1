/**
 * A county's own SMS and 叫应 platform by a signed HTTP contract (docs/gateway-http.md): whole texts instead of template codes, one
 * request a message, its `outId` as the idempotency key. Each request is signed with a shared key over time, method, path and body.
 */
import { createHash, createHmac } from 'node:crypto';
import { render, templates, variables, type TemplateName } from '#core/messages.ts';
import type { ProviderSettings } from '#core/provider.ts';
import type { Channel, ChannelKind, Fate, Gateway, Message, Outcome, Refusal, Sent } from '#notify/channels/channel.ts';
import { shownCode, surelyNotSent } from '#notify/channels/network.ts';

export type HttpGatewayOptions = { /** Without a slash at its end. */ url: string; key: string; /** One call, in milliseconds. */ deadlineMs: number };
type Answer = { status: number; body: Record<string, unknown> | null; retryAfterMs: number | null };

export function httpGateway(options: HttpGatewayOptions, settings: () => ProviderSettings): Gateway {
  const ask = caller(options);
  return {
    name: 'http', real: true, channels: { sms: channel('sms', ask, settings), voice: channel('voice', ask, settings) },
    async check() {
      const answer = await ask('GET', '/v1/status').catch(() => null);
      if (answer?.status !== 200 || answer.body === null) return { missing: [`the county’s message platform does not answer (${answer?.status ?? 'no connection'})`], templates: [] };
      return { missing: (['sms', 'voice'] as const).filter((kind) => answer.body?.[kind] !== true).map((kind) => `the county’s message platform takes no ${kind} now`), templates: [] };
    },
  };
}

/** hex(HMAC-SHA256(key, time LF method LF path LF hex(SHA-256(body)))); time in seconds since 1970. */
export function signature(key: string, time: string, method: string, path: string, body: string): string {
  return createHmac('sha256', key).update([time, method, path, createHash('sha256').update(body).digest('hex')].join('\n')).digest('hex');
}

type Ask = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;
/** Rejects when there was no whole answer: with the connection's code, or after the deadline. */
function caller({ url, key, deadlineMs }: HttpGatewayOptions): Ask {
  return async (method, path, sent) => {
    const body = sent === undefined ? '' : JSON.stringify(sent);
    const time = String(Math.floor(Date.now() / 1000));
    const target = new URL(url + path);
    const response = await fetch(target, {
      method, redirect: 'error', signal: AbortSignal.timeout(deadlineMs), ...(body === '' ? {} : { body }),
      headers: { 'content-type': 'application/json', 'x-anling-time': time, 'x-anling-signature': signature(key, time, method, target.pathname, body) },
    });
    const text = await response.text();
    const wait = Number(response.headers.get('retry-after'));
    return { status: response.status, body: objectOf(text), retryAfterMs: wait > 0 ? Math.min(wait * 1000, 60_000) : null };
  };
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null;
  } catch { return null; }
}

function channel(kind: ChannelKind, ask: Ask, settings: () => ProviderSettings): Channel {
  const send = async (message: Message): Promise<Outcome> => {
    const { sign, mode } = settings();
    const keys = kind === 'voice' && message.template === 'voice-p1' && mode === 'dedicated';
    const text = wordsOf(message, keys ? 'ivr-p1' : message.template, kind, sign);
    try {
      return outcomeOf(await ask('POST', '/v1/messages', { outId: message.outId, channel: kind, to: message.to, text, ...(keys ? { keys } : {}) }));
    } catch (error) {
      return thrown(error);
    }
  };
  return {
    kind, send,
    sendPlain: (message) => (kind === 'voice' || message.template === 'minimal' ? null : send({ ...message, template: 'minimal', params: {} })),
    query: (sent) => query(ask, sent),
  };
}

/** The whole text; the longer one with keys only when all of its values are there. */
function wordsOf(message: Message, wanted: TemplateName, kind: ChannelKind, sign: string): string {
  const name = templates[wanted].channel === kind ? wanted : message.template;
  const text = render(name, variables(name, message.params, kind === 'sms' ? sign : ''));
  return kind === 'sms' && sign !== '' ? `【${sign}】${text}` : text;
}

const refusal = (code: string, more: Partial<Refusal>): Refusal => ({ kind: 'rejected', class: 'F', scope: 'provider', retries: 0, endsAs: more.class === 'P' ? 'P' : 'F', retryAfterMs: null, page: false, ...more, code: shownCode(code) });

/** 2xx with an id: taken. 4xx says about what (`scope`: recipient, message, account). 5xx may have taken it all the same. */
function outcomeOf({ status, body, retryAfterMs }: Answer): Outcome {
  const code = typeof body?.['code'] === 'string' ? body['code'] : `Http.${status}`;
  if (status >= 200 && status < 300) return typeof body?.['id'] === 'string' && body['id'] !== '' ? { kind: 'accepted', providerId: body['id'].slice(0, 100) } : { kind: 'unknown', code: 'NotJson' };
  if (status === 429) return refusal(code, { class: 'R', retries: 2, retryAfterMs });
  if (status === 408 || status < 400) return { kind: 'unknown', code: shownCode(code) };
  if (status >= 500) return refusal(code, { class: 'R', retries: 2, endsAs: 'U', retryAfterMs });
  const scope = body?.['scope'];
  if (scope === 'recipient') return refusal(code, { class: body?.['later'] === true ? 'F' : 'P', scope });
  if (scope === 'message') return refusal(code, { class: 'P', scope });
  return refusal(code, { class: 'P', scope: 'account', page: true });
}

function thrown(error: unknown): Outcome {
  const cause = (error as { cause?: { code?: unknown } } | null)?.cause;
  const code = typeof cause?.code === 'string' ? cause.code : (error as { name?: string } | null)?.name ?? '';
  return surelyNotSent(code) ? refusal(code, { class: 'R', retries: 2 }) : { kind: 'unknown', code: shownCode(code === 'TimeoutError' ? 'Deadline' : code) };
}

async function query(ask: Ask, sent: Sent): Promise<Fate> {
  try {
    const { status, body } = await ask('GET', `/v1/messages/${encodeURIComponent(sent.outId)}`);
    if (status === 404) return { kind: 'not-found' };
    const state = status === 200 ? body?.['state'] : null;
    if (state === 'delivered' || state === 'answered' || state === 'waiting') return { kind: state };
    if (state === 'failed') return { kind: 'failed', code: shownCode(typeof body?.['code'] === 'string' ? body['code'] : ''), class: body?.['permanent'] === true ? 'P' : 'F' };
    return { kind: 'no-answer', code: `Http.${status}` };
  } catch (error) {
    const outcome = thrown(error);
    return { kind: 'no-answer', code: outcome.kind === 'accepted' ? '' : outcome.code };
  }
}
