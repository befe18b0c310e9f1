/** `npm run sim -- --seed N --days D [--seeds K]`: K seeds from N on, D simulated days each; the first that breaks tells its story. */
import { parseArgs } from 'node:util';
import { simulate } from './sim.ts';

const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' }, days: { type: 'string', default: '1' }, seeds: { type: 'string', default: '1' } } });
const [first, days, seeds] = [Number(values.seed), Number(values.days), Number(values.seeds)];
if (!Number.isInteger(first) || !Number.isInteger(seeds) || seeds < 1 || !(days > 0)) {
  console.error('usage: npm run sim -- --seed N --days D [--seeds K]; N and K are whole numbers, D is more than 0');
  process.exit(2);
}
const began = process.hrtime.bigint();
const busy = process.cpuUsage();
const total: Record<string, number> = {};
for (let seed = first; seed < first + seeds; seed++) {
  const result = await simulate({ seed, days });
  for (const [what, n] of Object.entries(result.counts)) total[what] = (total[what] ?? 0) + n;
  if (result.broken) {
    console.log(`seed ${seed} breaks ${result.broken.rule}${result.broken.alertId ? ` on alert ${result.broken.alertId}` : ''}: ${result.broken.message}\n${result.story}\n\nrepeat: npm run sim -- --seed ${seed} --days ${days}`);
    process.exit(1);
  }
  if (seeds <= 20) console.log(`seed ${seed}: hash ${result.hash}, ${result.steps} steps`);
}
const hours = Number(process.hrtime.bigint() - began) / 3.6e12;
const used = process.cpuUsage(busy);
const cpuHours = (used.user + used.system) / 3.6e9;
console.log(Object.entries(total).sort().map(([what, n]) => `${what} ${n}`).join(' · '));
console.log(`${seeds} seeds of ${days} days: nothing broken; ${Math.round((seeds * (days + 1 / 12)) / hours)} simulated days per hour (${Math.round((seeds * (days + 1 / 12)) / cpuHours)} per hour of one processor)`);
