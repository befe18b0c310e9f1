/** Offline (离线): the sweep found a device silent beyond its class and part of no outage (B1, B4); its return ends the alert. */
import type { Rule } from '#core/decision.ts';
import { technicalClear, technicalRaise } from './technical.ts';

export const offline: Rule = {
  kinds: ['offline'],
  raise: (event, facts, now) => {
    const lastSeenAt = event.data['lastSeenAt'];
    return technicalRaise(event, facts, now, typeof lastSeenAt === 'number' ? { summary: { lastSeenAt } } : {});
  },
  clear: technicalClear('D1'),
};
