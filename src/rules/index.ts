/**
 * One line per rule; `decide` is the only way in. Common to all: the same event again is counted, never reopened (A4, I2);
 * technical alarms wait while a person is away, a P1 never does (law 5, C9). Everything here is pure (law 4).
 */
import { type Decision, deviceSubject, type EarlierEvent, type Facts, type Rule } from '#core/decision.ts';
import { type EventKind, eventKinds, kindInfo, type StoredEvent } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { bedExit } from './bed-exit.ts';
import { blindWindow } from './blind-window.ts';
import { canary, isCanary, selfCheck } from './canary.ts';
import { cancel } from './cancel.ts';
import { cleared, reported, waitsForMode } from './edges.ts';
import { fall } from './fall.ts';
import { fault } from './fault.ts';
import { flow } from './flow.ts';
import { confirm } from './fusion.ts';
import { gas } from './gas.ts';
import { lowBattery } from './low-battery.ts';
import { mainsLost } from './mains-lost.ts';
import { motionless } from './motionless.ts';
import { neverReported } from './never-reported.ts';
import { noResponder } from './no-responder.ts';
import { offline } from './offline.ts';
import { outage } from './outage.ts';
import { phoneIn } from './phone-in.ts';
import { removed } from './removed.ts';
import { smoke } from './smoke.ts';
import { sos } from './sos.ts';
import { tamper } from './tamper.ts';
import { test } from './test.ts';
import { unknownDevice } from './unknown-device.ts';
import { unreadableAlarm } from './unreadable-alarm.ts';
import { vitals } from './vitals.ts';
import { wander } from './wander.ts';

/** Rules about life, by kind, then the technical ones. */
const list: readonly Rule[] = [
  sos, phoneIn, smoke, gas, fall, cancel, motionless, bedExit, wander, vitals, unreadableAlarm, unknownDevice, test,
  lowBattery, mainsLost, tamper, removed, fault, offline, neverReported, outage, blindWindow, selfCheck, noResponder, flow,
];

// A kind without a rule of its own must not be lost: it is shown, on its device.
const bare: Rule = { kinds: [], raise: (event) => [{ type: 'raise', kind: event.kind, priority: kindInfo[event.kind].priority, subject: deviceSubject(event) }] };
const ruleOf = new Map<EventKind, Rule>(eventKinds.map((kind) => [kind, list.find((r) => r.kinds.includes(kind)) ?? bare]));

/** What one event means. Never throws for a device's fault; a bug in a rule throws and is isolated by alerts/evaluate.ts. */
export function decide(event: StoredEvent, facts: Facts, now: number): Decision[] {
  if (isCanary(event, facts)) return canary(event, facts, now);
  const same = facts.earlier && sameAgain(event, facts.earlier);
  if (same === 'duplicate') {
    const alertId = facts.earlier?.alertId ?? null;
    return alertId ? [{ type: 'duplicate', alertId, ...(event.deviceTime === facts.earlier?.deviceTime ? {} : { conflict: true }) }] : [{ type: 'ignore', reason: 'duplicate' }];
  }
  const technical = kindInfo[event.kind].priority > 2 && event.kind !== 'cancel' && event.kind !== 'test';
  const raising = event.edge === 'raise' || event.edge === 'repeat';
  if (technical && raising && facts.clearedLater) return [{ type: 'ignore', reason: 'cleared-meanwhile' }];
  if (technical && raising) {
    const waits = waitsForMode(facts, now);
    if (waits) return waits;
  }
  const rule = ruleOf.get(event.kind) ?? bare;
  const decisions = confirm(event, facts, edgeOf(rule, event)(event, facts, now));
  return same === 'reused' ? decisions.map((d) => (d.type === 'raise' ? { ...d, flags: [...(d.flags ?? []), 'id-reused'] } : d)) : decisions;
}

function edgeOf(rule: Rule, event: StoredEvent): Rule['raise'] {
  switch (event.edge) {
    case 'raise': return rule.raise;
    case 'repeat': return rule.repeat ?? rule.raise;
    case 'clear': return rule.clear ?? cleared;
    case 'report': return rule.report ?? reported(rule.raise);
  }
}

/**
 * DEVICES 0: an id is a duplicate only with the same kind and a device time within 24 h (where the device
 * gave none, only a copy that follows soon: who has no clock counts from one again after each start). Edges pair by id (a clear has its raise's id), so another edge is neither; a detector that repeats under one
 * id is only a duplicate when even the time is the same: else a closed alarm that goes on would be silent.
 */
function sameAgain(event: StoredEvent, earlier: EarlierEvent): 'duplicate' | 'reused' | null {
  const timed = event.deviceTime !== null && earlier.deviceTime !== null;
  const apartMs = Math.abs(timed ? (event.deviceTime as number) - (earlier.deviceTime as number) : event.receivedAt - earlier.receivedAt);
  if (event.kind !== earlier.kind || apartMs > (timed ? limits.duplicateMs : limits.duplicateUntimedMs)) return 'reused';
  if (event.edge !== earlier.edge) return null;
  if (event.edge !== 'repeat') return 'duplicate';
  return event.deviceTime !== null && event.deviceTime === earlier.deviceTime ? 'duplicate' : null;
}
