/** Whether the link lives, and when to try again: pure. A dead link gives no event, so only the age of the last word counts. */

/** `late` warns in amber, `dead` takes the screen's width and sounds (UI 3.1). */
export type LinkHealth = 'live' | 'late' | 'dead';
export const lateMs = 6_000;
export const deadMs = 15_000;
/** A socket that is silent, or leaves a hello unanswered, for this long is given up and replaced, although it looks open. */
export const giveUpMs = 9_000;

/** Health by the age (ms) of the last frame. */
export function linkHealth(ageMs: number): LinkHealth {
  return ageMs > deadMs ? 'dead' : ageMs > lateMs ? 'late' : 'live';
}

/** Pause (ms) before try number `attempt` (from 0): 0.5 s doubling to 10 s, half of it jitter, so that consoles do not come back in step. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(10_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
