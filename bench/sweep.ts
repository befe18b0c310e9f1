/**
 * What supervision costs as a county grows: the sweep's own turn (alerts/sweep.ts) with 10,000, 100,000 and 1,000,000 devices known, nothing due, some due and
 * alive, some fallen silent here and there. Its cost must grow with what is due, not with what is known; the aim is a turn under a second.
 */
import { randomBytes } from 'node:crypto';
import { createSweep } from '#alerts/sweep.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { beat } from '#store/nodes.ts';
import type { Db } from '#store/pool.ts';
import { createSeal } from '#store/seal.ts';
import { benchDatabase } from './database.ts';
import type { Part } from './parts.ts';
import { type Figure, figure, median, quantile } from './results.ts';

/** Devices one a home, 250 homes a village, 15 villages a town, 18 towns a county; all online and due a day from now. They are heard all the time, for which stands a last sign of life twenty minutes from now. */
export async function fillDevices(db: Db, devices: number): Promise<void> {
  const sealed = randomBytes(40);
  const code = (i: string): string => `(350000 + (${i} - 1) / 67500)::text || lpad((((${i} - 1) / 3750) % 18 + 100)::text, 3, '0') || lpad((((${i} - 1) / 250) % 15 + 200)::text, 3, '0')`;
  await db.query(`insert into region (code, level, name) select distinct left(${code('i')}, 6) || '000000', 'county', 'c' from generate_series(1, $1::int, 250) i on conflict do nothing`, [devices]);
  await db.query(`insert into region (code, level, name, parent_code) select distinct left(${code('i')}, 9) || '000', 'town', 't', left(${code('i')}, 6) || '000000' from generate_series(1, $1::int, 250) i on conflict do nothing`, [devices]);
  await db.query(`insert into region (code, level, name, parent_code) select distinct ${code('i')}, 'village', 'v', left(${code('i')}, 9) || '000' from generate_series(1, $1::int, 250) i on conflict do nothing`, [devices]);
  for (let from = 1; from <= devices; from += 50_000) {
    const span = [from, Math.min(devices, from + 49_999)];
    await db.query(`insert into home (id, region_code, address_enc, place_enc) select 'b-h' || i, ${code('i')}, $3, $3 from generate_series($1::int, $2::int) i`, [...span, sealed]);
    await db.query(`insert into device (id, model, home_id, secret_hash, registered_at, status) select 'b-d' || i, (array['fall-radar', 'smoke', 'watch', 'gas'])[1 + i % 4], 'b-h' || i, $3, anling_now() - interval '90 days', 'installed' from generate_series($1::int, $2::int) i`, [...span, sealed]);
    await db.query(
      `insert into presence (device_id, state, last_seen_at, check_at) select 'b-d' || i, 'online', anling_now() + interval '20 minutes', anling_now() + interval '1 day' from generate_series($1::int, $2::int) i
       on conflict (device_id) do update set state = 'online', last_seen_at = excluded.last_seen_at, check_at = excluded.check_at`, span);
  }
  await db.query('analyze home, device, presence, region');
}

async function measure(db: Db, known: number, quick: boolean, say: (line: string) => void): Promise<Figure[]> {
  const began = performance.now();
  await fillDevices(db, known);
  say(`${known.toLocaleString('en-US')} devices written in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  const keys = { seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' };
  const sweep = createSweep({ db, seal: createSeal(keys), log: createLog('bench', 'error'), metrics: createMetrics('bench') });
  // Every k-th device of all, so that no village loses enough for an outage: singles, as they are on any day.
  const some = async (n: number, set: string): Promise<void> => { await db.query(`update presence set ${set} where device_id in (select 'b-d' || (i * $1::int) from generate_series(1, $2::int) i)`, [Math.floor(known / n), n]); };
  const turn = async (): Promise<{ ms: number; looked: number; silent: number; returned: number }> => {
    await beat(db, { id: 'edge-bench', role: 'edge' });
    const from = performance.now();
    const swept = await sweep();
    return { ms: performance.now() - from, looked: swept.looked, silent: swept.silent, returned: swept.returned };
  };
  const rounds = async (n: number, before: () => Promise<void>, expected: (t: Awaited<ReturnType<typeof turn>>) => boolean): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < n; i++) {
      await before();
      const t = await turn();
      if (!expected(t)) throw new Error(`a turn did something else than was prepared: ${JSON.stringify(t)}`);
      times.push(t.ms);
    }
    return times;
  };
  const count = quick ? 3 : 9;
  await turn();
  const idle = await rounds(count * 3, async () => {}, (t) => t.looked === 0);
  const due = 1_000;
  const alive = await rounds(count, () => some(due, `check_at = anling_now(), last_seen_at = anling_now()`), (t) => t.looked === due && t.silent === 0);
  const gone = await rounds(count, async () => {
    await some(due, `last_seen_at = anling_now(), state = 'online'`); // those of the round before come back first
    for (let back = await turn(); back.returned > 0; back = await turn());
    await some(due, `check_at = anling_now(), last_seen_at = anling_now() - interval '150 seconds'`);
    await db.query(`update presence set check_at = anling_now() + interval '1 day' where check_at <= anling_now() and last_seen_at > anling_now() - interval '1 minute'`); // those of the other classes are heard again in the next round
  }, (t) => t.looked >= due / 4);
  const label = (n: number): string => n.toLocaleString('en-US');
  say(`${label(known)} known: idle p99 ${quantile(idle, 0.99).toFixed(1)} ms, ${label(due)} due ${median(alive).toFixed(0)} ms (${((median(alive) - median(idle)) / due * 1_000).toFixed(0)} µs each), ${label(due)} due of which the minute class is silent ${median(gone).toFixed(0)} ms`);
  return [
    figure('sweep', `${label(known)} devices known, none due`, 'ms', 'less', { ours: idle }),
    figure('sweep', `${label(known)} devices known, ${label(due)} due and alive`, 'ms', 'less', { ours: alive }),
    figure('sweep', `${label(known)} devices known, each device due`, 'µs', 'less', { ours: alive.map((ms) => (ms - median(idle)) / due * 1_000) }),
    figure('sweep', `${label(known)} devices known, ${label(due)} due, those of the minute class fallen silent`, 'ms', 'less', { ours: gone }),
  ];
}

export const sweep: Part = {
  name: 'sweep', about: 'a turn of supervision with 10,000, 100,000 and 1,000,000 devices known',
  async run(stage) {
    const figures: Figure[] = [];
    for (const known of stage.quick ? [1_000, 10_000, 100_000] : [10_000, 100_000, 1_000_000]) {
      const database = await benchDatabase('sweep');
      try { figures.push(...await measure(database.db, known, stage.quick, stage.say)); } finally { await database.close(); }
    }
    return figures;
  },
};
