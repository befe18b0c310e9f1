/** An alarm inside an area outage (FIELD 3 and 7): everybody at once, nobody waited for, the nearest village with a signal, and a desk that sleeps. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Alarm, operator, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
const farPhone = '15404250021';

beforeEach(async () => {
  a = await testAlarm();
  await a.db.query(`insert into region (code, level, name, parent_code, lat, lon) values ('350425203000', 'town', '济阳乡', '350425000000', 25.8, 117.9), ('350425203001', 'village', '上丰村', '350425203000', 25.8, 117.9), ('350425203002', 'village', '下丰村', '350425203000', 26.1, 117.9)`);
  for (const [id, region, phone] of [['far', '350425203001', farPhone], ['farther', '350425203002', '15404250022']])
    await a.db.query(`insert into responder (id, role, region_code, name_enc, phone_enc, phone_bidx) values ($1, 'care-worker', $2, $3, $4, $5)`,
      [id, region, a.seal.seal('responder.name', '苏月娥'), a.seal.seal('responder.phone', phone as string), a.seal.blind('phone', phone as string)]);
  // The town lies in the dark, with every village of it.
  await a.db.query(`insert into outage (subject_type, subject_id, region_code, scope_from, scope_to, cause, from_at, trace, ingest_id) values ('region', '350425201000', '350425201000', '350425201000', '350425201999', 'power', anling_now(), 't', gen_random_uuid())`);
});
afterEach(() => a.close());

const fall = async (): Promise<void> => {
  await a.event('fall', { deviceId: 'd2', at: (await a.now()) - 45_000 });
  await a.settle();
  await a.startClock();
};
const withoutTime = (line: string): string => line.replace(/^\d+ /, '');
type Step = { step: number; sends: { party: string; cutOff?: boolean }[] };
const steps = async (): Promise<Step[]> => (await a.log()).filter((l) => l.action === 'plan-step').map((l) => l.detail as unknown as Step);

describe('a fall in the dark', () => {
  it('a watch that delivers 45 s later has no window left: its ring at once, landline in the same second, the next village after 30 s [FF4 C3]', async () => {
    await fall();
    expect(await a.alert()).toMatchObject({ state: 'open', flags: expect.arrayContaining(['in-outage']) });
    const first = await a.sentLines();
    expect(first).toEqual(expect.arrayContaining(['0 sms responder:cw fall', '0 voice responder:cw voice-p1', '0 voice contact:keyholder voice-p1', '0 voice responder:duty voice-p1']));
    expect(first.some((line) => line.includes('far') || line.includes('leader'))).toBe(false);
    const sends = (await steps())[0]?.sends ?? [];
    expect(sends.filter((s) => s.party === 'responder:cw' || s.party === 'contact:keyholder').every((s) => s.cutOff)).toBe(true);
    expect(sends.filter((s) => s.party === 'responder:duty' || s.party.startsWith('contact:family')).every((s) => !s.cutOff)).toBe(true);
    await a.pass(30);
    const next = await a.sentLines();
    expect(next).toEqual(expect.arrayContaining(['20 voice responder:seat2 voice-desk', '30 voice responder:far voice-p1', '30 voice responder:farther voice-p1']));
    expect(next.indexOf('30 voice responder:far voice-p1')).toBeLessThan(next.indexOf('30 voice responder:farther voice-p1'));
  });

  it('a responder goes while the desk sleeps: the search ends, the desk is rung on until somebody claims; 45 min on the way from outside, then the next [FF3 FF4 E4 E5]', async () => {
    // Two questions missed and nobody has touched the desk since.
    await a.db.query(`insert into vigilance (asked_at, input_at, missed_at) select anling_now() - n * interval '20 minutes', anling_now() - interval '2 hours', anling_now() - n * interval '5 minutes' from generate_series(1, 2) n`);
    await fall();
    await a.pass(50, 10);
    await a.sentLines();
    expect(await a.reply(farPhone, '我去')).toBe('accept');
    await a.sentLines();
    await a.pass(120, 10);
    expect((await a.sentLines()).map(withoutTime)).toEqual(['voice responder:shift voice-desk', 'voice responder:leader voice-desk']);
    const alert = await a.alert();
    expect(alert).toMatchObject({ state: 'committed', planState: 'ended' });
    const [due] = await a.db.query<{ s: number }>(`select extract(epoch from due_at - to_timestamp($1 / 1000.0))::int as s from timer where slot = 'arrival' and fired_at is null and cancelled_at is null`, [alert.committedAt]);
    expect(due?.s).toBe(45 * 60);
    await a.advance(45 * 60_000);
    await a.settle();
    expect((await a.sentLines()).map(withoutTime)).toEqual(expect.arrayContaining(['sms responder:far late', 'voice responder:cadre voice-p1']));
    await a.respond({ alertId: alert.id, action: 'claim', actor: operator() });
    await a.pass(110, 10);
    expect((await a.sentLines()).filter((l) => l.includes('voice-desk'))).toEqual([]);
  });

  it('a desk that is awake is not rung once somebody goes, and one that wakes is rung no further [FF3 E5]', async () => {
    await fall();
    await a.pass(30, 10);
    expect(await a.reply(farPhone, '去')).toBe('accept');
    await a.sentLines();
    await a.pass(120, 20);
    expect(await a.sentLines()).toEqual([]);
  });
});

describe('a duty officer whose mobile the provider refuses', () => {
  it('the role goes on by voice to its landline, for an outage’s message and for a dispatch to it, with the area’s words [FF4]', async () => {
    await a.db.query(`update responder set ord = 2 where id = 'duty'`);
    await a.db.query(`insert into responder (id, role, region_code, ord, name_enc, phone_enc, phone_bidx) values ('officer', 'town-duty', '350425201000', 1, $1, $2, $3)`,
      [a.seal.seal('responder.name', '林值班'), a.seal.seal('responder.phone', '15404250023'), a.seal.blind('phone', '15404250023')]);
    const subject = { type: 'region', id: '350425201000' };
    const figures = { subject, regionCode: '350425201000', homes: 412, members: 412, cause: 'power', town: '屏山乡' };
    const none = { deviceId: null, homeId: null, personId: null, source: 'supervision' };
    await a.event('outage', { ...none, data: figures });
    await a.settle();
    await a.event('outage', { ...none, edge: 'repeat', data: { ...figures, tell: true } });
    await a.settle();
    const refuse = async (): Promise<void> => {
      await a.db.query(`update outbox set state = 'failed', error_class = 'F', error_code = 'isv.BUSINESS_LIMIT_CONTROL', handled_at = null where party = 'responder:officer' and handled_at is null`);
      await a.settle();
    };
    const told = await a.sent();
    expect(told.map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['sms responder:officer outage', 'sms responder:leader outage']);
    await refuse();
    const [instead, ...more] = await a.sent();
    expect(more).toEqual([]);
    expect(instead).toMatchObject({ channel: 'voice', party: 'responder:duty', template: 'voice-outage', params: { town: '屏山乡', count: '412' } });
    await a.respond({ alertId: (await a.alert()).id, action: 'dispatch', actor: operator(), party: 'responder:officer' as never });
    expect((await a.sent()).map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['sms responder:officer outage', 'voice responder:officer voice-outage']);
    await refuse();
    expect((await a.sent()).map((m) => `${m.channel} ${m.party} ${m.template}`)).toEqual(['voice responder:duty voice-outage']);
    expect((await a.log()).filter((l) => l.action === 'send-failed').map((l) => l.detail['next'])).toEqual(['same-role', 'same-role', 'same-role']);
  });
});
