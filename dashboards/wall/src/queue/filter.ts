/** A saved filter of the queue, pure: what it leaves in sight. An emergency is never asked, nor what belongs to no town. */
import type { EventKind } from '#core/event.ts';
import type { AlertView } from '#core/live.ts';

/** Empty lists mean everything. */
export type Filter = { name: string; towns: readonly string[]; kinds: readonly EventKind[]; priorities: readonly number[]; mine: boolean };

/** Whether this alert stays in sight under the filter, for the person `me`. */
export function passes(filter: Filter, alert: Pick<AlertView, 'priority' | 'kind' | 'regionCode' | 'claimedBy' | 'state'>, me: string | null): boolean {
  if (alert.priority === 1) return true;
  const county = alert.regionCode === null || alert.regionCode.endsWith('000000');
  return (filter.towns.length === 0 || county || filter.towns.some((town) => alert.regionCode?.startsWith(town.slice(0, 9))))
    && (filter.kinds.length === 0 || filter.kinds.includes(alert.kind)) && (filter.priorities.length === 0 || filter.priorities.includes(alert.priority))
    && (!filter.mine || (me !== null && alert.claimedBy === me && alert.state !== 'open'));
}
