/** `npm run chaos -- --seed N --minutes M [--faults list] [--times K] [--real] [--resume]`: torments a real house and prints what came of it. */
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { faults } from './faults.ts';
import { chaos, type ChaosResult } from './run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, minutes: { type: 'string', default: '90' }, times: { type: 'string', default: '50' }, faults: { type: 'string' }, real: { type: 'boolean', default: false }, resume: { type: 'boolean', default: false } },
});
const [seed, minutes, times] = [Number(values.seed), Number(values.minutes), Number(values.times)];
const only = values.faults?.split(',').map((name) => name.trim()).filter((name) => name !== '');
const unknown = only?.filter((name) => !faults.some((f) => f.kind.includes(name))) ?? [];
if (!Number.isInteger(seed) || !(minutes > 0 && minutes <= 90) || !Number.isInteger(times) || times < 1 || unknown.length > 0) {
  console.error(`usage: npm run chaos -- --seed N --minutes M [--faults list] [--times K] [--real] [--resume]
N and K are whole numbers, M is at most 90. A fault is named by a part of its name, several by commas:
${faults.map((f) => `  ${f.kind}`).join('\n')}${unknown.length > 0 ? `\nunknown: ${unknown.join(', ')}` : ''}`);
  process.exit(2);
}
const folder = join(tmpdir(), `anling-chaos-${seed}`);
if (values.resume !== existsSync(join(folder, 'journal.jsonl'))) {
  console.error(values.resume ? `there is no run with seed ${seed} to go on with (${folder})` : `${folder} holds a run with seed ${seed}: go on with --resume, or remove it`);
  process.exit(2);
}

function table(result: ChaosResult): string {
  const { counts, skipped, totals } = result;
  const of = (rule: string): number => result.complaints.filter((c) => c.rule === rule).length;
  return [
    '| fault | times |', '|---|---:|', ...faults.filter((f) => counts.has(f.kind) || skipped.has(f.kind)).map((f) => `| ${f.kind} | ${counts.get(f.kind) ?? `skipped: ${skipped.get(f.kind)}`} |`), '',
    `${[...counts.values()].reduce((a, b) => a + b, 0)} faults in ${Math.round(result.seconds / 60)} min (${result.failed} found nothing to befall); acknowledged ${totals.acknowledged}, lost ${of('LOST')}, duplicated ${of('DUPLICATED')}, stalled ${of('STALLED')}`,
    `${totals.alerts} emergencies (${totals.closed} closed), ${totals.messages} messages, ${totals.delivered} on phones and ${totals.repeated} of them again under the same id; the wall saw ${result.wall.frames} frames, ${result.wall.beats} beats and ${result.wall.snapshots} snapshots`,
    ...(result.starved > 0 ? [`the machine itself stood still for a second or more ${result.starved} times`] : []),
    ...(['ORDER', 'AFTER', 'LIE', 'WALL', 'GREW'] as const).map((rule) => [rule, of(rule)] as const).filter(([, n]) => n > 0).map(([rule, n]) => `${rule}: ${n}`),
  ].join('\n');
}

// An interrupted run leaves its journal, and no process.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
const result = await chaos({ root: process.cwd(), folder, seed, minutes, times, real: values.real, ...(only === undefined ? {} : { only }), say: (line) => console.log(line) });
console.log(`\n${table(result)}`);
if (result.complaints.length > 0) {
  for (const c of result.complaints.slice(0, 20)) console.log(`${c.rule}: ${c.text}`);
  console.log(`\nseed ${seed}; ${result.story}\n\nthe journal and the house's log are in ${folder}`);
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
process.exit(0);
