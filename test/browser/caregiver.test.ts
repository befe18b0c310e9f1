/** The caregiver's page in a telephone's browser: without scripts, without a network, with a picture; and what the desk sees of it. */
import { describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { jpeg, jpegSegment, tiff } from '#test/harness/pictures.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

/** Something that happens once. */
const signal = (): { promise: Promise<void>; done(): void } => { const { promise, resolve } = Promise.withResolvers<void>(); return { promise, done: resolve }; };
const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there

describe('the caregiver’s page', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, { respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });

  /** An alarm of the first home with a care worker, who is told of it under this code. */
  const given = async (kind: string, code: string, no: number): Promise<string> => {
    const [home] = await web.t.db.query<{ home: string; person: string; region: string; party: string }>(
      `select p.home_id as home, p.id as person, p.region_code as region, 'responder:' || r.id as party from person p join responder r on r.region_code = p.region_code and r.role = 'care-worker' where p.home_id is not null order by p.id limit 1`);
    if (!home) throw new Error('no home');
    const id = await web.alert({ region: home.region, homeId: home.home, personId: home.person, kind });
    await web.t.db.query('insert into slip (party, no, alert_id, code, created_at) values ($1, $2, $3, $4, anling_now())', [home.party, no, id, code]);
    await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, $2, 'notified', anling_now(), anling_now())`, [id, home.party]);
    return id;
  };

  it('keeps a press and a picture without a network and sends them when there is one; the desk sees that it had waited, and opens the picture [UI3.4]', { timeout: 60_000 }, async () => {
    const id = await given('sos', 'tele-code-27', 27);
    const telephone = await seat.page.context().browser()?.newContext({ viewport: { width: 360, height: 740 } });
    if (!telephone) throw new Error('no browser');
    const page = await telephone.newPage();
    await page.goto(`${web.url}/j/tele-code-27`);
    await page.click('button[value=accept]');
    await page.waitForSelector('text=已登记您前往');
    await telephone.setOffline(true);
    await page.click('button[value=arrive]');
    await page.waitForSelector('#kept:not([hidden])');
    if (shots) await page.screenshot({ path: `${shots}/caregiver-offline.png`, fullPage: true });
    const picture = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 1600, height: 1200 });
      canvas.getContext('2d')?.fillRect(0, 0, 900, 900);
      return canvas.toDataURL('image/png').split(',')[1] ?? '';
    });
    await page.setInputFiles('input[type=file]', { name: 'door.png', mimeType: 'image/png', buffer: Buffer.from(picture, 'base64') });
    await page.click('form[enctype] button');
    await page.waitForFunction(() => JSON.parse(localStorage.getItem('anling.kept') ?? '[]').length === 2);
    expect(await web.t.db.query('select state from engagement where alert_id = $1', [id])).toEqual([{ state: 'accepted' }]);
    // As long as it takes until the house says of a press that it had waited.
    await page.waitForFunction((since) => Date.now() - since > 4_000, await page.evaluate(() => Date.now()));
    await telephone.setOffline(false);
    await page.waitForSelector('text=已登记您到达', { timeout: 20_000 });
    await page.waitForSelector('text=照片已收到', { timeout: 20_000 });
    expect(await page.isHidden('#kept')).toBe(true);
    expect(await web.t.db.query(`select type, kept_ms > 3000 as waited from alert_photo where alert_id = $1`, [id])).toEqual([{ type: 'image/jpeg', waited: true }]);
    await telephone.close();

    await seat.go('wall', `[data-test=queue] [data-id="${id}"]`);
    await seat.page.click(`[data-test=queue] [data-id="${id}"]`);
    await seat.page.waitForSelector('[data-test=kept]');
    await seat.page.click('[data-test=open-photo]');
    await seat.page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.case-photo')?.naturalWidth ?? 0) === 1280);
    if (shots) await seat.shot(`${shots}/case-photo.png`);
  });

  it('asks where she is only after 到了 is on its way, and a telephone that never answers holds nothing up; the desk reads how far and how old [UI3.4 LAW1]', { timeout: 60_000 }, async () => {
    const id = await given('sos', 'where-code-1', 61);
    await web.t.db.query(`update home set lat = 25.6934, lon = 117.8468, crs = 'wgs84' where id = (select home_id from alert where id = $1)`, [id]);
    const telephone = await seat.page.context().browser()?.newContext({ viewport: { width: 360, height: 740 }, permissions: ['geolocation'], geolocation: { latitude: 25.6934, longitude: 117.8472, accuracy: 12 } });
    if (!telephone) throw new Error('no browser');
    await telephone.addInitScript(`
      const real = navigator.geolocation.getCurrentPosition.bind(navigator.geolocation);
      navigator.geolocation.getCurrentPosition = (ok, no, options) => { localStorage.setItem('asked', String(Number(localStorage.getItem('asked') || 0) + 1)); if (localStorage.getItem('answers')) real(ok, no, options); };
    `);
    const page = await telephone.newPage();
    const asked = (): Promise<string | null> => page.evaluate(() => localStorage.getItem('asked'));
    await page.goto(`${web.url}/j/where-code-1`);
    await page.click('button[value=accept]');
    await page.waitForSelector('text=已登记您前往');
    expect(await asked()).toBeNull();
    await page.click('button[value=arrive]');
    await page.waitForSelector('text=已登记您到达'); // the telephone's question stands unanswered
    await page.waitForFunction(() => localStorage.getItem('asked') === '1');
    expect(await web.t.db.query('select state from engagement where alert_id = $1', [id])).toEqual([{ state: 'arrived' }]);
    expect(await web.t.db.query('select 1 from party_position where alert_id = $1', [id])).toEqual([]);
    await page.evaluate(() => { localStorage.setItem('answers', '1'); localStorage.setItem('anling.where', JSON.stringify([{ to: '/j/where-code-1/position', at: Date.now() }])); });
    await page.reload();
    await page.waitForFunction(() => localStorage.getItem('asked') === '2' && localStorage.getItem('anling.kept') === '[]');
    if (shots) await page.screenshot({ path: `${shots}/caregiver-results.png`, fullPage: true });
    await page.waitForSelector('button[value=result-F1]');
    await page.click('button[value=result-F1]');
    await page.waitForSelector('text=已登记办好');
    await telephone.close();

    await seat.go('wall', `[data-test=queue] [data-id="${id}"]`);
    await seat.page.click(`[data-test=queue] [data-id="${id}"]`);
    await seat.page.waitForSelector('[data-test=place]');
    expect(await seat.page.textContent('[data-test=place]')).toMatch(/^到场位置离住处 40 米\(±12\),\d+秒前$/);
    if (shots) await seat.shot(`${shots}/case-place.png`);
    await seat.page.keyboard.press('x');
    await seat.page.waitForSelector('[data-outcome=F1] [data-test=reported]'); // marked; the operator chooses
    expect(await seat.page.getAttribute('[data-outcome=F1]', 'aria-pressed')).toBe('false');
  });

  it('sends what two tabs have kept of two alarms, each once in effect, and loses nothing when one tab is slower than the other [UI3.4 LAW1]', { timeout: 60_000 }, async () => {
    const ids = [await given('sos', 'tabs-code-1', 31), await given('gas', 'tabs-code-2', 32)];
    const telephone = await seat.page.context().browser()?.newContext({ viewport: { width: 360, height: 740 } });
    if (!telephone) throw new Error('no browser');
    // No network for presses, until there is one. Then both tabs send the first press at once; the slower one's answer comes when the
    // faster one is already at the second press, and that one is lost on the way.
    let network = false;
    const [both, second, slower] = [signal(), signal(), signal()];
    const tries = { first: 0, second: 0 };
    await telephone.route('**/j/tabs-code-1', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      if (!network) return route.abort();
      const nth = ++tries.first;
      if (nth === 2) both.done();
      await both.promise;
      if (nth === 2) await second.promise;
      return route.continue();
    });
    await telephone.route('**/j/tabs-code-2', async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      if (!network) return route.abort();
      if (++tries.second > 1) { slower.done(); return route.continue(); }
      second.done();
      await slower.promise;
      return route.abort();
    });
    const [a, b] = [await telephone.newPage(), await telephone.newPage()];
    await a.goto(`${web.url}/j/tabs-code-1`);
    await b.goto(`${web.url}/j/tabs-code-2`);
    await a.click('form:not(.pair) button[value=accept]');
    await b.click('form:not(.pair) button[value=accept]');
    await a.waitForFunction(() => JSON.parse(localStorage.getItem('anling.kept') ?? '[]').length === 2);
    // The slower tab is done with its answer when it looks at its page again, or goes on to the second press.
    for (const page of [a, b]) page.on('framenavigated', () => { if (tries.second > 0) slower.done(); });
    network = true;
    await Promise.all([a, b].map((page) => page.evaluate(() => { dispatchEvent(new Event('online')); })));
    await slower.promise;
    await a.waitForFunction(() => JSON.parse(localStorage.getItem('anling.kept') ?? '[]').length === 0, undefined, { timeout: 30_000 });
    expect(await web.t.db.query(`select alert_id as id, state from engagement where alert_id = any($1::bigint[]) order by alert_id`, [ids])).toEqual(ids.map((id) => ({ id, state: 'accepted' })));
    expect(tries.first).toBe(2);
    expect(await web.t.db.query(`select count(*)::int as n from alert_log where alert_id = $1 and action = 'accepted'`, [ids[0]])).toEqual([{ n: 1 }]);
    await telephone.close();
  });

  it('says which kept press was refused and why, in her language, until she puts it away [UI3.4]', { timeout: 60_000 }, async () => {
    const ids = [await given('sos', 'late-code-1', 41), await given('gas', 'late-code-2', 42)];
    const telephone = await seat.page.context().browser()?.newContext({ viewport: { width: 360, height: 740 } });
    if (!telephone) throw new Error('no browser');
    let network = false;
    await telephone.route('**/j/late-code-*', (route) => (network || route.request().method() !== 'POST' ? route.continue() : route.abort()));
    const page = await telephone.newPage();
    await page.goto(`${web.url}/j/late-code-1`);
    await page.click('form:not(.pair) button[value=accept]');
    await page.goto(`${web.url}/j/late-code-2`);
    await page.click('form:not(.pair) button[value=need-help]');
    await page.waitForFunction(() => JSON.parse(localStorage.getItem('anling.kept') ?? '[]').length === 2);
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now(), outcome = 'R1' where id = $1`, [ids[0]]);
    await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() - interval '3 hours', outcome = 'R1' where id = $1`, [ids[1]]);
    network = true;
    const again = page.waitForEvent('load'); // when all is sent, the page looks at its case anew
    await page.evaluate(() => { dispatchEvent(new Event('online')); });
    await again;
    await page.waitForFunction(() => document.querySelectorAll('#refused button').length === 2);
    expect(await page.$$eval('#refused p', (list) => list.map((p) => (p.textContent ?? '').replace(/^\d\d:\d\d/, 'hh:mm')))).toEqual(['hh:mm 按的“我去”(单号 41)没有登记:这一单已经办结。', 'hh:mm 按的“要支援”(单号 42)没有登记:链接已经过期。']);
    if (shots) await page.screenshot({ path: `${shots}/caregiver-refused.png`, fullPage: true });
    await page.goto(`${web.url}/j/late-code-1?lang=en`);
    expect(await page.textContent('#refused p')).toMatch(/^\d\d:\d\d: “I am going” \(slip 41\) was not recorded: the alert is closed\.$/);
    await page.click('#refused button');
    await page.reload();
    expect(await page.$$eval('#refused p', (list) => list.map((p) => p.textContent ?? ''))).toEqual([expect.stringContaining('the link has expired')]);
    await page.click('#refused button');
    expect(await page.isHidden('#refused')).toBe(true);
    // What waited longer than a press is news for is not sent any more, and that is said too.
    await page.evaluate((hours) => { localStorage.setItem('anling.kept', JSON.stringify([{ to: '/j/late-code-1', action: 'arrive', no: '41', at: Date.now() - hours * 3_600_000 }])); }, 13);
    await page.reload();
    expect(await page.textContent('#refused p')).toContain('“I am there” (slip 41) was not recorded: there was no network for more than 12 hours.');
    expect(await page.evaluate(() => localStorage.getItem('anling.kept'))).toBe('[]');
    await telephone.close();
  });

  it('sends a picture without any script; the desk sees it upright, though all else that the telephone wrote beside it is gone [UI3.4 W10]', { timeout: 60_000 }, async () => {
    const id = await given('fall', 'plain-code-1', 51);
    const telephone = await seat.page.context().browser()?.newContext({ viewport: { width: 360, height: 740 }, javaScriptEnabled: false });
    if (!telephone) throw new Error('no browser');
    const page = await telephone.newPage();
    await page.goto(`${web.url}/j/plain-code-1`);
    await page.click('form:not(.pair) button[value=accept]');
    // 16 × 8 as it is stored, taken upright: 8 × 16 for whoever looks.
    const exif = jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), tiff(6, Buffer.from('GPS 25.6934 117.8468'))]));
    await page.setInputFiles('input[type=file]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('none') });
    await page.click('form[enctype] button');
    await page.waitForSelector('text=不是完整的照片');
    await page.click('text=回到这一单');
    await page.setInputFiles('input[type=file]', { name: 'a.jpg', mimeType: 'image/jpeg', buffer: jpeg({ before: [exif] }) });
    await page.click('form[enctype] button');
    await page.waitForSelector('text=照片已收到');
    await telephone.close();

    await seat.go('wall', `[data-test=queue] [data-id="${id}"]`);
    await seat.page.click(`[data-test=queue] [data-id="${id}"]`);
    await seat.page.click('[data-test=open-photo]');
    await seat.page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.case-photo')?.naturalWidth ?? 0) > 0);
    expect(await seat.page.evaluate(() => { const p = document.querySelector<HTMLImageElement>('.case-photo'); return [p?.naturalWidth, p?.naturalHeight, atob(p?.src.split(',')[1] ?? '').includes('GPS')]; })).toEqual([8, 16, false]);
  });
});
