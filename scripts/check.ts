/** `npm run check`: types, lint (import rules, sizes, cycles) and unused code, side by side, in seconds. */
import { run, tools, type Outcome } from './run.ts';

export const checks: readonly { name: string; command: readonly string[] }[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint', command: ['biome', 'lint', '--error-on-warnings', '.'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
];

/** Runs all three; the output of those that fail is printed. */
export async function runChecks(): Promise<Outcome[]> {
  const outcomes = await Promise.all(checks.map(({ name, command: [tool, ...args] }) => run(name, tools(tool as string), args, { quiet: true })));
  for (const { name, ok, ms, output } of outcomes) {
    if (!ok) console.log(`--- ${name} ---\n${output.trim()}`);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${(ms / 1000).toFixed(1)} s)`);
  }
  return outcomes;
}

if (import.meta.main) process.exit((await runChecks()).every(({ ok }) => ok) ? 0 : 1);
