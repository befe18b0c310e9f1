/**
 * 升级: an operator does not wait for the plan's next time. Its next rung goes out now, and on to the first that reaches somebody;
 * every later one keeps the time it had, a round is never cut short, an elder's confirm window never, a claim stays a claim. Who
 * was called keeps all the time he has to answer.
 */
import { type Act, type ActResult, conflict, done, invalid, log, stepped } from './act.ts';
import { installingFlag, isShelved } from './alert.ts';
import { absorb, type Case, type Change, joined, nothing } from './change.ts';
import { rung } from './decide-plan.ts';

export function escalate(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  if (alert.state === 'confirming') return invalid('state', 'a case whose confirm window is over: until then the person may cancel');
  if (alert.state !== 'open' && alert.state !== 'claimed') return invalid('state', 'a case for which nobody has promised to come; ask for more people by dispatch');
  if (alert.flags.includes(installingFlag)) return invalid('state', 'a real case: this is an installer’s test; make it real first');
  if (isShelved(alert)) return invalid('state', 'a case that is not shelved; return it first');
  if (alert.state === 'claimed' && alert.claimedBy !== a.actor.id) return conflict(alert);
  if (!alert.plan || alert.planBaseAt === null) return invalid('plan', 'a case that has a plan of people to call');
  if (alert.planStep >= alert.plan.steps.length) return invalid('plan', 'a rung that was not called in this round; the next round begins at its own time');
  const ran = rungs(c, now);
  const steps = ran.log.map((l) => Number(l.detail?.['step']));
  // Nobody's claim is touched: while it holds the plan sleeps on, and goes on behind these rungs when it wakes.
  const timers: Change['timers'] = alert.state === 'claimed' ? {} : ran.timers;
  return done(stepped(c, now, { ...joined(log(a, 'escalated', { step: alert.planStep, round: alert.planRound, steps }), { ...ran, timers }), feed: { what: 'escalated', detail: { round: alert.planRound, step: alert.planStep } } }));
}

/** The next rung; where it reaches nobody (the plan itself would not wait either) the one after it, too. */
function rungs(c: Case, now: number): Change {
  const first = rung(c, now, true);
  if (first === null) return nothing();
  return first.reached ? first.change : joined(first.change, rungs(absorb(c, first.change, now), now));
}
