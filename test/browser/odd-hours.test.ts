/** What a night brings: two hands at once, a PC that slept, clocks that are wrong. */
import { describe, expect, it } from 'vitest';
import type { FakeServer } from './fake-server.ts';
import { row, until, useWall } from './visit.ts';

describe('odd hours', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('two press 接警 in the same moment: one has it, the other reads who, and both walls agree [D4]', async () => {
    const alert = server.house.raise();
    const [one, other] = await Promise.all([come(), come({ user: 'lisi' })]);
    await Promise.all([one.page, other.page].map((page) => page.waitForSelector(`${row(alert.id)} [data-test=claim]`)));
    await Promise.all([one.page, other.page].map((page) => page.evaluate((id) => { (document.querySelector(`[data-test=row][data-id="${id}"] [data-test=claim]`) as HTMLElement).click(); }, alert.id)));
    const told = await Promise.race([one.page, other.page].map(async (page) => { await page.waitForSelector('[data-test=toast-bad]'); return page; }));
    const owner = server.house.alerts.get(alert.id)?.claimedByName ?? '';
    expect(await told.textContent('[data-test=toast-bad]')).toContain(owner);
    for (const { page } of [one, other]) await page.waitForSelector(`${row(alert.id)}[data-state=claimed]`);
    expect(server.requests.filter((r) => r === `POST /api/v1/alerts/${alert.id}/claim`)).toHaveLength(2);
    expect(server.house.timelines.get(alert.id)?.filter((entry) => entry.action === 'claimed')).toHaveLength(1);
  });

  it('a PC that slept for half an hour shows and rings on waking what came meanwhile, once, as old as it is [D1]', async () => {
    const before = server.house.raise({ kind: 'fall' });
    const { page, context } = await come();
    await page.click('[data-test=silent-bar] button, [data-test=shift-bar] button');
    await page.waitForSelector(row(before.id));
    server.house.change(before.id, { state: 'claimed', claimedBy: 'u-lisi', claimedByName: '李四', claimedAt: Date.now() }, 'claimed');
    await page.waitForSelector(`${row(before.id)}[data-state=claimed]`);
    const rung = Number(await page.getAttribute('[data-test=sound]', 'data-p1'));
    const cdp = await context.newCDPSession(page);
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
    server.house.skewMs += 30 * 60_000;
    server.cut(); // no event reaches a page that sleeps
    const sos = server.house.raise({ kind: 'sos', openedAt: server.house.now() - 20 * 60_000 });
    server.house.change(before.id, { state: 'closed' }, 'closed');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await cdp.send('Page.setWebLifecycleState', { state: 'active' });
    await page.waitForSelector(row(sos.id), { timeout: 20_000 });
    await until('the closed one is gone', 20_000, async () => (await page.locator(row(before.id)).count()) === 0);
    expect(await page.textContent(`${row(sos.id)} .timer`)).toMatch(/^2[01]分/);
    await until('it rings', 20_000, async () => Number(await page.getAttribute('[data-test=sound]', 'data-p1')) > rung);
    expect(await page.locator(row(sos.id)).count()).toBe(1);
  });

  it.each([5, -5])('a PC whose clock is %i minutes off counts by the server’s, and says so', async (minutes) => {
    server.house.skewMs = minutes * 60_000;
    const alert = server.house.raise({ openedAt: server.house.now() - 70_000 });
    const { page } = await come();
    await page.waitForSelector(row(alert.id));
    await until('the clock is the server’s', 20_000, async () => (await page.textContent('[data-test=link]'))?.includes('实时') ?? false);
    await until('the drift is said', 20_000, async () => /本机时钟差 (29[5-9]|30[0-5]) 秒/.test((await page.textContent('.strip-facts')) ?? ''));
    expect(await page.textContent(`${row(alert.id)} .timer`)).toMatch(/^1分[1-5]\d秒$/);
    expect(await page.locator('[data-test=late-bar], [data-test=dead-bar]').count()).toBe(0);
  });
});
