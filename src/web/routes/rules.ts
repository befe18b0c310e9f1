/**
 * 规则参数: what the county has set of the rules' windows, classes and thresholds. Tried on the last 24 hours before it is adopted, every version kept with who, when and
 * why, and gone back to as a new version. What a rule may not be set to is refused by name (core/rule-params.ts).
 */
import { type Static, Type } from 'typebox';
import { mayWait } from '#core/device-models.ts';
import { limits } from '#core/limits.ts';
import { boundsOf, inOrder, type RuleEntries, type RuleParam, ruleChanges, ruleParamNames, ruleParams, ruleProblems, ruleScopes } from '#core/rule-params.ts';
import { diffChanges, type DiffRow, type Tried, tryGaps } from '#core/rule-try.ts';
import { may } from '#core/user.ts';
import { listRegions } from '#store/regions.ts';
import { adoptRules, findRuleVersion, listRuleVersions, readRuleWorld, type RuleVersion } from '#store/rule-versions.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, KindName, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['rules'];
const Entry = Shape({
  param: OneOf(ruleParamNames), scope: OneOf(ruleScopes), id: Type.String({ maxLength: 64, description: 'the class, model, person, or 12 digits of a region; empty for the whole county' }), value: Type.Number(),
});
const Entries = Type.Array(Entry, { maxItems: limits.ruleEntries });
const Reason = Type.String({ minLength: 2, maxLength: 200, pattern: '\\S', description: 'why; stands beside the version for good' });
const Change = Shape({ param: Type.String(), scope: OneOf(ruleScopes), id: Type.String(), was: Nullable(Type.Number()), now: Nullable(Type.Number()) });
const Version = Shape({ no: Type.Integer(), reason: Type.String(), byName: Type.String(), at: EpochMs, backTo: Nullable(Type.Integer()), changes: Type.Array(Change, { description: 'against the version before' }) });
const View = Shape({
  no: Type.Integer({ description: 'the version that holds; 0: nobody has set anything' }), entries: Entries, versions: Type.Array(Version),
  params: Type.Array(Shape({ param: Type.String(), scopes: Type.Array(OneOf(ruleScopes)), min: Type.Number(), max: Type.Number(), own: Nullable(Type.Number({ description: 'as the house has it; null: what model or class declares' })), tenth: Type.Boolean() })),
  classes: Type.Array(Shape({ id: Type.String(), name: Type.String(), periodS: Type.Integer(), ownGraceS: Type.Integer(), min: Type.Integer(), max: Type.Integer() })),
  models: Type.Array(Shape({ id: Type.String(), name: Type.String(), falls: Type.Boolean(), windowS: Type.Integer() })),
});
const Row = Shape({
  change: OneOf(diffChanges), kind: KindName, priority: Type.Integer(), wasPriority: Nullable(Type.Integer()), subject: Shape({ type: Type.String(), id: Type.String() }), deviceId: Nullable(Type.String()), homeId: Nullable(Type.String()),
  personId: Nullable(Type.String()), regionCode: Nullable(Type.String()), at: EpochMs, byMs: Nullable(Type.Integer()), alertId: Nullable(Type.String({ description: 'the alert that there was' })),
});
const Count = Shape({ change: OneOf(diffChanges), n: Type.Integer() });
const Difference = Shape({
  from: EpochMs, to: EpochMs, tookMs: Type.Integer(), events: Type.Integer(), agreement: Shape({ of: Type.Integer(), same: Type.Integer() }, 'of so many alerts the replay under what holds gives so many exactly as they were: what its word is worth'),
  alerts: Shape({ was: Type.Integer(), now: Type.Integer() }), differences: Type.Integer(), counts: Type.Array(Count), byKind: Type.Array(Shape({ kind: KindName, ...Count.properties })), byTown: Type.Array(Shape({ town: Nullable(Type.String()), ...Count.properties })),
  rows: Type.Array(Row, { description: `the gravest ${limits.tryRows}` }), silentAtOnce: Type.Integer({ description: 'devices that count as online and would be offline at once' }), gaps: Type.Array(OneOf(tryGaps, 'what the records cannot say')),
});

export function registerRules(app: App, ctx: WebContext): void {
  registerReads(app, ctx);
  registerWrites(app, ctx);
}

async function view(ctx: WebContext): Promise<Static<typeof View>> {
  const versions = await listRuleVersions(ctx.db);
  const { classes, models } = await readRuleWorld(ctx.db, []);
  const entries = versions[0]?.entries ?? [];
  return {
    no: versions[0]?.no ?? 0, entries: [...entries] as Static<typeof Entries>, versions: versions.map((v, i) => versionView(v, versions[i + 1]?.entries ?? [], v.no === 1 || i + 1 < versions.length)),
    params: ruleParamNames.map((param) => { const { scopes, min, max, own, tenth } = ruleParams[param]; return { param, scopes: [...scopes], min, max, own, tenth: tenth === true }; }),
    classes: classes.map(({ id, name, periodS, ownGraceS }) => ({ id, name, periodS, ownGraceS, ...boundsOf({ param: 'graceS', scope: 'class', id }, { classes, models }) })),
    models: models.map((m) => ({ id: m.id, name: m.name, falls: mayWait(m.type), windowS: m.confirmWindowS })),
  };
}

const versionView = ({ no, reason, byName, at, backTo, entries }: RuleVersion, before: RuleEntries, known: boolean): Static<typeof Version> => ({ no, reason, byName, at, backTo, changes: known ? ruleChanges(before, entries) : [] });

/** Refuses what a rule may not be set to, naming line and field. */
async function judged(ctx: WebContext, given: Static<typeof Entries>): Promise<RuleEntries> {
  const entries = given as { param: RuleParam; scope: (typeof ruleScopes)[number]; id: string; value: number }[];
  const problems = ruleProblems(entries, await readRuleWorld(ctx.db, entries));
  if (problems.length > 0) throw invalid(problems.slice(0, 50));
  return inOrder(entries);
}

function registerReads(app: App, ctx: WebContext): void {
  app.get('/api/v1/rules', {
    config: { access: may.readRules }, schema: { summary: '规则参数: what holds, what may be set and how far, and every version with who, when, why and what changed', tags, response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    return view(ctx);
  });
  let busy = false;
  app.post('/api/v1/rules/try', {
    config: { access: may.tryRules },
    schema: { summary: '试运行: decides the last 24 hours again, as the rules are set and as proposed, and answers the difference; nothing is changed. One at a time: a second is 409', tags, body: Shape({ entries: Entries }), response: { 200: Difference, ...errorAnswers } },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    const entries = await judged(ctx, request.body.entries);
    if (!ctx.tryRules) throw nothing();
    if (busy) throw new ApiError('E_CONFLICT', 'Another dry run is under way; it takes some seconds.');
    busy = true;
    try { return await difference(ctx, await ctx.tryRules(entries)); } finally { busy = false; }
  });
}

async function difference(ctx: WebContext, tried: Tried): Promise<Static<typeof Difference>> {
  const towns = new Map((await listRegions(ctx.db, '', { level: 'town' })).map((r) => [r.code, r.name]));
  const townOf = (r: DiffRow): string | null => (r.regionCode === null ? null : (towns.get(`${r.regionCode.slice(0, 9)}000`) ?? r.regionCode.slice(0, 9)));
  const grouped = <K>(key: (r: DiffRow) => K): [K, DiffRow['change'], number][] => {
    const groups = Map.groupBy(tried.rows, (r) => JSON.stringify([key(r), r.change]));
    return [...groups.values()].map((rows): [K, DiffRow['change'], number] => [key(rows[0] as DiffRow), (rows[0] as DiffRow).change, rows.length]).sort((a, b) => b[2] - a[2]);
  };
  return {
    ...tried, rows: tried.rows.slice(0, limits.tryRows), differences: tried.rows.length, counts: grouped(() => null).map(([, c, n]) => ({ change: c, n })),
    byKind: grouped((r) => r.kind).map(([kind, c, n]) => ({ kind, change: c, n })), byTown: grouped(townOf).slice(0, 60).map(([town, c, n]) => ({ town, change: c, n })),
  };
}

function registerWrites(app: App, ctx: WebContext): void {
  app.post('/api/v1/rules', {
    config: { access: may.writeRules },
    schema: { summary: 'Adopt a version: it holds from the next event on, without a restart. `after` is the version that you saw; another one is 409', tags, body: Shape({ after: Type.Integer({ minimum: 0 }), entries: Entries, reason: Reason }), response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    await adopt(ctx, caller, { after: request.body.after, entries: await judged(ctx, request.body.entries), reason: request.body.reason.trim(), backTo: null });
    return view(ctx);
  });
  app.post('/api/v1/rules/back', {
    config: { access: may.writeRules },
    schema: { summary: 'Go back to a version (0: as the house has it), as a new version', tags, body: Shape({ after: Type.Integer({ minimum: 1 }), to: Type.Integer({ minimum: 0 }), reason: Reason }), response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { after, to, reason } = request.body;
    const old = to === 0 ? [] : (await findRuleVersion(ctx.db, to))?.entries;
    if (!old) throw invalid([{ field: 'to', expected: 'the number of a version' }]);
    // What has gone since (a person, a model) would be refused as a new value: it names nothing any more, and is left out.
    const gone = new Set(ruleProblems(old, await readRuleWorld(ctx.db, old)).map((p) => Number(p.field.split('.')[1])));
    await adopt(ctx, caller, { after, entries: old.filter((_, i) => !gone.has(i)), reason: reason.trim(), backTo: to === 0 ? null : to }, to);
    return view(ctx);
  });
}

async function adopt(ctx: WebContext, caller: { actor: string; name: string }, v: { after: number; entries: RuleEntries; reason: string; backTo: number | null }, back?: number): Promise<void> {
  await change(ctx, async (sql) => {
    const [newest] = await listRuleVersions(sql, 1);
    const no = await adoptRules(sql, { ...v, byActor: caller.actor, byName: caller.name });
    if (no === null) throw new ApiError('E_CONFLICT', 'Somebody else has adopted a version since you saw it.', { more: { no: newest?.no ?? 0 } });
    return { result: null, audit: [{ actor: caller.actor, action: back === undefined ? 'rules.adopt' : 'rules.back', target: `rules:${no}`, result: 'ok', detail: { reason: v.reason, ...(back === undefined ? {} : { backTo: back }), changes: ruleChanges(newest?.entries ?? [], v.entries) } }] };
  });
}
