/**
 * `npm run sim -- --seed N --days D` or `--seeds A..B`: D simulated days of each seed; the first that breaks tells its story. Every
 * hundredth seed runs on real PostgreSQL by itself; `--postgres` asks it of all, `--memory` of none.
 */
import { parseArgs } from 'node:util';
import { openServer, type Server } from './server.ts';
import { simulate } from './sim.ts';

const usage = 'usage: npm run sim -- --seed N [--seeds K | --seeds A..B] [--days D] [--postgres | --memory]; N, K, A and B are whole numbers, A is not after B, D is more than 0';
const { values } = parseArgs({ options: { seed: { type: 'string' }, days: { type: 'string', default: '1' }, seeds: { type: 'string' }, postgres: { type: 'boolean', default: false }, memory: { type: 'boolean', default: false } } });
const range = /^(\d+)\.\.(\d+)$/.exec(values.seeds ?? '');
const first = Number(range?.[1] ?? values.seed ?? 1);
const last = range ? Number(range[2]) : first + Number(values.seeds ?? 1) - 1;
const days = Number(values.days);
if (!Number.isInteger(first) || !Number.isInteger(last) || last < first || !(days > 0) || (values.postgres && values.memory)) {
  console.error(usage);
  process.exit(2);
}

/** A calm of two hours belongs to each seed. */
const simulated = days + 1 / 12;
const began = performance.now();
const busy = process.cpuUsage();
const total: Record<string, number> = {};
let server: Server | null = null;
let [onPostgres, postgresMs, broke] = [0, 0, false];
try {
  for (let seed = first; seed <= last && !broke; seed++) {
    const real = !values.memory && (values.postgres || seed % 100 === 0);
    if (real) server ??= await openServer();
    const at = performance.now();
    const result = await simulate({ seed, days, ...(real && server ? { url: await server.fresh() } : {}) });
    if (real) { onPostgres++; postgresMs += performance.now() - at; }
    for (const [what, n] of Object.entries(result.counts)) total[what] = (total[what] ?? 0) + n;
    if (result.broken) {
      broke = true;
      console.log(`seed ${seed} breaks ${result.broken.rule}${result.broken.alertId ? ` on alert ${result.broken.alertId}` : ''}: ${result.broken.message}\n${result.story}\n\nrepeat: npm run sim -- --seed ${seed} --days ${days}${values.postgres ? ' --postgres' : values.memory ? ' --memory' : ''}`);
    } else if (last - first < 20) console.log(`seed ${seed}: hash ${result.hash}, ${result.steps} steps${real ? ', on PostgreSQL' : ''}`);
  }
} finally { await server?.close(); }
if (broke) process.exit(1);
const seeds = last - first + 1;
const hours = (performance.now() - began - postgresMs) / 3.6e6;
const used = process.cpuUsage(busy);
console.log(Object.entries(total).sort().map(([what, n]) => `${what} ${n}`).join(' · '));
console.log(`${seeds} seeds of ${days} days, ${onPostgres} of them on PostgreSQL${onPostgres > 0 ? ` (${Math.round(postgresMs / onPostgres / 1_000)} s each)` : ''}: nothing broken`);
if (seeds > onPostgres) console.log(`in memory ${Math.round((seeds - onPostgres) * simulated / hours)} simulated days per hour; ${Math.round(seeds * simulated / ((used.user + used.system) / 3.6e9))} per hour of one processor`);
process.exit(0);
