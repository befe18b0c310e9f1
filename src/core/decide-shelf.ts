/**
 * Shelving (暂挂, ISA-18.2): what need not be answered now leaves the queue for a reason and at most eight hours, stands on a list of its
 * own, and comes back by itself. Never an emergency (law 5): the table refuses it too; what becomes one comes back at once.
 */
import { type Alert, isShelved, shelvedFlag } from './alert.ts';
import { type Case, type Change, house, nothing, withFlags } from './change.ts';
import { resumePlan } from './decide-plan.ts';

/** Back to the queue; its search goes on where it stood. */
export function backFromShelf(alert: Alert, now: number): Pick<Change, 'patch' | 'timers' | 'feed'> {
  const open = alert.state === 'open';
  const resumed = open ? resumePlan(alert, now) : { patch: {}, timers: {} };
  return {
    patch: { ...resumed.patch, flags: withFlags(alert, [], [shelvedFlag]) }, timers: { shelf: null, ...resumed.timers },
    feed: { what: 'unshelved', ...(open && alert.priority <= 2 ? { ring: 'p2' as const } : {}) },
  };
}

/** The time is over. */
export function shelfDue(c: Case, now: number): Change {
  if (!isShelved(c.alert)) return nothing();
  return { ...nothing(), ...backFromShelf(c.alert, now), log: [{ actor: house('shelf'), action: 'unshelved', detail: { why: 'time' } }] };
}

/** Somebody has begun to work on it, or it became graver: it is on no shelf any more. */
export function leavesShelf(alert: Pick<Alert, 'flags'>, change: Change): Change {
  if (!isShelved(alert)) return change;
  return { ...change, patch: { ...change.patch, flags: ((change.patch.flags ?? alert.flags) as readonly string[]).filter((f) => f !== shelvedFlag) }, timers: { shelf: null, ...change.timers } };
}
