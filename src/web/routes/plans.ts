/** Plans (呼叫预案): list, read, judge, edit. The linter warns of gaps and refuses only what cannot run (FIELD F9). Open alerts keep the plan they began with. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { Plan, PlanTarget } from '#core/escalation.ts';
import { eventKinds } from '#core/event.ts';
import { newId, scopePrefix } from '#core/ids.ts';
import { lintPlan, type PlanRoster } from '#core/plan-lint.ts';
import { pricePlan } from '#core/plan-price.ts';
import type { ProviderSettings } from '#core/provider.ts';
import { may } from '#core/user.ts';
import { deletePlan, findPlan, insertPlans, listPlans, type PlanRow, rosterCounts, updatePlan } from '#store/plan-admin.ts';
import { knownRegions } from '#store/regions.ts';
import { readSetting } from '#store/settings.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { change, nothing, versionConflict } from '#web/registry.ts';
import { Changed, IdParams, OwnId, VersionNumber } from '#web/registry-schemas.ts';
import { gapHours } from '#web/schedule-view.ts';
import { clockText, EpochMs, errorAnswers, Nullable, Ok, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['plans'];
const readers = may.readPlans;
const targets = [
  'care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'duty-leader', 'shift-leader', 'seat', 'key-holder', 'family-1', 'family-2', 'neighbour', 'neighbour-villages', 'nearby', 'fire-station',
] as const satisfies readonly PlanTarget[];
const Clock = clockText('a time of the day, HH:mm');
const seconds = (maximum: number) => Type.Integer({ minimum: 0, maximum });
const planFields = {
  name: Type.String({ minLength: 1, maxLength: 60 }), kinds: Type.Array(OneOf(eventKinds), { maxItems: eventKinds.length }), scopeCode: RegionCodeText,
  steps: Type.Array(Shape({ atS: seconds(7200), actions: Type.Array(Shape({ target: OneOf(targets), channel: OneOf(['sms', 'voice']) }), { maxItems: 30 }) }), { maxItems: 50 }),
  priority: Type.Optional(Nullable(Type.Union([Type.Literal(1), Type.Literal(2)], { description: 'only for raises of this priority' }))), risk: Type.Optional(Nullable(OneOf(['high', 'normal'], 'only for people of high risk, or only for the others'))),
  hours: Type.Optional(Nullable(Shape({ from: Clock, to: Clock }, 'only between these times of the county’s day; they may pass midnight'))),
  roundS: seconds(14_400), desk: Type.Array(Shape({ atS: seconds(7200), ring: OneOf(['other-seat', 'shift-leader', 'duty-leader']) }), { maxItems: 20 }),
};
export const PlanBody = Shape({ id: Type.Optional(OwnId), ...planFields });
const Warnings = Type.Array(Shape({ code: Type.String(), text: Type.String(), fields: Type.Array(Type.String({ description: 'the lines it concerns: steps.1, steps.1.actions.0, desk, …' })), n: Type.Integer() }));
const Most = Shape({ target: Nullable(Type.String()), n: Type.Integer(), allowed: Type.Integer() });
const Price = Shape({ firstCallS: Nullable(Type.Integer()), lastRungS: Type.Integer(), roundS: Type.Integer(), texts: Type.Integer(), calls: Type.Integer(), in5Min: Most, inHour: Most });
const PlanView = Shape({ id: Type.String(), ...planFields, price: Price, version: Type.Integer(), updatedAt: EpochMs, demo: Type.Boolean(), warnings: Warnings });
type Body = Omit<Static<typeof PlanBody>, 'id'>;

export const toPlan = (id: string, b: Body): Plan => ({
  id, name: b.name, kinds: b.kinds, steps: b.steps, roundS: b.roundS, desk: b.desk, ...(b.priority ? { priority: b.priority } : {}), ...(b.risk ? { risk: b.risk } : {}), ...(b.hours ? { hours: b.hours } : {}),
});

export function registerPlans(app: App, ctx: WebContext): void {
  const rosterOf = async (scopeCode: string): Promise<PlanRoster> => {
    const provider = await readSetting<ProviderSettings>(ctx.db, 'provider');
    const prefix = scopePrefix(scopeCode);
    return { ...(await rosterCounts(ctx.db, prefix)), gaps: await gapHours(ctx.db, ctx.seal, prefix, await readNow(ctx.db)), voice: provider?.mode ?? 'public' };
  };
  const viewOf = async (row: PlanRow): Promise<Static<typeof PlanView>> => ({
    ...row.plan, id: row.id, scopeCode: row.scopeCode, version: row.version, updatedAt: row.updatedAt, demo: row.demo, price: pricePlan(row.plan), warnings: lintPlan(row.plan, await rosterOf(row.scopeCode)).warnings,
  });
  app.get('/api/v1/plans', {
    config: { access: readers }, schema: { summary: 'Plans that hold in your scope, with what the linter says', tags, response: { 200: Shape({ plans: Type.Array(PlanView) }), ...errorAnswers } },
  }, async (request) => {
    const { scopeCode } = callerOf(request);
    return { plans: await Promise.all((await listPlans(ctx.db, scopePrefix(scopeCode), scopeCode)).map(viewOf)) };
  });
  app.get('/api/v1/plans/:id', {
    config: { access: readers }, schema: { summary: 'One plan', tags, params: IdParams, response: { 200: PlanView, ...errorAnswers } },
  }, async (request) => {
    const row = await findPlan(ctx.db, request.params.id);
    const { scopeCode } = callerOf(request);
    if (!row || !(seesRegion(scopeCode, row.scopeCode) || seesRegion(row.scopeCode, scopeCode))) throw nothing();
    return viewOf(row);
  });
  registerWrites(app, ctx, rosterOf);
}

function registerWrites(app: App, ctx: WebContext, rosterOf: (scopeCode: string) => Promise<PlanRoster>): void {
  const judged = async (request: { caller: unknown }, body: Body): Promise<Static<typeof Warnings>> => {
    const caller = callerOf(request as never);
    if (!seesRegion(caller.scopeCode, body.scopeCode) || !(await knownRegions(ctx.db, [body.scopeCode])).has(body.scopeCode)) throw invalid([{ field: 'scopeCode', expected: 'a region of your scope' }]);
    const { problems, warnings } = lintPlan(toPlan('', body), await rosterOf(body.scopeCode));
    if (problems.length > 0) throw invalid(problems);
    return warnings;
  };
  app.post('/api/v1/plans/lint', {
    config: { access: readers }, schema: { summary: 'Judge a plan without keeping it', tags, body: PlanBody, response: { 200: Shape({ warnings: Warnings }), ...errorAnswers } },
  }, async (request) => ({ warnings: await judged(request, request.body) }));
  app.post('/api/v1/plans', {
    config: { access: may.writePlans }, schema: { summary: 'Add a plan', tags, body: PlanBody, response: { 201: Shape({ ...Changed.properties, warnings: Warnings }), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const warnings = await judged(request, request.body);
    const id = request.body.id ?? newId('plan-');
    await change(ctx, async (sql) => {
      if ((await insertPlans(sql, [{ plan: toPlan(id, request.body), scopeCode: request.body.scopeCode, demo: false }])) === 0) throw versionConflict(null);
      return { result: null, audit: [{ actor: caller.actor, action: 'plan.create', target: `plan:${id}`, result: 'ok', detail: { plan: toPlan(id, request.body), scopeCode: request.body.scopeCode } }] };
    });
    reply.code(201);
    return { id, version: 1, warnings };
  });
  app.put('/api/v1/plans/:id', {
    config: { access: may.writePlans },
    schema: { summary: 'Replace a plan', tags, params: IdParams, body: Shape({ ...planFields, version: VersionNumber }), response: { 200: Shape({ ...Changed.properties, warnings: Warnings }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { id } = request.params;
    const { version, ...body } = request.body;
    const row = await findPlan(ctx.db, id);
    if (!row) throw nothing();
    requireScope(caller, row.scopeCode);
    const warnings = await judged(request, body);
    const next = await change(ctx, async (sql) => {
      const result = await updatePlan(sql, toPlan(id, body), body.scopeCode, version);
      if (result === null) throw versionConflict(row.version);
      return { result, audit: [{ actor: caller.actor, action: 'plan.change', target: `plan:${id}`, result: 'ok', detail: { before: row.plan, after: toPlan(id, body), scopeCode: body.scopeCode } }] };
    });
    return { id, version: next, warnings };
  });
  app.delete('/api/v1/plans/:id', {
    config: { access: may.writePlans },
    schema: { summary: 'Remove a plan; the next wider one holds, at last the house’s own', tags, params: IdParams, querystring: Shape({ version: VersionNumber }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await findPlan(ctx.db, request.params.id);
    if (!row) throw nothing();
    requireScope(caller, row.scopeCode);
    await change(ctx, async (sql) => {
      if (!(await deletePlan(sql, row.id, request.query.version))) throw versionConflict(row.version);
      return { result: null, audit: [{ actor: caller.actor, action: 'plan.remove', target: `plan:${row.id}`, result: 'ok', detail: { plan: row.plan } }] };
    });
    return { ok: true as const };
  });
}
