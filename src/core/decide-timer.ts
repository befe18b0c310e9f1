/**
 * What a due timer means, by slot. Handlers are conditional: fired late, twice, or after the alert has moved on, they do
 * only what still holds. Together they keep law 6: whoever took an alert and does nothing loses it back to the plan.
 */
import { installingFlag } from './alert.ts';
import { type Case, type Change, type Engagement, house, nothing, requiredSlot, type Slot, withFlags } from './change.ts';
import { deskDue, planDue, resumePlan, startPlan } from './decide-plan.ts';
import { endTechnical } from './decide-raise.ts';
import { shelfDue } from './decide-shelf.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import { emergencyPlan } from './plan.ts';

export function timerDue(slot: Slot, c: Case, payload: Record<string, unknown>, now: number): Change {
  if (c.alert.state === 'closed') return nothing();
  switch (slot) {
    case 'confirm': return confirmDue(c, now);
    case 'plan': return planDue(c, now);
    case 'desk': return deskDue(c, payload, now);
    case 'claim': return claimDue(c, payload, now);
    case 'arrival': return arrivalDue(c, now);
    case 'close': return closeDue(c, now);
    case 'rering': return reringDue(c, payload, now);
    case 'end': return endTechnical(c.alert, payload, now);
    case 'shelf': return shelfDue(c, now);
  }
}

/** The window of a fall is over and nobody cancelled it. */
function confirmDue(c: Case, now: number): Change {
  if (c.alert.state !== 'confirming') return nothing();
  const installing = c.alert.flags.includes(installingFlag);
  const started = startPlan(c.alert, c.alert.planRound, installing ? c.alert.openedAt + limits.installHoldMs : now);
  return {
    ...nothing(), timers: started.timers, patch: { state: 'open', ...started.patch },
    log: [{ actor: house('confirm'), action: 'confirmed' }], feed: { what: 'confirmed', ...(installing ? {} : { ring: 'p1' }) },
  };
}

/** The timer of a claim: due at its deadline, earlier where the console's beat may be lost by then. */
export function claimTimer(tab: string | null, lastBeatAt: number, deadline: number): { dueAt: number; payload: Record<string, unknown> } {
  return { dueAt: tab === null ? deadline : Math.min(deadline, lastBeatAt + limits.consoleLostMs), payload: { deadline } };
}

function claimDue(c: Case, payload: Record<string, unknown>, now: number): Change {
  const { alert } = c;
  if (alert.state !== 'claimed') return nothing();
  const deadline = typeof payload['deadline'] === 'number' ? payload['deadline'] : now;
  const beatAt = Math.max(c.consoleBeatAt ?? 0, alert.claimedAt ?? 0);
  const lost = alert.claimTab !== null && now >= beatAt + limits.consoleLostMs;
  if (!lost && now < deadline) return { ...nothing(), timers: { claim: claimTimer(alert.claimTab, beatAt, deadline) } };
  const resumed = resumePlan(alert, now);
  const why = lost ? 'console-lost' : 'no-step';
  return {
    ...nothing(), timers: resumed.timers,
    // claimedBy stays: the wall shows in amber who had it.
    patch: { state: 'open', ...resumed.patch, flags: withFlags(alert, ['claim-lapsed']) },
    log: [{ actor: house('claim'), action: 'claim-lapsed', detail: { why, by: alert.claimedBy } }],
    feed: { what: 'claim-lapsed', ring: alert.priority === 1 ? 'desk' : 'p2', detail: { why, by: alert.claimedBy } },
  };
}

/** Those who promised to come and have not arrived. */
export function onTheWay(c: Pick<Case, 'engagements'>): [Party, Engagement][] {
  return [...c.engagements].filter(([, e]) => e.state === 'accepted');
}

function arrivalDue(c: Case, now: number): Change {
  const { alert } = c;
  if (alert.state !== 'committed') return nothing();
  const going = onTheWay(c).filter(([, e]) => e.arriveBy !== null);
  const late = going.filter(([, e]) => (e.arriveBy ?? 0) <= now);
  const inTime = going.filter(([, e]) => (e.arriveBy ?? 0) > now);
  const change: Change = {
    ...nothing(),
    engagements: late.map(([party]) => ({ party, state: 'accepted', arriveBy: null })), // asked once
    sends: late.map(([party]) => ({ party, channel: 'sms', template: 'late', purpose: 'notice', round: null, step: null })),
    log: [{ actor: house('arrival'), action: 'no-arrival', detail: { parties: late.map(([party]) => party) } }],
  };
  if (inTime.length > 0) return { ...change, timers: { arrival: { dueAt: Math.min(...inTime.map(([, e]) => e.arriveBy ?? now)) } } };
  const resumed = resumePlan(alert, now);
  return {
    ...change, timers: resumed.timers, patch: { state: 'open', ...resumed.patch, flags: withFlags(alert, ['no-arrival']) },
    feed: { what: 'no-arrival', ring: alert.priority === 1 ? 'p1' : 'p2' },
  };
}

/** Somebody is there, nobody has closed: rings, and again. */
function closeDue(c: Case, now: number): Change {
  if (c.alert.state !== 'arrived') return nothing();
  return {
    ...nothing(), timers: { close: { dueAt: now + limits.closeMs } },
    log: [{ actor: house('close'), action: 'not-closed' }], feed: { what: 'not-closed', ring: 'desk' },
  };
}

/** Gives an alert back the timer that its state must have (law 6). Due now: the handler decides what still holds. */
export function repaired(c: Case, now: number): Change {
  const { alert } = c;
  const log: Change['log'] = [{ actor: house('watch'), action: 'repaired', detail: { state: alert.state } }];
  if (alert.state === 'closed') return nothing();
  if (alert.state === 'open') {
    if (!alert.plan) return { ...planDue(c, now), log };
    const resumed = resumePlan(alert, now);
    return { ...nothing(), ...resumed, log };
  }
  const slot = requiredSlot({ state: alert.state, plan: alert.plan ?? emergencyPlan });
  return { ...nothing(), log, patch: alert.plan ? {} : { plan: emergencyPlan }, timers: slot ? { [slot]: { dueAt: now, payload: { deadline: now } } } : {} };
}

/** 60 s after a new raise on a taken alert: without a step since then, the plan starts again (law 6). */
function reringDue(c: Case, payload: Record<string, unknown>, now: number): Change {
  const { alert } = c;
  const since = typeof payload['since'] === 'number' ? payload['since'] : now;
  if (alert.state === 'open' || alert.state === 'confirming' || !alert.plan) return nothing();
  if (alert.lastStepAt !== null && alert.lastStepAt > since) return nothing();
  const started = startPlan(alert, alert.planRound + 1, now);
  return {
    ...nothing(), timers: { ...started.timers, claim: null, arrival: null, close: null },
    // Whoever was there and has left is called again: to this press he has not answered.
    engagements: [...c.engagements].filter(([, e]) => e.state === 'done').map(([party]) => ({ party, state: 'notified' as const, arriveBy: null })),
    patch: { state: 'open', ...started.patch, flags: withFlags(alert, ['raised-again']) },
    log: [{ actor: house('rering'), action: 'restarted', detail: { since } }], feed: { what: 'restarted', ring: 'p1' },
  };
}
