/** The editor of the flows through the web role: who gets in and who does not, what the process behind it can be asked, and that nobody gets past the pages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { fn, type FlowNode, type Flows, once, root, tab, testFlows } from '#test/harness/flows.ts';
import { town } from '#test/harness/web.ts';

let flows: Flows;
beforeAll(async () => { flows = await testFlows(); await flows.up(); });
afterAll(() => flows.stop());

const socket = (headers: Record<string, string>): Promise<number> => new Promise((resolve) => {
  const ws = new WebSocket(`${flows.web.url.replace('http', 'ws')}/flows/comms`, { headers });
  ws.on('open', () => { resolve(101); ws.close(); }).on('unexpected-response', (_q, r) => { resolve(r.statusCode ?? 0); ws.terminate(); }).on('error', () => resolve(0));
});

describe('the editor under /flows', () => {
  it('is for admin and technician of the whole county, by login, from our own pages [C11]', async () => {
    const { web } = flows;
    const get = async (cookie?: string) => (await web.fetch('/flows/', { cookie })).status;
    expect([await get(), await get(await web.cookie('operator')), await get(await web.cookie('shift-leader')), await get(await web.cookie('technician', town))]).toEqual([401, 403, 403, 403]);
    for (const role of ['admin', 'technician'] as const) {
      const page = await web.fetch('/flows/', { cookie: await web.cookie(role) });
      expect([page.status, page.text.includes('red/red.min.js')]).toEqual([200, true]);
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect([page.headers.get('x-content-type-options'), page.headers.get('x-powered-by')]).toEqual(['nosniff', null]);
    }
    const change = (headers: Record<string, string>) => web.cookie('admin').then((cookie) => web.fetch('/flows/flows', { method: 'POST', cookie, headers: { 'node-red-deployment-type': 'full', ...headers }, body: [tab('t1')] })).then((r) => r.status);
    expect(await change({ origin: 'https://evil.example' })).toBe(403);
    expect(await change({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await change({ origin: web.url })).toBe(204);
    expect(await web.t.db.query(`select 1 from audit where action = 'flows.change' and target = 'POST /flows/flows' and result = 'ok'`)).toHaveLength(1);
  });

  it('its socket asks for the same: login, role, our origin [C11]', async () => {
    const { web } = flows;
    const cookie = await web.cookie('technician');
    expect(await socket({ origin: web.url })).toBe(401);
    expect(await socket({ cookie })).toBe(403);
    expect(await socket({ cookie, origin: 'https://evil.example' })).toBe(403);
    expect(await socket({ cookie: await web.cookie('operator'), origin: web.url })).toBe(403);
    expect(await socket({ cookie, origin: web.url })).toBe(101);
  });

  it('the port behind it lets nobody in without the house’s own secret [C11]', async () => {
    const base = `http://127.0.0.1:${flows.keeper.state().port}`;
    for (const path of ['/flows/', '/flows/flows', '/flows/settings', '/']) expect((await fetch(base + path)).status).toBe(403);
    const direct = await new Promise<string>((resolve) => { const ws = new WebSocket(`${base.replace('http', 'ws')}/flows/comms`); ws.on('open', () => resolve('open')).on('error', () => resolve('refused')); });
    expect(direct).toBe('refused');
  });

  it('nothing that reaches out, runs programs or reads files is in the palette, and nothing can be installed [C11]', async () => {
    const { web } = flows;
    const cookie = await web.cookie('admin');
    const sets: { id: string; types: string[] }[] = (await web.fetch('/flows/nodes', { cookie, headers: { accept: 'application/json' } })).body;
    const types = sets.flatMap((s) => s.types);
    expect(types).toEqual(expect.arrayContaining(['inject', 'function', 'change', 'switch', 'delay']));
    expect(types.filter((t) => /^(exec|file|file in|watch|tcp|udp|http|mqtt|websocket|tls)/.test(t))).toEqual([]);
    expect((await web.fetch('/flows/nodes', { method: 'POST', cookie, headers: { origin: web.url }, body: { module: 'node-red-node-ping' } })).status).toBeGreaterThanOrEqual(400);
    expect((await web.fetch('/flows/settings', { cookie })).body.externalModules).toMatchObject({ autoInstall: false, palette: { allowInstall: false } });
  });

  it('our nodes are there with help in both languages, and every example and ready flow can be imported as it is [C11]', async () => {
    const { web } = flows;
    const cookie = await web.cookie('technician');
    const sets: { id: string; types: string[]; enabled: boolean; err?: unknown }[] = (await web.fetch('/flows/nodes', { cookie, headers: { accept: 'application/json' } })).body;
    const ours = sets.filter((s) => s.id.startsWith('anling-flows/'));
    expect([ours.length, ours.every((s) => s.enabled && s.err === undefined)]).toEqual([5, true]);
    const types = ours.flatMap((s) => s.types);
    for (const [language, word] of [['zh-CN', '警情的每一次变化'], ['en-US', 'Every change of an alert']] as const) {
      const { text } = await web.fetch('/flows/nodes', { cookie, headers: { accept: 'text/html', 'accept-language': language } });
      expect(types.filter((type) => !text.includes(`data-help-name="${type}"`) || !text.includes(`data-template-name="${type}"`))).toEqual([]);
      expect(text).toContain(word);
    }
    const examples: { fn: string }[] = (await web.fetch('/flows/library/examples/flows/anling-flows', { cookie })).body;
    const shown = await Promise.all(examples.map(async ({ fn: name }) => (await web.fetch(`/flows/library/examples/flows/anling-flows/${encodeURIComponent(name)}`, { cookie })).body as FlowNode[]));
    const files = readdirSync(join(root, 'flows', 'ready')).map((name) => JSON.parse(readFileSync(join(root, 'flows', 'ready', name), 'utf8')) as FlowNode[]);
    const used = new Set([...shown, ...files].flat().map((n) => n.type));
    expect([shown.length, files.length, types.filter((type) => !used.has(type))]).toEqual([5, 5, []]);
    const known = new Set([...sets.flatMap((s) => s.types), 'tab']);
    expect([...used].filter((type) => !known.has(type))).toEqual([]);
  });

  it('what is deployed runs, is kept over a restart, and says where it is [C11]', async () => {
    await flows.deploy([tab('run'), once('go', 'run', 'say'), fn('say', 'run', "node.warn('ran ' + msg.payload); return null;")]);
    await expect.poll(() => flows.logs.some((line) => line.includes('ran 1'))).toBe(true);
    const { body } = await flows.web.fetch('/api/v1/flows-state', { cookie: await flows.web.cookie('technician') });
    expect(body).toMatchObject({ on: true, up: true, safe: false, pausedMs: null, incidents: [] });
    expect((await flows.web.fetch('/api/v1/flows-state', { cookie: await flows.web.cookie('caregiver') })).status).toBe(403);
  });
});
