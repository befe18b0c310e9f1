/** Versions of the flows (C11): who deployed what and when, what it changed, and the way back: a new version, audited. */
import { Type } from 'typebox';
import { flowChange, secretsLost } from '#core/flow-change.ts';
import { limits } from '#core/limits.ts';
import { may } from '#core/user.ts';
import { findVersion, listVersions, newestVersion, versionReasons } from '#store/flow-versions.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { deploy, keepDeployed, portOf } from '#web/flows-deployed.ts';
import { nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, IdText, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['flows'];
const how = OneOf(['added', 'removed', 'changed'] as const);
const on = Nullable(OneOf(['on', 'off'] as const));
const Sum = Shape({ name: Type.String(), how, on, moved: Type.Integer(), added: Type.Integer(), removed: Type.Integer(), changed: Type.Integer() });
const Version = Shape({ id: Type.String(), at: EpochMs, by: Type.String({ description: 'user:…, or house' }), byName: Nullable(Type.String()), why: OneOf(versionReasons), fromId: Nullable(Type.String()), tabs: Type.Integer(), nodes: Type.Integer(), change: Type.Array(Sum) });
const Text = Nullable(Type.String());
const Change = Type.Array(Shape({
  id: Type.String(), name: Type.String({ description: 'of the tab; empty: nodes that stand on none' }), how, on, moved: Type.Integer({ description: 'nodes that only stand elsewhere on the sheet' }),
  nodes: Type.Array(Shape({ id: Type.String(), name: Type.String(), how, fields: Type.Array(Shape({ field: Type.String(), before: Text, after: Text })) })),
}));

export function registerFlowsVersions(app: App, ctx: WebContext): void {
  app.get('/api/v1/flows-versions', { config: { access: may.readFlows }, schema: { summary: 'Each state of the flows as it was deployed, the newest first', tags, response: { 200: Shape({ versions: Type.Array(Version), kept: Type.Integer({ description: 'how many are kept' }) }), ...errorAnswers } } },
    async () => ({ versions: await listVersions(ctx.db), kept: limits.flowsVersions }));

  app.get('/api/v1/flows-versions/:id', {
    config: { access: may.editFlows },
    schema: { summary: 'What this version changed, and what going back to it would change', tags, params: Shape({ id: IdText }), response: { 200: Shape({ id: Type.String(), change: Change, back: Change, secrets: Type.Array(Type.String(), { description: 'secrets that would have to be entered again' }) }), ...errorAnswers } },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    const { id } = request.params;
    const found = await findVersion(ctx.db, ctx.seal, id);
    if (!found) throw nothing();
    const now = (await newestVersion(ctx.db, ctx.seal))?.items ?? [];
    return { id, change: flowChange(found.before, found.items), back: flowChange(now, found.items), secrets: secretsLost(now, found.items) };
  });

  app.post('/api/v1/flows-versions/:id/restore', {
    config: { access: may.editFlows },
    schema: { summary: 'Go back to this version: it is deployed anew, as a version of its own; secrets stay as they are now', tags, params: Shape({ id: IdText }), body: Shape({ newest: Type.String({ description: 'the newest version you saw: guards against somebody who deploys meanwhile' }) }), response: { 200: Shape({ id: Text, secrets: Type.Array(Type.String()) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { id } = request.params;
    const found = await findVersion(ctx.db, ctx.seal, id);
    if (!found) throw nothing();
    const port = await portOf(ctx);
    // What somebody deployed and nobody kept (the database was away) is a version before it is gone back from.
    await keepDeployed(ctx, port, { by: 'house', why: 'deploy' });
    const newest = await newestVersion(ctx.db, ctx.seal);
    if (newest?.id !== request.body.newest) throw new ApiError('E_CONFLICT', 'Somebody has deployed meanwhile: look at the newest version first.', { more: { newest: newest?.id ?? null } });
    await ctx.audit({ actor: caller.actor, action: 'flows.rollback', target: `flow-version:${id}`, result: 'ok', detail: { address: request.ip, from: newest.id } });
    const secrets = secretsLost(newest.items, found.items);
    await deploy(ctx, port, found.items);
    return { id: await keepDeployed(ctx, port, { by: caller.actor, why: 'rollback', fromId: id }), secrets };
  });
}
