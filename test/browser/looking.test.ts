/** Two seats at two browsers before a real web role: who has a case open is seen at the other, hides nothing, and ends with the tab. */
import { describe, expect, it } from 'vitest';
import type { Browser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';
import { row } from './visit.ts';

describe('正在查看', () => {
  let web: RealWeb;
  let browser: Browser;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); });

  it('stands at the other seat’s row and case while it is open there, moves no row, covers no word, and is gone with the case and with the tab [D4]', async () => {
    const [person] = await web.t.db.query<{ id: string; home: string; region: string }>('select p.id, p.home_id as home, p.region_code as region from person p where home_id is not null order by id limit 1');
    const at = { personId: person?.id ?? null, homeId: person?.home ?? null, region: person?.region ?? null };
    const [id, next] = [await web.alert(at), await web.alert({ ...at, kind: 'smoke' })];
    const { page } = seat;
    await page.goto(web.url);
    await page.waitForSelector(row(next));
    await page.hover('[data-test=link]');
    const words = async (): Promise<unknown[]> => [await page.locator(row(id)).boundingBox(), await page.locator(row(next)).boundingBox(), await page.textContent(`${row(id)} .row-what`), await page.textContent(`${row(id)} .row-where`)];
    const before = await words();
    const other = await web.sit(browser, 'operator');
    await other.page.goto(web.url);
    await other.page.click(`${row(id)} .row-main`);
    await page.waitForSelector(`${row(id)} [data-test=looker]`);
    expect(await page.getAttribute(`${row(id)} [data-test=looker]`, 'aria-label')).toBe('用户operator正在查看');
    expect(await words()).toEqual(before);
    expect(await other.page.locator('[data-test=looker], [data-test=looking]').count()).toBe(0); // nobody is told of himself
    await page.click(`${row(id)} .row-main`);
    await page.waitForSelector('[data-test=looking]');
    expect(await page.textContent('[data-test=looking]')).toBe('用户operator正在查看');
    expect(await page.isVisible('[data-test=case-claim]')).toBe(true); // it forbids nothing
    await other.page.waitForSelector('[data-test=looking]'); // and the other hears of us
    if (process.env['ANLING_SHOTS']) await seat.shot(`${process.env['ANLING_SHOTS']}/looking.png`);
    await other.page.keyboard.press('Escape');
    await page.waitForSelector('[data-test=looking]', { state: 'detached' });
    await other.page.click(`${row(next)} .row-main`);
    await page.waitForSelector(`${row(next)} [data-test=looker]`);
    await other.close();
    await page.waitForSelector('[data-test=looker]', { state: 'detached' });
    expect(other.complaints).toEqual([]);
  });
});
