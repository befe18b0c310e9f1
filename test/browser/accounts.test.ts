/** The desk's people on the real API: the second step of a login, a shift handed over and a console changed by PIN, what is set aside, and the last picture when nobody answers. */
import { TOTP } from 'otpauth';
import { describe, expect, it } from 'vitest';
import { telephoneTime } from '#store/factors.ts';
import { writeSetting } from '#store/settings.ts';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { password, realUser } from '#test/harness/web.ts';
import type { Browser, Page } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';
import { logIn, row } from './visit.ts';

const shots = process.env['ANLING_SHOTS'];
const log = createLog('worker', 'error', () => {});

describe('the desk’s people', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); }, { respond: (t) => createRespond({ db: t.db, seal: t.seal, log, metrics: createMetrics('web') }) }, async (w) => {
    for (const [name, role] of [['chenjie', 'operator'], ['linban', 'shift-leader'], ['chief', 'admin']] as const) await realUser(w.t, name, role);
  });
  const show = async (page: Page, name: string): Promise<void> => { if (shots) await page.screenshot({ path: `${shots}/${name}.png` }); };
  const enter = async (page: Page, user: string): Promise<void> => { await page.goto(web.url); await logIn(page, user, password); };
  const fresh = async (): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, reducedMotion: 'reduce' });
    await context.addInitScript(() => { localStorage.setItem('anling.theme', 'desk'); localStorage.setItem('anling.lang', 'zh'); });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    return page;
  };

  it('a role that owes a second factor binds an authenticator at its first login, and is asked for a code at the next; a known browser works on alarms without [W12 FF12]', async () => {
    await writeSetting(web.t.db, 'security', { secondFactor: ['admin'] }, 'test');
    const page = await fresh();
    await enter(page, 'chief');
    await page.waitForSelector('[data-test=factor-begin]');
    expect(await page.locator('[data-test=queue]').count()).toBe(0);
    await page.fill('input[name=password]', password);
    await page.click('[data-test=factor-begin] button[type=submit]');
    const secret = ((await page.textContent('[data-test=factor-key]')) ?? '').replaceAll(' ', '');
    expect(await page.locator('[data-test=factor-qr] path').count()).toBe(1);
    expect(await page.getAttribute('[data-test=factor-uri]', 'href')).toContain(`secret=${secret}`);
    await show(page, 'factor-key');
    await page.fill('input[name=code]', '000000');
    await page.click('[data-test=factor-first] button[type=submit]');
    await page.waitForSelector('[data-problem=code]');
    await page.fill('input[name=code]', new TOTP({ secret }).generate({ timestamp: await telephoneTime(web.t.db) }));
    await page.click('[data-test=factor-first] button[type=submit]');
    await page.waitForSelector('[data-test=factor-recovery] li:nth-child(8)');
    await show(page, 'factor-recovery');
    await page.click('[data-test=factor-recovery] button');
    await page.waitForSelector('[data-test=queue]');
    await page.click('text=退出');
    await page.waitForSelector('input[name=username]');
    await logIn(page, 'chief', password); // this browser is known: the desk is there at once, the rest after the code
    await page.waitForSelector('[data-test=factor-bar]');
    expect(await page.locator('[data-test=queue]').count()).toBe(1);
    await show(page, 'factor-desk');
    await page.click('[data-test=factor-bar] button');
    await page.fill('[data-test=factor-verify] input[name=code]', new TOTP({ secret }).generate({ timestamp: (await telephoneTime(web.t.db)) + 30_000 }));
    await page.click('[data-test=factor-verify] button[type=submit]');
    await page.waitForSelector('[data-test=factor-bar]', { state: 'detached' });
    await seat.go('users', '[data-test=second-factor] input[data-role=admin]:checked');
    await show(seat.page, 'users-factor');
    await seat.page.click('tr[data-user=chief] button');
    await seat.page.click('[data-test=reset-factor]');
    await seat.page.click('[data-test=reset-factor]');
    await page.waitForSelector('.login-ended', { timeout: 15_000 });
    await page.context().close();
    await writeSetting(web.t.db, 'security', { secondFactor: [] }, 'test');
  }, 60_000);

  it('a shift is handed over at one console: both count, the next signs by PIN, and the wall goes on under the new name [D9 FF12]', async () => {
    const [page, other] = [await fresh(), await fresh()];
    await enter(other, 'linban');
    await other.click('[data-test=me]');
    await other.click('[data-test=my-pin]');
    await other.fill('[data-test=pin-form] input[name=password]', password);
    await other.fill('[data-test=pin-form] input[name=pin]', '483019');
    await other.click('[data-test=pin-form] button[type=submit]');
    await other.waitForSelector('[data-test=pin-form]', { state: 'detached' });
    await other.context().close();
    const p1 = await web.alert();
    const { n } = (await web.t.db.query<{ n: number }>(`select count(*)::int as n from alert where state <> 'closed'`))[0] ?? { n: 0 };
    await enter(page, 'chenjie');
    await page.waitForSelector(row(p1));
    await page.click('text=退出'); // something is open: asked first
    await page.click('[data-test=hand-over-first]');
    await page.waitForSelector('[data-test=sign]');
    await page.fill('[data-test=sign] input[name=open]', String(n + 1));
    await page.fill('[data-test=sign] input[name=note]', '内洋桥断,绕行');
    await page.click('[data-test=sign] button[type=submit]');
    await page.waitForSelector('[data-test=sign-trouble]');
    expect(await page.textContent('[data-test=sign-trouble]')).toContain(`现在有 ${n} 起`);
    await page.fill('[data-test=sign] input[name=open]', String(n));
    await page.click('[data-test=sign] button[type=submit]');
    await page.waitForSelector('[data-test=take]');
    await page.selectOption('[data-test=take] [data-test=seat-who]', { label: 'linban' });
    await page.fill('[data-test=take] input[name=pin]', '000000');
    await page.fill('[data-test=take] input[name=open]', String(n));
    await page.click('[data-test=take] button[type=submit]');
    await page.waitForSelector('[data-test=pin-trouble]');
    await page.fill('[data-test=take] input[name=pin]', '483019');
    await show(page, 'handover');
    await page.click('[data-test=take] button[type=submit]');
    await page.waitForFunction(() => document.querySelector('[data-test=me]')?.textContent === 'linban');
    await page.waitForSelector('[data-test=log] tr[data-what=handover-taken]');
    expect(await page.textContent('[data-test=log] tr[data-what=handover-taken]')).toMatch(/linban.*接替 chenjie.*清点/s);
    await page.fill('[data-test=write] input', '00:30 打雷,停电一分钟');
    await page.click('[data-test=write] button');
    await page.waitForSelector('[data-test=log] tr[data-what=note]');
    await show(page, 'shift-log');
    await page.goto(`${web.url}/#/wall`);
    await page.waitForSelector(row(p1)); // the same page, the same wall, another person
    await page.waitForFunction(() => document.querySelector('[data-test=link]')?.getAttribute('data-link') === 'live', undefined, { timeout: 15_000 });
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [p1]);
    await page.context().close();
  }, 60_000);

  it('S shelves for a reason what is no emergency, B promises a call-back that reminds, K pins; each is on its list; V keeps the voice down over a telephone call [W21 FF13]', async () => {
    const { page } = seat;
    const [p1, p2] = [await web.alert(), await web.alert({ kind: 'motionless', priority: 2 })];
    await seat.go('wall', row(p2));
    await page.click(`${row(p1)} .row-main`);
    await page.waitForSelector(`[data-test=case][data-id="${p1}"]`);
    await page.keyboard.press('s');
    expect(await page.locator('[data-test=shelve-panel], [data-test=shelve]').count()).toBe(0); // never an emergency
    await page.keyboard.press('b');
    await page.waitForSelector('[data-test=callback-panel]');
    await page.fill('[data-test=callback-panel] input', '问老人吃药没有');
    await page.click('[data-test=callback-panel-confirm]');
    await page.waitForSelector('[data-test=callback-panel]', { state: 'detached' });
    await page.locator('body').press('k');
    await page.waitForFunction(() => document.querySelector('[data-test=pin]')?.textContent?.startsWith('取下'));
    await page.click(`${row(p2)} .row-main`);
    await page.waitForSelector(`[data-test=case][data-id="${p2}"]`);
    await page.keyboard.press('s');
    await page.waitForSelector('[data-test=shelve-panel]');
    expect(await page.isDisabled('[data-test=shelve-panel-confirm]')).toBe(true);
    await page.fill('[data-test=shelve-panel] input', '等厂家换电池');
    await page.click('[data-choice="2h"]');
    await show(page, 'shelve');
    await page.click('[data-test=shelve-panel-confirm]');
    await page.waitForSelector('[data-test=shelved-count]');
    expect(await page.textContent(row(p2))).toMatch(/1小时5\d分|119分|小时/);
    await page.waitForSelector('[data-test=unshelve]');
    await show(page, 'shelved');
    await page.click('[data-test=unshelve]');
    await page.waitForSelector('[data-test=shelved-count]', { state: 'detached' });
    await page.locator('body').press('Escape');
    await page.locator('body').press('v');
    await page.waitForSelector('[data-test=talk-bar].flash'); // on the telephone: by eye instead of by ear
    await page.locator('body').press('v');
    await page.waitForSelector('[data-test=talk-bar]', { state: 'detached' });
    await web.t.db.query(`update callback set due_at = anling_now() - interval '1 minute'`);
    await page.reload();
    await page.waitForSelector('[data-test=callback-bar]');
    expect(await page.textContent('[data-test=pinned]')).toContain('一键呼');
    await show(page, 'board');
    await page.fill('[data-callback] input', '说吃过了');
    await page.click('[data-test=called-back]');
    await page.waitForSelector('[data-test=callback-bar]', { state: 'detached' });
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = any($1)`, [[p1, p2]]);
  }, 60_000);

  it('shows the last picture, labelled and to look at only, when nobody answers; what is known again takes its place [D6]', async () => {
    const { page } = seat;
    const p1 = await web.alert();
    await seat.go('wall', row(p1));
    await page.click(`${row(p1)} .row-main`);
    await page.waitForSelector('[data-test=timeline] li');
    await page.waitForFunction((id) => (sessionStorage.getItem('anling.last') ?? '').includes(`"cases":[{"at":`) && (sessionStorage.getItem('anling.last') ?? '').includes(`"id":"${id}"`), p1, { timeout: 15_000 });
    expect(await page.evaluate(() => sessionStorage.getItem('anling.last'))).not.toMatch(/1540425\d{4}/);
    await page.route('**/api/v1/**', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ error: { code: 'E_DATABASE_UNREACHABLE', message: 'away' } }) }));
    await page.routeWebSocket(/api\/v1\/live/, (ws) => ws.close());
    await page.reload();
    await page.waitForSelector('[data-test=away-bar]');
    await page.waitForSelector(row(p1));
    expect(await page.locator('[data-test=claim]').count()).toBe(0);
    await page.click(`${row(p1)} .row-main`);
    await page.waitForSelector('[data-test=kept-case]');
    await page.waitForSelector('[data-test=timeline] li');
    expect(await page.locator('[data-test=actions]').count()).toBe(0);
    await show(page, 'away');
    await page.unrouteAll();
    await page.reload();
    await page.waitForSelector(row(p1));
    await page.waitForSelector('[data-test=away-bar]', { state: 'detached' });
    seat.complaints.splice(0); // the 503 that were asked for
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where id = $1`, [p1]);
  }, 60_000);
});
