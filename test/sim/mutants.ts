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
      { file: 'src/core/transition.ts', find: /const renewed = [^;]+;/, put: 'const renewed = {};' }],
  },
  { name: 'a lease that never expires', rules: ['I5', 'LIVE'], faults: [{ file: 'src/notify/sender.ts', find: /leaseMs: limits\.sendLeaseMs, gateway/, put: 'leaseMs: 1e11, gateway' }] },
  {
    name: 'outbox marked sent before the answer', rules: ['I5'],
    faults: [{ file: 'src/notify/sender.ts', find: /const first = await channel\.send\(message\);/, put: "await save(work, send, { state: 'accepted', providerId: 'early', checkMs: limits.receiptMs });\n  const first = await channel.send(message);" }],
  },
  { name: 'a feed that skips a number', rules: ['FEED'], faults: [{ file: 'src/store/feed.ts', find: /rows\.length\], 'feed-append'/, put: "rows.length + (rows.length > 1 ? 1 : 0)], 'feed-append'" }] },
  { name: 'a held sender that forgets its lease', rules: ['F10'], faults: [{ file: 'src/notify/sender.ts', find: /if \(work\.monotonic\(\) - claimedAt > limits\.sendLeaseMs - limits\.sendMs\)/, put: 'if (claimedAt < 0)' }] },
  { name: 'acknowledged before the commit', rules: ['I1'], faults: [{ file: 'src/intake/urgent.ts', find: /await insertEvents\(options\.db, events\.map\(aged\)\);/, put: 'insertEvents(options.db, events.map(aged)).catch(() => {});' }] },
  { name: 'a commit that withdraws nothing', rules: ['I4'], faults: [{ file: 'src/core/transition.ts', find: /withdraw: rungOn \? 'people' : 'search',/, put: "withdraw: 'nothing'," }] },
  { name: 'a round that forgets where it was', rules: ['I3'], faults: [{ file: 'src/core/decide-plan.ts', find: /patch: \{ planState: 'running', planBaseAt: baseAt \}, timers: \{ plan: \{ dueAt: now \}/, put: "patch: { planState: 'running', planBaseAt: now, planStep: 0 }, timers: { plan: { dueAt: now }" }] },
];

export type Verdict = { caught: string | null; output: string };

/** Runs seeds on the copy until one breaks; answers by which rule. */
export async function hunt(root: string, mutant: Mutant, seeds: number, days: number): Promise<Verdict> {
  const copy = plant(root, 'sim', mutant.faults);
  try {
    const output = await new Promise<string>((resolve) => {
      execFile(join(root, 'node_modules/.bin/node'), ['test/sim/main.ts', '--seed', '1', '--seeds', String(seeds), '--days', String(days)], { cwd: copy, maxBuffer: 1e8 }, (_, stdout, stderr) => resolve(stdout + stderr));
    });
    return { caught: /^seed \d+ breaks (\w+)/m.exec(output)?.[1] ?? null, output };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
