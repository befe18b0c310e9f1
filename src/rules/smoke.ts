/** Smoke (烟感): everybody at once; the text never sends one man into a fire. */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const smoke: Rule = { kinds: ['smoke'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
