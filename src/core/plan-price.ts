/** What a plan costs whoever it calls, and when each rung comes (FIELD F6): counted on paper, before it runs. The roster may make it less, never more. */
import type { Plan, PlanTarget } from './escalation.ts';
import { limits } from './limits.ts';

export type PlanPrice = {
  /** Seconds to the first call, to the last rung, to "nobody answered". */ firstCallS: number | null; lastRungS: number; roundS: number;
  /** Of one round. */ texts: number; calls: number;
  /** The most calls that one target has in five minutes and in an hour, rounds included, and what of them will be made. */ in5Min: Most; inHour: Most;
};
type Most = { target: PlanTarget | null; n: number; allowed: number };

export function pricePlan(plan: Plan): PlanPrice {
  const actions = plan.steps.flatMap((s) => s.actions.map((a) => ({ ...a, atS: s.atS })));
  const calls = actions.filter((a) => a.channel === 'voice');
  return {
    firstCallS: calls[0]?.atS ?? null, lastRungS: plan.steps.at(-1)?.atS ?? 0, roundS: plan.roundS, texts: actions.length - calls.length, calls: calls.length,
    in5Min: { ...mostCalls(plan, 300), allowed: limits.callsPerPerson5Min }, inHour: { ...mostCalls(plan, 3600), allowed: limits.callsPerPersonHour },
  };
}

/** The most calls one target gets within so many seconds, rounds included. */
function mostCalls(plan: Plan, windowS: number): { target: PlanTarget | null; n: number } {
  const times = new Map<PlanTarget, number[]>();
  for (let round = 0; plan.roundS > 0 && round * plan.roundS <= windowS; round++)
    for (const step of plan.steps) for (const a of step.actions) if (a.channel === 'voice') times.set(a.target, [...(times.get(a.target) ?? []), round * plan.roundS + step.atS]);
  let most: { target: PlanTarget | null; n: number } = { target: null, n: 0 };
  for (const [target, at] of times) for (const from of at) {
    const n = at.filter((t) => t >= from && t < from + windowS).length;
    if (n > most.n) most = { target, n };
  }
  return most;
}
