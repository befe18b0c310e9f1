/**
 * When a battery will be empty: a straight line through what the device has said since its last new battery. Pure. It says honestly when there
 * is too little to say anything from, and when nothing falls.
 */
import { dayMs } from './clock.ts';
import { limits } from './limits.ts';

/** `at` epoch ms, `percent` 0..100. */
export type BatteryReading = { at: number; percent: number };
/** `daysLeft` from now until limits.batteryEndPercent, at most limits.batteryDaysMax; `perDay` percent points a day, below zero. */
export type BatteryOutlook =
  | { kind: 'few'; readings: number; days: number; daysLeft: null; perDay: null }
  | { kind: 'steady'; readings: number; days: number; daysLeft: null; perDay: number }
  | { kind: 'falling'; readings: number; days: number; daysLeft: number; perDay: number };

/** What comes of these readings, in any order. */
export function batteryOutlook(given: readonly BatteryReading[], now: number): BatteryOutlook {
  const all = [...given].sort((a, b) => a.at - b.at);
  const renewed = all.findLastIndex((r, i) => i > 0 && r.percent - (all[i - 1]?.percent ?? 0) >= limits.batteryRenewedPercent);
  const readings = all.slice(Math.max(0, renewed));
  const [first, last] = [readings[0], readings.at(-1)];
  const days = first && last ? (last.at - first.at) / dayMs : 0;
  const base = { readings: readings.length, days: Math.round(days) };
  if (!first || !last || readings.length < limits.batteryReadingsMin || days < limits.batteryDaysMin) return { kind: 'few', ...base, daysLeft: null, perDay: null };
  const x = readings.map((r) => (r.at - last.at) / dayMs);
  const meanX = x.reduce((a, b) => a + b, 0) / x.length;
  const meanY = readings.reduce((a, r) => a + r.percent, 0) / x.length;
  const spread = x.reduce((a, v) => a + (v - meanX) ** 2, 0);
  const slope = x.reduce((a, v, i) => a + (v - meanX) * ((readings[i]?.percent ?? 0) - meanY), 0) / spread;
  // Whole percents that go up and down by one are no fall.
  if (-slope * days < limits.batteryFallMin) return { kind: 'steady', ...base, daysLeft: null, perDay: Math.min(0, slope) };
  const level = meanY + slope * ((now - last.at) / dayMs - meanX);
  return { kind: 'falling', ...base, daysLeft: Math.min(limits.batteryDaysMax, Math.max(0, (level - limits.batteryEndPercent) / -slope)), perDay: slope };
}
