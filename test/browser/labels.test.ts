/** Door codes and labels from the pages: issued and printed from a home, a village and the device list; and somebody who was sent presses once at the door. */
import { describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { doorLabels, issueDoorCodes } from '#store/door-codes.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS'];

describe('labels', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, { respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
  const homes = (): Promise<{ id: string; region: string }[]> => web.t.db.query(`select distinct h.id, h.region_code as region from home h join person p on p.home_id = h.id join responder r on r.region_code = h.region_code and r.role = 'care-worker' order by h.id limit 2`);
  const opened = async (selector: string) => { const [sheet] = await Promise.all([seat.page.context().waitForEvent('page'), seat.page.click(selector)]); await sheet.waitForSelector('li svg'); return sheet; };

  it('of a home and of a village are issued with two presses and printed as a sheet; a new code asks first [2.9]', { timeout: 60_000 }, async () => {
    const [home] = await homes();
    await seat.go(`homes/${home!.id}`, '[data-test=door-card]');
    await seat.page.click('[data-test=door-issue]');
    const sheet = await opened('[data-test=door-print]');
    expect(await sheet.locator('li').count()).toBe(1);
    expect(await sheet.textContent('li')).toContain(home!.id);
    if (shots) await sheet.screenshot({ path: `${shots}/door-sheet.png` });
    await sheet.close();
    await seat.page.click('[data-test=door-issue]');
    await seat.page.click('[data-test=door-sure]');
    await expect.poll(() => web.t.db.query('select count(*)::int as n from door_code where home_id = $1', [home!.id])).toEqual([{ n: 2 }]);
    if (shots) await seat.shot(`${shots}/door-card.png`);
    await seat.page.goto(`${web.url}/#/homes?region=${home!.region}`);
    await seat.page.click('[data-test=village-doors]');
    const village = await opened('[data-test=village-print]');
    expect(await village.locator('li').count()).toBe((await web.t.db.query('select distinct home_id from person where region_code = $1 and home_id is not null', [home!.region])).length);
    await village.close();
  });

  it('of devices follow what the list is narrowed by [F7]', { timeout: 60_000 }, async () => {
    const [{ model }] = await web.t.db.query<{ model: string }>('select model from device group by model order by count(*) limit 1') as [{ model: string }];
    await seat.go(`devices?model=${model}`, '[data-test=labels]');
    const sheet = await opened('[data-test=labels]');
    if (shots) await sheet.screenshot({ path: `${shots}/device-sheet.png` });
    const count = await sheet.locator('li').count();
    expect(count).toBe(Math.min(480, (await web.t.db.query(`select id from device where model = $1 and status <> 'revoked'`, [model])).length));
    await sheet.close();
  });

  it('at the door take one press of the telephone that was given the slip; any other telephone sees the number [2.9 UI3.4]', { timeout: 60_000 }, async () => {
    const [, home] = await homes();
    const [who] = await web.t.db.query<{ party: string; person: string }>(`select 'responder:' || r.id as party, p.id as person from responder r join person p on p.region_code = r.region_code where p.home_id = $1 and r.role = 'care-worker' limit 1`, [home!.id]);
    const id = await web.alert({ region: home!.region, homeId: home!.id, personId: who!.person });
    await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, 71, $2, $3, anling_now())', [who!.party, id, 'door-tele-71']);
    await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, $2, 'notified', anling_now(), anling_now())`, [id, who!.party]);
    await issueDoorCodes(web.t.db, [home!.id], 'test');
    const [label] = await doorLabels(web.t.db, web.t.seal, { prefix: '', home: home!.id, limit: 1 });
    const telephone = await seat.page.context().browser()!.newContext({ viewport: { width: 360, height: 740 } });
    const page = await telephone.newPage();
    await page.goto(`${web.url}/d/${label!.code}`);
    expect(await page.isVisible('form button'), 'a stranger').toBe(false);
    if (shots) await page.screenshot({ path: `${shots}/door-stranger.png` });
    await page.goto(`${web.url}/j/door-tele-71`);
    await page.click('form:not(.pair) button[value=accept]');
    await page.waitForSelector('text=已登记您前往');
    await page.goto(`${web.url}/d/${label!.code}`);
    if (shots) await page.screenshot({ path: `${shots}/door-sent.png` });
    await page.click('form button');
    await page.waitForSelector('text=已登记您到达');
    expect(await web.t.db.query('select state from engagement where alert_id = $1', [id])).toEqual([{ state: 'arrived' }]);
    await telephone.close();
  });
});
