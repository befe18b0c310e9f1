/**
 * `npm run bench [-- part … --quick --profile]`: runs the parts, judges the baselines, writes bench/results/latest.json and the
 * table in bench/README.md; parts that are named replace their own figures. Ends with 1 when a part failed or a baseline is too weak to be compared with (BASELINE WEAK).
 * `--quick` is a smoke run of a minute that writes to the folder given by `--out` alone; `--from FOLDER` runs nothing and takes over what was measured with `--out FOLDER`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { alarm } from './alarm.ts';
import { idle, storm } from './crowds.ts';
import { doors } from './doors.ts';
import { escalation } from './escalation.ts';
import { flows } from './flows.ts';
import { heartbeats } from './heartbeats.ts';
import { type BenchHouse, openHouse, root } from './house.ts';
import { k6 } from './k6.ts';
import { lists } from './lists.ts';
import { overload } from './overload.ts';
import type { Part } from './parts.ts';
import { peers } from './peers.ts';
import { printProfile } from './profile.ts';
import { storage } from './storage.ts';
import { sweep } from './sweep.ts';
import { watchDatabase } from './waits.ts';
import { type Figure, machineFacts, merged, readResults, type Results, table, weakBaselines, writeResults } from './results.ts';

const parts: readonly Part[] = [doors, heartbeats, peers, alarm, overload, idle, storm, k6, escalation, lists, flows, storage, sweep];

const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false }, profile: { type: 'boolean', default: false }, out: { type: 'string' }, from: { type: 'string' } } });
const unknown = positionals.filter((name) => !parts.some((part) => part.name === name));
if (unknown.length > 0) {
  console.error(`no such part: ${unknown.join(', ')}; there are\n${parts.map((part) => `  ${part.name.padEnd(12)} ${part.about}`).join('\n')}`);
  process.exit(2);
}
const bench = join(root, 'bench');
const order = parts.map((part) => part.name);
if (flags.from !== undefined) {
  writeResults(bench, merged(readResults(bench), readResults(flags.from), order));
  process.exit(0);
}
const wanted = parts.filter((part) => positionals.length === 0 || positionals.includes(part.name));
const began = performance.now();
const figures: Figure[] = [];
const notes: Record<string, string[]> = {};
const verdicts: Record<string, string[]> = {};
const measured: Record<string, { date: string; commit: string }> = {};
const profile = join(root, '.cache', 'profile');
let opened: Promise<BenchHouse> | null = null;
const house = (): Promise<BenchHouse> => { opened ??= openHouse(flags.profile ? { profile } : {}); return opened; };

for (const part of wanted) {
  console.log(`\n=== ${part.name}: ${part.about} ===`);
  const waits = flags.profile ? watchDatabase((await house()).db) : null;
  try {
    figures.push(...await part.run({
      quick: flags.quick, house,
      note: (line) => { notes[part.name] = [...notes[part.name] ?? [], line]; }, say: (line) => console.log(`  ${line}`),
    }));
  } catch (error) {
    console.error(error);
    verdicts[part.name] = [`FAILED: ${part.name}: ${(error as Error).message}`];
  }
  await waits?.stop();
  waits?.print();
}
const last = await (opened as Promise<BenchHouse> | null)?.catch(() => null);
const turns = last?.longTurns();
await last?.stop();
const machine = machineFacts(root, last?.postgres ?? null);
for (const { name } of wanted) {
  verdicts[name] = [...verdicts[name] ?? [], ...weakBaselines(figures.filter((f) => f.part === name))];
  measured[name] = { date: machine.date, commit: machine.commit };
}
const results: Results = { machine, quick: flags.quick, seconds: (performance.now() - began) / 1_000, parts: measured, figures, notes, verdicts };
console.log(`\n${table(results)}\n`);
if (flags.profile) printProfile(profile, turns);
// A smoke run, or a run under a profiler, is no new figure for the page.
if (flags.out !== undefined) writeResults(flags.out, results);
else if (!flags.quick && !flags.profile) writeResults(bench, merged(readResults(bench), results, order));
process.exit(Object.values(verdicts).some((lines) => lines.length > 0) ? 1 : 0);
