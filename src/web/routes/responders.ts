/** Responders (处警人员): who can be called in which region, masked lists, the audited look at a number, new ones, changes. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits, phoneProblem } from '#core/phone.ts';
import type { ResponderFields } from '#core/registry.ts';
import { responderRoles } from '#core/registry.ts';
import { isOffice } from '#core/roster.ts';
import { type Caller, may } from '#core/user.ts';
import { findResponder, insertResponders, listResponders, type NewResponder, type Responder, responderGaps, updateResponder } from '#store/responders.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { once } from '#web/idempotency.ts';
import { bulkWriters, change, collectProblems, fileReaders, fileRevealers, listPrefix, nothing, pageLimit, placeNames, type PlaceNames, shownName, versionConflict } from '#web/registry.ts';
import { checkQuiet, checkRegion, prepareResponders } from '#web/registry-checks.ts';
import { bulkOf, Changed, IdParams, Next, pageQuery, patchOf, ResponderBody, responderFields, ResponderView } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';

const tags = ['files'];
const writers = may.writeResponders;

function viewOf(caller: Caller, names: PlaceNames, r: Responder): Static<typeof ResponderView> {
  const { name, phone, ...rest } = r;
  // An office is not a person: 均溪镇值班室 stays readable.
  return { ...rest, ...names(r.regionCode), name: isOffice(r.role) ? name : shownName(caller, name), phone: maskPhone(phone) } as Static<typeof ResponderView>;
}

export function registerResponders(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof ResponderBody>[], bulk: boolean): Promise<NewResponder[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const responders = await prepareResponders({ sql, seal: ctx.seal, caller, problems }, rows);
    problems.throwIfAny();
    await insertResponders(sql, ctx.seal, responders);
    return { result: responders, audit: [{ actor: caller.actor, action: 'responder.create', result: 'ok', detail: { ids: responders.slice(0, 20).map((r) => r.id), count: responders.length } }] };
  });
  app.post('/api/v1/responders', {
    config: { access: writers },
    schema: { summary: 'Add a responder', tags, headers: IdempotencyHeaders, body: ResponderBody, response: { 201: Shape({ id: Type.String(), version: Type.Integer() }), ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const [responder] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: responder?.id ?? '', version: 1 };
  }));
  app.post('/api/v1/responders/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Add up to 1,000 responders: all, or none with a report by line', tags, body: bulkOf(ResponderBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String() })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const responders = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: responders.length, rows: responders.map((r, i) => ({ line: i + 1, id: r.id })) };
  });
  app.get('/api/v1/responders', {
    config: { access: fileReaders },
    schema: {
      summary: 'Responders of your scope, masked', tags, querystring: Shape({ ...pageQuery, role: Type.Optional(OneOf(responderRoles)), gap: Type.Optional(OneOf(responderGaps, 'who cannot be counted on: on leave now, number never proven, refuses messages')) }),
      response: { 200: Shape({ responders: Type.Array(ResponderView), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { q, region, cursor, limit, role, gap } = request.query;
    const caller = callerOf(request);
    const prefix = listPrefix(caller, region);
    if (prefix === null) return { responders: [], next: null };
    const { rows, next } = await listResponders(ctx.db, ctx.seal, { prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), role: role ?? null, gap: gap ?? null });
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { responders: rows.map((r) => viewOf(caller, names, r)), next };
  });
  registerOne(app, ctx);
}

function registerOne(app: App, ctx: WebContext): void {
  const scoped = async (caller: Caller, id: string): Promise<Responder> => {
    const responder = await findResponder(ctx.db, ctx.seal, id);
    if (!responder) throw nothing();
    requireScope(caller, responder.regionCode);
    return responder;
  };
  app.get('/api/v1/responders/:id', {
    config: { access: fileReaders }, schema: { summary: 'One responder, masked', tags, params: IdParams, response: { 200: ResponderView, ...errorAnswers } },
  }, async (request) => {
    const responder = await scoped(callerOf(request), request.params.id);
    return viewOf(callerOf(request), await placeNames(ctx.db, [responder.regionCode]), responder);
  });
  app.post('/api/v1/responders/:id/reveal', {
    config: { access: fileRevealers },
    schema: { summary: 'Name and number in plain text. Audited.', tags, params: IdParams, body: Shape({}), response: { 200: Shape({ name: Type.String(), phone: Type.String() }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { id, name, phone } = await scoped(caller, request.params.id);
    await ctx.audit({ actor: caller.actor, action: 'responder.reveal', target: `responder:${id}`, result: 'ok', detail: { address: request.ip } });
    return { name, phone };
  });
  app.patch('/api/v1/responders/:id', {
    config: { access: writers }, schema: { summary: 'Change a responder', tags, params: IdParams, body: patchOf(responderFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...given } = request.body;
    const responder = await scoped(caller, request.params.id);
    const problems = collectProblems(false);
    const problem = given.phone === undefined ? null : phoneProblem(given.phone, responder.demo);
    if (problem !== null) problems.add(0, 'phone', problem);
    await checkRegion({ sql: ctx.db, caller, problems }, 'regionCode', given.regionCode, responder.regionCode);
    checkQuiet(problems, 0, given, responder);
    problems.throwIfAny();
    const patch = { ...given, ...(given.phone === undefined ? {} : { phone: phoneDigits(given.phone) }) } as Partial<ResponderFields>;
    const next = await change(ctx, async (sql) => {
      const result = await updateResponder(sql, ctx.seal, responder.id, version, patch);
      if (result === null) throw versionConflict(responder.version);
      return { result, audit: [{ actor: caller.actor, action: 'responder.change', target: `responder:${responder.id}`, result: 'ok', detail: { fields: Object.keys(patch) } }] };
    });
    return { id: responder.id, version: next };
  });
}
