/** Contacts of an elder (家属, 邻居, 持钥匙人): in calling order, masked; their numbers are opened with the file (people/:id/reveal). */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits, phoneProblem } from '#core/phone.ts';
import type { ContactFields } from '#core/registry.ts';
import type { Caller } from '#core/user.ts';
import { type Contact, deleteContact, findContact, findContacts, insertContacts, listContacts, type NewContact, orderContacts, updateContact } from '#store/contacts.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, requireScope } from '#web/access.ts';
import { checkConsent, consentChanges, consentRecord } from '#web/consent.ts';
import type { App, WebContext } from '#web/context.ts';
import { once } from '#web/idempotency.ts';
import { bulkWriters, change, collectProblems, fileReaders, fileWriters, listPrefix, nothing, pageLimit, shownName, versionConflict } from '#web/registry.ts';
import { checkQuiet, prepareContacts } from '#web/registry-checks.ts';
import { bulkOf, Changed, ContactBody, contactFields, ContactView, IdParams, Next, OwnId, pageQuery, patchOf, VersionNumber } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, Ok, Shape } from '#web/schemas.ts';
import { scopedPerson } from './people.ts';

const tags = ['files'];

function viewOf(caller: Caller, c: Contact): Static<typeof ContactView> {
  const { regionCode: _r, name, phone, ...rest } = c;
  return { ...rest, name: shownName(caller, name), phone: maskPhone(phone) } as Static<typeof ContactView>;
}

export function registerContacts(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof ContactBody>[], bulk: boolean): Promise<NewContact[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const contacts = await prepareContacts({ sql, seal: ctx.seal, caller, problems }, rows, await readNow(sql));
    problems.throwIfAny();
    await insertContacts(sql, ctx.seal, contacts);
    return { result: contacts, audit: [{ actor: caller.actor, action: 'contact.create', result: 'ok', detail: { ids: contacts.slice(0, 20).map((c) => c.id), count: contacts.length } }] };
  });
  app.post('/api/v1/contacts', {
    config: { access: fileWriters },
    schema: { summary: 'Add a contact to a file', tags, headers: IdempotencyHeaders, body: ContactBody, response: { 201: Shape({ id: Type.String(), version: Type.Integer() }), ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const [contact] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: contact?.id ?? '', version: 1 };
  }));
  app.post('/api/v1/contacts/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Add up to 1,000 contacts: all, or none with a report by line', tags, body: bulkOf(ContactBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String() })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const contacts = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: contacts.length, rows: contacts.map((c, i) => ({ line: i + 1, id: c.id })) };
  });
  app.get('/api/v1/contacts', {
    config: { access: fileReaders },
    schema: { summary: 'Contacts of your scope, masked', tags, querystring: Shape({ ...pageQuery, personId: Type.Optional(OwnId) }), response: { 200: Shape({ contacts: Type.Array(ContactView), ...Next }), ...errorAnswers } },
  }, async (request) => {
    const { q, region, cursor, limit, personId } = request.query;
    const caller = callerOf(request);
    const prefix = listPrefix(caller, region);
    if (prefix === null) return { contacts: [], next: null };
    const { rows, next } = await findContacts(ctx.db, ctx.seal, { prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), personId: personId ?? null });
    return { contacts: rows.map((c) => viewOf(caller, c)), next };
  });
  app.get('/api/v1/people/:id/contacts', {
    config: { access: fileReaders }, schema: { summary: 'Contacts in calling order, masked', tags, params: IdParams, response: { 200: Shape({ contacts: Type.Array(ContactView) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const person = await scopedPerson(ctx, caller, request.params.id);
    return { contacts: (await listContacts(ctx.db, ctx.seal, person.id)).map((c) => viewOf(caller, c)) };
  });
  app.put('/api/v1/people/:id/contacts/order', {
    config: { access: fileWriters },
    schema: {
      summary: 'The calling order of all contacts of a file at once; 409 when somebody added or removed one', tags, params: IdParams,
      body: Shape({ ids: Type.Array(OwnId, { maxItems: limits.contactsPerPerson, uniqueItems: true }) }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const person = await scopedPerson(ctx, caller, request.params.id);
    await change(ctx, async (sql) => {
      if (!(await orderContacts(sql, person.id, request.body.ids))) throw versionConflict(null);
      return { result: null, audit: [{ actor: caller.actor, action: 'contact.order', target: `person:${person.id}`, result: 'ok', detail: { ids: request.body.ids } }] };
    });
    return { ok: true as const };
  });
  registerOne(app, ctx);
}

/** The contact in the caller's scope, else 404. */
export async function scopedContact(ctx: WebContext, caller: Caller, id: string): Promise<Contact> {
  const contact = await findContact(ctx.db, ctx.seal, id);
  if (!contact) throw nothing();
  requireScope(caller, contact.regionCode);
  return contact;
}

function registerOne(app: App, ctx: WebContext): void {
  const scoped = (caller: Caller, id: string): Promise<Contact> => scopedContact(ctx, caller, id);
  app.get('/api/v1/contacts/:id', {
    config: { access: fileReaders }, schema: { summary: 'One contact, masked', tags, params: IdParams, response: { 200: ContactView, ...errorAnswers } },
  }, async (request) => viewOf(callerOf(request), await scoped(callerOf(request), request.params.id)));
  app.patch('/api/v1/contacts/:id', {
    config: { access: fileWriters }, schema: { summary: 'Change a contact', tags, params: IdParams, body: patchOf(contactFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...given } = request.body;
    const contact = await scoped(caller, request.params.id);
    const problems = collectProblems(false);
    const problem = given.phone === undefined ? null : phoneProblem(given.phone, contact.demo);
    if (problem !== null) problems.add(0, 'phone', problem);
    checkQuiet(problems, 0, given, contact);
    checkConsent(problems, 0, given, await readNow(ctx.db), contact);
    problems.throwIfAny();
    const patch = { ...given, ...(given.phone === undefined ? {} : { phone: phoneDigits(given.phone) }), ...consentRecord(given, caller.actor) } as Partial<ContactFields>;
    const next = await change(ctx, async (sql) => {
      const result = await updateContact(sql, ctx.seal, contact.id, version, patch);
      if (result === null) throw versionConflict(contact.version);
      return { result, audit: [{ actor: caller.actor, action: 'contact.change', target: `contact:${contact.id}`, result: 'ok', detail: { fields: Object.keys(given), ...consentChanges(contact, patch) } }] };
    });
    return { id: contact.id, version: next };
  });
  app.delete('/api/v1/contacts/:id', {
    config: { access: fileWriters }, schema: { summary: 'Remove a contact', tags, params: IdParams, querystring: Shape({ version: VersionNumber }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const contact = await scoped(caller, request.params.id);
    await change(ctx, async (sql) => {
      if (!(await deleteContact(sql, contact.id, request.query.version))) throw versionConflict(contact.version);
      return { result: null, audit: [{ actor: caller.actor, action: 'contact.remove', target: `contact:${contact.id}`, result: 'ok', detail: { personId: contact.personId } }] };
    });
    return { ok: true as const };
  });
}
