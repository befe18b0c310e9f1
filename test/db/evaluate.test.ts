/** Evaluation on rows: one alert per subject and kind under concurrency, order per device, duplicates, poison, and how fast it is. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEvaluate } from '#alerts/evaluate.ts';
import { limits } from '#core/limits.ts';
import { decide } from '#rules/index.ts';
import { openDb } from '#store/pool.ts';
import { takenDevice } from '#store/standby-ledger.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type Alarm, testAlarm, village } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

const results = async (): Promise<(string | null)[]> => (await a.db.query<{ result: string | null }>('select result from event order by id')).map((r) => r.result);

describe('one alert', () => {
  it('1,000 concurrent identical raises are one alert that counts 1,000 [C1 I2 LAW5 A6]', async () => {
    const more = openDb({ url: a.url, max: 6, name: 'more' });
    const workers = [a.db, more].map((db) => createEvaluate({ db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x') }));
    const press = async (): Promise<void> => { for (let i = 0; i < 100; i++) await a.event('sos'); };
    let pressing = true;
    const pressed = Promise.all(Array.from({ length: 10 }, press)).then(() => { pressing = false; });
    await Promise.all(workers.map(async (turn) => { while (pressing || (await turn()) > 0) await turn(); }));
    await pressed;
    while ((await a.evaluate()) > 0);
    const alerts = await a.alerts();
    expect(alerts.map((x) => ({ kind: x.kind, count: x.count, dup: x.duplicateCount, state: x.state }))).toEqual([{ kind: 'sos', count: 1000, dup: 0, state: 'open' }]);
    expect((await a.db.query('select 1 from event where alert_id is null or evaluated_at is null')).length).toBe(0);
    const feed = await a.db.query<{ seq: string }>('select seq from feed order by seq');
    expect(feed.map((f) => Number(f.seq))).toEqual(feed.map((_, i) => i + 1)); // gapless
    await more.close();
  });

  it('people of one shard race for one subject from two homes: still one alert [C1]', async () => {
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'h' || i, $1, '\\x00', '\\x00' from generate_series(2, 40) i`, [village]);
    const turns = [openDb({ url: a.url, max: 4, name: 'x' }), openDb({ url: a.url, max: 4, name: 'y' })];
    const workers = turns.map((db) => createEvaluate({ db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x') }));
    for (let i = 2; i <= 40; i++) await a.event('sos', { homeId: `h${i}`, deviceId: null, personId: 'p1' }); // different shards, one person
    await Promise.all(workers.map(async (turn) => { for (let i = 0; i < 6; i++) await turn(); }));
    while ((await a.evaluate()) > 0);
    expect((await a.alerts()).map((x) => x.count)).toEqual([39]);
    await Promise.all(turns.map((db) => db.close()));
  });

  it('other kinds and other subjects are alerts of their own [C1 A6]', async () => {
    await a.event('sos');
    await a.event('fall', { deviceId: 'd4' });
    await a.event('sos', { personId: null, homeId: null, deviceId: 'dx' });
    await a.event('sos', { personId: null, homeId: 'h1', room: 'bath' });
    await a.event('sos', { personId: null, homeId: 'h1' });
    await a.settle();
    expect((await a.alerts()).map((x) => `${x.kind} ${x.subject.type} ${x.subject.id}`).sort()).toEqual(['fall person p1', 'sos device dx', 'sos home h1', 'sos person p1', 'sos room h1/bath']);
  });
});

describe('what standby works on', () => {
  it('is left to the handover, with what came from its device after it; all else goes on; nothing waits for it longer than a minute [A2 I7 RF5]', async () => {
    let ids = new Set<string>();
    const turn = createEvaluate({ db: a.db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x'), taken: () => ids });
    const evaluate = async (): Promise<void> => { while ((await turn()) > 0); };
    const done = async (): Promise<boolean[]> => (await a.db.query<{ done: boolean }>('select evaluated_at is not null as done from event order by id')).map((r) => r.done);
    await a.event('sos', { deviceId: 'd1' });
    ids = new Set((await a.db.query<{ id: string }>('select ingest_id as id from event')).map((r) => r.id));
    await a.event('cancel', { deviceId: 'd1' });
    await a.event('fall', { deviceId: 'd4' });
    await evaluate();
    expect(await done()).toEqual([false, false, true]);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + limits.standbyTakenMs + 1);
    await evaluate();
    vi.restoreAllMocks();
    expect(await done()).toEqual([true, true, true]);
    await a.event('sos', { deviceId: 'd1', id: 'later' });
    ids = new Set((await a.db.query<{ id: string }>('select ingest_id as id from event where evaluated_at is null')).map((r) => r.id));
    await evaluate();
    expect((await done()).at(-1)).toBe(false);
    ids = new Set();
    await evaluate();
    expect((await done()).at(-1)).toBe(true);
  });

  it('an earlier press of the device whose case standby has opened waits too: its alert would make the first step a second time [A2 RF5 LAW6]', async () => {
    let ids = new Set([takenDevice('d1')]);
    const turn = createEvaluate({ db: a.db, seal: a.seal, log: createLog('test', 'silent'), metrics: createMetrics('x'), taken: () => ids });
    await a.event('sos', { deviceId: 'd1' });
    await a.event('fall', { deviceId: 'd4' });
    while ((await turn()) > 0);
    expect((await a.alerts()).map((x) => x.deviceId)).toEqual(['d4']);
    ids = new Set();
    while ((await turn()) > 0);
    expect((await a.alerts()).map((x) => x.deviceId).sort()).toEqual(['d1', 'd4']);
  });
});

describe('the same event again', () => {
  it('is counted on its alert, also in the same batch, never a second alert, never reopened; another time is noted [A4 I2 I7 F13 M12]', async () => {
    const at = await a.now();
    for (let i = 0; i < 5; i++) await a.event('sos', { id: 'a1', at });
    await a.settle();
    expect(await a.alert()).toMatchObject({ count: 5, duplicateCount: 4 });
    await a.event('sos', { id: 'a1', at });
    await a.settle();
    expect(await a.alert()).toMatchObject({ count: 6, duplicateCount: 5 });
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'F1', note: 'x' });
    await a.event('sos', { id: 'a1', at });
    await a.settle();
    expect((await a.alerts()).map((x) => ({ state: x.state, count: x.count }))).toEqual([{ state: 'closed', count: 7 }]);
    await a.event('sos', { id: 'a1', at: at + 60_000 });
    await a.settle();
    expect((await results()).at(-1)).toBe('duplicate:other-time');
    expect(await a.alerts()).toHaveLength(1);
    await a.event('sos', { id: 'a2', at });
    await a.settle();
    expect(await a.alerts()).toHaveLength(2);
  });

  it('an id with another kind or a day apart is a new event, flagged id-reused [A4 F13 LAW5]', async () => {
    const at = await a.now();
    await a.event('sos', { id: 'a1', at });
    await a.event('smoke', { id: 'a1', at });
    await a.event('sos', { id: 'a1', at: at - 25 * 3_600_000, flags: ['late'] });
    await a.settle();
    const found = (await a.alerts()).map((x) => `${x.kind} ${x.count} ${[...x.flags].sort().join(' ')}`).sort();
    expect(found).toEqual(['smoke 1 confirmed id-reused', 'sos 2 confirmed id-reused late']); // fire and a press of one home confirm each other
  });

  it('a clear under the id of its raise is no duplicate, and a repeat after the close rings anew [A4]', async () => {
    const at = await a.now();
    await a.event('smoke', { id: 't1', at, deviceId: 'd3' });
    await a.event('smoke', { id: 't1', at: at + 1, deviceId: 'd3', edge: 'repeat' });
    await a.event('smoke', { id: 't1', at: at + 2, deviceId: 'd3', edge: 'clear' });
    await a.settle();
    expect(await a.alert()).toMatchObject({ state: 'open', count: 2, flags: ['cleared-at-device'] });
    await a.respond({ alertId: (await a.alert()).id, action: 'close', outcome: 'F3', note: 'x' });
    await a.event('smoke', { id: 't1', at: at + 60_000, deviceId: 'd3', edge: 'repeat' });
    await a.settle();
    expect((await a.alerts()).map((x) => x.state)).toEqual(['closed', 'open']);
  });

  it('a shuffled, day-old backlog ends right: alarms escalate with their age, technical ones that are over stay over [A5 I7 LAW5]', async () => {
    const at = await a.now();
    const day = 24 * 3_600_000;
    await a.event('low-battery', { id: 'b2', at: at - day + 60_000, edge: 'clear', flags: ['late'] });
    await a.event('low-battery', { id: 'b1', at: at - day, flags: ['late'] });
    await a.event('sos', { id: 's1', at: at - day, flags: ['late'] });
    await a.settle();
    expect((await a.alerts()).map((x) => [x.kind, x.state, x.flags])).toEqual([['sos', 'open', ['late']]]);
    expect((await a.sent()).find((m) => m.template === 'sos')?.params['time']).toMatch(/^昨\d\d:\d\d$/);
  });
});

describe('order and isolation', () => {
  it('an alarm goes first, but never before an earlier event of its own device [I7 A3]', async () => {
    const order: string[] = [];
    await a.close();
    a = await testAlarm({ decide: (event, facts, now) => { order.push(event.id); return decide(event, facts, now); } });
    const battery = await a.event('low-battery', { deviceId: 'd2' });
    const other = await a.event('tamper', { deviceId: 'd3' });
    const sos = await a.event('sos', { deviceId: 'd2' });
    const smoke = await a.event('smoke', { deviceId: 'd4' });
    await a.settle();
    expect(order).toEqual([battery, sos, smoke, other]);
  });

  it('an SOS behind 2,000 queued trifles of its own device waits for them in order, others do not wait [I7]', async () => {
    await a.close();
    a = await testAlarm({ runs: true }); // which batch came first is told by the time
    await a.db.query(
      `insert into event (ingest_id, shard, urgency, device_id, home_id, person_id, source, kind, received_at, trace) select gen_random_uuid(), e.shard, 3, 'd2', 'h1', 'p1', 'mqtt', 'tamper', anling_now(), 't'
       from generate_series(1, 2000), (select 0 as shard) e`);
    const sos = await a.event('sos', { deviceId: 'd2' });
    const first = await a.event('sos', { deviceId: 'd3' });
    await a.db.query('update event set shard = 0');
    await a.settle();
    const rank = async (id: string): Promise<number> => Number((await a.db.query<{ n: string }>('select count(*) as n from event where evaluated_at < (select evaluated_at from event where id = $1)', [id]))[0]?.n);
    expect(await rank(sos)).toBeGreaterThanOrEqual(1_800);
    expect(await rank(first)).toBeLessThanOrEqual(64); // in the first batch
    expect((await results()).filter((r) => r === null)).toEqual([]);
  });

  it('a rule that throws holds up nobody; after five tries its event is an unreadable alarm of the same urgency [F15 LAW5]', async () => {
    await a.close();
    a = await testAlarm({ decide: (event, facts, now) => { if (event.data['boom']) throw new Error('a bug'); return decide(event, facts, now); } });
    await a.event('sos', { data: { boom: true }, deviceId: 'd2' });
    for (let i = 0; i < 20; i++) await a.event('motionless', { deviceId: 'd4' });
    await a.event('smoke', { deviceId: 'd3' });
    await a.settle();
    expect((await a.alerts()).map((x) => [x.kind, x.priority, x.state])).toEqual(expect.arrayContaining([['unreadable-alarm', 1, 'open'], ['smoke', 1, 'open'], ['motionless', 2, 'open']]));
    expect((await a.alerts()).find((x) => x.kind === 'unreadable-alarm')?.flags).toEqual(['rule-failed', 'kind-sos']);
    const [row] = await a.db.query<{ attempts: number; evaluated: boolean }>(`select attempts, evaluated_at is not null as evaluated from event where kind = 'sos'`);
    expect(row).toEqual({ attempts: 5, evaluated: true });
    expect((await a.sentLines()).length).toBeGreaterThanOrEqual(6); // both P1 run their plan
  });

  it('a wrong key does not hide an alarm [LAW5]', async () => {
    await a.event('sos');
    await a.db.query(`update event set data_enc = '\\x0102'`);
    await a.settle();
    expect(await results()).toEqual(['data-unreadable opened']);
    expect((await a.alert()).state).toBe('open');
  });
});

describe('many', () => {
  it('raises of 500 homes in full batches are each counted once [A6 I2]', async () => {
    await a.db.query(`insert into home (id, region_code, address_enc, place_enc) select 'x' || i, $1, $2, $3 from generate_series(1, 500) i`, [village, a.seal.seal('home.address', 'x'), a.seal.seal('home.place', 'x')]);
    await a.db.query(`insert into device (id, model, home_id, secret_hash) select 'x' || i, 'sos-button', 'x' || i, '\\x00' from generate_series(1, 500) i`);
    const n = 5_000;
    await a.db.query(
      `insert into event (ingest_id, shard, urgency, device_id, home_id, source, kind, received_at, trace)
       select gen_random_uuid(), (i % 500) % 16, 1, 'x' || (i % 500 + 1), 'x' || (i % 500 + 1), 'mqtt', 'sos', anling_now(), 't' || i from generate_series(1, $1::int) i`, [n]);
    const began = performance.now();
    while ((await a.evaluate()) > 0);
    const perSecond = Math.round(n / ((performance.now() - began) / 1000));
    console.log(`evaluated ${perSecond} events/s (500 new alerts, 4,500 merges)`);
    expect(await a.db.query('select 1 from event where evaluated_at is null')).toEqual([]);
    expect((await a.db.query<{ n: string }>('select count(*) as n, sum(count) as sum from alert'))[0]).toEqual({ n: '500', sum: String(n) });
  });
});
