/**
 * What heartbeats cost on the disk and what it takes to read them: a county's heartbeats of three and a half days (100 million; `--quick` 1 million), written minute by
 * minute as they come; bytes of a heartbeat with its indexes, rolled up, and compressed where DATABASE_URL is TimescaleDB's community edition; one device's last 24 hours and a
 * township's online rate day by day through the functions of the pages. Each figure stands beside its goal where it has one. `ANLING_BENCH_ROWS` sets the rows.
 */
import { dayMs } from '#core/clock.ts';
import { lastDay } from '#store/device-health.ts';
import type { Db } from '#store/pool.ts';
import { createRollup } from '#store/rollup.ts';
import { compressNext } from '#store/telemetry-community.ts';
import { edition, keepTelemetryLayout, spreadTelemetry } from '#store/telemetry-layout.ts';
import { onlineDays } from '#store/uptime.ts';
import { type BenchDatabase, benchDatabase } from './database.ts';
import { goalOf } from './goals.ts';
import type { Part, Stage } from './parts.ts';
import { type Figure, figure, quantile } from './results.ts';
import { fillDevices } from './sweep.ts';

const perDay = 1_440;
const days = 3.5;

/** Mains devices say no battery, battery devices no mains: a heartbeat of either is what protocol v1 calls whole. */
async function fill(db: Db, devices: number, now: number, say: Stage['say']): Promise<void> {
  const minutes = Math.round(days * perDay);
  const step = Math.max(1, Math.floor(1_000_000 / devices));
  const began = performance.now();
  await db.query('create table bench_order as select no, row_number() over (order by hashint4(no)) as ord from device where no > 0 order by ord');
  for (let from = minutes; from > 0; from -= step) {
    const to = Math.max(0, from - step);
    await db.query(
      `insert into heartbeat (received_at, device_time, device_no, seq, battery, rssi, mains, temp)
       select at, at - (30 + (no * 7919 + m * 104729) % 900) * interval '1 ms', no, $3::int - m, case when no % 2 = 0 then (90 - ($3::int - m) / 400)::smallint end, (-60 - no % 40 - (no + m) % 5)::smallint, case when no % 2 = 1 then true end, (20 + (no + m / 30) % 10)::real
       from (select m, to_timestamp($4::float8 / 1000) - m * interval '1 minute' as minute from generate_series($1::int, $2::int + 1, -1) m) m,
         lateral (select no, minute + ord * ($5::float8 / 1000) * interval '1 second' as at from bench_order) d`, [from, to, minutes, now, 59_000 / devices]);
    if (Math.floor(from / perDay * 2) !== Math.floor(to / perDay * 2)) say(`${((minutes - to) * devices / 1e6).toFixed(1)} of ${(minutes * devices / 1e6).toFixed(1)} million heartbeats in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  }
  await db.query(`insert into silence (device_id, from_at, silent_at, back_at) select id, at, at + interval '3 minutes', at + (10 + no % 600) * interval '1 minute'
    from (select id, no, anling_now() - (no % 84) * interval '1 hour' - interval '11 hours' as at from device where no % 7 = 0) d`);
  // What autovacuum and the checkpointer do beside a county's 330 rows a second in three days lies behind here all at once: it is not what is timed.
  await db.query('vacuum (analyze)');
  await db.query('checkpoint');
}

/** Bytes of what belongs to the fullest day of raw rows: heap, indexes and toast, and its rows. */
async function dayOfRows(db: Db): Promise<{ rows: number; heap: number; indexes: number }> {
  const native = await edition(db) === 'plain';
  const parts = await db.query<{ name: string }>(native
    ? `select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'heartbeat'::regclass`
    : `select format('%I.%I', chunk_schema, chunk_name) as name from timescaledb_information.chunks where hypertable_name = 'heartbeat'`);
  let fullest = { rows: 0, heap: 0, indexes: 0 };
  for (const { name } of parts) {
    const [at] = await db.query<{ rows: number; heap: number; indexes: number }>(`select (select count(*)::float8 from ${name}) as rows, pg_table_size($1::regclass)::float8 as heap, pg_indexes_size($1::regclass)::float8 as indexes`, [name]);
    if (at && at.rows > fullest.rows) fullest = at;
  }
  return fullest;
}

async function timed(n: number, work: (i: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = -5; i < n; i++) { // the first ones warm the connection
    const from = performance.now();
    await work(i);
    if (i >= 0) times.push(performance.now() - from);
  }
  return times;
}

async function rollUp(db: Db, say: Stage['say']): Promise<{ rows: number; secondsPerMillion: number }> {
  const roll = createRollup(db);
  const from = performance.now();
  while (await roll());
  const seconds = (performance.now() - from) / 1_000;
  const [all] = await db.query<{ beats: number; rows: number }>('select coalesce(sum(beats), 0)::float8 as beats, count(*)::float8 as rows from heartbeat_day');
  say(`${((all?.beats ?? 0) / 1e6).toFixed(1)} million heartbeats of whole days rolled up into ${all?.rows} rows in ${seconds.toFixed(0)} s`);
  return { rows: all?.rows ?? 0, secondsPerMillion: seconds / Math.max(0.001, (all?.beats ?? 0) / 1e6) };
}

async function measure(stage: Stage, { db, server }: BenchDatabase): Promise<Figure[]> {
  const wanted = Number(process.env['ANLING_BENCH_ROWS'] ?? (stage.quick ? 1_000_000 : 100_000_000));
  const devices = Math.max(20, Math.round(wanted / (days * perDay)));
  await fillDevices(db, devices);
  await db.query(`update device_life set at = anling_now() - interval '90 days'`);
  const [clock] = await db.query<{ now: number }>('select anling_now() as now');
  const now = clock?.now ?? 0;
  await keepTelemetryLayout(db);
  // Past days need their partitions as they had them when they were today.
  await db.query(`insert into heartbeat (received_at, device_no) select anling_now() - n * interval '1 day', -1 from generate_series(0, 4) n`);
  await spreadTelemetry(db);
  await db.query('delete from heartbeat where device_no = -1');
  await fill(db, devices, now, stage.say);
  const rows = Math.round(days * perDay) * devices;
  const plain = await dayOfRows(db);
  const rolled = await rollUp(db, stage.say);
  const [dayBytes] = await db.query<{ n: number }>(`select pg_total_relation_size('heartbeat_day')::float8 as n`);
  const ids = await db.query<{ id: string }>('select id from device where no > 0 order by hashint4(no) limit 400');
  const n = stage.quick ? 100 : 400;
  const one = await timed(n, (i) => lastDay(db, ids[(i + 5) % ids.length]?.id ?? '', now));
  const town = await timed(stage.quick ? 20 : 100, (i) => onlineDays(db, `350000${100 + (i + 5) % Math.max(1, Math.min(18, Math.floor(devices / 3_750)))}`, 7, now));
  const figures = [
    figure('storage', 'a heartbeat after a day, heap and indexes', 'bytes', 'less', { ours: [(plain.heap + plain.indexes) / plain.rows] }),
    figure('storage', 'of that its index', 'bytes', 'less', { ours: [plain.indexes / plain.rows] }),
    figure('storage', 'a device’s day rolled up, with its index', 'bytes', 'less', { ours: [(dayBytes?.n ?? 0) / Math.max(1, rolled.rows)] }),
    figure('storage', 'rolling up, a million heartbeats', 's', 'less', { ours: [rolled.secondsPerMillion] }),
    figure('storage', 'one device’s last 24 hours, p50', 'ms', 'less', { ours: [quantile(one, 0.5)] }),
    figure('storage', 'one device’s last 24 hours, p99', 'ms', 'less', { ours: [quantile(one, 0.99)] }),
    figure('storage', 'a township’s online rate of 7 days, p99', 'ms', 'less', { ours: [quantile(town, 0.99)] }),
  ];
  stage.note(`${rows.toLocaleString('en-US')} heartbeats of ${devices.toLocaleString('en-US')} devices over ${days} days on ${server}; a device-year rolled up is ${((dayBytes?.n ?? 0) / Math.max(1, rolled.rows) * 365 / 1024).toFixed(0)} KiB, in single heartbeats (one a minute) ${((plain.heap + plain.indexes) / plain.rows * perDay * 365 / 2 ** 20).toFixed(0)} MiB`);
  figures.push(...await compressed(stage, db, ids.map((row) => row.id), now, n));
  for (const f of figures) stage.say(`${f.name}: ${f.ours} ${f.unit}${goalOf(f) ? ` (${goalOf(f)?.text})` : ''}`);
  return figures;
}

async function compressed(stage: Stage, db: Db, ids: readonly string[], now: number, n: number): Promise<Figure[]> {
  if (await edition(db) !== 'community') {
    stage.note('compressed: not measured, DATABASE_URL is not TimescaleDB’s community edition');
    return [];
  }
  await db.query(`update clock_offset set offset_ms = offset_ms + ${4 * dayMs}`); // everything is over
  const from = performance.now();
  while (await compressNext(db) !== null);
  const seconds = (performance.now() - from) / 1_000;
  const [all] = await db.query<{ bytes: number; rows: number }>(`select hypertable_size('heartbeat')::float8 as bytes, (select count(*)::float8 from heartbeat) as rows`);
  const one = await timed(n, (i) => lastDay(db, ids[(i + 5) % ids.length] ?? '', now));
  return [
    figure('storage', 'a heartbeat compressed (community edition)', 'bytes', 'less', { ours: [(all?.bytes ?? 0) / Math.max(1, all?.rows ?? 1)] }),
    figure('storage', 'compressing, a million heartbeats', 's', 'less', { ours: [seconds / Math.max(0.001, (all?.rows ?? 0) / 1e6)] }),
    figure('storage', 'one device’s last 24 hours compressed, p99', 'ms', 'less', { ours: [quantile(one, 0.99)] }),
  ];
}

export const storage: Part = {
  name: 'storage', about: 'bytes of a heartbeat, its days rolled up, and reading them with 100 million rows',
  async run(stage) {
    const database = await benchDatabase('storage');
    try { return await measure(stage, database); } finally { await database.close(); }
  },
};
