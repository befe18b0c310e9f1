/** What the browser owes a manned desk, and that the alarm waits for none of it: full screen, lit screen, a word from a hidden tab, a question before leaving. */
import { describe, expect, it } from 'vitest';
import type { BrowserContext, Page } from './browser.ts';
import { elder } from './fake-house.ts';
import type { FakeServer } from './fake-server.ts';
import { row, until, useWall } from './visit.ts';

type Note = { title: string; body: string; closed: boolean };
type Seen = { notes: Note[]; locks: { release(): Promise<void> }[]; hidden: boolean };
const seen = async <T>(page: Page, look: (w: Seen) => T): Promise<T> => page.evaluate(`(${look.toString()})(window)`) as Promise<T>;

/** Writes down what the page asks of a real browser: notifications and locks; and lets a test hide the tab, which headless tabs never are. */
async function watch(context: BrowserContext): Promise<void> {
  await context.addInitScript(`
    window.notes = []; window.locks = []; window.hidden = false;
    Object.defineProperty(document, 'visibilityState', { get: () => (window.hidden ? 'hidden' : 'visible') });
    const Real = Notification;
    window.Notification = class extends Real {
      constructor(title, options) { super(title, options); const note = { title, body: options.body, closed: false }; window.notes.push(note); this.note = note;
        this.addEventListener('close', () => { note.closed = true; }); } // a later one of the same tag takes its place
      close() { this.note.closed = true; super.close(); }
    };
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (type) => { const lock = await request(type); window.locks.push(lock); return lock; };
  `);
}
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate((h) => { (window as unknown as Seen).hidden = h; document.dispatchEvent(new Event('visibilitychange')); }, hidden);
}
const begin = '[data-test=silent-bar] button, [data-test=shift-bar] button';

describe('a manned desk', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });

  it('takes the whole screen and keeps it lit, and a hidden tab says that an emergency came, without a name; seen again, the word is taken back and the light asked for anew [D1 FF3]', async () => {
    const { page, context, complaints } = await come();
    await context.grantPermissions(['notifications', 'screen-wake-lock']);
    await watch(context);
    await page.reload();
    await page.click(begin);
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await until('a lock on the screen', 5_000, () => seen(page, (w) => w.locks.length === 1));
    expect(await page.locator('[data-test=post]').count()).toBe(0);
    server.house.raise({ subject: { type: 'person', id: 'p-seen', name: '林*英' } });
    await page.waitForSelector('[data-test=row]');
    expect(await seen(page, (w) => w.notes.length)).toBe(0); // it is looked at
    await hide(page, true);
    await page.evaluate(() => (window as unknown as Seen).locks[0]?.release()); // as browsers do with a tab that is hidden
    server.house.raise({ kind: 'low-battery', priority: 3 });
    const alert = server.house.raise();
    await until('a notification', 5_000, () => seen(page, (w) => w.notes.length > 0));
    const [note, ...more] = await seen(page, (w) => w.notes);
    expect(more).toEqual([]);
    expect(note).toEqual({ title: '2 起紧急警情没有接', body: '屏山乡 一键呼', closed: false });
    for (const secret of [elder.name, elder.masked, elder.phone, elder.address, '内洋']) expect(JSON.stringify(note)).not.toContain(secret);
    server.house.change(alert.id, { count: 2 }, 'raised-again', 'p1');
    await until('a new press says it again', 5_000, () => seen(page, (w) => w.notes.length === 2));
    await hide(page, false);
    await until('the words are taken back', 5_000, () => seen(page, (w) => w.notes.every((n) => n.closed)));
    await until('the light asked for anew', 5_000, () => seen(page, (w) => w.locks.length === 2));
    expect(complaints).toEqual([]);
  });

  it('rings, and asks whether it was heard, while every prompt of the browser stands unanswered [LAW1 FF3]', async () => {
    const { page, context } = await come();
    await context.addInitScript(`
      const never = () => new Promise(() => {});
      Object.defineProperty(Notification, 'permission', { get: () => 'default' });
      Notification.requestPermission = never; Element.prototype.requestFullscreen = never; navigator.wakeLock.request = never;
    `);
    await page.reload();
    await page.click(begin);
    await page.waitForSelector('[data-test=heard-bar]');
    const alert = server.house.raise();
    await page.waitForSelector('[data-test=sound][data-p1="1"]', { timeout: 5_000 });
    await page.waitForSelector(row(alert.id));
    expect(await page.locator('[data-test=post]').count()).toBe(0); // nothing is lacking that was not refused
  });

  it('says on the strip what the browser refused, and one press asks again', async () => {
    const { page, context } = await come();
    await context.addInitScript(`
      window.asked = 0;
      Object.defineProperty(Notification, 'permission', { get: () => 'denied' });
      Element.prototype.requestFullscreen = () => { window.asked++; return Promise.reject(new TypeError('no')); };
      Object.defineProperty(navigator, 'wakeLock', { value: undefined });
    `);
    await page.reload();
    await page.waitForSelector('[data-test=link]');
    expect(await page.locator('[data-test=post]').count()).toBe(0); // nobody is on duty yet
    await page.click(begin);
    await page.waitForSelector('[data-test=post][data-lacking="full awake notices"]');
    expect(await page.textContent('[data-test=post]')).toContain('没有全屏 · 屏幕会自己熄 · 窗口看不见时没有弹窗');
    await page.click('[data-test=post] button');
    await until('asked again', 5_000, () => page.evaluate(() => (window as unknown as { asked: number }).asked === 2));
    await page.waitForSelector('[data-test=heard-bar]');
  });

  it('asks before the tab is left on duty, and never before or after [D1]', async () => {
    const { page } = await come();
    const asked: string[] = [];
    page.on('dialog', (dialog) => { asked.push(dialog.type()); void dialog.accept(); });
    await page.click('[data-test=counts]'); // a hand was here: without one browsers ask nothing
    await page.reload();
    expect(asked).toEqual([]);
    await page.click(begin);
    await page.waitForSelector('[data-test=heard-bar]');
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
    await page.click(begin);
    await page.waitForSelector('[data-test=heard-bar]');
    await page.click('text=退出');
    await page.waitForSelector('input[name=password]');
    await page.click('input[name=username]');
    await page.reload();
    expect(asked).toEqual(['beforeunload']);
  });
});
