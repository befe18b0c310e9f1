/** Calls that come in (来电): the strip of every console within a second, who has opened one, what raises at once, what raises because nobody picked up. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluate } from '#alerts/evaluate.ts';
import { createTimers } from '#alerts/timers.ts';
import { limits } from '#core/limits.ts';
import type { CallView } from '#core/live.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { missCall } from '#store/calls.ts';
import { openTab, otherTown, type Tab, testWeb, village, type Web } from '#test/harness/web.ts';

let web: Web;
let operator: string;
let turn: () => Promise<void>;
beforeAll(async () => {
  web = await testWeb();
  operator = await web.cookie('operator');
  const tools = { db: web.t.db, seal: web.t.seal, metrics: createMetrics('test'), log: createLog('test', 'error', () => {}) };
  const [evaluate, fire] = [createEvaluate(tools), createTimers({ ...tools, handlers: { call: (sql, timer) => missCall(sql, web.t.seal, String(timer.payload['callId'])) } })];
  turn = async () => { while ((await evaluate()) + (await fire()) > 0); };
});
afterAll(() => web.stop());
beforeEach(async () => {
  await turn();
  await web.t.db.query(`update alert set state = 'closed', closed_at = anling_now() where state <> 'closed'`);
  await web.t.db.query(`update timer set cancelled_at = anling_now() where fired_at is null and cancelled_at is null`);
  await web.t.db.query('delete from call');
  await web.t.db.query(`update session set seen_at = anling_now(), created_at = anling_now(), expires_at = anling_now() + interval '1 day'`);
});

const post = async (path: string, body: unknown, cookie = operator) => web.fetch(`/api/v1${path}`, { method: 'POST', cookie, body });
const ring = async (from: string, more: object = {}) => (await post('/calls/inbound', { from, ...more })).body;
const openAlerts = () => web.t.db.query<{ kind: string; person_id: string | null; device_id: string | null; count: number }>(`select kind, person_id, device_id, count from alert where state <> 'closed' order by id`);
const callsOf = (tab: Tab): CallView[] => (tab.frames.findLast((f) => f.type === 'calls') as { calls: CallView[] } | undefined)?.calls ?? [];
async function console_(cookie = operator): Promise<Tab> {
  const tab = openTab(web.url, cookie);
  tab.send({ type: 'hello', epoch: null, lastSeq: 0, tabId: 't' });
  await tab.until((f) => f.some((x) => x.type === 'beat'));
  return tab;
}

describe('a call that comes in', () => {
  it('stands on every console within a second, masked, once however often it rings, and leaves when somebody opens it [FF14]', async () => {
    const [tab, other] = [await console_(), await console_(await web.cookie('operator', otherTown))];
    const began = performance.now();
    const first = await ring('15404250001', { raise: false });
    await tab.until(() => callsOf(tab).length === 1);
    expect(performance.now() - began).toBeLessThan(5_000); // a second on a machine that does nothing else
    await ring('+86 154 0425 0001', { raise: false });
    await tab.until(() => callsOf(tab)[0]?.count === 2);
    expect(callsOf(tab)).toMatchObject([{ id: first.callId, state: 'ringing', from: '154****0001', matched: 'person', name: '陈*水', town: '均溪镇', village: '仙亭村', personId: 'p1', homeId: 'h1', alertId: null }]);
    // The call of an elder of another town is nobody's business here; a viewer's screen shows no calls at all.
    expect(callsOf(other)).toEqual([]);
    const viewer = await console_(await web.cookie('viewer'));
    expect(viewer.frames.some((f) => f.type === 'calls')).toBe(false);
    expect((await post(`/calls/${first.callId}/open`, {}, await web.cookie('operator', otherTown))).status).toBe(404);
    const opened = await post(`/calls/${first.callId}/open`, {});
    expect(opened.body).toMatchObject({ from: '15404250001', first: true, call: { state: 'opened', openedByName: '用户operator', count: 2 } });
    await tab.until(() => callsOf(tab).length === 0);
    expect((await post(`/calls/${first.callId}/open`, {})).body.first).toBe(false);
    expect(await web.t.db.query(`select from audit where action = 'call.open'`)).toHaveLength(2);
    await web.t.advance(limits.callOpenMs + 1_000);
    await turn();
    expect(await openAlerts()).toEqual([]); // people answered: no alarm
    const kept = JSON.stringify(await web.t.db.query('select * from call')) + web.logs.join('') + JSON.stringify(tab.frames);
    expect(kept).not.toContain('15404250001');
    for (const t of [tab, other, viewer]) t.ws.close();
  });

  it('of a one-key telephone raises at once whatever the exchange says, for its home, and proves it alive [FF14 LAW5]', async () => {
    const admin = await web.cookie('admin');
    const made = await post('/devices', { model: 'one-key-phone', homeId: 'h1', room: '客厅', phone: '13905981234' }, admin);
    expect(made.status, made.text).toBe(201);
    expect((await post('/devices', { model: 'sos-button', homeId: 'h1', phone: '13905981235' }, admin)).body.error.fields).toEqual([{ field: 'phone', expected: 'nothing: only a one-key telephone has a number' }]);
    const called = await ring('13905981234', { raise: false });
    expect(called).toMatchObject({ matched: 'device', homeId: 'h1', regionCode: village, eventId: expect.any(String) });
    await ring('13905981234', { raise: false });
    await turn();
    expect(await openAlerts()).toEqual([{ kind: 'phone-in', person_id: null, device_id: made.body.id, count: 2 }]);
    const device = (await web.fetch(`/api/v1/devices/${made.body.id}`, { cookie: admin })).body;
    expect(device).toMatchObject({ state: 'online', neverReported: false });
    // It never has a heartbeat, so silence says nothing of it.
    await web.t.advance(3 * 24 * 3_600_000);
    const [presence] = await web.t.db.query<{ never: boolean }>(`select check_at = 'infinity' as never from presence where device_id = $1`, [made.body.id]);
    expect(presence).toEqual({ never: true });
    expect(JSON.stringify(await web.t.db.query('select * from device'))).not.toContain('13905981234');
  });

  it('that nobody opens is missed and stays in the list; an elder’s raises then, a stranger’s does not [LAW5]', async () => {
    const tab = await console_();
    const [elder, stranger] = [await ring('15404250101', { raise: false }), await ring('13777776666', { raise: false })];
    expect([elder.matched, elder.eventId, stranger.matched]).toEqual(['contact', null, 'unknown']);
    await turn();
    expect(await openAlerts()).toEqual([]);
    await web.t.advance(limits.callOpenMs + 1_000);
    await turn();
    expect(await openAlerts()).toMatchObject([{ kind: 'phone-in', person_id: 'p1', count: 1 }]);
    await tab.until(() => callsOf(tab).filter((c) => c.state === 'missed' && (c.personId === null || c.alertId !== null)).length === 2);
    expect((await web.fetch('/api/v1/calls?state=missed', { cookie: operator })).body.calls.map((c: CallView) => c.id)).toEqual([stranger.callId, elder.callId]);
    await post(`/calls/${stranger.callId}/open`, {});
    await tab.until(() => callsOf(tab).length === 1);
    tab.ws.close();
  });

  it('that was answered at the exchange raises nothing; one that was hung up raises at once, and a taken alarm opens its call', async () => {
    const answered = await ring('15404250001', { raise: false });
    expect(await ring('15404250001', { raise: false, event: 'answered' })).toMatchObject({ callId: answered.callId, eventId: null });
    const ended = await ring('15404250002', { raise: false });
    expect((await ring('15404250002', { event: 'ended' })).callId).toBe(ended.callId);
    await turn();
    expect(await openAlerts()).toMatchObject([{ person_id: 'p2' }]);
    const raised = await ring('15404250101'); // without a word about raising it raises, as ever
    await turn();
    await web.t.db.query(`update alert set state = 'claimed', claimed_by = (select id from app_user limit 1), claimed_at = anling_now() where person_id = 'p1' and state <> 'closed'`);
    await web.t.advance(limits.callOpenMs + 1_000);
    await turn();
    expect((await web.t.db.query<{ id: string; state: string }>('select id, state from call order by id')).map((c) => c.state)).toEqual(['opened', 'missed', 'opened']);
    expect(raised.eventId).not.toBeNull();
  });

  it('with a withheld number is a call of its own each time', async () => {
    await ring('anonymous', { raise: false });
    await ring('anonymous', { raise: false });
    expect((await web.fetch('/api/v1/calls', { cookie: operator })).body.calls).toMatchObject([{ from: null, matched: 'unknown' }, { from: null }]);
  });

  it('and what is heard in it is entered by hand as what it is', async () => {
    expect((await post('/alerts', { personId: 'p1', kind: 'smoke', from: '15404250101', note: '邻居说冒烟' })).status).toBe(201);
    expect((await post('/alerts', { regionCode: village, kind: 'fall' })).status).toBe(201);
    expect((await post('/alerts', { personId: 'p1', kind: 'low-battery' })).body.error.fields.map((f: { field: string }) => f.field)).toEqual(['kind']);
    await turn();
    expect((await openAlerts()).map((a) => a.kind).sort()).toEqual(['fall', 'smoke']);
    expect(await web.t.db.query(`select from alert where state <> 'closed' and priority = 1 and plan_state = 'running'`)).toHaveLength(2);
  });
});
