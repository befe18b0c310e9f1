/** The operator's script (FIELD 8) beside the case, by keys alone, fitted to who is in need; each step a line of the case. */
import { describe, expect, it } from 'vitest';
import { createRespond } from '#alerts/respond.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import type { FakeServer } from './fake-server.ts';
import { type RealWeb, type Seat, useRealWeb } from './real-web.ts';
import { row, until, useWall } from './visit.ts';

describe('the script', () => {
  let server: FakeServer;
  const come = useWall((fresh) => { server = fresh; });
  const shot = process.env['ANLING_SHOTS'];

  it('E escalates: the next rung in that second, once a press, logged with who pressed, the claim kept; when a round has no rung left it says so in words [E1]', async () => {
    const alert = server.house.raise();
    const { page } = await come();
    await page.waitForSelector(row(alert.id));
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('[data-test=escalate]');
    await page.keyboard.press('a');
    await page.waitForSelector('[data-test=case][data-state=claimed] [data-test=escalate]:not([disabled])'); // the answer to the claim is there too
    await page.keyboard.press('e');
    await page.waitForSelector('[data-action=escalated]');
    expect(await page.textContent('[data-action=escalated]')).toMatch(/升级.*张三/);
    expect(server.house.alerts.get(alert.id)).toMatchObject({ state: 'claimed', claimedBy: 'u-admin' });
    server.house.change(alert.id, { planStep: 6 }, 'plan-step');
    await page.click('[data-test=escalate]');
    await page.waitForSelector('[data-test=toast-bad]');
    expect(await page.textContent('[data-test=toast-bad]')).toContain('这一轮的人都已叫过');
    server.house.change(alert.id, { state: 'committed', committedAt: Date.now() }, 'committed');
    await page.waitForSelector('[data-test=escalate]', { state: 'detached' });
    expect(server.requests.filter((r) => r.endsWith('/escalate'))).toHaveLength(2);
    await page.keyboard.press('e');
    await page.keyboard.press('d');
    await page.waitForSelector('[data-part=responders]:focus, [data-part=responders] :focus');
    expect(server.requests.filter((r) => r.endsWith('/escalate'))).toHaveLength(2);
  });

  it('a fall: a number key for each step, logged with who and when, the next one opened with what to say; keys rest while somebody types [D7]', async () => {
    const alert = server.house.raise({ kind: 'fall' });
    const { page } = await come({ width: 1920, height: 1080 });
    const next = (): Promise<(string | null)[]> => page.locator('[data-next=true]').evaluateAll((all) => all.map((e) => (e as HTMLElement).dataset['step'] ?? null));
    await page.waitForSelector(row(alert.id));
    await page.keyboard.press('ArrowDown');
    await page.waitForSelector('[data-test=script]');
    expect(await next()).toEqual(['1']);
    await page.keyboard.press('2'); // nobody has it yet: nothing but taking it counts
    await page.keyboard.press('1');
    await page.waitForSelector('[data-test=case][data-state=claimed]');
    await until('the elder is next', 10_000, async () => (await next()).join() === '2');
    expect(await page.textContent('[data-step="2"] .say')).toContain('您是不是摔到了');
    await page.keyboard.press('2');
    await page.waitForSelector('[data-step="2"][data-done=true]');
    expect(await next()).toEqual(['3', '4', '5']);
    await page.keyboard.press('n');
    await page.waitForSelector('[data-part=note] input:focus');
    await page.keyboard.type('3楼');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-action=note]');
    await page.keyboard.press('5');
    await page.waitForSelector('[data-step="5"][data-done=true]');
    expect(await next()).toEqual(['6']);
    if (shot) await page.screenshot({ path: `${shot}/script-fall.png` });
    const steps = (server.house.timelines.get(alert.id) ?? []).filter((e) => e.action === 'step');
    expect(steps.map((e) => [e.note, e.actorName])).toEqual([['② 打老人电话', '张三'], ['⑤ 不应答', '张三']]);
    expect((await page.locator('[data-action=step]').allTextContents()).map((l) => l.replace(/^[\d:.]+/, ''))).toEqual(['记录张三⑤ 不应答', '记录张三② 打老人电话']);
  });

  it('a deaf elder who speaks another tongue: relatives first, the phone is not tried, who speaks it is named [2.13]', async () => {
    server.house.person = { hearing: 'deaf', language: '后路话', riskTags: ['dementia'] };
    const alert = server.house.raise({ kind: 'sos' });
    const { page } = await come({ width: 1920, height: 1080 });
    await page.click(`${row(alert.id)} [data-test=claim]`);
    await page.waitForSelector('[data-way=deaf]');
    expect(await page.textContent('[data-way=deaf]')).toContain('不打他的电话');
    expect(await page.textContent('[data-way=dementia]')).toContain('不算数');
    expect(await page.textContent('[data-way=language]')).toMatch(/说后路话.*(会说的人|没有会说的人)/);
    expect(await page.textContent('[data-step="1"]')).toMatch(/听不见,先叫家属.*请您马上去看/);
    expect(await page.textContent('[data-step="5"]')).toContain('失智');
    if (shot) await page.screenshot({ path: `${shot}/script-deaf.png` });
    await page.keyboard.press('1');
    await page.waitForSelector('[data-step="1"][data-done=true]');
    expect(server.house.timelines.get(alert.id)?.at(-1)?.note).toBe('① 老人听不见,先叫家属');
  });

  it('smoke and a silent device have theirs, a low battery none; in English too, and a reader presses nothing [D7]', async () => {
    const smoke = server.house.raise({ kind: 'smoke' });
    const silent = server.house.raise({ kind: 'offline', priority: 3 });
    const battery = server.house.raise({ kind: 'low-battery', priority: 3 });
    const { page } = await come({ lang: 'en' });
    for (const [alert, steps] of [[smoke, 5], [silent, 5], [battery, 0]] as const) {
      await page.click(`${row(alert.id)} .row-main`);
      await page.waitForSelector(`[data-test=case][data-id="${alert.id}"] [data-test=timeline] li`);
      expect(await page.locator('[data-step]').count()).toBe(steps);
    }
    await page.click(`${row(smoke.id)} .row-main`);
    await page.waitForSelector('[data-step="1"]');
    expect(await page.textContent('[data-step="1"]')).toContain('Dispatch and call');
    const reader = await come({ user: 'tv' });
    await reader.page.click(`${row(smoke.id)} .row-main`);
    await reader.page.waitForSelector('[data-step="1"] button:disabled');
    await reader.page.keyboard.press('1');
    expect(server.requests.filter((r) => r.endsWith('/claim') || r.endsWith('/steps'))).toEqual([]);
  });
});

describe('the script on the real API', () => {
  let web: RealWeb;
  let seat: Seat;
  useRealWeb((now) => { ({ web, seat } = now); }, { respond: (t) => createRespond({ db: t.db, seal: t.seal, log: createLog('worker', 'error', () => {}), metrics: createMetrics('web') }) });

  it('is fitted by the file of the person, and its steps stand in the case with who and when, and renew the claim [D7 2.13]', async () => {
    const [who] = await web.t.db.query<{ personId: string; homeId: string }>(`update person set hearing = 'deaf', language = '闽南话' where id = (select min(id) from person where home_id is not null) returning id as "personId", home_id as "homeId"`);
    const id = await web.alert({ kind: 'fall', ...who });
    const { page } = seat;
    await seat.go('wall', row(id));
    await page.click(`${row(id)} [data-test=claim]`);
    await page.waitForSelector('[data-way=deaf]');
    expect(await page.textContent('[data-way=language]')).toContain('说闽南话');
    await page.locator('body').press('2');
    await page.waitForSelector('[data-step="2"][data-done=true]');
    await page.locator('body').press('5');
    await page.waitForSelector('[data-step="5"][data-done=true]');
    const answer = await web.fetch(`/api/v1/alerts/${id}`, { cookie: await web.cookie('admin') });
    const { timeline, claimedAt, lastStepAt } = answer.body as { timeline: { action: string; note: string | null; actorType: string; at: number }[]; claimedAt: number; lastStepAt: number };
    const steps = timeline.filter((e) => e.action === 'step');
    expect(steps.map((e) => [e.actorType, e.note])).toEqual([['user', '② 老人听不见,先叫家属'], ['user', '⑤ 不应答']]);
    expect(lastStepAt).toBeGreaterThan(Math.max(claimedAt, steps[0]?.at ?? 0)); // the second one renewed it
  });
});
