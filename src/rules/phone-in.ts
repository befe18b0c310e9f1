/**
 * A call for help by telephone, or entered at the wall (电话报警). When the caller is unknown, data.subject names the number;
 * when there is no home, data.regionCode says where, so that the people of that place are called.
 */
import type { Rule } from '#core/decision.ts';
import type { RegionCode } from '#core/ids.ts';
import { lifeRaise } from './raise.ts';

export const phoneIn: Rule = {
  kinds: ['phone-in'],
  raise(event, facts, now) {
    const region = event.data['regionCode'];
    return [lifeRaise(event, facts, now, event.regionCode === null && typeof region === 'string' && /^\d{12}$/.test(region) ? { regionCode: region as RegionCode } : {})];
  },
};
