/**
 * `npm run bench:wall [-- --quick --only heap,flood]`: the wall as it is built and released, in the real Chromium, before a server that says exactly what is
 * wanted (test/browser/fake-server.ts). Prints each figure of the pages beside its target. Not part of `npm test`: times are never asserted there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { startLive, type Wire } from '#wall/live/socket.ts';
import { type Browser, buildWall, chromiumPath, firstRowKb, noBrowser, openBrowser, type Page } from '../test/browser/browser.ts';
import { type FakeServer, startFakeServer } from '../test/browser/fake-server.ts';
import { slipPage, type SlipPage } from '#web/pages/caregiver-page.ts';
import { machineFacts, quantile } from './results.ts';

type Line = { figure: string; unit: string; value: number; target: number | null; note: string };
const root = join(import.meta.dirname, '..');
const { values: flags } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' }, out: { type: 'string' } } });
const quick = flags.quick;
const lines: Line[] = [];
const say = (figure: string, unit: string, value: number, target: number | null, note = ''): void => {
  lines.push({ figure, unit, value, target, note });
  console.log(`  ${(target === null ? '      ' : value <= target ? 'ok    ' : 'MISSED')} ${figure}: ${round(value)} ${unit}${target === null ? '' : ` (target ${target})`}${note === '' ? '' : `; ${note}`}`);
};
const round = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the page itself notes: when a frame of an alert arrived and when its row stood in the document; long tasks. */
type Notes = { arrived: Record<string, number>; shown: Record<string, number>; painted: Record<string, number>; frames: number; twice: number; long: number[]; /** the last word of the server */ heard: number; bars: Record<string, number> };
declare global { interface Window { notes: Notes } }
function takeNotes(): void {
  const notes: Notes = { arrived: {}, shown: {}, painted: {}, frames: 0, twice: 0, long: [], heard: 0, bars: {} };
  window.notes = notes;
  const Native = window.WebSocket;
  const seen = new Set<number>();
  const pending: string[] = [];
  window.WebSocket = class extends Native {
    constructor(...all: ConstructorParameters<typeof WebSocket>) {
      super(...(all as [string]));
      this.addEventListener('message', (event) => {
        notes.heard = performance.now();
        const frame = JSON.parse(String(event.data)) as { type: string; seq?: number; alert?: { id: string } };
        if (frame.type !== 'alert' || !frame.alert) return;
        notes.frames++;
        if (seen.has(frame.seq ?? 0)) notes.twice++;
        seen.add(frame.seq ?? 0);
        if (notes.arrived[frame.alert.id] !== undefined) return;
        notes.arrived[frame.alert.id] = performance.now();
        pending.push(frame.alert.id);
        if (pending.length > 5) pending.shift(); // whoever measures must not be what is measured
      });
    }
  } as never;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) notes.long.push(entry.duration); }).observe({ entryTypes: ['longtask'] });
  new MutationObserver(() => {
    for (const bar of ['late-bar', 'dead-bar']) if (notes.bars[bar] === undefined && document.querySelector(`[data-test=${bar}]`)) notes.bars[bar] = performance.now();
    for (const id of pending) {
      if (notes.shown[id] !== undefined || !document.querySelector(`[data-test=row][data-id="${id}"], [data-test=arrival][data-id="${id}"]`)) continue;
      notes.shown[id] = performance.now();
      requestAnimationFrame(() => { notes.painted[id] = performance.now(); });
    }
  }).observe(document, { childList: true, subtree: true });
}

type Seat = { page: Page; server: FakeServer; close(): Promise<void> };
async function sit(browser: Browser, dist: string, map: 'tiles' | 'map', beatMs = 1_000, before: (server: FakeServer) => void = () => {}): Promise<Seat> {
  const server = await startFakeServer(dist, beatMs);
  before(server);
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 } });
  await context.addCookies([{ name: 'anling', value: 'admin', url: server.url }]);
  await context.addInitScript(takeNotes);
  await context.addInitScript((which) => { localStorage.setItem('anling.map', which); localStorage.setItem('anling.theme', 'wall'); }, map);
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForSelector('[data-test=queue]');
  await page.waitForSelector(map === 'map' ? '[data-test=map-canvas][data-ready]' : '[data-map=tiles] svg', { timeout: 60_000 });
  await pause(3_000); // what is fetched after the first row is there
  return { page, server, async close() { await context.close(); await server.close(); } };
}
const openNow = (page: Page): Promise<number> => page.evaluate(() => [1, 2, 3].reduce((sum, p) => sum + Number(document.querySelector(`.count.p${p}`)?.getAttribute('data-n') ?? 0), 0));
async function waitFor(what: string, ms: number, look: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await look())) { if (performance.now() - began > ms) throw new Error(`not within ${ms} ms: ${what}`); await pause(10); }
  return performance.now() - began;
}

/** Scripts that the browser fetched until the first row stood. */
async function firstRow(browser: Browser, dist: string): Promise<void> {
  const server = await startFakeServer(dist);
  server.house.raise();
  const context = await browser.newContext();
  await context.addCookies([{ name: 'anling', value: 'admin', url: server.url }]);
  const page = await context.newPage();
  const scripts = new Set<string>();
  page.on('request', (request) => { if (/\/assets\/.*\.js$/.test(request.url())) scripts.add(new URL(request.url()).pathname); });
  await page.goto(server.url);
  await page.waitForSelector('[data-test=row]');
  // What was asked for by then and what the entry needs are two things: the case and the tiles are asked for beside the first row.
  const { kb, files } = firstRowKb(dist);
  const asked = [...scripts].reduce((sum, path) => sum + gzipSync(readFileSync(join(dist, path))).length, 0) / 1024;
  say('JS before the first row', 'KB gzip', kb, 52, `${files} files; asked for by the moment it stood: ${round(asked)} KB`);
  await context.close();
  await server.close();
}

/** One press after the other: arrival of the frame to the row in the document, and to the next frame drawn. */
async function latency(browser: Browser, dist: string, map: 'tiles' | 'map'): Promise<void> {
  const { page, server, close } = await sit(browser, dist, map);
  const n = quick ? 20 : 150;
  for (let i = 0; i < n; i++) { server.house.raise({ kind: i % 2 === 0 ? 'sos' : 'fall', regionCode: '350425201202' }); await pause(120); }
  await waitFor('all rows', 20_000, async () => (await page.evaluate(() => Object.keys(window.notes.painted).length)) >= n);
  const { dom, paint } = await page.evaluate(() => ({
    dom: Object.entries(window.notes.shown).map(([id, at]) => at - (window.notes.arrived[id] ?? at)), paint: Object.entries(window.notes.painted).map(([id, at]) => at - (window.notes.arrived[id] ?? at)),
  }));
  const name = map === 'map' ? 'with the map, drawn by the processor' : 'with the tiles';
  say(`frame → row in the document, p50, ${name}`, 'ms', quantile(dom, 0.5), map === 'map' ? null : 16);
  say(`frame → row in the document, p99, ${name}`, 'ms', quantile(dom, 0.99), map === 'map' ? 250 : 50);
  say(`frame → next frame drawn, p99, ${name}`, 'ms', quantile(paint, 0.99), map === 'map' ? 250 : null);
  await close();
}

/** 500 alarms in one burst: from the last frame's arrival until all are counted and the press stands on top. */
async function flood(browser: Browser, dist: string): Promise<void> {
  const { page, server, close } = await sit(browser, dist, 'tiles');
  for (let i = 0; i < 499; i++) server.house.raise({ kind: 'fall' });
  const sos = server.house.raise({ kind: 'sos' });
  await page.waitForSelector(`[data-test=row][data-id="${sos.id}"]`);
  await waitFor('all counted', 20_000, async () => (await openNow(page)) === 500);
  const { last, usable, long } = await page.evaluate((id) => ({ last: Math.max(...Object.values(window.notes.arrived)), usable: window.notes.shown[id] ?? Number.NaN, long: Math.max(0, ...window.notes.long) }), sos.id);
  say('flood of 500: last frame → list usable', 'ms', Math.max(0, usable - last), 100, `longest task ${round(long)} ms`);
  await close();
}

/** The server falls silent with its sockets open: amber and red, counted from the last frame. */
async function linkLoss(browser: Browser, dist: string): Promise<void> {
  const { page, server, close } = await sit(browser, dist, 'tiles', 500);
  server.stop();
  await page.waitForSelector('[data-test=dead-bar]', { timeout: 40_000 });
  const { amber, red } = await page.evaluate(() => ({ amber: (window.notes.bars['late-bar'] ?? 0) - window.notes.heard, red: (window.notes.bars['dead-bar'] ?? 0) - window.notes.heard }));
  say('last word → amber', 's', amber / 1_000, 6.1, 'a tenth of a second for the timer');
  say('last word → red', 's', red / 1_000, 15.1);
  await close();
}

/** A thousand events while the network is away; then it is back, and the browser says so. */
async function catchUp(browser: Browser, dist: string): Promise<void> {
  const { page, server, close } = await sit(browser, dist, 'tiles', 1_000, (fresh) => { fresh.house.raise(); });
  await page.context().setOffline(true);
  server.cut();
  for (let i = 0; i < 1_000; i++) server.house.raise({ kind: 'fall', priority: 2 });
  await pause(2_000);
  await page.context().setOffline(false); // the browser tells its page
  const ms = await waitFor('caught up', 30_000, async () => (await openNow(page)) === 1_001);
  const { frames, twice } = await page.evaluate(() => ({ frames: window.notes.frames, twice: window.notes.twice }));
  say('network back → 1,000 missed events on the wall', 's', ms / 1_000, 3, `${frames} frames, ${twice} twice, ${1_001 - (await openNow(page))} lost`);
  await close();
}

/** 450 device states and 50 changes of alerts a second. */
async function busy(browser: Browser, dist: string, map: 'tiles' | 'map'): Promise<void> {
  const { page, server, close } = await sit(browser, dist, map, 1_000, (fresh) => { for (let i = 0; i < 200; i++) fresh.house.raise({ kind: 'fall', priority: 2, regionCode: '350425201202' }); });
  await waitFor('all there', 20_000, async () => (await openNow(page)) === 200);
  await pause(2_000);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' }); // its own time on the processor: a busy machine does not count
  const spent = async (): Promise<number> => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration')?.value ?? 0;
  await page.evaluate(() => { window.notes.long.length = 0; });
  const [before, began] = [await spent(), performance.now()];
  const seconds = quick ? 4 : 20;
  const ids = [...server.house.alerts.keys()];
  for (let tick = 0; tick < seconds * 10; tick++) {
    for (let i = 0; i < 5; i++) server.house.change(ids[(tick * 5 + i) % ids.length] ?? '', { lastRaisedAt: server.house.now(), count: tick }, 'raised-again');
    server.tell({ type: 'presence', regions: Array.from({ length: 45 }, (_, i) => ({ code: `3504252012${String(1 + ((tick * 45 + i) % 13)).padStart(2, '0')}`, online: (tick + i) % 40, offline: i % 3, never: 0, presumed: 0 })) });
    await pause(100 - ((performance.now() - began) % 100));
  }
  const share = ((await spent()) - before) / ((performance.now() - began) / 1_000);
  const long = await page.evaluate(() => window.notes.long.filter((ms) => ms > 50));
  say(`main thread busy at 500 updates a second, ${map}`, '%', share * 100, 15, `tasks above 50 ms: ${long.length}${long.length > 0 ? `, longest ${round(Math.max(...long))} ms` : ''}`);
  await close();
}

/** 50 updates a second for a bounded time; what the heap has grown by after garbage was collected. */
async function heap(browser: Browser, dist: string): Promise<void> {
  const { page, server, close } = await sit(browser, dist, 'tiles');
  const cdp = await page.context().newCDPSession(page);
  const used = async (): Promise<number> => { for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage'); return ((await cdp.send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize / 1024 / 1024; };
  const run = async (seconds: number): Promise<void> => {
    for (let tick = 0; tick < seconds * 10; tick++) {
      for (let i = 0; i < 5; i++) {
        const alerts = [...server.house.alerts.keys()];
        if (alerts.length > 100) server.house.change(alerts[0] ?? '', { state: 'closed' }, 'closed'); else server.house.raise({ kind: 'fall', priority: 2 });
      }
      await pause(100);
    }
  };
  await page.evaluate(() => { Object.assign(window.notes, { arrived: {}, shown: {}, painted: {} }); });
  await run(quick ? 3 : 30); // warm: compiled code, the first hundred alerts
  const clear = (): Promise<void> => page.evaluate(() => { for (const part of [window.notes.arrived, window.notes.shown, window.notes.painted]) for (const key of Object.keys(part)) delete part[key]; });
  await clear();
  const [first, began] = [await used(), performance.now()];
  await run(quick ? 5 : 120);
  await clear();
  const hours = (performance.now() - began) / 3_600_000;
  const last = await used();
  say('JS heap after the warm-up', 'MB', last, null);
  say('JS heap growth at 50 updates a second', 'MB/h', (last - first) / hours, 10, `${round(last - first)} MB in ${round(hours * 60)} minutes; alerts that were closed are remembered by their number until the next snapshot`);
  await close();
}

/** A restarted server and fifty consoles, by the wall's own channel code. */
async function restart(dist: string): Promise<void> {
  const server = await startFakeServer(dist);
  server.house.raise();
  const synced = new Set<number>();
  const began: { at: number } = { at: 0 };
  const times: number[] = [];
  const all = Array.from({ length: 50 }, (_, i) => startLive({
    tabId: `tab-${i}`, now: () => performance.now(), random: Math.random, connect: () => new WebSocket(server.url.replace('http', 'ws'), { headers: { cookie: 'anling=admin' } }).on('error', () => {}) as unknown as Wire,
    after: (ms, run) => { const timer = setTimeout(run, ms); return () => clearTimeout(timer); }, visible: () => true, audio: () => 'running', takeInput: () => null, looking: () => null, poll: () => Promise.resolve(null),
    onState: (state) => { if (state.synced && !state.resuming && began.at > 0 && !synced.has(i) && state.alerts.size === 2) { synced.add(i); times.push(performance.now() - began.at); } }, onRing: () => {}, onNote: () => {}, onRefused: () => {},
  }));
  await pause(2_000);
  server.refuseAll = true;
  server.cut();
  await pause(3_000);
  server.house.raise();
  began.at = performance.now();
  server.refuseAll = false;
  await waitFor('all back', 30_000, () => Promise.resolve(times.length === 50));
  say('server restarted → 50 consoles back', 's', Math.max(...times) / 1_000, 10, `the first after ${round(Math.min(...times) / 1_000)} s: jittered`);
  for (const live of all) live.stop();
  await server.close();
}

/** The page behind an SMS link with everything on it; measured as it is sent. */
function caregiverBytes(): number {
  const now = Date.now();
  const slip: SlipPage['slip'] = {
    party: 'responder:1', no: 27, alertId: '1', kind: 'sos', state: 'committed', openedAt: now - 95_000, closedAt: null, count: 3, flags: [], personId: 'p1', homeId: 'h1', town: '屏山乡', village: '内洋村', now, demo: true,
    name: '陈*水', mine: 'accepted', departed: false, absentUntil: null, partyName: '郑月娥', other: null, photo: false,
  };
  const contacts = Array.from({ length: 8 }, (_, i) => ({ party: `contact:${i}`, role: 'family', name: '陈开盛', phone: '15404250004', keyHolder: i === 0, near: 'home', walkMinutes: 3, languages: [], landline: false, absentUntil: null, optedOut: false, link: null }));
  const revealed = {
    person: { id: 'p1', name: '陈金水', phone: '15404250001', sex: 'male', birthYear: 1943, living: 'alone', ability: 'moderate', category: [], riskTags: ['fall-history', 'heart'], highRisk: true, language: '后路话', hearing: 'weak', healthNote: '冠心病,右髋置换,每晚服降压药', note: null },
    home: { id: 'h1', address: '屏山乡内洋村下厝角12号', place: '内洋下厝角', landmark: '村部旁水泥路尽头上三十级台阶,门前柿子树', roadEnd: '村部', walkMinutes: 6, keyWith: '隔壁林招治', dog: true, lat: 25.69, lon: 117.84, crs: 'wgs84' },
    contacts,
  } as unknown as SlipPage['revealed'];
  return Buffer.byteLength(slipPage({ lang: 'zh', code: '123456', slip, revealed, others: [] }).text);
}

const executable = chromiumPath();
if (executable === null) { console.error(noBrowser); process.exit(2); }
const built = await buildWall();
const browser = await openBrowser();
console.log('the wall in Chromium, on this machine alone:');
const parts: Record<string, () => Promise<void>> = {
  first: () => firstRow(browser, built.dist), latency: () => latency(browser, built.dist, 'tiles'), map: () => latency(browser, built.dist, 'map'), flood: () => flood(browser, built.dist), loss: () => linkLoss(browser, built.dist),
  'catch-up': () => catchUp(browser, built.dist), busy: () => busy(browser, built.dist, 'tiles'), 'busy-map': () => busy(browser, built.dist, 'map'), restart: () => restart(built.dist),
  caregiver: async () => say('caregiver page', 'KB', caregiverBytes() / 1024, 30, 'accepted, with person, way and contacts; no script is needed'), heap: () => heap(browser, built.dist),
};
for (const [name, run] of Object.entries(parts)) if (flags.only === undefined || flags.only.split(',').includes(name)) await run();
await browser.close();
built.remove();
const table = ['| figure | unit | measured | target | |', '|---|---|---:|---:|---|', ...lines.map((l) => `| ${l.figure} | ${l.unit} | ${round(l.value)} | ${l.target ?? '–'} | ${l.target !== null && l.value > l.target ? '**missed** ' : ''}${l.note} |`)].join('\n');
console.log(`\n${table}`);
if (!quick && flags.only === undefined) writeFileSync(flags.out ?? join(root, 'bench', 'results', 'wall.json'), `${JSON.stringify({ machine: machineFacts(root, null), lines }, null, 2)}\n`);
process.exit(lines.some((l) => l.target !== null && l.value > l.target) ? 1 : 0);
