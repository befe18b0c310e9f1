/** Regions of the caller's scope as a list that makes a tree, new ones (also many at once), what becomes of a code; plain places, no personal data. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { levelOf, lifeProblems, parentOf, type RegionRow, regionLevels, showRegion } from '#core/region.ts';
import { knownRegions, listRegions, putRegions, type Region, updateRegion } from '#store/regions.ts';
import { callerOf, everyone, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { change, collectProblems, listPrefix, nothing } from '#web/registry.ts';
import { Day, regionFields, RegionView } from '#web/registry-schemas.ts';
import { errorAnswers, Ok, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['files'];
const readers = everyone.filter((r) => r !== 'caregiver');
const NewRegion = Shape({ code: RegionCodeText, ...regionFields });
const viewOf = (r: Region): Static<typeof RegionView> => ({ ...r, shown: showRegion(r.name) });

export function registerRegions(app: App, ctx: WebContext): void {
  app.get('/api/v1/regions', {
    config: { access: readers },
    schema: {
      summary: 'Regions of your scope, parents before children; codes that hold today, or on the day `on`, or all with `ended`', tags,
      querystring: Shape({ level: Type.Optional(OneOf(regionLevels)), parent: Type.Optional(RegionCodeText), region: Type.Optional(RegionCodeText), on: Type.Optional(Day), ended: Type.Optional(Type.Boolean()) }),
      response: { 200: Shape({ regions: Type.Array(RegionView) }), ...errorAnswers },
    },
  }, async (request) => {
    const { level, parent, region, on, ended } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { regions: [] };
    const rows = await listRegions(ctx.db, prefix, { ...(level === undefined ? {} : { level }), ...(parent === undefined ? {} : { parent }), ...(ended === true ? {} : { on: on ?? 'today' }) });
    return { regions: rows.map(viewOf) };
  });
  app.get('/api/v1/regions/:code', {
    config: { access: readers }, schema: { summary: 'One region, also one whose code has ended', tags, params: Shape({ code: RegionCodeText }), response: { 200: RegionView, ...errorAnswers } },
  }, async (request) => viewOf(await scoped(ctx, request.params.code, callerOf(request).scopeCode)));
  app.post('/api/v1/regions', {
    config: { access: ['admin'] }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Add regions or correct them; level and parent follow from the code, what is not given stays', tags, body: Shape({ rows: Type.Array(NewRegion, { minItems: 1, maxItems: limits.bulkRows }) }),
      response: { 201: Shape({ created: Type.Integer(), changed: Type.Integer() }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const regions = request.body.rows.map((r): RegionRow => ({
      code: r.code, level: levelOf(r.code), name: r.name, parentCode: parentOf(r.code), language: r.language ?? null, lat: r.lat ?? null, lon: r.lon ?? null,
      validFrom: r.validFrom ?? null, validTo: r.validTo ?? null, shownUnder: r.shownUnder ?? null,
    }));
    const result = await change(ctx, async (sql) => {
      const problems = collectProblems(true);
      const there = await knownRegions(sql, regions.flatMap((r) => [r.parentCode ?? [], r.shownUnder ?? []].flat()));
      for (const { code } of regions) there.add(code);
      for (const [i, r] of regions.entries()) {
        if (!seesRegion(caller.scopeCode, r.code)) problems.add(i, 'code', 'a region code of your scope');
        if (r.parentCode !== null && !there.has(r.parentCode)) problems.add(i, 'code', `a code whose parent ${r.parentCode} is there`);
        if (regions.findIndex((other) => other.code === r.code) !== i) problems.add(i, 'code', 'a code only once');
        for (const p of lifeProblems(r, (code) => there.has(code))) problems.add(i, p.field, p.expected);
      }
      problems.throwIfAny();
      const created = await putRegions(sql, regions, { demo: false, replace: true });
      return { result: { created, changed: regions.length - created }, audit: [{ actor: caller.actor, action: 'region.put', result: 'ok' as const, detail: { codes: regions.slice(0, 20).map((r) => r.code), count: regions.length } }] };
    });
    reply.code(201);
    return result;
  });
  registerChange(app, ctx);
}

async function scoped(ctx: WebContext, code: string, scopeCode: string): Promise<Region> {
  const row = seesRegion(scopeCode, code) ? (await listRegions(ctx.db, code)).find((r) => r.code === code) : undefined;
  if (!row) throw nothing();
  return row;
}

function registerChange(app: App, ctx: WebContext): void {
  app.patch('/api/v1/regions/:code', {
    config: { access: ['admin'] },
    schema: {
      summary: 'Correct a region, end its code (`validTo`), show it under another (`shownUnder`); null takes a value away', tags,
      params: Shape({ code: Type.String({ minLength: 1, maxLength: 64 }) }), body: Type.Partial(Type.Object(regionFields), { additionalProperties: false }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const patch = request.body as Partial<RegionRow>;
    await change(ctx, async (sql) => {
      const region = await scoped(ctx, request.params.code, caller.scopeCode);
      const problems = collectProblems(false);
      const after = { ...region, ...patch };
      const there = await knownRegions(sql, after.shownUnder === null ? [] : [after.shownUnder]);
      for (const p of lifeProblems(after, (code) => there.has(code) && seesRegion(caller.scopeCode, code))) problems.add(0, p.field, p.expected);
      problems.throwIfAny();
      await updateRegion(sql, region.code, patch);
      return { result: null, audit: [{ actor: caller.actor, action: 'region.change', target: `region:${region.code}`, result: 'ok' as const, detail: { fields: Object.keys(patch) } }] };
    });
    return { ok: true as const };
  });
}
