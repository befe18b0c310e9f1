/** A whole house of real processes whose database goes, comes, lies and is slow, while people press: nothing acknowledged is lost, nothing escalates twice. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '#ops/processes.ts';
import { commitWord } from '#test/harness/fault-proxy.ts';
import { type FaultyHouse, makeFaultyHouse } from '#test/harness/house-with-proxy.ts';
import { killHard, pidsOf } from '#test/harness/processes.ts';
import type { Presser } from '#test/torture/presser.ts';
import { type Seeded, seedPeople } from '#test/torture/seed.ts';
import { underPress } from '#test/torture/under-press.ts';
import { complaints } from '#test/torture/verdict.ts';

const root = join(import.meta.dirname, '..', '..');
let f: FaultyHouse;
let devices: Seeded[];
beforeAll(async () => {
  f = await makeFaultyHouse(root, { name: 'faulty' });
  await f.house.start();
  await f.house.ready(90_000);
  devices = await seedPeople(f.house, 12);
}, 240_000);
afterAll(async () => { await f?.end(); });

const roles = (): number[] => (['edge', 'worker', 'web'] as const).flatMap((role) => pidsOf(role, f.house.pid() ?? -1, f.house.data));
const acked = (pressers: readonly Presser[]): number => pressers.reduce((n, p) => n + p.ledger.acked.length, 0);
/** Until the devices have seen so many acknowledgements more. */
async function more(pressers: readonly Presser[], count: number): Promise<void> {
  const from = acked(pressers);
  await expect.poll(() => acked(pressers) - from, { timeout: 60_000, interval: 50 }).toBeGreaterThanOrEqual(count);
}

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
});
