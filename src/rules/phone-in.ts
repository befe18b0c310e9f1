/** A call for help by telephone (电话报警); data.subject names the number when the caller is unknown. */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const phoneIn: Rule = { kinds: ['phone-in'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
