/** Nobody to call (无人可叫, E10): a village, or several of a town, where nobody on file could come now; said before anything happens there. */
import type { RegionCode } from '#core/ids.ts';
import type { Rule } from '#core/decision.ts';
import { technicalClear, technicalRaise } from './technical.ts';

export const noResponder: Rule = {
  kinds: ['no-responder'],
  raise: (event, facts, now) => technicalRaise(event, facts, now, { ring: 'soft', summary: { villages: event.data['villages'] }, regionCode: (event.data['regionCode'] as RegionCode | undefined) ?? null }),
  clear: technicalClear('I1'),
};
