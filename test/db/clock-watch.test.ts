/** A database clock that is set back delays no alarm (law 9): the offset takes the step up, and is given back slowly. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClockWatch } from '#alerts/clock-watch.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { readClock } from '#store/clock.ts';
import { openDb } from '#store/pool.ts';
import { type Alarm, testAlarm } from '#test/harness/alarm.ts';

let a: Alarm;
beforeEach(async () => { a = await testAlarm(); });
afterEach(async () => { await a.close(); });

/** The wall clock of the machine as seen by the one clock, shifted by so much. */
const setWallClock = (shift: string): Promise<unknown> => a.db.query(
  `create or replace function anling_now() returns timestamptz language sql stable parallel safe
   as $$ select clock_timestamp() + interval '${shift}' + (select make_interval(secs => offset_ms / 1000.0) from clock_offset) $$`);
const watch = (): (() => Promise<number>) => createClockWatch({ db: a.db, log: createLog('test', 'silent'), metrics: createMetrics('x') });

describe('the one clock', () => {
  it('set back by two hours, goes on: the next rung is called at its second, by whichever of two nodes sees it first [LAW9 F11 I3]', async () => {
    const nodes = [watch(), watch()];
    await a.event('sos');
    await a.settle();
    await a.sent();
    for (const look of nodes) await look();
    const before = await a.now();
    await setWallClock('-2 hours');
    expect((await a.now()) - before).toBeLessThan(-7_000_000); // as it would stay for two hours
    const moved = await Promise.all(nodes.map((look) => look()));
    expect(moved.filter((ms) => ms > 7_100_000)).toHaveLength(1);
    expect(Math.abs((await a.now()) - before)).toBeLessThan(20_000); // of two hours: the rest is what the looks themselves took
    await a.pass(31);
    expect((await a.sent()).map((m) => `${m.channel} ${m.party}`)).toContain('voice responder:cw');
  });

  it('set back again while time is still owed, goes on all the same, taken up once; two nodes give back no faster than one [LAW9 F11]', async () => {
    let atMs = 0;
    const nodes = [1, 2].map(() => createClockWatch({ db: a.db, log: createLog('test', 'silent'), metrics: createMetrics('x'), monotonic: () => atMs }));
    // Both clocks go only where the test puts them.
    const put = async (shiftMs: number): Promise<void> => { await a.db.query(`create or replace function anling_now() returns timestamptz language sql stable as $$ select to_timestamp(${1_900_000_000 + (atMs + shiftMs) / 1000}) + (select make_interval(secs => offset_ms / 1000.0) from clock_offset) $$`); };
    const looks = async (shiftMs: number, seconds: number): Promise<void> => {
      for (let i = 0; i < seconds * 2; i++) { atMs += 500; await put(shiftMs); await nodes[i % 2]?.(); }
    };
    await put(0);
    await looks(0, 2);
    await looks(-600_000, 2);
    const { owedMs } = await readClock(a.db);
    expect(owedMs).toBeGreaterThan(599_000);
    await looks(-600_000, 20);
    const given = owedMs - (await readClock(a.db)).owedMs;
    expect(given).toBeGreaterThan(300);
    expect(given).toBeLessThan(450); // a fiftieth of 20 s is 400 ms
    const before = await readClock(a.db);
    await looks(-4_200_000, 2);
    const after = await readClock(a.db);
    expect(after.owedMs - before.owedMs).toBeGreaterThan(3_599_000); // once, not twice
    expect(after.owedMs - before.owedMs).toBeLessThan(3_601_000);
    expect(Math.abs(after.now - before.now - 2_000)).toBeLessThan(1_000);
  });

  it('set back while no worker was there to see it (a machine that comes up with a wrong clock), it goes on all the same, once [LAW9 RF11]', async () => {
    await a.db.query(`insert into node (id, role, started_at, beat_at) values ('edge-before', 'edge', anling_now(), anling_now())`);
    const before = await a.now();
    await setWallClock('-2 hours');
    const moved = await Promise.all([watch(), watch()].map((look) => look()));
    expect(moved.filter((ms) => ms > 7_100_000)).toHaveLength(1);
    expect((await a.now()) - before).toBeGreaterThanOrEqual(-2_000);
    expect(await watch()()).toBeLessThanOrEqual(0);
  });

  it('gives back what it took, never more, and leaves steps forward and a time machine alone [LAW9 F11]', async () => {
    const look = watch();
    await look();
    await setWallClock('-3 seconds');
    expect(await look()).toBeGreaterThan(2_500);
    const { owedMs } = await readClock(a.db);
    let given = 0;
    for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 100)); given -= await look(); }
    expect(given).toBeGreaterThan(4);
    expect((await readClock(a.db)).owedMs).toBe(owedMs - given);
    await a.db.query(`update setting set value = '{"owedMs": 0}' where key = 'clock'`);
    await look();
    await a.advance(3_600_000);
    expect(await look()).toBe(0);
    await setWallClock('1 hour');
    expect(await look()).toBe(0);
    expect((await readClock(a.db)).owedMs).toBe(0);
  });

  it('two hours forward and two back in the middle of a ladder: every rung is called once, in order, none is left out [LAW9 F11 RF11 I3]', async () => {
    const nodes = [watch(), watch()];
    const steps = async (): Promise<string[]> => (await a.log()).filter((l) => l.action === 'plan-step').map((l) => `${l.detail['round']}/${l.detail['step']}`);
    const look = async (): Promise<void> => { await Promise.all(nodes.map((node) => node())); };
    await look();
    await a.event('sos');
    await a.settle();
    let shiftMs = 0;
    // A step of the wall clock between each two rungs, the leap second and a drift of a tenth among them.
    for (const stepMs of [7_200_000, -7_200_000, -7_200_000, 7_200_000, -1_000, 1_000, 500, -500]) {
      await a.pass(7);
      await look();
      shiftMs += stepMs;
      await setWallClock(`${shiftMs} milliseconds`);
      await look();
      for (let turn = 0; turn < 3; turn++) await a.settle(); // what a step forward makes due early is called now, once
    }
    await a.pass(330, 10);
    const done = await steps();
    expect(done.length).toBeGreaterThan(6);
    expect(new Set(done).size).toBe(done.length);
    const rounds = Map.groupBy(done.map((d) => d.split('/').map(Number)), ([round]) => round);
    for (const [round, of] of rounds) expect([round, of.map(([, step]) => step)]).toEqual([round, of.map((_, i) => i)]);
    const messages = await a.sent();
    const keys = messages.map((m) => `${m.channel} ${m.party} ${m.round} ${m.template} ${m.atS}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(await a.db.query(`select 1 from alert a where state <> 'closed' and not exists (select from timer t where t.alert_id = a.id and t.fired_at is null and t.cancelled_at is null)`)).toEqual([]);
  });

  it('knows no summer time and no zone of a session: what is due is an instant [LAW9 F11 RF11]', async () => {
    const name = (await a.db.query<{ name: string }>('select current_database() as name'))[0]?.name;
    await a.event('sos');
    await a.settle();
    const due = (): Promise<{ ms: number }[]> => a.db.query<{ ms: number }>(`select round(extract(epoch from due_at - anling_now()) * 1000)::float8 as ms from timer where fired_at is null and cancelled_at is null order by due_at limit 1`);
    const [before] = await due();
    for (const zone of ['America/New_York', 'Pacific/Apia', 'Asia/Shanghai']) {
      await a.db.query(`alter database "${name}" set timezone = '${zone}'`);
      const there = openDb({ url: a.url, max: 1, name: 'zone' });
      const [row] = await there.query<{ zone: string; now: number }>(`select current_setting('timezone') as zone, anling_now() as now`);
      expect([row?.zone, Math.abs((row?.now ?? 0) - (await a.now())) < 5_000]).toEqual([zone, true]);
      const [after] = await due();
      expect(Math.abs((after?.ms ?? 0) - (before?.ms ?? 0))).toBeLessThan(30_000);
      await there.close();
    }
  });
});
