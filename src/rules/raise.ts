/** What every rule about life puts into its raise: subject, flags that the desk sees, test mode (law 5: marked and shown, never hidden). */
import { installingFlag } from '#core/alert.ts';
import { type Facts, inTest, lifeSubject, modeNow, type Raise, regionOf } from '#core/decision.ts';
import { kindInfo, type StoredEvent } from '#core/event.ts';
import { limits } from '#core/limits.ts';

const shown: ReadonlySet<string> = new Set(['late', 'pulled', 'id-reused', 'time-absurd', 'qos0', 'after-reboot', 'drill', 'canary']);
/** What a device feels by itself and may take for something else in its first weeks; what a person presses is never in doubt (C12). */
const felt: ReadonlySet<string> = new Set(['fall', 'motionless', 'bed-exit', 'wander', 'vital-high', 'vital-low']);
/** A radar that has just started cries fall (FIELD F11): a badge, nothing else. */
const afterRebootS = 120;

/** The raise of a person's alarm, of the priority its kind has; `extra` overrides. */
export function lifeRaise(event: StoredEvent, facts: Facts, now: number, extra: Partial<Raise> = {}): Raise {
  const flags = event.flags.filter((flag) => shown.has(flag));
  const test = inTest(facts, now);
  const installing = test && facts.device?.installing === true;
  if (test) flags.push('test');
  if (installing) flags.push(installingFlag);
  if (felt.has(event.kind) && (facts.device?.learningUntil ?? 0) > event.receivedAt) flags.push('learning');
  if (facts.device?.inStock) flags.push('in-stock');
  if (facts.person?.highRisk) flags.push('high-risk');
  if (facts.outage) flags.push('in-outage');
  const uptime = event.data['uptimeS'];
  if (typeof uptime === 'number' && uptime < afterRebootS) flags.push('after-reboot');
  const mode = modeNow(facts, now);
  if (mode) flags.push(mode.mode);
  return {
    type: 'raise', kind: event.kind, priority: kindInfo[event.kind].priority, subject: lifeSubject(event), regionCode: regionOf(event),
    ...(test ? { planDelayMs: installing ? limits.installHoldMs : limits.testHoldMs } : {}), ...(installing ? { ring: 'none' as const } : {}), ...(facts.outage ? { summary: { outage: facts.outage } } : {}), ...extra, flags: [...new Set([...flags, ...(extra.flags ?? [])])],
  };
}
