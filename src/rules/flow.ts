/** A county's own rule, raised by a flow (自定规则, C11): shown and rung as P2 to P4 whatever it asks for; it never calls anybody by itself. */
import type { Priority } from '#core/event.ts';
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

/** Flows add, they never make an emergency: the API refuses P1, and what got past it would end here. */
const atMost = (asked: unknown): Priority => (asked === 3 || asked === 4 ? asked : 2);

export const flow: Rule = {
  kinds: ['flow'],
  raise: (event, facts, now) => [lifeRaise(event, facts, now, { priority: atMost(event.data['priority']), plan: 'none', summary: { flow: String(event.data['flow'] ?? '') } })],
};
