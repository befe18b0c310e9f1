/**
 * A vendor that drops pushes (FEATURES 2.15): what it heard and did not push is read from its history and goes the way of every alarm, once,
 * in the order of the device's time, with its age; whoever answers badly is asked again; what fails for long stands at the desk.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapDays } from '#store/vendor-pulls.ts';
import { until } from '#test/harness/edge.ts';
import { minute, type PullHouse, pullHouse } from '#test/harness/pull-house.ts';

let h: PullHouse;
beforeAll(async () => { h = await pullHouse(); });
afterAll(() => h?.stop());

describe('a vendor’s history beside its pushes', () => {
  it('what was dropped is back-filled within ten minutes, what was pushed is not doubled, and a later frame that took it back hides nothing [2.15 A4 LAW5]', async () => {
    const [pushed, dropped, smoke] = [await h.device(), await h.device(), await h.device('smoke')];
    const at = h.now();
    await h.cloud.hear({ ...pushed, at, event: { serviceId: 'sos', eventType: 2, eventContent: { battery_value: 80 } } }, h.push);
    await h.cloud.hear({ ...dropped, at: at + 1, event: { serviceId: 'sos', eventType: 2, eventContent: { battery_value: 70 } } }, null);
    await h.cloud.hear({ ...dropped, at: at + 5_000, props: { sos: 0, battery_value: 70 } }, h.push); // it was taken back before anybody knew of it
    await h.cloud.hear({ ...smoke, at: at + 2, props: { smoke: 1, battery_value: 91 } }, null);
    await h.cloud.hear({ ...smoke, at: at + 9_000, props: { smoke: 0, battery_value: 91 } }, null);
    expect(await h.events(dropped.id)).toMatchObject([{ edge: 'clear' }]);
    await h.round();
    await until('the alarms are there', async () => (await h.events(dropped.id)).length === 2 && (await h.events(smoke.id)).length === 2);
    await h.a.settle();
    expect(await h.events(pushed.id)).toHaveLength(1);
    const [, sos] = await h.events(dropped.id);
    expect(sos).toMatchObject({ kind: 'sos', edge: 'raise', source: 'vendor', flags: ['pulled'], device_time: at + 1 });
    expect((sos?.['received_at'] as number) - at).toBeLessThan(10 * minute);
    expect(await h.events(smoke.id)).toMatchObject([{ kind: 'smoke', edge: 'raise', device_time: at + 2 }, { kind: 'smoke', edge: 'clear', device_time: at + 9_000 }]);
    // The home's people are called, and told when it was; the wall has both times.
    const alerts = await h.a.alerts();
    const found = alerts.find((x) => x.id === sos?.['alert_id']);
    expect(found).toMatchObject({ kind: 'sos', priority: 1, occurredAt: at }); // one person, two buttons: the pushed one opened it
    const fire = alerts.find((x) => x.kind === 'smoke');
    expect(fire).toMatchObject({ priority: 1, occurredAt: at + 2 });
    expect(fire?.flags).toContain('pulled');
    const clock = new Date(at + 2 + 8 * 3_600_000).toISOString().slice(11, 16);
    const texts = (await h.a.sent()).filter((m) => m.alertId === fire?.id && m.params['time'] !== undefined);
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) expect(text.params['time']).toBe(clock);
    expect(await h.state()).toMatchObject({ failingSince: null, why: null, behind: 0, missing: 6, filled: 6, alarms: 2 });
  });

  it('reads the same span again and again without a second occurrence; a push that comes after all is the same one [2.15 A4]', async () => {
    const late = await h.device();
    const heard = { ...late, at: h.now(), event: { serviceId: 'sos', eventType: 2, eventContent: {} } };
    await h.cloud.hear(heard, null);
    await h.round();
    await h.round();
    await h.round();
    expect(await h.events(late.id)).toHaveLength(1);
    await h.cloud.hear(heard, h.push); // its third try
    await h.a.settle();
    const [first, second] = await h.events(late.id);
    expect(second).toMatchObject({ alert_id: first?.['alert_id'] });
    expect(second?.['result']).toContain('duplicate');
  });

  it('a stranger’s SOS that was dropped is a P1 at the desk, once; readings stand where the vendor heard them [A11 2.15 LAW5]', async () => {
    const own = await h.device();
    const at = h.now();
    const stranger = { deviceId: 'p869999999999999', imei: '869999999999999' };
    h.cloud.devices.push(stranger);
    await h.cloud.hear({ ...stranger, at, event: { serviceId: 'sos', eventType: 2, eventContent: {} } }, null);
    await h.cloud.hear({ ...own, at, props: { heart_rate: 71, battery_value: 66 } }, null);
    await h.round();
    await h.round();
    await h.a.settle();
    expect((await h.a.alerts()).filter((x) => x.subject.id === 'telecom_869999999999999')).toMatchObject([{ kind: 'unknown-device', priority: 1 }]);
    expect(await h.a.db.query(`select kind from event where device_id = 'telecom_869999999999999' and source = 'quarantine'`)).toHaveLength(1);
    const beats = await h.a.db.query<{ received_at: number; device_time: number }>('select h.received_at, h.device_time from heartbeat h join device d on d.no = h.device_no where d.id = $1', [own.id]);
    expect(beats).toHaveLength(1);
    expect(Math.abs((beats[0]?.received_at ?? 0) - at)).toBeLessThan(5_000);
    expect(await h.a.db.query('select v.heart_rate from vital v join device d on d.no = v.device_no where d.id = $1', [own.id])).toEqual([{ heart_rate: 71 }]);
  });

  it('reads all pages, with the vendor’s clock ten minutes off [2.15]', async () => {
    const busy = await h.device();
    h.cloud.pageRows = 2;
    h.cloud.offsetMs += 10 * minute; // the house does not follow
    const at = h.now();
    for (let i = 0; i < 7; i++) await h.cloud.hear({ ...busy, at: at + i * 1_500, event: { serviceId: 'sos', eventType: 2, eventContent: { i } } }, null);
    await h.round();
    await until('all presses are there', async () => (await h.events(busy.id)).length === 7);
    expect((await h.events(busy.id)).map((e) => e['device_time'])).toEqual([0, 1, 2, 3, 4, 5, 6].map((i) => at + i * 1_500));
    h.cloud.pageRows = 100;
    h.cloud.offsetMs -= 10 * minute;
  });

  it('the report of gaps says what was heard, missing, back-filled, and how late at worst [2.15]', async () => {
    const [today, ...before] = await gapDays(h.a.db, 'telecom', 10);
    const days = [today, ...before];
    expect(days.reduce((sum, d) => sum + (d?.missing ?? 0), 0)).toBe(days.reduce((sum, d) => sum + (d?.filled ?? 0), 0));
    expect(days.reduce((sum, d) => sum + (d?.alarms ?? 0), 0)).toBe(2 + 1 + 1 + 7);
    expect(today?.oldestMs).toBeLessThan(10 * minute);
  });
});
