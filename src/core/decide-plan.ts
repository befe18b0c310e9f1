/**
 * The running of a plan: start, rung, round, and where it goes on after it was suspended (E1, E2, I3). The timer `plan` is
 * live as long as an alert with a plan is open; steps run 0..k without gaps, late ones one after the other, and a plan that
 * runs out declares "nobody answered" (未叫应) and begins its next round, without end.
 */
import { type Alert, installingFlag } from './alert.ts';
import { type Case, type Change, house, nothing, type Send, type TimerSet, withFlags } from './change.ts';
import type { DeskRung } from './escalation.ts';
import { kindInfo } from './event.ts';
import type { Party } from './ids.ts';
import { lastCall } from './last-way.ts';
import { limits } from './limits.ts';
import { smsTemplate } from './messages.ts';
import { dueAfterMs, emergencyPlan } from './plan.ts';
import { candidates, overBudget, resolveStep, smsInstead } from './roster.ts';

type Timers = Change['timers'];

/** From the first step, in this round, at `baseAt` (test mode: later than now). */
export function startPlan(alert: Pick<Alert, 'plan'>, round: number, baseAt: number): { patch: Partial<Alert>; timers: Timers } {
  return { patch: { planState: 'running', planBaseAt: baseAt, planRound: round, planStep: 0 }, timers: { plan: { dueAt: baseAt + (alert.plan ? dueAfterMs(alert.plan, 0) : 0) }, desk: firstRung(alert, baseAt) } };
}

/** From the next rung, at once; the desk is rung again from its first one. */
export function resumePlan(alert: Alert, now: number): { patch: Partial<Alert>; timers: Timers } {
  if (!alert.plan) return { patch: { planState: 'idle' }, timers: {} };
  const baseAt = now - dueAfterMs(alert.plan, alert.planStep);
  const lead = (alert.plan.desk[0]?.atS ?? 0) * 1000;
  return { patch: { planState: 'running', planBaseAt: baseAt }, timers: { plan: { dueAt: now }, desk: firstRung(alert, now - lead) } };
}

/** The next step at once, if the round has one left: somebody declined, or a message failed. The others keep their times. */
export function pullPlan(alert: Alert, now: number): Timers {
  const more = alert.state === 'open' && alert.planState === 'running' && alert.plan && alert.planStep < alert.plan.steps.length;
  return more ? { plan: { dueAt: now } } : {};
}

function firstRung(alert: Pick<Alert, 'plan'>, baseAt: number): TimerSet | null {
  const first = alert.plan?.desk[0];
  return first ? { dueAt: baseAt + first.atS * 1000, payload: { rung: 0, baseAt } } : null;
}

/** The plan's timer is due: one step, or the end of the round. The first one of an installer's test that nobody has answered makes it real: no test any more, and the desk is rung. */
export function planDue(c: Case, now: number): Change {
  if (c.alert.state !== 'open' || !c.alert.flags.includes(installingFlag)) return nextDue(c, now);
  const flags = withFlags(c.alert, ['test-unanswered'], ['test', installingFlag]);
  const change = nextDue({ ...c, alert: { ...c.alert, flags } }, now);
  return {
    ...change, patch: { flags, ...change.patch }, log: [{ actor: house('plan'), action: 'test-unanswered' }, ...change.log],
    feed: { what: 'plan-step', ...change.feed, ring: c.alert.priority === 1 ? 'p1' : 'p2' },
  };
}

function nextDue(c: Case, now: number): Change {
  const { alert } = c;
  if (alert.state !== 'open') return nothing();
  if (!alert.plan) {
    const started = startPlan({ plan: emergencyPlan }, alert.planRound, now);
    return { ...nothing(), timers: started.timers, patch: { plan: emergencyPlan, ...started.patch } };
  }
  if (alert.planState !== 'running' || alert.planBaseAt === null) return { ...nothing(), ...resumePlan(alert, now) };
  return alert.planStep < alert.plan.steps.length ? runStep(c, now) : endRound(c, now);
}

const runStep = (c: Case, now: number): Change => rung(c, now)?.change ?? nothing();

/** One rung, at its time or because an operator asks (then it is not late); `reached`: somebody who has signal, as the plan meant him to be. Null: the plan has no such rung. */
export function rung(c: Case, now: number, asked = false): { change: Change; reached: boolean } | null {
  const { alert } = c;
  const { plan, planStep: step, planRound: round, planBaseAt } = alert;
  const actions = plan?.steps[step]?.actions;
  if (!plan || !actions || planBaseAt === null) return null;
  const resolved = resolveStep(c, actions, round, step, now);
  const last = step + 1 >= plan.steps.length;
  const sends = last && resolved.sends.length === 0 ? lastCall(c, now) : resolved.sends;
  const { skipped } = resolved;
  const who = new Map(c.roster.map((p) => [p.party, p]));
  const reached = sends.some((s) => who.get(s.party)?.cutOff !== true && !skipped.some((k) => k.reason === smsInstead && k.party === s.party));
  const next = planBaseAt + dueAfterMs(plan, step + 1);
  const dueAt = asked ? now : planBaseAt + dueAfterMs(plan, step);
  const change: Change = {
    ...nothing(), sends,
    patch: { planStep: step + 1 },
    // A rung that reaches nobody does not make the elder wait for the next one.
    timers: { plan: { dueAt: !reached && !last ? now : next } },
    log: [{
      actor: house('plan'), action: 'plan-step',
      detail: { plan: plan.id, round, step, dueAt, lateMs: Math.max(0, now - dueAt), sends: sends.map((s) => ({ party: s.party, channel: s.channel, template: s.template, ...(who.get(s.party)?.cutOff ? { cutOff: true } : {}), ...(who.get(s.party)?.strange ? { strange: true } : {}), ...(s.lastWay ? { lastWay: true } : {}) })), skipped },
    }],
    feed: { what: 'plan-step', detail: { round, step } },
  };
  return { change, reached };
}

function endRound(c: Case, now: number): Change {
  const { alert } = c;
  const started = startPlan(alert, alert.planRound + 1, now);
  return {
    ...nothing(), timers: started.timers,
    patch: { ...started.patch, flags: withFlags(alert, ['nobody-answered']) },
    log: [{ actor: house('plan'), action: 'nobody-answered', detail: { round: alert.planRound, called: c.contacted.size } }],
    feed: { what: 'nobody-answered', ring: 'nobody', detail: { round: alert.planRound } },
  };
}

const rungTarget = { 'other-seat': 'seat', 'shift-leader': 'shift-leader', 'duty-leader': 'duty-leader' } as const;

/** The desk's ladder goes on: nobody has the alert; or a responder goes, but the desk that should lead the case is proven asleep (FIELD 3). */
export const deskWaits = (c: Pick<Case, 'alert' | 'deskAsleep'>): boolean => c.alert.state === 'open' || (c.alert.state === 'committed' && c.alert.claimedBy === null && c.deskAsleep === true);

/** A rung of the desk ladder: unclaimed, whatever the consoles say (FIELD F3). */
export function deskDue(c: Case, payload: Record<string, unknown>, now: number): Change {
  const { alert } = c;
  const index = typeof payload['rung'] === 'number' ? payload['rung'] : 0;
  const baseAt = typeof payload['baseAt'] === 'number' ? payload['baseAt'] : now;
  const told = Array.isArray(payload['told']) ? payload['told'] as Party[] : [];
  const rung = alert.plan?.desk[index];
  if (!deskWaits(c) || !rung) return nothing();
  const next = alert.plan?.desk[index + 1];
  const blind = c.deskDark === true && alert.priority === 1;
  const { sends, skipped } = ringDesk(c, rung, { blind, told }, now);
  const nowTold = [...told, ...sends.filter((s) => s.channel === 'sms').map((s) => s.party)];
  return {
    ...nothing(), sends,
    timers: { desk: next ? { dueAt: baseAt + next.atS * 1000, payload: { rung: index + 1, baseAt, ...(nowTold.length > 0 ? { told: nowTold } : {}) } } : null },
    log: [{ actor: house('desk'), action: 'desk-rung', detail: { rung: rung.ring, ...(blind ? { blind } : {}), sends: sends.map((s) => ({ party: s.party, channel: s.channel })), skipped } }],
    feed: { what: 'desk-rung', ring: alert.priority === 1 ? 'desk' : 'p2', detail: { rung: rung.ring } },
  };
}

/** What a rung of the desk looks at; a case, or one that is only imagined. */
type DeskCase = Pick<Case, 'roster' | 'calls' | 'unclaimed'> & { alert: Pick<Alert, 'kind' | 'planRound'> };
/**
 * Who is rung. The other seat is the second telephone of the desk, where there is one. Blind (盲打, FEATURES 2.14): no wall lives, so
 * the shift leader is rung with the first rung already, and each leader whose phone takes texts gets the alarm itself, once, as
 * a responder does: with who, where and the slip number, and an answer of 1 commits.
 */
export function ringDesk(c: DeskCase, rung: DeskRung, dark: { blind: boolean; told: readonly Party[] }, now: number): { sends: Send[]; skipped: string[] } {
  const sends: Send[] = [];
  const skipped: string[] = [];
  const common = { round: c.alert.planRound, step: null };
  for (const target of dark.blind && rung.ring === 'other-seat' ? ['seat', 'shift-leader'] as const : [rungTarget[rung.ring]]) {
    const all = candidates(target, c.roster);
    const on = target === 'seat' ? all.filter((p) => p.offDuty !== true) : [];
    const others = [...on.slice(1)].sort((a, b) => Number(a.strange ?? false) - Number(b.strange ?? false)); // who speaks as she does
    for (const p of on.length > 1 ? [...others, ...on.slice(0, 1), ...all.slice(on.length)] : all) {
      if (p.absentUntil !== null && p.absentUntil > now) { skipped.push(`${p.party} absent`); continue; }
      if (dark.blind && target !== 'seat' && !p.landline && !p.optedOut && !dark.told.includes(p.party)) sends.push({ ...common, purpose: 'search', party: p.party, channel: 'sms', template: smsTemplate(c.alert.kind) });
      if (overBudget(c, p, now, kindInfo[c.alert.kind].priority > 1 ? limits.callsKept : 0)) { skipped.push(`${p.party} call-budget`); continue; }
      sends.push({ ...common, purpose: 'desk', party: p.party, channel: 'voice', template: 'voice-desk', params: { n: String(Math.max(1, c.unclaimed)) } });
      break;
    }
  }
  return { sends, skipped };
}
