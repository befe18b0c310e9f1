/**
 * What the first page of each list, its filters and its searches cost at a county of 100,000 people on file, over real HTTP with a
 * real login, sealed rows and masks. Prints p50 and p95 in ms. A part of the bench; alone: node_modules/.bin/node bench/lists.ts [people] [rounds]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { openDb } from '#store/pool.ts';
import { createSeal } from '#store/seal.ts';
import { createSession } from '#store/sessions.ts';
import { createUser } from '#store/users.ts';
import { auditWriter } from '#web/audit-writer.ts';
import { startWeb } from '#web/server.ts';
import { fillCounty } from './county.ts';
import type { Part } from './parts.ts';
import { figure } from './results.ts';

type ListFigure = { list: string; what: string; path: string; rows: number; p50: number; p95: number };

/** Path of each request by list and what it shows; `v` is a village, `t` its town. */
const requests = (v: string, t: string): readonly [string, string, string][] => [
  ['people', 'county', '/people?limit=50'], ['people', 'town', `/people?limit=50&region=${t}`], ['people', 'village', `/people?limit=50&region=${v}`],
  ['people', 'high risk in a town', `/people?limit=50&highRisk=true&region=${t}`], ['people', 'refused', '/people?limit=50&status=refused'], ['people', 'nobody away', '/people?limit=50&mode=away'],
  ['people', 'without device', '/people?limit=50&without=device'], ['people', 'without contact in a village', `/people?limit=50&without=contact&region=${v}`], ['people', 'deep page', '/people?limit=50&cursor=350425202500.p-5'],
  ['people', 'number', '/people?q=DEMO-77'], ['people', 'whole name', `/people?q=${encodeURIComponent('陈金水')}`], ['people', 'initials', '/people?limit=50&q=cjs'], ['people', 'phone tail', '/people?limit=50&q=0042'],
  ['people', 'surname (1 in 20)', `/people?limit=50&q=${encodeURIComponent('陈')}`], ['people', 'surname and tail', `/people?q=${encodeURIComponent('陈 0042')}`], ['people', 'serial number', '/people?q=SN770'], ['people', 'nothing found', '/people?q=zzzz'],
  ['homes', 'county', '/homes?limit=50'], ['homes', 'village', `/homes?limit=50&region=${v}`], ['homes', 'evacuated', '/homes?limit=50&mode=evacuated'], ['homes', 'without device', '/homes?limit=50&without=device'], ['homes', 'by initials', '/homes?limit=50&q=cjs'],
  ['devices', 'county', '/devices?limit=50'], ['devices', 'village', `/devices?limit=50&region=${v}`], ['devices', 'offline', '/devices?limit=50&presence=offline'], ['devices', 'never', '/devices?limit=50&presence=never'],
  ['devices', 'low battery', '/devices?limit=50&lowBattery=true'], ['devices', 'one model in a town', `/devices?limit=50&model=watch&region=${t}`], ['devices', 'revoked', '/devices?limit=50&status=revoked'], ['devices', 'serial number', '/devices?q=SN770'], ['devices', 'beginning of an id', '/devices?limit=50&q=d-p-99'],
  ['responders', 'county', '/responders?limit=50'], ['responders', 'village doctors', `/responders?limit=50&role=doctor&region=${t}`], ['responders', 'unproven', '/responders?limit=50&gap=unverified'], ['responders', 'initials', '/responders?limit=50&q=cjs'],
  ['contacts', 'county', '/contacts?limit=50'], ['contacts', 'village', `/contacts?limit=50&region=${v}`], ['contacts', 'phone tail', '/contacts?limit=50&q=0042'],
];

async function run({ people = 100_000, rounds = 40 }: { people?: number; rounds?: number } = {}): Promise<ListFigure[]> {
  const data = mkdtempSync(join(tmpdir(), 'anling-lists-'));
  const server = await startEmbedded({ data, port: 0, database: 'anling', settings: {} });
  const db = openDb({ url: server.url, max: 8, name: 'lists', statementMs: 600_000 });
  try {
    await migrate({ url: server.url });
    const seal = createSeal({ seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' });
    const began = performance.now();
    const { villages, ...counts } = await fillCounty(db, seal, people);
    console.log(`${Object.entries(counts).map(([what, n]) => `${n} ${what}`).join(', ')}; written in ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const user = await createUser(db, { username: 'bench', passwordHash: 'none', role: 'admin', scopeCode: '350425000000', displayName: 'bench' });
    const secret = randomBytes(32).toString('base64url');
    await createSession(db, seal.secretHash(secret), user?.id ?? '');
    const web = await startWeb({
      settings: { host: '127.0.0.1', port: 0, tls: null, publicUrl: 'http://127.0.0.1:1', door: { host: '127.0.0.1', port: 1 }, pages: null, data: null, gateway: 'standin' }, version: 'bench', nodeId: 'web-bench', db, seal,
      log: createLog('web', 'error'), metrics: createMetrics('web'), peers: () => [], respond: async () => ({ kind: 'ok', version: 1, state: 'claimed' }), audit: auditWriter({ db, seal }),
    });
    const village = villages[40] ?? '';
    const figures: ListFigure[] = [];
    for (const [list, what, path] of requests(village, `${village.slice(0, 9)}000`)) {
      const times: number[] = [];
      let rows = 0;
      for (let i = 0; i < rounds + 3; i++) {
        const from = performance.now();
        const answer = await fetch(`${web.url}/api/v1${path}`, { headers: { cookie: `anling=${secret}` } });
        const body = await answer.json() as Record<string, unknown>;
        if (!answer.ok) throw new Error(`${path}: ${answer.status} ${JSON.stringify(body)}`);
        if (i >= 3) times.push(performance.now() - from); // the first ones warm connections and caches
        rows = (body[list] as unknown[]).length;
      }
      times.sort((a, b) => a - b);
      const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
      figures.push({ list, what, path, rows, p50: at(0.5), p95: at(0.95) });
      console.log(`${list.padEnd(11)}${what.padEnd(30)}${String(rows).padStart(4)} rows  p50 ${at(0.5).toFixed(1).padStart(6)} ms  p95 ${at(0.95).toFixed(1).padStart(6)} ms`);
    }
    await web.stop();
    return figures;
  } finally {
    await db.close();
    await server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Every request is printed; the table has each list's first page and its slowest filter or search. */
export const lists: Part = {
  name: 'lists', about: 'first pages, filters and searches with 100,000 people on file',
  async run(stage) {
    const all = await run(stage.quick ? { people: 2_000, rounds: 3 } : { rounds: 20 });
    return [...new Set(all.map((f) => f.list))].flatMap((list) => {
      const mine = all.filter((f) => f.list === list);
      const first = mine.filter((f) => f.what === 'county');
      const [slowest] = mine.filter((f) => f.what !== 'county').sort((a, b) => b.p95 - a.p95);
      return [...first, ...(slowest ? [slowest] : [])].map((f) => figure('lists', `${list}, ${f.what === 'county' ? 'first page' : `slowest filter or search (${f.what})`}, p95`, 'ms', 'less', { ours: [f.p95] }));
    });
  },
};

if (import.meta.main) await run({ people: Number(process.argv[2] ?? 100_000), rounds: Number(process.argv[3] ?? 40) });
