/** 统计 and 到场单 on the pages, with the demonstration county behind them: marked as such, a figure leads to its case, a sheet to its signature, a look at a name to the audit. */
import { describe, expect, it } from 'vitest';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there
let responder = '';
/** Two alarms of the demonstration an hour ago: one answered and reached, one that nobody answered. */
async function fill({ t: { db, seal } }: RealWeb): Promise<void> {
  const [r] = await db.query<{ id: string; region: string }>(`select id, region_code as region from responder where role = 'care-worker' order by id limit 1`);
  responder = r?.id ?? '';
  const put = `insert into alert (kind, priority, state, subject_type, subject_id, region_code, opened_at, last_raised_at, first_human_at, arrived_at, closed_at, outcome, trace, demo)`;
  const now = `(select date_trunc('second', anling_now()) - interval '10 minutes' as t) n`;
  const [one] = await db.query<{ id: string }>(`${put} select 'fall', 1, 'closed', 'device', 'x1', $1, t, t, t + interval '20 s', t + interval '6 min', t + interval '9 min', 'R1', 'x', true from ${now} returning id::text as id`, [r?.region]);
  const [two] = await db.query<{ id: string }>(`${put} select 'sos', 1, 'open', 'device', 'x2', $1, t, t, null, null, null, null, 'x', true from ${now} returning id::text as id`, [r?.region]);
  const message = `insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, purpose, state, due_at, created_at, sent_at, done_at, provider, trace, demo)`;
  for (const [id, alert, channel, state] of [['s1', one?.id, 'sms', 'delivered'], ['s2', one?.id, 'voice', 'answered'], ['s3', two?.id, 'sms', 'failed'], ['s4', two?.id, 'voice', 'delivered']])
    await db.query(`${message} select $1, $2::bigint, 'responder:' || $3::text, $4, 'sos', $6, $7, $8, 1, 'search', $5, t, t, t, t + interval '4 s', 'standin', 'x', true from ${now}`, [id, alert, responder, channel, state, seal.seal('outbox.params', '{}'), seal.seal('outbox.to', '15404250201'), seal.blind('phone', '15404250201')]);
  await db.query(`insert into engagement (alert_id, party, state, notified_at, accepted_at, departed_at, arrived_at, updated_at) select $1::bigint, 'responder:' || $2::text, 'done', t, t + interval '20 s', t + interval '1 min', t + interval '6 min', t from ${now}`, [one?.id, responder]);
  await db.query(`insert into alert_log (alert_id, at, actor_type, actor_id, action, detail) select $1::bigint, t + interval '20 s', 'party', 'responder:' || $2::text, 'accepted', '{"via":"sms"}'::jsonb from ${now} union all select $1::bigint, t + interval '6 min', 'party', 'responder:' || $2::text, 'arrived', '{"via":"link"}'::jsonb from ${now}`, [one?.id, responder]);
}

describe('statistics and arrival sheets on the pages', () => {
  let seat: Seat;
  let web: RealWeb;
  useRealWeb((now) => { ({ seat, web } = now); }, {}, fill);
  const shot = async (name: string): Promise<void> => { if (shots) await seat.shot(`${shots}/${name}.png`); };

  it('say how many were delivered, answered and there, that it is the demonstration and until when; a figure lists its cases, a case opens [1E 2.4]', async () => {
    const { page } = seat;
    await seat.go('statistics', '[data-test="stat.ways"]');
    expect(await page.textContent('[data-test=stat-head]')).toMatch(/演示数据.*数据截至 \d\d-\d\d \d\d:\d\d.*还没过完/s);
    expect(await page.textContent('[data-test="stat.ways"] [data-key=all]')).toBe('合计475% 3/410' + '0250% 1/2120秒1');
    expect(await page.textContent('[data-test="stat.ways"] [data-key=standin] th')).toBe('模拟网关');
    await page.click('[data-test=stat-head] summary');
    expect(await page.textContent('.definitions')).toMatch(/送达率.*45分钟到场与状态条.*不计:安装调试/s);
    await shot('statistics');
    await page.click('[data-test="stat.ways"] [data-key=all] [data-what=failed]');
    await page.waitForSelector('[data-test=stat-cases] tbody tr');
    expect(await page.textContent('[data-test=stat-cases] h3')).toContain('有消息失败');
    await page.click('[data-test="stat.villages"] [data-key=all] [data-what=unanswered]');
    await page.waitForFunction(() => document.querySelector('[data-test=stat-cases] h3')?.textContent?.includes('没人接'));
    expect(await page.locator('[data-test=stat-cases] tbody tr').count()).toBe(1);
    expect(await page.getAttribute('[data-test=file]', 'href')).toMatch(/figures\.csv\?from=\d{4}-\d\d-01&to=/);
    await page.click('[data-test=stat-cases] tbody a');
    await page.waitForSelector('[data-test=queue]');
  });

  it('the sheet of a month names each response and its minutes, is signed on paper, and shows a name only by an audited look [2.4]', async () => {
    const { page } = seat;
    await seat.go('arrivals', '[data-test=arrival-list] tbody tr');
    expect(await page.locator('[data-test=arrival-list] tbody tr').count()).toBe(1);
    await shot('arrivals');
    await page.click('[data-test=arrival-list] tbody a');
    await page.waitForSelector('[data-test=responses] tbody tr');
    expect(await page.textContent('[data-test=responses] tbody tr')).toMatch(/63真跌倒已扶起本人工作页$/);
    expect(await page.textContent('[data-test=total]')).toMatch(/合计到场 1 次.*路上 6 分钟,在场 3 分钟/);
    expect(await page.textContent('[data-test=who]')).toContain('*');
    await page.click('[data-test=reveal]');
    await page.waitForFunction(() => !document.querySelector('[data-test=who]')?.textContent?.includes('*'));
    expect(await web.t.db.query(`select target from audit where action = 'responder.reveal'`)).toEqual([{ target: `responder:${responder}` }]);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.strip, .no-print, .sign-line').evaluateAll((all) => all.map((e) => getComputedStyle(e).display))).toEqual(['none', 'none', 'block']);
    await shot('arrival-sheet');
  });

  it('in English, and empty they say so [1E]', async () => {
    const english = await web.sit((seat.page.context().browser() as never), 'auditor', { lang: 'en' });
    await english.go('statistics?from=2026-01-01&to=2026-01-02', '[data-test=stat-none]');
    expect(await english.page.textContent('[data-test=statistics] h1')).toBe('Statistics');
    await english.go('arrivals?month=2026-01', '[data-test=arrivals] .empty');
    await english.close();
  });
});
