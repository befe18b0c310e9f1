/** Faults planted in copies of the engine, each with the rules that must go red: a judge that stays green on them judges nothing. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Fault, plant } from '#test/torture/planted.ts';

export type Mutant = { name: string; faults: readonly Fault[]; rules: readonly string[] };

export const mutants: readonly Mutant[] = [
  {
    name: 'a claim cancels the timer', rules: ['LAW6'],
    faults: [{ file: 'src/core/transition.ts', find: /\.\.\.\(alert\.plan \? \{ claim: claimFor\(tab, now\) \} : \{\}\) \};/, put: 'claim: null };' },
      { file: 'src/core/act.ts', find: /const renewed = [^;]+;/, put: 'const renewed = {};' }],
  },
  { name: 'a lease that never expires', rules: ['I5', 'LIVE'], faults: [{ file: 'src/notify/sender.ts', find: /leaseMs: limits\.sendLeaseMs, gateway/, put: 'leaseMs: 1e11, gateway' }] },
  {
    name: 'outbox marked sent before the answer', rules: ['I5'],
    faults: [{ file: 'src/notify/sender.ts', find: /const first = await channel\.send\(message\);/, put: "await save(work, send, { state: 'accepted', providerId: 'early', checkMs: limits.receiptMs });\n  const first = await channel.send(message);" }],
  },
  { name: 'a feed that skips a number', rules: ['FEED'], faults: [{ file: 'src/store/feed.ts', find: /rows\.length\], 'feed-append'/, put: "rows.length + (rows.length > 1 ? 1 : 0)], 'feed-append'" }] },
  { name: 'a held sender that forgets its lease', rules: ['F10'], faults: [{ file: 'src/notify/sender.ts', find: /if \(work\.monotonic\(\) - claimedAt > limits\.sendLeaseMs - limits\.sendMs\)/, put: 'if (claimedAt < 0)' }] },
  { name: 'acknowledged before the commit', rules: ['I1'], faults: [{ file: 'src/intake/urgent.ts', find: /await insertEvents\(options\.db, events\.map\(aged\)\);/, put: 'insertEvents(options.db, events.map(aged)).catch(() => {});' }] },
  { name: 'a commit that withdraws nothing', rules: ['I4'], faults: [{ file: 'src/core/act-party.ts', find: /withdraw: rungOn \? 'people' : 'search',/, put: "withdraw: 'nothing'," }] },
  { name: 'a round that forgets where it was', rules: ['I3'], faults: [{ file: 'src/core/decide-plan.ts', find: /patch: \{ planState: 'running', planBaseAt: baseAt \}, timers: \{ plan: \{ dueAt: now \}/, put: "patch: { planState: 'running', planBaseAt: now, planStep: 0 }, timers: { plan: { dueAt: now }" }] },
  {
    name: 'a timer in memory', rules: ['LAW6'],
    faults: [{ file: 'src/store/timers.ts', find: /(export async function setTimers\(sql: Sql, )timers(: [^\n]*\n)/, put: '$1all$2  const timers = all.filter((t) => t.set.dueAt <= Date.now());\n  for (const t of all) if (!timers.includes(t)) setTimeout(() => { setTimers(sql, [t]).catch(() => {}); }, t.set.dueAt - Date.now());\n' }],
  },
  { name: 'a replay that reorders', rules: ['I7'], faults: [{ file: 'src/intake/spool.ts', find: /await lane\.replay\(readable\);/, put: 'await lane.replay(readable.toReversed());' }] },
  { name: 'acknowledged before it is on the disk', rules: ['I1'], faults: [{ file: 'src/intake/spool.ts', find: /await (spool\.append\(items\.map\(.*\)\));/, put: '$1.catch(() => {});' }] },
  { name: 'a spool emptied before the commit', rules: ['I1', 'I7'], faults: [{ file: 'src/intake/spool.ts', find: /await lane\.replay\(/, put: 'await spool.remove(lane.name, rows.at(-1)?.id ?? 0);\n      await lane.replay(' }] },
  { name: 'a clock set back that nobody takes up', rules: ['F11'], faults: [{ file: 'src/alerts/clock-watch.ts', find: /if \(backMs > limits\.clockStepMs\) \{/, put: 'if (backMs > 1e12) {' }] },
  { name: 'a clock watch that begins anew whenever another node has moved the clock', rules: ['F11'], faults: [{ file: 'src/alerts/clock-watch.ts', find: /const backMs = last === null \?/, put: 'const backMs = last === null || clock.owedMs !== last.owedMs ?' }, { file: 'src/alerts/clock-watch.ts', find: / \+ Math\.min\(0, othersMs\)/, put: '' }] },
  // The sender's own windows hold nearly all that the plan does not count: alone, each is caught by few seeds.
  { name: 'calls that nobody counts', rules: ['F6'], faults: [{ file: 'src/core/roster.ts', find: /return within\(5 \* 60_000\) >= [^;]+;/, put: 'return within(1) > 1e9;' },
    { file: 'src/core/budget.ts', find: /return all\.filter\(\(w\) => w\.most > 0\);/, put: 'return all.filter((w) => w.most > 1e9);' }] },
  { name: 'a reader of the feed that goes past a number', rules: ['I8'], faults: [{ file: 'src/web/feed.ts', find: /await after\(hub\.head\)/, put: 'await after(hub.head + (hub.head % 50 === 7 ? 1 : 0))' }] },
];

export type Verdict = { /** the rule that it broke, by which seed */ caught: string | null; seed: number | null; output: string };

/** Runs seeds on the copy until one breaks; answers by which rule. */
export async function hunt(root: string, mutant: Mutant, seeds: number, days: number, on: '--memory' | '--postgres' = '--memory'): Promise<Verdict> {
  const copy = plant(root, 'sim', mutant.faults);
  try {
    const output = await new Promise<string>((resolve) => {
      execFile(join(root, 'node_modules/.bin/node'), ['test/sim/main.ts', '--seed', '1', '--seeds', String(seeds), '--days', String(days), on], { cwd: copy, maxBuffer: 1e8 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    const [, seed, rule] = /^seed (\d+) breaks (\w+)/m.exec(output) ?? [];
    return { caught: rule ?? null, seed: seed === undefined ? null : Number(seed), output };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
