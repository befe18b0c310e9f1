/** The installer's page in a telephone's browser, before the real API: a day without a network, reloads, two tabs, an ended session, a scan from a picture; each step arrives once. */
import axe from 'axe-core';
import { gzipSync } from 'node:zlib';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import encodeQR from 'qr';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deviceLabel } from '#core/label.ts';
import { doorLabels } from '#store/door-codes.ts';
import { makeSite, type Site } from '#test/db/installation-fixture.ts';
import { jpeg, jpegSegment, tiff } from '#test/harness/pictures.ts';
import { town, village } from '#test/harness/web.ts';
import { type Browser, type BrowserContext, buildWall, chromiumPath, noBrowser, openBrowser, type Page } from './browser.ts';

const shots = process.env['ANLING_SHOTS'];
let built: Awaited<ReturnType<typeof buildWall>>;
let browser: Browser;
let site: Site;
let telephone: BrowserContext;
let foreign: string[] = [];
let complaints: string[] = [];
const asked = new Set<string>();
beforeAll(async () => {
  if (chromiumPath() === null) return;
  built = await buildWall();
  browser = await openBrowser();
  site = await makeSite({ pages: built.dist });
});
afterAll(async () => { await browser?.close(); await site?.stop(); built?.remove(); });
beforeEach(async ({ skip }) => {
  skip(chromiumPath() === null, noBrowser);
  [foreign, complaints] = [[], []];
  telephone = await browser.newContext({ viewport: { width: 360, height: 740 }, permissions: ['geolocation'], geolocation: { latitude: 25.693412, longitude: 117.846821, accuracy: 7.4 }, hasTouch: true });
  await logIn(telephone);
});
afterEach(async () => { await telephone?.close(); expect([foreign, complaints]).toEqual([[], []]); });

async function logIn(context: BrowserContext): Promise<void> {
  const [name, value] = site.installer.split('=') as [string, string];
  await context.addCookies([{ name, value, url: site.web.url }]);
}
/** The page, open and able to open again without a network. */
async function open(context = telephone): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on('request', (request) => { if (!request.url().startsWith(site.web.url) && !/^(blob|data):/.test(request.url())) foreign.push(request.url()); });
  page.on('request', (request) => { const url = new URL(request.url()); if (url.protocol.startsWith('http')) asked.add(url.pathname); });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error' && !/ERR_INTERNET_DISCONNECTED|ERR_FAILED|status of (401|404|409)/.test(message.text())) complaints.push(message.text()); });
  await page.goto(`${site.web.url}/install`);
  await page.waitForSelector('[data-test=queue]');
  await page.evaluate(async () => { await navigator.serviceWorker.ready; });
  return page;
}
async function loadVillage(page: Page): Promise<void> {
  await page.waitForSelector(`select[name=town] option[value="${town}"]`, { state: 'attached' });
  await page.selectOption('select[name=town]', town);
  await page.selectOption('select[name=village]', village);
  await page.click('[data-test=load]');
  await page.waitForSelector('[data-test=home][data-id=h1]');
}
const waiting = (page: Page): Promise<number> => page.locator('[data-test=queue]').getAttribute('data-waiting').then(Number);
const allSent = (page: Page): Promise<unknown> => page.waitForSelector('[data-test=queue][data-waiting="0"]', { timeout: 25_000 });
const at = (card: string, inside: string): string => `[data-test=${card}] ${inside}`;
const pick = (page: Page, name: string, value: string): Promise<void> => page.locator(`input[name=${name}][value=${value}]`).locator('xpath=..').click();
async function begin(page: Page, code: string): Promise<void> {
  await page.click('[data-test=home][data-id=h1]');
  await page.click('[data-test=install]');
  await page.fill('input[name=code]', code);
  await page.fill('input[name=room]', '卧室');
  await pick(page, 'person', 'p1');
  await page.click('[data-test=begin]');
  await page.waitForSelector('[data-test=consent]');
}
async function sign(page: Page, card: string): Promise<void> {
  const box = page.locator(at(card, '[data-test=sign-box]'));
  await box.scrollIntoViewIfNeeded();
  const r = await box.boundingBox();
  if (r === null) throw new Error('no box to sign in');
  await page.mouse.move(r.x + 30, r.y + 40);
  await page.mouse.down();
  await page.mouse.move(r.x + 150, r.y + 70, { steps: 5 });
  await page.mouse.move(r.x + 80, r.y + 90, { steps: 5 });
  await page.mouse.up();
}
/** Consent, place, photo, position, signature: five presses that need no house. */
async function papers(page: Page): Promise<void> {
  await pick(page, 'consent-who', 'elder');
  await pick(page, 'consent-how', 'spoken');
  await page.click('[data-test=keep-consent]');
  await page.fill('input[name=place]', '下厝角十二号');
  await page.click('[data-test=keep-place]');
  const picture = await page.evaluate(() => { const c = Object.assign(document.createElement('canvas'), { width: 2400, height: 1800 }); c.getContext('2d')?.fillRect(0, 0, 900, 900); return c.toDataURL('image/png').split(',')[1] ?? ''; });
  await page.setInputFiles(at('photo', 'input[type=file]'), { name: 'wall.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
  await page.waitForSelector(at('photo', '.mark'));
  await page.click('[data-test=locate]');
  await page.waitForSelector('[data-test=accuracy]');
  await page.click('[data-test=keep-position]');
  await pick(page, 'sign-who', 'elder');
  await sign(page, 'signature');
  await page.click('[data-test=keep-signature]');
  for (const card of ['consent', 'place', 'photo', 'position', 'signature']) await page.waitForSelector(at(card, '.mark'));
}
type Row = Record<string, unknown>;
const rows = (deviceId: string): Promise<Row[]> => site.web.t.db.query<Row>('select id, state, home_id, room from installation where device_id = $1', [deviceId]);
const audits = (id: unknown): Promise<Row[]> => site.web.t.db.query<Row>(`select action, count(*)::int as n from audit where target = $1 and action like 'installation.%' group by 1 order by 1`, [`installation:${id}`]);

describe('the installer’s page', () => {
  it('without a network from the first press to the last, through a reload in the middle: with the network all arrives, each once; then the tests, their times, the certificate [UI3.5 F6 FF17]', { timeout: 120_000 }, async () => {
    const { id } = await site.device();
    const page = await open();
    await loadVillage(page);
    await telephone.setOffline(true);
    await page.reload();
    await page.waitForSelector('[data-test=home][data-id=h1]');
    await page.click('[data-test=home][data-id=h1]');
    await page.click('[data-test=install]');
    await page.fill('input[name=code]', id);
    await page.reload();
    expect(await page.inputValue('input[name=code]'), 'what was typed').toBe(id);
    await page.goto(`${site.web.url}/install#/`);
    await begin(page, id);
    await page.waitForSelector('[data-test=not-begun]');
    await papers(page);
    expect(await waiting(page)).toBe(6);
    expect(await page.textContent('[data-test=queue]')).toContain('6 步等网络');
    await page.reload();
    await page.waitForSelector(at('signature', '.mark'));
    expect(await waiting(page)).toBe(6);
    if (shots) await page.screenshot({ path: `${shots}/install-offline.png`, fullPage: true });
    expect(await rows(id)).toEqual([]);

    await telephone.setOffline(false);
    await allSent(page);
    const [row, ...more] = await rows(id);
    expect([row, more]).toEqual([{ id: expect.any(String), state: 'begun', home_id: 'h1', room: '卧室' }, []]);
    const installation = String(row?.['id']);
    const now = (await site.get(`/installations/${installation}`)).body;
    expect(now).toMatchObject({ place: '下厝角十二号', position: { lat: 25.693412, lon: 117.846821, accuracyM: 8 }, photo: true, signature: true, consent: { who: 'elder', how: 'spoken' } });
    for (const { action, n } of await audits(installation)) expect([action, n]).toEqual([action, 1]);
    // 2400 × 1800 pixels left the telephone as a small JPEG.
    expect(await site.web.t.db.query('select photo_type as type, length(photo_enc) < 200000 as small from installation where id = $1', [installation])).toEqual([{ type: 'image/jpeg', small: true }]);

    await page.waitForSelector('[data-test=step]');
    await page.click('[data-test=finish]');
    await page.waitForSelector('[data-test=trouble]');
    expect(await page.textContent('[data-test=missing]')).toBeTruthy();
    await allSent(page); // a finish that came too soon blocks nothing
    await site.tests(installation, id);
    await page.waitForFunction(() => [...document.querySelectorAll('[data-test=step]')].every((s) => s.getAttribute('data-state') === 'passed'));
    expect(await page.textContent('[data-test=step][data-step=alarm]')).toMatch(/\d+(\.\d+)? 秒/);
    if (shots) await page.screenshot({ path: `${shots}/install-passed.png`, fullPage: true });
    await page.click('[data-test=finish]');
    await page.waitForSelector('[data-test=certificate]');
    if (shots) await page.screenshot({ path: `${shots}/install-done.png` });
    expect(await page.getAttribute('[data-test=certificate]', 'href')).toContain('/c/');
    expect(await rows(id)).toMatchObject([{ state: 'on-site' }]);
  });

  it('in two tabs keeps one queue; both come back to the network at once, and nothing is done twice [UI3.5]', { timeout: 90_000 }, async () => {
    const [one, two] = [await site.device(), await site.device()];
    const a = await open();
    await loadVillage(a);
    const b = await open();
    await b.waitForSelector('[data-test=home][data-id=h1]');
    await telephone.setOffline(true);
    await begin(a, one.id);
    await begin(b, two.id);
    await pick(a, 'consent-who', 'family');
    await pick(a, 'consent-how', 'paper');
    await a.click('[data-test=keep-consent]');
    for (const tab of [a, b]) await tab.waitForSelector('[data-test=queue][data-waiting="3"]');
    await telephone.setOffline(false);
    await Promise.all([a, b].map(allSent));
    for (const device of [one, two]) {
      const [row, ...more] = await rows(device.id);
      expect(more).toEqual([]);
      for (const { action, n } of await audits(row?.['id'])) expect([action, n]).toEqual([action, 1]);
    }
    await site.web.t.db.query(`update installation set state = 'failed' where state = 'begun'`);
  });

  it('sends an answer that was lost again under its key, waits for the login when the session has ended, and then goes on by itself [UI3.5]', { timeout: 90_000 }, async () => {
    const { id } = await site.device();
    const page = await open();
    await loadVillage(page);
    let lost = 0;
    await telephone.route('**/api/v1/installations', async (route) => { if (route.request().method() === 'POST' && lost++ === 0) { await route.fetch(); await route.abort(); } else await route.continue(); });
    await begin(page, id);
    await page.waitForSelector('[data-test=queue][data-waiting="1"]');
    await telephone.clearCookies();
    await page.click('[data-test=send]');
    await page.waitForSelector('[data-test=login]');
    expect(await page.textContent('[data-test=queue]')).toContain('1 步等登录');
    await pick(page, 'consent-who', 'guardian');
    await pick(page, 'consent-how', 'paper');
    await page.click('[data-test=keep-consent]');
    await page.waitForSelector('[data-test=queue][data-waiting="2"]');
    await logIn(telephone);
    await allSent(page);
    expect(await rows(id)).toHaveLength(1);
    expect(lost).toBeGreaterThan(1);
    for (const { action, n } of await audits((await rows(id))[0]?.['id'])) expect([action, n]).toEqual([action, 1]);
    await site.web.t.db.query(`update installation set state = 'failed' where state = 'begun'`);
  });

  it('reads our label out of a photo, tells a door from a device, shows what the house refuses and lets the installer decide [UI3.5 2.9]', { timeout: 90_000 }, async () => {
    const { id } = await site.device({ serial: 'SN-778899' });
    const page = await open();
    await loadVillage(page);
    await page.click('[data-test=home][data-id=h1]');
    await page.click('[data-test=install]');
    const photo = async (text: string): Promise<void> => {
      const modules = encodeQR(text, 'raw', { border: 4 });
      const data = await page.evaluate((code) => {
        const c = Object.assign(document.createElement('canvas'), { width: 1200, height: 1600 });
        const g = c.getContext('2d');
        if (!g) return '';
        g.fillStyle = '#c9b79a';
        g.fillRect(0, 0, 1200, 1600);
        for (const [y, line] of code.entries()) for (const [x, dark] of line.entries()) { g.fillStyle = dark ? '#1a1a1a' : '#f5f5f0'; g.fillRect(300 + x * 14, 500 + y * 14, 14, 14); }
        return c.toDataURL('image/jpeg', 0.8).split(',')[1] ?? '';
      }, modules);
      await page.setInputFiles('[data-test=scan-photo] input', { name: 'label.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(data, 'base64') });
    };
    await photo('https://anling.example/d/0123456789abcdefghjkmnpqrs');
    await page.waitForSelector('text=这是门码');
    await photo(deviceLabel(id));
    await page.waitForSelector('[data-test=known]');
    expect(await page.inputValue('input[name=code]')).toBe(id);
    await page.fill('input[name=code]', 'SN-778899');
    await page.click('[data-test=begin]');
    await page.waitForSelector('[data-test=consent]');
    await allSent(page);
    expect(await rows(id)).toHaveLength(1);
    // A picture is kept without what the telephone writes beside it.
    await telephone.setOffline(true);
    await page.setInputFiles(at('photo', 'input[type=file]'), { name: 'a.jpg', mimeType: 'image/jpeg', buffer: jpeg({ before: [jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), tiff(6, Buffer.from('GPS 25.6934 117.8468'))]))] }) });
    await page.waitForSelector(at('photo', '.mark'));
    const [kept] = await page.evaluate(() => new Promise<{ body: { data: string } }[]>((resolve, reject) => {
      const request = indexedDB.open('anling-install');
      request.onsuccess = () => { const all = request.result.transaction('queue').objectStore('queue').getAll(); all.onsuccess = () => resolve(all.result as { body: { data: string } }[]); };
      request.onerror = () => reject(request.error);
    }));
    const bytes = Buffer.from(kept?.body.data ?? '', 'base64');
    expect([bytes.subarray(0, 3).toString('hex'), bytes.includes('GPS'), bytes.includes('Exif')]).toEqual(['ffd8ff', false, false]);
    await telephone.setOffline(false);
    await allSent(page);
    // The same box once more: it is running already, and he goes on with that one.
    await page.goto(`${site.web.url}/install#/home/h1`);
    await page.click('[data-test=install]');
    await page.fill('input[name=code]', id);
    await page.click('[data-test=begin]');
    await page.waitForSelector('[data-test=trouble]');
    expect(await page.textContent('[data-test=queue]')).toContain('1 步送不出');
    await page.click('[data-test=adopt]');
    await allSent(page);
    expect(await rows(id)).toHaveLength(1);
    await site.web.t.db.query(`update installation set state = 'failed' where state = 'begun'`);
  });

  it('keeps a refusal with its signature without a network, and a passage to the home from its door code [UI3.5 2.9]', { timeout: 90_000 }, async () => {
    const page = await open();
    await loadVillage(page);
    await telephone.setOffline(true);
    await page.click('[data-test=home][data-id=h1]');
    await page.click('[data-test=refuse]');
    await pick(page, 'reason', 'family-refuses');
    await pick(page, 'who', 'family');
    expect(await page.isDisabled('[data-test=keep-refusal]'), 'unsigned').toBe(true);
    await sign(page, 'refusal');
    await page.click('[data-test=keep-refusal]');
    await page.waitForSelector('[data-test=result]');
    await telephone.setOffline(false);
    await allSent(page);
    expect(await site.web.t.db.query(`select state, home_id, device_id from installation where state = 'refused'`)).toEqual([{ state: 'refused', home_id: 'h1', device_id: null }]);
    await site.post('/homes/h1/door', {}, { cookie: site.admin });
    const [label] = await doorLabels(site.web.t.db, site.web.t.seal, { prefix: '', home: 'h1', limit: 1 });
    const other = await browser.newContext({ viewport: { width: 360, height: 740 } });
    await logIn(other);
    const fresh = await other.newPage();
    await fresh.goto(`${site.web.url}/d/${label?.code}`);
    await fresh.waitForSelector('[data-test=home-card] >> text=下厝角');
    expect(fresh.url()).toBe(`${site.web.url}/install#/home/h1`);
    await other.close();
  });

  it('has nothing serious for axe, small enough letters nowhere, buttons for thumbs, and at most 40 KB to load with the code reader [UI3.5]', { timeout: 90_000 }, async () => {
    const page = await open();
    await loadVillage(page);
    const { id } = await site.device();
    const stumbles = async (): Promise<string[]> => {
      const cdp = await telephone.newCDPSession(page);
      await cdp.send('Runtime.evaluate', { expression: axe.source });
      const { result } = await cdp.send('Runtime.evaluate', { expression: `axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id + ' ' + v.nodes.map((n) => n.target).join(' '))))`, awaitPromise: true, returnByValue: true });
      await cdp.detach();
      return JSON.parse(String(result.value)) as string[];
    };
    const small = (): Promise<string[]> => page.evaluate(() => [...document.querySelectorAll<HTMLElement>('button, .button, .pick, .line, summary, input:not(.hidden):not([type=radio]), select, p, li, label')].flatMap((e) => {
      const box = e.getBoundingClientRect();
      if (box.width === 0) return [];
      const press = e.matches('button, .button, .pick, .line, summary, input, select');
      return [...(Number.parseFloat(getComputedStyle(e).fontSize) < 18 ? [`letters ${e.textContent}`] : []), ...(press && box.height < 56 ? [`height ${box.height} ${e.textContent}`] : [])];
    }));
    const look = async (name: string): Promise<void> => {
      expect([name, await stumbles(), await small()]).toEqual([name, [], []]);
      if (shots) await page.screenshot({ path: `${shots}/install-${name}.png`, fullPage: true });
    };
    await look('villages');
    await page.click('[data-test=home][data-id=h1]');
    await look('home');
    await page.click('[data-test=install]');
    await look('device');
    await page.goto(`${site.web.url}/install#/`);
    await begin(page, id);
    await page.waitForSelector('[data-test=step]');
    await page.click('[data-test=failing]');
    await look('visit');
    await page.click('[data-test=lang]');
    await look('visit-en');
    await page.goto(`${site.web.url}/install#/refuse/h1`);
    await look('refuse');
    const loaded = new Map<string, number>();
    const read = (name: string): void => {
      if (loaded.has(name)) return;
      const text = readFileSync(join(built.dist, name), 'utf8');
      loaded.set(name, gzipSync(text).length);
      for (const [, file] of text.matchAll(/["'](?:\.?\/)?(?:assets\/)?([\w.-]+-[\w-]{8}\.(?:js|css))["']/g)) read(`assets/${file}`);
    };
    read('install.html');
    const kb = [...loaded.values()].reduce((sum, n) => sum + n, 0) / 1024;
    console.log(`the installer’s page: ${kb.toFixed(1)} KB gzip in ${loaded.size} files`);
    expect(kb).toBeLessThan(40);
    await site.web.t.db.query(`update installation set state = 'failed' where state = 'begun'`);
  });

  it('reads a code from the camera; on plain http it says what does not work there, and typing still does [UI3.5 FF17]', { timeout: 120_000 }, async () => {
    const { id } = await site.device();
    const folder = mkdtempSync(join(tmpdir(), 'anling-camera-'));
    writeFileSync(join(folder, 'label.y4m'), film(deviceLabel(id)));
    const own = await openBrowser(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${join(folder, 'label.y4m')}`, '--host-resolver-rules=MAP phone.test 127.0.0.1']);
    try {
      const context = await own.newContext({ viewport: { width: 360, height: 740 }, permissions: ['camera'] });
      await logIn(context);
      const page = await open(context);
      await loadVillage(page);
      await page.click('[data-test=home][data-id=h1]');
      await page.click('[data-test=install]');
      await page.click('[data-test=scan]');
      await page.waitForSelector('[data-test=known]', { timeout: 30_000 });
      expect(await page.inputValue('input[name=code]')).toBe(id);
      await context.close();

      const plain = await own.newContext({ viewport: { width: 360, height: 740 } });
      const url = site.web.url.replace('127.0.0.1', 'phone.test');
      const [name, value] = site.installer.split('=') as [string, string];
      await plain.addCookies([{ name, value, url }]);
      const tab = await plain.newPage();
      await tab.goto(`${url}/install`);
      await tab.waitForSelector('[data-test=insecure]');
      await loadVillage(tab);
      await tab.click('[data-test=home][data-id=h1]');
      await tab.click('[data-test=install]');
      expect(await tab.locator('[data-test=scan]').count(), 'no button that cannot work').toBe(0);
      await tab.fill('input[name=code]', id);
      await tab.click('[data-test=begin]');
      await tab.waitForSelector('[data-test=consent]');
      await allSent(tab);
      expect(await rows(id)).toHaveLength(1);
      if (shots) await tab.screenshot({ path: `${shots}/install-http.png` });
      await plain.close();
    } finally { await own.close(); rmSync(folder, { recursive: true, force: true }); }
    await site.web.t.db.query(`update installation set state = 'failed' where state = 'begun'`);
  });

  it('asks the house for nothing that the list of public paths in docs/operations.md does not let through [FF17]', async () => {
    const doc = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
    const paths = [...doc.matchAll(/^\s*location (=|~) (\S+) \{/gm)].map(([, how, text]) => (how === '=' ? new RegExp(`^${(text ?? '').replace(/[.]/g, '\\.')}$`) : new RegExp(text ?? '')));
    expect(paths.length).toBeGreaterThan(8);
    expect([...asked].filter((path) => !paths.some((p) => p.test(path)))).toEqual([]);
    for (const path of ['/j/a-code', '/j/a-code/photo', '/j/page.js', '/q', '/q/abcd', '/d/0123456789abcdefghjkmnpqrs', '/c/abc', '/install-sw.js', '/hooks/aliyun/x/sms-up']) expect(paths.some((p) => p.test(path)), path).toBe(true);
    for (const path of ['/', '/tv', '/api/v1/alerts', '/api/v1/people', '/api/v1/homes', '/api/v1/users', '/api/v1/live', '/metrics', '/readyz', '/labels/doors', '/api/v1/tokens', '/api/v1/devices/import', '/api/docs']) expect(paths.some((p) => p.test(path)), path).toBe(false);
  });
});

/** Four frames of a label in the middle of a wall, as the camera's own format (Y4M). */
function film(text: string): Buffer {
  const [width, height, scale] = [640, 480, 8];
  const modules = encodeQR(text, 'raw', { border: 4 });
  const side = modules.length * scale;
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const grey = Buffer.alloc(width * height, 180);
  for (const [y, line] of modules.entries()) for (const [x, dark] of line.entries()) for (let dy = 0; dy < scale; dy++) grey.fill(dark ? 30 : 235, (top + y * scale + dy) * width + left + x * scale, (top + y * scale + dy) * width + left + (x + 1) * scale);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), grey, Buffer.alloc((width * height) / 2, 128)]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame, frame, frame]);
}
