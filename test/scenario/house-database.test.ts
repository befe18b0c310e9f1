/** A whole house of real processes whose database goes, comes, lies and is slow, while people press: nothing acknowledged is lost, nothing escalates twice. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, pidsIn } from '#ops/processes.ts';
import { cannotTrace, failFsync } from '#test/harness/failing-disk.ts';
import { commitWord } from '#test/harness/fault-proxy.ts';
import { type FaultyHouse, makeFaultyHouse } from '#test/harness/house-with-proxy.ts';
import { killHard, pidsOf } from '#test/harness/processes.ts';
import { type Seeded, seedPeople } from '#test/torture/seed.ts';
import { more, underPress } from '#test/torture/under-press.ts';
import { complaints } from '#test/torture/verdict.ts';

const root = join(import.meta.dirname, '..', '..');
let f: FaultyHouse;
let devices: Seeded[];
beforeAll(async () => {
  f = await makeFaultyHouse(root, { name: 'faulty' });
  await f.house.start();
  await f.house.ready(180_000);
  devices = await seedPeople(f.house, 12);
}, 300_000);
afterAll(async () => { await f?.end(); });

const roles = (): number[] => (['edge', 'worker', 'web'] as const).flatMap((role) => pidsOf(role, f.house.pid() ?? -1, f.house.data));

describe('the database of a running house', { timeout: 240_000 }, () => {
  it('is killed and comes back: presses are acknowledged throughout, every role lives on, all of it arrives [RF2 RF3 I1 I2 I3]', async () => {
    const before = roles();
    expect(before).toHaveLength(3);
    const { verdict } = await underPress(f.house, devices, 200, async (pressers) => {
      await more(pressers, 20);
      f.database.kill();
      await more(pressers, 60);
      await f.database.start();
      await f.house.ready(90_000);
      await more(pressers, 20);
    });
    expect([complaints(verdict), roles()]).toEqual([[], before]);
    expect(before.every(isAlive)).toBe(true);
  });

  it('is away while edge, worker and web are killed: they start without it, the doors open at once, and nobody starts twice [RF1 RF3 W17 I1]', async () => {
    const { verdict } = await underPress(f.house, devices, 200, async (pressers) => {
      await more(pressers, 12);
      await f.database.stop();
      const before = roles();
      killHard(before);
      await expect.poll(() => roles().filter((pid) => !before.includes(pid)), { timeout: 60_000, interval: 50 }).toHaveLength(3);
      const again = roles();
      await more(pressers, 24);
      await f.database.start();
      await f.house.ready(90_000);
      expect(roles()).toEqual(again);
      await more(pressers, 12);
    });
    expect(complaints(verdict)).toEqual([]);
  });

  it('is away when the house starts, which has been up before: its doors are open, and the rest comes with the database [RF1 RF3 W17 I1]', async () => {
    const { verdict } = await underPress(f.house, devices, 200, async (pressers) => {
      await more(pressers, 12);
      await f.house.stop();
      await f.proxy.set({ mode: 'refuse' });
      await f.house.start();
      await more(pressers, 24);
      expect(roles()).toHaveLength(1);
      await f.proxy.heal();
      await f.house.ready(90_000);
      expect(roles()).toHaveLength(3);
      await more(pressers, 12);
    });
    expect(complaints(verdict)).toEqual([]);
  });

  it('is cut off in the middle of a commit, again and again: each press is one event of one alert [RF5 I1 I2]', async () => {
    const { verdict } = await underPress(f.house, devices, 200, async (pressers) => {
      for (const at of ['events-insert', commitWord, 'evaluation-mark'])
        for (const lose of ['answer', 'word'] as const) {
          const { cuts } = f.proxy.counts;
          f.proxy.cutAt({ at, times: 3, lose });
          await expect.poll(() => f.proxy.counts.cuts - cuts, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(3);
          await more(pressers, 12);
        }
      await f.proxy.heal();
      await more(pressers, 12);
    });
    expect(complaints(verdict)).toEqual([]);
  });

  it('answers every question two seconds late, and nothing of a locked table: alarms are acknowledged within 3 s, no keep-alive ends anybody [RF4 I1]', async () => {
    const ackMs: number[] = [];
    const { verdict, closed } = await underPress(f.house, devices, 300, async (pressers) => {
      await more(pressers, 12);
      await f.proxy.set({ latencyMs: 1_000 });
      await more(pressers, 60);
      await f.proxy.heal();
      await f.house.ready(90_000, /self-check/);
      const db = f.house.openDb();
      await db.tx(async (sql) => {
        await sql.query('lock table alert in access exclusive mode');
        await more(pressers, 60);
      });
      await db.close();
      await more(pressers, 12);
      ackMs.push(...pressers.flatMap((p) => p.ledger.ackMs));
    }, 4);
    ackMs.sort((x, y) => x - y);
    console.log(`PUBACK over a slow database and a locked table: ${ackMs.length} presses, p50 ${Math.round(ackMs[ackMs.length >> 1] ?? 0)} ms, p99 ${Math.round(ackMs[Math.floor(ackMs.length * 0.99)] ?? 0)} ms`);
    expect(ackMs[Math.floor(ackMs.length * 0.99)]).toBeLessThan(6_000); // the promise is 3 s; a machine that is busy with other tests has twice that
    expect([closed, complaints(verdict)]).toEqual([0, []]);
  });

  it('has a disk that fails its fsync: it panics, recovers, and nothing acknowledged is lost [RF7 I1 I2]', async ({ skip }) => {
    const why = cannotTrace();
    skip(why !== null, why ?? '');
    const { verdict } = await underPress(f.house, devices, 200, async (pressers) => {
      await more(pressers, 12);
      const before = pidsIn(join(f.database.folder, 'pg'), 'postgres');
      const failing = await failFsync(f.database.pid());
      await expect.poll(() => before.filter(isAlive), { timeout: 60_000, interval: 50 }).toEqual([f.database.pid()]); // its postmaster alone
      await failing.end();
      await f.house.ready(90_000, /self-check/);
      await more(pressers, 24);
    });
    expect(complaints(verdict)).toEqual([]);
  });
});
