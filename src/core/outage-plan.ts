/**
 * The plan of an alarm inside an outage (FIELD 7, third column): the village may have no signal, so everybody there is tried at
 * once and nobody is waited for; the town's duty room (landline) rings in the same second, the nearest villages next.
 */
import type { Plan, PlanAction, PlanTarget } from './escalation.ts';

/** Seconds by which a target is reached at the latest inside an outage. */
const latestS: Partial<Record<PlanTarget, number>> = {
  'care-worker': 0, doctor: 0, 'grid-worker': 0, 'key-holder': 0, neighbour: 0, 'family-1': 0, 'family-2': 0, nearby: 0, 'fire-station': 0, 'town-duty': 0, 'neighbour-villages': 30, 'village-cadre': 60, 'duty-leader': 120,
};

/** The same actions, none later than before, most of them at once. */
export function withoutWaiting(plan: Plan): Plan {
  const byTime = new Map<number, PlanAction[]>();
  for (const step of plan.steps)
    for (const action of step.actions) {
      const atS = Math.min(step.atS, latestS[action.target] ?? step.atS);
      byTime.set(atS, [...(byTime.get(atS) ?? []), action]);
    }
  const steps = [...byTime].sort(([a], [b]) => a - b).map(([atS, actions]) => ({ atS, actions }));
  return { ...plan, steps };
}
