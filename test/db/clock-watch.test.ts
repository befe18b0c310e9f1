/** A database clock that is set back delays no alarm (law 9): the offset takes the step up, and is given back slowly. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClockWatch } from '#alerts/clock-watch.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { readClock } from '#store/clock.ts';
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
    expect(Math.abs((await a.now()) - before)).toBeLessThan(2_000);
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
});
