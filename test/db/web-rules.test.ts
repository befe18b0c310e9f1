/** Rule parameters over HTTP: tried before they hold, adopted with a reason, hot without a restart, refused by field, gone back to; every version says who, when and why. */
import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTryRules } from '#alerts/rules-try.ts';
import { startVitalLimits } from '#intake/vital-limits.ts';
import { createLog } from '#ops/log.ts';
import { readCounty } from '#store/standby.ts';
import { type Alarm, testAlarm, village } from '#test/harness/alarm.ts';
import { otherTown as town, testWeb, type Web } from '#test/harness/web.ts';

let a: Alarm;
let web: Web;
let admin: string;
beforeEach(async () => {
  a = await testAlarm();
  web = await testWeb({ t: a, more: () => ({ tryRules: createTryRules({ db: a.db, seal: a.seal, breathe }) }) });
  admin = await web.cookie('admin');
});
afterEach(async () => { await web.stop(); await a.close(); });
const call = (path: string, body: unknown, cookie = admin): ReturnType<Web['fetch']> => web.fetch(`/api/v1/rules${path}`, { method: 'POST', cookie, body });
const read = async (cookie = admin) => (await web.fetch('/api/v1/rules', { cookie })).body;
const window = (value: number) => ({ param: 'fallWindowS', scope: 'model', id: 'watch', value });
const confirmMs = async (): Promise<number> => {
  await a.event('fall', { deviceId: 'd2' });
  await a.settle();
  const alert = await a.alert();
  await a.respond({ alertId: alert.id, action: 'close', outcome: 'F1', note: 'x' });
  return Number(alert.summary['confirmUntil']) - alert.openedAt;
};

describe('rule parameters over HTTP [C10]', () => {
  it('are tried, adopted with a reason, hot for the next event, and gone back to as a new version; the audit has what changed', async () => {
    expect(await read()).toMatchObject({ no: 0, entries: [], versions: [] });
    expect(await confirmMs()).toBe(30_000);
    const tried = await call('/try', { entries: [window(10)] });
    expect(tried.status, tried.text).toBe(200);
    expect(tried.body).toMatchObject({ differences: 0, events: 1, agreement: { of: 1, same: 1 } }); // it was closed within its window
    expect(await read()).toMatchObject({ no: 0 });
    const first = await call('', { after: 0, entries: [window(10)], reason: '村里人近,30 秒太久' });
    expect(first.status, first.text).toBe(200);
    expect(await confirmMs()).toBe(10_000);
    await call('', { after: 1, entries: [window(5), { param: 'clearHoldS', scope: 'county', id: '', value: 120 }], reason: 'again' });
    expect(await confirmMs()).toBe(5_000);
    const back = await call('/back', { after: 2, to: 1, reason: '太短了' });
    expect(back.body).toMatchObject({ no: 3, entries: [window(10)] });
    expect(await confirmMs()).toBe(10_000);
    expect(back.body.versions).toMatchObject([
      { no: 3, backTo: 1, reason: '太短了', byName: '用户admin', changes: [{ param: 'clearHoldS', was: 120, now: null }, { param: 'fallWindowS', was: 5, now: 10 }] },
      { no: 2, backTo: null, changes: [{ param: 'clearHoldS', was: null, now: 120 }, { param: 'fallWindowS', was: 10, now: 5 }] }, { no: 1, changes: [{ was: null, now: 10 }] }]);
    expect((await call('/back', { after: 3, to: 0, reason: 'as the house has it' })).body).toMatchObject({ no: 4, entries: [] });
    expect(await confirmMs()).toBe(30_000);
    expect(await a.db.query(`select action, target, detail->>'reason' as reason from audit where action like 'rules.%' order by id`)).toEqual([
      { action: 'rules.adopt', target: 'rules:1', reason: '村里人近,30 秒太久' }, { action: 'rules.adopt', target: 'rules:2', reason: 'again' }, { action: 'rules.back', target: 'rules:3', reason: '太短了' }, { action: 'rules.back', target: 'rules:4', reason: 'as the house has it' }]);
  });

  it('two at once: one is adopted, the other hears of it; a version is never changed or lost', async () => {
    const both = await Promise.all([call('', { after: 0, entries: [window(10)], reason: 'one' }), call('', { after: 0, entries: [window(5)], reason: 'two' })]);
    expect(both.map((r) => r.status).sort()).toEqual([200, 409]);
    expect(both.find((r) => r.status === 409)?.body.error).toMatchObject({ code: 'E_CONFLICT' });
    expect((await read()).versions).toHaveLength(1);
  });

  it('what would silence or stretch an alarm is refused by line and field, with what was expected', async () => {
    const refused = async (...entries: object[]): Promise<unknown> => { const r = await call('', { after: 0, entries, reason: 'x x' }); return [r.status, r.body.error.fields?.map((f: { field: string }) => f.field)]; };
    expect(await refused({ ...window(0), id: 'sos-button' })).toEqual([422, ['entries.0.id']]);
    expect(await refused(window(31))).toEqual([422, ['entries.0.value']]);
    expect(await refused({ param: 'graceS', scope: 'class', id: '60s', value: 86_400 }, { param: 'fallWindowS', scope: 'person', id: 'nobody', value: 5 })).toEqual([422, ['entries.0.value', 'entries.1.id']]);
    expect(await refused({ param: 'sosWindowS', scope: 'county', id: '', value: 5 })).toEqual([422, ['entries.0.param']]);
    expect((await call('/try', { entries: [window(31)] })).body.error.fields).toEqual([{ field: 'entries.0.value', expected: 'from 0 to 30: never longer than the model declares' }]);
    expect((await call('', { after: 0, entries: [], reason: ' ' })).body.error.fields).toMatchObject([{ field: 'reason' }]);
    expect((await call('/back', { after: 1, to: 9, reason: 'xx' })).body.error.fields).toEqual([{ field: 'to', expected: 'the number of a version' }]);
    expect((await read()).no).toBe(0);
  });

  it('who may read, try and adopt; only the whole county', async () => {
    const status = async (role: Parameters<Web['cookie']>[0], path: string, scope?: string): Promise<number> => {
      const cookie = await web.cookie(role, scope);
      return (path === 'get' ? await web.fetch('/api/v1/rules', { cookie }) : path === 'try' ? await call('/try', { entries: [] }, cookie) : await call('', { after: 99, entries: [], reason: 'xx' }, cookie)).status;
    };
    expect([await status('operator', 'get'), await status('auditor', 'get'), await status('auditor', 'try'), await status('technician', 'try'), await status('technician', 'adopt'), await status('admin', 'adopt')]).toEqual([403, 200, 403, 200, 403, 409]);
    expect([await status('admin', 'get', town), await status('shift-leader', 'try', town)]).toEqual([403, 403]);
  });
});

describe('what reads them, without a restart [C10]', () => {
  it('a class waits as it is set, with the deadlines of its devices; going back restores what it declares [B1]', async () => {
    const grace = async (): Promise<number> => (await a.db.query<{ s: number }>(`select grace_s as s from supervision_class where id = '60s'`))[0]!.s;
    await a.db.query(`update presence set state = 'online', last_seen_at = anling_now(), check_at = anling_now() + interval '135 seconds' where device_id = 'd4'`);
    const due = async (): Promise<number> => Math.round(((await a.db.query<{ at: number }>(`select check_at as at from presence where device_id = 'd4'`))[0]!.at - (await a.now())) / 1000);
    await call('', { after: 0, entries: [{ param: 'graceS', scope: 'class', id: '60s', value: 300 }], reason: 'longer' });
    expect([await grace(), await due()]).toEqual([300, 135]);
    await call('', { after: 1, entries: [{ param: 'graceS', scope: 'class', id: '60s', value: 120 }], reason: 'shorter' });
    expect([await grace(), await due()]).toEqual([120, 90]);
    expect((await read()).classes.find((c: { id: string }) => c.id === '60s')).toMatchObject({ ownGraceS: 180, min: 120, max: 600 });
    await call('/back', { after: 2, to: 0, reason: 'back' });
    expect(await grace()).toBe(180);
  });

  it('an edge takes other limits of vital signs at a hint and by itself; the standby’s snapshot has them', async () => {
    const book = startVitalLimits({ db: a.db, log: createLog('test', 'silent') });
    expect(book.of('d2').heartRate.high).toBe(130);
    await call('', { after: 0, entries: [{ param: 'heartRateHigh', scope: 'person', id: 'p1', value: 110 }, { param: 'heartRateHigh', scope: 'region', id: village, value: 115 }, { param: 'spo2Low', scope: 'county', id: '', value: 90 }], reason: 'weak heart' });
    book.look();
    await vi.waitFor(() => expect(book.of('d2').heartRate.high).toBe(110), 5_000);
    expect([book.of('d4').heartRate.high, book.of('stranger').heartRate.high, book.of('stranger').spo2.low]).toEqual([110, 130, 90]);
    expect((await readCounty(a.db)).rules).toHaveLength(3);
    await call('/back', { after: 1, to: 0, reason: 'back' });
    book.look();
    await vi.waitFor(() => expect(book.of('d2').heartRate.high).toBe(130), 5_000);
    await book.stop();
  });

  it('limits of a person who has no device yet hold as soon as one is bound to him', async () => {
    const book = startVitalLimits({ db: a.db, log: createLog('test', 'silent') });
    await a.db.query(`do $$ declare r person; begin select * into r from person where id = 'p1'; r.id := 'late'; r.number := 'late'; insert into person select r.*; end $$`);
    await call('', { after: 0, entries: [{ param: 'spo2Low', scope: 'person', id: 'late', value: 92 }], reason: 'one' });
    book.look();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(book.of('d2').spo2.low).toBe(88);
    await a.db.query(`update device set person_id = 'late' where id = 'd2'`);
    await vi.waitFor(() => { book.look(); expect(book.of('d2').spo2.low).toBe(92); }, 5_000);
    await book.stop();
  });

  it('a person who has gone is left out when a county goes back to a version that names him', async () => {
    await call('', { after: 0, entries: [{ param: 'routineM', scope: 'person', id: 'p1', value: 120 }, window(10)], reason: 'one' });
    await call('', { after: 1, entries: [], reason: 'two' });
    await a.db.query(`update rule_version set entries = replace(entries::text, '"p1"', '"gone"')::jsonb where no = 1`);
    expect((await call('/back', { after: 2, to: 1, reason: 'three' })).body).toMatchObject({ no: 3, entries: [window(10)] });
  });
});
