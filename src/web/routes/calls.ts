/**
 * Alarms by telephone (电话报警): a call comes in (from the exchange, or typed by the operator), or is entered at the wall. The
 * answer means committed, as with a device (law 1). A number that is nobody's raises too: somebody called for help.
 */
import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits } from '#core/phone.ts';
import { findAlertView } from '#store/alert-views.ts';
import { appendAudit } from '#store/audit.ts';
import { alertCallers, findCaller, insertDeskEvent, numberSubject } from '#store/desk-events.ts';
import { findPerson } from '#store/people.ts';
import { knownRegions } from '#store/regions.ts';
import { alertActors, callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { nothing, shownName } from '#web/registry.ts';
import { OwnId } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, IdempotencyHeaders, NoteText, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';
import { scopedHome } from './homes.ts';
import { scopedPerson } from './people.ts';

const tags = ['alerts'];
const From = Type.String({ minLength: 1, maxLength: 32, description: 'the caller’s number as the exchange shows it' });
const Raised = Shape({
  eventId: Type.String(), receivedAt: EpochMs, matched: OneOf(['person', 'contact', 'home', 'responder', 'unknown'], 'whose number it is'),
  personId: Nullable(Type.String()), homeId: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), regionCode: Nullable(RegionCodeText),
  others: Type.Array(Type.String(), { description: 'further elders of this number, by id' }),
});
type Target = { personId: string | null; homeId: string | null; regionCode: string | null; matched: 'person' | 'contact' | 'home' | 'responder' | 'unknown'; others: string[] };
const unknown: Target = { personId: null, homeId: null, regionCode: null, matched: 'unknown', others: [] };

async function targetOf(ctx: WebContext, from: string | undefined): Promise<Target> {
  const digits = phoneDigits(from ?? '');
  const found = digits.length < 5 ? null : await findCaller(ctx.db, ctx.seal, digits);
  return found ? { personId: found.personId, homeId: found.homeId, regionCode: found.regionCode, matched: found.how, others: found.others } : unknown;
}

export function registerCalls(app: App, ctx: WebContext): void {
  app.post('/api/v1/calls/inbound', {
    config: { access: alertActors },
    schema: { summary: 'A call for help comes in; number, home, alert', tags, headers: IdempotencyHeaders, body: Shape({ from: From, note: Type.Optional(NoteText) }), response: { 201: Raised, ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const { from, note } = request.body;
    const raised = await raise(ctx, request, 'phone', await targetOf(ctx, from), from, note);
    reply.code(201);
    return raised;
  }));

  app.post('/api/v1/alerts', {
    config: { access: alertActors },
    schema: {
      summary: 'Enter an emergency by hand (电话报警): for a person, a home, a place, or only a number', tags, headers: IdempotencyHeaders,
      body: Shape({ personId: Type.Optional(OwnId), homeId: Type.Optional(OwnId), regionCode: Type.Optional(RegionCodeText), from: Type.Optional(From), note: Type.Optional(NoteText) }),
      response: { 201: Raised, ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const { personId, homeId, regionCode, from, note } = request.body;
    const caller = callerOf(request);
    if (personId === undefined && homeId === undefined && regionCode === undefined && from === undefined) throw invalid([{ field: 'personId', expected: 'a person, a home, a region or a number' }]);
    let target = await targetOf(ctx, from);
    if (personId !== undefined) {
      const person = await scopedPerson(ctx, caller, personId).catch(() => null);
      if (!person) throw invalid([{ field: 'personId', expected: 'a person of your scope' }]);
      target = { personId, homeId: person.homeId, regionCode: person.regionCode, matched: 'person', others: [] };
    } else if (homeId !== undefined) {
      const home = await scopedHome(ctx, caller, homeId).catch(() => null);
      if (!home) throw invalid([{ field: 'homeId', expected: 'a home of your scope' }]);
      target = { personId: target.homeId === homeId ? target.personId : null, homeId, regionCode: home.regionCode, matched: 'home', others: [] };
    }
    if (regionCode !== undefined && (!seesRegion(caller.scopeCode, regionCode) || !(await knownRegions(ctx.db, [regionCode])).has(regionCode))) throw invalid([{ field: 'regionCode', expected: 'a region of your scope' }]);
    const raised = await raise(ctx, request, 'wall', { ...target, regionCode: target.homeId === null && regionCode !== undefined ? regionCode : target.regionCode }, from, note);
    reply.code(201);
    return raised;
  }));

  app.post('/api/v1/alerts/:id/callers', {
    config: { access: alertActors },
    schema: {
      summary: 'The numbers and notes that callers left with an alert. Audited.', tags, params: Shape({ id: AlertIdText }), body: Shape({}),
      response: { 200: Shape({ callers: Type.Array(Shape({ at: EpochMs, from: Nullable(Type.String()), note: Nullable(Type.String()) })) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await findAlertView(ctx.db, request.params.id);
    if (!row) throw nothing();
    requireScope(caller, row.regionCode);
    await ctx.audit({ actor: caller.actor, action: 'alert.callers', target: `alert:${row.id}`, result: 'ok', detail: { address: request.ip } });
    return { callers: await alertCallers(ctx.db, ctx.seal, row.id) };
  });
}

/** One event row, committed with its audit; what the caller may know of it. */
async function raise(ctx: WebContext, request: FastifyRequest, source: 'phone' | 'wall', target: Target, from: string | undefined, note: string | undefined) {
  const caller = callerOf(request);
  const digits = phoneDigits(from ?? '');
  const nobody = target.personId === null && target.homeId === null;
  // Withheld numbers and bare entries are told apart: two emergencies must not merge because neither has a name.
  const subject = !nobody ? undefined : digits.length >= 5 ? numberSubject(ctx.seal, digits) : { type: 'number', id: `${source === 'wall' ? '值班台' : '未知号码'}#${randomUUID().slice(0, 12)}` };
  const data = { ...(subject ? { subject } : {}), ...(target.regionCode === null ? {} : { regionCode: target.regionCode }), ...(from === undefined ? {} : { from }), ...(note === undefined ? {} : { note }), by: caller.actor };
  const event = await ctx.db.tx(async (sql) => {
    const made = await insertDeskEvent(sql, ctx.seal, { ingestId: randomUUID(), source, kind: 'phone-in', personId: target.personId, homeId: target.homeId, deviceId: null, data, trace: request.id });
    await appendAudit(sql, ctx.seal, [{ actor: caller.actor, action: source === 'phone' ? 'call.inbound' : 'alert.enter', target: `event:${made.id}`, result: 'ok', detail: { matched: target.matched, personId: target.personId, homeId: target.homeId, number: from === undefined ? null : maskPhone(digits) } }]);
    return made;
  });
  ctx.log.info({ eventId: event.id, source, matched: target.matched, trace: request.id }, 'a call for help was stored');
  // The alarm is raised wherever the elder lives; who they are is told only inside the caller's regions.
  const visible = seesRegion(caller.scopeCode, target.regionCode) || nobody;
  const person = visible && target.personId !== null ? await findPerson(ctx.db, ctx.seal, target.personId) : null;
  return {
    eventId: event.id, receivedAt: event.receivedAt, matched: target.matched, personId: visible ? target.personId : null, homeId: visible ? target.homeId : null,
    name: person ? shownName(caller, person.name) : null, regionCode: visible ? target.regionCode : null, others: visible ? target.others : [],
  };
}
