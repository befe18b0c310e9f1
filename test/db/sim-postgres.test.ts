/** The simulation on real PostgreSQL: waits for locks take virtual time, what a cut session held is free, and a seed is the same county under the same judge. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';
import { PostgresDatabase } from '#test/sim/postgres.ts';
import { Chance, Clock, install, Process } from '#test/sim/runtime.ts';
import { simulate } from '#test/sim/sim.ts';

let t: TestDatabase;
beforeEach(async () => { t = await testDatabase({ max: 2 }); });
afterEach(async () => { await t.close(); });

it('two processes wait for each other in virtual time, hear of a wait that was too long, and take what a dead one held [RF10]', async () => {
  const [clock, chance] = [new Clock(), new Chance(1)];
  const database = new PostgresDatabase(t.url, clock, chance);
  await database.prepare();
  const uninstall = install(clock, chance, () => database.wall());
  const told: string[] = [];
  const [one, two] = [new Process('one'), new Process('two')];
  /** Takes the row, holds it for so long, and says how that went. */
  const holds = (who: Process, atMs: number, forMs: number): void => { clock.at(atMs, who, () => {
    database.db(who).tx(async (sql) => {
      await sql.query('select seq from feed_counter for update');
      told.push(`${who.name} has it at ${Math.round(clock.now / 1_000)}`);
      await new Promise((resolve) => setTimeout(resolve, forMs));
    }).then(() => { told.push(`${who.name} commits at ${Math.round(clock.now / 1_000)}`); }, (error: { code?: string }) => { told.push(`${who.name} fails with ${error.code} at ${Math.round(clock.now / 1_000)}`); });
  }); };
  try {
    holds(one, 0, 5_000); holds(two, 1_000, 0); // waits four seconds
    holds(one, 20_000, 30_000); holds(two, 21_000, 0); // waits too long
    holds(one, 60_000, 30_000); holds(two, 61_000, 0); clock.at(64_000, null, () => { one.alive = false; database.cut([one]); }); // killed
    await clock.run(100_000);
  } finally { uninstall(); clock.settled = null; await database.close(); }
  expect(told).toEqual(['one has it at 0', 'one commits at 5', 'two has it at 5', 'two commits at 5', 'one has it at 20', 'two fails with 55P03 at 31', 'one commits at 50', 'one has it at 60', 'two has it at 64', 'two commits at 64']);
}, 60_000);

it('keeps every promise under faults on real PostgreSQL [LAW1 LAW2 LAW3 LAW4 LAW6 I1 I2 I3 I5]', async () => {
  const { broken, story, counts } = await simulate({ seed: 100, days: 0.02, url: t.url });
  expect(broken, `${broken?.rule}: ${broken?.message}\n${story}\nrepeat: npm run sim -- --seed 100 --days 0.02`).toBeNull();
  expect(counts['rungs']).toBeGreaterThan(0);
}, 180_000);
