/**
 * Ways in which an alarm could be lost, silenced, delayed or doubled by one bad row, one dead part or one unlucky moment: each of
 * these was looked for on purpose, and each must cost that row alone.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluate, startEvaluate } from '#alerts/evaluate.ts';
import { createTimers } from '#alerts/timers.ts';
import { shardOf } from '#core/shard.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { createViewMaker, readSnapshot } from '#store/alert-views.ts';
import { openDb } from '#store/pool.ts';
import { setSystemTimers } from '#store/timers.ts';
import { type Alarm, operator, party, phone, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

describe('one bad row', () => {
  it('a timer of the house that cannot be handled holds up no alert and no other such timer [LAW6 E1]', async () => {
    const ran: string[] = [];
    const fire = createTimers({
      db: a.db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x'),
      handlers: { broken: () => Promise.reject(new Error('broken')), good: (_, timer) => { ran.push(timer.slot); return Promise.resolve(); } },
    });
    const now = await a.now();
    await setSystemTimers(a.db, [{ slot: 'broken:1', dueAt: now - 60_000 }, { slot: 'good:1', dueAt: now - 1_000 }]);
    await a.event('sos');
    await a.evaluate();
    for (let i = 0; i < 4; i++) await fire().catch(() => 0);
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
    expect(ran).toEqual(['good:1']);
    const [broken] = await a.db.query<{ fired_at: number | null; error: string }>(`select fired_at, error from timer where slot = 'broken:1'`);
    expect(broken).toMatchObject({ fired_at: null, error: 'broken' });
  });

  it('a number that cannot be opened is passed over and said so, the plan goes on [LAW6 E2]', async () => {
    await a.db.query(`update responder set phone_enc = '\\x0001' where id = 'cw'`);
    await a.event('sos');
    await a.settle();
    expect((await a.sent()).map((m) => m.party)).toEqual(expect.arrayContaining(['contact:keyholder', 'contact:family1']));
    await a.pass(60);
    expect((await a.log()).filter((l) => l.action === 'plan-step').length).toBeGreaterThanOrEqual(3);
  });

  it('a name or a place that cannot be opened leaves a text without it, never no text [LAW6]', async () => {
    await a.db.query(`update person set name_enc = '\\x0001'`);
    await a.db.query(`update home set place_enc = '\\x0001'`);
    await a.event('sos');
    await a.settle();
    const sent = await a.sent();
    expect(sent.map((m) => m.party)).toContain('responder:cw');
    expect(sent[0]?.params).toMatchObject({ place: '', name: '' });
  });

  it('who says he goes is heard although his name cannot be opened [E6]', async () => {
    await a.event('sos');
    await a.settle();
    await a.sent();
    await a.db.query(`update responder set name_enc = '\\x0001' where id = 'cw'`);
    expect(await a.reply(phone['cw'] as string, '1')).toBe('accept');
    expect((await a.alert()).state).toBe('committed');
  });

  it('a plan that a hand has broken is passed over for the house’s own [FF9 LAW6]', async () => {
    for (const spec of ['{"steps": [{"atS": 0}], "roundS": 300, "desk": []}', '{"steps": [null], "roundS": "x"}', '{"steps": [{"atS": 0, "actions": [{"target": "care-worker", "channel": "sms"}]}], "roundS": 0, "desk": [{}]}', '[]', '{"steps": "x"}'])
      await a.db.query(`insert into plan (id, name, kinds, scope_code, spec) values (gen_random_uuid()::text, 'x', '{sos}', '350425000000', $1::jsonb)`, [spec]);
    await a.event('sos');
    await a.settle();
    expect((await a.alert()).plan?.id).toBe('demo-p1');
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
  });
});

describe('a dead gateway', () => {
  for (const [what, providerId, called] of [['never left', null, true], ['rang, or may have', 'biz1', false]] as const)
    it(`five calls that ${what}: the sixth within the hour is ${called ? 'placed' : 'not'} [E2 FF6 F12]`, async () => {
      await a.db.query(
        `insert into outbox (out_id, party, channel, template, params_enc, to_enc, to_bidx, priority, state, due_at, created_at, trace, provider_id, handled_at)
         select 'x' || i, 'responder:cw', 'voice', 'voice-p1', '', '', $1, 1, 'failed', anling_now(), anling_now() - i * interval '10 minutes', 't', $2, anling_now() from generate_series(1, 5) i`,
        [a.seal.blind('phone', phone['cw'] as string), providerId]);
      await a.event('sos');
      await a.settle();
      await a.pass(31);
      expect((await a.sent()).some((m) => m.party === 'responder:cw' && m.channel === 'voice')).toBe(called);
    });
});

describe('a second alarm while the first waits', () => {
  it('a real press does not wait for the installer’s test that it merges into [LAW5 C2]', async () => {
    await a.db.query(`update device set test_until = anling_now() + interval '1 hour' where id = 'd1'`);
    await a.event('sos', { deviceId: 'd1' });
    await a.settle();
    expect(await a.sent()).toEqual([]); // the desk has its two minutes
    await a.event('sos', { deviceId: 'd2' });
    await a.settle();
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
  });

  it('a radar that has waited itself does not wait again in the window of a watch [LAW5 C3]', async () => {
    await a.event('fall', { deviceId: 'd2' });
    await a.settle();
    expect((await a.alert()).state).toBe('confirming');
    await a.event('fall', { deviceId: 'd4' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ state: 'open', count: 2 });
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
    await a.event('cancel', { deviceId: 'd2' });
    await a.settle();
    expect((await a.alert()).state).toBe('open'); // raised again: no cancel ends it
  });

  it('an unbooked test press does not end by itself because a booked one came before it [B7 LAW6]', async () => {
    await a.db.query(`update device set test_until = anling_now() + interval '1 minute' where id = 'd1'`);
    await a.event('test');
    await a.settle();
    await a.pass(90, 30);
    await a.event('test');
    await a.settle();
    expect(await a.alert()).toMatchObject({ priority: 2, state: 'open' });
    await a.pass(31 * 60, 60);
    expect(await a.alert()).toMatchObject({ priority: 2, state: 'open' });
  });
});

describe('a press on an alarm that is taken', () => {
  it('after a step, inside the minute of an earlier press, has a minute of its own [LAW6]', async () => {
    await a.event('sos');
    await a.settle();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'accept', actor: party('responder:cw'), via: 'link' });
    await a.event('sos');
    await a.settle();
    await a.pass(10);
    await a.respond({ alertId: id, action: 'note', actor: operator(), note: '已电话' });
    await a.pass(40);
    await a.sent();
    await a.event('sos'); // fifty seconds after the first, forty after the step
    await a.settle();
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
    await a.pass(55);
    expect((await a.alert()).state).toBe('committed');
    await a.pass(8);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running' });
  });
});

describe('a press after the helper has gone home', () => {
  it('and before the close calls him again with the others [LAW6 E2]', async () => {
    await a.event('sos');
    await a.settle();
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'accept', actor: party('responder:cw'), via: 'link' });
    await a.respond({ alertId: id, action: 'done', actor: party('responder:cw'), via: 'link' });
    await a.pass(600, 60);
    await a.event('sos');
    await a.settle();
    await a.sent();
    await a.pass(95, 5);
    expect(await a.alert()).toMatchObject({ state: 'open', planState: 'running' });
    expect((await a.sent()).filter((m) => m.party === 'responder:cw').map((m) => m.channel)).toEqual(expect.arrayContaining(['sms', 'voice']));
  });
});

describe('an id without a time', () => {
  it('that comes again hours later is a new alarm, not a copy: its counter began anew [A4 LAW5]', async () => {
    await a.event('sos', { id: '1' });
    await a.event('sos', { id: '1' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ count: 2, duplicateCount: 1 }); // sent again at once: a copy
    const { id } = await a.alert();
    await a.respond({ alertId: id, action: 'close', outcome: 'F1', note: '已核实' });
    await a.pass(3 * 3600, 3600);
    await a.event('sos', { id: '1' });
    await a.settle();
    expect((await a.alerts()).map((x) => x.state)).toEqual(['closed', 'open']);
    expect((await a.alert()).flags).toContain('id-reused');
  });
});

describe('a device that is bound to a person but to no home', () => {
  it('calls the people of the person’s village [A6 E1]', async () => {
    await a.db.query(`update device set home_id = null where id = 'd1'`);
    await a.event('sos', { homeId: null });
    await a.settle();
    expect((await a.sent()).map((m) => m.party)).toContain('responder:cw');
  });
});

describe('a lock that somebody holds', () => {
  it('on one alert delays the events of other homes by nothing [LAW8 F4]', async () => {
    await a.event('sos');
    await a.settle();
    const { id } = await a.alert();
    const other = openDb({ url: a.url, max: 1, name: 'holder' });
    const eyes = openDb({ url: a.url, max: 1, name: 'eyes' });
    const loop = startEvaluate({ db: a.db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x'), pollMs: 50 });
    try {
      await other.tx(async (sql) => {
        await sql.query('select 1 from alert where id = $1 for update', [id]);
        await a.event('sos'); // merges into the alert that is held
        await new Promise((resolve) => setTimeout(resolve, 400));
        for (let i = 0; i < 16; i++) if (shardOf(null, `x${i}`) !== shardOf('h1', null)) await a.event('sos', { deviceId: `x${i}`, homeId: null, personId: null });
        const waiting = async (): Promise<number> => (await eyes.query<{ n: number }>(`select count(*)::int as n from event where evaluated_at is null and device_id like 'x%'`))[0]?.n ?? 0;
        await expect.poll(waiting, { timeout: 20_000, interval: 20 }).toBe(0); // while the lock is held
      });
      await expect.poll(async () => (await eyes.query('select 1 from event where evaluated_at is null')).length, { timeout: 20_000, interval: 20 }).toBe(0);
      expect((await a.alert(id)).count).toBe(2);
    } finally {
      await loop.stop();
      await Promise.all([other.close(), eyes.close()]);
    }
  }, 60_000);
});

describe('a lock that is held longer than patience', () => {
  it('delays in its own shard only what needs it: the batch is taken smaller, and grows again [LAW3 LAW8 F4]', async () => {
    await a.event('sos');
    await a.settle();
    const { id } = await a.alert();
    const shard = shardOf('h1', null);
    const before = Array.from({ length: 400 }, (_, i) => `y${i}`).filter((name) => shardOf(null, name) === shard).slice(0, 10);
    const other = openDb({ url: a.url, max: 1, name: 'holder' });
    const evaluate = createEvaluate({ db: a.db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x'), lockMs: 80 });
    const waiting = async (): Promise<string[]> => (await a.db.query<{ device_id: string }>(`select device_id from event where evaluated_at is null order by id`)).map((e) => e.device_id);
    try {
      await other.tx(async (sql) => {
        await sql.query('select 1 from alert where id = $1 for update', [id]);
        for (const device of before) await a.event('sos', { deviceId: device, homeId: null, personId: null });
        await a.event('sos'); // merges into the alert that is held
        for (let turn = 0; turn < 12; turn++) await evaluate().catch(() => 0);
        expect((await waiting()).filter((device) => before.includes(device))).toEqual([]); // while the lock is held
      });
      while ((await waiting()).length > 0) await evaluate();
      expect((await a.alert(id)).count).toBe(2);
    } finally {
      await other.close();
    }
  });
});

describe('the wall', () => {
  it('shows an alarm whose name and place cannot be opened [D1 LAW5]', async () => {
    await a.db.query(`update person set name_enc = '\\x0001'`);
    await a.event('sos');
    await a.settle();
    const views = createViewMaker(a.seal);
    expect((await readSnapshot(a.db)).rows.map((row) => views(row).desk.kind)).toEqual(['sos']);
  });
});

describe('answers and failures behind a lock', () => {
  it('on one alert keep the answers and failures of the others waiting for less than the lock lasts [E6 I5 F4]', async () => {
    await a.event('sos');
    await a.event('sos', { deviceId: 'x1', homeId: null, personId: null });
    await a.settle();
    const [first, second] = await a.alerts();
    await a.db.query(`update outbox set state = 'failed', error_code = 'x', error_class = 'F' where state = 'due'`);
    await a.db.query(
      `insert into engagement (alert_id, party, state, notified_at, updated_at) values ($1, 'responder:cw', 'notified', anling_now(), anling_now()), ($2, 'responder:doctor', 'notified', anling_now(), anling_now())`
      + ' on conflict do nothing', [first?.id, second?.id]);
    for (const who of ['cw', 'doctor'])
      await a.db.query(
        `insert into reply (dedupe, channel, from_enc, from_bidx, content_enc, received_at, trace) values ($1, 'sms', $2, $3, $4, anling_now(), 't')`,
        [who, a.seal.seal('reply.from', phone[who] as string), a.seal.blind('phone', phone[who] as string), a.seal.seal('reply.content', '1')]);
    const other = openDb({ url: a.url, max: 1, name: 'holder' });
    try {
      await other.tx(async (sql) => {
        await sql.query('select 1 from alert where id = $1 for update', [first?.id]);
        await a.fail();
        expect(await a.db.query(`select 1 from outbox where alert_id = $1 and state = 'failed' and handled_at is null`, [second?.id])).toEqual([]); // while the lock is held
        expect(await a.replies()).toBe(1); // the doctor's, after limits.lockMs
        expect(await a.db.query('select state from alert where id = $1', [second?.id])).toEqual([{ state: 'committed' }]);
      });
    } finally { await other.close(); }
    await a.settle();
    expect((await a.alert(first?.id)).state).toBe('committed');
    expect(await a.db.query(`select 1 from outbox where state = 'failed' and handled_at is null`)).toEqual([]);
  }, 60_000);
});
