/** What of a handover holds on a case that others have moved meanwhile. */
import { describe, expect, it } from 'vitest';
import { type Case, type Change, nothing } from './change.ts';
import { endOf, type Handover, positionOf, taken } from './handover.ts';

const step = (round: number, n: number): { at: number; change: Change } =>
  ({ at: 0, change: { ...nothing(), patch: { planStep: n + 1 }, log: [{ actor: { type: 'system', id: 'plan' }, action: 'plan-step', detail: { round, step: n } }] } });
const at = (planRound: number, planStep: number, state = 'open', version = 5): Case => ({ alert: { planRound, planStep, state, version } }) as never;
const of = (from: Case, ...changes: Handover['changes']): Handover => ({ startedAt: 0, fromVersion: from.alert.version, from: positionOf(from.alert), changes });
const run = (c: Case, h: Handover): { words: string[]; end: Partial<Case['alert']> } => {
  const made = taken(c, h, endOf(c.alert, h), false);
  return { words: made.flatMap(({ change }) => change.log.map((l) => `${l.action} ${l.detail?.['round']}/${l.detail?.['step']}`)), end: Object.assign({}, ...made.map(({ change }) => change.patch)) as Partial<Case['alert']> };
};

describe('a handover', () => {
  it('holds whole where nobody has moved the case', () => {
    expect(run(at(0, 1), of(at(0, 1), step(0, 1), step(0, 2)))).toEqual({ words: ['plan-step 0/1', 'plan-step 0/2'], end: { planStep: 3 } });
  });
  it('tells a step that the worker had made too as made again, and goes on from where standby is further [I3]', () => {
    expect(run(at(0, 2, 'open', 6), of(at(0, 1), step(0, 1), step(0, 2)))).toEqual({ words: ['step-repeated 0/1', 'plan-step 0/2'], end: { planStep: 3 } });
  });
  it('does not take a step of an old round for one of the round that the worker has begun since [I3]', () => {
    expect(run(at(1, 1, 'open', 9), of(at(0, 0), step(0, 0), step(0, 1)))).toEqual({ words: ['step-repeated 0/0', 'step-repeated 0/1'], end: {} });
  });
  it('leaves the state to a human who has taken it, tells what was done, and lets whoever searches again go on behind it', () => {
    expect(run(at(0, 1, 'committed', 6), of(at(0, 1), step(0, 1)))).toEqual({ words: ['plan-step 0/1'], end: { planRound: 0, planStep: 2 } });
    expect(run(at(0, 2, 'committed', 6), of(at(0, 1), step(0, 1)))).toEqual({ words: ['step-repeated 0/1'], end: {} });
  });
});
