/**
 * 值守确认 (FIELD F3): a console that is visible, audible and healthy proves no human. From midnight to six the desk is asked for one key
 * when nobody has touched it for half an hour; two questions missed, and the shift leader's phone rings. Pure: rows in, one step out.
 */
import { countyMinute } from './clock.ts';
import { limits } from './limits.ts';

export type DeskWatch = {
  now: number;
  /** The newest key or click at any console of the desk, or a login; null: nobody is logged in. */ inputAt: number | null;
  /** The question that waits. */ askedAt: number | null;
  /** Questions missed since the last answer. */ missed: number;
};
export type VigilanceStep = { do: 'nothing' } | { do: 'ask' } | { do: 'answered'; at: number } | { do: 'missed'; ring: boolean } | { do: 'void' };

/** Whether the county's night of questions lasts. */
export const isWatchNight = (now: number): boolean => countyMinute(now) >= limits.vigilanceFromMin && countyMinute(now) < limits.vigilanceToMin;

/** The next step; taken again until there is nothing to do. */
export function vigilanceStep(w: DeskWatch): VigilanceStep {
  const night = isWatchNight(w.now);
  if (w.askedAt !== null) {
    if (w.inputAt !== null && w.inputAt > w.askedAt) return { do: 'answered', at: w.inputAt };
    if (w.inputAt === null || !night) return { do: 'void' };
    return w.now >= w.askedAt + limits.vigilanceAnswerMs ? { do: 'missed', ring: rings(w.missed + 1) } : { do: 'nothing' };
  }
  if (!night || w.inputAt === null) return { do: 'nothing' };
  // After a miss the next question follows at once; an answer begins the half hour anew.
  return w.missed > 0 || w.now >= w.inputAt + limits.vigilanceIdleMs ? { do: 'ask' } : { do: 'nothing' };
}

/** At the second, and again after each further hour without a sign of anybody. */
function rings(missed: number): boolean {
  const again = Math.round(limits.vigilanceAgainMs / limits.vigilanceAnswerMs);
  return missed >= limits.vigilanceMissed && (missed - limits.vigilanceMissed) % again === 0;
}
