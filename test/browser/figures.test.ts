/** The answer figures at the wall: compact in the strip, whole with their definitions behind it, by keys, honest about nothing, in both languages. */
import { describe, expect, it } from 'vitest';
import type { FakeServer } from './fake-server.ts';
import { row, until, useWall } from './visit.ts';

describe('the answer figures', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('stand in the strip, below target marked by more than colour, and open by keys with every definition [D10]', async () => {
    const { page, complaints } = await come();
    await page.waitForSelector('[data-test=figures]');
    expect(await page.textContent('[data-test=figures]')).toBe('接警60秒 ▼91.6% 180秒 100%');
    await page.focus('[data-test=figures] button');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    const table = await page.textContent('[data-test=figures-table]');
    expect(table).toContain('60秒内接警91.6%(11/12) ▼未达标98.8%(178/180)≥ 97.5%');
    expect(table).toContain('到场用时(中位)18分00秒15分00秒');
    expect(table).toContain('测试与演练(不计)220');
    expect(await page.textContent('[data-test=load]')).toContain('陈接警14当班');
    expect(await page.textContent('.definitions')).toMatch(/报警入库到第一次人工动作.*报警入库到有人到场.*本人在设备上取消的另计.*ISA-18\.2/s);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.closest('[data-test=figures]') != null); // the keys are where they were
    expect(complaints).toEqual([]);
  });

  it('say 无警情 when there were none, never 100 %, and the flood loudly when there is one; in English too [D10]', async () => {
    for (const window of Object.values(server.house.figures)) Object.assign(window, { count: 0, judged60s: 0, within60s: 0, judged180s: 0, within180s: 0, p50Ms: null, p90Ms: null, arrived: 0, judged45m: 0, arrived45m: 0, arrivalP50Ms: null });
    server.house.flood = { active: true, since: server.house.now() - 900_000, lastTen: 34, operators: 2 };
    const { page } = await come();
    await page.waitForSelector('[data-test=figures]');
    expect(await page.textContent('[data-test=figures]')).toBe('接警无警情警情潮 34/10分');
    await page.click('[data-test=figures] button');
    expect(await page.textContent('[data-test=figures-table]')).not.toContain('100');
    expect(await page.textContent('[data-test=flood-line]')).toMatch(/警情潮:自 \d\d-\d\d \d\d:\d\d 起,近10分钟 34 起,当班 2 人/);
    const { page: english } = await come({ lang: 'en' });
    await english.waitForSelector('[data-test=figures]');
    expect(await english.textContent('[data-test=figures]')).toBe('Answeredno alertsFLOOD 34/10 min');
  });

  it('a flood folds away what can wait, by itself, and says so; emergencies stand and ring; one press shows it, and its end shows it again [D11]', async () => {
    server.house.flood = { active: true, since: server.house.now() - 300_000, lastTen: 34, operators: 1 };
    const [sos, fall] = [server.house.raise({ kind: 'sos' }), server.house.raise({ kind: 'bed-exit', priority: 2 })];
    const waits = Array.from({ length: 6 }, (_, i) => server.house.raise({ kind: i % 2 ? 'offline' : 'low-battery', priority: 3, subject: { type: 'device', id: `DEMO-R-${i}`, name: null } }));
    const { page } = await come({ width: 1920, height: 1080 });
    await page.waitForSelector('[data-test=flood-bar]', { timeout: 20_000 });
    expect(await page.textContent('[data-test=flood-bar]')).toMatch(/警情潮:近10分钟 34 起,当班 1 人.*紧急警情照旧.*已收起/);
    expect(await page.locator('[data-test=row]').evaluateAll((all) => all.map((e) => (e as HTMLElement).dataset['id']))).toEqual([sos.id, fall.id]);
    expect(await page.textContent('[data-test=folded]')).toBe('设备告警 6 条已收起,展开');
    expect(await page.getAttribute('.count.p3', 'data-n')).toBe('6'); // counted as ever
    if (process.env['ANLING_SHOTS']) await page.screenshot({ path: `${process.env['ANLING_SHOTS']}/flood.png` });
    const late = server.house.raise({ kind: 'fall' });
    await page.waitForSelector(row(late.id));
    await page.click('[data-test=flood-fold]');
    await page.waitForSelector(row(waits[0]?.id ?? ''));
    expect(await page.locator('[data-test=row]').count()).toBe(9);
    await page.click('[data-test=flood-fold]');
    await until('folded again', 5_000, async () => (await page.locator('[data-test=row]').count()) === 3);
    server.house.flood = { active: false, since: null, lastTen: 3, operators: 1 };
    await page.waitForSelector('[data-test=flood-bar]', { state: 'detached', timeout: 30_000 });
    expect(await page.locator('[data-test=row]').count()).toBe(9);
  });

  it('the sheet of who could not be heard: yesterday first, the day in the address, on paper and as a table [2.10]', async () => {
    const { page, complaints } = await come();
    await page.goto(`${server.url}/#/blind`);
    await page.waitForSelector('[data-test=unheard-list]');
    const yesterday = new Date(server.house.now() + 8 * 3_600_000 - 86_400_000).toISOString().slice(0, 10);
    expect(await page.inputValue('input[name=day]')).toBe(yesterday);
    expect(await page.textContent('[data-test=sheet]')).toMatch(/41 人曾听不到\(共 320 人有设备\),合计 2410 人·分钟。另有 3 人.*03:10–03:25,15 分钟/);
    expect(await page.textContent('[data-test=unheard-list] tbody')).toBe('陈*水高风险屏山乡 内洋村01:00–02:00 片区失联21:30–24:00 单台离线210');
    expect(await page.getAttribute('[data-test=file]', 'href')).toBe(`/api/v1/reports/blind.csv?day=${yesterday}`);
    await page.fill('input[name=day]', '2026-03-05');
    await page.waitForFunction(() => location.hash === '#/blind?day=2026-03-05' && document.querySelector('[data-test=sheet]')?.textContent?.includes('2026-03-05'));
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.strip, .no-print').evaluateAll((all) => [...new Set(all.map((e) => getComputedStyle(e).display))])).toEqual(['none']);
    expect(complaints).toEqual([]);
  });

  it('a case shows of every device of the home when it last gave proof of life, and of the person the newest [2.10]', async () => {
    const alert = server.house.raise();
    const { page } = await come();
    await page.click(`[data-test=row][data-id="${alert.id}"] .row-main`);
    await page.waitForSelector('[data-test=proof]');
    expect(await page.textContent('[data-test=device]')).toMatch(/最后一次听到此人的设备:1小时\d\d分前.*d1.*1小时\d\d分前有心跳.*d2.*离线2小时\d\d分前有心跳/);
  });

  it('the self-check says when it was last good, and its failure with the reason [B8]', async () => {
    const { page } = await come();
    await page.waitForSelector('[data-test=canary]');
    expect(await page.textContent('[data-test=canary]')).toMatch(/^链路自检2分(钟)?前 ✓$/);
    server.house.canary = { state: 'failing', okAt: server.house.now() - 700_000, reason: 'the self-check failed 2 times in a row: the MQTT door (edge): connect ECONNREFUSED' };
    const { page: later } = await come();
    await later.waitForSelector('[data-test=canary]');
    expect(await later.textContent('[data-test=canary]')).toBe('链路自检失败');
    expect(await later.getAttribute('[data-test=canary]', 'title')).toContain('the MQTT door (edge)');
  });
});
