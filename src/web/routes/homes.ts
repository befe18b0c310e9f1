/** Homes (户): lists, one, new ones singly or a thousand at once, changes, and the audited look at an address. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import type { HomeFields } from '#core/registry.ts';
import type { Caller } from '#core/user.ts';
import { findHome, type Home, insertHomes, listHomes, type NewHome, updateHome } from '#store/homes.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { once } from '#web/idempotency.ts';
import {
  bulkWriters, change, collectProblems, fileReaders, fileRevealers, fileWriters, listPrefix, nothing, pageLimit, placeNames, type PlaceNames, seesPlaces, versionConflict,
} from '#web/registry.ts';
import { checkHomeFields, checkRegion, prepareHomes } from '#web/registry-checks.ts';
import { bulkOf, Changed, HomeBody, homeFields, HomePlain, HomeView, IdParams, ModeName, Next, pageQuery, patchOf } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';

const tags = ['files'];

function viewOf(caller: Caller, names: PlaceNames, h: Home): Static<typeof HomeView> {
  const { address: _a, landmark: _l, keyWith: _k, place, lat, lon, ...rest } = h;
  const exact = seesPlaces(caller);
  const coarse = (n: number | null): number | null => (n === null || exact ? n : Math.round(n * 100) / 100);
  return { ...rest, ...names(h.regionCode), place: exact ? place : null, lat: coarse(lat), lon: coarse(lon) } as Static<typeof HomeView>;
}

/** The home in the caller's scope, else 404. */
export async function scopedHome(ctx: WebContext, caller: Caller, id: string): Promise<Home> {
  const home = await findHome(ctx.db, ctx.seal, id);
  if (!home) throw nothing();
  requireScope(caller, home.regionCode);
  return home;
}

export function registerHomes(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof HomeBody>[], bulk: boolean): Promise<NewHome[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const homes = await prepareHomes({ sql, seal: ctx.seal, caller, problems }, rows);
    problems.throwIfAny();
    await insertHomes(sql, ctx.seal, homes);
    return { result: homes, audit: [{ actor: caller.actor, action: 'home.create', result: 'ok', detail: { ids: homes.slice(0, 20).map((h) => h.id), count: homes.length } }] };
  });
  app.post('/api/v1/homes', {
    config: { access: fileWriters },
    schema: { summary: 'Register a home', tags, headers: IdempotencyHeaders, body: HomeBody, response: { 201: Shape({ id: Type.String(), version: Type.Integer() }), ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const [home] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: home?.id ?? '', version: 1 };
  }));
  app.post('/api/v1/homes/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Register up to 1,000 homes: all, or none with a report by line', tags, body: bulkOf(HomeBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String() })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const homes = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: homes.length, rows: homes.map((h, i) => ({ line: i + 1, id: h.id })) };
  });
  app.get('/api/v1/homes', {
    config: { access: fileReaders },
    schema: { summary: 'Homes of your scope', tags, querystring: Shape({ ...pageQuery, mode: Type.Optional(ModeName), without: Type.Optional(OneOf(['device'])) }), response: { 200: Shape({ homes: Type.Array(HomeView), ...Next }), ...errorAnswers } },
  }, async (request) => {
    const { q, region, cursor, limit, mode, without } = request.query;
    const caller = callerOf(request);
    const prefix = listPrefix(caller, region);
    if (prefix === null) return { homes: [], next: null };
    const { rows, next } = await listHomes(ctx.db, ctx.seal, { prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), mode: mode ?? null, without: without ?? null });
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { homes: rows.map((r) => viewOf(caller, names, r)), next };
  });
  registerOne(app, ctx);
}

function registerOne(app: App, ctx: WebContext): void {
  app.get('/api/v1/homes/:id', {
    config: { access: fileReaders }, schema: { summary: 'One home, masked', tags, params: IdParams, response: { 200: HomeView, ...errorAnswers } },
  }, async (request) => {
    const home = await scopedHome(ctx, callerOf(request), request.params.id);
    return viewOf(callerOf(request), await placeNames(ctx.db, [home.regionCode]), home);
  });
  app.post('/api/v1/homes/:id/reveal', {
    config: { access: fileRevealers }, schema: { summary: 'The address in plain text. Audited.', tags, params: IdParams, body: Shape({}), response: { 200: HomePlain, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { id, address, place, landmark, keyWith } = await scopedHome(ctx, caller, request.params.id);
    await ctx.audit({ actor: caller.actor, action: 'home.reveal', target: `home:${id}`, result: 'ok', detail: { address: request.ip } });
    return { address, place, landmark, keyWith };
  });
  app.patch('/api/v1/homes/:id', {
    config: { access: fileWriters }, schema: { summary: 'Change a home', tags, params: IdParams, body: patchOf(homeFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...patch } = request.body;
    const home = await scopedHome(ctx, caller, request.params.id);
    const problems = collectProblems(false);
    checkHomeFields(problems, 0, { ...(patch.place === undefined ? {} : { place: patch.place }), lat: patch.lat === undefined ? home.lat : patch.lat, lon: patch.lon === undefined ? home.lon : patch.lon });
    await checkRegion({ sql: ctx.db, caller, problems }, 'regionCode', patch.regionCode, home.regionCode);
    problems.throwIfAny();
    const next = await change(ctx, async (sql) => {
      const result = await updateHome(sql, ctx.seal, home.id, version, patch as Partial<HomeFields>);
      if (result === null) throw versionConflict(home.version);
      return { result, audit: [{ actor: caller.actor, action: 'home.change', target: `home:${home.id}`, result: 'ok', detail: { fields: Object.keys(patch) } }] };
    });
    return { id: home.id, version: next };
  });
}
