/** One visit of a browser to the fake house: a fresh context, everything it asked for and complained about written down. */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Browser, type BrowserContext, buildWall, chromiumPath, noBrowser, openBrowser, type Page } from './browser.ts';
import { type FakeServer, startFakeServer } from './fake-server.ts';

export type Visit = { page: Page; context: BrowserContext; foreign: string[]; complaints: string[]; close(): Promise<void> };
export type VisitOptions = { user?: string; /** Already logged in by its cookie. Nothing is asked of the page: Playwright's own questions count as gestures, which unlock sound. */ returning?: boolean; /** address below the server */ path?: string; /** which map: else the tiles, where graphics are reckoned by the processor */ map?: 'map' | 'tiles'; width?: number; height?: number; lang?: 'zh' | 'en'; theme?: 'wall' | 'desk' };

/** Opens the wall and, unless `returning`, logs in through the form. */
async function visit(browser: Browser, server: FakeServer, options: VisitOptions = {}): Promise<Visit> {
  const { user = 'admin', returning = false, path = '/', map = '', width = 1366, height = 768, lang = 'zh', theme = 'wall' } = options;
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  await context.addInitScript(([t, l, m]) => { localStorage.setItem('anling.theme', t ?? ''); localStorage.setItem('anling.lang', l ?? ''); if (m) localStorage.setItem('anling.map', m); }, [theme, lang, map]);
  if (returning) await context.addCookies([{ name: 'anling', value: user, url: server.url }]);
  const page = await context.newPage();
  const foreign: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => { if (!request.url().startsWith(server.url)) foreign.push(request.url()); });
  page.on('websocket', (socket) => { if (!socket.url().startsWith(server.url.replace('http', 'ws'))) foreign.push(socket.url()); });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error' && !/status of (401|409|422)/.test(message.text())) complaints.push(message.text()); });
  await page.goto(server.url + path);
  if (!returning) { await logIn(page, user); await page.waitForSelector('[data-test=queue]'); }
  return { page, context, foreign, complaints, close: () => context.close() };
}

/** The wall of a file of tests: built once, one browser, before each test a fake house of its own; what came is sent away after it. */
export function useWall(before: (server: FakeServer, browser: Browser) => void, beatMs?: number): (options?: VisitOptions) => Promise<Visit> {
  let browser: Browser;
  let built: Awaited<ReturnType<typeof buildWall>>;
  let server: FakeServer;
  let open: Visit[] = [];
  beforeAll(async () => { if (chromiumPath() !== null) { built = await buildWall(); browser = await openBrowser(); } });
  afterAll(async () => { await browser?.close(); built?.remove(); });
  beforeEach(async ({ skip }) => { skip(chromiumPath() === null, noBrowser); server = await startFakeServer(built.dist, beatMs); before(server, browser); });
  afterEach(async () => { for (const v of open) await v.close(); open = []; await server?.close(); });
  return async (options = {}) => { const v = await visit(browser, server, options); open.push(v); return v; };
}

export async function logIn(page: Page, user: string, password = 'right'): Promise<void> {
  await page.fill('input[name=username]', user);
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
}

/** Goes to a page through the navigation, opening its menu where it stands in one. */
export async function openPage(page: Page, name: string): Promise<void> {
  const link = page.locator(`nav [data-page="${name}"]`);
  for (const menu of await page.locator('nav .menu-button').all()) {
    if (await link.count()) break;
    await menu.click();
  }
  await link.click();
}

/** A row of the queue. */
export const row = (id: string): string => `[data-test=row][data-id="${id}"]`;
/** Waits until `look` holds, asking every 25 ms. */
export async function until(what: string, ms: number, look: () => boolean | Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await look())) {
    if (performance.now() - began > ms) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return performance.now() - began;
}
