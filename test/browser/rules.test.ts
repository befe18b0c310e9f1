/** 规则参数 on its page: nothing set, a line refused at its field, tried with its difference, adopted with a reason, gone back to; read in English without a button. */
import { setImmediate as breathe } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTryRules } from '#alerts/rules-try.ts';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import type { Browser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS'];

describe('the page of rule parameters', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); }, { more: (t) => ({ tryRules: createTryRules({ db: t.db, seal: t.seal, breathe }) }) }, async ({ t }) => {
    // A device that was silent for 200 s an hour ago, as supervision writes it down.
    const [d] = await t.db.query<{ id: string; home: string }>(`select d.id, d.home_id as home from device d join device_model m on m.id = d.model where m.supervision_class = '60s' and d.status = 'installed' order by d.id limit 1`);
    await insertHouseEvents(t.db, t.seal, [{ kind: 'offline', edge: 'raise', deviceId: d!.id, homeId: d!.home, data: {} }]);
    await t.db.query(`insert into silence (device_id, from_at, silent_at, back_at) values ($1, anling_now() - interval '181 seconds', anling_now() - interval '46 seconds', anling_now() + interval '20 seconds')`, [d!.id]);
    const evaluate = createEvaluate({ db: t.db, seal: t.seal, log: createLog('test', 'silent'), metrics: createMetrics('test') });
    while ((await evaluate()) > 0);
  });

  it('is empty first; a value out of bounds is said at its field; a dry run shows the difference; adopted with a reason, and gone back [C10]', async () => {
    const { page } = seat;
    await seat.go('rules', '[data-test=rules-empty]');
    expect(await page.locator('[data-test=rules-adopt]').count()).toBe(0);
    await page.selectOption('[data-test=rules-add] select[name=param]', 'graceS');
    await page.selectOption('[data-test=rules-add] select[name=id]', '60s');
    await page.fill('[data-test=rules-add] input[name=value]', '300');
    await page.click('[data-test=rules-add-line]');
    await page.fill('[data-line="0"] input', '9999');
    await page.click('[data-test=rules-try]');
    await page.waitForSelector('[data-problem="entries.0.value"]');
    expect(await page.textContent('[data-problem="entries.0.value"]')).toContain('600');
    await page.fill('[data-line="0"] input', '300');
    expect(await page.locator('[data-test=rules-save]').isDisabled()).toBe(true);
    await page.click('[data-test=rules-try]');
    await page.waitForSelector('[data-test=rules-rows] tr[data-change=dropped]');
    expect(await page.textContent('[data-test=rules-counts]')).toContain('不再报 1');
    expect(await page.textContent('[data-test=rules-agreement]')).toMatch(/1 起里有 1 起与实际完全一致/);
    if (shots) await seat.shot(`${shots}/rules.png`);
    await page.fill('[data-test=rules-adopt] input[name=reason]', '山里信号差');
    await page.click('[data-test=rules-save]');
    await page.waitForSelector('[data-test=rules-versions] tr[data-no="1"]');
    expect(await page.textContent('[data-test=rules-versions] tr[data-no="1"]')).toMatch(/山里信号差.*离线判定.*未设 → 300.*使用中/s);
    expect((await web.t.db.query(`select grace_s from supervision_class where id = '60s'`))[0]).toEqual({ grace_s: 300 });
    await page.click('[data-test=rules-back][data-no="0"]');
    await page.fill('[data-test=rules-back-form] input[name=reason]', '还是原来的好');
    await page.click('[data-test=rules-back-save]');
    await page.waitForSelector('[data-test=rules-versions] tr[data-no="2"]');
    await page.waitForSelector('[data-test=rules-empty]');
    expect((await web.t.db.query(`select grace_s from supervision_class where id = '60s'`))[0]).toEqual({ grace_s: 180 });
    expect(seat.complaints).toEqual([]);
  });

  it('somebody who was faster is said, and what was typed waits; an auditor reads it in English and can press nothing [C10]', async () => {
    const { page } = seat;
    await seat.go('rules', '[data-test=rules-add]');
    await page.selectOption('[data-test=rules-add] select[name=param]', 'flapEnds');
    await page.fill('[data-test=rules-add] input[name=value]', '5');
    await page.click('[data-test=rules-add-line]');
    await page.click('[data-test=rules-try]');
    await page.waitForSelector('[data-test=rules-same]');
    await web.t.db.query(`insert into rule_version (no, entries, reason, by_actor, by_name) select coalesce(max(no), 0) + 1, '[]', 'faster', 'user:x', '郑值班' from rule_version`);
    await page.fill('[data-test=rules-adopt] input[name=reason]', '抖动太多');
    await page.click('[data-test=rules-save]');
    await page.waitForSelector('[data-test=rules-problem]');
    expect(await page.inputValue('[data-line="0"] input')).toBe('5');
    const other = await web.sit(browser, 'auditor', { lang: 'en' });
    await other.go('rules', '[data-test=rules-versions]');
    expect(await other.page.textContent('[data-test=rules-versions]')).toMatch(/faster/);
    expect(await other.page.locator('[data-test=rules-add], [data-test=rules-try], [data-test=rules-back], [data-test=rules-adopt]').count()).toBe(0);
    expect(other.complaints).toEqual([]);
    await other.close();
  });
});
