/** 自定规则 as people see them: whether they run, what was done to them, how far behind they are; and the hosts they may ask. */
import { type Static, Type } from 'typebox';
import { type FlowSettings, isInside, noFlowSettings } from '#core/flows.ts';
import { may } from '#core/user.ts';
import { incidentKinds, listIncidents, listPlaces, listUses } from '#store/flows.ts';
import { livingNodes } from '#store/nodes.ts';
import { findSetting, writeSetting } from '#store/settings.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['flows'];
const Text = Nullable(Type.String());
const State = Shape({
  on: Type.Boolean({ description: 'started with --flows' }), up: Type.Boolean(), restarts: Type.Integer(), since: Nullable(EpochMs), pausedMs: Nullable(Type.Integer({ description: 'until it is started again' })), safe: Type.Boolean({ description: 'started without flows: they could not be run' }), rssBytes: Nullable(Type.Integer()),
  incidents: Type.Array(Shape({ id: Type.String(), at: EpochMs, what: OneOf(incidentKinds), tab: Text, tabName: Text, node: Text, nodeName: Text, detail: Type.String() })),
  places: Type.Array(Shape({ nodeId: Type.String(), stream: Type.String(), label: Type.String(), position: Type.String(), behind: Type.Number(), askedAt: EpochMs })),
  uses: Type.Array(Shape({ what: Type.String(), windowAt: EpochMs, used: Type.Integer(), refused: Type.Number() })),
});
const Host = Shape({ host: Type.String({ pattern: '^[A-Za-z0-9.:-]{1,253}$', description: 'a host name or an address' }), port: Nullable(Type.Integer({ minimum: 1, maximum: 65_535, description: 'null: 80 and 443' })), inside: Type.Boolean({ description: 'it may stand on this machine or in a private network' }) });
const Settings = Shape({ allow: Type.Array(Host, { maxItems: 100 }), updatedAt: Nullable(EpochMs) });

export function registerFlowsPage(app: App, ctx: WebContext): void {
  app.get('/api/v1/flows-state', { config: { access: may.readFlows }, schema: { summary: 'How the flows are', tags, response: { 200: State, ...errorAnswers } } }, async (): Promise<Static<typeof State>> => {
    const node = (await livingNodes(ctx.db)).find((n) => n.role === 'flows');
    const said = (node?.detail['flows'] ?? {}) as { port?: number | null; restarts?: number; since?: number | null; pausedMs?: number | null; safe?: boolean; rss?: number | null };
    const [incidents, places, uses] = [await listIncidents(ctx.db), await listPlaces(ctx.db), await listUses(ctx.db)];
    return { on: node !== undefined, up: typeof said.port === 'number', restarts: said.restarts ?? 0, since: node?.startedAt ?? null, pausedMs: said.pausedMs ?? null, safe: said.safe ?? false, rssBytes: said.rss ?? null, incidents, places, uses };
  });

  const read = async (): Promise<Static<typeof Settings>> => {
    const row = await findSetting<FlowSettings>(ctx.db, 'flows');
    return { allow: [...(row?.value ?? noFlowSettings).allow], updatedAt: row?.updatedAt ?? null };
  };
  app.get('/api/v1/settings/flows', { config: { access: may.readFlows }, schema: { summary: 'The hosts that flows may ask', tags, response: { 200: Settings, ...errorAnswers } } }, read);
  app.put('/api/v1/settings/flows', { config: { access: may.writeProvider }, schema: { summary: 'Replace them; `updatedAt` of the answer you saw guards against a second writer', tags, body: Settings, response: { 200: Settings, ...errorAnswers } } }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { allow, updatedAt } = request.body;
    const wrong = allow.findIndex((h) => (/^[\d.]+$/.test(h.host) || h.host.includes(':') || h.host.toLowerCase() === 'localhost') && !h.inside && isInside(h.host));
    if (wrong >= 0) throw invalid([{ field: `allow.${wrong}.inside`, expected: 'true for an address of this machine or of a private network' }]);
    await change(ctx, async (sql) => {
      const before = await findSetting<FlowSettings>(sql, 'flows');
      if ((before?.updatedAt ?? null) !== updatedAt) throw new ApiError('E_CONFLICT', 'Somebody else has changed the list.', { more: { updatedAt: before?.updatedAt ?? null } });
      await writeSetting(sql, 'flows', { allow } satisfies FlowSettings, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'settings.flows', result: 'ok', detail: { before: before?.value ?? null, after: { allow } } }] };
    });
    return read();
  });
}
