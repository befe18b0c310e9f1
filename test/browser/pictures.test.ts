/**
 * The pictures of the README, taken from a whole house with its demonstration county alive: each page is opened, is not empty and
 * scrolls nowhere sideways. With ANLING_PICTURES=1 (npm run pictures) they replace those in docs/images.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HouseApi } from '#simulators/api/client.ts';
import { readAlerts } from '#simulators/api/house.ts';
import type { Fleet } from '#simulators/fleet/fleet.ts';
import { simulate } from '#simulators/run.ts';
import { scenarios } from '#simulators/scenarios/index.ts';
import { typhoon } from '#simulators/scenarios/typhoon.ts';
import { demonstrationTravel } from '#simulators/world/travel.ts';
import { realWorld, travelledWorld } from '#simulators/world/world.ts';
import { type Demonstration, demonstrationHouse } from '#test/harness/demonstration.ts';
import type { House } from '#test/harness/house.ts';
import { chromiumPath, noBrowser, openBrowser, type Page } from './browser.ts';
import { logIn, openPage, until } from './visit.ts';

const root = join(import.meta.dirname, '..', '..');
const images = join(root, 'docs', 'images');
const keep = process.env['ANLING_PICTURES'] === '1';
const folder = keep ? images : mkdtempSync(join(tmpdir(), 'anling-pictures-'));

describe('the pictures of the README', () => {
  beforeEach(({ skip }) => skip(chromiumPath() === null, noBrowser));
  let house: House;
  let api: HouseApi;
  let run: Demonstration['run'];
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let page: Page;
  let playing: Promise<unknown> = Promise.resolve();
  const world = realWorld(() => 0);

  beforeAll(async () => {
    if (chromiumPath() === null) return;
    ({ house, api, run } = await demonstrationHouse(root, 'pictures'));
    browser = await openBrowser();
    page = await (await browser.newContext({ viewport: { width: 1600, height: 900 }, reducedMotion: 'reduce', permissions: ['notifications', 'screen-wake-lock'] })).newPage();
    await page.addInitScript(() => { localStorage.setItem('anling.theme', 'desk'); localStorage.setItem('anling.lang', 'zh'); });
    await page.goto(house.base);
    await logIn(page, 'admin', house.password);
    await page.waitForSelector('[data-test=queue]');
  }, 240_000);
  afterAll(async () => {
    world.stop();
    await playing.catch(() => {});
    world.close();
    await browser?.close();
    await house?.stop();
    if (house) rmSync(house.folder, { recursive: true, force: true });
    if (!keep) rmSync(folder, { recursive: true, force: true });
  });

  /** One picture; nothing of the page stands outside the window sideways. */
  async function picture(name: string, of: Page = page): Promise<void> {
    expect(await of.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), name).toBeLessThanOrEqual(0);
    await of.screenshot({ path: join(folder, `${name}.png`) });
    expect(existsSync(join(images, `${name}.png`)), `docs/images/${name}.png: npm run pictures`).toBe(true);
  }

  /** Plays a scenario in the background until it ends. */
  function play(name: string, devices: number, minutes: number): void {
    const scenario = scenarios.find((s) => s.name === name);
    if (!scenario) throw new Error(`no scenario ${name}`);
    playing = playing.then(() => simulate({ ...run, world, scenario, devices, seed: 7, minutes }));
  }

  /** Alarms of elders all over the county, that stand until they are closed: one was taken by telephone, the others climb. */
  async function cry(): Promise<void> {
    const { regions } = await api.call<{ regions: { code: string }[] }>('GET', '/api/v1/presence?level=town');
    const ofTown = async (code: string): Promise<{ id: string }[]> => (await api.call<{ people: { id: string; homeId: string | null; status: string }[] }>('GET', `/api/v1/people?limit=50&region=${code}`)).people.filter((p) => p.homeId !== null && p.status === 'present').slice(0, 1);
    const some = (await Promise.all(regions.slice(0, 14).map((r) => ofTown(r.code)))).flat();
    for (const [i, { id }] of some.entries()) await api.call('POST', '/api/v1/alerts', { personId: id, kind: i % 5 === 2 ? 'sos' : i === 4 ? 'smoke' : 'fall' });
    await until('somebody was told', 30_000, async () => (await (await fetch(`${house.standin}/api/messages`)).json() as { messages: unknown[] }).messages.length > 0);
    const { messages: [first] } = await (await fetch(`${house.standin}/api/messages`)).json() as { messages: { phone: string }[] };
    await fetch(`${house.standin}/api/reply`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ phone: first?.phone, content: '1' }) });
  }

  it('the wall by day and by night while falls come in, the case with its contacts, the telephones', async () => {
    await page.click('[data-test=silent-bar] button, [data-test=shift-bar] button');
    await page.locator('[data-test=heard-bar] button').first().click();
    await cry();
    await until('some alarms stand', 60_000, async () => (await readAlerts(api)).length >= 12);
    await page.waitForSelector('[data-test=row]');
    await page.locator('[data-test=row]').first().click();
    await page.waitForSelector('[data-test=case]');
    await page.keyboard.press('a'); // taken: the person in full, and the script with its next step
    await page.waitForSelector('[data-test=case][data-state=claimed] [data-test=elder]');
    await page.keyboard.press('2');
    await page.waitForSelector('[data-test=case] [data-step="2"][data-done=true]');
    await page.waitForTimeout(1_500); // the map's marks and the first answers of people
    await picture('wall-day');
    await page.getByRole('button', { name: '夜间' }).click();
    await page.waitForTimeout(300);
    await picture('wall-night');
    const phones = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    await phones.goto(house.standin);
    await phones.waitForTimeout(1_000);
    await picture('phones', phones);
    await phones.close();
    await page.click('[data-test=to-map]');
    await page.waitForSelector('[data-test=map-canvas][data-ready]');
    await page.locator('[data-test=row]').nth(1).click();
    await page.waitForTimeout(3_000); // the view is there, names are drawn
    await picture('map');
    await page.click('[data-test=to-tiles]');
    await page.getByRole('button', { name: '白天' }).click();
  }, 180_000);

  it('the page in the hand of whom a text has called', async () => {
    const open = await readAlerts(api, { state: 'open' });
    let link: string | null = null;
    for (const { id } of open.filter((a) => a.kind === 'fall' && a.state === 'open')) {
      const { candidates } = await api.call<{ candidates: { link: string | null }[] }>('POST', `/api/v1/alerts/${id}/reveal`, {});
      link ??= candidates.find((c) => c.link !== null)?.link ?? null;
    }
    expect(link).not.toBeNull();
    const hand = await (await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, javaScriptEnabled: false })).newPage();
    await hand.goto(`${house.base}${new URL(link ?? '').pathname}`);
    await hand.waitForSelector('form');
    await picture('hand', hand);
    await hand.context().close();
  }, 60_000);

  it('the big screen, by the token of a viewer', async () => {
    const { token } = await api.call<{ token: string }>('POST', '/api/v1/tokens', { name: '大屏', role: 'viewer' });
    const screen = await (await browser.newContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })).newPage();
    await screen.goto(`${house.base}/tv#${token}`);
    await screen.waitForSelector('[data-test=tv-row]');
    await screen.waitForSelector('[data-map=tiles] svg');
    await screen.waitForTimeout(1_500);
    await picture('tv', screen);
    await screen.context().close();
    for (const { id } of await readAlerts(api)) await api.call('POST', `/api/v1/alerts/${id}/close`, { outcome: 'F2', note: '演示结束' });
  }, 60_000);

  it('the files, the plans, the operations of a quiet county', async () => {
    play('quiet', 300, 2);
    await until('devices are connected', 120_000, async () => (await api.call<{ regions: { online: number }[] }>('GET', '/api/v1/presence?level=county')).regions.some((r) => r.online > 100));
    for (const name of ['people', 'plans', 'ops'] as const) {
      await openPage(page, name);
      await page.waitForSelector(`[data-test=${name}]`);
      await page.waitForFunction(() => !(document.querySelector('main')?.textContent ?? '').includes('正在取'));
      await page.waitForTimeout(500);
      await picture(name);
    }
  }, 180_000);

  it('the typhoon night, at its three moments', async ({ skip }) => {
    skip(!keep, 'five minutes of a watched night: npm run pictures (test/scenario/typhoon.test.ts judges it in every run)');
    await playing;
    await openPage(page, 'wall');
    await page.keyboard.press('Escape');
    let fleet: Fleet | null = null;
    const moments: Readonly<Record<string, string>> = { '23:40': 'typhoon-dark', '02:14:05': 'typhoon-fall', '04:30': 'typhoon-light' };
    const shots: Promise<void>[] = [];
    const night = travelledWorld(await demonstrationTravel(api, () => (fleet?.unacknowledged() ?? 0) + (fleet?.connecting() ?? 0), true));
    const outcome = await simulate({
      ...run, world: night, scenario: typhoon, devices: 1, onFleet: (f) => { fleet = f; },
      say: (line) => {
        console.log(line);
        const name = moments[Object.keys(moments).find((time) => line.trim().startsWith(time)) ?? ''];
        if (name !== undefined) shots.push(page.waitForTimeout(2_500).then(() => picture(name)));
      },
    });
    night.close();
    await Promise.all(shots);
    expect(shots.length).toBeGreaterThanOrEqual(3);
    console.log(outcome.verdicts.filter((v) => !v.ok));
  }, 900_000);
});
