/** 演练 on rows, beside the real alarm path: real plan, real people, never a family; never in the way of a real press, never in the figures. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDrills } from '#alerts/drill.ts';
import { emergencyPlan } from '#core/plan.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { claimCase, drillCalls, drillCases, insertDrill } from '#store/drill-reads.ts';
import { readKpi } from '#store/kpi.ts';
import { type Alarm, phone, testAlarm, village } from '#test/harness/alarm.ts';

let a: Alarm;
let turn: () => Promise<boolean>;
let began = 0;
beforeEach(async () => {
  a = await testAlarm();
  turn = createDrills({ db: a.db, seal: a.seal, metrics: createMetrics('test'), log: createLog('test', 'fatal', () => {}) });
});
afterEach(() => a.close());

async function begin(homes: readonly string[] = ['h1'], delayMs = 0): Promise<string> {
  began = await a.now();
  return a.db.tx((sql) => insertDrill(sql, { name: '季度演练', kind: 'sos', regionCode: village, by: 'user:op1', demo: false, cases: homes.map((homeId, i) => ({ homeId, regionCode: village, no: 10 + i, plan: emergencyPlan, delayMs: i * delayMs })) }));
}
/** Seconds go by, drill and alarm path turned at each; what was sent. */
async function pass(seconds: number, step = 5): Promise<string[]> {
  const out: string[] = [];
  for (let gone = 0; gone < seconds; gone += step) {
    await a.advance(step * 1000);
    await a.settle();
    while (await turn());
    for (const m of await a.sent()) out.push(`${Math.round(((await a.now()) - began) / 1000)} ${m.channel} ${m.party.replace('responder:', '')} ${m.template}`);
  }
  return out;
}
const state = async (): Promise<string[]> => (await a.db.query<{ s: string }>(`select state || coalesce(' ' || answered_by, '') as s from drill_case order by no`)).map((r) => r.s);
const ended = async (): Promise<string | null> => (await a.db.query<{ how: string | null }>('select how from drill order by id desc limit 1'))[0]?.how ?? null;

describe('a drill', () => {
  it('runs the real plan’s steps to the real people of the roster in texts that say 演练; no family, no neighbour, no alert; one round, then it is over [2.16]', async () => {
    await begin();
    expect(await pass(310)).toEqual([
      '5 sms cw drill', '30 voice cw voice-drill', '60 sms doctor drill', '60 voice doctor voice-drill', '90 sms cadre drill', '90 voice cadre voice-drill', '90 sms grid drill', '90 voice grid voice-drill',
      '120 voice duty voice-drill', '120 sms other1 drill', '120 voice other1 voice-drill', '120 sms other2 drill', '120 voice other2 voice-drill', '180 sms leader drill', '180 voice leader voice-drill',
    ]);
    expect(await state()).toEqual(['nobody']);
    expect(await a.alerts()).toEqual([]);
    expect(await a.db.query('select count(*)::int as n from engagement')).toEqual([{ n: 0 }]);
    expect(await ended()).toBeNull();
    await pass(620, 60);
    expect(await ended()).toBe('done');
  });

  it('ends its search with the first answer; 5, 1 and other words count, a no goes on; scores keep who said what when [2.16 FF2]', async () => {
    const id = await begin();
    await pass(5);
    expect(await a.reply(phone['cw'] as string, '0')).toBe('ring-test');
    expect((await pass(60)).length).toBeGreaterThan(1);
    expect(await state()).toEqual(['running']);
    expect(await a.reply(phone['doctor'] as string, '5')).toBe('ring-test');
    expect(await pass(120)).toEqual([]);
    expect(await state()).toEqual(['answered responder:doctor']);
    const calls = await drillCalls(a.db, id);
    expect([...new Set(calls.map((c) => `${c.party} ${c.verdict}`))]).toEqual(['responder:cw declined', 'responder:doctor answered']);
    expect(await a.reply(phone['cw'] as string, '收到')).toBe('ring-test');
    expect(await a.alerts()).toEqual([]);
  });

  it('a call that a duty room’s landline took is its answer; of a mobile it is noted only [2.16]', async () => {
    await begin();
    await pass(125);
    await a.db.query(`update outbox set state = 'answered', done_at = anling_now() where template = 'voice-drill' and party = 'responder:cw'`);
    await turn();
    expect(await state()).toEqual(['running']);
    await a.db.query(`update outbox set state = 'answered', done_at = anling_now() where template = 'voice-drill' and party = 'responder:duty'`);
    await turn();
    expect(await state()).toEqual(['answered responder:duty']);
  });

  it('can reach no family, no contact, no alarm’s place in the queue: the table itself refuses it [2.16 LAW5]', async () => {
    const insert = (party: string, number: string, priority = 4, template = 'drill', alertId: string | null = null) => a.db.query(
      `insert into outbox (out_id, alert_id, party, channel, template, params_enc, to_enc, to_bidx, priority, due_at, trace) values ('t' || md5(random()::text)::varchar(10), $5, $1, 'sms', $4, '\\x00', '\\x00', $2, $3, anling_now(), 't')`, [party, a.seal.blind('phone', phone[number] as string), priority, template, alertId]);
    for (const attempt of [() => insert('contact:family1', 'family1'), () => insert('contact:keyholder', 'keyholder'), () => insert('responder:cw', 'family2'), () => insert('responder:cw', 'cw', 1), () => insert('contact:family1', 'family1', 4, 'voice-drill')])
      await expect(attempt()).rejects.toThrow('people of the roster only');
    await insert('responder:cw', 'cw');
    // A care-worker whose number is also some elder's daughter's is left out, and the drill goes on.
    await a.db.query(`update responder set phone_bidx = $1 where id = 'cw'`, [a.seal.blind('phone', phone['family1'] as string)]);
    await a.db.query('delete from outbox');
    await begin();
    expect((await pass(65)).map((l) => l.split(' ')[2])).toEqual(['doctor', 'doctor']);
  });
});

describe('a real alarm', () => {
  it('pressed in the same home during a drill opens a real alert at once, calls as it always does, and ends the drill there [2.16 LAW5 D10]', async () => {
    await begin(['h1']);
    const before = await pass(35);
    expect(before.filter((l) => l.endsWith('drill')).length).toBe(2);
    await a.event('sos');
    await a.settle();
    const alert = await a.alert();
    expect([alert.kind, alert.priority, alert.state, alert.flags]).toEqual(['sos', 1, 'open', []]);
    await a.startClock();
    const real = await pass(95);
    expect(real.filter((l) => l.endsWith('drill'))).toEqual([]);
    expect(real.map((l) => l.slice(l.indexOf(' ') + 1))).toEqual(expect.arrayContaining(['sms cw sos', 'sms contact:family1 family', 'voice cw voice-p1', 'voice doctor voice-p1']));
    expect([await state(), await ended()]).toEqual([['yielded'], null]);
    expect(await a.reply(phone['cw'] as string, '1')).toBe('accept');
    expect((await a.alert()).state).toBe('committed');
    const kpi = await readKpi(a.db, '350425');
    expect([kpi.day.count, kpi.day.excluded]).toEqual([1, 0]);
  });

  it('is not counted, nor found, nor delayed because of fifty imagined ones beside it; 5 never accepts it [2.16 D10 FF2]', async () => {
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'x' || i, '350425201002', address_enc, place_enc from home, generate_series(1, 49) i where id = 'h1'`);
    const id = await a.db.tx((sql) => insertDrill(sql, { name: '五十户', kind: 'sos', regionCode: '350425201002', by: 'user:op1', demo: false, cases: Array.from({ length: 49 }, (_, i) => ({ homeId: `x${i + 1}`, regionCode: '350425201002', no: 10 + i, plan: emergencyPlan, delayMs: 0 })) }));
    began = await a.now();
    const lines = await pass(65);
    // One care-worker, however many homes: his share and no more.
    expect(lines.filter((l) => l.includes(' other1 ')).map((l) => l.split(' ')[1]).sort()).toEqual(['sms', 'sms', 'sms', 'voice']);
    expect((await readKpi(a.db, '350425')).day).toMatchObject({ count: 0, excluded: 0, unanswered: 0 });
    expect((await drillCases(a.db, id))[5]?.skipped.map((s) => s.reason)).toContain('drill-share');
    await a.event('sos', { homeId: 'h1' });
    await a.settle();
    expect(await a.reply(phone['cw'] as string, '5')).toBe('ring-test');
    expect((await a.alert()).state).toBe('open');
    await pass(5);
    expect(new Set(await state())).toEqual(new Set(['yielded']));
  });
});

describe('the house', () => {
  it('that was down makes no step of a drill hours later; a claim at the desk is taken once, and is in the score [2.16]', async () => {
    const id = await begin();
    await pass(5);
    const [row] = await drillCases(a.db, id);
    expect(await claimCase(a.db, row?.id ?? '', 'user:op1')).toMatchObject({ first: true });
    expect(await claimCase(a.db, row?.id ?? '', 'user:op2')).toMatchObject({ first: false, claimedByName: '陈接警' });
    await a.advance(3_600_000);
    while (await turn());
    expect(await a.sent()).toEqual([]);
    expect(await state()).toEqual(['late']);
    await turn();
    expect(await ended()).toBe('done');
  });
});
