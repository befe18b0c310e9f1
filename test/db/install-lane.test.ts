/** The lane of devices that are being installed: an alarm is on the wall at once and without a sound, the installer answers it, and five minutes without his answer make it real (F16, C12). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => {
  a = await testAlarm();
  await a.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = 'd1'`);
  await a.db.query(`insert into installation (id, installer, key, state, device_id, home_id, person_id, region_code) select 'i1', 'user:u1', 'k1', 'begun', 'd1', 'h1', d.person_id, h.region_code from device d, home h where d.id = 'd1' and h.id = 'h1'`);
});
afterEach(() => a.close());

const rings = async (): Promise<string[]> => (await a.db.query<{ payload: { what: string; ring?: string } }>('select payload from feed order by seq')).map(({ payload }) => `${payload.what} ${payload.ring ?? '-'}`);
const press = async (o: Parameters<Alarm['event']>[1] = {}): Promise<void> => { await a.event('sos', o); await a.settle(); };

describe('an alarm of a device that is being installed', () => {
  it('is on the wall at once and rings nobody; without an answer it is real to the second: no test any more, the desk rung, the village called [FF16 C12 LAW5 LAW6]', async () => {
    await press();
    expect(await rings()).toEqual(['opened -']);
    expect((await a.alert()).flags).toEqual(['test', 'installing']);
    await a.pass(299, 1);
    expect(await a.sentLines()).toEqual([]);
    expect(await rings()).toEqual(['opened -']);
    await a.pass(1);
    expect((await a.alert()).flags).toEqual(['test-unanswered']);
    expect(await rings()).toEqual(['opened -', 'plan-step p1']);
    expect((await a.sent()).map((m) => m.party)).toEqual(['responder:cw', 'contact:keyholder', 'contact:family1']);
    expect((await a.log()).map((l) => l.action)).toContain('test-unanswered');
  });

  it('answered as his test, it ends and nobody is ever called [FF16]', async () => {
    await press();
    await a.pass(200, 10);
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'T1', note: '安装验收演练' });
    await a.pass(3_600, 120);
    expect(await a.sentLines()).toEqual([]);
    expect((await a.alert()).state).toBe('closed');
  });

  it('said to be no test, it is real at once; what is no test cannot be said so [FF16 LAW5]', async () => {
    await press();
    const { id } = await a.alert();
    expect(await a.respond({ alertId: id, action: 'real' })).toMatchObject({ kind: 'ok', state: 'open' });
    await a.settle();
    expect((await a.alert()).flags).toEqual(['not-a-test']);
    expect(await rings()).toEqual(['opened -', 'not-a-test p1', 'plan-step -']);
    expect((await a.sent()).length).toBeGreaterThan(0);
    expect(await a.respond({ alertId: id, action: 'real' })).toMatchObject({ kind: 'invalid', fields: [{ field: 'state' }] });
  });

  it('another device of the same elder makes it real; and a press of the installer makes no real alarm a test [LAW5 C1]', async () => {
    await press();
    await press({ deviceId: 'd2' });
    expect((await a.alert()).flags).not.toContain('installing');
    expect((await a.alert()).flags).not.toContain('test');
    await a.settle();
    expect((await rings()).at(1)).toBe('raised-again p1');
    await a.pass(1);
    expect((await a.sent()).length).toBeGreaterThan(0);
    await press();
    expect((await a.alert()).flags).not.toContain('test');
  });

  it('a fall whose device waits for a word of its own is held as long, from its beginning [C3 FF16]', async () => {
    await a.db.query(`update device_model set confirm_window_s = 20 where id = (select model from device where id = 'd1')`);
    await a.event('fall');
    await a.settle();
    await a.pass(299, 1);
    expect((await a.alert()).state).toBe('open');
    expect(await a.sentLines()).toEqual([]);
    await a.pass(1);
    expect((await a.sent()).length).toBeGreaterThan(0);
  });

  it('is an ordinary test when the installation is over, and real when the test mode is [B7 FF16]', async () => {
    await a.db.query(`update installation set state = 'failed'`);
    await press();
    expect([await rings(), (await a.alert()).flags]).toEqual([['opened p1'], ['test']]);
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'T1', note: 'x' });
    await a.db.query(`update installation set state = 'begun'`);
    await a.db.query('update device set test_until = anling_now()');
    await press();
    expect((await a.alert()).flags).toEqual([]);
    await a.settle();
    expect((await a.sent()).length).toBeGreaterThan(0);
  });
});
