/** Out of bed and not back (离床未归); waits while the person is away, in hospital or evacuated (C9). */
import type { Rule } from '#core/decision.ts';
import { waitsForMode } from './edges.ts';
import { lifeRaise } from './raise.ts';

export const bedExit: Rule = { kinds: ['bed-exit'], raise: (event, facts, now) => waitsForMode(facts, now) ?? [lifeRaise(event, facts, now)] };
