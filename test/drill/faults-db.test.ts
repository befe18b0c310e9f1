/**
 * Every fault of the database, its disks, its clock and the way to it at least fifty times, scaled down (a stall of a quarter of a
 * second, many cuts), on a house of real processes under devices that press; and the table of what they did.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClockWatch } from '#alerts/clock-watch.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { isAlive, pidsIn } from '#ops/processes.ts';
import { testAlarm } from '#test/harness/alarm.ts';
import { until } from '#test/harness/edge.ts';
import { cannotTrace, failFsync } from '#test/harness/failing-disk.ts';
import { commitWord } from '#test/harness/fault-proxy.ts';
import { type FaultyHouse, makeFaultyHouse } from '#test/harness/house-with-proxy.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { type SmallDisk, smallDisk } from '#test/harness/small-disk.ts';
import { type Seeded, seedPeople } from '#test/torture/seed.ts';
import { more, spooled, underPress } from '#test/torture/under-press.ts';
import { complaints } from '#test/torture/verdict.ts';

const times = Number(process.env['ANLING_FAULT_TIMES'] ?? 50);
const briefMs = 250;
const awayS = Number(process.env['ANLING_AWAY_S'] ?? 15);
type Line = { fault: string; times: number; acknowledged: number; lost: number; duplicated: number; stalled: number; seconds: number };
const table: Line[] = [];
let f: FaultyHouse;
let spool: SmallDisk | string;
let devices: Seeded[];

beforeAll(async () => {
  spool = smallDisk(64);
  f = await makeFaultyHouse(process.cwd(), { name: 'fifty', ...(typeof spool === 'string' ? {} : { data: join(spool.folder, 'data') }) });
  await f.house.start();
  await f.house.ready(180_000);
  devices = await seedPeople(f.house, 16);
}, 300_000);
afterAll(async () => {
  await f?.end();
  if (typeof spool === 'object') spool.end();
  const heads: Line = { fault: 'fault', times: 'times', acknowledged: 'acknowledged', lost: 'lost', duplicated: 'duplicated', stalled: 'stalled', seconds: 'seconds' } as never;
  for (const line of [heads, ...table]) process.stdout.write(`    ${line.fault.padEnd(52)}${[line.times, line.acknowledged, line.lost, line.duplicated, line.stalled, line.seconds].map((n) => String(n).padStart(13)).join('')}\n`);
});

/** `once` as often as it is asked for, under pressing devices; a line of the table, and nothing to complain of. */
async function fifty(fault: string, once: (i: number) => Promise<void>): Promise<void> {
  const began = performance.now();
  const { verdict } = await underPress(f.house, devices, 150, async (pressers) => {
    await more(pressers, 8);
    for (let i = 0; i < times; i++) await once(i);
    await f.proxy.heal();
    await f.house.ready(180_000, /self-check/);
    await more(pressers, 16);
  });
  table.push({
    fault, times, acknowledged: verdict.acknowledged, lost: verdict.lost.length, duplicated: verdict.unlinked.length + verdict.twins + verdict.gaps.length,
    stalled: verdict.stalled.length + verdict.overdue + verdict.unescalated.length + verdict.afterClose, seconds: Math.round((performance.now() - began) / 1000),
  });
  expect(complaints(verdict)).toEqual([]);
}
/** A state of the network for a moment, and as long well again. */
const briefly = async (begin: () => Promise<void>): Promise<void> => {
  await begin();
  await sleep(briefMs);
  await f.proxy.heal();
  await sleep(briefMs / 2);
};

describe(`each fault ${times} times`, () => {
  it('the database killed [RF2 I1 I2 I3]', () => fifty('F2 database killed (kill -9, all its processes)', async () => {
    f.database.kill();
    await f.database.start();
    await sleep(100);
  }));

  it('the database refused, standing, and half-open [RF3 RF4 RF9 I1 I2 I3]', async () => {
    await fifty('F3 database refuses', () => briefly(() => f.proxy.set({ mode: 'refuse' })));
    await fifty('F4 database stands still, connections too', () => briefly(() => f.proxy.set({ mode: 'stall' })));
    await fifty('F9 way to it half-open', () => briefly(async () => { await f.proxy.set({ mode: 'swallow' }); await sleep(briefMs); f.proxy.cutAll(); }));
  });

  it('the database slow, and a table locked [RF4 I1 I2 I3]', async () => {
    await fifty('F4 every answer 200 to 400 ms late', () => briefly(() => f.proxy.set({ latencyMs: 100, jitterMs: 100 })));
    const db = f.house.openDb();
    await fifty('F4 table alert locked', () => db.tx(async (sql) => { await sql.query('lock table alert in access exclusive mode'); await sleep(briefMs); })).finally(() => db.close());
  });

  it('commits of unknown outcome [RF5 I1 I2 I6]', async () => {
    for (const [at, lose, what] of [['events-insert', 'answer', 'insert of events, its answer lost'], ['events-insert', 'word', 'insert of events lost'], [commitWord, 'answer', 'COMMIT, its answer lost'], [commitWord, 'word', 'COMMIT lost']] as const)
      await fifty(`F5 ${what}`, async () => {
        const { cuts } = f.proxy.counts;
        f.proxy.cutAt({ at, times: 1, lose });
        await until('it is cut', () => f.proxy.counts.cuts > cuts, 60_000);
      });
  });

  it('the disk of the spool full while the database is away [RF6 I1 A2]', async ({ skip }) => {
    if (typeof spool === 'string') { skip(spool); return; }
    const { fill, empty } = spool;
    await fifty('F6 spool disk full, database away', () => briefly(async () => { fill(); await f.proxy.set({ mode: 'refuse' }); await sleep(briefMs); empty(); }));
  });

  it('an fsync that fails [RF7 I1 I2]', async ({ skip }) => {
    const why = cannotTrace();
    skip(why !== null, why ?? '');
    await fifty('F7 fsync says EIO: panic and recovery', async () => {
      const before = pidsIn(join(f.database.folder, 'pg'), 'postgres').filter((pid) => pid !== f.database.pid());
      const failing = await failFsync(f.database.pid());
      await until('it has panicked', () => before.every((pid) => !isAlive(pid)), 60_000);
      await failing.end();
      const db = f.house.openDb();
      await until('it has recovered', () => db.query('select 1').then(() => true, () => false), 60_000).finally(() => db.close());
    });
  });

  it('the worker held and let go [RF10 I2 I3 I6]', () => fifty('F10 worker stopped (SIGSTOP) and let go', async () => {
    const pids = pidsOf('worker', f.house.pid() ?? -1, f.house.data);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await sleep(briefMs);
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await sleep(briefMs / 2);
  }));

  it(`the database away for ${awayS} s in one piece (ANLING_AWAY_S=600: as long as a county has seen it) [RF3 I1 I3 A2]`, async () => {
    const seen = { p50: 0, p99: 0, presses: 0, rows: 0, drainS: 0 };
    const { verdict, closed } = await underPress(f.house, devices, 2_000, async (pressers) => {
      await more(pressers, 8);
      await f.database.stop();
      for (const { ledger } of pressers) ledger.ackMs.length = 0;
      await sleep(awayS * 1_000);
      const ackMs = pressers.flatMap((p) => p.ledger.ackMs).sort((x, y) => x - y);
      Object.assign(seen, { presses: ackMs.length, p50: Math.round(ackMs[ackMs.length >> 1] ?? 0), p99: Math.round(ackMs[Math.floor(ackMs.length * 0.99)] ?? 0), rows: await spooled(f.house) });
      const began = performance.now();
      await f.database.start();
      await until('the spool is empty', async () => (await spooled(f.house)) === 0, 300_000);
      seen.drainS = Math.round((performance.now() - began) / 1_000);
      await f.house.ready(180_000, /self-check/);
    });
    process.stdout.write(`    database away for ${awayS} s: ${seen.presses} presses acknowledged, p50 ${seen.p50} ms, p99 ${seen.p99} ms; ${seen.rows} rows in the spool; started and drained in ${seen.drainS} s\n`);
    expect([closed, complaints(verdict)]).toEqual([0, []]);
    expect(seen.drainS).toBeLessThan(120);
  });

  it('the clock set forward and back two hours in the middle of a ladder [RF11 LAW9 I3]', async () => {
    const began = performance.now();
    const a = await testAlarm();
    const looks = [0, 1].map(() => createClockWatch({ db: a.db, log: createLog('test', 'silent'), metrics: createMetrics('x') }));
    const look = async (): Promise<void> => { for (const one of looks) await one(); };
    let shiftMs = 0;
    const step = async (ms: number): Promise<void> => {
      await look();
      shiftMs += ms;
      await a.db.query(`create or replace function anling_now() returns timestamptz language sql stable parallel safe
        as $$ select clock_timestamp() + interval '${shiftMs} milliseconds' + (select make_interval(secs => offset_ms / 1000.0) from clock_offset) $$`);
      await look();
      await a.settle();
    };
    try {
      await a.event('sos');
      await a.settle();
      for (let i = 0; i < times; i++) { await step(i % 2 === 0 ? 7_200_000 : -7_200_000); await a.pass(11, 11); }
      const steps = (await a.log()).filter((l) => l.action === 'plan-step').map((l) => `${l.detail['round']}/${l.detail['step']}`);
      const rounds = Map.groupBy(steps.map((s) => s.split('/').map(Number)), ([round]) => round);
      const gaps = [...rounds].filter(([, of]) => of.some(([, n], i) => n !== i));
      const stalled = await a.db.query(`select 1 from alert x where state <> 'closed' and not exists (select from timer t where t.alert_id = x.id and t.fired_at is null and t.cancelled_at is null)`);
      table.push({ fault: 'F11 clock two hours forward, two back', times, acknowledged: steps.length, lost: 0, duplicated: steps.length - new Set(steps).size + gaps.length, stalled: stalled.length, seconds: Math.round((performance.now() - began) / 1000) });
      expect([gaps, new Set(steps).size, stalled]).toEqual([[], steps.length, []]);
      expect(steps.length).toBeGreaterThan(times / 3);
    } finally { await a.close(); }
  });
});
