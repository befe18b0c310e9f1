/** Trials of flows (C10, C11): one tab, as it is deployed or as it is drawn, is driven with the last 24 hours by the keeper and acts on nothing; what it found is compared with what was done. */
import { Type } from 'typebox';
import { flowActKinds, trialEnds } from '#core/flow-acts.ts';
import { alone, areItems, tabsIn } from '#core/flow-change.ts';
import { may } from '#core/user.ts';
import { askTrial, findTrial, listTrials } from '#store/flow-trials.ts';
import { newestVersion } from '#store/flow-versions.ts';
import { livingNodes } from '#store/nodes.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, IdText, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['flows'];
const bodyBytes = 5 * 1024 * 1024;
const Row = { id: Type.String(), askedAt: EpochMs, by: Type.String(), byName: Nullable(Type.String()), tab: Type.String(), tabName: Type.String(), drawn: Type.Boolean({ description: 'as it stood in the editor, not as it is deployed' }), state: OneOf(['asked', 'running', 'done'] as const), doneAt: Nullable(EpochMs) };
const act = { at: EpochMs, what: OneOf(flowActKinds), target: Type.String(), said: Type.String() };
const Act = Shape(act);
const Result = Shape({
  end: OneOf(trialEnds), detail: Type.String(), upTo: EpochMs, items: Type.Integer(), less: Type.Boolean({ description: 'there was more in the span than was driven' }), messages: Type.Integer(), ms: Type.Integer(), lines: Type.Array(Type.String()), tried: Type.Integer(),
  refused: Type.Array(Shape({ ...act, why: Type.String() })), difference: Shape({ added: Type.Array(Act), gone: Type.Array(Act), changed: Type.Array(Shape({ was: Act, is: Act })), same: Type.Integer() }), cut: Type.Boolean({ description: 'the lists are longer than what is kept of them' }),
});

export function registerFlowsTrials(app: App, ctx: WebContext): void {
  app.post('/api/v1/flows-trials', {
    config: { access: may.editFlows }, bodyLimit: bodyBytes,
    schema: {
      summary: 'Drive one tab with the last 24 hours: nothing is raised, sent, commanded or asked', tags,
      body: Shape({ tab: Type.String({ minLength: 1, maxLength: 64 }), flows: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }), { description: 'all flows as they stand in the editor; absent: as they are deployed' })), answer: Type.Optional(Type.String({ maxLength: 4000, description: 'what each request outside is answered with' })) }), response: { 202: Shape({ id: Type.String() }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { tab, flows, answer = '{}' } = request.body;
    if (!(await livingNodes(ctx.db)).some((n) => n.role === 'flows')) throw new ApiError('E_OVERLOADED', 'The flows are off: start the house with --flows.');
    if (flows !== undefined && !areItems(flows)) throw invalid([{ field: 'flows', expected: 'the flows as Node-RED exports them: items with id and type' }]);
    const deployed = (await newestVersion(ctx.db, ctx.seal))?.items ?? [];
    const items = alone(flows ?? deployed, tab);
    if (items === null) throw invalid([{ field: 'tab', expected: 'the id of a tab of these flows' }]);
    const nameIn = (list: Parameters<typeof tabsIn>[0]): string[] => tabsIn(list).filter((t) => t.id === tab).map((t) => t.name);
    const [name = tab] = nameIn(items);
    const id = await askTrial(ctx.db, ctx.seal, { by: caller.actor, tab, tabName: name, drawn: flows !== undefined, names: [...new Set([name, ...nameIn(deployed)])], items, answer });
    if (id === null) throw new ApiError('E_RATE_LIMITED', 'Trials are waiting already; look at them first.', { more: { retryAfterS: 30 } });
    await ctx.audit({ actor: caller.actor, action: 'flows.trial', target: `tab:${tab}`, result: 'ok', detail: { address: request.ip, drawn: flows !== undefined } });
    reply.code(202);
    return { id };
  });

  app.get('/api/v1/flows-trials', { config: { access: may.readFlows }, schema: { summary: 'The last trials, and the tabs that are deployed', tags, response: { 200: Shape({ trials: Type.Array(Shape(Row)), tabs: Type.Array(Shape({ id: Type.String(), name: Type.String(), disabled: Type.Boolean() })) }), ...errorAnswers } } },
    async () => ({ trials: await listTrials(ctx.db), tabs: tabsIn((await newestVersion(ctx.db, ctx.seal))?.items ?? []) }));

  app.get('/api/v1/flows-trials/:id', { config: { access: may.editFlows }, schema: { summary: 'One trial with what it found; `result` is null until it is done, and when it was cut off', tags, params: Shape({ id: IdText }), response: { 200: Shape({ ...Row, result: Nullable(Result) }), ...errorAnswers } } }, async (request) => {
    requireWholeCounty(callerOf(request));
    const found = await findTrial(ctx.db, ctx.seal, request.params.id);
    if (!found) throw nothing();
    return found;
  });
}
