/**
 * What technical alarms have in common (设备告警, B5): shown on their device, no call and no message, a soft ring at the desk only
 * when the person is of high risk. They end by themselves: at once when the house saw the cause go, after a while when the
 * device says so (a device that toggles stays one alert, C8). One that comes and goes all the same is latched: after limits.flapEnds (or what the county has set)
 * ends within the hour the next is flapping (抖动) and waits for an hour's quiet. What an operator has taken stays his until he closes it.
 */
import type { Alert, Outcome } from '#core/alert.ts';
import { type Decide, type Decision, deviceSubject, type Facts, inTest, openAlert, type Raise, type Rule, ruleWhere } from '#core/decision.ts';
import { type EventKind, kindInfo, type StoredEvent } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { ruleValue } from '#core/rule-params.ts';

/** The raise of a technical alarm; an installer at work (安装调试) is waited for. */
export function technicalRaise(event: StoredEvent, facts: Facts, now: number, extra: Partial<Raise> = {}): Decision[] {
  if (inTest(facts, now)) return [{ type: 'wait', reason: 'test', recheckAt: Math.min(facts.device?.testUntil ?? now, now + limits.modeRecheckMs) }];
  const highRisk = facts.person?.highRisk ?? false;
  const flapping = (facts.selfEnded ?? 0) >= ruleValue(facts.rules, 'flapEnds', ruleWhere(facts, event));
  return [{
    type: 'raise', kind: event.kind, priority: kindInfo[event.kind].priority, subject: deviceSubject(event), plan: 'none', end: null,
    ring: highRisk ? 'soft' : 'none', ...extra, flags: [...event.flags.filter((f) => f === 'late' || f === 'pulled' || f === 'id-reused'), ...(highRisk ? ['high-risk'] : []), ...(flapping ? ['flapping'] : []), ...(extra.flags ?? [])],
  }];
}

/** The clear of a technical alarm with the outcome that its end has. */
export function technicalClear(outcome: Outcome): Decide {
  return (event, facts) => {
    const alert = openAlert(facts, event.kind, deviceSubject(event));
    if (!alert) return [{ type: 'ignore', reason: 'clear-without-alert' }];
    return [endOf(alert, event, facts, outcome)];
  };
}

function endOf(alert: Alert, event: StoredEvent, facts: Facts, outcome: Outcome): Decision {
  const reason = typeof event.data['reason'] === 'string' ? event.data['reason'] : 'cause-gone';
  const absorbed = typeof event.data['outageId'] === 'string';
  const detail = absorbed ? { outageId: event.data['outageId'] } : {};
  const flapping = alert.flags.includes('flapping') && !absorbed && reason !== 'device-revoked';
  if (alert.state !== 'open' && flapping && alert.flags.includes('cleared')) return { type: 'ignore', reason: 'flapping' }; // taken: noted once
  if (alert.state !== 'open') return { type: 'note', alertId: alert.id, what: reason, flags: ['cleared'], detail };
  if (flapping) return { type: 'note', alertId: alert.id, what: 'cleared', quiet: true, end: { afterMs: limits.flapMs, outcome, what: 'quiet-again' } };
  if (event.source === 'supervision') return { type: 'close', alertId: alert.id, outcome, what: reason, detail, ...(absorbed ? { flags: ['in-outage'] } : {}) };
  return { type: 'note', alertId: alert.id, what: 'cleared', end: { afterMs: ruleValue(facts.rules, 'clearHoldS', ruleWhere(facts, event)) * 1000, outcome, what: 'cause-gone' } };
}

/** A technical rule without more to decide. */
export const technical = (kind: EventKind, outcome: Outcome): Rule => ({ kinds: [kind], raise: (event, facts, now) => technicalRaise(event, facts, now), clear: technicalClear(outcome) });
