/** 学习期 and 安装调试 on rows, in travelled time: marked and called out all the same; both end by themselves, whatever anybody forgets. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dayMs } from '#core/clock.ts';
import { bookTest } from '#store/device-registry.ts';
import { readKpi } from '#store/kpi.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';
import { testWeb } from '#test/harness/web.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(() => a.close());
const said = async (): Promise<string[]> => (await a.sent()).map((m) => m.party);
const minute = 60_000;

describe('a radar newly fitted', () => {
  it('marks its falls for fourteen days to the second; people are called as for any fall, and the figures have it apart [C12]', async () => {
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ kind: 'fall', priority: 1, state: 'open', planState: 'running', flags: ['learning'] });
    await a.pass(5, 1);
    expect(await said()).toContain('responder:cw');
    expect((await readKpi(a.db, '350425')).day).toMatchObject({ learning: 1, unanswered: 0, count: 0 });
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'F1', note: 'x' });
    expect((await readKpi(a.db, '350425')).day).toMatchObject({ learning: 1, count: 0 });
    await a.db.query(`update device set registered_at = anling_now() - interval '14 days' + interval '1 second' where id = 'd4'`);
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect((await a.alert()).flags).toContain('learning');
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'F1', note: 'x' });
    await a.advance(1_000);
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect((await a.alert()).flags).not.toContain('learning');
    expect((await readKpi(a.db, '350425')).day).toMatchObject({ learning: 2, unanswered: 1 });
  });

  it('loses the mark when another device says the same; a press is never marked, whatever the model says [C12]', async () => {
    await a.event('fall', { deviceId: 'd4' });
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ count: 2, flags: expect.arrayContaining(['learning']) });
    await a.event('fall', { deviceId: 'd2' });
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect((await a.alert()).count).toBe(4);
    expect((await a.alert()).flags).not.toContain('learning');
    await a.db.query(`update device_model set learning_days = 60 where id = 'sos-button'`);
    await a.event('sos');
    await a.settle();
    expect((await a.alerts()).find((x) => x.kind === 'sos')?.flags).not.toContain('learning');
  });
});

describe('test mode (安装调试)', () => {
  it('cannot be booked beyond two hours, and ends by itself: a millisecond later a press is real at once, and what waited is told [C12 LAW5]', async () => {
    const web = await testWeb({ t: a });
    const book = async (minutes: number): Promise<number> => (await web.fetch('/api/v1/devices/d1/test', { method: 'POST', cookie: await web.cookie('admin'), body: { minutes } })).status;
    expect([await book(121), await book(525_600), await book(120)]).toEqual([422, 422, 200]);
    await web.stop();
    const until = (await a.db.query<{ at: number }>(`select test_until as at from device where id = 'd1'`))[0]!.at;
    expect(until - (await a.now())).toBeLessThanOrEqual(120 * minute);
    await a.event('tamper');
    await a.settle();
    expect((await a.alerts()).map((x) => x.kind)).toEqual([]);
    await a.advance(until - (await a.now()) - 1);
    await a.event('sos');
    await a.settle();
    expect(await a.alert()).toMatchObject({ kind: 'sos', flags: expect.arrayContaining(['test']) });
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'T1', note: 'x' });
    await a.advance(1);
    await a.event('sos');
    await a.pass(5, 1);
    const open = (await a.alerts()).filter((x) => x.state === 'open');
    expect(open.map((x) => x.kind).sort()).toEqual(['sos', 'tamper']); // what waited for the installer is told when his time is over
    expect(open.find((x) => x.kind === 'sos')?.flags).toEqual([]);
    expect(await said()).toContain('responder:cw');
  });

  it('an SOS of the last second, which nobody takes, is real two minutes later though the mode has ended meanwhile [C12 LAW5]', async () => {
    await bookTest(a.db, 'd1', dayMs / 12);
    await a.advance(dayMs / 12 - 1_000);
    await a.event('sos');
    await a.settle();
    await a.pass(110, 5);
    expect(await said()).toEqual([]);
    await a.pass(15, 5);
    expect(await said()).toContain('responder:cw');
  });
});
