/**
 * The stand-in as one HTTP server on loopback: `POST /` is the gateway, `GET /` the phones page, `/api/*` its control.
 * It keeps everything in memory, bounded, and forgets it when it ends.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from './acs.ts';
import { type ControlState, control } from './api.ts';
import { createCalls } from './calls.ts';
import { createClock } from './clock.ts';
import { createFaults } from './faults.ts';
import { answer, type LedgerEntry } from './gateway.ts';
import { createMns } from './mns.ts';
import { createPhones, providerTime } from './phones.ts';
import { createPusher } from './push.ts';
import { createWindows } from './windows.ts';

export type StandinSettings = {
  /** Enforce the frequency windows. */ windows: boolean;
  /** The account has a bought number: keys are heard. Off is what a county has on its first day. */ keypress: boolean;
  /** How the voice API refuses: 200 with a code, or 400; both are in use. */ voiceErrors: 'body' | 'http';
  /** Receipts and replies go into the queues (MNS), not to the callbacks. */ queues: boolean;
  receiptMs: number; ringMs: number; speakMs: number; /** A message of a queue that was taken and not deleted comes again after this. */ hiddenMs: number;
};
export type StandinOptions = {
  port: number; key: { id: string; secret: string };
  /** Base of the house's callbacks, `http://…/hooks/aliyun/SECRET`; null: none. */ hooks: string | null;
  settings?: Partial<StandinSettings>;
  /** Pauses before a push is tried again (1, 5, 10 minutes) and how long it may take. */ scheduleMs?: readonly number[]; pushTimeoutMs?: number;
  /** How far its clock is ahead, like the house's, after a demonstration that travelled in time. */ aheadMs?: number;
};
export type Standin = { url: string; state: ControlState; close(): Promise<void> };

const bodyMax = 256 * 1024;
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
};

/** Starts the stand-in on loopback. Rejects with the listen error (EADDRINUSE). */
export async function startStandin(options: StandinOptions): Promise<Standin> {
  const settings: StandinSettings = { windows: true, keypress: false, voiceErrors: 'body', queues: false, hiddenMs: 30_000, receiptMs: 300, ringMs: 30_000, speakMs: 240, ...options.settings };
  const clock = createClock(options.aheadMs);
  const phones = createPhones();
  const faults = createFaults();
  const mns = createMns({ hiddenMs: () => settings.hiddenMs, expireTime: () => providerTime(Date.now() + 30 * 60_000) });
  const pusher = createPusher({
    hooks: options.hooks, queue: (kind, items) => { if (settings.queues) mns.put(kind, items); return settings.queues; },
    scheduleMs: options.scheduleMs ?? [60_000, 300_000, 600_000], timeoutMs: options.pushTimeoutMs ?? 700,
  });
  const calls = createCalls({ clock, phones, pusher, faults, settings: () => settings });
  const windows = createWindows();
  const ledger: LedgerEntry[] = [];
  const state: ControlState = {
    settings, mns, clock, phones, calls, reviews: new Map(), pusher, faults, ledger, windows: () => (settings.windows ? windows : null), keys: () => settings.keypress,
    receiptMs: () => settings.receiptMs, voiceErrors: () => settings.voiceErrors, verify: createVerifier(new Map([[options.key.id, { secret: options.key.secret, active: true }]])),
  };
  const page = readFileSync(new URL('./phones.html', import.meta.url));
  const server = createServer((request, response) => {
    route(request, response, state, page).catch(() => { if (!response.headersSent) response.writeHead(500).end(); else response.destroy(); });
  });
  server.keepAliveTimeout = 30_000;
  await listen(server, options.port);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url, state,
    async close() {
      pusher.stop();
      clock.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => { server.off('error', reject); resolve(); });
  });
}

async function route(request: IncomingMessage, response: ServerResponse, state: ControlState, page: Buffer): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://local').pathname;
  const body = await readBody(request);
  if (body === null) return void response.writeHead(413, { connection: 'close' }).end();
  if (path === '/' && (request.method === 'POST' || request.headers['x-acs-action'] !== undefined)) return gatewayReply(request, response, body, state);
  if (path.startsWith('/queues/')) return state.mns.answer(request, response);
  if (path === '/healthz') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  // Pages of other sites may reach loopback too: only our own page, by a loopback name, controls the stand-in.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) return void response.writeHead(403).end('only by a loopback name\n');
  if (path === '/' && request.method === 'GET') return void response.writeHead(200, pageHeaders).end(page);
  if (path.startsWith('/api/')) return control(request, response, path, body, state);
  response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
}

function gatewayReply(request: IncomingMessage, response: ServerResponse, body: string, state: ControlState): void {
  const reply = answer({ method: request.method ?? '', url: request.url ?? '/', headers: request.headers, body }, state);
  const headers = { 'content-type': 'application/json;charset=utf-8', ...reply.headers };
  if (reply.instead === 'hang') return;
  if (reply.instead === 'drop') return void request.socket.destroy();
  if (reply.instead) { answerBadly(response, headers, reply.body, reply.instead); return; }
  response.writeHead(reply.status, headers).end(reply.body);
}

/** The beginning of an answer and then nothing, the end of the connection, or a byte now and then. */
function answerBadly(response: ServerResponse, headers: Record<string, string>, body: string, how: 'stall' | 'cut' | 'drip'): void {
  response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(body) + 10) });
  response.write(body.slice(0, 5));
  if (how === 'cut') setTimeout(() => response.destroy(), 20);
  if (how !== 'drip') return;
  let at = 5;
  const timer = setInterval(() => { if (at < body.length) response.write(body.charAt(at++)); }, 300);
  response.on('close', () => clearInterval(timer));
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > bodyMax) return null;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
