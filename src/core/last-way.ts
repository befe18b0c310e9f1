/**
 * The last way left. Budgets per number keep the provider from going dumb in the middle of a night (FIELD F6), but no emergency is left
 * to them: a round that has reached nobody calls one person all the same, with the calls that were kept for others first, then beyond
 * the budget. The row says so, the sender lets it pass, the timeline shows it; if the provider refuses, that stands there too.
 */
import type { Case, Send } from './change.ts';
import { overBudget, resolveStep, smsInstead, templateFor, type PartyFacts } from './roster.ts';
import type { PlanTarget } from './escalation.ts';
import { limits } from './limits.ts';

/** Whether this round has reached somebody, as far as is known. */
const reachedIn = (c: Pick<Case, 'contacted'>, round: number): boolean => [...c.contacted.values()].some((s) => s.reached && s.rounds.includes(round));

/** The call that a round without anybody ends with; none while somebody was reached, or nobody is held back by a budget alone. */
export function lastCall(c: Case, now: number): Send[] {
  const { plan, priority, planRound: round, planStep: step } = c.alert;
  if (priority !== 1 || !plan || reachedIn(c, round)) return [];
  const held = plan.steps.flatMap((s, i) => resolveStep(c, s.actions, round, i, now).skipped)
    .flatMap(({ party, target, reason }) => { const who = reason === 'call-budget' || reason === smsInstead ? c.roster.find((p) => p.party === party) : undefined; return who ? [{ who, target }] : []; });
  const rang = (p: PartyFacts): number => (c.calls.get(p.phoneKey) ?? []).length;
  const [best] = held.sort((a, b) => Number(overBudget(c, a.who, now)) - Number(overBudget(c, b.who, now)) || rang(a.who) - rang(b.who));
  return best ? [callOf(c, best.who, best.target, round, step, now)] : [];
}

function callOf(c: Case, who: PartyFacts, target: PlanTarget | 'others', round: number, step: number, now: number): Send {
  const template = templateFor(c, target, 'voice');
  return {
    party: who.party, channel: 'voice', template, purpose: 'search', round, step, ...(template === 'voice-escalate' ? { params: { n: String(c.contacted.size) } } : {}), ...(overBudget(c, who, now, round > 0 ? limits.callsKept : 0) ? { lastWay: true as const } : {}),
  };
}

/** A message of an emergency that only the budget of its number kept back, when no step of the round is left and nobody was reached: it goes out. */
export function lastMessage(c: Case, f: Pick<Send, 'party' | 'channel' | 'template' | 'purpose' | 'round' | 'step'> & { errorCode: string | null }): Send | null {
  const { plan, priority, planRound, planStep, state } = c.alert;
  const kept = /^local\.(SMS_|CALLS_|RESERVE)/.test(f.errorCode ?? '');
  if (!kept || priority !== 1 || f.purpose !== 'search' || state !== 'open' || (plan && planStep < plan.steps.length) || reachedIn(c, planRound)) return null;
  if (c.roster.some((p) => p.party === f.party && p.withdrawn)) return null;
  return { party: f.party, channel: f.channel, template: f.template, purpose: f.purpose, round: f.round, step: f.step, lastWay: true };
}
