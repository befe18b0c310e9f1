/**
 * A frame on an alarm topic that nobody could read (报文不明), or an event that no rule could take: P1 when its bytes hold
 * sos, fall, smoke or gas (the door judged that: urgency), else P2. Never dropped, because it may be an alarm.
 */
import type { Rule } from '#core/decision.ts';
import { lifeRaise } from './raise.ts';

export const unreadableAlarm: Rule = {
  kinds: ['unreadable-alarm'],
  raise: (event, facts, now) => [lifeRaise(event, facts, now, { kind: 'unreadable-alarm', priority: event.urgency === 1 ? 1 : 2 })],
};
