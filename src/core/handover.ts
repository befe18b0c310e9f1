/**
 * What standby did about one case while the database was away, as it is handed over: the same changes, in their order, with
 * their times; every send in them says what became of it. Pure: whoever takes it over decides what of it still holds.
 */
import type { Alert } from './alert.ts';
import { type Case, type Change, type LogEntry, nothing } from './change.ts';

export type Position = Pick<Alert, 'state' | 'planRound' | 'planStep'>;
export type Handover = {
  startedAt: number;
  /** The version of the case it went on from; null: it opened the case. */ fromVersion: number | null;
  /** Where the plan stood then: a step of its round is not one of the round that the worker has begun since. */ from?: Position;
  changes: { at: number; change: Change }[];
};

/** How far a plan has come: later steps and rounds are more. */
export const rank = (a: Pick<Alert, 'planRound' | 'planStep'>): number => a.planRound * 1_000 + a.planStep;
const humanState = (s: Alert['state']): boolean => s === 'committed' || s === 'arrived';

/**
 * What of the handover holds on the case as the database has it. What was done is always told; position and state only when
 * nobody has moved the case meanwhile, or standby came further: a human's word, a later step.
 */
export function taken(c: Case, h: Handover, after: Position, isNew: boolean): { at: number; change: Change }[] {
  const { alert } = c;
  const same = isNew || alert.version === h.fromVersion;
  const further = alert.state === 'open' && ((humanState(after.state)) || (after.state === 'open' && rank(after) > rank(alert)));
  if (same) return h.changes;
  const changes = h.changes.map(({ at, change }) => ({ at, change: { ...change, log: change.log.map((l) => repeated(alert, l)) } }));
  if (further) return changes;
  // What was made stays made: whoever goes on after a human (no arrival, a release) goes on behind it.
  const position = rank(after) > rank(alert) ? { planRound: after.planRound, planStep: after.planStep } : {};
  return changes.map(({ at, change }, i) => ({ at, change: { ...nothing(), log: change.log, sends: change.sends, engagements: change.engagements, patch: i === changes.length - 1 ? position : {} } }));
}

/** A step that the worker had made too, in a commit of which standby could not know (one of unknown outcome): told as what it is, a step is made once. */
function repeated(alert: Alert, l: LogEntry): LogEntry {
  const made = l.action === 'plan-step' && rank({ planRound: Number(l.detail?.['round']), planStep: Number(l.detail?.['step']) }) < rank(alert);
  return made ? { ...l, action: 'step-repeated' } : l;
}

/** Where the changes lead: the last value of each. */
export function endOf(start: Position, h: Handover): Position {
  return h.changes.reduce((a, { change: { patch: p } }) => ({ state: p.state ?? a.state, planRound: p.planRound ?? a.planRound, planStep: p.planStep ?? a.planStep }), positionOf(h.from ?? start));
}

export const positionOf = ({ state, planRound, planStep }: Position): Position => ({ state, planRound, planStep });
