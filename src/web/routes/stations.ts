/** Stations (居家养老服务站点): list, one, new ones (also many at once), changes; plain places of the caller's scope, no personal data. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { type Caller, may } from '#core/user.ts';
import { findStation, insertStations, listStations, type NewStation, type Station, type StationFields, updateStation } from '#store/stations.ts';
import { callerOf, everyone, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { once } from '#web/idempotency.ts';
import { bulkWriters, change, collectProblems, listPrefix, nothing, pageLimit, placeNames, versionConflict } from '#web/registry.ts';
import { checkRegion, checkStationFields, prepareStations } from '#web/registry-checks.ts';
import { bulkOf, Changed, IdParams, Next, pageQuery, patchOf, StationBody, stationFields, StationView } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, Shape } from '#web/schemas.ts';

const tags = ['files'];
const readers = everyone.filter((r) => r !== 'caregiver');

export function registerStations(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof StationBody>[], bulk: boolean): Promise<NewStation[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const stations = await prepareStations({ sql, seal: ctx.seal, caller, problems }, rows);
    problems.throwIfAny();
    await insertStations(sql, ctx.seal, stations);
    return { result: stations, audit: [{ actor: caller.actor, action: 'station.create', result: 'ok', detail: { ids: stations.slice(0, 20).map((s) => s.id), count: stations.length } }] };
  });
  app.post('/api/v1/stations', {
    config: { access: may.writeStations },
    schema: { summary: 'Add a station', tags, headers: IdempotencyHeaders, body: StationBody, response: { 201: Shape({ id: Type.String(), version: Type.Integer() }), ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const [station] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: station?.id ?? '', version: 1 };
  }));
  app.post('/api/v1/stations/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Add up to 1,000 stations: all, or none with a report by line', tags, body: bulkOf(StationBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String() })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const stations = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: stations.length, rows: stations.map((s, i) => ({ line: i + 1, id: s.id })) };
  });
  app.get('/api/v1/stations', {
    config: { access: readers },
    schema: {
      summary: '居家养老服务站点 of your scope; closed ones only with `closed`', tags, querystring: Shape({ ...pageQuery, closed: Type.Optional(Type.Boolean()) }),
      response: { 200: Shape({ stations: Type.Array(StationView), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { q, region, cursor, limit, closed } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { stations: [], next: null };
    const { rows, next } = await listStations(ctx.db, { prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), closed: closed ?? false });
    const names = await placeNames(ctx.db, rows.map((s) => s.regionCode));
    return { stations: rows.map((s) => ({ ...s, ...names(s.regionCode) })), next };
  });
  registerOne(app, ctx);
}

function registerOne(app: App, ctx: WebContext): void {
  const scoped = async (caller: Caller, id: string): Promise<Station> => {
    const station = await findStation(ctx.db, id);
    if (!station) throw nothing();
    requireScope(caller, station.regionCode);
    return station;
  };
  app.get('/api/v1/stations/:id', {
    config: { access: readers }, schema: { summary: 'One station', tags, params: IdParams, response: { 200: StationView, ...errorAnswers } },
  }, async (request) => {
    const station = await scoped(callerOf(request), request.params.id);
    return { ...station, ...(await placeNames(ctx.db, [station.regionCode]))(station.regionCode) };
  });
  app.patch('/api/v1/stations/:id', {
    config: { access: may.writeStations },
    schema: { summary: 'Change a station; `closedOn` closes it, null opens it again', tags, params: IdParams, body: patchOf(stationFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...patch } = request.body;
    const station = await scoped(caller, request.params.id);
    const problems = collectProblems(false);
    await checkRegion({ sql: ctx.db, caller, problems }, 'regionCode', patch.regionCode, station.regionCode);
    checkStationFields(problems, 0, { ...station, ...(patch as Partial<StationFields>) });
    problems.throwIfAny();
    const next = await change(ctx, async (sql) => {
      const result = await updateStation(sql, ctx.seal, station.id, version, patch as Partial<StationFields>);
      if (result === null) throw versionConflict(station.version);
      return { result, audit: [{ actor: caller.actor, action: 'station.change', target: `station:${station.id}`, result: 'ok', detail: { fields: Object.keys(patch) } }] };
    });
    return { id: station.id, version: next };
  });
}
