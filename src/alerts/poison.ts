/** What becomes of an event that no rule could take: an unreadable alarm on whoever it belongs to, P1 when its kind is (law 5). */
import { type Decide, lifeSubject } from '#core/decision.ts';

export const unreadable: Decide = (event) => [{
  type: 'raise', kind: 'unreadable-alarm', priority: event.urgency === 1 ? 1 : 2, subject: lifeSubject(event), flags: ['rule-failed', `kind-${event.kind}`],
}];
