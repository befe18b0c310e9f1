/** The page of 可达性 on the real API with the demonstration county: a village with nobody stands first, its people with their proofs, a number is mended, the ring is switched on. */
import { describe, expect, it } from 'vitest';
import { createAssurance } from '#alerts/assurance.ts';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there

describe('the page of reachability', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, {}, async ({ t }) => {
    await t.db.query(`update device set status = 'installed'`);
    const [v] = await t.db.query<{ code: string }>(`select h.region_code as code from home h where exists (select from device d where d.home_id = h.id) group by 1 order by count(*) desc, 1 limit 1`);
    await t.db.query(`update responder set absent_until = anling_now() + interval '2 days' where region_code = $1`, [v?.code]);
    await t.db.query(`insert into reach (party, phone_bidx, fails, failed_at) select 'contact:' || id, phone_bidx, 3, anling_now() from contact order by id limit 1`);
    const tools = { db: t.db, seal: t.seal, log: createLog('test', 'fatal', () => {}), metrics: createMetrics('test') };
    await createAssurance(tools)();
    await t.db.query(`update reach_gap set since = since - interval '6 minutes'`);
    await createAssurance({ ...tools, metrics: createMetrics('again') })();
    await createEvaluate({ ...tools, metrics: createMetrics('evaluate') })();
  });
  const show = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('says first which village has nobody, and of its people why and when they last answered [E10 E11]', async () => {
    const { page } = seat;
    await seat.go('reach', '[data-test=reach-villages]');
    expect(await page.textContent('[data-test=reach-sum]')).toContain('1 个村现在无人可叫');
    const first = page.locator('[data-test=reach-villages] tbody tr').first();
    expect(await first.textContent()).toContain('无人可叫');
    await show('reach');
    await first.locator('a').click();
    await page.waitForSelector('[data-test=reach-people] tbody tr');
    expect(await page.locator('[data-test=reach-people] tbody tr').first().textContent()).toMatch(/外出|至/);
    await show('reach-village');
  });

  it('is a technical notice at the wall that names the village, and rings no emergency [E10]', async () => {
    const { page } = seat;
    await seat.go('wall', '[data-test=queue] [data-test=row]');
    const [name] = await web.t.db.query<{ name: string }>(`select r.name from reach_gap g join region r on r.code = g.region_code`);
    const row = page.locator('[data-test=queue] [data-test=row]');
    expect([await row.count(), await row.getAttribute('data-p')]).toEqual([1, '3']);
    expect(await row.textContent()).toContain('无人可叫');
    expect(await row.textContent()).toContain(name?.name.slice(0, 2));
    await row.locator('.row-main').click();
    await page.waitForSelector('[data-test=nobody-there] a');
    await show('reach-wall');
    await page.click('[data-test=nobody-there] a');
    await page.waitForSelector('[data-test=reach-people]');
  });

  it('lists numbers to be mended and takes a human’s word for one [2.17]', async () => {
    const { page } = seat;
    await seat.go('reach', '[data-test=number-tasks] [data-task]');
    expect(await page.textContent('[data-test=number-tasks] [data-task]')).toContain('三次打不通');
    await page.click('[data-test=mended]');
    await page.click('[data-test=mended]');
    await page.waitForSelector('[data-test=number-tasks] .empty');
    expect(await web.t.db.query(`select how, closed_by like 'user:%' as human from number_task`)).toEqual([{ how: 'mended', human: true }]);
  });

  it('switches the weekly ring on, refuses hours that run backwards at their field, and says that it is on [E11]', async () => {
    const { page } = seat;
    await seat.go('reach', '[data-test=save-ring]');
    await page.check('[data-test=ring-weekly]');
    await page.fill('[data-test=ring-to]', '06:00');
    await page.click('[data-test=save-ring]');
    await page.waitForSelector('[data-problem="settings.to"]');
    await page.fill('[data-test=ring-to]', '17:00');
    await page.click('[data-test=save-ring]');
    await page.waitForFunction(() => document.querySelector<HTMLButtonElement>('[data-test=save-ring]')?.disabled === true);
    await show('reach-settings');
    await page.waitForFunction(() => document.querySelector('[data-test=reach-sum]')?.textContent?.includes('本周试铃 0 人'));
  });
});
