/** Elders (一人一档): lists with exact search, one file masked, the audited look at it, new ones singly or in bulk, changes. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits } from '#core/phone.ts';
import { type PersonFields, personStatuses } from '#core/registry.ts';
import type { Caller } from '#core/user.ts';
import { listContacts } from '#store/contacts.ts';
import { readNow } from '#store/county-status.ts';
import { findHome, homeKeys } from '#store/homes.ts';
import { findPerson, insertPeople, listPeople, type NewPerson, peopleGaps, type Person, takenNumbers, updatePerson } from '#store/people.ts';
import type { Sql } from '#store/pool.ts';
import { knownRegions } from '#store/regions.ts';
import { callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { once } from '#web/idempotency.ts';
import {
  bulkWriters, change, collectProblems, fileReaders, fileRevealers, fileWriters, listPrefix, nothing, pageLimit, placeNames, type PlaceNames, type Problems, shownName, versionConflict,
} from '#web/registry.ts';
import { checkPersonFields, preparePeople } from '#web/registry-checks.ts';
import { bulkOf, Changed, ContactPlain, HomePlain, IdParams, ModeName, Next, OwnId, pageQuery, patchOf, PersonBody, personFields, PersonPlain, PersonView } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['files'];

function viewOf(caller: Caller, names: PlaceNames, p: Person): Static<typeof PersonView> {
  const { identityNo: _i, birthDate: _b, healthNote: _h, note: _n, consentBy: _c, name, phone, ...rest } = p;
  return { ...rest, ...names(p.regionCode), name: shownName(caller, name), phone: phone === null ? null : maskPhone(phone) } as Static<typeof PersonView>;
}

/** The person in the caller's scope, else 404. */
export async function scopedPerson(ctx: WebContext, caller: Caller, id: string): Promise<Person> {
  const person = await findPerson(ctx.db, ctx.seal, id);
  if (!person) throw nothing();
  requireScope(caller, person.regionCode);
  return person;
}

export function registerPeople(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof PersonBody>[], bulk: boolean): Promise<NewPerson[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const people = await preparePeople({ sql, seal: ctx.seal, caller, problems }, rows as never, new Date(await readNow(sql)).getUTCFullYear());
    problems.throwIfAny();
    await insertPeople(sql, ctx.seal, people);
    return { result: people, audit: [{ actor: caller.actor, action: 'person.create', result: 'ok', detail: { ids: people.slice(0, 20).map((p) => p.id), count: people.length } }] };
  });
  app.post('/api/v1/people', {
    config: { access: fileWriters },
    schema: { summary: 'Open a file for an elder', tags, headers: IdempotencyHeaders, body: PersonBody, response: { 201: Shape({ id: Type.String(), version: Type.Integer() }), ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const [person] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: person?.id ?? '', version: 1 };
  }));
  app.post('/api/v1/people/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Open up to 1,000 files: all, or none with a report by line', tags, body: bulkOf(PersonBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String() })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const people = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: people.length, rows: people.map((p, i) => ({ line: i + 1, id: p.id })) };
  });
  app.get('/api/v1/people', {
    config: { access: fileReaders },
    schema: {
      summary: 'Elders of your scope, masked', tags, querystring: Shape({ ...pageQuery, homeId: Type.Optional(OwnId), highRisk: Type.Optional(Type.Boolean()), status: Type.Optional(OneOf(personStatuses)),
        mode: Type.Optional(ModeName), without: Type.Optional(OneOf(peopleGaps, 'present, and without any device or any contact: the gaps in the cover')) }),
      response: { 200: Shape({ people: Type.Array(PersonView), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { q, region, cursor, limit, homeId, highRisk, status, mode, without } = request.query;
    const caller = callerOf(request);
    const prefix = listPrefix(caller, region);
    if (prefix === null) return { people: [], next: null };
    const { rows, next } = await listPeople(ctx.db, ctx.seal, { prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), homeId: homeId ?? null, highRisk: highRisk ?? null, status: status ?? null, mode: mode ?? null, without: without ?? null });
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { people: rows.map((r) => viewOf(caller, names, r)), next };
  });
  registerOne(app, ctx);
}

function registerOne(app: App, ctx: WebContext): void {
  app.get('/api/v1/people/:id', {
    config: { access: fileReaders }, schema: { summary: 'One file, masked', tags, params: IdParams, response: { 200: PersonView, ...errorAnswers } },
  }, async (request) => {
    const person = await scopedPerson(ctx, callerOf(request), request.params.id);
    return viewOf(callerOf(request), await placeNames(ctx.db, [person.regionCode]), person);
  });
  app.post('/api/v1/people/:id/reveal', {
    config: { access: fileRevealers },
    schema: {
      summary: 'The file in plain text with address and contacts. Audited.', tags, params: IdParams, body: Shape({}),
      response: { 200: Shape({ ...PersonPlain.properties, home: Nullable(HomePlain), contacts: Type.Array(ContactPlain) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const p = await scopedPerson(ctx, caller, request.params.id);
    await ctx.audit({ actor: caller.actor, action: 'person.reveal', target: `person:${p.id}`, result: 'ok', detail: { address: request.ip } });
    const home = p.homeId === null ? null : await findHome(ctx.db, ctx.seal, p.homeId);
    const contacts = await listContacts(ctx.db, ctx.seal, p.id);
    return {
      name: p.name, phone: p.phone, identityNo: p.identityNo, birthDate: p.birthDate, healthNote: p.healthNote, note: p.note, consentBy: p.consentBy,
      home: home && { address: home.address, place: home.place, landmark: home.landmark, keyWith: home.keyWith },
      contacts: contacts.map(({ id, relation, name, phone, keyHolder }) => ({ id, relation, name, phone, keyHolder })),
    };
  });
  app.patch('/api/v1/people/:id', {
    config: { access: fileWriters }, schema: { summary: 'Change a file; a new home takes the person’s devices along', tags, params: IdParams, body: patchOf(personFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...given } = request.body;
    const person = await scopedPerson(ctx, caller, request.params.id);
    const patch = { ...given, ...(given.phone == null ? {} : { phone: phoneDigits(given.phone) }), ...(given.identityNo == null ? {} : { identityNo: given.identityNo.toUpperCase() }) } as Partial<PersonFields>;
    const problems = collectProblems(false);
    const next = await change(ctx, async (sql) => {
      await checkPatch(ctx, sql, caller, person, patch, problems);
      problems.throwIfAny();
      const result = await updatePerson(sql, ctx.seal, person.id, version, patch);
      if (result === null) throw versionConflict(person.version);
      return { result, audit: [{ actor: caller.actor, action: 'person.change', target: `person:${person.id}`, result: 'ok', detail: { fields: Object.keys(patch) } }] };
    });
    return { id: person.id, version: next };
  });
}

async function checkPatch(ctx: WebContext, sql: Sql, caller: Caller, person: Person, patch: Partial<PersonFields>, problems: Problems): Promise<void> {
  checkPersonFields(problems, 0, patch, person.demo);
  if (patch.homeId != null) {
    const home = (await homeKeys(sql, [patch.homeId])).get(patch.homeId);
    if (!home || !seesRegion(caller.scopeCode, home.regionCode)) problems.add(0, 'homeId', 'a home of your scope');
    else if (home.demo !== person.demo) problems.add(0, 'homeId', person.demo ? 'a home of the demonstration' : 'a real home: this one is demonstration data');
  }
  const code = patch.registeredRegionCode;
  if (code != null && (!seesRegion(caller.scopeCode, code) || !(await knownRegions(sql, [code])).has(code))) problems.add(0, 'registeredRegionCode', 'a region of your scope');
  const homeless = (patch.homeId === undefined ? person.homeId : patch.homeId) === null;
  if (homeless && (code === undefined ? person.registeredRegionCode : code) === null) problems.add(0, 'homeId', 'a home, or registeredRegionCode: somebody must be answerable');
  const numbers = patch.number != null && patch.number !== person.number ? [patch.number] : [];
  const identities = patch.identityNo != null && patch.identityNo !== person.identityNo ? [patch.identityNo] : [];
  const taken = await takenNumbers(sql, ctx.seal, numbers, identities);
  for (const n of numbers) if (taken.has(n)) problems.add(0, 'number', 'one that is not on file', true);
  for (const n of identities) if (taken.has(n)) problems.add(0, 'identityNo', 'one that is not on file', true);
}
