/** 值班日志 and 交接班: the day at the desk, line by line; and the hand-over that both sign and for which both count the open cases (D9). */
import { Type } from 'typebox';
import { countyDay } from '#core/clock.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import type { PinHolder } from '#store/factors.ts';
import type { Sql } from '#store/pool.ts';
import { countDesk, listHandovers, lockHandover, offerHandover, readShift, takeHandover, writeShift } from '#store/shift.ts';
import { alertActors, alertReaders, callerOf, deskRoles, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, nothing, placeNames, rowNumber } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, IdText, NoteText, Nullable, Ok, PinText, Shape } from '#web/schemas.ts';
import { byPin, changeSeat, sitDown } from '#web/seat.ts';
import { Me } from './session.ts';

const tags = ['desk'];
const Counts = { open: Type.Integer(), urgent: Type.Integer({ description: 'P1 among them' }), shelved: Type.Integer(), callbacks: Type.Integer(), pinned: Type.Integer(), away: Type.Integer({ description: 'people and homes that are away' }) };
const Line = Shape({
  at: EpochMs, what: Type.String(), name: Nullable(Type.String()), alertId: Nullable(Type.String()), kind: Nullable(Type.String()), priority: Nullable(Type.Integer()),
  town: Nullable(Type.String()), village: Nullable(Type.String()), detail: Type.Object({}, { additionalProperties: true }), note: Nullable(Type.String()),
});
const Handover = Shape({
  id: Type.String(), fromId: Type.String(), fromName: Type.String(), open: Type.Integer({ description: 'cases that were open when it was signed' }), offeredAt: EpochMs, toName: Nullable(Type.String()), takenAt: Nullable(EpochMs), note: Nullable(Type.String()),
});
const Open = Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'the open cases you have counted' });

export function registerShift(app: App, ctx: WebContext): void {
  app.get('/api/v1/desk/log', {
    config: { access: alertReaders },
    schema: {
      summary: '值班日志: a day of the desk, oldest first', tags, querystring: Shape({ day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day of the county (UTC+8)' }) }),
      response: { 200: Shape({ day: Type.String(), lines: Type.Array(Line), truncated: Type.Boolean() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const span = countyDay(request.query.day);
    if (span === null) throw invalid([{ field: 'day', expected: 'a day yyyy-MM-dd' }]);
    const rows = await readShift(ctx.db, ctx.seal, scopePrefix(caller.scopeCode), span.from, span.to, limits.shiftRows + 1);
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    const desk = deskRoles.has(caller.role);
    const lines = rows.slice(0, limits.shiftRows).map(({ regionCode, ...row }) => ({ ...row, at: Math.round(row.at), note: desk ? row.note : null, ...names(regionCode) }));
    return { day: request.query.day, lines, truncated: rows.length > limits.shiftRows };
  });

  app.post('/api/v1/desk/log', {
    config: { access: alertActors }, schema: { summary: 'A line by hand', tags, body: Shape({ note: Type.String({ minLength: 1, maxLength: 2000 }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    await writeShift(ctx.db, ctx.seal, { what: 'note', scopeCode: caller.scopeCode, byId: caller.id, byName: caller.name, note: request.body.note });
    return { ok: true as const };
  });
  app.post('/api/v1/desk/heard', {
    config: { access: alertActors }, schema: { summary: 'Start of shift: the test sound was heard at this console', tags, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    await writeShift(ctx.db, ctx.seal, { what: 'heard', scopeCode: caller.scopeCode, byId: caller.id, byName: caller.name });
    return { ok: true as const };
  });
  registerHandover(app, ctx);
}

function registerHandover(app: App, ctx: WebContext): void {
  app.get('/api/v1/desk/handovers', {
    config: { access: alertActors },
    schema: { summary: '交接班: what is open now, hand-overs that wait, and the last ones', tags, response: { 200: Shape({ now: Shape(Counts), handovers: Type.Array(Handover) }), ...errorAnswers } },
  }, async (request) => {
    const prefix = scopePrefix(callerOf(request).scopeCode);
    return { now: await countDesk(ctx.db, prefix), handovers: (await listHandovers(ctx.db, ctx.seal, prefix, 20)).map(({ scopeCode: _, ...h }) => h) };
  });

  app.post('/api/v1/desk/handovers', {
    config: { access: alertActors },
    schema: { summary: 'Sign my shift over, with the open cases as I have counted them; 409 says how many there are', tags, body: Shape({ open: Open, note: Type.Optional(NoteText) }), response: { 201: Shape({ id: Type.String() }), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { open, note = null } = request.body;
    const id = await change(ctx, async (sql) => {
      const counts = await requireCount(sql, caller, open);
      const result = await offerHandover(sql, ctx.seal, { scopeCode: caller.scopeCode, fromId: caller.id, fromName: caller.name, open, detail: counts, note });
      await writeShift(sql, ctx.seal, { what: 'handover-signed', scopeCode: caller.scopeCode, byId: caller.id, byName: caller.name, detail: counts, note });
      return { result, audit: [{ actor: caller.actor, action: 'handover.sign', target: `handover:${result}`, result: 'ok' as const, detail: { open } }] };
    });
    reply.code(201);
    return { id };
  });

  app.post('/api/v1/desk/handovers/:id/take', {
    config: { access: alertActors },
    schema: {
      summary: 'Take the shift: as myself, or by PIN at the console of whoever leaves; the open cases are counted again, 409 says how many there are', tags, params: IdParams,
      body: Shape({ open: Open, userId: Type.Optional(IdText), pin: Type.Optional(PinText), tabId: Type.Optional(Type.String({ maxLength: 64 })) }), response: { 200: Me, ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { open, userId, pin, tabId } = request.body;
    if ((userId === undefined) !== (pin === undefined)) throw invalid([{ field: 'pin', expected: 'together with userId' }]);
    const to: PinHolder | null = userId !== undefined && pin !== undefined ? await byPin(ctx, caller, userId, pin) : null;
    const taker = to ?? { id: caller.id, name: caller.name, role: caller.role, scopeCode: caller.scopeCode };
    const done = await change(ctx, async (sql) => {
      const handover = await lockHandover(sql, ctx.seal, rowNumber(request.params.id));
      if (!handover || !seesRegion(caller.scopeCode, handover.scopeCode)) throw nothing();
      if (handover.fromId === taker.id) throw new ApiError('E_CONFLICT', 'Nobody takes over from himself.', { more: { reason: 'same-person' } });
      await requireCount(sql, caller, open);
      await takeHandover(sql, handover.id, taker);
      await writeShift(sql, ctx.seal, { what: 'handover-taken', scopeCode: handover.scopeCode, byId: taker.id, byName: taker.name, detail: { from: handover.fromName, open, was: handover.open } });
      const seat = to && (await changeSeat(ctx, sql, caller, to, tabId));
      return { result: seat, audit: [{ actor: `user:${taker.id}`, action: 'handover.take', target: `handover:${handover.id}`, result: 'ok' as const, detail: { from: handover.fromId, open } }] };
    });
    if (done) sitDown(reply, done.cookie);
    return { kind: to ? 'user' as const : caller.kind, id: taker.id, name: taker.name, role: taker.role, scopeCode: taker.scopeCode, proof: done?.proof ?? caller.proof };
  });
}

/** What is open now, when it is as many as were counted. */
async function requireCount(sql: Sql, caller: Caller, open: number): Promise<Record<string, number>> {
  const now = await countDesk(sql, scopePrefix(caller.scopeCode));
  if (now.open !== open) throw new ApiError('E_CONFLICT', `${now.open} cases are open, not ${open}.`, { more: { reason: 'count', open: now.open } });
  return now;
}
