/** Calls that come in, emergencies by hand in seconds by keys alone, and the calls to 120 and by hand (FIELD F14), as the desk sees them. */
import { describe, expect, it } from 'vitest';
import type { FakeServer } from './fake-server.ts';
import { row, until, useWall } from './visit.ts';

describe('the desk on the telephone', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; }, 250);
  /** Where screenshots go when somebody wants to look. */
  const look = process.env['ANLING_LOOK'];

  it('shows calls oldest first beside the alarms, never over them; answering opens the case, the number stands large [FF14]', async () => {
    const alert = server.house.raise({ kind: 'phone-in' });
    const { page, complaints } = await come();
    await page.waitForSelector(row(alert.id));
    const first = server.house.ring({ matched: 'device', alertId: alert.id, count: 3 });
    server.house.ring({ id: '2', matched: 'unknown', name: null, town: null, village: null, personId: null, homeId: null, from: '137****6666' });
    server.house.ring({ id: '3', state: 'missed', matched: 'contact' });
    await page.waitForSelector('[data-test=call][data-id="2"]');
    const lines = await page.locator('[data-test=call]').allTextContents();
    expect(lines[0]).toMatch(/陈\*水 · 屏山乡内洋村 · 一键电话.*154\*\*\*\*0001.*3 次.*已建警情/);
    expect(lines[1]).toMatch(/陌生号码.*137\*\*\*\*6666/);
    expect(await page.textContent('[data-test=missed]')).toBe('未接 1');
    expect(await page.locator('dialog[open]').count()).toBe(0);
    if (look) await page.screenshot({ path: `${look}/calls.png` });
    await page.keyboard.press('o'); // the oldest
    await page.waitForSelector('[data-test=on-line]');
    expect(await page.textContent('[data-test=on-line] .dial-number')).toBe('154 0425 0001');
    expect(await page.locator('[data-test=on-line] .dial-number').evaluate((e) => Number.parseFloat(getComputedStyle(e).fontSize))).toBe(32);
    await page.waitForSelector(`[data-test=case][data-id="${alert.id}"]`);
    await until('the call to leave the strip', 20_000, async () => await page.locator(`[data-test=call][data-id="${first.id}"]`).count() === 0);
    await page.click('[data-test=missed]');
    expect(await page.textContent('[data-test=missed-list]')).toContain('陈*水 的家属');
    if (look) await page.screenshot({ path: `${look}/calls-answered.png` });
    expect(complaints).toEqual([]);
  });

  it('leaves the alarms in sight when many ring at once on a small screen, in both languages', async () => {
    const alert = server.house.raise();
    for (let i = 1; i <= 12; i++) server.house.ring({ id: String(i), count: i, ...(i % 2 === 0 ? {} : { matched: 'contact' as const }) });
    for (const lang of ['zh', 'en'] as const) {
      const { page } = await come({ width: 1024, height: 640, lang });
      await page.waitForSelector('[data-test=call][data-id="12"]', { state: 'attached' });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      const box = await page.locator(row(alert.id)).boundingBox();
      expect(box && box.y + box.height <= 640).toBe(true);
      if (look) await page.screenshot({ path: `${look}/calls-${lang}.png` });
    }
  });

  it('is not shown to a screen that may not act [W8]', async () => {
    server.house.ring();
    const { page } = await come({ user: 'tv' });
    await page.waitForTimeout(600);
    expect(await page.locator('[data-test=calls]').count()).toBe(0);
  });

  it('enters an emergency by keys alone in seconds: by name among two, by village, with kind and note [FF14]', async () => {
    const { page } = await come();
    const began = performance.now();
    await page.keyboard.press('p');
    await page.waitForSelector('[data-test=phone-in]');
    await page.keyboard.type('陈金水');
    await page.waitForSelector('.choice:has-text("均溪镇仙亭村")');
    await page.keyboard.press('ArrowDown');
    if (look) await page.screenshot({ path: `${look}/phone-in.png` });
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.type('邻居说摔倒了');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-test=row]');
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(server.house.entered).toEqual([{ personId: 'p2', kind: 'fall', note: '邻居说摔倒了' }]);
    const entry = async (): Promise<void> => { await page.waitForSelector('dialog', { state: 'detached' }); await page.keyboard.press('p'); await page.waitForSelector('[data-test=phone-in]'); };
    await entry();
    await page.keyboard.type('内洋');
    await page.waitForSelector('.choice:has-text("内洋村")');
    await page.keyboard.press('Enter');
    await until('the village to be raised for', 20_000, () => server.house.entered.length === 2);
    expect(server.house.entered[1]).toEqual({ regionCode: '350425201202' });
    // A number raises whatever is known of it; what is nothing at all is said, and raises nothing.
    await entry();
    await page.keyboard.type('没有这个');
    await page.waitForSelector('[data-test=nobody]');
    await page.keyboard.press('Enter');
    expect(server.house.entered).toHaveLength(2);
  });

  it('asks once before 120, with the number large and what to read; the call is a step of the case [FF14]', async () => {
    const alert = server.house.raise({ kind: 'fall' });
    const { page } = await come();
    await page.click(`${row(alert.id)} .row-main`);
    await page.keyboard.press('a');
    await page.waitForSelector('[data-test=elder]');
    expect(await page.locator('a[href^="tel:"]').count()).toBe(0);
    for (const n of ['120', '119', '110']) expect(await page.isVisible(`[data-service="${n}"]`)).toBe(true);
    await page.click('[data-service="120"]');
    expect(await page.textContent('[data-test=service] .dial-number')).toBe('120');
    expect(await page.textContent('[data-test=service]')).toContain('用座机拨 120?');
    expect(await page.isVisible('[data-test=readout]')).toBe(true);
    if (look) await page.screenshot({ path: `${look}/emergency.png` });
    expect(server.requests.filter((r) => r.endsWith('/steps'))).toEqual([]); // asked, not yet done
    await page.click('[data-test=dialled]');
    await page.waitForSelector('[data-action=step]');
    expect(await page.textContent('[data-action=step]')).toContain('已拨 120');
    expect(await page.locator('[data-test=service]').count()).toBe(0);
    // The five results of a call by hand, each one key.
    for (const [key, word] of [['no-answer', '无人接'], ['busy', '占线'], ['off', '关机'], ['wrong-number', '空号'], ['reached', '接通']]) {
      await page.click(`[data-test=calls-elder] [data-result="${key}"]`);
      await page.waitForSelector(`[data-test=timeline] li:has-text("${word}")`);
    }
    await page.waitForSelector(`${row(alert.id)}[data-state=committed]`);
  });
});
