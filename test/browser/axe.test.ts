/** axe-core on every page, on the demonstration county: nothing serious, nothing critical. And what axe cannot see: motion, high contrast, what a screen reader is interrupted by. */
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import type { Browser, Page } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

type Violation = { id: string; impact: string | null; nodes: { target: unknown[]; failureSummary?: string; any: { message: string }[] }[] };

/** What a person who cannot see, point or tell colours apart would stumble over. */
async function stumbles(page: Page): Promise<string[]> {
  // The strict CSP lets no foreign script in; what the debugger evaluates is none.
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Runtime.evaluate', { expression: axe.source });
  const { result } = await cdp.send('Runtime.evaluate', { expression: `axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations))`, awaitPromise: true, returnByValue: true });
  await cdp.detach();
  return (JSON.parse(String(result.value)) as Violation[]).filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${(n.any[0]?.message ?? n.failureSummary ?? '').slice(0, 160)}`).join(' | ')}${v.nodes.length > 4 ? ` and ${v.nodes.length - 4} more` : ''}`);
}

describe('everybody can use it', () => {
  let web: RealWeb;
  let browser: Browser;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); });

  it('axe finds nothing serious on the desk, an open case, the files, the settings, by day and by night', async () => {
    const [person] = await web.t.db.query<{ id: string; home: string; region: string }>('select p.id, p.home_id as home, p.region_code as region from person p where home_id is not null order by id limit 1');
    const id = await web.alert({ personId: person?.id ?? null, homeId: person?.home ?? null, region: person?.region ?? null });
    await web.alert({ kind: 'outage', priority: 2, region: '350425203000' });
    await web.alert({ kind: 'low-battery', priority: 3, region: '350425201202' });
    const found: Record<string, string[]> = {};
    for (const theme of ['desk', 'wall'] as const) {
      const { page, close } = await web.sit(browser, 'admin', { theme, width: 1600, height: 900 });
      const look = async (name: string): Promise<void> => { const bad = await stumbles(page); if (bad.length > 0) found[`${name}, ${theme}`] = bad; };
      await page.goto(web.url);
      await page.waitForSelector('[data-test=row]');
      await look('desk');
      await page.click(`[data-test=row][data-id="${id}"] .row-main`);
      await page.waitForSelector('[data-test=timeline] li');
      await look('case');
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.waitForSelector('dialog[open]');
      await look('keys');
      for (const name of theme === 'desk' ? ['people', 'homes', 'responders', 'devices', 'plans', 'ops', 'users', 'blind', 'notifications', 'schedules'] : ['people', 'ops']) {
        await page.goto(`${web.url}/#/${name}`);
        await page.waitForFunction(() => { const main = document.querySelector('main'); return main !== null && !main.textContent.includes('正在取'); });
        await look(name);
      }
      await page.goto(`${web.url}/#/people/${person?.id}`);
      await page.waitForSelector('[data-test=back]');
      await look('file');
      await close();
    }
    expect(found).toEqual({});
  }, 240_000);

  it('nor in what the desk opens: sound, shift figures, filters, several at once, who cannot be heard, the own password and PIN, the second factor, the change of seats', async () => {
    for (let i = 0; i < 3; i++) await web.alert({ kind: 'low-battery', priority: 3, region: `35042520120${i + 1}` });
    const found: Record<string, string[]> = {};
    const { page, close } = await web.sit(browser, 'admin', { theme: 'desk', width: 1600, height: 900 });
    await page.goto(web.url);
    await page.waitForSelector('[data-test=row]');
    const openers: Record<string, () => Promise<unknown>> = {
      sound: () => page.click('[data-test=sound-open]'),
      figures: () => page.locator('[data-test=figures] .link-button').first().click(),
      filter: async () => { await page.click('[data-test=search-open]'); await page.selectOption('[data-test=filter-choice]', '+'); },
      bulk: () => page.click('[data-test=bulk-open]'),
      password: () => page.click('[data-test=me]'),
      pin: async () => { await page.click('[data-test=me]'); await page.click('[data-test=my-pin]'); },
      factor: async () => { await page.click('[data-test=me]'); await page.click('[data-test=my-factor]'); },
      seat: () => page.click('[data-test=change-seat]'),
    };
    for (const [name, open] of Object.entries(openers)) {
      await open();
      await page.waitForSelector('dialog[open]');
      const bad = await stumbles(page);
      if (bad.length > 0) found[name] = bad;
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog[open]', { state: 'detached' });
    }
    await close();
    expect(found).toEqual({});
  }, 120_000);

  it('nor on the login, the big screen, the page in the hand; the queue stands still for who asked for it, marks stay in forced colours, and only a P1 interrupts [D14]', async () => {
    const found: Record<string, string[]> = {};
    const look = async (name: string, page: Page): Promise<void> => { const bad = await stumbles(page); if (bad.length > 0) found[name] = bad; };
    const stranger = await (await browser.newContext()).newPage();
    await stranger.goto(web.url);
    await stranger.waitForSelector('input[name=username]');
    await look('login', stranger);
    await stranger.goto(`${web.url}/j/000000`);
    await look('caregiver', stranger);
    await stranger.context().close();
    await web.alert({ region: '350425201202' });
    const { page: tv, close } = await web.sit(browser, 'viewer', { theme: 'wall', width: 1920, height: 1080 });
    await tv.goto(`${web.url}/tv`);
    await tv.waitForSelector('[data-test=tv-row]');
    await look('tv', tv);
    await close();
    expect(found).toEqual({});
    const { page } = seat;
    await page.emulateMedia({ reducedMotion: 'reduce', forcedColors: 'active' });
    await page.goto(web.url);
    await page.waitForSelector('[data-test=row]');
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    expect(await page.locator('.row.unclaimed.p1').first().evaluate((row) => getComputedStyle(row).borderTopWidth)).toBe('3px');
    expect(await page.locator('[aria-live=assertive]').count()).toBe(1);
    expect(await page.locator('[role=log]').count()).toBe(1);
  });
});
