/** Wandered off (走失): worn on the person, so a mode does not hide it. */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const wander: Rule = { kinds: ['wander'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
