/**
 * 链路自检: the house's own press. It is asked what a pressed button means like any other, and then opens nothing: it becomes a
 * dry message and a frame on the live channel. Only the doors mark it, by its credential; what a registered device or anybody's
 * home sends is never taken for it (law 5).
 */
import type { Decision, Facts, Rule } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';
import { sos } from './sos.ts';
import { technicalClear, technicalRaise } from './technical.ts';

export const isCanary = (event: StoredEvent, facts: Facts): boolean => event.flags.includes('canary') && facts.device === null && event.homeId === null && event.personId === null;

export function canary(event: StoredEvent, facts: Facts, now: number): Decision[] {
  const alarms = sos.raise(event, facts, now).some((d) => d.type === 'raise' && d.priority === 1 && d.subject.id === event.deviceId);
  return event.kind === 'sos' && event.edge === 'raise' && alarms ? [{ type: 'canary', run: event.sourceEventId ?? '' }] : [{ type: 'ignore', reason: 'canary-no-alarm' }];
}

/** 链路自检失败, 核查发现: what those who watch the house itself say to the desk. */
export const selfCheck: Rule = {
  kinds: ['self-check', 'audit'],
  raise: (event, facts, now) => technicalRaise(event, facts, now, { ring: 'p2', summary: { reason: event.data['reason'] } }),
  clear: technicalClear('D2'),
};
