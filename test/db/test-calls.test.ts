/** 每月试按: a booked press calls nobody, one outside its window always does; the overdue list exact to the second; windows, reminders and settings. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remindTestCalls } from '#alerts/test-calls.ts';
import { dayMs } from '#core/clock.ts';
import { createLog } from '#ops/log.ts';
import { bookTests } from '#store/test-calls.ts';
import { writeSetting } from '#store/settings.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { makeDevice } from '#test/harness/edge.ts';
import { county, otherTown, otherVillage, testWeb, village, type Web } from '#test/harness/web.ts';

const minute = 60_000;

describe('a test press', () => {
  let a: Alarm;
  beforeEach(async () => { a = await testAlarm(); });
  afterEach(() => a.close());
  const said = async (): Promise<string[]> => (await a.sent()).map((m) => m.party);

  it('inside a booked window never escalates, to its last second, however late it is looked at; it ends by itself [B7 LAW5]', async () => {
    await bookTests(a.db, ['d1'], 60 * minute);
    await a.event('test');
    await a.settle();
    expect(await a.alert()).toMatchObject({ priority: 4, flags: ['test'], plan: null });
    await a.pass(31 * 60, 60);
    expect(await a.alert()).toMatchObject({ state: 'closed', outcome: 'T1' });
    await a.advance(29 * minute - 1_000 - 61_000);
    await a.event('test');
    await a.advance(2 * minute); // the evaluation was away, the window has ended
    await a.pass(40 * 60, 60);
    expect((await a.alerts()).map((x) => [x.priority, x.state, x.outcome])).toEqual([[4, 'closed', 'T1'], [4, 'closed', 'T1']]);
    expect(await said()).toEqual([]);
  });

  it.each([['never booked', null, 0], ['one millisecond after its end', 60 * minute, 60 * minute + 1], ['ended early', 60 * minute, -1]] as const)('outside it always does: %s [B7]', async (_, booked, waits) => {
    if (booked !== null) await bookTests(a.db, ['d1'], booked);
    if (waits === -1) await bookTests(a.db, ['d1'], 0);
    await a.advance(Math.max(1, waits));
    await a.event('test');
    await a.settle();
    expect(await a.alert()).toMatchObject({ priority: 2, flags: ['unbooked-test'], planState: 'running' });
    await a.pass(10 * 60, 5);
    expect(await said()).toContain('responder:cw');
  });

  it('an SOS inside the window is on the desk at once and real after two minutes [B7 C2 LAW5]', async () => {
    await bookTests(a.db, ['d1'], 60 * minute);
    await a.event('sos');
    await a.settle();
    expect(await a.alert()).toMatchObject({ priority: 1, state: 'open', flags: expect.arrayContaining(['test']) });
    await a.pass(115, 5);
    expect(await said()).toEqual([]);
    await a.pass(10, 5);
    expect(await said()).toContain('responder:cw');
  });

  it('reminds the care worker of a village once a week, in the morning, of what is overdue there; off until somebody switches it on [B7]', async () => {
    const log = createLog('test', 'silent');
    const morning = async (hhmm: string, days = 0): Promise<void> => {
      const now = await a.now();
      const [h = 0, m = 0] = hhmm.split(':').map(Number);
      const at = Math.floor((now + 8 * 60 * minute) / dayMs) * dayMs - 8 * 60 * minute + (h * 60 + m) * minute + days * dayMs;
      await a.advance(at > now ? at - now : at - now + dayMs);
    };
    const remind = (): Promise<number> => remindTestCalls({ db: a.db, seal: a.seal, log });
    await a.db.query(`update device set registered_at = anling_now() - interval '31 days'`);
    await morning('08:30');
    expect(await remind()).toBe(0);
    await writeSetting(a.db, 'test-calls', { on: true, types: ['sos-button', 'watch'] }, 'test');
    await morning('08:29');
    expect(await remind()).toBe(0);
    await morning('08:30');
    expect([await remind(), await remind()]).toEqual([1, 0]);
    const [told, ...more] = await a.sent();
    expect([told?.party, told?.template, told?.params, more]).toEqual(['responder:cw', 'test-calls', { village: '内洋村', count: '2' }, []]);
    for (let day = 0; day < 7; day++) { await morning('08:31'); expect([day, await remind()]).toEqual([day, 0]); }
    await a.event('sos', { deviceId: 'd1' });
    await morning('08:31');
    expect(await remind()).toBe(1);
    expect((await a.sent()).filter((m) => m.template === 'test-calls').map((m) => m.params['count'])).toEqual(['1']);
    await writeSetting(a.db, 'test-calls', { on: true, types: ['sos-button', 'watch'], remind: false }, 'test');
    await morning('08:31', 30);
    expect(await remind()).toBe(0);
  });
});

describe('the list of presses', () => {
  let web: Web;
  let admin: string;
  beforeAll(async () => { web = await testWeb(); admin = await web.cookie('admin'); });
  afterAll(() => web?.stop());
  beforeEach(() => web.t.db.query('delete from event').then(() => web.t.db.query('delete from device')));
  const api = (path: string, method = 'GET', body?: unknown, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1/test-calls${path}`, { method, cookie, ...(body === undefined ? {} : { body }) });
  const own = async (ageMs: number, homeId = 'h1', model = 'sos-button'): Promise<string> => {
    const { id } = await makeDevice(web.t.db, web.t.seal, { homeId, model });
    await web.t.db.query(`update device set registered_at = anling_now() - $2::float8 * interval '1 ms' where id = $1`, [id, ageMs]);
    return id;
  };
  const press = (id: string, agoMs: number, kind = 'sos', home = 'h1', edge = 'raise'): Promise<unknown> => web.t.db.query(
    `insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, edge, received_at, trace) values (gen_random_uuid(), 1, 1, $1, $3, 'mqtt', $4, $5, anling_now() - $2::float8 * interval '1 ms', 't')`, [id, agoMs, home, kind, edge]);
  const states = async (cookie = admin): Promise<Record<string, string>> => Object.fromEntries((await api('/devices', 'GET', undefined, cookie)).body.devices.map((d: { id: string; state: string }) => [d.id, d.state]));

  it('is exact: to the second of its period, a press of another home or of before counts for nothing, who is away is excused, a radar is not asked [B7]', async () => {
    const [over, nearly, soon, pressed, tested, moved, cleared] = [await own(30 * dayMs), await own(30 * dayMs - minute), await own(24 * dayMs), await own(90 * dayMs), await own(90 * dayMs), await own(90 * dayMs), await own(90 * dayMs)];
    const [fitted, away, radar] = [await own(dayMs), await own(90 * dayMs, 'h2'), await own(90 * dayMs, 'h1', 'fall-radar')];
    await press(pressed, 22 * dayMs);
    await press(tested, 22 * dayMs + minute, 'test');
    await press(tested, 80 * dayMs, 'sos');
    await press(moved, dayMs, 'sos', 'h2');
    await press(cleared, dayMs, 'sos', 'h1', 'clear');
    await press(fitted, 40 * dayMs);
    await web.t.db.query(`update home set mode = 'hospital', mode_until = anling_now() + interval '1 day' where id = 'h2'`);
    expect(await states()).toEqual({ [over]: 'overdue', [nearly]: 'due', [soon]: 'due', [pressed]: 'pressed', [tested]: 'pressed', [moved]: 'overdue', [cleared]: 'overdue', [fitted]: 'pressed', [away]: 'away' });
    expect(await states()).not.toHaveProperty(radar);
    const { villages } = (await api('')).body;
    expect(villages.map((v: { code: string; devices: number; overdue: number; due: number; away: number }) => [v.code, v.devices, v.overdue, v.due, v.away])).toEqual([[village, 8, 3, 2, 0], [otherVillage, 1, 0, 0, 1]]);
    await web.t.db.query(`update home set mode = null, mode_until = null where id = 'h2'`);
    await web.t.advance(minute);
    expect((await states())[nearly]).toBe('overdue');
    expect(Object.keys(await states(await web.cookie('installer', otherTown)))).toEqual([away]);
    const csv = await web.fetch('/api/v1/test-calls.csv', { cookie: admin });
    expect([csv.headers.get('content-type'), csv.text.trim().split('\r\n').length, csv.text]).toEqual(['text/csv; charset=utf-8', 10, expect.stringContaining(`"${pressed}","一键呼","h1"`)]);
    expect((await api('', 'GET', undefined, await web.cookie('viewer'))).status).toBe(403);
  });

  it('a window is one village’s, for what is due there and was seen, ends by itself and can be ended; on record [B7]', async () => {
    const [over, fresh, far] = [await own(40 * dayMs), await own(dayMs), await own(40 * dayMs, 'h2')];
    const until = async (): Promise<Record<string, boolean>> => Object.fromEntries((await web.t.db.query<{ id: string; on: boolean }>('select id, coalesce(test_until > anling_now(), false) as on from device')).map((d) => [d.id, d.on]));
    expect((await api('/window', 'POST', { region: county, minutes: 60, devices: 2 })).status).toBe(422);
    expect((await api('/window', 'POST', { region: village, minutes: 60, devices: 2 })).body.error).toMatchObject({ code: 'E_CONFLICT', devices: 1 });
    expect((await api('/window', 'POST', { region: village, minutes: 121, devices: 1 })).status).toBe(422);
    expect((await api('/window', 'POST', { region: village, minutes: 60, devices: 1 }, await web.cookie('installer', otherTown))).status).toBe(404);
    expect((await api('/window', 'POST', { region: village, minutes: 60, devices: 1 }, await web.cookie('operator'))).status).toBe(403);
    expect((await api('/window', 'POST', { region: village, minutes: 60, devices: 1 })).body).toMatchObject({ devices: 1, testUntil: expect.any(Number) });
    expect(await until()).toEqual({ [over]: true, [fresh]: false, [far]: false });
    expect((await web.t.db.query(`select detail from audit where action = 'test-call.window'`))[0]?.['detail']).toMatchObject({ minutes: 60, devices: 1, ids: [over] });
    expect((await api('/window', 'POST', { region: village, minutes: 0, devices: 1 })).body).toEqual({ devices: 1, testUntil: null });
    expect(await until()).toEqual({ [over]: false, [fresh]: false, [far]: false });
    await api('/window', 'POST', { region: village, minutes: 5, devices: 1 });
    await web.t.advance(5 * minute + 1_000);
    expect((await until())[over]).toBe(false);
  });

  it('is off, every thirty days and of buttons until the whole county’s administrator says otherwise [B7]', async () => {
    const before = (await api('/settings')).body;
    expect(before).toEqual({ settings: { on: false, periodDays: 30, types: ['sos-button', 'phone'], remind: true }, updatedAt: null, updatedBy: null });
    const settings = { on: true, periodDays: 90, types: ['watch'], remind: false };
    expect((await api('/settings', 'PUT', { settings, updatedAt: null }, await web.cookie('admin', otherTown))).status).toBe(403);
    expect((await api('/settings', 'PUT', { settings: { ...settings, periodDays: 3 }, updatedAt: null })).status).toBe(422);
    expect((await api('/settings', 'PUT', { settings, updatedAt: null })).body.settings).toEqual(settings);
    expect((await api('/settings', 'PUT', { settings, updatedAt: null })).status).toBe(409);
    const watch = await own(89 * dayMs, 'h1', 'watch');
    await own(400 * dayMs);
    expect(await states()).toEqual({ [watch]: 'due' });
    await web.t.db.query(`delete from setting where key = 'test-calls'`);
  });

  it('ten thousand buttons are reckoned in time', async () => {
    await web.t.db.query(`insert into device (id, model, home_id, secret_hash) select 'many-' || i, 'sos-button', 'h1', '\\x00' from generate_series(1, 10000) i`);
    await web.t.db.query(`insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, received_at, trace) select gen_random_uuid(), 1, 1, 'many-' || i, 'h1', 'mqtt', 'sos', anling_now() - n * interval '10 days', 't' from generate_series(1, 10000) i, generate_series(1, 3) n`);
    await web.t.db.query('analyze event, device');
    const begun = performance.now();
    expect((await api('')).body.villages).toMatchObject([{ devices: 10_000, pressed: 10_000 }]);
    console.log(`10,000 buttons reckoned in ${Math.round(performance.now() - begun)} ms`);
  });
});
