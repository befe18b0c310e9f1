/** 成批认领 in a browser before the real API: how many, one confirmation, the emergencies stay. */
import { describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';
import { row } from './visit.ts';

describe('成批认领', () => {
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, seat } = now); }, { respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('worker', 'silent'), metrics: createMetrics('test') }) });

  it('takes every alarm of a device that nobody has, by one confirmation with its number, and leaves the fall and the outage where they stand [D11 LAW5]', async () => {
    const { page } = seat;
    const region = '350425201202';
    const [fall, outage] = [await web.alert({ kind: 'fall', region }), await web.alert({ kind: 'outage', priority: 2, region: '350425201000' })];
    const ids = [];
    for (const kind of ['offline', 'offline', 'low-battery']) ids.push(await web.alert({ kind, priority: 3, region }));
    await seat.go('wall', row(fall));
    await page.click('[data-test=bulk-open]');
    await page.waitForSelector('[data-test=bulk-form]');
    expect(await page.textContent('[data-test=bulk-form] p')).toBe('3 条 离线 2 · 低电量 1');
    expect(await page.textContent('[data-test=bulk-go]')).toBe('认领 3 条');
    if (process.env['ANLING_SHOTS']) await seat.shot(`${process.env['ANLING_SHOTS']}/bulk.png`);
    await page.click('[data-test=bulk-go]');
    await page.waitForSelector('[data-test=bulk-form]', { state: 'detached' });
    for (const id of ids) await page.waitForSelector(`${row(id)}[data-state=claimed]`);
    for (const id of [fall, outage]) expect(await page.getAttribute(row(id), 'data-state')).toBe('open');
    expect(await web.t.db.query(`select count(*)::int as n from alert where state = 'claimed'`)).toEqual([{ n: 3 }]);
  });
});
