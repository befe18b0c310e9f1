/**
 * A role's ops port on loopback: /healthz (the process answers), /readyz (200, or 503 with each reason in words), /metrics.
 * And the aggregate of several such ports, which the web role serves on its own port.
 */
import { createServer, type Server } from 'node:http';
import type { Metrics } from './metrics.ts';

export type Health = { readonly url: string; /** Answers GET of this path with JSON. */ serve(path: string, body: () => unknown): void; stop(): Promise<void> };
export type HealthOptions = {
  role: string; port: number;
  /** Why this process is not ready; empty: it is. */ reasons(): readonly string[];
  metrics: Pick<Metrics, 'text'>;
};
/** A process of the house and its ops address. */
export type OpsPeer = { role: string; url: string };
export type Readiness = { ready: boolean; roles: { role: string; ready: boolean; reasons: string[] }[] };

const peerMs = 2_000;

export async function startHealth(options: HealthOptions): Promise<Health> {
  const more = new Map<string, () => unknown>();
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const send = (status: number, type: string, body: string): void => { response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body); };
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'text/plain', '');
    if (path === '/healthz') return send(200, 'application/json', JSON.stringify({ alive: true, role: options.role }));
    if (path === '/readyz') {
      const reasons = [...options.reasons()];
      return send(reasons.length === 0 ? 200 : 503, 'application/json', JSON.stringify({ ready: reasons.length === 0, role: options.role, reasons }));
    }
    if (path === '/metrics') {
      options.metrics.text().then((text) => send(200, 'text/plain; version=0.0.4; charset=utf-8', text), (error: Error) => send(500, 'text/plain', error.message));
      return;
    }
    const own = more.get(path ?? '');
    if (own) return send(200, 'application/json', JSON.stringify(own()));
    send(404, 'text/plain', '');
  });
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`, serve: (path, body) => { more.set(path, body); },
    stop: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

/** Whether every peer is ready; one that does not answer is not. */
export async function aggregateReadiness(peers: readonly OpsPeer[]): Promise<Readiness> {
  const roles = await Promise.all(peers.map(async ({ role, url }) => {
    try {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(peerMs) });
      const { reasons } = await answer.json() as { reasons: string[] };
      return { role, ready: answer.ok, reasons };
    } catch (error) {
      return { role, ready: false, reasons: [`${role} does not answer: ${(error as Error).message}`] };
    }
  }));
  return { ready: roles.length > 0 && roles.every((r) => r.ready), roles };
}

/** The figures of every peer as one exposition: each metric's help and type once, its samples together. */
export async function aggregateMetrics(peers: readonly OpsPeer[]): Promise<string> {
  const texts = await Promise.all(peers.map(async ({ url }) => {
    try { return await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(peerMs) })).text(); } catch { return ''; }
  }));
  const up = ['# HELP anling_up Whether the role answered on its ops port.', '# TYPE anling_up gauge', ...peers.map((p, i) => `anling_up{role="${p.role}"} ${texts[i] === '' ? 0 : 1}`)];
  return `${mergeExpositions([...texts, up.join('\n')])}\n`;
}

/** Prometheus refuses a metric whose samples stand apart: they are brought together under its first header. */
export function mergeExpositions(texts: readonly string[]): string {
  const families = new Map<string, { head: string[]; samples: string[] }>();
  for (const text of texts) {
    let current = '';
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      const head = /^# (HELP|TYPE) (\S+)/.exec(line);
      if (head) current = head[2] ?? '';
      const family = families.get(current) ?? { head: [], samples: [] };
      families.set(current, family);
      if (!head) family.samples.push(line);
      else if (!family.head.some((h) => h.startsWith(`# ${head[1]} `))) family.head.push(line);
    }
  }
  return [...families.values()].flatMap((f) => [...f.head, ...f.samples]).join('\n');
}
