/** Vital signs out of range (体征偏高, 体征偏低): P2; measured on the person, so a mode does not hide them. */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const vitals: Rule = { kinds: ['vital-high', 'vital-low'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
