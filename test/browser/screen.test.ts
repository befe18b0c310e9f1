/** The big screen /tv: legible, without people, with its own word when the link is old, and never white while an emergency is open. */
import { describe, expect, it } from 'vitest';
import { elder } from './fake-house.ts';
import type { FakeServer } from './fake-server.ts';
import { until, useWall } from './visit.ts';

describe('the big screen', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('shows twelve rows of 28 px and counts the others, the timer, the day, who is on duty; nobody’s name, nothing to press [D14 D5]', async () => {
    // The fake house sends what a desk is sent: the page itself must let nothing through.
    const sos = server.house.raise({ kind: 'sos', openedAt: Date.now() - 95_000 });
    for (let i = 0; i < 14; i++) server.house.raise({ kind: 'fall', priority: 2, regionCode: '350425203001', town: '济阳乡', village: '上丰村', place: '水尾7号' });
    const { page, foreign, complaints } = await come({ user: 'admin', returning: true, path: '/tv', width: 1920, height: 1080 });
    await page.waitForSelector('[data-test=tv-row]');
    await until('the day’s figures', 20_000, async () => (await page.textContent('[data-test=tv-foot]'))?.includes('91.6%') ?? false);
    expect(await page.locator('[data-test=tv-row]').count()).toBe(12);
    expect(await page.textContent('[data-test=tv-more]')).toBe('还有 3 条');
    const sizes = await page.locator('[data-test=tv-row]').evaluateAll((rows) => rows.map((row) => ({ font: Number.parseFloat(getComputedStyle(row).fontSize), box: row.getBoundingClientRect().height, bottom: row.getBoundingClientRect().bottom })));
    const foot = (await page.locator('[data-test=tv-foot]').boundingBox())?.y ?? 0;
    for (const { font, box, bottom } of sizes) { expect(font).toBeGreaterThanOrEqual(28); expect(box).toBeGreaterThan(font); expect(bottom).toBeLessThan(foot); }
    expect((await page.locator('[data-test=tv-more]').boundingBox())?.y).toBeLessThan(foot - 30);
    expect(await page.textContent('[data-test=tv-timer]')).toMatch(/最久未接1:(3[5-9]|[45]\d)|2:/);
    expect(await page.textContent('[data-test=tv-foot]')).toMatch(/陈接警/);
    const html = await page.content();
    for (const secret of [elder.name, elder.masked, elder.phone, elder.address, '内洋', '上丰', '水尾', '15404250', '350425203001']) expect(html, secret).not.toContain(secret);
    expect(await page.locator('main.tv button, main.tv a, main.tv input').count()).toBe(0);
    server.house.change(sos.id, { state: 'claimed', claimedBy: 'u1', claimedByName: '张三', claimedAt: Date.now() }, 'claimed');
    await until('the timer follows the next one', 10_000, async () => (await page.locator('[data-test=tv-timer].sla2').count()) === 0);
    if (process.env['ANLING_SHOTS']) await page.screenshot({ path: `${process.env['ANLING_SHOTS']}/tv.png` });
    server.stop();
    await page.waitForSelector('[data-test=tv-stale].late', { timeout: 30_000 });
    await page.waitForSelector('[data-test=tv-stale].dead', { timeout: 30_000 });
    expect(await page.locator('[data-test=tv-row]').count()).toBe(12);
    server.resume();
    await page.waitForSelector('[data-test=tv-stale]', { state: 'detached', timeout: 30_000 });
    expect([foreign, complaints]).toEqual([[], []]);
  });

  it('says what is missing when it has no token, and opens by one that does not stay in the address [D14]', async () => {
    const closed = await come({ user: 'nobody', returning: true, path: '/tv', width: 960, height: 540 });
    await closed.page.waitForSelector('[data-test=tv-closed]');
    expect(await closed.page.textContent('[data-test=tv-closed]')).toContain('/tv#令牌');
    const { page } = await come({ user: 'nobody', returning: true, path: '/tv#token-of-the-screen-1234', width: 960, height: 540 });
    await page.waitForSelector('[data-test=tv]');
    expect(page.url()).toBe(`${server.url}/tv`);
  });

  it('takes a new build over when no emergency is open, and not before', async () => {
    const alert = server.house.raise();
    const { page } = await come({ user: 'tv', returning: true, path: '/tv', width: 1920, height: 1080 });
    await page.clock.install();
    await page.reload();
    await page.waitForSelector('[data-test=tv-row]');
    server.build = 'index-other.js';
    const asked = (): number => server.requests.filter((r) => r === 'GET /tv').length;
    const before = asked();
    await page.clock.runFor(61_000);
    await until('it looked', 10_000, () => asked() > before);
    expect(await page.locator('[data-test=tv-row]').count()).toBe(1);
    server.house.change(alert.id, { state: 'closed' }, 'closed');
    server.build = null;
    await page.waitForSelector('[data-test=tv-row]', { state: 'detached' });
    server.build = 'index-other.js';
    const again = page.waitForEvent('framenavigated', { timeout: 20_000 });
    await page.clock.runFor(61_000);
    await again;
  });
});
