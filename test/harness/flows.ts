/** The flows for tests: the web role's real API, the real keeper and the real contained process, flows deployed through the editor's own API as a technician. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Keeper, startKeeper } from '#flows/keeper.ts';
import { startTrials } from '#flows/trial.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type FlowsTokenId, renewFlowsToken } from '#store/flows.ts';
import { beat } from '#store/nodes.ts';
import { testWeb, type Web, type WebOptions } from './web.ts';

export const root = join(import.meta.dirname, '..', '..');
export type FlowNode = { id: string; type: string; z?: string; wires?: string[][]; [key: string]: unknown };
export type Flows = {
  web: Web; readonly keeper: Keeper; folder: string; logs: string[]; token: string;
  /** A call of the API with the flows' token. */ call(path: string, body?: unknown, method?: string): Promise<{ status: number; body: Any }>;
  deploy(nodes: readonly FlowNode[]): Promise<void>;
  /** Waits until the contained process is up. */ up(): Promise<void>;
  /** Presses the button of an inject node, as in the editor. */ press(nodeId: string): Promise<void>;
  /** Ends the keeper and its process; `up` after `again` has both anew on the same folder. */ pause(): Promise<void>; again(): void;
  /** Its own end alone, and that with its web. */ end(): Promise<void>; stop(): Promise<void>;
};
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
type Any = any;

/** The flows' token alone, for tests of the API. */
export async function flowsToken(web: Web, id: FlowsTokenId = 'flows'): Promise<{ token: string; call: Flows['call'] }> {
  const token = randomBytes(32).toString('base64url');
  await renewFlowsToken(web.t.db, web.t.seal.secretHash(token), id);
  return { token, call: async (path, body = {}, method = 'POST') => web.fetch(path.startsWith('/') ? path : `/api/v1/flows/${path}`, { method, headers: { authorization: `Bearer ${token}` }, ...(method === 'GET' ? {} : { body }) }) };
}

export const testFlows = async (options: WebOptions = {}): Promise<Flows> => flowsOn(await testWeb(options));

/** On a web that is there already; its end is theirs too. */
export async function flowsOn(web: Web): Promise<Flows> {
  const { token, call } = await flowsToken(web);
  const folder = mkdtempSync(join(tmpdir(), 'anling-flows-'));
  const logs: string[] = [];
  const { t } = web;
  const trials = startTrials({ root, folder: join(folder, 'flows-trial'), db: t.db, seal: t.seal, log: createLog('flows' as never, 'info', (line) => logs.push(line)), api: web.url, token: (await flowsToken(web, 'flows-trial')).token });
  const start = (): Keeper => startKeeper({ root, folder: join(folder, 'flows'), db: t.db, seal: t.seal, log: createLog('flows' as never, 'info', (line) => logs.push(line)), metrics: createMetrics('flows' as never), api: web.url, token });
  let keeper = start();
  let beating = true;
  const beats = (async () => { while (beating) { await beat(t.db, { id: 'flows-test', role: 'flows', detail: { flows: keeper.state() } }).catch(() => {}); await sleep(200); } })();
  const up = async (): Promise<void> => {
    const until = performance.now() + 60_000;
    while (keeper.state().port === null) { if (performance.now() > until) throw new Error(`flows are not up: ${logs.slice(-5).join('\n')}`); await sleep(50); }
    while ((await web.fetch('/api/v1/flows-state', { cookie: await web.cookie('admin') })).body.up !== true) await sleep(50);
  };
  const end = async (): Promise<void> => { beating = false; await beats; await trials.stop(); await keeper.stop(); rmSync(folder, { recursive: true, force: true }); };
  return {
    web, get keeper() { return keeper; }, folder: join(folder, 'flows'), logs, token, call, up,
    async deploy(nodes) {
      const answer = await web.fetch('/flows/flows', { method: 'POST', cookie: await web.cookie('technician'), body: nodes, headers: { 'node-red-deployment-type': 'full', origin: web.url } });
      if (answer.status !== 204) throw new Error(`deploy: ${answer.status} ${answer.text}`);
    },
    async press(id) {
      // A deploy is answered before its nodes run: one that is not there yet is pressed again.
      for (const until = performance.now() + 20_000; ; await sleep(100)) {
        const r = await web.fetch(`/flows/inject/${id}`, { method: 'POST', cookie: await web.cookie('technician'), body: {}, headers: { origin: web.url } });
        if (r.status === 200) return;
        if (r.status !== 404 || performance.now() > until) throw new Error(`press: ${r.status} ${r.text}`);
      }
    },
    pause: () => keeper.stop(), again() { keeper = start(); },
    end, async stop() { await end(); await web.stop(); },
  };
}

export const tab = (id: string, label = id): FlowNode => ({ id, type: 'tab', label, disabled: false });
export const fn = (id: string, z: string, func: string, wires: string[][] = [[]], more: Record<string, unknown> = {}): FlowNode => ({ id, type: 'function', z, name: id, func, outputs: wires.length, timeout: 0, initialize: '', finalize: '', libs: [], x: 300, y: 100, wires, ...more });
/** Sends one message as soon as it is deployed. */
export const once = (id: string, z: string, to: string): FlowNode => ({ id, type: 'inject', z, name: id, props: [{ p: 'payload' }], repeat: '', crontab: '', once: true, onceDelay: 0.1, topic: '', payload: '1', payloadType: 'num', x: 100, y: 100, wires: [[to]] });

export type Asked = { method: string; url: string; headers: IncomingHttpHeaders; body: string };
/** A receiver on loopback that keeps what it is asked; `answer` decides what it says. */
export async function receiver(answer: (asked: Asked) => { status: number; headers?: Record<string, string>; body?: string } = () => ({ status: 200, body: '{"errcode":0}' })): Promise<{ port: number; asked: Asked[]; server: Server; close(): Promise<void> }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (piece: string) => { body += piece; }).on('end', () => {
      const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
      asked.push(one);
      const said = answer(one);
      response.writeHead(said.status, said.headers ?? { 'content-type': 'application/json' }).end(said.body ?? '');
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return { port: (server.address() as AddressInfo).port, asked, server, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }) };
}
/** Sets the hosts that flows may ask. */
export async function allow(web: Web, hosts: { host: string; port: number | null; inside: boolean }[]): Promise<void> {
  const cookie = await web.cookie('admin');
  const { updatedAt } = (await web.fetch('/api/v1/settings/flows', { cookie })).body;
  const answer = await web.fetch('/api/v1/settings/flows', { method: 'PUT', cookie, body: { allow: hosts, updatedAt }, headers: { origin: web.url } });
  if (answer.status !== 200) throw new Error(answer.text);
}

/** A moment of the county's last night (UTC+8) that a trial of the last 24 hours has wholly in it, with a quarter of an hour around, whenever the test runs. */
export function lastNight(now = Date.now()): number {
  const countyMs = 8 * 3_600_000;
  const day = Math.floor((now + countyMs) / 86_400_000) * 86_400_000 - countyMs;
  const ages = [2 * 60 + 10, 23 * 60 + 10].flatMap((minute) => [0, 1].map((back) => day + minute * 60_000 - back * 86_400_000));
  return ages.find((t) => now - t > 3_600_000 && now - t < 23 * 3_600_000) ?? day;
}
