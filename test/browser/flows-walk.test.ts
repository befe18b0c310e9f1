/**
 * The walk through docs/flows.md in the real editor and pages: import a ready flow, try it before it is deployed, deploy, change, go back. With ANLING_PICTURES=1 (npm run pictures) its
 * pictures replace those in docs/images.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Flows, flowsOn, lastNight, root } from '#test/harness/flows.ts';
import type { Browser, Page } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const images = join(root, 'docs', 'images');
const keep = process.env['ANLING_PICTURES'] === '1';
const folder = keep ? images : mkdtempSync(join(tmpdir(), 'anling-walk-'));
async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`) });
  expect(existsSync(join(images, `${name}.png`)), `docs/images/${name}.png: npm run pictures`).toBe(true);
}
const door = readFileSync(join(root, 'flows', 'ready', 'door-night.json'), 'utf8');
const night = lastNight();

describe('the walk through the flows', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  let flows: Flows;
  useRealWeb((now) => { ({ web, browser, seat } = now); }, {}, async (made) => {
    // A night in one home: somebody left the bed, then the door was opened.
    await made.t.db.query(`insert into device_model (id, name, type, supervision_class, power, confirm_window_s) values ('door-contact', '门磁', 'door', '24h', 'battery', 0), ('bed-strip', '床垫', 'bed', '24h', 'battery', 0) on conflict do nothing`);
    await made.t.db.query(`insert into device (id, model, home_id, secret_hash, status) select v.id, v.model, (select id from home order by id limit 1), '\\x00', 'installed' from (values ('walk-door', 'door-contact'), ('walk-bed', 'bed-strip')) v (id, model)`);
    for (const [kind, device, at] of [['bed-exit', 'walk-bed', night], ['motionless', 'walk-door', night + 8 * 60_000]] as const)
      await made.t.db.query(`insert into event (ingest_id, shard, urgency, source, kind, device_id, received_at, data_enc, trace) values (gen_random_uuid(), 0, 2, 'mqtt', $1, $2, to_timestamp($3::float8 / 1000), $4, 't')`, [kind, device, at, made.t.seal.seal('event.data', '{"data":{}}')]);
    flows = await flowsOn(made);
    await flows.up();
  });
  afterAll(async () => { await flows?.end(); if (!keep) rmSync(folder, { recursive: true, force: true }); });

  it('from the page to the editor: a ready flow is imported, tried, deployed, changed and gone back to [C10 C11]', async () => {
    const { page } = seat;
    await page.setViewportSize({ width: 1180, height: 640 });
    await seat.go('flows', '[data-test=flows-editor]');
    await page.waitForSelector('[data-test=flows-versions]');
    await picture(page, 'flows-page');

    const context = await browser.newContext({ viewport: { width: 1180, height: 640 }, locale: 'zh-CN', reducedMotion: 'reduce' });
    await context.addCookies(await page.context().cookies());
    await context.addInitScript(() => { localStorage.setItem('anling.theme', 'desk'); localStorage.setItem('anling.lang', 'zh'); });
    const editor = await context.newPage();
    await editor.goto(`${web.url}/flows/`);
    await editor.waitForSelector('#anling-trial', { timeout: 60_000 });
    await editor.waitForFunction(() => (document.querySelectorAll('.red-ui-palette-node').length > 20 && document.querySelector('#red-ui-loading-progress')?.checkVisibility() !== true));
    await editor.keyboard.press('Control+i');
    await editor.fill('#red-ui-clipboard-dialog-import-text', door);
    await editor.press('#red-ui-clipboard-dialog-import-text', 'Control+Home'); // it looks at what was typed
    await picture(editor, 'flows-import');
    await editor.click('#red-ui-clipboard-dialog-ok');
    await editor.waitForSelector('.red-ui-tab-label >> text=夜里开门又离床');
    await editor.click('.red-ui-tab-label >> text=夜里开门又离床');
    await editor.waitForSelector('.red-ui-flow-node-label >> text=发起 P2');
    await editor.waitForTimeout(500);
    await picture(editor, 'flows-drawn');

    // Tried as it is drawn: nothing is deployed yet.
    const [tried] = await Promise.all([context.waitForEvent('page'), editor.click('#anling-trial')]);
    await tried.waitForSelector('[data-test=trial-added]', { timeout: 60_000 });
    expect(await tried.textContent('[data-test=trial-added]')).toMatch(/发起告警home:.* P2夜里离床后开门,可能外出/);
    expect(await web.t.db.query(`select 1 from event where kind = 'flow'`)).toEqual([]);
    expect(await web.t.db.query('select 1 from flow_version')).toEqual([]);
    await tried.locator('[data-test=flows-trials]').scrollIntoViewIfNeeded();
    await tried.evaluate(() => document.querySelector('[data-test=flows-trials]')?.scrollIntoView());
    await picture(tried, 'flows-trial');
    await tried.close();

    const deploy = async (version: number): Promise<void> => {
      await editor.click('#red-ui-header-button-deploy');
      await expect.poll(async () => (await web.t.db.query('select 1 from flow_version')).length).toBe(version);
    };
    await deploy(1);
    // A change as the editor makes it: what counts as "at once" is an hour now.
    await editor.evaluate(() => {
      const red = (globalThis as unknown as { RED: { nodes: { workspace(id: string): { env: { name: string; value: string }[]; changed: boolean }; dirty(on: boolean): void } } }).RED;
      const tab = red.nodes.workspace('door');
      tab.env = tab.env.map((e) => (e.name === 'MINUTES' ? { ...e, value: '60' } : e));
      tab.changed = true;
      red.nodes.dirty(true);
    });
    await deploy(2);
    await context.close();

    await page.reload();
    await page.waitForSelector('[data-version="2"]');
    await page.click('[data-version="1"] [data-test=look-version]');
    await page.waitForSelector('[data-test=restore]:enabled');
    expect(await page.textContent('[data-test=version]')).toMatch(/回退到这一版会改.*MINUTES/s);
    await page.evaluate(() => document.querySelector('[data-test=flows-versions]')?.scrollIntoView());
    await picture(page, 'flows-versions');
    await page.click('[data-test=restore]');
    await page.waitForSelector('[data-version="3"]');
    expect(await page.textContent('[data-version="3"]')).toMatch(/回退到 1/);
    const file = JSON.parse(readFileSync(join(flows.folder, 'flows.json'), 'utf8')) as { id: string; env?: { name: string; value: string }[] }[];
    expect(file.find((n) => n.id === 'door')?.env?.find((e) => e.name === 'MINUTES')?.value).not.toBe('60');
  }, 180_000);
});
