/**
 * Rule parameters (规则参数): what of a rule a county may set for itself, for which models, regions and people, and how far. Everything
 * that is not set is as the house has it. Bounds are the promises: a window may only become shorter than its model declares, and nothing here can
 * keep back, lower or end a press, fire, gas or a fall; what the house finds itself (silence, vital signs) is decided by these, within bounds. Pure.
 */
import type { DeviceType } from './decision.ts';
import { mayWait } from './device-models.ts';
import { inScope, scopePrefix } from './ids.ts';
import { limits } from './limits.ts';

export const ruleScopes = ['county', 'class', 'model', 'region', 'person'] as const;
export type RuleScope = (typeof ruleScopes)[number];
type Metric = keyof typeof limits.vitals;
export type VitalName = `${Metric}${'Low' | 'High'}`;
export type RuleParam = 'fallWindowS' | 'graceS' | 'clearHoldS' | 'flapEnds' | 'fusionS' | 'routineM' | VitalName;
/** One value that a county has set; `id` is '' for the whole county. */
export type RuleEntry = { param: RuleParam; scope: RuleScope; id: string; value: number };
export type RuleEntries = readonly RuleEntry[];
/** What a parameter is: where it may be set, how far, what holds without it (null: what model or class declares). */
export type ParamInfo = { scopes: readonly RuleScope[]; min: number; max: number; own: number | null; /** decimals are allowed */ tenth?: true };

const wide = ['county', 'region', 'model', 'person'] as const;
const vital = (metric: Metric, side: 'low' | 'high', min: number, max: number, tenth = false): ParamInfo => ({ scopes: wide, min, max, own: limits.vitals[metric][side], ...(tenth ? { tenth: true as const } : {}) });

export const ruleParams: Readonly<Record<RuleParam, ParamInfo>> = {
  /** 跌倒确认窗: at most so long, and never longer than the model declares (law 5). */ fallWindowS: { scopes: ['model', 'region', 'person'], min: 0, max: 30, own: null },
  /** 离线判定: silence after which a device of the class is offline; bounds by its period, see `graceBounds`. */ graceS: { scopes: ['class'], min: 90, max: 172_800, own: null },
  /** 恢复保持: a technical alert whose cause is gone ends after so long. */ clearHoldS: { scopes: ['county', 'model'], min: 60, max: 3_600, own: limits.clearHoldMs / 1000 },
  /** 抖动锁定: ends by itself within the hour before the next is latched. */ flapEnds: { scopes: ['county', 'model'], min: 2, max: 10, own: limits.flapEnds },
  /** 互证: alarms of one home within so long confirm each other. */ fusionS: { scopes: ['county', 'region'], min: limits.fusionMs / 1000, max: 3_600, own: limits.fusionMs / 1000 },
  /** 作息看护: without movement for so long before a person's hour it raises. */ routineM: { scopes: ['county', 'region', 'person'], min: 60, max: 720, own: limits.routineWindowMs / 60_000 },
  heartRateLow: vital('heartRate', 'low', 30, 60), heartRateHigh: vital('heartRate', 'high', 100, 200), breathLow: vital('breath', 'low', 4, 12), breathHigh: vital('breath', 'high', 20, 45),
  spo2Low: vital('spo2', 'low', 80, 95), spo2High: vital('spo2', 'high', 101, 101), sbpLow: vital('sbp', 'low', 70, 110), sbpHigh: vital('sbp', 'high', 140, 220),
  dbpLow: vital('dbp', 'low', 35, 70), dbpHigh: vital('dbp', 'high', 90, 140), bodyTempLow: vital('bodyTemp', 'low', 34, 36, true), bodyTempHigh: vital('bodyTemp', 'high', 37.5, 41, true),
};
/** In the order of the page; oxygen has no upper limit. */
export const ruleParamNames = (Object.keys(ruleParams) as RuleParam[]).filter((name) => name !== 'spo2High');

/** What a value is asked for. Regions are 12 digits, a person's own comes first, then village, town, model, county. */
export type RuleWhere = { supervisionClass?: string | null; model?: string | null; regionCode?: string | null; personId?: string | null };

/** The value set for this place, the nearest one; null: nobody has set one. */
export function setValue(entries: RuleEntries | undefined, param: RuleParam, where: RuleWhere): number | null {
  let best: RuleEntry | null = null;
  let nearest = 0;
  for (const e of entries ?? []) {
    if (e.param !== param) continue;
    const near = nearness(e, where);
    if (near > nearest) { best = e; nearest = near; }
  }
  return best?.value ?? null;
}

function nearness(e: RuleEntry, where: RuleWhere): number {
  switch (e.scope) {
    case 'person': return e.id === where.personId ? 100 : 0;
    case 'region': return inScope(where.regionCode, e.id) ? 10 + scopePrefix(e.id).length : 0;
    case 'model': return e.id === where.model ? 5 : 0;
    case 'class': return e.id === where.supervisionClass ? 5 : 0;
    case 'county': return 1;
  }
}

/** The value that holds here; only for parameters that have one of their own. */
export const ruleValue = (entries: RuleEntries | undefined, param: RuleParam, where: RuleWhere): number => setValue(entries, param, where) ?? ruleParams[param].own ?? 0;

/** Limits of vital signs as they hold for one device. */
export type VitalLimits = Readonly<Record<Metric, { low: number; high: number; margin: number }>>;
const metrics = Object.keys(limits.vitals) as Metric[];
export const isVital = (param: RuleParam): boolean => metrics.some((m) => param === `${m}Low` || param === `${m}High`);
export function vitalLimits(entries: RuleEntries | undefined, where: RuleWhere): VitalLimits {
  if (!entries?.some((e) => isVital(e.param))) return limits.vitals;
  return Object.fromEntries(metrics.map((m) => [m, { low: ruleValue(entries, `${m}Low`, where), high: ruleValue(entries, `${m}High`, where), margin: limits.vitals[m].margin }])) as VitalLimits;
}

/** The narrowest of several: what lies inside of it lies inside of all. */
export const narrowest = (all: readonly VitalLimits[]): VitalLimits => Object.fromEntries(metrics.map((m) => [m, { low: all.reduce((low, l) => Math.max(low, l[m].low), 0), high: all.reduce((high, l) => Math.min(high, l[m].high), Infinity), margin: limits.vitals[m].margin }])) as VitalLimits;

/** How far the silence of a class may be stretched: two missed heartbeats at least, for what speaks once a day an hour more than that. */
export const graceBounds = (periodS: number): { min: number; max: number } => (periodS >= 43_200 ? { min: periodS + 3_600, max: periodS * 2 } : { min: Math.max(90, periodS * 2), max: periodS * 10 });

/** What the county has, to judge entries by. */
export type RuleWorld = { classes: readonly { id: string; periodS: number }[]; models: readonly { id: string; type: DeviceType; confirmWindowS: number }[]; regions: ReadonlySet<string>; people: ReadonlySet<string> };
type FieldProblem = { field: string; expected: string };

/** What is wrong with these entries, by field, with what was expected. */
export function ruleProblems(entries: RuleEntries, world: RuleWorld): FieldProblem[] {
  const seen = new Set<string>();
  return entries.flatMap((e, i) => {
    const problem = (field: string, expected: string): FieldProblem[] => [{ field: `entries.${i}.${field}`, expected }];
    const info = ruleParams[e.param];
    if (!info.scopes.includes(e.scope)) return problem('scope', `one of ${info.scopes.join(', ')}`);
    const key = keyOf(e);
    if (seen.has(key)) return problem('id', 'set once: another line says the same');
    seen.add(key);
    const place = placeProblem(e, world);
    if (place) return problem('id', place);
    if (!(info.tenth ? Number.isInteger(Math.round(e.value * 10_000) / 1_000) : Number.isInteger(e.value))) return problem('value', info.tenth ? 'a number with one decimal' : 'a whole number');
    const { min, max } = boundsOf(e, world);
    return e.value < min || e.value > max ? problem('value', `from ${min} to ${max}${e.param === 'fallWindowS' ? ': never longer than the model declares' : ''}`) : [];
  });
}

function placeProblem(e: RuleEntry, world: RuleWorld): string | null {
  switch (e.scope) {
    case 'county': return e.id === '' ? null : 'empty: it holds for the whole county';
    case 'class': return world.classes.some((c) => c.id === e.id) ? null : `one of ${world.classes.map((c) => c.id).join(', ')}`;
    case 'region': return world.regions.has(e.id) ? null : 'the 12-digit code of a region of the county';
    case 'person': return world.people.has(e.id) ? null : 'the id of a person on file';
    case 'model': {
      const model = world.models.find((m) => m.id === e.id);
      if (!model) return `a model of the catalogue: ${world.models.map((m) => m.id).join(', ')}`;
      return e.param === 'fallWindowS' && !mayWait(model.type) ? 'a model that says falls: what a person presses, smoke and gas have no window' : null;
    }
  }
}

/** The bounds of an entry, narrowed by what its model or class is. */
export function boundsOf(e: Pick<RuleEntry, 'param' | 'scope' | 'id'>, world: Pick<RuleWorld, 'classes' | 'models'>): { min: number; max: number } {
  const { min, max } = ruleParams[e.param];
  if (e.param === 'graceS') return graceBounds(world.classes.find((c) => c.id === e.id)?.periodS ?? 60);
  if (e.param === 'fallWindowS' && e.scope === 'model') return { min, max: Math.min(max, world.models.find((m) => m.id === e.id)?.confirmWindowS ?? max) };
  return { min, max };
}

const keyOf = (e: RuleEntry): string => `${e.param} ${e.scope} ${e.id}`;
/** In one order, so that two versions of the same content are the same. */
export const inOrder = (entries: RuleEntries): RuleEntry[] => [...entries].map(({ param, scope, id, value }) => ({ param, scope, id, value })).sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

export type RuleChange = Omit<RuleEntry, 'value'> & { was: number | null; now: number | null };
/** What one version changed of the one before; null: not set. */
export function ruleChanges(before: RuleEntries, after: RuleEntries): RuleChange[] {
  const had = new Map(before.map((e) => [keyOf(e), e]));
  const has = new Map(after.map((e) => [keyOf(e), e]));
  return [...new Set([...had.keys(), ...has.keys()])].sort().flatMap((key) => {
    const [was, now] = [had.get(key), has.get(key)];
    const { param, scope, id } = (now ?? was) as RuleEntry;
    return was?.value === now?.value ? [] : [{ param, scope, id, was: was?.value ?? null, now: now?.value ?? null }];
  });
}
