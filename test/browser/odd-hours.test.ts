/** What a night brings: two hands at once, a PC that slept, clocks that are wrong, ten thousand alarms. */
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

  it('ten thousand alarms: the press stands on top, every one is counted, the list is never drawn whole, and keys claim [D1 D2 FF11 I8]', async () => {
    const { page, context } = await come({ width: 1920, height: 1080 });
    await page.waitForSelector('[data-test=empty]');
    for (let i = 0; i < 10_000; i++) server.house.raise({ kind: 'fall', priority: 2, subject: { type: 'person', id: `f${i}`, name: '陈*水' }, personId: `f${i}`, deviceId: `DEMO-R-${String(i).padStart(5, '0')}` });
    const sos = server.house.raise({ kind: 'sos' });
    await page.waitForSelector(row(sos.id), { timeout: 60_000 });
    await until('every alarm counted', 60_000, async () => (await page.getAttribute('.count.p2', 'data-n')) === '10000');
    expect(await page.locator('[data-test=row]').first().getAttribute('data-id')).toBe(sos.id);
    expect(await page.locator('[data-test=row]').count()).toBe(200);
    expect(await page.textContent('[data-test=more]')).toContain('还有 9801 条');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector(`${row(sos.id)}.chosen`);
    await page.keyboard.press('a');
    await page.waitForSelector('[data-test=case][data-state=claimed]', { timeout: 30_000 });
    expect(server.requests.filter((r) => r === `POST /api/v1/alerts/${sos.id}/claim`)).toHaveLength(1);
    // The set of the house and the one here are compared by hash at each beat: two beats later nothing had to be fetched anew.
    const beats = server.beats.length;
    await until('two beats more', 30_000, () => server.beats.length > beats + 2);
    expect(await page.textContent('[data-test=link]')).not.toContain('对账不符');
    // Who comes anew gets the same from one snapshot.
    const fresh = await context.newPage();
    await fresh.goto(server.url);
    await until('the same count', 60_000, async () => (await fresh.locator('.count.p2').count()) > 0 && (await fresh.getAttribute('.count.p2', 'data-n')) === '10000');
    expect(await fresh.getAttribute('.count.p1', 'data-n')).toBe('1');
    expect(server.hellos.filter((h) => h.epoch === null)).toHaveLength(2);
  }, 180_000);

  it('finds one of ten thousand by initials, by the end of a number, by device; every emergency stays in sight, and what is hidden is said [D2]', async () => {
    const { page } = await come({ width: 1920, height: 1080 });
    await page.waitForSelector('[data-test=empty]');
    server.house.people.push({ id: 'f7777', number: null, plain: '欧阳秀英', phone: '15404259999', name: '欧阳**', town: '济阳乡', village: '上丰村', birthYear: 1938 });
    for (let i = 0; i < 9_990; i++) server.house.raise({ kind: 'fall', priority: 2, subject: { type: 'person', id: `f${i}`, name: '陈*水' }, personId: `f${i}`, deviceId: `DEMO-R-${String(i).padStart(5, '0')}` });
    const wanted = [...server.house.alerts.values()].find((a) => a.personId === 'f7777')?.id ?? '';
    const sos = server.house.raise({ kind: 'sos' });
    await until('every alarm counted', 60_000, async () => (await page.getAttribute('.count.p2', 'data-n')) === '9990');
    expect(await page.locator(row(wanted)).count()).toBe(0);
    await page.keyboard.press('/');
    await page.waitForSelector('[data-test=search] input:focus');
    for (const text of ['oyxy', '9999', 'demo-r-07777']) {
      await page.fill('[data-test=search] input', text);
      await page.waitForSelector(`[data-test=found] ${row(wanted)}`, { timeout: 30_000 });
      expect(await page.locator('[data-test=row]').count(), text).toBe(2);
      expect(await page.locator(row(sos.id)).count(), text).toBe(1);
      expect(await page.textContent('[data-test=search-result]')).toBe('找到 1 条 · 另有 9989 条不显示(紧急的都在)');
    }
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[data-test=case][data-id="${wanted}"]`);
    await page.keyboard.press('/');
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-test=search]', { state: 'detached' });
    // The whole queue again, and the chosen one stands in it although two hundred rows are drawn above it.
    await page.waitForSelector(`[data-test=around] ${row(wanted)}.chosen`);
    expect(await page.locator('[data-test=row]').count()).toBeLessThanOrEqual(211);
    await page.keyboard.press('a');
    await page.waitForSelector('[data-test=case][data-state=claimed]', { timeout: 30_000 });
  }, 180_000);
});
