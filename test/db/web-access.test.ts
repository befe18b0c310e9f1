/** Who may do what over HTTP: the matrix of every route and role, scopes, headers, and the shape of every refusal. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flowsToken } from '#test/harness/flows.ts';
import { allRoles, county, otherTown, otherVillage, testWeb, town, village, type Web } from '#test/harness/web.ts';
import { collectRoutes, everyone, type RouteEntry } from '#web/access.ts';
import { fastify } from 'fastify';

let web: Web;
beforeAll(async () => {
  web = await testWeb();
  for (const role of allRoles) await web.cookie(role);
});
afterAll(() => web.stop());

/** An address of a route with ids that exist nowhere. */
const addressOf = (route: RouteEntry): string => route.url.replace(/:(\w+)/g, (_, name: string) => (name === 'id' && route.url.includes('/alerts/') ? '999999' : 'nobody-1')).replace('*', 'x');
const apiRoutes = (): RouteEntry[] => web.table.filter((r) => r.method !== 'HEAD' && r.method !== 'OPTIONS' && !r.url.startsWith('/api/docs'));

describe('access', () => {
  it('answers every route x role by the table: 401 for nobody, 403 outside the list, anything else inside it [W9]', async () => {
    const wrong: string[] = [];
    for (const route of apiRoutes()) {
      if (!Array.isArray(route.access)) continue;
      const path = addressOf(route);
      const anonymous = await web.fetch(path, { method: route.method, body: route.method === 'GET' ? undefined : {} });
      if (anonymous.status !== 401) wrong.push(`${route.method} ${route.url} anonymous ${anonymous.status}`);
      // Logging out would end the session of the tests that follow; its list is everyone.
      if (route.url === '/api/v1/logout') { expect(route.access).toEqual(everyone); continue; }
      await Promise.all(allRoles.map(async (role) => {
        const { status } = await web.fetch(path, { method: route.method, cookie: await web.cookie(role), body: route.method === 'GET' ? undefined : {} });
        const refused = status === 403;
        if (status === 401 || refused === (route.access as readonly string[]).includes(role)) wrong.push(`${route.method} ${route.url} ${role} ${status}`);
      }));
    }
    expect(wrong).toEqual([]);
  }, 90_000);

  it('holds the few rules that must never drift [W9]', () => {
    const access = (method: string, url: string): unknown => web.table.find((r) => r.method === method && r.url === url)?.access;
    for (const path of ['claim', 'dispatch', 'close', 'steps', 'reveal', 'take-over'])
      expect(access('POST', `/api/v1/alerts/:id/${path}`), path).toEqual(['admin', 'shift-leader', 'operator']);
    expect(access('POST', '/api/v1/tokens')).toEqual(['admin']);
    expect(access('GET', '/api/v1/audit')).toEqual(['admin', 'auditor']);
    // Whatever is open to everybody stands here by name.
    const open = web.table.filter((r) => (r.access === 'public' || r.access === 'hook') && r.method !== 'HEAD' && !r.url.startsWith('/api/docs') && !r.url.startsWith('/hooks/')).map((r) => `${r.method} ${r.url}`);
    expect(open.toSorted()).toEqual(['GET /', 'GET /api/v1/schedules/:id/calendar.ics', 'GET /c', 'GET /c/:id', 'GET /d/:code', 'GET /d/page.js', 'GET /healthz', 'GET /install', 'GET /j/:code', 'GET /j/page.js', 'GET /q', 'GET /q/:code', 'GET /readyz', 'GET /vendors/:name', 'POST /api/v1/devices/:id/events', 'POST /api/v1/devices/:id/heartbeats', 'POST /api/v1/login', 'POST /api/v1/screen', 'POST /d/:code', 'POST /j/:code', 'POST /j/:code/photo', 'POST /j/:code/position', 'POST /q/:code', 'POST /vendors/:name']);
  });

  it('does not start with a route that has no access [W9]', async () => {
    const app = fastify();
    collectRoutes(app);
    app.get('/forgotten', async () => 'x');
    await expect(app.ready()).rejects.toThrow('routes without config.access: GET /forgotten');
  });

  it('audits a refusal of somebody who is logged in [W21]', async () => {
    await web.fetch('/api/v1/tokens', { cookie: await web.cookie('viewer') });
    const [row] = await web.t.db.query(`select actor, result, target from audit where action = 'denied' and target = 'GET /api/v1/tokens' order by id desc limit 1`);
    expect(row).toMatchObject({ result: 'denied', actor: expect.stringMatching(/^user:/) });
  });
});

describe('scope', () => {
  it('shows a town nothing of another: not in lists, by id, in actions, by filter, in counts [W8 W7]', async () => {
    const mine = await web.alert({ region: village });
    const theirs = await web.alert({ region: otherVillage });
    const whole = await web.alert({ region: null, personId: null, homeId: null, kind: 'blind-window', priority: 4 });
    const cookie = await web.cookie('operator', town);
    const ids = async (query: string): Promise<string[]> => (await web.fetch(`/api/v1/alerts?${query}`, { cookie })).body.alerts.map((a: { id: string }) => a.id);
    expect(await ids('state=open')).toEqual([mine]);
    expect(await ids('state=all')).toEqual([mine]);
    expect(await ids(`region=${otherTown}`)).toEqual([]);
    expect(await ids(`region=${county}`)).toEqual([mine]);
    const missing = await web.fetch('/api/v1/alerts/99999999', { cookie });
    for (const id of [theirs, whole])
      for (const [method, path] of [['GET', ''], ['POST', '/claim'], ['POST', '/reveal'], ['POST', '/close']] as const) {
        const answer = await web.fetch(`/api/v1/alerts/${id}${path}`, { method, cookie, body: method === 'GET' ? undefined : path === '/close' ? { outcome: 'F1', note: 'x' } : {} });
        // To the letter what a number that never was gets.
        expect([answer.status, answer.body]).toEqual([404, missing.body]);
      }
    expect((await web.fetch('/api/v1/status', { cookie })).body.open).toEqual({ 1: 1, 2: 0, 3: 0, 4: 0 });
    expect((await web.fetch('/api/v1/status', { cookie: await web.cookie('operator') })).body.open).toEqual({ 1: 2, 2: 0, 3: 0, 4: 1 });
    expect(web.asked).toEqual([]);
  });

  it('masks by role: readers see no place, no given name, no notes [W10]', async () => {
    const id = await web.alert();
    await web.t.db.query(`insert into alert_log (alert_id, actor_type, actor_id, action, note_enc) values ($1, 'user', 'u1', 'note', $2)`, [id, web.t.seal.seal('alert_log.note', '电话 15404250001 说摔了')]);
    const desk = (await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('operator') })).body;
    expect(desk).toMatchObject({ subject: { name: '陈*水' }, place: '下厝角12号', town: '均溪镇', village: '仙亭村', lat: 25.6934 });
    expect(desk.timeline.at(-1)).toMatchObject({ action: 'note', note: '电话 15404250001 说摔了' });
    expect(desk.candidates).toMatchObject([{ party: 'contact:c1', name: '郭*发', phone: '154****0101', keyHolder: true, near: 'home' }, { party: 'responder:r1', name: '王*兰', near: 'village' }]);
    for (const role of ['viewer', 'county-reader', 'auditor', 'technician'] as const) {
      const { text, body } = await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie(role) });
      expect(body).toMatchObject({ subject: { name: '陈**' }, place: null, lat: 25.69, candidates: [] });
      expect(text).not.toMatch(/金水|陈\*水|下厝角|15404250001|摔了/);
    }
  });
});

describe('refusals', () => {
  it('refuses what another site asked for: forms, text, foreign origins, GET [W5]', async () => {
    const id = await web.alert();
    const cookie = await web.cookie('operator');
    const claim = (headers: Record<string, string>, body: unknown = {}): Promise<number> => web.fetch(`/api/v1/alerts/${id}/claim`, { method: 'POST', cookie, headers, body }).then((r) => r.status);
    expect(await claim({ origin: 'https://evil.example' })).toBe(403);
    expect(await claim({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await claim({ 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await claim({ origin: 'null' })).toBe(403);
    expect(await claim({ 'content-type': 'text/plain' }, '{}')).toBe(415);
    expect(await claim({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).toBe(415);
    expect((await web.fetch(`/api/v1/alerts/${id}/claim`, { cookie })).status).toBe(405);
    expect((await web.fetch('/api/v1/login', { method: 'POST', headers: { origin: 'https://evil.example' }, body: { username: 'a', password: 'b' } })).status).toBe(403);
    expect(web.asked).toEqual([]);
    expect(await claim({ origin: web.url, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(web.asked).toHaveLength(1);
  });

  it('has one shape for every error, without stacks or SQL [W16]', async () => {
    const cookie = await web.cookie('operator');
    const shape = { error: { code: expect.stringMatching(/^E_/), message: expect.any(String) } };
    const cases: [number, Promise<{ status: number; body: unknown; headers: Headers; text: string }>][] = [
      [404, web.fetch('/api/v1/nothing')], [405, web.fetch('/api/v1/alerts', { method: 'DELETE', cookie })], [401, web.fetch('/api/v1/alerts')],
      [403, web.fetch('/api/v1/tokens', { cookie })], [422, web.fetch('/api/v1/alerts/abc', { cookie })], [422, web.fetch('/api/v1/alerts?state=sideways', { cookie })],
      [422, web.fetch('/api/v1/login', { method: 'POST', body: '{"a":', headers: { 'content-type': 'application/json' } })],
      [413, web.fetch('/api/v1/login', { method: 'POST', body: `"${'x'.repeat(1_100_000)}"`, headers: { 'content-type': 'application/json' } })],
      [422, web.fetch('/api/v1/login', { method: 'POST', body: '{"__proto__":{"x":1},"username":"a","password":"b"}', headers: { 'content-type': 'application/json' } })],
      [422, web.fetch('/api/v1/login', { method: 'POST', body: { username: 'a\0b', password: 'b' } })],
    ];
    for (const [status, asked] of cases) {
      const answer = await asked;
      expect([answer.status, answer.body]).toMatchObject([status, shape]);
      expect(answer.text).not.toMatch(/at .*\.ts|select |node_modules/);
    }
    expect((await web.fetch('/api/v1/alerts', { method: 'DELETE', cookie })).headers.get('allow')).toBe('GET, HEAD, POST');
  });

  it('sends strict headers with every answer [W15]', async () => {
    for (const path of ['/', '/api/v1/alerts', '/healthz', '/nowhere']) {
      const { headers } = await web.fetch(path);
      const csp = headers.get('content-security-policy') ?? '';
      for (const part of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) expect(csp, path).toContain(part);
      expect(csp).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('server')).toBeNull();
    }
    expect((await web.fetch('/api/v1/alerts', { cookie: await web.cookie('operator') })).headers.get('cache-control')).toBe('no-store');
  });

  it('shows metrics to this machine and to technicians, not through a proxy [W16 G3]', async () => {
    expect((await web.fetch('/metrics')).text).toContain('anling_live_sockets');
    expect((await web.fetch('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(401);
    expect((await web.fetch('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' }, cookie: await web.cookie('technician') })).status).toBe(200);
    expect((await web.fetch('/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' }, cookie: await web.cookie('operator') })).status).toBe(403);
  });
});

describe('OpenAPI', () => {
  type Operation = { requestBody?: { content: Record<string, { schema: Schema }> }; responses: Record<string, unknown>; security?: unknown[] };
  type Schema = { properties?: Record<string, Schema>; required?: string[]; type?: string };

  it('describes every route with schemas, as 3.1, and its page asks nothing of other hosts [G3]', async () => {
    const { body } = await web.fetch('/api/docs/json');
    expect(body.openapi).toBe('3.1.0');
    for (const route of apiRoutes()) {
      // Provider callbacks hold a secret in their path and take what the provider sends; docs/operations.md has their addresses.
      if (route.url === '/' || route.url.includes('*') || route.access === 'hook') continue;
      const operation = body.paths[route.url.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()] as Operation | undefined;
      expect(operation, `${route.method} ${route.url}`).toBeDefined();
      expect(Object.keys(operation?.responses ?? {}).some((status) => /^[123]/.test(status)), route.url).toBe(true);
    }
    const page = await web.fetch('/api/docs');
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page.headers.get('content-security-policy')).not.toMatch(/https?:/);
    expect((await web.fetch('/api/docs/static/swagger-initializer.js')).text).not.toContain('validator.swagger.io');
  });

  it('answers a schema-breaking body of every route with 422 that names the field [G3]', async () => {
    const { body } = await web.fetch('/api/docs/json');
    const flows = await flowsToken(web);
    let tried = 0;
    for (const [url, operations] of Object.entries(body.paths as Record<string, Record<string, Operation>>))
      for (const [method, operation] of Object.entries(operations)) {
        const schema = operation.requestBody && (Object.values(operation.requestBody.content)[0] as { schema: Schema }).schema;
        if (!schema || url.startsWith('/api/v1/devices/{id}/')) continue; // the edge's own door answers for itself
        const names = Object.keys(schema.properties ?? {});
        // Every named field gets a type it does not have; a body without fields gets one it does not know.
        const broken = names.length === 0 ? { surplus: 1 } : Object.fromEntries(names.map((name) => [name, schema.properties?.[name]?.type === 'object' ? 'no object' : { wrong: true }]));
        const path = url.replaceAll(/\{(\w+)\}/g, (_, name: string) => (name === 'id' && url.includes('/alerts/') ? '1' : 'nobody-1'));
        const answer = await web.fetch(path, { method: method.toUpperCase(), cookie: await web.cookie('admin'), body: broken, headers: url.startsWith('/api/v1/flows/') ? { authorization: `Bearer ${flows.token}` } : {} });
        const fields = (answer.body?.error?.fields ?? []) as { field: string; expected: string }[];
        expect([`${method} ${url}`, answer.status, answer.body?.error?.code]).toEqual([`${method} ${url}`, 422, 'E_INVALID']);
        const wanted = schema.required ?? (names.length === 0 ? ['surplus'] : names);
        expect(wanted.filter((name) => !fields.some((f) => f.field === name || f.field.startsWith(`${name}.`))), `${method} ${url}: ${JSON.stringify(fields)}`).toEqual([]);
        expect(fields.every((f) => f.expected.length > 0)).toBe(true);
        tried++;
      }
    expect(tried).toBeGreaterThanOrEqual(14);
  });

  it('says in words what was expected [G3]', async () => {
    const answer = await web.fetch('/api/v1/tokens', { method: 'POST', cookie: await web.cookie('admin'), body: { name: '', role: 'king', lifeDays: 1.5, extra: true } });
    expect(answer.body.error.fields).toEqual(expect.arrayContaining([
      { field: 'name', expected: 'string, at least 1 characters, at most 100 characters' }, { field: 'role', expected: expect.stringMatching(/^one of admin, shift-leader/) },
      { field: 'lifeDays', expected: 'integer, at least 1, at most 3650' }, { field: 'extra', expected: 'no such field' },
    ]));
  });
});
