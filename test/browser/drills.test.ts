/** 演练 on the pages, with the demonstration county and the real sender: begun for a village, seen on the wall apart from the alarms, taken, answered, scored. */
import { afterAll, describe, expect, it } from 'vitest';
import { startDrills } from '#alerts/drill.ts';
import { createReplies } from '#alerts/replies.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { insertReply } from '#store/replies.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there
const stops: (() => Promise<void>)[] = [];

describe('a drill on the pages', () => {
  let seat: Seat;
  let web: RealWeb;
  let tools: Parameters<typeof startDrills>[0];
  useRealWeb((now) => { ({ seat, web } = now); }, {}, async ({ t }) => {
    tools = { db: t.db, seal: t.seal, log: createLog('test', 'fatal', () => {}), metrics: createMetrics('test') };
    const loop = startDrills(tools);
    stops.push(() => loop.stop());
  });
  afterAll(async () => { for (const stop of stops) await stop(); }); // before the database goes
  const show = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('is begun for a village, stands on the wall dashed and marked apart from the alarms, is taken and answered, and its scores name who was how fast [2.16]', async () => {
    const { page } = seat;
    await seat.go('drills', '[data-test=drills] .empty');
    await page.click('[data-test=new-drill]');
    await page.waitForSelector('[data-test=drill-villages] details');
    await page.click('[data-test=begin-drill]');
    await page.click('[data-test=begin-drill]');
    await page.waitForSelector('[data-problem=homeIds], [data-problem=regions]');
    const [v] = await web.t.db.query<{ code: string; town: string }>(`select h.region_code as code, left(h.region_code, 9) || '000' as town from home h join person p on p.home_id = h.id where p.status = 'present' and exists (select from responder r where r.region_code = h.region_code and r.role = 'care-worker') group by 1 order by count(*) desc, 1 limit 1`);
    await page.evaluate(() => { for (const d of document.querySelectorAll('[data-test=drill-villages] details')) d.setAttribute('open', ''); });
    await page.check(`[data-test=drill-villages] input[name="${v?.code}"]`);
    await show('drill-new');
    await page.click('[data-test=begin-drill]');
    await page.click('[data-test=begin-drill]');
    await page.waitForSelector('[data-test=drill-score]');

    await seat.go('wall', '[data-test=queue]');
    await page.waitForSelector('[data-test=drill-strip] [data-test=drill-case]', { timeout: 20_000 });
    expect(await page.textContent('[data-test=drill-strip]')).toMatch(/演练中.*不是真的警情/);
    expect(await page.locator('[data-test=queue] [data-test=row]').count()).toBe(0);
    await show('drill-wall');
    await page.click('[data-test=drill-claim]');
    await page.waitForFunction(() => document.querySelector('[data-test=drill-claim]') === null);

    const [told] = await web.t.db.query<{ to: Buffer; party: string }>(`select o.to_enc as "to", o.party from outbox o where o.template = 'drill' order by o.id limit 1`);
    expect(told?.party).toMatch(/^responder:/);
    await web.t.db.tx((sql) => insertReply(sql, web.t.seal, { dedupe: 'drill-answer', channel: 'sms', from: web.t.seal.open('outbox.to', told?.to as Buffer), content: '5', outId: null, receivedAt: Date.now() }));
    await createReplies(tools)();
    await page.waitForFunction(() => document.querySelector('[data-test=drill-strip]') === null, undefined, { timeout: 20_000 });

    await seat.go('drills', '[data-test=drill-list] tbody tr');
    await page.click('[data-test=drill-list] tbody a');
    await page.waitForSelector('[data-test=drill-people] tbody tr');
    expect(await page.textContent('[data-test=drill-people]')).toContain('已回');
    expect(await page.textContent('[data-test=drill-score]')).toContain('接警 1/1 户');
    await show('drill-report');
    expect(await page.getAttribute('[data-test=drill-file]', 'href')).toMatch(/report\.csv$/);
    expect(await web.t.db.query(`select count(*)::int as n from alert`)).toEqual([{ n: 0 }]);
    expect(await web.t.db.query(`select count(*)::int as n from outbox where party like 'contact:%'`)).toEqual([{ n: 0 }]);
  });
});
