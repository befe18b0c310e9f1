/** A pressed button (一键呼): at once, to everybody, whatever the mode; no window of its own (C3). */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const sos: Rule = { kinds: ['sos'], raise: (event, facts, now) => [lifeRaise(event, facts, now)] };
