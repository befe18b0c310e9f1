/** One port for a county: the edge's HTTP door and MQTT over WebSocket through the web role, the pages, and all roles' health together. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { startHealth } from '#ops/health.ts';
import { createMetrics } from '#ops/metrics.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

type Seen = { method: string; url: string; headers: IncomingMessage['headers']; body: string };
const seen: Seen[] = [];
let answer: { status: number; body: string; delayMs?: number } = { status: 200, body: '{"ok":true}' };
const edge = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => { body += chunk; });
  request.on('end', () => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
    setTimeout(() => response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body), answer.delayMs ?? 0);
  });
});
const sockets = new WebSocketServer({ server: edge, path: '/mqtt', handleProtocols: () => 'mqtt' });
let web: Web;
let folder: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => edge.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(join(tmpdir(), 'anling-pages-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>wall</title>');
  writeFileSync(join(folder, 'assets', 'wall-abc123.js'), 'export {}');
  writeFileSync(join(folder, '.source'), 'secret');
  web = await testWeb({ settings: { door: { host: '127.0.0.1', port: (edge.address() as AddressInfo).port }, pages: folder } });
});
afterAll(async () => {
  await web.stop();
  sockets.close();
  edge.closeAllConnections();
  edge.close();
  rmSync(folder, { recursive: true });
});

describe('HTTP door through the web port', () => {
  const send = (body: string, headers: Record<string, string> = {}): ReturnType<Web['fetch']> =>
    web.fetch('/api/v1/devices/d-1/events', { method: 'POST', body, headers: { 'content-type': 'application/json', authorization: 'Basic ZC0xOnNlY3JldA==', ...headers } });

  it('passes request and answer as they are, without our cookies', async () => {
    answer = { status: 200, body: '{"ok":true,"eventId":"7"}' };
    const { status, text } = await send('{"kind":"sos"}', { cookie: 'anling=x' });
    expect([status, text]).toEqual([200, '{"ok":true,"eventId":"7"}']);
    expect(seen.at(-1)).toMatchObject({ method: 'POST', url: '/api/v1/devices/d-1/events', body: '{"kind":"sos"}', headers: { authorization: 'Basic ZC0xOnNlY3JldA==', 'content-type': 'application/json', 'x-forwarded-for': '127.0.0.1' } });
    expect(seen.at(-1)?.headers.cookie).toBeUndefined();
    answer = { status: 422, body: '{"error":{"code":"E_FRAME_UNREADABLE"}}' };
    expect((await send('not json')).status).toBe(422);
    expect(seen.at(-1)?.body).toBe('not json');
    expect((await web.fetch('/api/v1/devices/d-1/heartbeats', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status).toBe(422);
    expect(seen.at(-1)?.url).toBe('/api/v1/devices/d-1/heartbeats');
  });

  it('waits for the commit, and does not acknowledge what the edge did not', async () => {
    answer = { status: 200, body: '{"ok":true}', delayMs: 300 };
    const began = performance.now();
    expect((await send('{"kind":"sos"}')).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThan(280);
    answer = { status: 503, body: '{"error":{"code":"E_NOT_DURABLE"}}' };
    expect((await send('{"kind":"sos"}')).status).toBe(503);
  });

  it('says 503 and nothing stored when the edge is away, not an empty answer', async () => {
    const alone = await testWeb({ t: web.t });
    try {
      const { status, body, headers } = await alone.fetch('/api/v1/devices/d-1/events', { method: 'POST', body: { kind: 'sos' } });
      expect([status, body.error.code, headers.get('retry-after')]).toEqual([503, 'E_NOT_DURABLE', '2']);
    } finally { await alone.stop(); }
  });
});

describe('MQTT over WebSocket through the web port', () => {
  it('is a tunnel: bytes both ways, subprotocol kept, closed on both sides when one closes', async () => {
    const arrived = new Promise<{ socket: WebSocket; request: IncomingMessage }>((resolve) => sockets.once('connection', (socket, request) => resolve({ socket, request })));
    const device = new WebSocket(`${web.url.replace('http', 'ws')}/mqtt`, 'mqtt');
    const { socket, request } = await arrived;
    expect([request.url, request.headers['x-forwarded-for']]).toEqual(['/mqtt', '127.0.0.1']);
    socket.on('message', (data) => socket.send(data));
    const payload = Buffer.alloc(300_000, 7);
    if (device.readyState !== WebSocket.OPEN) await new Promise((resolve) => device.once('open', resolve));
    expect(device.protocol).toBe('mqtt');
    const echoed = new Promise<Buffer>((resolve) => device.once('message', (data) => resolve(data as Buffer)));
    device.send(payload);
    expect((await echoed).equals(payload)).toBe(true);
    const gone = new Promise((resolve) => socket.once('close', resolve));
    device.terminate();
    await gone;
  });

  it('answers other upgrades with 404 and an absent edge by closing', async () => {
    const status = (url: string): Promise<number> => new Promise((resolve) => {
      const ws = new WebSocket(url);
      ws.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0)).on('error', () => resolve(0));
    });
    expect(await status(`${web.url.replace('http', 'ws')}/nowhere`)).toBe(404);
    const alone = await testWeb({ t: web.t });
    try { expect(await status(`${alone.url.replace('http', 'ws')}/mqtt`)).toBe(0); } finally { await alone.stop(); }
  });
});

describe('pages', () => {
  it('serves the built wall: hashed files for a year, its page never kept, its own addresses its page', async () => {
    const html = { accept: 'text/html' };
    const root = await web.fetch('/', { headers: html });
    expect([root.status, root.text, root.headers.get('cache-control')]).toEqual([200, '<!doctype html><title>wall</title>', 'no-cache']);
    const asset = await web.fetch('/assets/wall-abc123.js');
    expect([asset.status, asset.headers.get('cache-control'), asset.headers.get('content-type')]).toEqual([200, 'public, max-age=31536000, immutable', expect.stringContaining('javascript')]);
    expect((await web.fetch('/desk/alerts/5', { headers: html })).text).toContain('wall');
    for (const path of ['/api/v1/nothing', '/assets/gone.js', '/.source', '/..%2f..%2fetc%2fpasswd']) expect((await web.fetch(path)).status, path).toBe(404);
    expect((await web.fetch('/api/v1/nothing', { headers: html })).body.error.code).toBe('E_NOT_FOUND');
  });

  it('says so when they are not built', async () => {
    const bare = await testWeb({ t: web.t, settings: { pages: join(folder, 'absent') } });
    try { expect((await bare.fetch('/')).text).toContain('页面尚未构建'); } finally { await bare.stop(); }
  });
});

describe('health of all roles', () => {
  it('is 200 only when every role is, and names who is not and why; metrics stand together [G3]', async () => {
    let why: string[] = [];
    const [one, two] = [createMetrics('edge'), createMetrics('worker')];
    one.counter('frames_total', 'frames').inc(3);
    two.counter('frames_total', 'frames').inc(4);
    const worker = await startHealth({ role: 'worker', port: 0, reasons: () => why, metrics: two });
    const door = await startHealth({ role: 'edge', port: 0, reasons: () => [], metrics: one });
    const whole = await testWeb({ t: web.t, settings: { gateway: 'http' }, peers: () => [{ role: 'edge', url: door.url }, { role: 'worker', url: worker.url }] });
    try {
      expect((await whole.fetch('/readyz')).body).toEqual({ ready: true, roles: [{ role: 'edge', ready: true, reasons: [] }, { role: 'worker', ready: true, reasons: [] }] });
      why = ['database unreachable'];
      const not = await whole.fetch('/readyz');
      expect([not.status, not.body.roles[1]]).toEqual([503, { role: 'worker', ready: false, reasons: ['database unreachable'] }]);
      const { text } = await whole.fetch('/metrics');
      expect(text).toMatch(/anling_frames_total\{role="edge"\} 3\nanling_frames_total\{role="worker"\} 4/);
      await worker.stop();
      expect((await whole.fetch('/readyz')).body.roles[1].reasons[0]).toContain('worker does not answer');
      expect((await whole.fetch('/healthz')).body).toEqual({ alive: true });
    } finally { await whole.stop(); await door.stop(); await worker.stop().catch(() => {}); }
  });
});
