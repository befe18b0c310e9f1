/** Partitions on plain PostgreSQL, chunks on TimescaleDB: made ahead, dropped after their time, rows never lost on the way. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '#core/limits.ts';
import { keepTelemetryLayout } from '#store/telemetry-layout.ts';
import { onTimescale, testDatabase, type TestDatabase } from '#test/harness/db.ts';

let t: TestDatabase;
beforeAll(async () => { t = await testDatabase(); });
afterAll(async () => { await t.close(); });

const dayMs = 86_400_000;
const add = (daysAgo: number): Promise<unknown> => t.db.query(`insert into heartbeat (received_at, device_no) values (anling_now() - $1 * interval '1 day', 7)`, [daysAgo]);
const count = async (): Promise<number> => (await t.db.query<{ n: number }>('select count(*)::int as n from heartbeat'))[0]?.n ?? 0;

it('rows that came before their partition are moved into it; running it again changes nothing', async () => {
  await add(0);
  const first = await keepTelemetryLayout(t.db);
  if (!onTimescale()) {
    expect(first.made).toHaveLength(8);
    expect((await t.db.query('select 1 from heartbeat_rest')).length).toBe(0);
  }
  expect(await count()).toBe(1);
  expect(await keepTelemetryLayout(t.db)).toEqual({ made: [], dropped: [] });
});

it('two edges at once make each partition once', async () => {
  await t.advance(30 * dayMs);
  const made = (await Promise.all([keepTelemetryLayout(t.db), keepTelemetryLayout(t.db)])).flatMap((r) => r.made);
  expect(new Set(made).size).toBe(made.length);
  expect(made).toHaveLength(onTimescale() ? 0 : 8);
});

it('drops what is older than its days, and only that', async () => {
  await add(0);
  const kept = await count();
  await t.advance((limits.heartbeatDays - 29) * dayMs);
  const { dropped } = await keepTelemetryLayout(t.db);
  expect(dropped.length).toBeGreaterThan(0);
  expect(dropped.every((name) => /heartbeat|_hyper_/.test(name))).toBe(true);
  expect(await count()).toBe(kept - 1);
});

it('a heartbeat’s entry in the index is shared with all of its device: 8 bytes where it was 50', async () => {
  await t.db.query(`insert into heartbeat (received_at, device_no) select anling_now() + n * interval '1 second', d from generate_series(1, 300) n, generate_series(1, 100) d`);
  const [index] = await t.db.query<{ bytes: number }>(
    `select sum(pg_relation_size(i.indexrelid))::float8 / 30000 as bytes from pg_index i join pg_class c on c.oid = i.indrelid where (c.relname like 'heartbeat_%' or c.relname like '\\_hyper%') and pg_get_indexdef(i.indexrelid) like '%(device_no)'`);
  expect(index?.bytes).toBeLessThan(20);
});
