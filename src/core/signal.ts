/** How a device's signal has been: its days, weak or falling, said only where there are readings enough. Pure. */
import { dayMs } from './clock.ts';
import { limits } from './limits.ts';

/** One day of a device, dBm (below zero). `at` epoch ms, within that day. */
export type SignalDay = { at: number; mean: number; worst: number };
/** Means in dBm: `now` of the last seven days, `before` of the days before them. */
export type SignalTrend =
  | { kind: 'few'; days: number; now: number | null; before: null }
  | { kind: 'weak' | 'steady'; days: number; now: number; before: number | null }
  | { kind: 'falling'; days: number; now: number; before: number };

const mean = (days: readonly SignalDay[]): number => days.reduce((sum, d) => sum + d.mean, 0) / days.length;

/** What comes of these days, in any order. Weak goes before falling: it is what must be mended. */
export function signalTrend(days: readonly SignalDay[], now: number): SignalTrend {
  const [late, early] = [days.filter((d) => d.at > now - 7 * dayMs), days.filter((d) => d.at <= now - 7 * dayMs)];
  if (late.length < limits.signalDaysMin) return { kind: 'few', days: days.length, now: late.length === 0 ? null : mean(late), before: null };
  const [is, was] = [mean(late), early.length < limits.signalDaysMin ? null : mean(early)];
  if (is < limits.signalWeakDbm) return { kind: 'weak', days: days.length, now: is, before: was };
  if (was !== null && was - is >= limits.signalFallDb) return { kind: 'falling', days: days.length, now: is, before: was };
  return { kind: 'steady', days: days.length, now: is, before: was };
}
