/** Never reported (从未上线): registered, due by its class, and never heard (B6): one notice per device, one per village when there are many. */
import type { RegionCode } from '#core/ids.ts';
import type { Rule } from '#core/decision.ts';
import { technicalClear, technicalRaise } from './technical.ts';

export const neverReported: Rule = {
  kinds: ['never-reported'],
  raise: (event, facts, now) => {
    const { count, regionCode } = event.data;
    return technicalRaise(event, facts, now, typeof count === 'number' ? { summary: { devices: count }, regionCode: (regionCode as RegionCode | undefined) ?? null } : {});
  },
  clear: technicalClear('I1'),
};
