/** Control of the stand-in for its page and for tests: phones, replies, keys, faults, the ledger of requests. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FaultInput, receiptFaults, requestFaults } from './faults.ts';
import type { GatewayState } from './gateway.ts';
import { type CallItem, isNumber, type Phone, plainNumber, providerTime } from './phones.ts';
import type { StandinSettings } from './server.ts';

export type ControlState = GatewayState & { settings: StandinSettings };
type Handler = (state: ControlState, body: Record<string, unknown>, query: URLSearchParams) => unknown;

/** A wrong request, said to the caller as 422. */
class Wrong extends Error {}

const shownItems = 30;
const text = (body: Record<string, unknown>, name: string): string => {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new Wrong(`${name}: expected text`);
  return value;
};
const brief = (phone: Phone): Phone => ({ ...phone, items: phone.items.slice(-shownItems) });

/** What an owner of this phone writes back. */
function reply(state: ControlState, phone: string, content: string): void {
  const at = state.clock.now();
  const number = plainNumber(phone);
  state.phones.add({ type: 'reply', id: randomUUID(), at, phone: number, content });
  state.pusher.push('sms-up', [{ phone_number: number, content, send_time: providerTime(at), dest_code: '350425', sequence_id: String(at) + String(Math.floor(Math.random() * 1e6)).padStart(6, '0') }],
    state.faults.take('receipt', 'reply', number));
}

const routes: Record<string, Handler> = {
  'GET /api/phones': (state) => ({ phones: state.phones.list().map(brief), settings: state.settings }),
  'GET /api/messages': (state, _, query) => {
    const phone = query.get('phone');
    const items = state.phones.items().filter((i) => phone === null || i.phone === plainNumber(phone));
    return { messages: items.filter((i) => i.type === 'sms'), calls: items.filter((i) => i.type === 'call'), replies: items.filter((i) => i.type === 'reply') };
  },
  'POST /api/reply': (state, body) => {
    if (!isNumber(text(body, 'phone'))) throw new Wrong('phone: expected a mobile or a landline number');
    reply(state, text(body, 'phone'), text(body, 'content').slice(0, 500));
    return { ok: true };
  },
  'POST /api/press': (state, body) => {
    const wanted = typeof body['callId'] === 'string' ? body['callId'] : null;
    const phone = wanted === null ? plainNumber(text(body, 'phone')) : null;
    const call = state.phones.find((i) => i.type === 'call' && (wanted === null ? i.phone === phone && i.state !== 'ended' : i.id === wanted)) as CallItem | null;
    if (!call) throw new Wrong('no such call');
    const why = state.calls.act(call, text(body, 'action'));
    if (why !== null) throw new Wrong(why);
    return { ok: true, call };
  },
  'GET /api/faults': (state) => ({ faults: state.faults.list(), requestFaults, receiptFaults }),
  'POST /api/faults': (state, body) => {
    const fault = state.faults.add(body as FaultInput);
    if (!fault) throw new Wrong(`kind: expected one of ${[...requestFaults, ...receiptFaults].join(', ')}; "code" needs a code`);
    return { fault };
  },
  'DELETE /api/faults': (state) => { state.faults.clear(); return { ok: true }; },
  'POST /api/review': (state, body) => {
    state.reviews.set(text(body, 'key'), { ...(typeof body['status'] === 'string' ? { status: body['status'] } : {}), ...(typeof body['text'] === 'string' ? { text: body['text'] } : {}) });
    return { ok: true };
  },
  'GET /api/requests': (state) => ({ requests: state.ledger }),
  'GET /api/pushes': (state) => ({ pushes: state.pusher.list() }),
  'POST /api/probe': async (state, body) => ({ ok: await state.pusher.probe(text(body, 'kind') as 'sms-report') }),
  'GET /api/settings': (state) => state.settings,
  'POST /api/settings': (state, body) => {
    for (const [name, value] of Object.entries(body)) {
      if (!(name in state.settings) || typeof value !== typeof state.settings[name as keyof StandinSettings]) throw new Wrong(`${name}: no such setting, or of the wrong kind`);
      Object.assign(state.settings, { [name]: value });
    }
    return state.settings;
  },
  'POST /api/clock': (state, body) => {
    const ms = body['aheadMs'];
    if (typeof ms !== 'number' || !(ms >= 0)) throw new Wrong('aheadMs: expected milliseconds, 0 or more');
    state.clock.setAhead(ms);
    return { now: state.clock.now() };
  },
  'POST /api/clear': (state) => { state.phones.clear(); state.ledger.length = 0; return { ok: true }; },
};

export async function control(request: IncomingMessage, response: ServerResponse, path: string, body: string, state: ControlState): Promise<void> {
  if (path === '/api/stream') return stream(response, state);
  const send = (status: number, value: unknown): void => void response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(JSON.stringify(value));
  const handler = routes[`${request.method} ${path}`];
  if (!handler) return send(404, { error: { code: 'E_NOT_FOUND', message: 'no such operation' } });
  // Another site's form cannot send this content type without asking first.
  if (request.method === 'POST' && !/^application\/json/.test(request.headers['content-type'] ?? '')) return send(415, { error: { code: 'E_INVALID', message: 'expected application/json' } });
  try {
    const parsed: unknown = body === '' ? {} : JSON.parse(body);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Wrong('expected an object');
    send(200, await handler(state, parsed as Record<string, unknown>, new URL(request.url ?? '', 'http://local').searchParams));
  } catch (error) {
    if (!(error instanceof Wrong || error instanceof SyntaxError)) throw error;
    send(422, { error: { code: 'E_INVALID', message: error.message } });
  }
}

const streamsMax = 50;
let streams = 0;

/** Changes as server-sent events: one event per phone that changed. */
function stream(response: ServerResponse, state: ControlState): void {
  if (streams >= streamsMax) return void response.writeHead(503).end();
  streams++;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' });
  response.write('retry: 1000\n\n');
  const stop = state.phones.watch((phone) => { if (response.writableLength < 1024 * 1024) response.write(`event: phone\ndata: ${JSON.stringify(brief(phone))}\n\n`); });
  const beat = setInterval(() => response.write(': beat\n\n'), 15_000);
  response.on('close', () => { streams--; stop(); clearInterval(beat); });
}
