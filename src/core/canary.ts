/**
 * 链路自检 (B8), pure: the house presses a button of its own every five minutes and sees the alarm come out at the other end. What
 * the rows of that say about the chain, and when it is time to say it aloud. Visible within ten minutes whichever process died.
 */
import { limits } from './limits.ts';

/** The stations of one press, in their order; times are milliseconds since the press. */
export const canaryLegs = ['acknowledged', 'evaluated', 'sent', 'seen'] as const;
export type CanaryLeg = (typeof canaryLegs)[number];
export type CanaryLegs = Partial<Record<CanaryLeg, number>>;

/** The row of the canary. `failures` counts presses begun since the last good one; the one under way counts until it ends. */
export type CanaryState = { now: number; nextAt: number; okAt: number | null; busyUntil: number | null; failures: number; failed: string | null; legs: CanaryLegs };

/**
 * What is wrong, in words; null: nothing. One failed press may be a restart, two in a row are not (they are a minute apart); no
 * press at all means that nobody is left to press.
 */
export function canaryTrouble(s: CanaryState): string | null {
  const ended = s.failures - (s.busyUntil !== null && s.now < s.busyUntil ? 1 : 0);
  if (ended >= 2) return `the self-check failed ${ended} times in a row: ${s.failed ?? 'it did not end'}`;
  if (s.now - s.nextAt > limits.canaryOverdueMs) return `no self-check since ${new Date(s.okAt ?? s.nextAt).toISOString()}: no worker presses the button`;
  return null;
}
