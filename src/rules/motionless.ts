/** Long without movement (长时间无活动). Nobody moves in a home that is away: it waits until the mode ends (C7, C9). */
import type { Rule } from '#core/decision.ts';
import { waitsForMode } from './edges.ts';
import { lifeRaise } from './raise.ts';

export const motionless: Rule = { kinds: ['motionless'], raise: (event, facts, now) => waitsForMode(facts, now) ?? [lifeRaise(event, facts, now)] };
