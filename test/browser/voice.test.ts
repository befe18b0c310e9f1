/** What the wall says after 30 s, from where it sounds, and which part of the queue is looked at. */
import { describe, expect, it } from 'vitest';
import { type FakeServer, silence } from './fake-server.ts';
import { row, until, useWall } from './visit.ts';

const begin = '[data-test=silent-bar] button, [data-test=shift-bar] button';
describe('the voice of the wall', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });
  const said = '[data-test=sound]';

  it('says town, kind and not taken behind the tone of a P1 that waits for 30 s, not of one that has just come, nor of one that is taken', async () => {
    server.voice = new Map([['unclaimed', silence()], ['kind-sos', silence()], ['town-350425201000', silence()]]);
    const { page } = await come();
    await page.click(begin);
    await page.waitForSelector('[data-test=heard-bar]');
    expect(await page.locator('[data-test=post][data-lacking*=voice]').count()).toBe(0);
    const fresh = server.house.raise({ kind: 'fall' });
    await page.waitForSelector(`${said}[data-p1="1"]`, { timeout: 8_000 });
    expect(await page.getAttribute(said, 'data-said')).toBeNull();
    server.house.change(fresh.id, { state: 'claimed', claimedBy: 'u-lisi' }, 'claimed');
    server.house.raise({ kind: 'sos', openedAt: server.house.now() - 31_000, subject: { type: 'person', id: 'p9', name: '林*英' } });
    await page.waitForSelector(`${said}[data-said="town-350425201000 kind-sos unclaimed"]`, { timeout: 10_000 });
  });

  it('rings by its tone alone, and says so on the strip, where nothing was recorded; and while the recordings never come [LAW1]', async () => {
    server.voice = new Map();
    const { page, context } = await come();
    await page.click(begin);
    await page.waitForSelector('[data-test=post][data-lacking*=voice]');
    expect(await page.textContent('[data-test=post]')).toContain('没有录音,30秒后只有铃声');
    server.house.raise({ openedAt: server.house.now() - 31_000 });
    await page.waitForSelector(`${said}[data-p1="1"]`, { timeout: 8_000 });
    expect(await page.getAttribute(said, 'data-said')).toBeNull();
    await context.route('**/api/v1/desk/voice', () => { /* no answer */ });
    await page.reload();
    await page.click(begin);
    await page.waitForSelector(`${said}[data-p1="1"]`, { timeout: 10_000 });
  });

  it('sounds from the output that was chosen on this PC, and from the system’s own, said on the strip, when that is gone', async () => {
    const { page, context } = await come();
    await context.addInitScript(`
      window.sinks = []; const outputs = [{ kind: 'audiooutput', deviceId: 'headset-1', label: '耳机' }, { kind: 'audiooutput', deviceId: 'box-2', label: '喇叭' }];
      navigator.mediaDevices.enumerateDevices = async () => (window.gone ? outputs.slice(1) : outputs);
      AudioContext.prototype.setSinkId = async function (id) { window.sinks.push(id); };
    `);
    await page.reload();
    await page.click(begin);
    await page.click('[data-test=sound-open]');
    await page.selectOption('[data-test=output]', 'headset-1');
    await until('it sounds from the headset', 5_000, () => page.evaluate(() => (window as unknown as { sinks: string[] }).sinks.at(-1) === 'headset-1'));
    expect(await page.evaluate(() => localStorage.getItem('anling.output'))).toBe('headset-1');
    await page.evaluate(() => { (window as unknown as { gone: boolean }).gone = true; navigator.mediaDevices.dispatchEvent(new Event('devicechange')); });
    await page.waitForSelector('[data-test=post][data-lacking*=output]');
    expect(await page.evaluate(() => (window as unknown as { sinks: string[] }).sinks.at(-1))).toBe('');
    await page.evaluate(() => { (window as unknown as { gone: boolean }).gone = false; navigator.mediaDevices.dispatchEvent(new Event('devicechange')); });
    await page.waitForSelector('[data-test=post][data-lacking*=output]', { state: 'detached' });
    expect(await page.evaluate(() => (window as unknown as { sinks: string[] }).sinks.at(-1))).toBe('headset-1');
  });

  it('a saved filter hides what it says and how much that is, never a P1, rings for what it hides, and is off after a reload [LAW5]', async () => {
    const far = server.house.raise({ kind: 'fall', regionCode: '350425100001', town: '均溪镇' });
    const battery = server.house.raise({ kind: 'low-battery', priority: 3, regionCode: '350425100001' });
    const near = server.house.raise({ kind: 'offline', priority: 3 });
    server.house.filters = [{ name: '屏山', towns: ['350425201000'], kinds: [], priorities: [], mine: false }];
    const { page } = await come();
    const choose = async (name: string): Promise<void> => { await page.click('[data-test=search-open]'); await page.selectOption('[data-test=filter-choice]', name); };
    await page.waitForSelector(row(battery.id));
    await choose('屏山');
    await page.waitForSelector('[data-test=filter-line]');
    expect(await page.textContent('[data-test=filter-line]')).toContain('只看“屏山”:隐藏了 1 条');
    await page.waitForSelector(row(battery.id), { state: 'detached' });
    for (const id of [far.id, near.id]) expect(await page.isVisible(row(id))).toBe(true);
    const motionless = server.house.raise({ kind: 'motionless', priority: 2, regionCode: '350425100001' });
    await until('two are hidden', 10_000, async () => ((await page.textContent('[data-test=filter-line]')) ?? '').includes('隐藏了 2 条'));
    expect(await page.getAttribute('.count.p2', 'data-n')).toBe('1'); // counts know of no filter
    const sos = server.house.raise({ regionCode: '350425100001' });
    await page.waitForSelector(row(sos.id), { timeout: 10_000 });
    await page.click('[data-test=filter-off]');
    await page.waitForSelector(row(motionless.id));
    await choose('屏山');
    await page.waitForSelector('[data-test=filter-line]');
    await page.reload();
    await page.waitForSelector(row(battery.id));
    expect(await page.locator('[data-test=filter-line]').count()).toBe(0);
    await choose('+');
    await page.waitForSelector('[data-test=filter-form]');
    await page.fill('[data-test=filter-form] input[name=name]', '电池');
    await page.check('[data-test=filter-form] input[value=low-battery]');
    await page.click('[data-test=filter-save]');
    await page.waitForSelector('[data-test=filter-line]');
    expect(server.house.filters.map((f) => f.name)).toEqual(['屏山', '电池']);
  });
});
