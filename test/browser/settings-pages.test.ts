/** The pages of the settings on the real API, sender and stand-in, with the demonstration county: each page's main way, and what goes wrong on it. */
import { describe, expect, it } from 'vitest';
import type { AlertId, Party } from '#core/ids.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { markReply } from '#store/reply-reads.ts';
import { insertReply } from '#store/replies.ts';
import { county, touchAlert } from '#test/harness/web.ts';
import type { Browser } from './browser.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';

const shots = process.env['ANLING_SHOTS']; // a folder: what was seen is kept there, at both sizes

describe('the settings’ pages', () => {
  let browser: Browser;
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, browser, seat } = now); }, { more: () => ({ replay: async (id) => ({ result: Number(id) % 2 === 0 ? 'replayed' : 'still-unreadable' }) }) }, fill);

  const show = async (name: string): Promise<void> => {
    if (!shots) return;
    for (const [width, height] of [[1366, 768], [1920, 1080]] as const) { await seat.page.setViewportSize({ width, height }); await seat.shot(`${shots}/${name}-${width}.png`); }
    await seat.page.setViewportSize({ width: 1366, height: 768 });
  };

  it('notifications: trouble first in words, filters in the address, the whole text by an audited look [FF18]', async () => {
    const { page } = seat;
    await seat.go('notifications', '[data-test=notifications] tr[data-id]');
    expect(await page.locator('tr[data-id]').evaluateAll((rows) => rows.slice(0, 3).map((r) => (r as HTMLElement).dataset['state']))).toEqual(['failed', 'failed', 'unknown']);
    expect(await page.textContent('tr[data-state=failed]')).toMatch(/一分钟内已打过|余额不足/);
    await show('notifications');
    await page.waitForSelector('[data-test=loose] tr[data-result=stranger-reply]');
    expect(await page.textContent('[data-test=loose]')).toMatch(/陌生号码.*154\*{4}8888.*我是她丈夫/s);
    await page.click('[data-test=loose-done]');
    await page.waitForFunction(() => document.querySelector('[data-test=loose]') === null);
    await page.selectOption('[data-filter=state]', 'failed');
    await page.waitForFunction(() => [...document.querySelectorAll('tr[data-id]')].every((r) => (r as HTMLElement).dataset['state'] === 'failed'));
    expect(page.url()).toContain('state=failed');
    await page.reload();
    await page.waitForSelector('tr[data-state=failed]');
    await page.locator('tr[data-state=failed] button').first().click();
    expect(await page.textContent('[data-test=note-detail]')).not.toMatch(/1540425\d{4}/);
    await page.click('[data-test=reveal-note]');
    await page.waitForSelector('[data-test=words]');
    expect(await page.textContent('[data-test=plain]')).toMatch(/1540425\d{4}/);
    await show('notification-open');
    expect((await web.t.db.query(`select count(*)::int as n from audit where action = 'notification.reveal'`))[0]).toEqual({ n: 1 });
  });

  it('budgets: who is near the provider’s limit, above the list; the white list is made, fetched, entered, and says what changed since [2.5 E7 FF8]', async () => {
    const { page } = seat;
    await seat.go('notifications', '[data-test=budget]');
    await page.click('[data-test=budget] summary');
    await page.waitForSelector('[data-test=budget] tr[data-party]');
    expect(await page.textContent('[data-test=budget]')).toMatch(/留 30% 给紧急警情.*今天 \d+\/50/s);
    expect(await page.textContent('[data-test=budget]')).not.toMatch(/1540425\d{4}/);
    await show('budget');
    await seat.go('provider', '[data-test=white-list] [data-test=white-make]');
    await page.selectOption('[data-test=prompt-language]', '闽南话');
    await page.fill('[data-prompt="voice-p1.fall"]', 'minnan-fall.wav');
    await show('prompts');
    await page.click('[data-test=save-provider]');
    await page.waitForFunction(() => document.querySelector('[data-test=prompt-language]')?.textContent?.includes('闽南话 (1)'));
    expect(await page.textContent('[data-test=white-state]')).toContain('还没有生成过');
    await page.click('[data-test=white-make]');
    await page.waitForSelector('[data-test=white-file]');
    const file = await page.evaluate(async () => (await fetch((document.querySelector('[data-test=white-file]') as HTMLAnchorElement).href)).text());
    expect(file).toMatch(/^(1540425\d{4}\r\n){300}$/);
    await page.click('[data-test=white-confirm]');
    await page.click('[data-test=white-confirm]');
    await page.waitForFunction(() => document.querySelector('[data-test=white-state]')?.textContent?.includes('登记'));
    await web.t.db.query(`delete from responder where role = 'shift-leader'`);
    await page.click('.page-head button');
    await seat.go('notifications', '[data-test=budget]');
    await seat.go('provider', '[data-test=white-drift]');
    expect(await page.textContent('[data-test=white-drift]')).toMatch(/新增 \d+,不再需要 [1-9]/);
    await page.click('[data-test=white-list] summary');
    await show('white-list');
  });

  it('plans: a line of time, edited with what the linter says at its lines, previewed for a home, saved, restored, guarded [FF9]', async () => {
    const { page } = seat;
    await seat.go('plans', '[data-plan]');
    expect(await page.textContent('[data-plan]')).toMatch(/现在.*短信 孝老员.*30秒.*电话 孝老员/s);
    await show('plans');
    await page.locator('[data-plan=demo-p1] a').first().click();
    await page.waitForSelector('[data-test=plan-form]');
    await page.fill('[data-test=at-1]', '0');
    await page.waitForSelector('[data-problem="steps.1.atS"]');
    expect(await page.isDisabled('[data-test=save-plan]')).toBe(true);
    await page.fill('[data-test=at-1]', '90');
    await page.fill('[data-test=at-2]', '100');
    await page.fill('[data-test=at-3]', '110');
    await page.waitForSelector('[data-warning=late-voice]');
    expect(await page.locator('[data-step="1"] [data-warning=late-voice]').count()).toBe(1);
    const [home] = await web.t.db.query<{ id: string }>(`select h.id from home h where exists (select from responder r where r.region_code = h.region_code and r.role = 'care-worker') and exists (select from person p join contact c on c.person_id = p.id where p.home_id = h.id) order by h.id limit 1`);
    await page.fill('[data-test=preview-home]', home?.id ?? '');
    await page.click('[data-test=preview-run]');
    await page.waitForSelector('[data-test=preview-steps] .call');
    expect(await page.textContent('[data-test=preview-steps]')).toMatch(/短信 孝老员 .\*/);
    await page.click('[data-test=when-night]');
    await page.click('[data-test=preview-run]');
    await page.waitForSelector('[data-test=preview] p:has-text("02:10")');
    expect(await page.textContent('[data-test=preview-desk]')).toContain('值班长');
    await show('plan-edit');
    await page.click('[data-test=restore]');
    await page.click('[data-test=restore]');
    await page.waitForFunction(() => (document.querySelector('[data-test=at-1]') as HTMLInputElement).value === '30');
    await page.fill('[data-test=plan-name]', '全部同时呼叫(县)');
    await web.t.db.query('update plan set version = version + 1');
    await page.click('[data-test=save-plan]');
    await page.waitForSelector('[data-test=conflict]');
    expect(await page.inputValue('[data-test=plan-name]')).toBe('全部同时呼叫(县)');
    await page.click('[data-test=conflict] button');
    await page.waitForFunction(() => (document.querySelector('[data-test=plan-name]') as HTMLInputElement | null)?.value === '全部同时呼叫');
    await page.fill('[data-test=plan-name]', '全部同时呼叫(县)');
    await page.click('[data-test=save-plan]');
    await page.waitForSelector('[data-plan] h2:has-text("全部同时呼叫(县)")');
  });

  it('users: found, added with a password shown once, what a role may do in words, the last administrator kept', async () => {
    const { page } = seat;
    await seat.go('users', '[data-user]');
    await show('users');
    await page.click('[data-test=add-user]');
    await page.fill('input[name=username]', 'chenhua');
    await page.fill('input[name=displayName]', '陈华');
    await page.selectOption('[data-test=role]', 'technician');
    expect(await page.textContent('[data-test=can]')).toContain('不看个人信息');
    await page.selectOption('[data-test=scope]', { label: '内洋村' });
    await show('user-add');
    await page.click('[data-test=user-form] button[type=submit]');
    await page.waitForSelector('[data-test=new-password]');
    expect((await page.textContent('[data-test=new-password]'))?.length).toBeGreaterThan(11);
    await page.keyboard.press('Escape');
    await page.fill('[data-test=find-user]', 'CHEN');
    await page.waitForFunction(() => document.querySelectorAll('[data-user]').length === 1);
    expect(await page.textContent('[data-user=chenhua]')).toMatch(/陈华.*运维.*屏山乡 内洋村.*可登录/);
    await page.fill('[data-test=find-user]', `admin-${county}`);
    await page.locator('[data-user] button').click();
    await page.click('[data-test=disable]');
    await page.click('[data-test=disable]');
    await page.waitForSelector('[data-test=user-problem]');
    expect(await page.textContent('[data-test=user-problem]')).toBe('这是最后一个管理员,不能停用或改角色。');
    await page.keyboard.press('Escape');
  });

  it('provider: every text with length and state, a sign that is too long said so, a test message with its receipt [F12 FF18]', async () => {
    const { page } = seat;
    await seat.go('provider', '[data-template=sos] [data-state=approved]');
    expect(await page.textContent('[data-template=sos] [data-test=words]')).toMatch(/^【大田养老呼叫】一键呼02:13/);
    expect(await page.textContent('[data-template=smoke] [data-test=length]')).toMatch(/^(6\d|70) 字 · 1 条$/);
    expect(await page.textContent('[data-template=voice-p1]')).toMatch(/网关不能查/);
    await show('provider');
    await page.fill('[data-test=sign]', '大田县养老呼叫中心');
    await page.waitForSelector('[data-test=sign-long]');
    await page.fill('[data-test=sign]', '大田养老呼叫');
    await page.selectOption('[data-test=mode]', 'dedicated');
    await page.fill('[data-template=sos] input', 'SMS_1');
    await page.click('[data-test=save-provider]');
    await page.waitForSelector('[data-problem="provider.shownNumber"]');
    await page.selectOption('[data-test=mode]', 'public');
    await page.click('[data-test=save-provider]');
    await page.waitForSelector('[data-template=sos] [data-state=not-found]', { timeout: 15_000 });
    await page.fill('[data-test=test-send] input[name=to]', '13800138000');
    await page.fill('[data-test=test-send] input[name=again]', '13800138000');
    await page.click('[data-test=send-test]');
    await page.waitForSelector('[data-test=test-send] [data-problem=to]');
    await page.fill('[data-test=test-send] input[name=to]', '154 0425 9001');
    await page.fill('[data-test=test-send] input[name=again]', '154 0425 9001');
    await page.click('[data-test=send-test]');
    await page.waitForSelector('[data-test=test-outcome][data-state=delivered]', { timeout: 20_000 });
    expect(await page.textContent('[data-test=test-outcome]')).toContain('已送达');
    await page.locator('[data-test=test-send]').scrollIntoViewIfNeeded();
    await show('provider-test');
  });

  it('/ops: one word at the top, each line with what to do, what the audit finds, and it changes when the house does [E3]', async () => {
    const { page } = seat;
    await seat.go('ops', '[data-test=verdict]');
    expect(await page.getAttribute('[data-test=verdict]', 'data-verdict')).toBe('attention');
    expect(await page.textContent('[data-line=templates]')).toMatch(/要处理.*补编码.*一键呼: 网关没有这个编码/);
    expect(await page.textContent('[data-line=backup]')).toMatch(/此处不知道.*keys.json/);
    expect(await page.textContent('[data-line=outside]')).toMatch(/此处不知道.*没有设置.*ANLING_DEADMAN_URL/);
    await web.t.db.query(`update auditor set looked_at = anling_now() + interval '10 minutes'`);
    await web.t.db.query(`insert into finding (kind, ref) values ('step-skipped', 'alert 7 round 0'), ('event-waits', 'event 12'), ('event-waits', 'event 13')`);
    await page.waitForSelector('[data-line=audit][data-mark=attention] [data-finding=step-skipped]', { timeout: 15_000 });
    expect(await page.textContent('[data-line=audit]')).toMatch(/3 项发现.*有该做没做的事.*报警没有人判断 2 ·.*重启系统.*event 12, event 13.*呼叫步骤有缺/);
    await show('ops');
    await web.t.db.query(`insert into event (ingest_id, shard, urgency, source, kind, received_at, trace) values (gen_random_uuid(), 1, 1, 'mqtt', 'sos', anling_now() - interval '1 minute', 't')`);
    await page.waitForSelector('[data-line=events][data-mark=attention]', { timeout: 15_000 });
  });

  it('quarantine: found by part of a device, filtered by reason, replayed all at once [A10]', async () => {
    const { page } = seat;
    await seat.go('quarantine', '[data-test=quarantine] tr[data-id]');
    await show('quarantine');
    await page.fill('[data-filter=q]', 'demo-q2');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => [...document.querySelectorAll('tr[data-id]')].length === 60);
    await page.selectOption('[data-filter=reason]', 'not JSON');
    await page.waitForFunction(() => [...document.querySelectorAll('tr[data-id]')].length === 20);
    await page.click('[data-test=replay-all]');
    await page.click('[data-test=replay-all]');
    await page.waitForSelector('[data-test=replay-progress]');
    expect(await page.textContent('[data-test=replay-progress]')).toMatch(/已重放 \d+,仍读不懂 \d+/);
  });

  it('my password: wrong, weak and different ones are said at their fields', async () => {
    const { page } = seat;
    await seat.go('users', '[data-user]');
    await page.click('[data-test=me]');
    await page.fill('input[name=current]', 'x');
    await page.fill('input[name=next]', 'aaaaaaaaaaaa');
    await page.fill('input[name=again]', 'aaaaaaaaaaab');
    await page.click('[data-test=password-form] button[type=submit]');
    await page.waitForSelector('[data-test=password-form] [role=alert]');
    expect(await page.textContent('[data-test=password-form]')).toContain('两次不一样');
    await page.fill('input[name=again]', 'aaaaaaaaaaaa');
    await page.click('[data-test=password-form] button[type=submit]');
    await page.waitForSelector('[data-problem=current]');
    await show('password');
    await page.keyboard.press('Escape');
  });

  it('fit without scrolling sideways in both languages, and complain of nothing', async () => {
    for (const lang of ['zh', 'en'] as const) {
      const other = await web.sit(browser, 'admin', { lang, theme: lang === 'zh' ? 'wall' : 'desk' });
      for (const name of ['notifications', 'plans', 'users', 'provider', 'ops', 'quarantine'] as const) {
        await other.go(name, `[data-test=${name}] .card`);
        for (const [width, height] of [[1366, 768], [1920, 1080]] as const) {
          await other.page.setViewportSize({ width, height });
          if (shots && lang === 'en' && width === 1366) await other.shot(`${shots}/${name}-en.png`);
          const sideways = await other.page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.page, .card.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => `${e.className} ${e.scrollWidth}`));
          expect([name, lang, width, sideways]).toEqual([name, lang, width, []]);
        }
      }
      expect(other.complaints).toEqual([]);
      await other.close();
    }
  });
});

/** Some messages of all kinds, frames that nobody could read, a blind window. */
async function fill(web: RealWeb): Promise<void> {
  const { db, seal } = web.t;
  const said = await insertReply(db, seal, { dedupe: 'loose', channel: 'sms', from: '15404258888', content: '我是她丈夫', outId: null, receivedAt: Date.now() });
  await markReply(db, said?.id ?? '', 'stranger-reply', null);
  const [home] = await db.query<{ id: string; region: string; person: string; responder: string; contact: string }>(
    `select h.id, h.region_code as region, p.id as person, r.id as responder, c.id as contact from home h join person p on p.home_id = h.id join contact c on c.person_id = p.id
     join responder r on r.region_code = h.region_code and r.role = 'care-worker' order by h.id limit 1`);
  const alert = await web.alert({ region: home?.region ?? null, personId: home?.person ?? null, homeId: home?.id ?? null });
  await touchAlert(web.t, alert, `, state = 'closed', closed_at = anling_now(), outcome = 'F1'`, 'closed');
  const params = { time: '02:13', place: '内洋村下厝角12号', name: '陈', no: '27', kind: '按了求助' };
  const row = (party: string, channel: 'sms' | 'voice', template: 'sos' | 'voice-p1' | 'family', n: number) => {
    const to = `1540425${String(8000 + n)}`;
    return { alertId: alert as AlertId, party: party as Party, channel, template, params, to, toBidx: seal.blind('phone', to), priority: 1, purpose: 'search' as const, round: 0, step: n % 4, slip: 27, trace: 't', demo: true };
  };
  const kinds = [['delivered', null, null], ['accepted', null, null], ['failed', 'local.CALLS_MINUTE', 'F'], ['failed', 'isv.AMOUNT_NOT_ENOUGH', 'F'], ['unknown', 'ReadTimeout', 'U'], ['answered', null, null], ['withdrawn', null, null]] as const;
  for (let n = 0; n < 70; n++) {
    const [state, code, cls] = kinds[n % kinds.length] ?? kinds[0];
    const [outId] = await insertOutbox(db, seal, [row(n % 3 === 0 ? `contact:${home?.contact}` : `responder:${home?.responder}`, n % 2 === 0 ? 'sms' : 'voice', n % 3 === 0 ? 'family' : n % 2 === 0 ? 'sos' : 'voice-p1', n)]);
    await db.query(`update outbox set state = $2, error_code = $3, error_class = $4, handled_at = anling_now(), created_at = anling_now() - $5::int * interval '7 minutes', sent_at = anling_now(), attempts = 1 + $5::int % 2, provider = 'standin', accepted_at = case when $2 in ('delivered', 'answered', 'accepted') then anling_now() end where out_id = $1`, [outId, state, code, cls, n]);
  }
  await db.query(`insert into quarantine (ingest_id, device_id, topic, raw_enc, bytes, reason, received_at, trace) select gen_random_uuid(), 'demo-q' || i % 3, 'care/v1/demo-q' || i % 3 || '/event', $1, 31, case when i / 3 % 3 = 0 then 'not JSON' else 'unknown kind' end, anling_now() - i * interval '1 minute', 't' from generate_series(0, 179) i`,
    [seal.seal('quarantine.raw', Buffer.from('{"kind":"sosss"}').toString('base64'))]);
  await db.query(`insert into blind_window (from_at, to_at, why) values (anling_now() - interval '26 hours', anling_now() - interval '25 hours 40 minutes', 'no door was open')`);
  for (const role of ['edge', 'worker', 'web']) await db.query(`insert into node (id, role, started_at, beat_at, detail) values ($1 || '-1', $1, anling_now() - interval '3 hours', anling_now() + interval '10 minutes', '{"version":"0.2.0"}')`, [role]);
}
