/** The wall's other pages, its keyboard, its sizes, its manners: the built bundle under the real CSP, nothing from elsewhere. */
import { describe, expect, it } from 'vitest';
import type { FakeServer } from './fake-server.ts';
import { firstRowKb } from './browser.ts';
import { openPage, row, until, useWall } from './visit.ts';

describe('the wall’s pages', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('is the built bundle, asks nobody but its own server, and breaks no rule of the CSP on any page [FF4 W15]', async () => {
    const alert = server.house.raise();
    server.house.raise({ kind: 'outage', priority: 2, subject: { type: 'region', id: '350425203000', name: '济阳乡' }, regionCode: '350425203000', town: '济阳乡', village: null, personId: null, homeId: null, deviceId: null });
    const { page, foreign, complaints } = await come();
    expect(await page.locator('script[src^="/assets/"]').count()).toBe(1);
    expect(await page.locator('script:not([src]), style, [style]').count()).toBe(0);
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector('[data-test=timeline] li');
    await page.locator('[data-p="2"] .row-main').click();
    await page.waitForSelector('[data-test=outage] .lost');
    expect(await page.textContent('[data-test=outage]')).toMatch(/仍失联 2.*已恢复 1.*推断失联 1/);
    for (const name of ['quarantine', 'unregistered', 'register', 'wall']) { await openPage(page, name); await page.waitForTimeout(150); }
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    expect(server.requests.filter((r) => !/ \/(api|assets)\/| \/(bell\.svg)?$/.test(r))).toEqual([]);
  });

  it('waits for at most 52 KB of JavaScript before its first row', () => {
    const { kb, files } = firstRowKb(server.dist);
    process.stdout.write(`    ${kb.toFixed(1)} KB gzip in ${files} files\n`);
    expect(files).toBeGreaterThan(1);
    expect(kb).toBeLessThanOrEqual(52);
  });

  it('shows on the timeline what the elder was told, and what did not arrive', async () => {
    const alert = server.house.raise({ kind: 'sos' });
    const at = server.house.now();
    server.house.log(alert.id, { action: 'claimed', at: at + 5_000, actorType: 'user', actorId: 'u1', actorName: '陈接警' });
    const told = { deviceId: 'd1', name: 'voice', say: 'taken', text: '已收到您的求助，正在处理', room: '卧室', createdAt: at + 5_000, acknowledgedAt: at + 5_100, doneAt: at + 5_400 };
    server.house.commands.set(alert.id, [{ id: '1', ...told, state: 'replied' }, { id: '2', ...told, deviceId: 'd2', room: null, state: 'expired', acknowledgedAt: null }]);
    const { page } = await come();
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector('[data-action=elder][data-state=expired]');
    const lines = await page.locator('[data-test=timeline] li').allTextContents();
    expect(lines.slice(0, 3).map((l) => l.replace(/^[\d:.]+/, ''))).toEqual([
      '告知老人 已收到您的求助，正在处理→ 卧室已播报 0.4s', '告知老人 已收到您的求助，正在处理→ d2未送达', '接警陈接警']);
  });

  it('a round that came to nothing ends in a list to dial by hand: masked, shown for an audited look, each call noted in the log [2.5 FF6]', async () => {
    const alert = server.house.raise({ kind: 'sos', flags: ['nobody-answered'], planRound: 1 });
    const { page } = await come();
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector('[data-test=hand] [data-hand]');
    expect(await page.textContent('[data-test=hand]')).toContain('一轮叫完没有人答应');
    expect(await page.textContent('[data-test=hand]')).not.toMatch(/154 ?0425 ?\d{4}/);
    await page.click('[data-test=hand-reveal]');
    await page.waitForSelector('[data-test=hand] .dial-number');
    expect(await page.textContent('[data-test=hand]')).toMatch(/154 ?0425 ?\d{4}/);
    const party = await page.getAttribute('[data-test=hand] [data-hand]', 'data-hand');
    await page.locator(`[data-hand="${party}"] [data-result=no-answer]`).click();
    await until('the call is noted', 5_000, () => server.requests.some((r) => r.includes(`/alerts/${alert.id}/steps`)));
    if (process.env['ANLING_SHOTS']) { await page.screenshot({ path: `${process.env['ANLING_SHOTS']}/hand.png` }); await page.evaluate(() => document.body.classList.add('print-hand')); await page.emulateMedia({ media: 'print' }); await page.screenshot({ path: `${process.env['ANLING_SHOTS']}/hand-print.png` }); }
  });

  it('can be worked by keys alone, and keys rest while somebody types', async () => {
    const first = server.house.raise({ kind: 'sos' });
    const second = server.house.raise({ kind: 'fall' });
    const { page } = await come();
    await page.waitForSelector(row(second.id));
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector(`[data-test=case][data-id="${second.id}"]`);
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector(`[data-test=case][data-id="${first.id}"]`);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${row(first.id)}[data-state=claimed]`);
    await page.keyboard.press('n');
    await until('the note field to have the focus', 20_000, () => page.evaluate(() => document.activeElement?.closest('[data-part=note]') !== null));
    await page.keyboard.type('axd 已打电话');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-action=note]');
    expect(await page.textContent('[data-action=note]')).toContain('axd 已打电话');
    expect(await page.locator('[data-test=close-panel]').count()).toBe(0);
    await page.keyboard.press('d');
    await until('the responders to have the focus', 20_000, () => page.evaluate(() => document.activeElement?.closest('[data-part=responders]') !== null));
    await page.keyboard.press('x');
    await page.waitForSelector('[data-test=close-panel]');
    await until('the outcomes to have the focus', 20_000, () => page.evaluate(() => document.activeElement?.hasAttribute('data-outcome') ?? false));
    await page.keyboard.press('Escape');
    await page.waitForSelector('[data-test=actions]');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await until('the card to close', 20_000, async () => (await page.locator('dialog').count()) === 0);
    await page.locator(`[data-mark="${second.id}"]`).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(`[data-test=case][data-id="${second.id}"]`);
  });

  it('fits from 1920 x 1080 down to 200 % zoom of a small screen, in both languages, without scrolling sideways', async () => {
    const alert = server.house.raise({ flags: ['high-risk', 'nobody-answered'], planRound: 1 });
    for (const lang of ['zh', 'en'] as const) {
      const { page } = await come({ lang });
      await page.click(`${row(alert.id)} .row-main`);
      await page.waitForSelector('[data-test=timeline] li');
      await page.click('[data-test=reveal]');
      await page.waitForSelector('[data-test=elder]');
      for (const [width, height] of [[1920, 1080], [1366, 768], [1093, 614], [911, 512], [683, 384]] as const) {
        await page.setViewportSize({ width, height });
        const sideways = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.case-column, .queue-list, .strip')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className));
        expect([width, lang, sideways]).toEqual([width, lang, []]);
        expect(await page.isVisible('[data-test=case-claim]')).toBe(true);
      }
    }
  });

  it('says what the audit finds, and its silence, in words of the desk, on every wall [E3]', async () => {
    const { page } = await come();
    const english = await come({ lang: 'en' });
    server.house.audit = { silentMs: null, found: [{ kind: 'event-waits', n: 2 }, { kind: 'role-silent', n: 1 }] };
    await page.waitForSelector('[data-test=audit-bar]');
    expect(await page.textContent('[data-test=audit-bar]')).toMatch(/^核查:有该做没做的事!报警没有人判断 2、程序没有心跳 1/);
    await english.page.waitForSelector('[data-test=audit-bar]');
    expect(await english.page.textContent('[data-test=audit-bar]')).toContain('Alarms that nobody evaluates 2, A process does not beat 1');
    server.house.audit = { silentMs: 75_000, found: [] };
    await page.waitForFunction(() => document.querySelector('[data-test=audit-bar]')?.textContent?.includes('核查停了'));
    server.house.audit = null;
    await page.waitForSelector('[data-test=audit-bar]', { state: 'detached' });
  });

  it('asks the desk for one key by night, with sound, and tells the server at once when it was pressed; a reader is not asked [FF3]', async () => {
    const { page } = await come();
    const reader = await come({ user: 'tv' });
    await until('beats', 10_000, () => server.beats.length >= 4); // of two pages that nobody touches
    expect(server.beats.filter((b) => b.inputAgoMs !== undefined)).toEqual([]);
    server.house.vigilance = { askedAt: server.house.now() - 60_000, missed: 1 };
    await page.waitForSelector('[data-test=vigilance-bar]');
    expect(await page.textContent('[data-test=vigilance-bar]')).toMatch(/值守确认.*在岗.*已错过 1 次/);
    expect(await reader.page.locator('[data-test=vigilance-bar]').count()).toBe(0);
    const asked = server.beats.length;
    await page.keyboard.press('Space');
    await until('the answer', 20_000, () => server.beats.slice(asked).some((b) => b.inputAgoMs !== undefined && b.inputAgoMs < 1_000));
    await page.waitForSelector('[data-test=vigilance-bar]', { state: 'detached' });
  });

  it('shows a viewer everything masked and nothing to press [W8]', async () => {
    const alert = server.house.raise();
    const { page } = await come({ user: 'tv' });
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector('[data-test=timeline]');
    expect(await page.locator('[data-test=claim], [data-test=reveal], [data-test=dispatch], [data-test=actions], [data-part=note]').count()).toBe(0);
    expect(await page.textContent('[data-test=gateway-bar]')).toContain('只读');
    await page.keyboard.press('a');
    await page.waitForTimeout(200);
    expect(server.requests.filter((r) => r.startsWith('POST') && r.includes('/alerts/'))).toEqual([]);
  });

  it('registers a device, shows its secret once with the line to try it, and presses its button', async () => {
    const { page } = await come();
    await openPage(page, 'register');
    await page.waitForSelector('select[name=model]');
    await page.click('form button[type=submit]');
    await page.waitForSelector('[data-test=made]');
    const [id, secret, command] = [await page.textContent('[data-test=made-id]'), await page.textContent('[data-test=made-secret]'), await page.textContent('[data-test=made-command]')];
    expect(command).toBe(`mosquitto_pub -h 127.0.0.1 -i ${id} -u ${id} -P ${secret} -q 1 -t care/v1/${id}/event -m '{"kind":"sos"}'`);
    await page.click('[data-test=press]');
    await page.waitForSelector('.count.p1[data-n="1"]');
    await openPage(page, 'wall');
    await page.waitForSelector('[data-test=row]');
    await openPage(page, 'register');
    await page.waitForSelector('select[name=model]');
    expect(await page.content()).not.toContain(secret ?? '?');
  });

  it('lets no odd record of a case take the queue or the sound down', async () => {
    const alert = server.house.raise();
    const other = server.house.raise({ kind: 'fall' });
    server.house.log(alert.id, { action: 'something-new', detail: { sends: null, skipped: [null, 7, { target: 'family-1' }, 'contact:nb absent'], round: 'x' } as never });
    server.house.log(other.id, { action: 'plan-step', at: 'not a time' as never });
    const { page } = await come();
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector('[data-action=something-new]');
    expect(await page.textContent('[data-action=plan-step]')).toMatch(/跳过 邻居 林\*治 请假 · 网格员 没有人/);
    await page.click(`${row(other.id)} .row-main`);
    await page.waitForSelector('[data-test=broken]');
    expect(await page.isVisible(row(alert.id))).toBe(true);
    await page.mouse.move(600, 400);
    const next = server.house.raise();
    await page.waitForSelector(row(next.id), { timeout: 20_000 });
    await page.click(`${row(alert.id)} .row-main`);
    await page.waitForSelector(`[data-test=case][data-id="${alert.id}"]`);
  });

  it('raises an emergency from a telephone number in two strokes', async () => {
    const { page } = await come();
    await page.keyboard.press('p');
    await page.waitForSelector('[data-test=phone-in]');
    await page.keyboard.type('15404250001');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-test=row]');
    expect(await page.textContent('[data-test=row]')).toContain('电话报警');
    expect(await page.textContent('[data-test=toast]')).toBe('已建警情:陈*水');
  });

  it('looks into quarantine and replays, and lists who was refused [A10 A11]', async () => {
    const { page } = await come();
    await openPage(page, 'quarantine');
    await page.click('button:has-text("查看")');
    await page.waitForSelector('[data-test=raw]');
    expect(await page.textContent('[data-test=raw]')).toContain('sosss');
    await page.click('tr[data-id] button:has-text("重放")');
    await page.waitForSelector('[data-test=toast]');
    await openPage(page, 'unregistered');
    await page.waitForSelector('text=B-20391');
    expect(await page.textContent('[data-test=unregistered]')).toMatch(/没有登记.*42/);
  });

  it('stays usable in a flood: 500 alarms, the press on top, no click lost', async () => {
    const { page } = await come();
    await page.waitForSelector('[data-test=empty]');
    const began = performance.now();
    for (let i = 0; i < 500; i++) server.house.raise({ kind: 'fall', subject: { type: 'person', id: `f${i}`, name: `林*${i}` } });
    const sos = server.house.raise({ kind: 'sos' });
    await page.waitForSelector(row(sos.id));
    await until('every alarm counted', 30_000, async () => (await page.getAttribute('.count.p1', 'data-n')) === '501');
    process.stdout.write(`    501 alarms on the wall after ${(performance.now() - began).toFixed(0)} ms\n`);
    expect(await page.locator('[data-test=row]').first().getAttribute('data-id')).toBe(sos.id);
    await page.click(`${row(sos.id)} [data-test=claim]`);
    await page.waitForSelector(`[data-test=case][data-state=claimed]`);
  });
});
