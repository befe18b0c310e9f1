/**
 * The raw-warning model (DOMAIN C, FIELD 5): how often a device cries, by model and hour of the county's day, and how few of
 * the cries are real. 650 raw warnings a day held 38 real cases in three months somewhere, 71 of 884 elsewhere: the false share
 * is a parameter. `speed` multiplies the rate, never what follows a cry.
 */
import type { Random } from '#core/demo-random.ts';
import type { DeviceKind, Edge } from '#core/event.ts';
import type { Model } from './models.ts';

/** Default and bounds of the false share. */
export const falseShares = { usual: 0.94, low: 0.9, high: 0.999 } as const;

const monthMs = 30 * 86_400_000;
const hourMs = 3_600_000;
const zoneMs = 8 * hourMs;
/** The day's weight by hour, mean 1: getting up, the evening wash, the way to the toilet at night; 4 at the peak. */
const weights = [0.5, 0.4, 0.4, 0.5, 0.6, 1.0, 1.6, 1.4, 0.8, 0.6, 0.6, 0.7, 0.7, 0.5, 0.5, 0.5, 0.6, 0.9, 1.7, 4.0, 3.0, 1.3, 0.7, 0.5] as const;
const peak = Math.max(...weights);

/** How much more than the mean is cried at this moment. */
export const weightAt = (now: number): number => weights[Math.floor((now + zoneMs) / hourMs) % 24] ?? 1;

/** When this device cries next after `now`; null: it never does. Thinned from the peak's rate, so that the hours keep their share. */
export function nextCry(model: Model, now: number, speed: number, random: Random): number | null {
  const perMs = (model.warningsPerMonth * peak * speed) / monthMs;
  if (model.cries === null || perMs <= 0) return null;
  for (let at = now; ;) {
    at += -Math.log(1 - random.share()) / perMs;
    if (random.share() * peak <= weightAt(at)) return at;
  }
}

export type Step = { afterMs: number; kind: DeviceKind; edge: Edge; confidence?: number; /** Points to the cry itself. */ refers?: boolean; data?: Record<string, unknown> };
export type Cry = { real: boolean; cause: string; steps: Step[] };

const causes: Readonly<Partial<Record<DeviceKind, readonly string[]>>> = {
  fall: ['sitting', 'bending', 'pet', 'two-persons', 'curtain', 'bed'], sos: ['pressed-by-mistake', 'grandchild'], smoke: ['cooking', 'incense', 'steam'], gas: ['cooking'], 'bed-exit': ['night-walk'],
};

/** One cry and what the device says afterwards: a false fall stands up again, a false watch is cancelled by its wearer. */
export function cryOf(model: Model, falseShare: number, random: Random): Cry {
  const kind = model.cries ?? 'fall';
  const real = !random.chance(falseShare);
  const confidence = Math.round((real ? 0.85 + random.share() * 0.14 : 0.5 + random.share() * 0.35) * 100) / 100;
  const first: Step = { afterMs: 0, kind, edge: 'raise', ...(kind === 'fall' ? { confidence } : {}) };
  if (real) return { real, cause: 'real', steps: [first] };
  const cause = random.pick(causes[kind] ?? ['unknown']);
  const cancelled = model.id === 'watch' && random.chance(0.6);
  const calm: Step[] = cancelled ? [{ afterMs: 5_000 + random.below(20_000), kind: 'cancel', edge: 'report', refers: true }]
    : kind === 'fall' || kind === 'smoke' || kind === 'bed-exit' ? [{ afterMs: 20_000 + random.below(100_000), kind, edge: 'clear' }] : [];
  return { real, cause, steps: [first, ...calm] };
}
