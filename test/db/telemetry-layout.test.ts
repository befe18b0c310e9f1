/** Partitions on plain PostgreSQL, chunks on TimescaleDB: made ahead, dropped after their time and not before their day is rolled up, rows never lost on the way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { createRollup } from '#store/rollup.ts';
import { chunkByVolume, compressNext } from '#store/telemetry-community.ts';
import { dropOldTelemetry, edition, keepTelemetryLayout, spreadTelemetry } from '#store/telemetry-layout.ts';
import { onTimescale, testDatabase, type TestDatabase } from '#test/harness/db.ts';

let t: TestDatabase;
beforeAll(async () => { t = await testDatabase(); });
afterAll(async () => { await t.close(); });

const dayMs = 86_400_000;
const days = { heartbeat: limits.heartbeatDays, vital: limits.vitalDays };
const add = (daysAgo: number): Promise<unknown> => t.db.query(`insert into heartbeat (received_at, device_no) values (anling_now() - $1 * interval '1 day', 7)`, [daysAgo]);
const count = async (): Promise<number> => (await t.db.query<{ n: number }>('select count(*)::int as n from heartbeat'))[0]?.n ?? 0;
const rollAll = async (): Promise<void> => { const roll = createRollup(t.db); while (await roll()); };

it('rows that came before their partition are moved into it; running it again changes nothing', async () => {
  await add(0);
  const first = await keepTelemetryLayout(t.db);
  if (!onTimescale()) {
    expect(first.made).toHaveLength(8);
    expect((await t.db.query('select 1 from heartbeat_rest')).length).toBe(0);
  }
  expect(await count()).toBe(1);
  expect(await keepTelemetryLayout(t.db)).toEqual({ made: [] });
});

it('two edges at once make each partition once', async () => {
  await t.advance(30 * dayMs);
  const made = (await Promise.all([keepTelemetryLayout(t.db), keepTelemetryLayout(t.db)])).flatMap((r) => r.made);
  expect(new Set(made).size).toBe(made.length);
  expect(made).toHaveLength(onTimescale() ? 0 : 8);
});

it('a heartbeat’s entry in the index is shared with all of its device: 8 bytes where it was 50', async () => {
  await t.db.query(`insert into heartbeat (received_at, device_no) select anling_now() + n * interval '1 second', d from generate_series(1, 300) n, generate_series(1, 100) d`);
  const [index] = await t.db.query<{ bytes: number }>(
    `select sum(pg_relation_size(i.indexrelid))::float8 / 30000 as bytes from pg_index i join pg_class c on c.oid = i.indrelid where (c.relname like 'heartbeat_2%' or c.relname like '\\_hyper%') and pg_get_indexdef(i.indexrelid) like '%(device_no)'`);
  expect(index?.bytes).toBeLessThan(20);
});

it('drops what is older than its days and rolled up, and only that', async () => {
  await add(0);
  const kept = await count();
  await t.advance((limits.heartbeatDays + 2) * dayMs); // the day of 30 days ago is over by far, the other ends within it
  await add(0);
  expect(await dropOldTelemetry(t.db, days)).toEqual([]); // its days are nowhere else yet
  await rollAll();
  const dropped = await dropOldTelemetry(t.db, days);
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped.every((name) => /heartbeat|vital|_hyper_/.test(name))).toBe(true);
  expect(await count()).toBe(1);
  expect((await t.db.query<{ n: number }>('select sum(beats)::int as n from heartbeat_day'))[0]?.n).toBe(kept);
  expect(await dropOldTelemetry(t.db, days)).toEqual([]);
});

it('a county day that became late keeps its first hours too, which lie in the partition of the day before', async () => {
  const [at] = await t.db.query<{ day: string }>(
    `insert into heartbeat (received_at, device_no) select (d.day::timestamp + interval '1 hour') at time zone 'Asia/Shanghai', 5 from (select (anling_now() at time zone 'Asia/Shanghai')::date - 5 as day) d
     returning (received_at at time zone 'Asia/Shanghai')::date::text as day`);
  await spreadTelemetry(t.db);
  await rollAll();
  await t.db.query('insert into heartbeat_late (day) values ($1)', [at?.day]);
  const there = async (): Promise<number> => (await t.db.query('select from heartbeat where device_no = 5')).length;
  await dropOldTelemetry(t.db, { heartbeat: 1, vital: 400 });
  expect(await there()).toBe(1);
  await rollAll();
  await dropOldTelemetry(t.db, { heartbeat: 1, vital: 400 });
  expect(await there()).toBe(0);
});

it('chunks span what their volume asks for; the community edition compresses what is over, and the rows stay the same', async () => {
  await rollAll();
  expect(await chunkByVolume(t.db)).toBe(null);
  await t.db.query(`update day_rolled set rows = $1 where what = 'heartbeat' and day = (select max(day) from day_rolled where what = 'heartbeat')`, [limits.chunkRows * 3]);
  expect(await chunkByVolume(t.db)).toBe(onTimescale() ? 21_600 : null);
  expect(await chunkByVolume(t.db)).toBe(null);
  await t.db.query(`insert into heartbeat (received_at, device_no, battery, rssi) select anling_now() - interval '4 days' + n * interval '1 minute', 9, 80, -70 from generate_series(1, 600) n`);
  const before = await count();
  const compressed: string[] = [];
  for (let name = await compressNext(t.db); name !== null; name = await compressNext(t.db)) compressed.push(name);
  expect(compressed.length > 0).toBe(await edition(t.db) === 'community');
  await t.db.query(`insert into heartbeat (received_at, device_no) values (anling_now() - interval '4 days', 9)`); // what comes late still finds its place
  expect(await count()).toBe(before + 1);
});
