/** 平安清点 on the pages, with the demonstration county and the real sender: begun for a village, answered by link and paper, printed, ended. */
import { describe, expect, it } from 'vitest';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there

describe('a roll-call on the pages', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); });
  const show = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('is begun for a village, its share grows with each press on the link, a returned paper is one line of keys, the forms carry the same numbers, its end closes the code [2.2]', async () => {
    const { page } = seat;
    const [v] = await web.t.db.query<{ code: string; n: number }>(`select p.region_code as code, count(*)::int as n from person p where p.status = 'present' and exists (select from responder r where r.region_code = p.region_code and r.role = 'care-worker') group by 1 having count(*) between 6 and 14 order by 1 limit 1`);
    if (!v) throw new Error('no village');
    await seat.go('rollcalls', '[data-test=rollcalls] .empty');
    await page.click('[data-test=new-roll]');
    await page.waitForSelector('[data-test=roll-villages] details');
    await page.click('[data-test=begin-roll]');
    await page.click('[data-test=begin-roll]');
    await page.waitForSelector('[data-test=roll-problem]');
    await page.evaluate(() => { for (const d of document.querySelectorAll('[data-test=roll-villages] details')) d.setAttribute('open', ''); });
    await page.check(`[data-test=roll-villages] input[name="${v.code}"]`);
    await show('roll-new');
    await page.click('[data-test=begin-roll]');
    await page.click('[data-test=begin-roll]');
    await page.waitForSelector('[data-test=roll-total]');
    expect(await page.textContent('[data-test=roll-total]')).toContain(`已查 0/${v.n} 人(0%)`);

    // The telephone of the first keeper: no scripts there.
    const [keeper] = await web.t.db.query<{ code: string }>('select code from roll_call_party order by party limit 1');
    const phone = await page.context().browser()?.newContext({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
    const held = await phone?.newPage();
    if (!held || !phone) throw new Error('no telephone');
    await held.goto(`${web.url}/q`);
    await held.fill('input[name=code]', keeper?.code.toUpperCase() ?? '');
    await held.click('button');
    await held.waitForSelector('#n1');
    if (shots) await held.screenshot({ path: `${shots}/roll-phone.png` });
    for (const box of await Promise.all((await held.locator('#n1 button').all()).map((b) => b.boundingBox()))) expect(box?.height ?? 0).toBeGreaterThanOrEqual(56);
    await held.click('#n1 button >> nth=0');
    await held.waitForSelector('details.good');
    await held.click(`#n2 button.help`);
    await held.waitForSelector('text=已报值班室');
    expect(await web.t.db.query(`select kind from event where kind = 'phone-in'`)).toHaveLength(1);
    await page.waitForFunction((n) => document.querySelector('[data-test=roll-total]')?.textContent?.includes(`已查 2/${n} 人`), v.n, { timeout: 20_000 });
    expect(await page.textContent('[data-test=roll-help]')).toMatch(/2/);
    await show('roll-one');

    await page.click('[data-test=roll-villages] tbody a');
    await page.waitForSelector('[data-test=roll-entry]');
    await page.waitForFunction(() => document.activeElement?.getAttribute('data-test') === 'roll-entry');
    await page.keyboard.type('3-4 ?5 99');
    await page.waitForSelector('[data-test=roll-entry-read] .trouble');
    expect(await page.textContent('[data-test=roll-entry-read]')).toContain('99');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('*');
    await page.keyboard.press('Enter');
    await page.waitForSelector('tr[data-no="6"][data-status=safe]');
    expect(await page.getAttribute('tr[data-no="5"]', 'data-status')).toBe('unreached');
    expect(await page.getAttribute('tr[data-no="2"]', 'data-status')).toBe('help');
    const masked = await page.textContent('tr[data-no="1"] td:nth-child(2)');
    expect(masked).toContain('*');
    await page.click('[data-test=roll-reveal]');
    await page.waitForFunction(() => !document.querySelector('tr[data-no="1"] td:nth-child(2)')?.textContent?.includes('*'));
    await show('roll-village');

    await seat.go(`rollcalls/${(await web.t.db.query<{ id: string }>('select id from roll_call'))[0]?.id}?paper=all`, '[data-test=show-papers]');
    await page.click('[data-test=show-papers]');
    await page.waitForSelector('[data-test=roll-sheets] tbody tr');
    expect(await page.locator('[data-test=roll-sheets] tbody tr').count()).toBe(v.n);
    await page.emulateMedia({ media: 'print' });
    await show('roll-paper');
    await page.emulateMedia({ media: 'screen' });

    await page.click('[data-test=roll-papers-page] .filters a');
    await page.click('[data-test=end-roll]');
    await page.click('[data-test=end-roll]');
    await page.waitForFunction(() => document.querySelector('[data-test=end-roll]') === null);
    await held.reload();
    expect(await held.textContent('main')).toContain('已经结束');
    await phone.close();
    await seat.go('rollcalls', '[data-test=roll-list] tbody tr');
    expect(await page.textContent('[data-test=roll-list]')).toContain(`已查 ${v.n}/${v.n}`);
  });
});
