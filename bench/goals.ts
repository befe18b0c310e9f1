/**
 * What the figures are to reach, beside each of them in the table. A goal that is missed is explained in bench/README.md by a profile; it does not fail
 * the run, because one run on a busy machine proves nothing.
 */
import type { Figure } from './results.ts';

type Goal = { part: string; name: RegExp; /** Of our value, or of ours ÷ baseline. */ of: 'ours' | 'ratio'; is: '≥' | '≤'; value: number };
const goal = (part: string, name: RegExp, of: Goal['of'], is: Goal['is'], value: number): Goal => ({ part, name, of, is, value });

const goals: readonly Goal[] = [
  goal('heartbeats', /^heartbeats over 200 connections$/, 'ratio', '≥', 0.75),
  goal('heartbeats', /^heartbeats over (5,000|500) connections$/, 'ratio', '≥', 0.85),
  goal('doors', /event loop held/, 'ours', '≤', 5),
  goal('alarm', /^SOS publish to .*, p99$/, 'ratio', '≤', 0.8),
  goal('overload', /^SOS publish to PUBACK, p99$/, 'ours', '≤', 100),
  goal('overload', /acknowledged and lost/, 'ours', '≤', 0),
  goal('overload', /edge's longest turn/, 'ours', '≤', 5),
  goal('idle', /per connection$/, 'ratio', '≤', 1.3),
  goal('storm', /CPU of the edge$/, 'ratio', '≤', 1.3),
  goal('storm', /SOS publish to PUBACK, p99$/, 'ours', '≤', 1_000),
  goal('flows', /beside hostile flows/, 'ratio', '≤', 1.25), // unchanged, within what two runs differ by
  goal('escalation', /p99$/, 'ours', '≤', 2_000),
  goal('storage', /^one device’s last 24 hours.*p99$/, 'ours', '≤', 10),
  goal('storage', /^a township’s online rate.*p99$/, 'ours', '≤', 500),
  goal('sweep', /known, (none|1,000) due/, 'ours', '≤', 1_000),
];

/** The goal of a figure in words, and whether it is reached; null: none is set. */
export function goalOf(f: Pick<Figure, 'part' | 'name' | 'ours' | 'ratio'>): { text: string; reached: boolean | null } | null {
  const found = goals.find((g) => g.part === f.part && g.name.test(f.name));
  if (!found) return null;
  const value = found.of === 'ours' ? f.ours : f.ratio;
  const text = `${found.is} ${found.value.toLocaleString('en-US')}${found.of === 'ratio' ? ' ×' : ''}`;
  return { text, reached: value === null ? null : found.is === '≥' ? value >= found.value : value <= found.value };
}
