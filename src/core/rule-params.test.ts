/** Rule parameters: the nearest value holds, bounds are promises, refusals name line and field, versions say what changed. */
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { graceBounds, inOrder, type RuleEntry, ruleChanges, ruleParamNames, ruleParams, ruleProblems, ruleValue, type RuleWorld, setValue, vitalLimits } from './rule-params.ts';

const entry = (param: RuleEntry['param'], scope: RuleEntry['scope'], id: string, value: number): RuleEntry => ({ param, scope, id, value });
const world: RuleWorld = {
  classes: [{ id: '60s', periodS: 60 }, { id: '24h', periodS: 86_400 }], regions: new Set(['350425100000']), people: new Set(['p1']),
  models: [{ id: 'watch', type: 'watch', confirmWindowS: 25 }, { id: 'sos-button', type: 'sos-button', confirmWindowS: 0 }, { id: 'fall-radar', type: 'fall-radar', confirmWindowS: 0 }],
};
const problems = (...entries: RuleEntry[]): string[] => ruleProblems(entries, world).map((p) => `${p.field}: ${p.expected}`);

describe('rule parameters [C10]', () => {
  it('the nearest place holds: a person before a village, a town, a model, the county; else the house’s own', () => {
    const all = [entry('heartRateHigh', 'county', '', 120), entry('heartRateHigh', 'model', 'watch', 121), entry('heartRateHigh', 'region', '350425100000', 122), entry('heartRateHigh', 'region', '350425100001', 123), entry('heartRateHigh', 'person', 'p1', 124)];
    const where = { model: 'watch', regionCode: '350425100001', personId: 'p1' };
    expect(all.map((_, i) => ruleValue(all.slice(0, i + 1), 'heartRateHigh', where))).toEqual([120, 121, 122, 123, 124]);
    expect([ruleValue(all, 'heartRateHigh', { model: 'bed', regionCode: '350425200001' }), ruleValue(all, 'heartRateLow', where), setValue(all, 'fallWindowS', where)]).toEqual([120, limits.vitals.heartRate.low, null]);
    expect(vitalLimits(all, where).heartRate).toEqual({ low: 40, high: 124, margin: 5 });
  });

  it('no window for what a person presses, none longer than declared, for no scope that would say "all" [C10 C3 LAW5]', () => {
    expect(problems(entry('fallWindowS', 'model', 'sos-button', 0))).toEqual(['entries.0.id: a model that says falls: what a person presses, smoke and gas have no window']);
    expect(problems(entry('fallWindowS', 'county', '', 5))).toEqual(['entries.0.scope: one of model, region, person']);
    expect(problems(entry('fallWindowS', 'model', 'watch', 26), entry('fallWindowS', 'person', 'p1', 31))).toEqual(['entries.0.value: from 0 to 25: never longer than the model declares', 'entries.1.value: from 0 to 30: never longer than the model declares']);
    expect(problems(entry('fallWindowS', 'model', 'watch', 25), entry('fallWindowS', 'region', '350425100000', 0), entry('fallWindowS', 'model', 'fall-radar', 0))).toEqual([]);
  });

  it('what is not there, said twice, out of bounds or no number is refused by its line and field', () => {
    expect(problems(entry('clearHoldS', 'county', 'x', 60))).toEqual(['entries.0.id: empty: it holds for the whole county']);
    expect(problems(entry('heartRateHigh', 'person', 'nobody', 120), entry('heartRateHigh', 'region', '350425999000', 120), entry('heartRateHigh', 'model', 'x', 120), entry('graceS', 'class', '5s', 100)).map((p) => p.split(':')[0])).toEqual(['entries.0.id', 'entries.1.id', 'entries.2.id', 'entries.3.id']);
    expect(problems(entry('flapEnds', 'county', '', 3), entry('flapEnds', 'county', '', 4))).toEqual(['entries.1.id: set once: another line says the same']);
    expect(problems(entry('flapEnds', 'county', '', 2.5), entry('bodyTempHigh', 'county', '', 38.55), entry('bodyTempHigh', 'person', 'p1', 38.5))).toEqual(['entries.0.value: a whole number', 'entries.1.value: a number with one decimal']);
    expect(problems(entry('graceS', 'class', '60s', 119), entry('graceS', 'class', '24h', 90_000))).toEqual(['entries.0.value: from 120 to 600']);
    expect([graceBounds(60), graceBounds(300), graceBounds(86_400)]).toEqual([{ min: 120, max: 600 }, { min: 600, max: 3_000 }, { min: 90_000, max: 172_800 }]);
  });

  it('every value of the house lies inside its own bounds; low and high never meet', () => {
    for (const name of ruleParamNames) { const { own, min, max } = ruleParams[name]; if (own !== null) expect([name, own >= min && own <= max]).toEqual([name, true]); }
    for (const m of Object.keys(limits.vitals) as (keyof typeof limits.vitals)[]) expect([m, ruleParams[`${m}Low`].max + limits.vitals[m].margin < ruleParams[`${m}High`].min]).toEqual([m, true]);
  });

  it('a version says what it changed, whatever the order of its lines', () => {
    const was = [entry('flapEnds', 'county', '', 3), entry('clearHoldS', 'county', '', 60)];
    expect(ruleChanges(was, [entry('clearHoldS', 'county', '', 90), entry('graceS', 'class', '60s', 240)])).toEqual([
      { param: 'clearHoldS', scope: 'county', id: '', was: 60, now: 90 }, { param: 'flapEnds', scope: 'county', id: '', was: 3, now: null }, { param: 'graceS', scope: 'class', id: '60s', was: null, now: 240 }]);
    expect(ruleChanges(was, [...was].reverse())).toEqual([]);
    expect(inOrder([...was].reverse())).toEqual(inOrder(was));
  });
});
