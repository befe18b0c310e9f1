/** 可达性 on rows: rings and their answers, proofs by day and by night, broken numbers as tasks, villages with nobody told before an alarm. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Assured, createAssurance } from '#alerts/assurance.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type Alarm, phone, testAlarm, village } from '#test/harness/alarm.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
let a: Alarm;
let look: () => Promise<Assured>;
beforeEach(async () => {
  a = await testAlarm();
  look = createAssurance({ db: a.db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'fatal', () => {}) });
});
afterEach(() => a.close());

const settings = (more: object = {}): Promise<unknown> => a.db.query(`insert into setting (key, value, updated_by) values ('assurance', $1, 'test') on conflict (key) do update set value = excluded.value`, [JSON.stringify({ weekly: true, ...more })]);
/** To the county's next Monday, at this hour. */
async function toMonday(hhmm: string): Promise<void> {
  const now = await a.now();
  const days = Math.floor((now + 8 * hour) / day);
  const monday = (days - ((days + 3) % 7) + 7) * day - 8 * hour;
  const [h = 0, m = 0] = hhmm.split(':').map(Number);
  await a.advance(monday + h * hour + m * minute - now);
}
/** Time goes on, looked at each `step`, the alarm path too where asked for; what was sent, with the county's clock. */
async function pass(ms: number, step = 20 * minute, settle = false): Promise<string[]> {
  const out: string[] = [];
  for (let gone = 0; gone < ms; gone += step) {
    await a.advance(step);
    await look();
    if (settle) await a.settle();
    const clock = new Date((await a.now()) + 8 * hour).toISOString().slice(11, 16);
    for (const m of await a.sent()) out.push(`${clock} ${m.channel} ${m.party} ${m.template}`);
  }
  return out;
}
const who = (lines: readonly string[]): string[] => lines.map((l) => l.split(' ').slice(1).join(' ')).sort();
const reach = async (party: string): Promise<Record<string, unknown>> => (await a.db.query('select day_how as "dayHow", night_how as "nightHow", fails from reach where party = $1', [party]))[0] ?? {};
const tasks = async (): Promise<string[]> => (await a.db.query<{ t: string }>(`select party || ' ' || reason || coalesce(' ' || how, '') as t from number_task order by id`)).map((r) => r.t);
const all = ['cadre', 'cw', 'doctor', 'duty', 'grid', 'leader', 'other1', 'other2', 'seat1', 'seat2', 'shift'];

describe('the weekly ring', () => {
  it('goes to everybody once a week, by day only, spread out; a landline is called; nothing before the county switches it on [E11 FF9]', async () => {
    await toMonday('00:00');
    expect(await pass(day, 4 * hour)).toEqual([]);
    await settings();
    await toMonday('00:00');
    const lines = await pass(7 * day, 2 * hour);
    const first = lines.filter((l) => !l.includes('voice-ring') || l.includes('duty'));
    expect(who(first)).toEqual(all.map((id) => (id === 'duty' ? 'voice responder:duty voice-ring' : `sms responder:${id} ring`)).sort());
    expect(lines.every((l) => l.slice(0, 5) >= '08:30' && l.slice(0, 5) <= '17:30'), lines.join('\n')).toBe(true);
    expect(new Set(first.map((l) => l.slice(0, 2))).size).toBeGreaterThan(1);
    // Whoever did not answer his text is called, once.
    expect(new Set(who(lines.filter((l) => l.includes('voice-ring')))).size).toBeLessThanOrEqual(all.length);
    expect(await a.alerts()).toEqual([]);
  });

  it('understands 5 and everything else that somebody without an alarm says, and touches no open alert by it [E11 FF2]', async () => {
    await settings();
    await toMonday('09:00');
    await a.event('low-battery'); // the newest open alert, on which strangers' words would be shown
    await a.settle();
    const before = await a.alert();
    await toMonday('08:00');
    for (let i = 0; i < 60 && !(await pass(3 * hour, 3 * hour)).some((l) => l.includes(':other2 ring')); i++);
    const log = (await a.log()).length;
    const version = (await a.alert()).version;
    for (const text of ['5', '1', '收到', '听到了，没事', '0']) expect(await a.reply(phone['other2'] as string, text), text).toBe('ring-test');
    expect([(await a.log()).length, (await a.alert()).version, (await a.alert()).state]).toEqual([log, version, before.state]);
    await look();
    expect(await reach('responder:other2')).toMatchObject({ fails: 0, dayHow: 'sms', nightHow: null });
    const [ring] = await a.db.query<{ how: string }>(`select how from ring_test where party = 'responder:other2' and how <> 'silent'`);
    expect(ring?.how).toBe('sms');
  });

  it('does not ask whoever has an alarm to answer, is away, or off duty; an alarm’s own 1 stays an acceptance [E11]', async () => {
    await settings();
    await a.db.query(`update responder set absent_until = anling_now() + interval '30 days' where id = 'doctor'`);
    await toMonday('08:00');
    await a.event('sos');
    await a.settle();
    await a.sent();
    const lines = await pass(12 * hour, 2 * hour);
    expect(who(lines).filter((l) => l.endsWith('ring') && /:(cw|doctor)\b/.test(l))).toEqual([]);
    expect(await a.reply(phone['cw'] as string, '1')).toBe('accept');
  });

  it('keeps the county’s bound of a day and leaves a number’s windows to alarms [E11 E7]', async () => {
    await settings({ perDay: 2 });
    await toMonday('00:00');
    for (let d = 0; d < 3; d++) expect((await pass(day, 2 * hour)).length).toBeLessThanOrEqual(3);
    await a.db.query('delete from ring_test');
    await settings();
    await a.db.query(`insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, trace, state) select 'x' || i, 'responder:cw', 'sms', 'sos', '\\x00', '\\x00', $1, 1, anling_now(), 't', 'delivered' from generate_series(1, 11) i`, [a.seal.blind('phone', phone['cw'] as string)]);
    await a.advance(minute);
    await toMonday('00:00');
    await a.db.query(`update outbox set created_at = anling_now() + interval '10 hours' where template = 'sos'`);
    expect(who(await pass(20 * hour, 2 * hour)).filter((l) => l.includes(':cw ring'))).toEqual([]);
  });
});

describe('proofs', () => {
  it('any real answer counts, by day and by night apart; another number has to prove itself anew [E11]', async () => {
    await toMonday('10:00');
    await a.event('sos');
    await a.settle();
    await a.reply(phone['cw'] as string, '1');
    await look();
    expect(await reach('responder:cw')).toEqual({ dayHow: expect.any(String), nightHow: null, fails: 0 });
    await a.advance(13 * hour);
    await a.reply(phone['family1'] as string, '你好');
    await look();
    expect(await reach('contact:family1')).toMatchObject({ dayHow: null, nightHow: 'sms' });
    expect((await a.db.query('select verified_at is not null as v from contact where id = $1', ['family1']))[0]).toEqual({ v: true });
    await a.db.query(`update contact set phone_bidx = '\\x01' where id = 'family1'`);
    const before = await a.db.query(`select count(*)::int as n from reach x join contact c on 'contact:' || c.id = x.party and c.phone_bidx = x.phone_bidx where c.id = 'family1'`);
    expect(before).toEqual([{ n: 0 }]);
  });

  it('a call that was taken proves, one that failed counts against the number; three of them are a task, told to the village in the morning [2.17 E11]', async () => {
    await toMonday('07:00');
    const call = async (party: string, state: string): Promise<void> => {
      const [kind, id] = party.split(':') as [string, string];
      await a.db.query(`insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, trace, state, provider_id, done_at, handled_at) select 'c' || count(*), $1, 'voice', 'voice-p1', '\\x00', '\\x00', (select phone_bidx from ${kind} where id = $2), 1, anling_now(), 't', $3, 'p1', anling_now(), anling_now() from outbox`, [party, id, state]);
      await a.advance(minute);
      await look();
    };
    await call('responder:doctor', 'answered');
    expect(await reach('responder:doctor')).toMatchObject({ dayHow: 'call' });
    for (let i = 0; i < 2; i++) { await call('contact:neighbour', 'failed'); await a.advance(15 * minute); }
    expect(await tasks()).toEqual([]);
    await call('contact:neighbour', 'failed');
    await call('contact:neighbour', 'failed');
    expect([await tasks(), (await reach('contact:neighbour'))['fails']]).toEqual([['contact:neighbour failed'], 3]);
    await a.db.query('delete from outbox');
    expect(who(await pass(3 * hour))).toEqual(['sms responder:cw numbers']);
    await a.reply(phone['neighbour'] as string, '5');
    await a.advance(minute);
    await look();
    expect([await tasks(), (await reach('contact:neighbour'))['fails']]).toEqual([['contact:neighbour failed proven'], 0]);
  });

  it('three weeks of silence, a refused number, a year without a word are tasks; what somebody dismissed stays so [2.17 FF21 E11]', async () => {
    await settings();
    await toMonday('00:00');
    await a.db.query(`delete from responder where id not in ('cw', 'doctor')`);
    const silentWeek = (who: string, weeks: number): Promise<unknown> => a.db.query(`insert into ring_test (party, kind, week, channel, out_id, sent_at, give_up_at, ended_at, how) select $1, 'day', (anling_now() - $2 * interval '7 days')::date, 'sms', 'o', anling_now() - $2 * interval '7 days', anling_now(), anling_now(), 'silent'`, [who, weeks]);
    for (const weeks of [3, 2, 1]) for (const who of ['cw', 'doctor']) await silentWeek(`responder:${who}`, weeks);
    await a.reply(phone['doctor'] as string, '5'); // late, but a word
    await look();
    expect(await tasks()).toEqual(['responder:cw silent']);
    await a.db.query(`update number_task set closed_at = anling_now(), how = 'dismissed', closed_by = 'op1'`);
    await look();
    expect(await tasks()).toEqual(['responder:cw silent dismissed']);
    expect(await a.reply(phone['doctor'] as string, 'TD')).toBe('opted-out');
    await a.advance(minute);
    await look();
    expect((await tasks()).at(-1)).toBe('responder:doctor opted-out');
    await settings({ weekly: false, yearly: true });
    await a.db.query(`update contact set verified_at = null`);
    await a.db.query(`update responder set verified_at = anling_now()`);
    await toMonday('09:00');
    const lines = await pass(hour);
    expect(who(lines).filter((l) => l.includes('confirm'))).toEqual(['family1', 'family2', 'keyholder', 'neighbour'].map((id) => `sms contact:${id} confirm`));
    await a.reply(phone['family1'] as string, '5');
    expect(who(await pass(15 * day, 24 * hour)).filter((l) => l.includes('confirm'))).toEqual([]);
    expect((await tasks()).filter((t) => t.includes('yearly')).sort()).toEqual(['family2', 'keyholder', 'neighbour'].map((id) => `contact:${id} yearly`));
  });
});

describe('a village with nobody', () => {
  const notices = async (): Promise<string[]> => (await a.alerts()).filter((x) => x.kind === 'no-responder').map((x) => `${x.subject.id} ${x.priority} ${x.state} ${x.summary['villages']}`);
  it('is on the wall within ten minutes, before any alarm, calls nobody, and goes when somebody is there again [E10]', async () => {
    await toMonday('10:00');
    expect(await pass(12 * minute, 2 * minute, true)).toEqual([]);
    expect(await notices()).toEqual([]);
    await a.db.query(`update responder set absent_until = anling_now() + interval '2 days' where region_code = $1 and id <> 'cw'`, [village]);
    await pass(12 * minute, 2 * minute, true);
    expect(await notices()).toEqual([]);
    expect(await a.reply(phone['cw'] as string, '8')).toBe('off-today');
    expect(who(await pass(10 * minute, minute, true))).toEqual(['sms responder:cw away']); // he is told that his leave is known; nobody else hears of it
    expect(await notices()).toEqual([`${village} 3 open 1`]);
    await a.db.query(`update responder set absent_until = null where id = 'grid'`);
    await pass(2 * minute, minute, true);
    expect(await notices()).toEqual([`${village} 3 closed 1`]);
  });

  it('is not told of an outage that is on the wall already, nor of a moment’s gap [E10]', async () => {
    await a.db.query(`update responder set absent_until = anling_now() + interval '3 minutes' where region_code = $1`, [village]);
    await pass(12 * minute, minute, true);
    expect(await notices()).toEqual([]);
  });
});
