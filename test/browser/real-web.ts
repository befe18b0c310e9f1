/** The built pages before a real web role, with the demonstration county, the real sender and the stand-in gateway behind them. */
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Browser, type BrowserContext, buildWall, chromiumPath, noBrowser, openBrowser, type Page } from './browser.ts';
import { startStandin } from '#simulators/standin/server.ts';
import { startNotify } from '#notify/notify.ts';
import { standinKey } from '#notify/standin-key.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { freePort } from '#ops/processes.ts';
import { ensurePlans } from '#store/county-setup.ts';
import { loadDemo } from '#store/demo.ts';
import type { UserRole } from '#core/user.ts';
import { testDatabase } from '#test/harness/db.ts';
import { testWeb, type Web, type WebOptions } from '#test/harness/web.ts';

export type RealWeb = Web & { /** A page of somebody of this role, on the desk's light theme. */ sit(browser: Browser, role: UserRole, options?: { lang?: 'zh' | 'en'; width?: number; height?: number; theme?: 'wall' | 'desk' }): Promise<Seat> };
export type Seat = { page: Page; complaints: string[]; go(name: string, ready: string): Promise<void>; shot(path: string): Promise<void>; close(): Promise<void> };

async function startRealWeb(dist: string, more: Partial<WebOptions> = {}): Promise<RealWeb> {
  const t = await testDatabase({ max: 12 });
  await loadDemo(t.db, t.seal);
  await t.db.tx(ensurePlans);
  const port = await freePort();
  const web = await testWeb({ ...more, t, settings: { pages: dist, data: '/tmp', port, publicUrl: `http://127.0.0.1:${port}`, ...more.settings } });
  const standin = await startStandin({ port: 0, key: standinKey(t.seal), hooks: `${web.url}/hooks/aliyun/${t.seal.hookSecret}`, settings: { receiptMs: 50, ringMs: 100, speakMs: 0 } });
  const log = createLog('worker', 'error', () => {});
  const notify = await startNotify({ urgentDb: t.db, db: t.db, seal: t.seal, log, metrics: createMetrics('worker'), gateway: { kind: 'standin', smsUrl: null, voiceUrl: null, standinUrl: standin.url, credentials: standinKey(t.seal) } });
  const contexts: BrowserContext[] = [];
  return {
    ...web,
    async sit(browser, role, { lang = 'zh', width = 1366, height = 768, theme = 'desk' } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
      contexts.push(context);
      await context.addInitScript(([th, l]) => { localStorage.setItem('anling.theme', th ?? ''); localStorage.setItem('anling.lang', l ?? ''); }, [theme, lang]);
      const [name, value] = (await web.cookie(role)).split('=') as [string, string];
      await context.addCookies([{ name, value, url: web.url }]);
      const page = await context.newPage();
      page.setDefaultTimeout(8_000);
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => { if (message.type() === 'error' && !/status of (401|404|409|422)/.test(message.text())) complaints.push(message.text()); });
      return {
        page, complaints,
        async go(to, ready) { await page.goto(`${web.url}/#/${to}`); await page.waitForSelector(ready); },
        async shot(path) { await page.screenshot({ path }); },
        close: () => context.close(),
      };
    },
    async stop() {
      for (const context of contexts) await context.close().catch(() => {});
      await notify.stop();
      await standin.close();
      await web.stop();
      await t.close();
    },
  };
}

/** The pages of a file of tests: built once, one browser, one real web; before each test an administrator's page, which may complain of nothing. */
export function useRealWeb(before: (now: { web: RealWeb; browser: Browser; seat: Seat }) => void, more: Partial<WebOptions> = {}, fill: (web: RealWeb) => Promise<void> = async () => {}): void {
  let built: Awaited<ReturnType<typeof buildWall>>;
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  beforeAll(async () => {
    if (chromiumPath() === null) return;
    built = await buildWall();
    browser = await openBrowser();
    web = await startRealWeb(built.dist, more);
    await fill(web);
  });
  afterAll(async () => { await web?.stop(); await browser?.close(); built?.remove(); });
  beforeEach(async ({ skip }) => { skip(chromiumPath() === null, noBrowser); seat = await web.sit(browser, 'admin'); before({ web, browser, seat }); });
  afterEach(async () => { await seat?.close(); expect(seat?.complaints ?? []).toEqual([]); });
}
