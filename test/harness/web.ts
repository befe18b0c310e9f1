/** A web role for tests: real HTTP and websockets on a port of its own, a small county with two towns, users of every role, alerts as rows. */
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import type { RespondInput, RespondResult } from '#core/respond.ts';
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import { type UserRole, userRoles } from '#core/user.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { hashPassword } from '#store/password.ts';
import { openDb } from '#store/pool.ts';
import { createSession } from '#store/sessions.ts';
import { createUser } from '#store/users.ts';
import { auditWriter } from '#web/audit-writer.ts';
import type { WebContext, WebSettings } from '#web/context.ts';
import { startWeb } from '#web/server.ts';
import type { RouteEntry } from '#web/access.ts';
import { testDatabase, type TestDatabase } from './db.ts';

export const county = '350425000000';
export const town = '350425100000';
export const village = '350425100001';
export const otherTown = '350425201000';
export const otherVillage = '350425201001';
export const password = 'correct horse battery';

export type Web = {
  t: TestDatabase; url: string; table: readonly RouteEntry[]; logs: string[];
  /** Cookie header of a user of this role. */ cookie(role: UserRole, scopeCode?: string): Promise<string>;
  /** What respond() was asked, when the test did not bring its own. */ asked: RespondInput[];
  fetch(path: string, options?: { method?: string; cookie?: string | undefined; body?: unknown; headers?: Record<string, string> }): Promise<{ status: number; body: Any; headers: Headers; text: string }>;
  /** An alert as rows with its feed line; answers its id. */ alert(options?: AlertOptions): Promise<string>;
  stop(): Promise<void>;
};
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
type Any = any;
export type AlertOptions = { kind?: string; priority?: number; region?: string | null; personId?: string | null; homeId?: string | null; state?: string; ring?: string; what?: string };
export type WebOptions = { respond?: (t: TestDatabase) => WebContext['respond']; settings?: Partial<WebSettings>; peers?: WebContext['peers']; more?: (t: TestDatabase) => Partial<WebContext>; t?: TestDatabase };

export async function testWeb(options: WebOptions = {}): Promise<Web> {
  const t = options.t ?? (await testDatabase());
  const logs: string[] = [];
  const log = createLog('web', 'info', (line) => logs.push(line));
  const db = openDb({ url: t.url, max: 8, name: 'web' });
  const asked: RespondInput[] = [];
  if (!options.t) await seedCounty(t);
  const web = await startWeb({
    settings: { host: '127.0.0.1', port: 0, tls: null, publicUrl: 'http://127.0.0.1:1', door: { host: '127.0.0.1', port: 1 }, pages: null, data: null, gateway: 'standin', ...options.settings },
    version: 'test', nodeId: 'web-test', db, seal: t.seal, log, metrics: createMetrics('web'), peers: options.peers ?? (() => []), strict: true,
    respond: options.respond?.(t) ?? (async (input): Promise<RespondResult> => { asked.push(input); return { kind: 'ok', version: 2, state: 'claimed' }; }),
    audit: auditWriter({ db, seal: t.seal }), ...options.more?.(t),
  });
  const cookies = new Map<string, string>();
  return {
    t, url: web.url, table: web.table, logs, asked,
    async cookie(role, scopeCode = county) {
      const key = `${role}/${scopeCode}`;
      let cookie = cookies.get(key);
      if (cookie === undefined) {
        const user = await createUser(t.db, { username: `${role}-${scopeCode}`, passwordHash: 'none', role, scopeCode, displayName: `用户${role}` });
        const secret = randomBytes(32).toString('base64url');
        await createSession(t.db, t.seal.secretHash(secret), user!.id);
        cookie = `anling=${secret}`;
        cookies.set(key, cookie);
      }
      return cookie;
    },
    async fetch(path, { method = 'GET', cookie, body, headers = {} } = {}) {
      const response = await fetch(web.url + path, {
        method, redirect: 'manual', headers: { ...(cookie ? { cookie } : {}), ...(body !== undefined && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      let parsed: unknown = null;
      try { parsed = JSON.parse(text); } catch { /* a page */ }
      return { status: response.status, body: parsed, headers: response.headers, text };
    },
    alert: (alert) => insertAlert(t, alert),
    async stop() { await web.stop(); await db.close(); if (!options.t) await t.close(); },
  };
}

async function seedCounty(t: TestDatabase): Promise<void> {
  const { db, seal } = t;
  await db.query(`insert into region (code, level, name, parent_code) values ($1, 'county', '大田县', null), ($2, 'town', '均溪镇', $1), ($3, 'village', '仙亭村', $2), ($4, 'town', '屏山乡', $1), ($5, 'village', '内洋村', $4)`, [county, town, village, otherTown, otherVillage]);
  for (const [n, region, name] of [['1', village, '陈金水'], ['2', otherVillage, '林秀英']] as const) {
    await db.query('insert into home (id, region_code, address_enc, place_enc, landmark_enc, road_end, walk_minutes, lat, lon, dog) values ($1, $2, $3, $4, $5, $6, 6, 25.6934, 117.8468, true)',
      [`h${n}`, region, seal.seal('home.address', `${name}家下厝角${n}2号`), seal.seal('home.place', `下厝角${n}2号`), seal.seal('home.landmark', '门前柿子树'), '村部']);
    await db.query('insert into person (id, home_id, name_enc, name_bidx, phone_enc, phone_bidx, health_note_enc) values ($1, $2, $3, $4, $5, $6, $7)',
      [`p${n}`, `h${n}`, seal.seal('person.name', name), seal.blind('name', name), seal.seal('person.phone', `1540425000${n}`), seal.blind('phone', `1540425000${n}`), seal.seal('person.health_note', '高血压')]);
    await db.query(`insert into contact (id, person_id, ord, relation, name_enc, phone_enc, phone_bidx, key_holder) values ($1, $2, 1, 'neighbour', $3, $4, $5, true)`,
      [`c${n}`, `p${n}`, seal.seal('contact.name', '郭德发'), seal.seal('contact.phone', `1540425010${n}`), seal.blind('phone', `1540425010${n}`)]);
    await db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ($1, 'care-worker', $2, $3, $4, $5)`,
      [`r${n}`, region, seal.seal('responder.name', n === '1' ? '王玉兰' : '苏月娥'), seal.seal('responder.phone', `1540425020${n}`), seal.blind('phone', `1540425020${n}`)]);
  }
}

/** Rows as alerts/apply writes them: the alert, its log and its feed line in one transaction. */
async function insertAlert(t: TestDatabase, o: AlertOptions = {}): Promise<string> {
  const { kind = 'sos', priority = 1, region = village, state = 'open' } = o;
  const n = region === otherVillage ? '2' : '1';
  const personId = o.personId === undefined ? `p${n}` : o.personId;
  return t.db.tx(async (sql) => {
    const [row] = await sql.query<{ id: string }>(
      `insert into alert (kind, priority, state, subject_type, subject_id, home_id, person_id, region_code, opened_at, last_raised_at, trace, plan, plan_base_at, plan_state)
       values ($1, $2, $3, 'device', $4, $5, $6, $7, anling_now(), anling_now(), 'test', $8, anling_now(), 'running') returning id`,
      [kind, priority, state, randomBytes(6).toString('hex'), o.homeId === undefined ? `h${n}` : o.homeId, personId, region, JSON.stringify({ id: 'test', name: 'test', kinds: [], steps: [{ atS: 0, actions: [] }], roundS: 300, desk: [] })]);
    const id = row!.id;
    await sql.query(`insert into alert_log (alert_id, actor_type, actor_id, action) values ($1, 'system', 'rules', 'opened')`, [id]);
    await sql.query(`insert into timer (alert_id, slot, due_at) values ($1, 'plan', anling_now() + interval '30 seconds')`, [id]);
    await appendFeed(sql, id, region, { what: o.what ?? 'opened', ring: o.ring ?? (priority === 1 ? 'p1' : 'p2') });
    return id;
  });
}

/** A change of an alert with its feed line. */
export async function touchAlert(t: TestDatabase, id: string, set = '', what = 'changed'): Promise<void> {
  await t.db.tx(async (sql) => {
    const [row] = await sql.query<{ region: string | null }>(`update alert set version = version + 1 ${set} where id = $1 returning region_code as region`, [id]);
    await appendFeed(sql, id, row!.region, { what });
  });
}

export async function appendFeed(sql: Pick<TestDatabase['db'], 'query'>, alertId: string | null, region: string | null, payload: object): Promise<void> {
  const [row] = await sql.query<{ seq: string }>('update feed_counter set seq = seq + 1 returning seq');
  await sql.query(`insert into feed (seq, type, alert_id, region_code, payload) values ($1, 'alert', $2, $3, $4)`, [row!.seq, alertId, region, JSON.stringify(payload)]);
  await sql.query(`select pg_notify('anling_feed', '')`);
}

/** A wall tab as the tests drive it. */
export type Tab = { ws: WebSocket; frames: ServerFrame[]; send(frame: ClientFrame | string): void; until(test: (frames: ServerFrame[]) => boolean, ms?: number): Promise<void>; closed: Promise<{ code: number }> };

export function openTab(url: string, cookie: string, options: { origin?: string | null; headers?: Record<string, string> } = {}): Tab {
  const origin = options.origin === undefined ? url : options.origin;
  const ws = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers: { cookie, ...(origin === null ? {} : { origin }), ...options.headers } });
  const frames: ServerFrame[] = [];
  const waiting = new Set<() => void>();
  ws.on('message', (data) => { frames.push(JSON.parse(String(data)) as ServerFrame); for (const look of waiting) look(); });
  ws.on('error', () => {});
  const closed = new Promise<{ code: number }>((resolve) => ws.on('close', (code) => resolve({ code })));
  return {
    ws, frames, closed,
    send(frame) {
      const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
      if (ws.readyState === WebSocket.OPEN) ws.send(text); else ws.once('open', () => ws.send(text));
    },
    until: (test, ms = 8_000) => new Promise((resolve, reject) => {
      const timer = setTimeout(() => { waiting.delete(look); reject(new Error(`frames: ${JSON.stringify(frames).slice(0, 2000)}`)); }, ms);
      const look = (): void => { if (test(frames)) { clearTimeout(timer); waiting.delete(look); resolve(); } };
      waiting.add(look);
      look();
    }),
  };
}

/** The status an upgrade is answered with when it is refused. */
export function refusal(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers });
    ws.on('unexpected-response', (_request, response) => { resolve(response.statusCode ?? 0); ws.terminate(); });
    ws.on('open', () => { resolve(101); ws.terminate(); });
    ws.on('error', () => {});
  });
}

/** A user who can log in with `password`. */
export async function realUser(t: TestDatabase, username: string, role: UserRole, scopeCode = county): Promise<string> {
  const user = await createUser(t.db, { username, passwordHash: await hashPassword(password), role, scopeCode, displayName: username });
  return user!.id;
}
export const allRoles = userRoles;
