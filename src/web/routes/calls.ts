/**
 * Calls for help (电话报警): a call comes in (from the exchange's hook), or an emergency is entered at the wall. The answer means
 * committed, as with a device (law 1). A call raises, a number that is nobody's too: somebody called for help. An exchange whose
 * people answer every call says `raise: false`; then a one-key telephone still raises at once, and whatever nobody opens.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { EventKind } from '#core/event.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits } from '#core/phone.ts';
import { appendAudit } from '#store/audit.ts';
import { callRaised, type CallRow, type CallTarget, findCall, listCalls, missCall, noteCall, openCall, ringingCall } from '#store/calls.ts';
import { alertCallers, findCaller, insertDeskEvent, numberSubject } from '#store/desk-events.ts';
import { findPerson } from '#store/people.ts';
import type { Sql } from '#store/pool.ts';
import { knownRegions } from '#store/regions.ts';
import { readNow } from '#store/timers.ts';
import { alertActors, callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { nothing, rowNumber, shownName } from '#web/registry.ts';
import { IdParams, OwnId } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, IdempotencyHeaders, NoteText, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';
import { scopedAlert } from './alerts.ts';
import { scopedHome } from './homes.ts';
import { scopedPerson } from './people.ts';

const tags = ['alerts'];
const From = Type.String({ minLength: 1, maxLength: 32, description: 'the caller’s number as the exchange shows it' });
const matches = ['device', 'person', 'contact', 'home', 'responder', 'unknown'] as const;
const found = {
  matched: OneOf(matches, 'whose number it is; `device`: a one-key telephone'),
  personId: Nullable(Type.String()), homeId: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), regionCode: Nullable(RegionCodeText),
  others: Type.Array(Type.String(), { description: 'further elders of this number, by id' }),
};
const Raised = Shape({ eventId: Type.String(), receivedAt: EpochMs, ...found });
const Inbound = Shape({ callId: Nullable(Type.String()), eventId: Nullable(Type.String({ description: 'null: it has raised nothing (yet)' })), receivedAt: EpochMs, ...found });
const Call = Shape({
  id: Type.String(), state: OneOf(['ringing', 'opened', 'missed']), at: EpochMs, lastAt: EpochMs, count: Type.Integer(), from: Nullable(Type.String({ description: 'masked; null: withheld' })), matched: found.matched,
  name: found.name, town: Nullable(Type.String()), village: Nullable(Type.String()), personId: Nullable(Type.String()), homeId: Nullable(Type.String()), deviceId: Nullable(Type.String()),
  alertId: Nullable(Type.String()), openedAt: Nullable(EpochMs), openedByName: Nullable(Type.String()),
});
const handKinds = ['phone-in', 'sos', 'fall', 'smoke', 'gas'] as const satisfies readonly EventKind[];
type Target = CallTarget & { others: string[] };
const unknown: Target = { personId: null, homeId: null, deviceId: null, regionCode: null, matched: 'unknown', others: [] };

async function targetOf(ctx: WebContext, from: string | undefined): Promise<Target> {
  const digits = phoneDigits(from ?? '');
  const found = digits.length < 5 ? null : await findCaller(ctx.db, ctx.seal, digits);
  return found ? { deviceId: found.deviceId, personId: found.personId, homeId: found.homeId, regionCode: found.regionCode, matched: found.how, others: found.others } : unknown;
}

export function registerCalls(app: App, ctx: WebContext): void {
  app.post('/api/v1/calls/inbound', {
    config: { access: alertActors },
    schema: {
      summary: 'A call comes in, is answered or ends; number, home, alert. Rings of one call may be told many times', tags, headers: IdempotencyHeaders,
      body: Shape({
        from: From, note: Type.Optional(NoteText), event: Type.Optional(OneOf(['ring', 'answered', 'ended'], 'what the exchange tells; `ring` if absent')),
        raise: Type.Optional(Type.Boolean({ description: 'false: people answer every call; then only a one-key telephone raises at once, and an elder’s call that nobody opens' })),
      }),
      response: { 201: Inbound, ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const answer = await inbound(ctx, request, request.body);
    reply.code(201);
    return answer;
  }));
  registerCallList(app, ctx);

  app.post('/api/v1/alerts', {
    config: { access: alertActors },
    schema: {
      summary: 'Enter an emergency by hand (电话报警): for a person, a home, a place, or only a number', tags, headers: IdempotencyHeaders,
      body: Shape({
        personId: Type.Optional(OwnId), homeId: Type.Optional(OwnId), regionCode: Type.Optional(RegionCodeText), from: Type.Optional(From), note: Type.Optional(NoteText),
        kind: Type.Optional(OneOf(handKinds, 'what was heard; `phone-in` if absent')),
      }),
      response: { 201: Raised, ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const { personId, homeId, regionCode, from, note, kind = 'phone-in' } = request.body;
    const caller = callerOf(request);
    if (personId === undefined && homeId === undefined && regionCode === undefined && from === undefined) throw invalid([{ field: 'personId', expected: 'a person, a home, a region or a number' }]);
    let target = await targetOf(ctx, from);
    if (personId !== undefined) {
      const person = await scopedPerson(ctx, caller, personId).catch(() => null);
      if (!person) throw invalid([{ field: 'personId', expected: 'a person of your scope' }]);
      target = { personId, homeId: person.homeId, deviceId: null, regionCode: person.regionCode, matched: 'person', others: [] };
    } else if (homeId !== undefined) {
      const home = await scopedHome(ctx, caller, homeId).catch(() => null);
      if (!home) throw invalid([{ field: 'homeId', expected: 'a home of your scope' }]);
      target = { personId: target.homeId === homeId ? target.personId : null, homeId, deviceId: null, regionCode: home.regionCode, matched: 'home', others: [] };
    }
    if (regionCode !== undefined && (!seesRegion(caller.scopeCode, regionCode) || !(await knownRegions(ctx.db, [regionCode])).has(regionCode))) throw invalid([{ field: 'regionCode', expected: 'a region of your scope' }]);
    const at = { ...target, regionCode: target.homeId === null && regionCode !== undefined ? regionCode : target.regionCode };
    const event = await ctx.db.tx((sql) => raise(ctx, sql, request, { source: 'wall', kind, target: at, from, note }));
    ctx.log.info({ eventId: event.id, source: 'wall', kind, matched: at.matched, trace: request.id }, 'a call for help was stored');
    reply.code(201);
    return { eventId: event.id, receivedAt: event.receivedAt, ...(await knownOf(ctx, request, at)) };
  }));

  app.post('/api/v1/alerts/:id/callers', {
    config: { access: alertActors },
    schema: {
      summary: 'The numbers and notes that callers left with an alert. Audited.', tags, params: Shape({ id: AlertIdText }), body: Shape({}),
      response: { 200: Shape({ callers: Type.Array(Shape({ at: EpochMs, from: Nullable(Type.String()), note: Nullable(Type.String()) })) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await scopedAlert(ctx, caller, request.params.id);
    await ctx.audit({ actor: caller.actor, action: 'alert.callers', target: `alert:${row.id}`, result: 'ok', detail: { address: request.ip } });
    return { callers: await alertCallers(ctx.db, ctx.seal, row.id) };
  });
}

type Raise = { source: 'phone' | 'wall'; kind: EventKind; target: Target; from: string | undefined; note: string | undefined };
/** One event row and its audit, in the caller's transaction. */
async function raise(ctx: WebContext, sql: Sql, request: FastifyRequest, { source, kind, target, from, note }: Raise): Promise<{ id: string; receivedAt: number }> {
  const caller = callerOf(request);
  const digits = phoneDigits(from ?? '');
  const nobody = target.personId === null && target.homeId === null && target.deviceId === null;
  // Withheld numbers and bare entries are told apart: two emergencies must not merge because neither has a name.
  const subject = !nobody ? undefined : digits.length >= 5 ? numberSubject(ctx.seal, digits) : { type: 'number', id: `${source === 'wall' ? '值班台' : '未知号码'}#${randomUUID().slice(0, 12)}` };
  const data = { ...(subject ? { subject } : {}), ...(target.regionCode === null ? {} : { regionCode: target.regionCode }), ...(from === undefined ? {} : { from }), ...(note === undefined ? {} : { note }), by: caller.actor };
  const made = await insertDeskEvent(sql, ctx.seal, { ingestId: randomUUID(), source, kind, personId: target.personId, homeId: target.homeId, deviceId: target.deviceId, data, trace: request.id });
  await appendAudit(sql, ctx.seal, [{ actor: caller.actor, action: source === 'phone' ? 'call.inbound' : 'alert.enter', target: `event:${made.id}`, result: 'ok', detail: { matched: target.matched, personId: target.personId, homeId: target.homeId, number: from === undefined ? null : maskPhone(digits) } }]);
  return made;
}

/** What the caller may know of whom it concerns: the alarm is raised wherever the elder lives; who they are is told only inside the caller's regions. */
async function knownOf(ctx: WebContext, request: FastifyRequest, target: Target) {
  const caller = callerOf(request);
  const visible = seesRegion(caller.scopeCode, target.regionCode) || (target.personId === null && target.homeId === null && target.deviceId === null);
  const person = visible && target.personId !== null ? await findPerson(ctx.db, ctx.seal, target.personId) : null;
  return {
    matched: target.matched, personId: visible ? target.personId : null, homeId: visible ? target.homeId : null,
    name: person ? shownName(caller, person.name) : null, regionCode: visible ? target.regionCode : null, others: visible ? target.others : [],
  };
}

/** One word of the exchange about one call: the row that the consoles show, and the alarm, in one transaction. */
async function inbound(ctx: WebContext, request: FastifyRequest, body: { from: string; note?: string; event?: 'ring' | 'answered' | 'ended'; raise?: boolean }): Promise<Static<typeof Inbound>> {
  const { from, note, event = 'ring' } = body;
  const target = await targetOf(ctx, from);
  const digits = phoneDigits(from).length < 5 ? '' : phoneDigits(from);
  const raises = event === 'ring' && (body.raise !== false || target.deviceId !== null);
  const { callId, made, now } = await ctx.db.tx(async (sql) => {
    const known = event === 'ring' ? null : await ringingCall(sql, ctx.seal, digits);
    const id = known ?? (event === 'ended' ? null : (await noteCall(sql, ctx.seal, digits, target, request.id)).id);
    const raised = raises ? await raise(ctx, sql, request, { source: 'phone', kind: 'phone-in', target, from, note }) : null;
    if (id !== null && raised !== null) await callRaised(sql, id, raised.id);
    if (id !== null && event === 'answered') await openCall(sql, id, { actor: callerOf(request).actor, name: callerOf(request).name });
    if (id !== null && event === 'ended') await missCall(sql, ctx.seal, id);
    return { callId: id, made: raised, now: raised?.receivedAt ?? (await readNow(sql)) };
  });
  ctx.log.info({ callId, eventId: made?.id, event, matched: target.matched, trace: request.id }, 'a call came in');
  return { callId, eventId: made?.id ?? null, receivedAt: now, ...(await knownOf(ctx, request, target)) };
}

function registerCallList(app: App, ctx: WebContext): void {
  const view = ({ regionCode: _r, ...call }: CallRow): Static<typeof Call> => call;
  app.get('/api/v1/calls', {
    config: { access: alertActors },
    schema: { summary: 'Calls of your scope, newest first', tags, querystring: Shape({ state: Type.Optional(OneOf(['ringing', 'opened', 'missed'])) }), response: { 200: Shape({ calls: Type.Array(Call) }), ...errorAnswers } },
  }, async (request) => ({ calls: (await listCalls(ctx.db, ctx.seal, scopePrefix(callerOf(request).scopeCode), request.query.state ?? null, limits.callRows)).map(view) }));

  app.post('/api/v1/calls/:id/open', {
    config: { access: alertActors },
    schema: {
      summary: 'Take the call: it leaves the strip of every console, and the number is told. Audited', tags, params: IdParams, body: Shape({}),
      response: { 200: Shape({ call: Call, from: Nullable(Type.String({ description: 'in plain text' })), first: Type.Boolean({ description: 'false: somebody else had opened it' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const id = rowNumber(request.params.id);
    const known = await findCall(ctx.db, ctx.seal, id);
    if (!known) throw nothing();
    requireScope(caller, known.call.regionCode);
    const first = await ctx.db.tx(async (sql) => {
      const opened = await openCall(sql, id, { actor: caller.actor, name: caller.name });
      await appendAudit(sql, ctx.seal, [{ actor: caller.actor, action: 'call.open', target: `call:${id}`, result: 'ok', detail: { first: opened, address: request.ip } }]);
      return opened;
    });
    const now = await findCall(ctx.db, ctx.seal, id);
    return { call: view((now ?? known).call), from: known.from, first };
  });
}
