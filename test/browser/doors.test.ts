/** 厂商接入 on the real API: a door is opened and its key shown once, a table of one's own is tried on a frame that was set aside, and a stranger behind a door is claimed. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { insertQuarantined } from '#store/quarantine.ts';
import { openDoor } from '#store/vendor-doors.ts';
import { noteUnregistered } from '#store/unregistered.ts';
import { doorWords } from '#vendors/door-words.ts';
import type { Browser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS'];

describe('vendors’ doors', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); }, { more: () => ({ vendors: doorWords }) });
  const show = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('opens a door, shows its key once; reads a frame by a table at each change, and keeps it [A9 A10]', async () => {
    expect(browser).toBeDefined();
    const raw = Buffer.from('{"dev":{"sn":"B-7"},"ts":1700000000,"alarm":{"code":"01"}}');
    await insertQuarantined(web.t.db, [{ ingestId: randomUUID(), deviceId: 'door_own', topic: 'vendor/own/event', rawSealed: web.t.seal.seal('quarantine.raw', raw.toString('base64')), bytes: raw.length, reason: 'this door has no mapping yet', trace: 't', ageMs: 0 }]);
    const { page } = seat;
    await seat.go('doors', '[data-test=new-door]');
    await page.fill('input[name=name]', 'ctwing');
    await page.click('[data-test=new-door] button[type=submit]');
    expect(await page.textContent('[data-test=door-url] code')).toMatch(/\/vendors\/ctwing\?key=\S{16,}/);
    await page.waitForSelector('tr[data-door=ctwing]');
    await page.selectOption('[data-test=door-kind]', 'onenet');
    await page.fill('input[name=name]', 'yidong');
    await page.click('[data-test=new-door] button[type=submit]');
    await page.waitForSelector('[data-problem="secrets.token"]');
    await page.selectOption('[data-test=door-kind]', 'mapping');
    await page.fill('input[name=name]', 'own');
    await page.click('[data-test=new-door] button[type=submit]');
    await page.waitForSelector('[data-test=door-editor] [data-test=trial]');
    await page.waitForFunction(() => document.querySelectorAll('[data-test=trial-frame] option').length > 1);
    await page.selectOption('[data-test=trial-frame]', { index: 1 });
    await page.waitForFunction(() => document.querySelector('[data-test=trial-said]')?.textContent?.includes('设备编号的位置上没有内容') === true);
    await page.fill('[data-place=device]', 'dev.sn');
    await page.fill('[data-place=time]', 'ts');
    await page.click('[data-test=add-line]');
    await page.fill('[data-line="0"] input >> nth=0', 'alarm.code');
    await page.fill('[data-line="0"] input >> nth=1', '01');
    await page.waitForFunction(() => /B-7.*一键呼.*发生/.test(document.querySelector('[data-test=trial-said]')?.textContent ?? ''));
    await show('doors-mapping');
    await page.click('[data-test=save-door]');
    await page.waitForFunction(() => document.querySelector('[data-test=door-editor] [data-place=device]') !== null);
    await expect.poll(async () => (await openDoor(web.t.db, web.t.seal, 'own'))?.settings.mapping).toEqual({ device: 'dev.sn', time: 'ts', events: [{ at: 'alarm.code', is: '01', kind: 'sos' }], readings: {}, else: 'unreadable' });
  });

  it('a stranger behind a door is claimed: its registration knows door and number [A11]', async () => {
    await noteUnregistered(web.t.db, [{ presentedId: 'ctwing_860000000000009', reason: 'unknown', address: '1.2.3.4', door: 'ctwing', key: '860000000000009', count: 2 }], 100);
    const { page } = seat;
    await seat.go('unregistered', '[data-test=claim]');
    await show('doors-stranger');
    await page.click('[data-test=claim]');
    await page.waitForSelector('[data-test=register] input[name=doorKey]');
    expect(await page.inputValue('input[name=doorKey]')).toBe('860000000000009');
    await page.click('[data-test=register] button[type=submit]');
    await page.waitForSelector('[data-test=made-id]');
    expect(await web.t.db.query(`select door, door_key from device where door is not null`)).toEqual([{ door: 'ctwing', door_key: '860000000000009' }]);
    await seat.go('doors', 'tr[data-door=ctwing]');
    expect(await page.textContent('tr[data-door=ctwing]')).toContain('1');
    await show('doors-list');
  });
});
