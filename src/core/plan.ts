/**
 * The demonstration plans (FIELD 7) as data, and which plan an alert runs. A county's own plans stand in the table `plan`;
 * without one, these hold, so that no P1 is ever without a plan (FIELD F9).
 */
import { clockTime } from './clock.ts';
import type { Facts } from './decision.ts';
import type { DeskRung, Plan, PlanAction, PlanStep, PlanTarget } from './escalation.ts';
import { type EventKind, kindInfo, type Priority } from './event.ts';
import { scopePrefix } from './ids.ts';

const sms = (...targets: PlanTarget[]): PlanAction[] => targets.map((target) => ({ target, channel: 'sms' }));
const voice = (...targets: PlanTarget[]): PlanAction[] => targets.map((target) => ({ target, channel: 'voice' }));

/** Everybody at once: SOS, phone-in, and by default also a fall (the ruling on radar falls, law 5). */
export const emergencyPlan: Plan = {
  id: 'demo-p1', name: '全部同时呼叫', kinds: ['sos', 'phone-in', 'fall'],
  steps: [
    { atS: 0, actions: sms('care-worker', 'key-holder', 'family-1') },
    { atS: 30, actions: voice('care-worker') },
    { atS: 60, actions: voice('neighbour', 'doctor') },
    { atS: 90, actions: [...voice('village-cadre', 'grid-worker'), ...sms('family-2')] },
    { atS: 120, actions: voice('town-duty', 'neighbour-villages') },
    { atS: 180, actions: voice('duty-leader') },
  ],
  roundS: 300,
  desk: [{ atS: 20, ring: 'other-seat' }, { atS: 60, ring: 'shift-leader' }, { atS: 120, ring: 'duty-leader' }],
};

/** Who comes beside the column of the emergency plan when it burns: everybody near, first, so that nobody goes in alone. */
const fire: ReadonlyMap<number, PlanAction[]> = new Map([[0, sms('nearby', 'fire-station')], [30, voice('fire-station')]]);
/** Smoke, and gas that may burn at any moment. */
export const firePlan: Plan = {
  ...emergencyPlan, id: 'demo-fire', name: '火情燃气:就近一起叫', kinds: ['smoke', 'gas'],
  steps: emergencyPlan.steps.map((step) => ({ ...step, actions: [...(fire.get(step.atS) ?? []), ...step.actions] })),
};

/** P2 of a person: the desk first, then the village, calmly. */
export const concernPlan: Plan = {
  id: 'demo-p2', name: '先值班台后村里', kinds: ['motionless', 'bed-exit', 'wander', 'vital-high', 'vital-low', 'unreadable-alarm', 'test'],
  steps: [
    { atS: 120, actions: sms('care-worker', 'family-1') },
    { atS: 300, actions: voice('care-worker') },
    { atS: 600, actions: voice('key-holder', 'neighbour') },
    { atS: 900, actions: voice('village-cadre', 'town-duty') },
  ],
  roundS: 1800,
  desk: [{ atS: 60, ring: 'other-seat' }, { atS: 300, ring: 'shift-leader' }],
};

export const demonstrationPlans: readonly Plan[] = [emergencyPlan, firePlan, concernPlan];

export type ScopedPlan = { plan: Plan; scopeCode: string };

/** Whom an alert is about and when, as far as a plan may ask. */
export type PlanCase = { highRisk: boolean; at: number; /** a human is proven at the desk now */ deskProven: boolean };
/** Who is not on file is not known to be at no risk. */
export const isHighRisk = (facts: Pick<Facts, 'person' | 'home'>): boolean => facts.person?.highRisk ?? facts.home?.highRisk ?? true;
/**
 * The plan of an alert: the narrowest scope that names its kind, within one scope the one that asks most of the case; else the house's own; null for technical
 * kinds (FIELD 7). An emergency always has a desk ladder, and is left to the desk first (F10) only a fall, of who is at no high risk, while a human is proven there.
 */
export function planFor(kind: EventKind, priority: Priority, regionCode: string | null, plans: readonly ScopedPlan[], c: PlanCase): Plan | null {
  if (priority > 2) return null;
  const fits = plans
    .filter(({ plan, scopeCode }) => plan.kinds.includes(kind) && inside(regionCode, scopeCode) && plan.steps.length > 0 && holds(plan, kind, priority, c))
    .sort((a, b) => narrowness(b.scopeCode) - narrowness(a.scopeCode) || asks(b.plan) - asks(a.plan));
  if (priority === 2) return fits[0]?.plan ?? (concernPlan.kinds.includes(kind) ? concernPlan : null);
  const plan = fits[0]?.plan ?? (firePlan.kinds.includes(kind) ? firePlan : emergencyPlan);
  const withDesk = plan.desk.length > 0 ? plan : { ...plan, desk: emergencyPlan.desk };
  return kind === 'fall' && !c.highRisk && c.deskProven ? withDesk : atOnce(withDesk);
}

/** What is raised higher than its kind is (an unreadable alarm) runs only a plan that names the priority. */
function holds(plan: Plan, kind: EventKind, priority: Priority, { highRisk, at }: PlanCase): boolean {
  const ofPriority = plan.priority === undefined ? priority > 1 || kindInfo[kind].priority === 1 : plan.priority === priority;
  return ofPriority && (plan.risk === undefined || (plan.risk === 'high') === highRisk) && (plan.hours === undefined || within(plan.hours, clockTime(at)));
}
const asks = (plan: Plan): number => [plan.priority, plan.hours, plan.risk].filter((x) => x !== undefined).length;

/** Whether a time of the day lies between two; they may pass midnight, and equal ends mean the whole day. */
export const within = ({ from, to }: { from: string; to: string }, clock: string): boolean => (from < to ? clock >= from && clock < to : clock >= from || clock < to);

/** Nobody is proven at the desk: what the plan leaves to it first, it has not got. */
function atOnce(plan: Plan): Plan {
  const first = plan.steps[0]?.atS ?? 0;
  return first === 0 ? plan : { ...plan, steps: plan.steps.map((s) => ({ ...s, atS: s.atS - first })) };
}

const narrowness = (scope: string): number => (scope === everywhere ? 0 : scopePrefix(scope).length);
const everywhere = '000000000000';
const inside = (regionCode: string | null, scope: string): boolean => scope === everywhere || (regionCode?.startsWith(scopePrefix(scope)) ?? false);

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isAction = (a: Partial<PlanAction> | null): boolean => typeof a?.target === 'string' && (a.channel === 'sms' || a.channel === 'voice');
const isStep = (s: Partial<PlanStep> | null): s is PlanStep => isTime(s?.atS) && Array.isArray(s?.actions) && s.actions.every(isAction);
const isRung = (r: Partial<DeskRung> | null): r is DeskRung => isTime(r?.atS) && typeof r?.ring === 'string';

const isClock = (value: unknown): value is string => typeof value === 'string' && /^\d\d:\d\d$/.test(value);

/** For whom and when a stored plan holds; null: a shape that no code of ours wrote. */
function conditionsOf(spec: Partial<Record<keyof Plan, unknown>>): Pick<Plan, 'priority' | 'hours' | 'risk'> | null {
  const { priority, risk } = spec;
  const hours = spec.hours as Partial<NonNullable<Plan['hours']>> | undefined;
  const clock = hours === undefined || hours === null ? null : isClock(hours.from) && isClock(hours.to) ? { from: hours.from, to: hours.to } : undefined;
  if (clock === undefined || ![undefined, null, 1, 2].includes(priority as never) || ![undefined, null, 'high', 'normal'].includes(risk as never)) return null;
  return { ...(priority ? { priority: priority as 1 | 2 } : {}), ...(clock ? { hours: clock } : {}), ...(risk ? { risk: risk as 'high' | 'normal' } : {}) };
}

/** Steps, round, desk and conditions of a stored plan, in the order of their times; null when it cannot run: no step, or a shape that no code of ours wrote. */
export function runnableSpec(stored: unknown): Omit<Plan, 'id' | 'name' | 'kinds'> | null {
  const spec = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Record<keyof Plan, unknown>>;
  const conditions = conditionsOf(spec);
  const [steps, desk] = [spec.steps, spec.desk ?? []];
  if (conditions === null || !Array.isArray(steps) || steps.length === 0 || !steps.every(isStep) || !Array.isArray(desk) || !desk.every(isRung)) return null;
  const inOrder = [...steps].sort((a, b) => a.atS - b.atS);
  const roundS = spec.roundS ?? 300;
  // A round that ends before its last step would begin again and again without a pause.
  return isTime(roundS) && roundS > (inOrder.at(-1)?.atS ?? 0) ? { steps: inOrder, roundS, desk: [...desk].sort((a, b) => a.atS - b.atS), ...conditions } : null;
}

/** Milliseconds after the plan's base at which a step is due, or the round ends when there is no such step. */
export function dueAfterMs(plan: Plan, step: number): number {
  return (plan.steps[step]?.atS ?? plan.roundS) * 1000;
}
