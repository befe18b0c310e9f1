/**
 * How long the turns of the edge's loop are (law 8: 5 ms), told from inside: preloaded into the house's processes by `NODE_OPTIONS`; those of worker and web only explain themselves under `--profile`.
 * A tick each millisecond looks how much of the thread's own CPU time went by since the tick before: what another process took from the machine is no
 * turn of ours. A span holds one long turn and at most a millisecond of its neighbours.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One second of one edge: its longest span and how many were above the bound, in CPU milliseconds; `wallMs` the longest by the clock. */
type Line = { at: number; cpuMs: number; wallMs: number; over: number; spans: number; /** Begin and end of those above the bound (µs of the monotonic clock, as V8's profiler counts). */ long: [number, number][] };
export type Turns = { longestMs: number; over: number; spans: number; wallMs: number };
const boundMs = 5;
const folder = process.env['BENCH_TURNS'];
const wall = (): number => performance.timeOrigin + performance.now();

/** Spans above the bound by process id. */
export function longTurns(from: string): Map<string, [number, number][]> {
  return new Map((existsSync(from) ? readdirSync(from) : []).map((name) => [/\d+/.exec(name)?.[0] ?? '', linesOf(join(from, name)).flatMap((line) => line.long)]));
}

const linesOf = (file: string): Line[] => readFileSync(file, 'utf8').trimEnd().split('\n').map((text) => JSON.parse(text) as Line);

/** What the edges have told of the time since `sinceMs` (wall clock). */
export function turnsSince(from: string, sinceMs: number): Turns {
  const lines = existsSync(from) ? readdirSync(from).filter((name) => name.startsWith('edge-')).flatMap((name) => linesOf(join(from, name))) : [];
  const of = lines.filter((line) => line.at > sinceMs + 1_000); // a line tells of the second before it
  const sum = (pick: (line: Line) => number): number => of.reduce((total, line) => total + pick(line), 0);
  return { longestMs: Math.max(0, ...of.map((l) => l.cpuMs)), wallMs: Math.max(0, ...of.map((l) => l.wallMs)), over: sum((l) => l.over), spans: sum((l) => l.spans) };
}

function watchTurns(file: string): void {
  const cpuMs = (): number => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1_000; };
  let [lastMs, lastCpu, toldMs] = [performance.now(), cpuMs(), performance.now()];
  const fresh = (): Omit<Line, 'at'> => ({ cpuMs: 0, wallMs: 0, over: 0, spans: 0, long: [] });
  let second = fresh();
  setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()];
    const [took, used] = [now - lastMs, cpu - lastCpu];
    [lastMs, lastCpu] = [now, cpu];
    second.spans++;
    second.cpuMs = Math.max(second.cpuMs, used);
    second.wallMs = Math.max(second.wallMs, took);
    if (used > boundMs) {
      second.over++;
      const end = Number(process.hrtime.bigint() / 1_000n);
      second.long.push([Math.round(end - took * 1_000), end]);
    }
    if (now - toldMs < 1_000) return;
    toldMs = now;
    appendFileSync(file, `${JSON.stringify({ at: wall(), ...second })}\n`);
    second = fresh();
  }, 1).unref();
}

const role = ['edge', 'worker', 'web'].find((name) => process.argv.includes(name));
if (folder && role && process.argv.includes('child')) watchTurns(join(folder, `${role}-${process.pid}.jsonl`));
