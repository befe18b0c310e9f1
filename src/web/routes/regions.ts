/** Regions of the caller's scope as a list that makes a tree, stations, new regions (also many at once); plain places, no personal data. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { levelOf, parentOf, type RegionRow, regionLevels, showRegion } from '#core/region.ts';
import { knownRegions, listRegions, listStations, putRegions, type Region } from '#store/regions.ts';
import { callerOf, everyone, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { change, collectProblems, listPrefix, nothing } from '#web/registry.ts';
import { RegionView } from '#web/registry-schemas.ts';
import { errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['files'];
const readers = everyone.filter((r) => r !== 'caregiver');
const NewRegion = Shape({
  code: RegionCodeText, name: Type.String({ minLength: 1, maxLength: 60 }), language: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 20 }))),
  lat: Type.Optional(Nullable(Type.Number({ minimum: -90, maximum: 90 }))), lon: Type.Optional(Nullable(Type.Number({ minimum: -180, maximum: 180 }))),
});
const viewOf = (r: Region): Static<typeof RegionView> => ({ ...r, shown: showRegion(r.name) });

export function registerRegions(app: App, ctx: WebContext): void {
  app.get('/api/v1/regions', {
    config: { access: readers },
    schema: {
      summary: 'Regions of your scope, parents before children', tags,
      querystring: Shape({ level: Type.Optional(OneOf(regionLevels)), parent: Type.Optional(RegionCodeText), region: Type.Optional(RegionCodeText) }),
      response: { 200: Shape({ regions: Type.Array(RegionView) }), ...errorAnswers },
    },
  }, async (request) => {
    const { level, parent, region } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { regions: [] };
    const rows = await listRegions(ctx.db, prefix, { ...(level === undefined ? {} : { level }), ...(parent === undefined ? {} : { parent }) });
    return { regions: rows.map(viewOf) };
  });
  app.get('/api/v1/regions/:code', {
    config: { access: readers }, schema: { summary: 'One region', tags, params: Shape({ code: RegionCodeText }), response: { 200: RegionView, ...errorAnswers } },
  }, async (request) => {
    const { code } = request.params;
    const row = seesRegion(callerOf(request).scopeCode, code) ? (await listRegions(ctx.db, code)).find((r) => r.code === code) : undefined;
    if (!row) throw nothing();
    return viewOf(row);
  });
  app.get('/api/v1/stations', {
    config: { access: readers },
    schema: {
      summary: '居家养老服务站点', tags,
      response: { 200: Shape({ stations: Type.Array(Shape({ id: Type.String(), regionCode: RegionCodeText, name: Type.String(), demo: Type.Boolean() })) }), ...errorAnswers },
    },
  }, async (request) => ({ stations: await listStations(ctx.db, scopePrefix(callerOf(request).scopeCode), 5_000) }));
  app.post('/api/v1/regions', {
    config: { access: ['admin'] }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Add regions or correct their names; level and parent follow from the code', tags, body: Shape({ rows: Type.Array(NewRegion, { minItems: 1, maxItems: limits.bulkRows }) }),
      response: { 201: Shape({ created: Type.Integer(), changed: Type.Integer() }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { rows } = request.body;
    const result = await change(ctx, async (sql) => {
      const problems = collectProblems(true);
      const given = new Set(rows.map((r) => r.code));
      const known = await knownRegions(sql, rows.flatMap((r) => parentOf(r.code) ?? []));
      for (const [i, { code }] of rows.entries()) {
        const parent = parentOf(code);
        if (!seesRegion(caller.scopeCode, code)) problems.add(i, 'code', 'a region code of your scope');
        if (parent !== null && !given.has(parent) && !known.has(parent)) problems.add(i, 'code', `a code whose parent ${parent} is there`);
        if (rows.findIndex((r) => r.code === code) !== i) problems.add(i, 'code', 'a code only once');
      }
      problems.throwIfAny();
      const regions = rows.map((r): RegionRow => ({ code: r.code, level: levelOf(r.code), name: r.name, parentCode: parentOf(r.code), language: r.language ?? null, lat: r.lat ?? null, lon: r.lon ?? null }));
      const created = await putRegions(sql, regions, { demo: false, replace: true });
      return { result: { created, changed: rows.length - created }, audit: [{ actor: caller.actor, action: 'region.put', result: 'ok' as const, detail: { codes: rows.slice(0, 20).map((r) => r.code), count: rows.length } }] };
    });
    reply.code(201);
    return result;
  });
}
