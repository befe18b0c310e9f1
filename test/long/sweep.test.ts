/** The sweep over a big county: 100,000 devices, 10,000 of them due at once (B2). Each turn looks at what is due and nothing else; the times are printed and stand beside the code. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Swept } from '#alerts/sweep.ts';
import { countCannotHear } from '#store/county-status.ts';
import { type County, testCounty, village } from '../db/supervision-fixture.ts';

let c: County;
beforeAll(async () => {
  c = await testCounty();
  for (let v = 0; v < 150; v++) await c.homes({ region: village(v % 6, Math.floor(v / 6)), homes: 667, prefix: `v${v}` });
  await c.db.query('update presence set check_at = anling_now() + interval \'1 day\'');
  await c.db.query('vacuum analyze');
}, 300_000);
afterAll(() => c.close());

async function timed(what: string): Promise<Swept> {
  await c.edgeBeats(); // however long this machine took since: the house hears
  const began = performance.now();
  const swept = await c.sweep();
  const ms = Math.round(performance.now() - began);
  console.log(`${what}: ${ms} ms`, JSON.stringify(swept));
  return swept;
}
const due = (n: number) => c.db.query(`update presence set check_at = anling_now() where device_id in (select device_id from presence where silent_at is null limit $1)`, [n]);

it('100,000 devices: an idle turn, 10,000 due and alive, 10,000 fallen silent, the next turns with the outages open [B2]', async () => {
  await c.heard((await c.db.query<{ id: string }>('select device_id as id from presence')).map((r) => r.id));
  await timed('first turn');
  expect(await timed('idle turn')).toMatchObject({ looked: 0, silent: 0 });
  await due(10_000);
  expect(await timed('10,000 due, alive')).toMatchObject({ looked: 10_000, silent: 0 });
  // Fifteen villages of 667: town 1 loses most of its own, the others one or two villages each.
  for (let gone = 0; gone < 150_000; gone += 5_000) { await c.advance(5_000); await c.edgeBeats(); } // the house hears all the while: no blind window of ours
  await c.db.query(`update presence set last_seen_at = anling_now() where device_id !~ '^v(1|7|13|19|25|31|37|43|49|55|61|67|73|2|9)-'`);
  const gone = await c.db.query(`update presence set check_at = anling_now() where last_seen_at < anling_now() - interval '2 minutes' returning device_id`);
  expect(gone.length).toBe(15 * 667);
  expect(await timed('10,005 fallen silent at once, with the outages they make')).toMatchObject({ silent: 10_005, outages: 3, offline: 0 });
  await timed('the next turn');
  await c.advance(5_000);
  await timed('a turn that looks at open outages');
  const began = performance.now();
  const unheard = (await countCannotHear(c.db)).reduce((sum, r) => sum + r.count, 0);
  console.log(`counting who cannot be heard: ${Math.round(performance.now() - began)} ms`);
  expect(unheard).toBe(10_005);
  await c.heard(gone.map((r) => r['device_id'] as string));
  await c.advance(5_000);
  expect(await timed('all of them back')).toMatchObject({ returned: 10_005 });
}, 300_000);
