/** Gas (燃气报警): everybody at once. */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const gas: Rule = { kinds: ['gas'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
