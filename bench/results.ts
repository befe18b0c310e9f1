/**
 * What the bench says: figures with their unit, beside a baseline where there is one; the judgement on the baselines; the file
 * `bench/results/latest.json` and the table in `bench/README.md` made of it. Nothing here measures.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { goalOf } from './goals.ts';

/** `rounds` are the measurements whose medians are the values. A ratio is ours to the baseline's; `better` says which side of 1 is good. */
export type Figure = {
  part: string; name: string; unit: string; better: 'more' | 'less'; ours: number; baseline: number | null; bare: number | null; ratio: number | null;
  rounds: { ours: number[]; baseline: number[]; bare: number[] };
};
export type Machine = { date: string; commit: string; cpu: string; cores: number; memoryGib: number; node: string; postgres: string | null; os: string };
/** `parts`: when each was measured, in the order in which the parts stand; verdicts are of the last run of theirs. */
export type Results = { machine: Machine; quick: boolean; seconds: number; parts?: Record<string, { date: string; commit: string }>; figures: Figure[]; notes: Record<string, string[]>; verdicts: Record<string, string[]> };

/** A baseline below this share of bare aedes flatters us. */
export const weakBelow = 0.45;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const mid = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[mid] ?? 0) : ((sorted[mid - 1] ?? 0) + (sorted[mid] ?? 0)) / 2;
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

type Rounds = { ours: number[]; baseline?: number[]; bare?: number[] };
export function figure(part: string, name: string, unit: string, better: Figure['better'], { ours, baseline = [], bare = [] }: Rounds): Figure {
  const of = (values: readonly number[]): number | null => (values.length === 0 ? null : round(median(values)));
  const [mine, other] = [round(median(ours)), of(baseline)];
  return { part, name, unit, better, ours: mine, baseline: other, bare: of(bare), ratio: other ? round(mine / other) : null, rounds: { ours: ours.map(round), baseline: baseline.map(round), bare: bare.map(round) } };
}

/** Three digits are more than such a measurement carries. */
const round = (n: number): number => (n === 0 || !Number.isFinite(n) ? n : Number(n.toPrecision(3)));

/**
 * What stands already, with the parts of a later run in place of their own figures and notes. Figures of two machines do not compare: then only the later run's are left, and a part
 * that has none any more is missing by name in the table.
 */
export function merged(there: Results, later: Results, order: readonly string[]): Results {
  const same = (['cpu', 'cores', 'memoryGib', 'os'] as const).every((k) => there.machine[k] === later.machine[k]);
  const ran = later.parts ?? {};
  const known = same ? there : { ...there, figures: [], notes: {}, parts: {}, verdicts: {} };
  const kept = (part: string): boolean => !(part in ran);
  const of = <T>(a: Record<string, T>, b: Record<string, T>): Record<string, T> => Object.fromEntries(order.flatMap((part) => { const v = kept(part) ? a[part] : b[part]; return v === undefined ? [] : [[part, v]]; }));
  const figures = order.flatMap((part) => (kept(part) ? known.figures : later.figures).filter((f) => f.part === part));
  return { ...later, figures, parts: of(known.parts ?? {}, ran), notes: of(known.notes, later.notes), verdicts: of(known.verdicts, later.verdicts) };
}

/** One line per baseline that is too weak to be compared with; empty: all are fair. */
export function weakBaselines(figures: readonly Figure[]): string[] {
  return figures.flatMap((f) => (f.baseline === null || f.bare === null || f.baseline / f.bare >= weakBelow ? []
    : [`BASELINE WEAK: ${f.name}: the baseline's ${f.baseline} ${f.unit} are ${(f.baseline / f.bare).toFixed(2)} of bare aedes' ${f.bare}; at least ${weakBelow} is fair`]));
}

export function machineFacts(root: string, postgres: string | null): Machine {
  const git = (...args: string[]): string => { try { return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(); } catch { return ''; } };
  return {
    date: new Date().toISOString(), commit: git('rev-parse', '--short', 'HEAD') || 'unknown', cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version, postgres, os: `${process.platform} ${process.arch}`,
  };
}

const judged = (f: Figure): string => {
  const goal = goalOf(f);
  return goal === null ? ' | ' : `${goal.text} | ${goal.reached === null ? '–' : goal.reached ? 'yes' : '**no**'}`;
};

const shown = (n: number | null): string => (n === null ? '–' : n >= 1_000 ? Math.round(n).toLocaleString('en-US') : String(n));

export function table({ machine, figures, notes, verdicts, seconds, parts = {} }: Results): string {
  const rows = figures.map((f) => `| ${f.part} | ${f.name} | ${f.unit} | ${shown(f.ours)} | ${shown(f.baseline)} | ${shown(f.bare)} | ${f.ratio === null ? '–' : f.ratio.toFixed(2)} | ${judged(f)} |`);
  return [
    `Last measured ${minute(machine.date)} in ${Math.round(seconds)} s: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, Node ${machine.node}, PostgreSQL ${machine.postgres ?? '–'}, ${machine.os}, everything on this one machine. `
      + `${Object.entries(parts).map(([part, { date, commit }]) => `${part} ${minute(date)} at ${commit}`).join(', ')}.`,
    '', '| part | figure | unit | ours | baseline | bare aedes | ours ÷ baseline | goal | reached |', '|---|---|---|---:|---:|---:|---:|---:|---|', ...rows, '',
    ...Object.entries(notes).flatMap(([part, lines]) => lines.map((line) => `- ${part}: ${line}`)), ...Object.values(verdicts).flat().map((line) => `- **${line}**`),
  ].join('\n');
}

const minute = (date: string): string => `${date.slice(0, 16).replace('T', ' ')} UTC`;

const marks = ['<!-- figures: written by `npm run bench` -->', '<!-- end of figures -->'] as const;

/** Puts the table between the marks of a page. */
export function withTable(page: string, text: string): string {
  const [begin, end] = marks.map((mark) => page.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin) throw new Error('bench/README.md has lost the marks of its table');
  return `${page.slice(0, begin + marks[0].length)}\n${text}\n${page.slice(end)}`;
}

export const readResults = (folder: string): Results => JSON.parse(readFileSync(join(folder, 'results', 'latest.json'), 'utf8')) as Results;
/** Writes the file and the page of a folder. */
export function writeResults(folder: string, results: Results): void {
  const file = join(folder, 'results', 'latest.json');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  const page = join(folder, 'README.md');
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), table(results)));
}
