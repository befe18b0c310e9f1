/** What the desk keeps in view beside the queue: promised call-backs (回访) with their time, and pinned cases. */
import { type Static, Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { AlertId } from '#core/ids.ts';
import { addCallback, endCallback, findCallback, listCallbacks, listHandovers, listPinned, pin, unpin, writeShift } from '#store/shift.ts';
import { readNow } from '#store/timers.ts';
import { alertActors, callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, nothing, placeNames, rowNumber, shownName } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, KindName, NoteText, Nullable, Ok, Place, Shape } from '#web/schemas.ts';
import { scopedAlert } from './alerts.ts';

const tags = ['desk'];
const Board = Shape({
  callbacks: Type.Array(Shape({ id: Type.String(), alertId: Type.String(), kind: KindName, name: Nullable(Type.String({ description: 'masked' })), ...Place, dueAt: EpochMs, byName: Type.String(), note: Nullable(Type.String()) })),
  pinned: Type.Array(Shape({ alertId: Type.String(), kind: KindName, priority: Type.Integer(), state: Type.String(), name: Nullable(Type.String({ description: 'masked' })), ...Place, at: EpochMs, byName: Type.String() })),
  handover: Nullable(Shape({ fromName: Type.String(), offeredAt: EpochMs })),
});

export function registerBoard(app: App, ctx: WebContext): void {
  app.get('/api/v1/desk/board', {
    config: { access: alertActors }, schema: { summary: 'Promised call-backs by their time, pinned cases, and a hand-over that waits', tags, response: { 200: Board, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const prefix = scopePrefix(caller.scopeCode);
    const callbacks = await listCallbacks(ctx.db, ctx.seal, prefix, limits.boardRows);
    const pinned = await listPinned(ctx.db, prefix, limits.boardRows);
    const [waiting] = (await listHandovers(ctx.db, ctx.seal, prefix, 1)).filter((h) => h.takenAt === null);
    const names = await placeNames(ctx.db, [...callbacks, ...pinned].map((r) => r.regionCode));
    const name = (sealed: Buffer | null): string | null => (sealed === null ? null : shownName(caller, ctx.seal.openIfReadable('person.name', sealed) ?? '?'));
    return {
      callbacks: callbacks.map(({ subject, regionCode, ...c }) => ({ ...c, dueAt: Math.round(c.dueAt), name: name(subject), ...names(regionCode) })),
      pinned: pinned.map(({ subject, regionCode, ...p }) => ({ ...p, at: Math.round(p.at), name: name(subject), ...names(regionCode) })),
      handover: waiting ? { fromName: waiting.fromName, offeredAt: waiting.offeredAt } : null,
    } as Static<typeof Board>;
  });

  app.post('/api/v1/alerts/:id/callbacks', {
    config: { access: alertActors },
    schema: { summary: 'Promise to call back, and be reminded then', tags, params: Shape({ id: AlertIdText }), body: Shape({ dueAt: EpochMs, note: Type.Optional(NoteText) }), response: { 201: Shape({ id: Type.String() }), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { dueAt, note = null } = request.body;
    const row = await scopedAlert(ctx, caller, request.params.id);
    const now = await readNow(ctx.db);
    if (dueAt < now - 60_000 || dueAt > now + limits.callbackMs) throw invalid([{ field: 'dueAt', expected: 'a time from now on, at most 30 days away' }]);
    const id = await addCallback(ctx.db, ctx.seal, { alertId: row.id, regionCode: row.regionCode, dueAt, note, byId: caller.id, byName: caller.name });
    reply.code(201);
    return { id };
  });

  app.post('/api/v1/desk/callbacks/:id/done', {
    config: { access: alertActors },
    schema: { summary: 'Called back: one line of what was said goes onto the case', tags, params: IdParams, body: Shape({ note: Type.String({ minLength: 1, maxLength: 2000 }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const id = rowNumber(request.params.id);
    const known = await findCallback(ctx.db, id);
    if (!known) throw nothing();
    requireScope(caller, known.regionCode);
    const first = await change(ctx, async (sql) => {
      const ended = await endCallback(sql, id, { id: caller.id, name: caller.name });
      if (ended) await writeShift(sql, ctx.seal, { what: 'callback-done', scopeCode: caller.scopeCode, byId: caller.id, byName: caller.name, detail: { alertId: known.alertId }, note: request.body.note });
      return { result: ended, audit: [] };
    });
    if (!first) throw new ApiError('E_CONFLICT', `${known.doneName ?? 'Somebody'} was first.`, { more: { by: known.doneName, at: known.doneAt } });
    await ctx.respond({
      alertId: known.alertId as AlertId, action: 'note', actor: { type: 'user', id: caller.kind === 'user' ? caller.id : caller.actor, name: caller.name }, via: caller.kind === 'user' ? 'wall' : 'api', trace: request.id, note: `回访:${request.body.note}`,
    });
    return { ok: true as const };
  });

  app.put('/api/v1/alerts/:id/pin', {
    config: { access: alertActors }, schema: { summary: 'Keep a case in view, open or closed, over shifts', tags, params: Shape({ id: AlertIdText }), body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await scopedAlert(ctx, caller, request.params.id);
    await pin(ctx.db, row.id, row.regionCode, { id: caller.id, name: caller.name });
    return { ok: true as const };
  });
  app.delete('/api/v1/alerts/:id/pin', {
    config: { access: alertActors }, schema: { summary: 'Let it go', tags, params: Shape({ id: AlertIdText }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const row = await scopedAlert(ctx, callerOf(request), request.params.id);
    await unpin(ctx.db, row.id);
    return { ok: true as const };
  });
}
