/** An offline pack, from the page of the house to a browser that has nothing but the file: fetched, the house stopped, opened by its passphrase, read and printed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, chromiumPath, noBrowser, openBrowser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there
const folder = mkdtempSync(join(tmpdir(), 'anling-pack-page-'));
const kept = { file: join(folder, 'fetched.html'), passphrase: '', name: '', url: '' };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the page of offline packs', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, { settings: { data: folder } });

  it('gives a town a passphrase, shown once, and its file [2.2]', async () => {
    const { page } = seat;
    const [town] = await web.t.db.query<{ code: string; name: Buffer }>(`select left(p.region_code, 9) || '000' as code, (array_agg(p.name_enc order by p.high_risk desc))[1] as name from person p where p.status = 'present' group by 1 order by count(*) desc limit 1`);
    [kept.name, kept.url] = [web.t.seal.open('person.name', town?.name as Buffer), web.url];
    await seat.go('packs', '[data-test=pack-list] tbody tr');
    const row = `[data-code="${town?.code}"]`;
    expect(await page.getAttribute(row, 'data-state')).toBe('no-passphrase');
    await page.click(`${row} [data-test=pack-passphrase]`);
    await page.waitForSelector(`${row}[data-state=good]`);
    kept.passphrase = (await page.textContent('[data-test=passphrase]')) ?? '';
    if (shots) await seat.shot(`${shots}/packs.png`);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`${row} [data-test=pack-file]`)]);
    await download.saveAs(kept.file);
    await page.click(`${row} [data-test=pack-passphrase]`);
    expect(await page.textContent(`${row} [data-test=pack-passphrase]`), 'asked once more').toBe('确定换');
    await page.reload();
    await page.waitForSelector('[data-test=pack-list]');
    expect(await page.content()).not.toContain(kept.passphrase);
  });
});

describe('the file with the house dead', () => {
  let browser: Browser;
  beforeAll(async () => { if (chromiumPath() !== null) browser = await openBrowser(); });
  afterAll(async () => { await browser?.close(); });

  it('opens in a browser by its passphrase alone, lists every village by risk, and asks nobody for anything [2.2]', async ({ skip }) => {
    skip(chromiumPath() === null, noBrowser);
    await expect(fetch(`${kept.url}/healthz`)).rejects.toThrow(); // nobody is there any more
    const context = await browser.newContext({ viewport: { width: 1100, height: 800 } });
    const page = await context.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => { if (!request.url().startsWith('file:')) asked.push(request.url()); });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
    await page.goto(pathToFileURL(kept.file).href);
    expect(await page.textContent('main')).not.toContain(kept.name);
    await page.fill('input[name=passphrase]', 'abcd-efgh-jkmn-pqrs');
    await page.click('form button');
    await page.waitForFunction(() => document.getElementById('said')?.textContent?.startsWith('口令不对'), undefined, { timeout: 30_000 });
    if (shots) await page.screenshot({ path: `${shots}/pack-shut.png` });
    await page.fill('input[name=passphrase]', kept.passphrase.toUpperCase().replaceAll('-', ' '));
    await page.keyboard.press('Enter');
    await page.waitForSelector('section.village', { timeout: 30_000 });
    const text = (await page.textContent('main')) ?? '';
    expect(text).toContain(kept.name);
    expect(text).toMatch(/演示数据.*县值班.*乡镇.*孝老员.*1540425\d{4}.*□安全□需帮助□未联系上/s);
    const first = await page.locator('section.village').first().locator('tbody tr td.n').allTextContents();
    expect(first).toEqual(first.map((_, i) => String(i + 1)));
    if (shots) await page.locator('section.village').first().screenshot({ path: `${shots}/pack-open.png` });
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.screen').evaluateAll((all) => all.map((e) => getComputedStyle(e).display))).toEqual(['none']);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.length).toBeGreaterThan(10_000);
    expect([asked, complaints]).toEqual([[], []]);
    await context.close();
  });
});
