/** What the other edges of an event mean when a rule does not say it itself. */
import { type Decide, type Decision, deviceSubject, type Facts, lifeSubject, modeNow, openAlert } from '#core/decision.ts';
import type { Alert } from '#core/alert.ts';
import { kindInfo, type StoredEvent } from '#core/event.ts';
import { limits } from '#core/limits.ts';

/** The device says it is over: shown on the open alert, never its end (law 6). */
export const cleared: Decide = (event, facts) => {
  const alert = alertOf(event, facts);
  return alert ? [{ type: 'note', alertId: alert.id, what: 'cleared-at-device', flags: ['cleared-at-device'] }] : [{ type: 'ignore', reason: 'clear-without-alert' }];
};

/** A report of state. Of a P1 kind that is not open yet it counts as a raise: an alarm must not hide in a report (law 5). */
export function reported(raise: Decide): Decide {
  return (event, facts, now) => {
    const alert = alertOf(event, facts);
    if (alert) return [{ type: 'note', alertId: alert.id, what: 'reported' }];
    if (kindInfo[event.kind].priority > 1) return [{ type: 'ignore', reason: 'report' }];
    return raise(event, facts, now).map((d) => (d.type === 'raise' ? { ...d, flags: [...(d.flags ?? []), 'by-report'] } : d));
  };
}

/** While the person or home is away, in hospital or evacuated: looked at again when that ends, each hour at least. */
export function waitsForMode(facts: Facts, now: number): Decision[] | null {
  const mode = modeNow(facts, now);
  return mode && [{ type: 'wait', reason: mode.mode, recheckAt: Math.min(mode.until, now + limits.modeRecheckMs) }];
}

const alertOf = (event: StoredEvent, facts: Facts): Alert | null =>
  openAlert(facts, event.kind, lifeSubject(event)) ?? openAlert(facts, event.kind, deviceSubject(event));
