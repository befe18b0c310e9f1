/** 安装验收 on the pages, with the demonstration county behind it: the cover with its gaps, visits that add up, and a list of what is to be done again. */
import { describe, expect, it } from 'vitest';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS'];
/** Of two elders of the special group one is accepted, one is to be done again; the others wait. */
async function fill({ t: { db } }: RealWeb): Promise<void> {
  const people = await db.query<{ home: string; id: string; region: string; device: string }>(
    `select distinct on (p.region_code, p.id) p.home_id as home, p.id, p.region_code as region, d.id as device from person p join device d on d.home_id = p.home_id and d.person_id is not distinct from p.id and d.status = 'installed' where p.high_risk and p.status = 'present' order by p.region_code, p.id, d.id limit 2`);
  for (const [i, state, reasons] of [[0, 'accepted', []], [1, 'to-redo', ['low-battery']]] as const) {
    const p = people[i];
    await db.query(`insert into installation (id, installer, key, state, device_id, home_id, person_id, region_code, begun_at, decided_at, reasons, demo) values ($1, 'user:x', $1, $2, $3, $4, $5, $6, anling_now() - interval '1 hour', anling_now(), $7, true)`, [`i${i}`, state, p?.device, p?.home, p?.id, p?.region, reasons]);
  }
}

describe('installations on the pages', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, {}, fill);

  it('say how far the special group is covered and why not further, count the visits, list what is to be done again, and are one file [2.3 F3]', async () => {
    const { page } = seat;
    await seat.go('installations', '[data-test=cover]');
    expect(await page.textContent('[data-test=cover]')).toMatch(/1 \/ [\d]+ 人已验收，0%|1 \/ [\d]+ 人已验收，0\.\d%/);
    expect(await page.locator('[data-test=cover] [data-goal]').allTextContents()).toEqual([expect.stringMatching(/^33% · 还差 \d+ 人$/), expect.stringMatching(/^67% · 还差 \d+ 人$/), expect.stringMatching(/^100% · 还差 \d+ 人$/)]);
    expect(await page.textContent('[data-test=cover] [data-gap="to-redo"]')).toBe('须复装 1');
    expect(await page.locator('[data-test=cover-towns] tbody tr').count()).toBeGreaterThan(10);
    expect(await page.locator('[data-test=by-town] tfoot td').allTextContents()).toEqual(['2', '2', '1', '0', '0', '0', '1']);
    expect(await page.textContent('[data-test=redo] tbody tr')).toContain('电量低');
    expect(await page.textContent('[data-test=installations]')).toContain('演示数据');
    const href = (await page.getAttribute('[data-test=file]', 'href')) ?? '';
    expect(href).toMatch(/installations\.csv\?from=\d{4}-\d\d-\d\d&to=/);
    expect((await web.fetch(href, { cookie: await web.cookie('admin') })).text).toContain('须复装');
    await page.fill('input[name=from]', '2026-01-01');
    await page.waitForURL(/from=2026-01-01/);
    if (shots) await seat.shot(`${shots}/installations.png`);
  });

  it('in English, and where nothing was fitted it says so [2.3]', async () => {
    const english = await web.sit((seat.page.context().browser() as never), 'county-reader', { lang: 'en' });
    await english.go('installations?from=2026-01-01&to=2026-01-02', '[data-test=installations] .empty');
    expect(await english.page.textContent('[data-test=installations] h1')).toBe('Installations');
    expect(await english.page.textContent('[data-test=cover] [data-goal="33"]')).toMatch(/^33 % · \d+ more needed$/);
    expect(await english.page.textContent('[data-test=redo] tbody tr')).toContain('low battery');
    expect(english.complaints).toEqual([]);
    await english.close();
  });
});
