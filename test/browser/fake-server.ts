/**
 * A web role without a house behind it: the built pages under the real CSP, the routes the wall uses, a real websocket.
 * It can fall silent like a stopped process (sockets stay open, nothing comes), lose, repeat and disorder frames.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import type { EventKind } from '#core/event.ts';
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import { datianRegions } from '#core/demo-places.ts';
import { showRegion } from '#core/region.ts';
import { elder, FakeHouse } from './fake-house.ts';

type User = { id: string; name: string; role: string };
const users: Record<string, User> = {
  admin: { id: 'u-admin', name: '张三', role: 'admin' }, lisi: { id: 'u-lisi', name: '李四', role: 'operator' }, tv: { id: 'u-tv', name: '大屏', role: 'viewer' },
};
/** What happens to the frame of this number on its way to a browser. */
type Fate = 'deliver' | 'drop' | 'twice' | 'late';
export type FakeServer = {
  url: string; /** folder of the built pages */ dist: string; house: FakeHouse;
  /** Like SIGSTOP: nothing is sent, requests hang, sockets stay open. */ stop(): void; resume(): void;
  /** Decides over each alert frame that is broadcast (not over replays). */ fate: (seq: number) => Fate;
  /** Ends all sockets, as a restart does. */ cut(): void;
  /** One frame to everybody. */ tell(frame: ServerFrame): void;
  /** A proxy that lets no websocket through. */ noSockets: boolean;
  /** A server that restarts: nothing is accepted. */ refuseAll: boolean;
  /** A newer build that the page of /tv names when it is asked for by a script; null: the one that stands there. */ build: string | null;
  /** What the county has recorded, by part, in base64. */ voice: Map<string, string>;
  hellos: Extract<ClientFrame, { type: 'hello' }>[]; beats: Extract<ClientFrame, { type: 'beat' }>[]; reveals: string[]; requests: string[];
  close(): Promise<void>;
};

const csp = "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const regions = datianRegions().map((r) => ({ ...r, shown: showRegion(r.name), demo: true }));

/** Serves the built wall in `dist` with a fake house behind it. */
export async function startFakeServer(dist: string, beatMs = 1_000): Promise<FakeServer> {
  const house = new FakeHouse();
  let stopped = false;
  const parked: (() => void)[] = [];
  const wires = new Set<WebSocket>();
  const held: ServerFrame[] = [];
  const sockets = new Set<Socket>();
  const send = (wire: WebSocket, frame: ServerFrame): void => { if (!stopped && wire.readyState === WebSocket.OPEN) wire.send(JSON.stringify(frame)); };
  const looks = new Map<WebSocket, { name: string; id: string }>();
  const look = (wire: WebSocket, name: string, id: string | undefined): void => {
    if (looks.get(wire)?.id === id) return;
    if (id === undefined) looks.delete(wire); else looks.set(wire, { name, id });
    for (const one of wires) send(one, { type: 'looking', cases: [...looks].filter(([other]) => other !== one).map(([, l]) => ({ id: l.id, who: [l.name] })) });
  };
  const self: FakeServer = {
    url: '', dist, house, fate: () => 'deliver', noSockets: false, refuseAll: false, build: null, voice: new Map([['unclaimed', silence()]]), hellos: [], beats: [], reveals: [], requests: [],
    stop() { stopped = true; },
    resume() { stopped = false; for (const run of parked.splice(0)) run(); },
    tell(frame) { for (const wire of wires) send(wire, frame); },
    cut() { for (const wire of wires) wire.terminate(); },
    async close() { clearInterval(timer); for (const wire of wires) wire.terminate(); for (const socket of sockets) socket.destroy(); await new Promise((resolve) => server.close(resolve)); },
  };
  house.listen((frame) => {
    const fate = self.fate(frame.seq);
    if (fate === 'late') { held.push(frame); return; }
    for (const wire of wires) {
      if (fate !== 'drop') send(wire, frame);
      if (fate === 'twice') send(wire, frame);
      for (const late of held) send(wire, late);
    }
    held.length = 0;
  });
  const server = createServer((request, response) => { const run = (): void => void handle(self, dist, request, response); if (stopped) parked.push(run); else run(); });
  server.on('connection', (socket) => { if (self.refuseAll) { socket.destroy(); return; } sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
  const upgrades = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const run = (): void => {
      if (self.noSockets) { socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'); return; }
      const user = userOf(request);
      if (!user) { socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'); return; }
      upgrades.handleUpgrade(request, socket, head, (wire) => {
        wires.add(wire);
        wire.on('close', () => { wires.delete(wire); look(wire, user.name, undefined); });
        wire.on('message', (data) => {
          const frame = JSON.parse(String(data)) as ClientFrame;
          if (frame.type === 'beat') { self.beats.push(frame); look(wire, user.name, frame.visible ? frame.looking : undefined); return; }
          self.hellos.push(frame);
          for (const answer of house.answer(frame.epoch, frame.lastSeq)) send(wire, answer);
          send(wire, { type: 'calls', calls: house.calls });
        });
      });
    };
    if (stopped) parked.push(run); else run();
  });
  const timer = setInterval(() => { for (const wire of wires) { send(wire, house.beat()); send(wire, { type: 'calls', calls: house.calls }); } }, beatMs);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return self;
}

/** A tenth of a second of nothing, as a WAV file in base64. */
export function silence(): string {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0); head.writeUInt32LE(36 + 1600, 4); head.write('WAVEfmt ', 8); head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24); head.writeUInt32LE(16_000, 28); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34); head.write('data', 36); head.writeUInt32LE(1600, 40);
  return Buffer.concat([head, Buffer.alloc(1600)]).toString('base64');
}

function userOf(request: IncomingMessage): User | null {
  const name = /anling=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  return (name !== undefined && users[name]) || null;
}

async function handle(self: FakeServer, dist: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://x');
  self.requests.push(`${request.method} ${url.pathname}`);
  response.setHeader('content-security-policy', csp);
  if (!url.pathname.startsWith('/api/')) { servePage(self, dist, url.pathname, request, response); return; }
  let text = '';
  for await (const part of request) text += part;
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}): void => { response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers }).end(JSON.stringify(body)); };
  const refuse = (status: number, code: string): void => answer(status, { error: { code, message: code } });
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  if (url.pathname === '/api/v1/login') {
    const user = users[String(body['username'])];
    if (!user || body['password'] !== 'right') { refuse(401, 'E_UNAUTHENTICATED'); return; }
    answer(200, { kind: 'user', ...user, scopeCode: '350425000000' }, { 'set-cookie': `anling=${String(body['username'])}; Path=/; HttpOnly; SameSite=Strict` });
    return;
  }
  if (/^\/api\/v1\/devices\/[\w-]+\/events$/.test(url.pathname)) { self.house.raise({ deviceId: url.pathname.split('/')[4] ?? null }); answer(200, { ok: true }); return; }
  if (url.pathname === '/api/v1/screen') { answer(200, { ok: true }, { 'set-cookie': 'anling=tv; Path=/; HttpOnly; SameSite=Strict' }); return; }
  const user = userOf(request);
  if (!user) { refuse(401, 'E_UNAUTHENTICATED'); return; }
  if (url.pathname.startsWith('/api/v1/desk/voice')) {
    const data = self.voice.get(url.pathname.split('/')[5] ?? '');
    answer(200, data === undefined ? { parts: [...self.voice.keys()].map((part) => ({ part, bytes: 1, updatedAt: 1 })) } : { type: 'audio/wav', data });
    return;
  }
  if (url.pathname === '/api/v1/me/filters') {
    if (request.method === 'PUT') self.house.filters = body['filters'] as typeof self.house.filters;
    answer(200, { filters: self.house.filters });
    return;
  }
  if (request.method === 'GET') {
    const found = url.pathname === '/api/v1/people' ? { people: self.house.peopleNamed(url.searchParams.get('q') ?? ''), next: null } : read(self.house, url, user);
    if (found === null) refuse(404, 'E_NOT_FOUND'); else answer(200, found);
    return;
  }
  if (url.pathname === '/api/v1/desk/heard') { answer(200, { ok: true }); return; }
  if (url.pathname === '/api/v1/logout') { answer(200, { ok: true }, { 'set-cookie': 'anling=; Path=/; Max-Age=0' }); return; }
  if (url.pathname === '/api/v1/devices') { answer(201, { id: 'd7k2m9q4x1c3', secret: 'Zk3vQ0aJ-example-secret-shown-once-9fT2' }); return; }
  if (/^\/api\/v1\/quarantine\/\d+\/replay$/.test(url.pathname)) { answer(200, { result: 'replayed', reason: null }); return; }
  if (/^\/api\/v1\/quarantine\/\d+\/reveal$/.test(url.pathname)) { answer(200, { text: '{"kind":"sosss"}', hex: '7b7d', kept: 31 }); return; }
  if (url.pathname === '/api/v1/alerts') {
    const alert = self.house.raise({ kind: (body['kind'] ?? 'phone-in') as EventKind });
    self.house.entered.push(body);
    answer(201, { eventId: '1', receivedAt: alert.openedAt, matched: 'person', personId: 'p1', homeId: 'h1', name: elder.masked, regionCode: alert.regionCode, others: [] });
    return;
  }
  const call = self.house.calls.find((c) => `/api/v1/calls/${c.id}/open` === url.pathname);
  if (call) {
    self.house.calls = self.house.calls.filter((c) => c !== call);
    answer(200, { call: { ...call, state: 'opened', openedByName: user.name }, from: elder.phone, first: true });
    return;
  }
  const [, id, path] = /^\/api\/v1\/alerts\/(\w+)\/([\w-]+)$/.exec(url.pathname) ?? [];
  if (id === undefined || path === undefined) { refuse(404, 'E_NOT_FOUND'); return; }
  if (user.role === 'viewer') { refuse(403, 'E_FORBIDDEN'); return; }
  if (path === 'reveal') { self.reveals.push(id); answer(200, self.house.revealed(id)); return; }
  const result = self.house.act(id, path, body, user);
  answer(result.status, result.body);
}

function read(house: FakeHouse, url: URL, user: User): unknown {
  const path = url.pathname;
  const now = house.now();
  switch (path) {
    case '/api/v1/me': return { kind: 'user', ...user, scopeCode: '350425000000' };
    case '/api/v1/alerts': return { alerts: [...house.alerts.values()], next: null, seq: house.seq, epoch: house.epoch };
    case '/api/v1/regions': return { regions };
    case '/api/v1/map': return house.ground;
    case '/api/v1/presence': return { regions: [{ code: '350425201203', online: 0, offline: 2, never: 1, presumed: 0, neverReported: 1, cannotHear: 3 }] };
    case '/api/v1/responders': return { responders: ['350425201202', '350425201202', '350425201204'].map((regionCode, i) => ({ regionCode, absentUntil: i === 1 ? now + 3_600_000 : null })), next: null };
    case '/api/v1/status': return { serverTime: now, canary: house.canary, answer: house.figures, flood: house.flood, load: [{ userId: 'admin', name: '陈接警', onDuty: true, holding: 1, taken: 4 }], gateway: { kind: house.gateway, realPhones: false, danger: false, demo: house.demo }, outbox: { due: 0, oldestDueMs: 0, unknown: 0, failed: 0 } };
    case '/api/v1/status/cannot-hear': return { people: [{ personId: 'p9', homeId: 'h9', regionCode: '350425201001', name: elder.masked, highRisk: true, lastSeenAt: now - 7_200_000, presumed: true }] };
    case '/api/v1/desk/board': return { callbacks: [], pinned: [], handover: null };
    case '/api/v1/desk/handovers': return { now: { open: house.alerts.size, urgent: 0, shelved: 0, callbacks: 0, pinned: 0, away: 0 }, handovers: [] };
    case '/api/v1/desk/seats': return { people: [] };
    case '/api/v1/me/factor': return { enrolled: false, owed: false, recoveryLeft: 0 };
    case '/api/v1/reports/blind': return house.blindSheet(url.searchParams.get('day') ?? '');
    case '/api/v1/devices': return { devices: [
      { id: 'd2', model: 'fall-radar', room: '客厅', personId: null, state: 'offline', lastSeenAt: now - 9_000_000, lowBattery: false, battery: null },
      { id: 'd1', model: 'sos-button', room: '卧室', personId: null, state: 'online', lastSeenAt: now - 4_200_000, lowBattery: false, battery: 83 }], next: null };
    case '/api/v1/device-models': return { models: [{ id: 'sos-button', name: '一键呼按钮', type: 'sos-button' }, { id: 'fall-radar', name: '跌倒监测雷达', type: 'fall-radar' }] };
    case '/api/v1/homes': return { homes: [{ id: 'h1', regionCode: '350425201001', place: '内洋下厝角', people: 1 }], next: null };
    default:
  }
  if (/^\/api\/v1\/alerts\/\w+\/outage$/.test(path)) return {
    members: ['350425203001', '350425203201', '350425203202'].map((regionCode, i) => ({ deviceId: `DEMO-R-00${i}`, homeId: `h${i}`, regionCode, model: 'fall-radar', lastSeenAt: now - 960_000, silentAt: now - 900_000, backAt: i === 2 ? now - 60_000 : null, highRisk: i === 0 })),
    presumed: [{ deviceId: 'DEMO-B-007', homeId: 'h7', regionCode: '350425203203', model: 'sos-button', lastSeenAt: now - 40_000_000, silentAt: null, backAt: null, highRisk: true }],
  };
  if (/^\/api\/v1\/devices\/[\w-]+$/.test(path)) return { id: 'd1', model: 'sos-button', room: '卧室', state: 'online', lastSeenAt: now - 4_200_000, lowBattery: false, battery: 83 };
  if (path === '/api/v1/quarantine/reasons') return { reasons: [{ reason: 'unknown kind "sosss"', open: 1, all: 1 }] };
  if (path === '/api/v1/quarantine') return { frames: [{ id: '1', deviceId: 'DEMO-X-1', topic: 'care/v1/DEMO-X-1/event', bytes: 31, reason: 'unknown kind "sosss"', receivedAt: now - 600_000, trace: 't1', regionCode: null, homeId: null, replayedAt: null, replayedBy: null, replayResult: null }], next: null };
  if (path === '/api/v1/unregistered') return { devices: [{ id: 'B-20391', reason: 'unknown', firstAt: now - 7_200_000, lastAt: now - 30_000, count: 42, address: '10.20.3.7', door: 'mqtt', deviceId: null, homeId: null, regionCode: null }], next: null };
  const id = /^\/api\/v1\/alerts\/(\w+)$/.exec(path)?.[1];
  return id === undefined ? null : house.full(id);
}

function servePage(self: FakeServer, dist: string, path: string, request: IncomingMessage, response: ServerResponse): void {
  if (path === '/tv' && self.build !== null && request.headers['sec-fetch-dest'] === 'empty') response.writeHead(200, { 'content-type': types['.html'] }).end(`<script type="module" src="/assets/${self.build}"></script>`);
  else serveFile(dist, path === '/tv' ? '/' : path, response);
}

function serveFile(dist: string, path: string, response: ServerResponse): void {
  const file = join(dist, normalize(path === '/' ? '/index.html' : path));
  if (!file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) { response.writeHead(404).end(); return; }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'x-content-type-options': 'nosniff' });
  createReadStream(file).pipe(response);
}
