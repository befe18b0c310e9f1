/**
 * API and websocket load by k6 (bench/k6/*.ts): from the PATH, else built once where Go is into .cache/, else SKIPPED by name.
 * While they run, elders press; what k6 judges are shares, times are reported.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchHouse, root } from './house.ts';
import { startLoad } from './load/load.ts';
import type { Part } from './parts.ts';
import { type Figure, figure } from './results.ts';

const version = 'v2.2.0';
const module_ = 'go.k6.io/k6/v2';
const consoles = 50;
const buildMs = 6 * 60_000;

type Summary = { metrics: Record<string, { values: Record<string, number> }> };

/** A program, where it is installed. */
export const onPath = (name: string, also: readonly string[] = []): string | null => [...(process.env['PATH'] ?? '').split(delimiter), ...also].map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;

function command(file: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string>; timeoutMs: number }): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(file, [...args], { cwd: options.cwd ?? root, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: options.timeoutMs });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => { output = (output + bytes.toString()).slice(-20_000); });
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** The program, or why there is none. A module of our own is built, because `go install` would also ask k6's own site. */
async function findK6(say: (line: string) => void): Promise<{ file: string } | { skipped: string }> {
  const there = onPath('k6');
  if (there) return { file: there };
  const folder = join(root, '.cache', 'k6');
  const file = join(folder, `k6-${version}`);
  if (existsSync(file)) return { file };
  if (!onPath('go')) return { skipped: 'SKIPPED: k6 is not on the PATH, and Go is not there to build it' };
  say(`building k6 ${version} once, some minutes`);
  const source = join(folder, 'module');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'go.mod'), `module bench\n\ngo 1.24\n\nrequire ${module_} ${version}\n`);
  const { code, output } = await command('go', ['build', '-mod=mod', '-o', file, module_], { cwd: source, timeoutMs: buildMs });
  return code === 0 ? { file } : { skipped: `SKIPPED: k6 could not be built: ${output.trim().split('\n').at(-1) ?? code}` };
}

async function runScript(file: string, script: string, env: Record<string, string>, timeoutMs: number): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), 'anling-k6-'));
  const summary = join(folder, 'summary.json');
  try {
    const { code, output } = await command(file, ['run', '--quiet', join(root, 'bench', 'k6', script)], { env: { ...env, SUMMARY: summary, K6_NO_USAGE_REPORT: 'true' }, timeoutMs });
    if (code !== 0) throw new Error(`k6 ${script} ended with ${code} (99: a threshold was crossed): ${output.trim().slice(-500)}`);
    return JSON.parse(readFileSync(summary, 'utf8')) as Summary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A session for the consoles, a token for the API. */
async function credentials({ house, client }: BenchHouse): Promise<{ TOKEN: string; COOKIE: string }> {
  const { token } = await client.call<{ token: string }>('POST', '/api/v1/tokens', { name: 'bench', role: 'admin' });
  const login = await fetch(`${house.base}/api/v1/login`, { method: 'POST', headers: { 'content-type': 'application/json', origin: house.base }, body: JSON.stringify({ username: 'admin', password: house.password }) });
  return { TOKEN: token, COOKIE: login.headers.getSetCookie().map((c) => c.split(';')[0]).join('; ') };
}

export const k6: Part = {
  name: 'k6', about: `API lists, alert detail and status at a constant rate; ${consoles} consoles at the live channel while alerts are raised`,
  async run(stage): Promise<Figure[]> {
    const found = await findK6(stage.say);
    if ('skipped' in found) { stage.note(found.skipped); stage.say(found.skipped); return []; }
    const house = await stage.house();
    const seconds = stage.quick ? 5 : 15;
    const perSecond = 2;
    const elders = await house.elders((seconds - 4) * perSecond);
    const env = { BASE: house.house.base, ...await credentials(house), SECONDS: String(seconds), CONSOLES: String(consoles), ALERTS: String(elders.length), RATE: '60' };
    const buttons = await startLoad({ port: house.house.mqttPort, devices: elders, rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 1, perSecond, once: true });
    const limitMs = (seconds + 60) * 1_000;
    try {
      const watching = runScript(found.file, 'consoles.ts', env, limitMs);
      await sleep(2_500); // until all are let in
      buttons.go();
      const live = await watching;
      const api = await runScript(found.file, 'api.ts', env, limitMs);
      const value = (summary: Summary, metric: string, which: string): number => summary.metrics[metric]?.values[which] ?? 0;
      const at = (name: string, unit: string, better: Figure['better'], n: number): Figure => figure('k6', name, unit, better, { ours: [n] });
      stage.note(`${consoles} consoles, ${elders.length} alerts raised at ${perSecond} per second; then ${env.RATE} API requests per second`);
      return [
        at('requests that failed', 'share', 'less', value(api, 'http_req_failed', 'rate')), at('API requests', 'per second', 'more', value(api, 'http_reqs', 'rate')),
        ...['alerts', 'people', 'homes', 'devices', 'status', 'detail'].flatMap((name) => [at(`${name}, p50`, 'ms', 'less', value(api, `ms_${name}`, 'med')), at(`${name}, p99`, 'ms', 'less', value(api, `ms_${name}`, 'p(99)'))]),
        at('console checks that held', 'share', 'more', value(live, 'checks', 'rate')), at('alert frames received', 'count', 'more', value(live, 'frames', 'count')),
        at('alert to frame, p50', 'ms', 'less', value(live, 'frame_delay', 'med')), at('alert to frame, p99', 'ms', 'less', value(live, 'frame_delay', 'p(99)')),
      ];
    } finally {
      await buttons.stop();
    }
  },
};
