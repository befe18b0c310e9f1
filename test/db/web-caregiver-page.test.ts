/** What UI 3.4 asks of the caregiver's page, sentence by sentence, where no other test says it; and how long the house keeps her pictures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { convert } from '#core/coordinates.ts';
import { limits } from '#core/limits.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { testWeb, type Web } from '#test/harness/web.ts';

let web: Web;
let id: string;
const code = 'page-code-11';
beforeAll(async () => {
  web = await testWeb({ respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('web', 'silent'), metrics: createMetrics('test') }) });
  id = await web.alert();
  await web.t.db.query(`insert into slip (party, no, alert_id, code, created_at) values ('responder:r1', 11, $1, $2, anling_now())`, [id, code]);
  await web.t.db.query(`insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, 'responder:r1', 'notified', anling_now(), anling_now())`, [id]);
});
afterAll(() => web.stop());
const page = async (lang = ''): Promise<string> => (await web.fetch(`/j/${code}${lang}`)).text;

describe('the caregiver’s page, by the letter', () => {
  it('says who asks, before she has answered, in both languages [UI3.4]', async () => {
    expect([await page(), await page('?lang=en')]).toEqual([expect.stringContaining('值班室请您去看一位老人'), expect.stringContaining('The duty room asks you to look after an elder')]);
    expect((await page()).includes('tel:120')).toBe(false);
  });

  it('has no letter under 18 pixels, nothing to press under 56 but the language, and looks again every five seconds [UI3.4]', async () => {
    const style = /<style>([^<]*)<\/style>/.exec(await page())?.[1] ?? '';
    const sizes = [...style.matchAll(/font(?:-size)?:(\d+)px/g)].map((m) => Number(m[1]));
    expect([sizes.length > 4, Math.min(...sizes) >= 18]).toEqual([true, true]);
    const heights = [...style.matchAll(/([^{}]+)\{[^}]*min-height:(\d+)px/g)].filter((m) => m[1] !== '.lang').map((m) => Number(m[2]));
    expect([heights.length, Math.min(...heights) >= 56]).toEqual([3, true]);
    expect((await web.fetch('/j/page.js')).text).toMatch(/\}, 5000\);\n\}\)\(\);\n$/);
  });

  it('leads who goes by any of the three maps to the same place, whatever system the home was entered in, names nobody there, and has 120 at hand [UI3.4 W10]', async () => {
    await web.fetch(`/j/${code}`, { method: 'POST', body: 'action=accept', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'null' } });
    for (const crs of ['wgs84', 'gcj02', 'bd09'] as const) {
      const [lon, lat] = convert([117.8468, 25.6934], 'wgs84', crs);
      await web.t.db.query(`update home set lat = $1, lon = $2, crs = $3 where id = 'h1'`, [lat, lon, crs]);
      const text = await page();
      const links = [...text.matchAll(/href="(https:[^"]+)"/g)].map((m) => new URL((m[1] ?? '').replaceAll('&amp;', '&')));
      expect(links.map((u) => u.host)).toEqual(['uri.amap.com', 'apis.map.qq.com', 'api.map.baidu.com']);
      const [amap, tencent, baidu] = links.map((u) => u.searchParams);
      const near = (text: string | null | undefined, [x, y]: readonly number[]): boolean => { const [p = 0, q = 0] = (text ?? '').replace(/^coord:|;.*$/g, '').split(',').map(Number); return Math.hypot(p - (x ?? 0), q - (y ?? 0)) < 0.00002; };
      const [gcj, bd] = [convert([117.8468, 25.6934], 'wgs84', 'gcj02').toReversed(), convert([117.8468, 25.6934], 'wgs84', 'bd09').toReversed()];
      // Each in the system that it takes an unnamed position for; Amap is told that it is none of its own.
      expect([amap?.get('coordinate'), near(amap?.get('position'), [117.8468, 25.6934]), near(tencent?.get('marker'), gcj), near(baidu?.get('location'), bd)], crs).toEqual(['wgs84', true, true, true]);
      expect(decodeURIComponent(links.join(' '))).not.toMatch(/陈金水|下厝角/);
      expect(text).toContain('href="tel:120"');
      expect(Buffer.byteLength(text + (await web.fetch('/j/page.js')).text)).toBeLessThan(30_000);
    }
  });

  it('keeps pictures for as many days as the operations page says [UI3.7]', async () => {
    const { body } = await web.fetch('/api/v1/ops', { cookie: await web.cookie('admin') });
    expect(body.retention).toMatchObject({ photoDays: limits.photoDays, heartbeatDays: limits.heartbeatDays });
  });
});
