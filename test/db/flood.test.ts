/** The flood at the desk on rows: its lines in the shift log, the reserve called in once, and the plans of the alarms untouched (D11). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFlood } from '#alerts/flood.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { beatConsole } from '#store/county-status.ts';
import { readShift } from '#store/shift.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
let look: () => Promise<'began' | 'ended' | null>;
beforeEach(async () => {
  a = await testAlarm();
  look = createFlood({ db: a.db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'fatal', () => {}) });
});
afterEach(() => a.close());

const onDuty = (user: string): Promise<void> => beatConsole(a.db, { tabId: `tab-${user}`, userId: user, visible: true, audio: 'running', lastSeq: 0, inputAgoMs: null });
/** `n` alarms of different homes, from now on. */
async function alarms(n: number): Promise<void> {
  await a.db.query(
    `insert into alert (kind, priority, state, subject_type, subject_id, region_code, opened_at, last_raised_at, trace)
     select 'low-battery', 3, 'open', 'device', 'f' || g || clock_timestamp()::text, '350425201001', anling_now() - interval '1 second', anling_now(), 't' from generate_series(1, $1) g`, [n]);
}
const lines = async (): Promise<string[]> => { const now = await a.now(); return (await readShift(a.db, a.seal, '350425', now - 86_400_000, now + 1_000, 100)).filter((l) => l.what.startsWith('flood')).map((l) => `${l.what} ${JSON.stringify(l.detail)}`); };
const texts = async (): Promise<string[]> => (await a.sent()).filter((m) => m.template === 'flood').map((m) => `${m.channel} ${m.party} ${m.params['n']} ${m.params['count']}`).sort();

describe('a flood at the desk', () => {
  it('begins above ten alarms in ten minutes per operator: a line in the log, the reserve called in by text, once [D11]', async () => {
    await alarms(10); // op2 sits at the wall of the harness
    expect(await look()).toBeNull();
    await alarms(1);
    expect(await look()).toBe('began');
    expect(await look()).toBeNull();
    expect(await texts()).toEqual(['sms responder:seat1 11 1', 'sms responder:seat2 11 1', 'sms responder:shift 11 1']);
    await alarms(20);
    await a.advance(60_000);
    expect(await look()).toBeNull();
    expect(await texts()).toEqual([]);
    expect(await lines()).toEqual(['flood-began {"called":3,"lastTen":11,"operators":1}']);
  });

  it('ends by itself below five, and the next one calls again; who is away or opted out is not called [D11]', async () => {
    await alarms(11);
    await a.db.query(`update responder set absent_until = anling_now() + interval '1 day' where id = 'seat1'`);
    await a.db.query(`update responder set opted_out_at = anling_now() where id = 'seat2'`);
    expect(await look()).toBe('began');
    expect(await texts()).toEqual(['sms responder:shift 11 1']);
    await a.advance(10 * 60_000 + 1_000);
    expect(await look()).toBe('ended');
    expect(await look()).toBeNull();
    await alarms(11);
    expect(await look()).toBe('began');
    expect(await texts()).toHaveLength(1);
    expect((await lines()).map((l) => l.split(' ')[0])).toEqual(['flood-began', 'flood-ended', 'flood-began']);
  });

  it('two operators are flooded later than one; of two workers one calls [D11]', async () => {
    await onDuty('op1');
    await alarms(20);
    expect(await look()).toBeNull();
    await alarms(1);
    expect((await Promise.all([look(), look()])).filter((w) => w === 'began')).toHaveLength(1);
    expect(await texts()).toHaveLength(3);
  });

  it('changes nothing of an emergency: its plan calls the same people at the same seconds [D11 LAW5]', async () => {
    await alarms(40);
    expect(await look()).toBe('began');
    await a.sent();
    await a.event('sos');
    await a.settle();
    await a.startClock();
    await a.pass(61);
    const lines = await a.sentLines();
    expect(lines.filter((l) => l.startsWith('0 sms')).length).toBeGreaterThanOrEqual(3);
    expect(lines.some((l) => l.startsWith('30 voice responder:cw'))).toBe(true);
  });
});
