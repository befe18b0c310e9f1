/** The harness itself: clones are apart, time travels, edges travel along. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '#test/harness/db.ts';

let one: TestDatabase;
let two: TestDatabase;
beforeAll(async () => { [one, two] = await Promise.all([testDatabase(), testDatabase()]); });
afterAll(async () => { await Promise.all([one.close(), two.close()]); });

it('gives every file a migrated database of its own', async () => {
  await one.db.query(`insert into setting (key, value) values ('only-here', '1')`);
  expect(await two.db.query(`select key from setting where key = 'only-here'`)).toEqual([]);
});

it('travels the one clock, and the edges with it', async () => {
  await one.db.query(`insert into node (id, role, started_at, beat_at) values ('edge-a', 'edge', anling_now(), anling_now())`);
  const age = async (): Promise<number> => Number((await one.db.query<{ s: number }>(`select extract(epoch from anling_now() - beat_at)::float8 as s from node`))[0]?.s);
  const now = async (): Promise<number> => (await one.db.query<{ at: number }>('select anling_now() as at'))[0]?.at ?? 0;
  const before = await now();
  await one.advance(3_600_000);
  expect(await now() - before).toBeGreaterThanOrEqual(3_600_000);
  expect(await age()).toBeLessThan(60);
  await one.advance(3_600_000, { edgesUp: false });
  expect(await age()).toBeGreaterThan(3_500);
});
