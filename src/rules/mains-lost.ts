/**
 * Mains lost (断电). A device's own word only starts the clock (presence.mains_lost_at): back within limits.mainsDelayMs is no
 * notice at all; what lasts longer and belongs to no outage is raised by the sweep, once for a home (B5).
 */
import type { Rule } from '#core/decision.ts';
import { technicalClear, technicalRaise } from './technical.ts';

export const mainsLost: Rule = {
  kinds: ['mains-lost'],
  raise: (event, facts, now) => {
    if (event.source !== 'supervision') return [{ type: 'ignore', reason: 'mains-delay' }];
    const since = event.data['since'];
    return technicalRaise(event, facts, now, typeof since === 'number' ? { summary: { since } } : {});
  },
  clear: (event, facts, now) => (event.source === 'supervision' ? technicalClear('D1')(event, facts, now) : [{ type: 'ignore', reason: 'mains-back' }]),
};
