/** Where the CPU of each role went: the summary of `--profile` (V8's sampling profiler on every process of the house). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

type Node = { id: number; callFrame: { functionName: string; url: string }; children?: number[] };
type Profile = { startTime: number; nodes: Node[]; samples: number[]; timeDeltas: number[] };
const shownRows = 24;
const shownProcesses = 3;

/** A file of ours by its path below src, a package by its name; null for what belongs to whoever called it (V8, Node). */
function placeOf(url: string): string | null {
  if (url === '' || url.startsWith('node:')) return null;
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? /(?:src|device-simulators)\/(.+)$/.exec(url)?.[1] ?? url;
}

/** Milliseconds by place: a file's own time and that of the natives it calls. Idle and loading are left out. */
function costs(profile: Profile, spans: readonly (readonly [number, number])[] | null = null): { busyMs: number; places: [string, number][] } {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const place = new Map<number, string>();
  const walk = (node: Node, above: string): void => {
    const { url, functionName } = node.callFrame;
    const own = /^node:internal\/(modules|bootstrap)/.test(url) ? '(loading)' : placeOf(url) ?? (/^\((?!root)/.test(functionName) ? functionName : above);
    place.set(node.id, own);
    for (const child of node.children ?? []) { const next = byId.get(child); if (next) walk(next, own); }
  };
  const root = profile.nodes[0];
  if (root) walk(root, '(node)');
  const times = new Map<string, number>();
  let [at, span] = [profile.startTime, 0];
  for (const [i, id] of profile.samples.entries()) {
    at += profile.timeDeltas[i] ?? 0;
    while (spans && (spans[span]?.[1] ?? Infinity) < at) span++;
    if (spans && (spans[span]?.[0] ?? Infinity) > at) continue;
    times.set(place.get(id) ?? '?', (times.get(place.get(id) ?? '?') ?? 0) + (profile.timeDeltas[i] ?? 0) / 1_000);
  }
  for (const left of ['(idle)', '(loading)']) times.delete(left);
  const places = [...times].sort((a, b) => b[1] - a[1]);
  return { busyMs: places.reduce((sum, [, ms]) => sum + ms, 0), places };
}

/** The busiest processes of the run; the first is the edge when heartbeats were measured. */
export function printProfile(folder: string, turns: ReadonlyMap<string, [number, number][]> = new Map()): void {
  const read = (name: string): { name: string; busyMs: number; places: [string, number][] } => ({ name, ...costs(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile) });
  const long = (name: string): [number, number][] => turns.get(/\.(\d+)\.0\.\d+\.cpuprofile$/.exec(name)?.[1] ?? '') ?? [];
  const profiles = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile')).map(read).sort((a, b) => b.busyMs - a.busyMs);
  for (const { name, busyMs, places } of profiles.slice(0, shownProcesses)) {
    console.log(`\n${name}: busy ${(busyMs / 1_000).toFixed(1)} s`);
    for (const [where, ms] of places.slice(0, shownRows)) console.log(`  ${(ms / busyMs * 100).toFixed(1).padStart(5)} %  ${where}`);
    const spans = long(name);
    if (spans.length === 0) continue;
    const inside = costs(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile, spans);
    console.log(`  its ${spans.length} turns of more than 5 ms, ${(inside.busyMs / 1_000).toFixed(1)} s in all:`);
    for (const [where, ms] of inside.places.slice(0, 12)) console.log(`  ${(ms / inside.busyMs * 100).toFixed(1).padStart(5)} %  ${where}`);
  }
}
