/**
 * A raise, applied: a new alert, or the open one counts it (C1). On an alert that a human has taken, a new press rings the
 * wall again, reaches whoever promised to come, and gives the taker 60 s for a step (law 6). Repeats only count.
 */
import { type Alert, installingFlag, isShelved, type Outcome } from './alert.ts';
import { type Case, type Change, type Feed, house, nothing, withFlags } from './change.ts';
import { type Decision, deskNote, type EndLater, type Raise } from './decision.ts';
import { startPlan } from './decide-plan.ts';
import { leavesShelf } from './decide-shelf.ts';
import type { Plan } from './escalation.ts';
import type { StoredEvent } from './event.ts';
import type { AlertId } from './ids.ts';
import { limits } from './limits.ts';
import { smsTemplate } from './messages.ts';

export type Opened = { alert: Alert; change: Change };

/** A new alert; its plan begins now, after the confirm window, or (test mode) when the desk has had its time. */
export function openAlert(raise: Raise, event: StoredEvent, plan: Plan | null, demo: boolean, now: number): Opened {
  const confirming = (raise.confirmMs ?? 0) > 0;
  const alert: Alert = {
    id: '0' as AlertId, kind: raise.kind, priority: raise.priority, state: confirming ? 'confirming' : 'open', subject: raise.subject,
    deviceId: event.deviceId, homeId: event.homeId, personId: event.personId, regionCode: raise.regionCode ?? event.regionCode,
    count: 1, duplicateCount: 0, version: 1, stateVersion: 1, openedAt: event.receivedAt, occurredAt: event.deviceTime, lastRaisedAt: event.receivedAt,
    flags: [...new Set(raise.flags ?? [])], claimedAt: null, claimedBy: null, claimTab: null, lastStepAt: null, firstHumanAt: null,
    committedAt: null, committedHow: null, arrivedAt: null, closedAt: null, closedBy: null, outcome: null,
    plan: raise.plan === 'none' && raise.priority > 1 ? null : plan, planBaseAt: null, planRound: 0, planStep: 0, planState: 'idle',
    summary: { ...raise.summary }, trace: event.trace, demo,
  };
  const started = alert.plan && !confirming ? startPlan(alert, 0, now + (raise.planDelayMs ?? 0)) : { patch: {}, timers: {} };
  const ring = ringOf(raise, alert);
  const change: Change = {
    ...nothing(), patch: started.patch,
    timers: { ...started.timers, ...(confirming ? { confirm: { dueAt: now + (raise.confirmMs ?? 0) } } : {}), ...endTimer(raise.end, now) },
    log: [{
      actor: house('rules'), action: 'opened',
      detail: { eventId: event.id, kind: raise.kind, deviceId: event.deviceId, deviceTime: event.deviceTime, lateMs: event.deviceTime === null ? null : Math.max(0, event.receivedAt - event.deviceTime), flags: alert.flags },
      ...noteOf(event),
    }],
    feed: { what: 'opened', ...(confirming ? { ring: 'soft' as const } : ring) },
  };
  return { alert, change };
}

function ringOf(raise: Raise, alert: Pick<Alert, 'priority'>): Pick<Feed, 'ring'> {
  if (raise.ring === 'none') return {};
  if (raise.ring && alert.priority > 1) return { ring: raise.ring };
  if (alert.priority > 2) return {};
  return { ring: alert.priority === 1 ? 'p1' : 'p2' };
}

const endTimer = (end: EndLater | null | undefined, now: number): Change['timers'] =>
  end === undefined ? {} : { end: end && { dueAt: now + end.afterMs, payload: { outcome: end.outcome, what: end.what } } };

/** The raise merges into the open alert. `again`: a new raise, not a `repeat` of the same alarm. */
export function mergeRaise(c: Case, raise: Raise, event: StoredEvent, plan: Plan | null, again: boolean, now: number): Change {
  const change = merged(c, raise, event, plan, again, now);
  return raise.priority < c.alert.priority ? leavesShelf(c.alert, change) : change;
}

function merged(c: Case, raise: Raise, event: StoredEvent, plan: Plan | null, again: boolean, now: number): Change {
  const { alert } = c;
  const higher = raise.priority < alert.priority;
  // What another device says too is no longer one that learns alone.
  const learning = alert.flags.includes('learning') && (raise.flags ?? []).includes('learning');
  const flags = withFlags(alert, [...mergedFlags(alert, raise), ...(alert.state === 'open' || !again ? [] : ['raised-again'])], nowReal(alert, raise) ? testFlags : []).filter((f) => f !== 'learning' || learning);
  const change: Change = {
    ...nothing(), timers: { ...(higher ? { end: null } : {}), ...endTimer(raise.end, now) }, // what has become an alarm does not end by itself
    patch: {
      count: alert.count + 1, lastRaisedAt: Math.max(alert.lastRaisedAt, event.receivedAt), flags: sameList(flags, alert.flags) ? alert.flags : flags,
      ...(raise.summary ? { summary: { ...alert.summary, ...raise.summary } } : {}), ...(higher ? { priority: raise.priority, ...(plan ? { plan, planStep: 0 } : {}) } : {}),
      ...(event.deviceId !== null && alert.deviceId === null ? { deviceId: event.deviceId } : {}),
    },
    feed: { what: again ? 'raised-again' : 'repeated' },
  };
  if (higher && alert.state === 'open' && plan) {
    const started = startPlan({ plan }, alert.planRound, now);
    return { ...change, patch: { ...change.patch, plan, ...started.patch }, timers: { ...change.timers, ...started.timers }, log: [logRaise(event, { priority: raise.priority })], feed: { what: 'priority-raised', ...ringOf(raise, raise) } };
  }
  if (isShelved(alert) && !higher) return again ? { ...change, log: [logRaise(event)] } : change; // it counts, and rings when it comes back
  const early = startsEarly(alert, raise, now);
  if (early) return { ...change, patch: { ...change.patch, state: 'open', ...early.patch }, timers: { ...change.timers, confirm: null, ...early.timers }, log: [logRaise(event, { started: true })], feed: { what: 'raised-again', ...ringOf(raise, alert) } };
  if (!again || alert.priority > 2) return change;
  const rung: Change = { ...change, log: [logRaise(event)], feed: { what: 'raised-again', ...ringOf(raise, { priority: Math.min(alert.priority, raise.priority) as 1 | 2 }) } };
  return alert.state === 'open' || alert.state === 'confirming' ? rung : ringTaken(c, rung, now);
}

/**
 * A raise that need not wait itself does not wait for the one it merges into: its own detector declares no window, its device is not
 * in test (law 5: the only delay is the declared one).
 */
function startsEarly(alert: Alert, raise: Raise, now: number): ReturnType<typeof startPlan> | null {
  if ((raise.confirmMs ?? 0) > 0 || (raise.planDelayMs ?? 0) > 0 || !alert.plan) return null;
  const waits = alert.state === 'confirming' || (alert.state === 'open' && alert.planStep === 0 && (alert.planBaseAt ?? 0) > now);
  return waits ? startPlan(alert, alert.planRound, now) : null;
}

const testFlags = ['test', installingFlag];
/** A press of a device that is not being installed makes the alert real; and an installer's press makes no real one a test. */
const nowReal = (alert: Alert, raise: Raise): boolean => alert.flags.includes(installingFlag) && raise.flags?.includes(installingFlag) !== true;
const mergedFlags = (alert: Alert, raise: Raise): readonly string[] =>
  (raise.flags?.includes(installingFlag) && !alert.flags.includes(installingFlag) ? raise.flags.filter((f) => !testFlags.includes(f)) : raise.flags ?? []);

const noteOf = (event: StoredEvent): { note?: string } => { const note = deskNote(event); return note === null ? {} : { note }; };
const sameList = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((x, i) => x === b[i]);
const logRaise = (event: StoredEvent, more: Record<string, unknown> = {}): Change['log'][number] =>
  ({ actor: house('rules'), action: 'raised-again', detail: { eventId: event.id, deviceId: event.deviceId, edge: event.edge, ...more }, ...noteOf(event) });

function ringTaken(c: Case, change: Change, now: number): Change {
  if (!c.alert.plan) return change;
  // A burst neither postpones the deadline nor texts again; after a step the earlier deadline is void, and this press has its own.
  const since = c.timers.get('rering')?.payload?.['since'];
  if (c.timers.has('rering') && !(typeof since === 'number' && c.alert.lastStepAt !== null && c.alert.lastStepAt > since)) return change;
  const going = [...c.engagements].filter(([, e]) => e.state === 'accepted' || e.state === 'arrived' || e.state === 'need-help');
  return {
    ...change, timers: { ...change.timers, rering: { dueAt: now + limits.rearmMs, payload: { since: now } } },
    sends: going.map(([party]) => ({ party, channel: 'sms', template: smsTemplate(c.alert.kind), purpose: 'notice', round: null, step: null })),
    feed: change.feed && { ...change.feed, detail: { owner: c.alert.claimedBy } },
  };
}

/** The same event once more: counted, silent; a closed alert stays closed (I2, I7). */
export function countDuplicate(alert: Alert): Change {
  return { ...nothing(), patch: { count: alert.count + 1, duplicateCount: alert.duplicateCount + 1 } };
}

/** A line on the timeline that a rule asks for. */
export function noteByRule(alert: Alert, note: Extract<Decision, { type: 'note' }>, event: Pick<StoredEvent, 'id'>, now: number): Change {
  if (note.quiet) return { ...nothing(), timers: endTimer(note.end, now) };
  return {
    ...nothing(), timers: endTimer(note.end, now),
    patch: { ...(note.flags ? { flags: withFlags(alert, note.flags) } : {}), ...(note.summary ? { summary: { ...alert.summary, ...note.summary } } : {}) },
    log: [{ actor: house('rules'), action: note.what, detail: { eventId: event.id, ...note.detail } }],
    feed: { what: note.what, ...(note.ring ? { ring: note.ring } : {}), ...(note.detail ? { detail: note.detail } : {}) },
  };
}

/** An end without the desk: a fall cancelled at its origin (C3, C4), or the cause of a technical alert is gone. */
export function closeByRule(alert: Alert, close: Extract<Decision, { type: 'close' }>, by: string, now: number): Change {
  if (alert.priority === 1 && (close.what !== 'self-cancelled' || alert.kind !== 'fall')) // law 6: a P1 ends by a human, whatever a rule asks for
    return { ...nothing(), log: [{ actor: house('rules'), action: 'close-refused', detail: { why: close.what } }] };
  const change = ended(alert, close.outcome, close.what, by, now);
  return {
    ...change, patch: { ...change.patch, ...(close.flags ? { flags: withFlags(alert, close.flags) } : {}), ...(close.summary ? { summary: { ...alert.summary, ...close.summary } } : {}) },
    log: change.log.map((l) => ({ ...l, detail: { ...l.detail, ...close.detail } })),
    feed: { what: 'closed', ...(close.ring ? { ring: close.ring } : {}), detail: { why: close.what, ...close.detail } },
  };
}

/** The slot `end`: never an emergency nor an alarm about a person, whatever the row says. */
export function endTechnical(alert: Alert, payload: Record<string, unknown>, now: number): Change {
  if (alert.priority <= 2 || alert.state !== 'open') return nothing(); // what an operator has taken stays his
  return ended(alert, (payload['outcome'] as Outcome | undefined) ?? 'D1', String(payload['what'] ?? 'over'), 'house', now);
}

function ended(alert: Alert, outcome: Outcome, what: string, by: string, now: number): Change {
  return {
    ...nothing(), withdraw: 'search', timers: allOff(),
    patch: { state: 'closed', closedAt: now, closedBy: by, outcome, planState: alert.plan ? 'ended' : 'idle' },
    log: [{ actor: house('rules'), action: 'closed', detail: { outcome, why: what } }], feed: { what: 'closed', detail: { why: what } },
  };
}

/** Every slot cancelled: only a close does that. */
export const allOff = (): Change['timers'] => ({ confirm: null, plan: null, desk: null, claim: null, arrival: null, close: null, rering: null, end: null, shelf: null });
