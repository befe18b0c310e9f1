/** Rules and their windows on rows: falls and their cancels, test windows, quarantine, what comes late, what the feed says. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

const rings = async (): Promise<string[]> => (await a.db.query<{ line: string }>(`select payload->>'what' || coalesce(' ' || (payload->>'ring'), '') as line from feed order by seq`)).map((r) => r.line);

describe('a fall of a watch', () => {
  it('cancelled inside its 30 s: closed as self-cancelled, nobody was called, the desk rings softly [C3 C4 I7]', async () => {
    await a.event('fall', { deviceId: 'd2', id: 'f1' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ state: 'confirming', planState: 'idle' });
    await a.pass(20);
    await a.event('cancel', { deviceId: 'd2', ref: 'f1' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ state: 'closed', outcome: 'C1', closedBy: 'device:d2', flags: ['self-cancelled'] });
    await a.pass(120, 5);
    expect(await a.sentLines()).toEqual([]);
    expect(await rings()).toEqual(['opened soft', 'closed soft']);
  });

  it('not cancelled: everybody is called when the window ends, and a later cancel is only a note [C3 C4 LAW5]', async () => {
    await a.event('fall', { deviceId: 'd2' });
    await a.settle();
    await a.pass(29);
    expect(await a.sentLines()).toEqual([]);
    await a.pass(1);
    expect((await a.sent()).map((m) => m.template)).toEqual(['fall', 'fall', 'family']);
    await a.event('cancel', { deviceId: 'd2' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ state: 'open', flags: ['cancel-pressed'] });
    expect(await rings()).toEqual(['opened soft', 'confirmed p1', 'plan-step', 'cancel-pressed soft']);
  });

  it('in one batch with its cancel, in order [I7 C3]', async () => {
    await a.event('fall', { deviceId: 'd2', id: 'f1' });
    await a.event('cancel', { deviceId: 'd2' });
    await a.event('sos', { deviceId: 'd1' });
    await a.settle();
    expect((await a.alerts()).map((x) => `${x.kind} ${x.state}`)).toEqual(['fall closed', 'sos open']);
  });

  it('claimed by the desk in its window is taken, not cancelled [C3 LAW6]', async () => {
    await a.event('fall', { deviceId: 'd2' });
    await a.settle();
    await a.respond({ alertId: (await a.alert()).id, action: 'claim' });
    await a.event('cancel', { deviceId: 'd2' });
    await a.settle();
    expect((await a.alert()).state).toBe('claimed');
    await a.pass(121);
    expect((await a.alert()).state).toBe('open');
  });
});

describe('a button in its booked test window', () => {
  it('is shown and rung, and runs the plan when the desk has not claimed it for 120 s [B7 LAW5 FF16]', async () => {
    await a.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = 'd1'`);
    await a.event('sos');
    await a.settle();
    expect(await rings()).toEqual(['opened p1']);
    await a.pass(119, 1);
    expect(await a.sentLines()).toEqual([]);
    await a.pass(1);
    expect((await a.sent()).map((m) => m.party)).toEqual(['responder:cw', 'contact:keyholder', 'contact:family1']);
    expect((await a.alert()).flags).toEqual(['test']);
  });

  it('claimed and closed as a booked test it never reaches a phone; a test press never does [B7]', async () => {
    await a.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = 'd1'`);
    await a.event('sos');
    await a.event('test');
    await a.settle();
    const sos = (await a.alerts()).find((x) => x.kind === 'sos');
    await a.respond({ alertId: sos?.id as never, action: 'claim' });
    await a.respond({ alertId: sos?.id as never, action: 'close', outcome: 'T1', note: '安装调试' });
    await a.pass(3_600, 120);
    expect(await a.sentLines()).toEqual([]);
    expect((await a.alerts()).map((x) => [x.kind, x.outcome])).toEqual([['sos', 'T1'], ['test', 'T1']]); // the information ends by itself
  });
});

describe('a technical alarm that comes and goes', () => {
  const states = async (): Promise<string[]> => (await a.alerts()).map((x) => `${x.state} ${x.count} ${x.flags.join()}`);
  const says = async (edge: string, source = 'mqtt'): Promise<void> => { await a.event('tamper', { edge, source, urgency: 3 }); await a.settle(); };

  it('ends by itself three times in an hour, then stays one that counts; a human may close it, and it is back as what it was [C8]', async () => {
    for (let i = 0; i < 6; i++) { await says('raise'); await a.pass(10, 10); await says('clear'); await a.pass(6 * 60, 60); }
    expect(await states()).toEqual(['closed 1 ', 'closed 1 ', 'closed 1 ', 'open 3 flapping']);
    expect((await rings()).filter((line) => line.includes(' '))).toEqual([]); // no ring at all for one who is not of high risk
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'D2', note: '开关坏了' });
    await says('raise');
    expect((await states()).slice(3)).toEqual(['closed 3 flapping', 'open 1 flapping']);
  });

  it('taken by an operator stays his, and says only once that the cause has gone [C8]', async () => {
    for (let i = 0; i < 4; i++) { await says('raise', 'supervision'); if (i < 3) await says('clear', 'supervision'); }
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'claim' });
    for (let i = 0; i < 5; i++) { await says('clear', 'supervision'); await says('raise', 'supervision'); }
    expect(await a.alert()).toMatchObject({ id, state: 'claimed', count: 6, flags: expect.arrayContaining(['flapping', 'cleared']) });
    expect((await a.log(id)).map((l) => l.action)).toEqual(['opened', 'claimed', 'cause-gone']);
    await a.respond({ alertId: id, action: 'release' });
    await says('clear', 'supervision');
    await a.pass(3_599, 300);
    expect((await a.alert()).state).toBe('open');
    await a.pass(2);
    expect(await a.alert()).toMatchObject({ state: 'closed', closedBy: 'house' });
  });

  it('and sends all of it at once, in one batch, is latched as well [C8 I7]', async () => {
    for (let i = 0; i < 6; i++) for (const edge of ['raise', 'clear']) await a.event('tamper', { edge, source: 'supervision', urgency: 3 });
    await a.settle();
    expect(await states()).toEqual(['closed 1 ', 'closed 1 ', 'closed 1 ', 'open 3 flapping']);
  });
});

describe('what nobody could read, and strangers', () => {
  it('bytes that may hold an alarm escalate like one; an unknown device is one line however often it knocks [FF24 F15 A10]', async () => {
    await a.event('unreadable-alarm', { urgency: 1, source: 'quarantine' });
    for (let i = 0; i < 30; i++) await a.event('unknown-device', { source: 'supervision', deviceId: null, homeId: null, personId: null, data: { subject: { type: 'device', id: 'x7' } } });
    await a.settle();
    expect((await a.alerts()).map((x) => `${x.kind} ${x.priority} ${x.count} ${x.plan === null ? 'desk' : 'plan'}`)).toEqual(['unreadable-alarm 1 1 plan', 'unknown-device 2 30 desk']);
    expect((await a.sentLines())).toContain('0 sms responder:cw concern');
  });

  it('a call from an unknown number is an alert of that number with the county desk on its plan [C1]', async () => {
    await a.event('phone-in', { source: 'phone', deviceId: null, homeId: null, personId: null, data: { subject: { type: 'number', id: 'ab12' } } });
    await a.settle();
    expect(await a.alert()).toMatchObject({ subject: { type: 'number', id: 'ab12' }, priority: 1 });
    await a.pass(65);
    expect((await a.sentLines()).map((l) => l.split(' ')[2])).toContain('responder:shift');
  });
});

describe('what is written', () => {
  it('one trace runs from the event to the alert, its log line and every message; no log line holds a number or a name [G3]', async () => {
    await a.event('sos');
    await a.settle();
    await a.pass(65);
    const [row] = await a.db.query<{ trace: string }>('select trace from event');
    expect((await a.alert()).trace).toBe(row?.trace);
    const traces = await a.db.query<{ trace: string }>('select distinct trace from outbox');
    expect(traces).toEqual([row]);
    const text = a.logs.join('');
    expect(text).toContain(row?.trace);
    expect(text).not.toMatch(/1540425\d{4}|陈金水|内洋村/);
    expect(JSON.stringify(await a.db.query('select payload from feed union all select detail from alert_log'))).not.toMatch(/1540425\d{4}|金水|内洋/);
  });

  it('messages carry what their texts need, with the number of their own receiver [E6]', async () => {
    await a.event('sos');
    await a.settle();
    await a.pass(31);
    const sent = await a.sent();
    const sms = sent.find((m) => m.party === 'responder:cw' && m.channel === 'sms');
    expect(sms).toMatchObject({ to: '15404250001', params: { place: '内洋村下厝角12号', name: '陈', kind: '一键呼', no: String(sms?.slip) } }); // his own village: without the town
    expect(sent.find((m) => m.template === 'family')?.params).toMatchObject({ place: '屏山乡内洋村下厝角12号' });
    expect(sent.find((m) => m.channel === 'voice' && m.template === 'voice-p1')?.params).toMatchObject({ kind: '按了求助', no: String(sms?.slip) });
    const slips = await a.db.query<{ no: number; code: string }>('select no, code from slip');
    expect(new Set(slips.map((s) => s.code)).size).toBe(slips.length);
    for (const s of slips) expect(s.code).toHaveLength(16);
  });
});
