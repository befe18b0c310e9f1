/** 自定规则 on its page: off, running, ended with its reason; the hosts that flows may ask, refused by their field. */
import { describe, expect, it } from 'vitest';
import { keepVersion } from '#store/flow-versions.ts';
import { noteIncident } from '#store/flows.ts';
import { beat } from '#store/nodes.ts';
import type { Browser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS'];

describe('the page of the flows', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); });

  it('says that they are off, then how they are and what was ended; the hosts they may ask are kept, a private one only where it is said [C11 W18]', async () => {
    const { page } = seat;
    await seat.go('flows', '[data-test=flows-off]');
    await page.click('[data-test=add-host]');
    await page.fill('[data-host="0"] input >> nth=0', '192.168.8.20');
    await page.click('[data-test=save-hosts]');
    await page.waitForSelector('[data-problem="allow.0.inside"]');
    await page.check('[data-host="0"] input[type=checkbox]');
    await page.click('[data-test=save-hosts]');
    await page.waitForFunction(() => (document.querySelector('[data-test=save-hosts]') as HTMLButtonElement).disabled);
    expect((await web.t.db.query<{ value: unknown }>(`select value from setting where key = 'flows'`))[0]?.value).toEqual({ allow: [{ host: '192.168.8.20', port: null, inside: true }] });
    await beat(web.t.db, { id: 'flows-test-1', role: 'flows', detail: { flows: { port: 1880, restarts: 2, pausedMs: null, safe: false, rss: 120 * 1_048_576 } } });
    await noteIncident(web.t.db, { what: 'flood', tab: 't1', tabName: '村喇叭', node: 'n1', nodeName: '每秒一次', detail: '600 calls a minute' });
    await page.click('.page-head button');
    await page.waitForSelector('[data-test=flows-incidents]');
    expect(await page.textContent('[data-test=flows-state]')).toMatch(/运行中.*打开编辑器.*120 MB/s);
    expect(await page.textContent('[data-test=flows-incidents]')).toMatch(/刷屏.*村喇叭.*每秒一次/s);
    if (shots) await seat.shot(`${shots}/flows.png`);
    expect(seat.complaints).toEqual([]);
  });

  it('lists the versions in words, opens one, and goes back only while the flows run [C11]', async () => {
    const { page } = seat;
    const items = (label: string, func: string) => [{ id: 'a', type: 'tab', label, env: [{ name: 'KEY', type: 'cred' }] }, { id: 'n', type: 'function', z: 'a', name: '成文', func }];
    await keepVersion(web.t.db, web.t.seal, items('村喇叭', 'return 1;'), { by: 'user:u-admin', why: 'deploy' });
    await keepVersion(web.t.db, web.t.seal, items('村喇叭', 'return 2;'), { by: 'house', why: 'found' });
    await web.t.db.query(`update node set beat_at = anling_now() - interval '1 hour' where role = 'flows'`);
    await seat.go('flows', '[data-version="2"]');
    expect(await page.textContent('[data-version="1"]')).toMatch(/部署.*村喇叭: 新页签、增 1 个节点/s);
    expect(await page.textContent('[data-version="2"]')).toMatch(/系统.*启动时发现.*村喇叭: 改 1 个/s);
    await page.click('[data-version="2"] [data-test=look-version]');
    expect(await page.textContent('[data-test=version]')).toMatch(/改 成文func return 1; → return 2;/s);
    expect(await page.locator('[data-test=restore]').count()).toBe(0); // it is the newest
    await page.click('[data-version="1"] [data-test=look-version]');
    await page.waitForSelector('[data-test=restore]:disabled');
    expect(await page.textContent('[data-test=version]')).toMatch(/回退到这一版会改.*return 2; → return 1;/s);
  });

  it('is read by a shift leader, without the editor and without a word he could change [C11]', async () => {
    const other = await web.sit(browser, 'shift-leader', { lang: 'en' });
    await other.go('flows', '[data-test=flows-hosts]');
    await other.page.waitForSelector('[data-test=flows-hosts] fieldset:disabled');
    expect(await other.page.locator('[data-test=flows-editor], [data-test=save-hosts]').count()).toBe(0);
    expect(other.complaints).toEqual([]);
    await other.close();
  });
});
