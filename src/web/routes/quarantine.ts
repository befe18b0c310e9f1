/** Quarantine (待查报文) and refused devices (设备未登记): what stands there, the audited look at one frame, replay after a decoder fix (A10, A11). */
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { type Caller, may, type UserRole } from '#core/user.ts';
import { scopePrefix } from '#core/ids.ts';
import { findQuarantined, findQuarantineRow, listQuarantined, openQuarantined, type QuarantineFilter, quarantineReasons } from '#store/quarantine-admin.ts';
import { dismissUnregistered, listUnregistered } from '#store/unregistered-admin.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { change, nothing, rowNumber } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, Nullable, Ok, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['devices'];
const readers: readonly UserRole[] = may.readQuarantine;
const openers: readonly UserRole[] = may.openQuarantine;
const outside: readonly UserRole[] = may.readRefused;
const Params = IdParams;
const filterFields = {
  q: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'part of a device id or a topic' })), deviceId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  reason: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), replayed: Type.Optional(OneOf(['open', 'done'], 'open: not replayed yet')),
};
type Filter = { q?: string; deviceId?: string; reason?: string; replayed?: 'open' | 'done' };
const filterOf = (caller: Caller, { q, deviceId, reason, replayed }: Filter): QuarantineFilter => ({ scopeCode: caller.scopeCode, q: q ?? null, deviceId: deviceId ?? null, reason: reason ?? null, replayed: replayed ?? null });
const FrameView = Shape({
  id: Type.String(), deviceId: Type.String(), topic: Type.String(), bytes: Type.Integer(), reason: Type.String(), receivedAt: EpochMs, trace: Type.String(), regionCode: Nullable(RegionCodeText),
  homeId: Nullable(Type.String()), replayedAt: Nullable(EpochMs), replayedBy: Nullable(Type.String()), replayResult: Nullable(Type.String()),
});

export function registerQuarantine(app: App, ctx: WebContext): void {
  app.get('/api/v1/quarantine', {
    config: { access: readers },
    schema: {
      summary: 'Frames nobody could read, newest first; no content', tags,
      querystring: Shape({ ...filterFields, open: Type.Optional(Type.Boolean({ description: 'replayed=open in one word' })), cursor: Type.Optional(AlertIdText), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })) }),
      response: { 200: Shape({ frames: Type.Array(FrameView), next: Nullable(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    const { cursor, limit = 100, open, ...filter } = request.query;
    const rows = await listQuarantined(ctx.db, { ...filterOf(callerOf(request), open ? { ...filter, replayed: 'open' } : filter), before: cursor ?? null, limit: limit + 1 });
    return { frames: rows.slice(0, limit), next: rows.length > limit ? (rows[limit - 1]?.id ?? null) : null };
  });
  app.get('/api/v1/quarantine/reasons', {
    config: { access: readers },
    schema: { summary: 'Why frames could not be read, the most frequent first', tags, response: { 200: Shape({ reasons: Type.Array(Shape({ reason: Type.String(), open: Type.Integer(), all: Type.Integer() })) }), ...errorAnswers } },
  }, async (request) => ({ reasons: await quarantineReasons(ctx.db, callerOf(request).scopeCode) }));
  registerBulkReplay(app, ctx);
  app.post('/api/v1/quarantine/:id/reveal', {
    config: { access: openers },
    schema: {
      summary: 'One frame as it came. Audited: it may hold anything.', tags, params: Params, body: Shape({}),
      response: { 200: Shape({ ...FrameView.properties, hex: Type.String(), text: Nullable(Type.String({ description: 'when the bytes are UTF-8' })), kept: Type.Integer({ description: 'bytes kept of `bytes`' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const frame = await findQuarantined(ctx.db, ctx.seal, rowNumber(request.params.id));
    if (!frame) throw nothing();
    requireScope(caller, frame.regionCode);
    await ctx.audit({ actor: caller.actor, action: 'quarantine.reveal', target: `quarantine:${frame.id}`, result: 'ok', detail: { address: request.ip } });
    const { raw, ...row } = frame;
    return { ...row, hex: raw.toString('hex'), text: readable(raw), kept: raw.length };
  });
  app.post('/api/v1/quarantine/:id/replay', {
    config: { access: openers },
    schema: {
      summary: 'Read the frame again, after a decoder fix', tags, params: Params, body: Shape({}),
      response: { 200: Shape({ result: OneOf(['replayed', 'still-unreadable', 'replayed-before', 'not-an-event']), reason: Nullable(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await findQuarantineRow(ctx.db, rowNumber(request.params.id));
    if (!row) throw nothing();
    requireScope(caller, row.regionCode);
    if (!ctx.replay) throw new ApiError('E_OVERLOADED', 'This process cannot replay.');
    const { result, reason } = await ctx.replay(row.id, caller.actor);
    await ctx.audit({ actor: caller.actor, action: 'quarantine.replay', target: `quarantine:${row.id}`, result: result === 'replayed' ? 'ok' : 'failed', detail: { result } });
    if (result === 'not-found') throw nothing();
    return { result, reason: reason ?? null };
  });
  registerUnregistered(app, ctx);
}

function registerBulkReplay(app: App, ctx: WebContext): void {
  app.post('/api/v1/quarantine/replay', {
    config: { access: openers },
    schema: {
      summary: `Read up to ${limits.replayFrames} open frames again, oldest first; go on with \`next\` as \`after\``, tags, body: Shape({ ...filterFields, after: Type.Optional(AlertIdText) }),
      response: { 200: Shape({ tried: Type.Integer(), replayed: Type.Integer(), unreadable: Type.Integer(), other: Type.Integer(), next: Nullable(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    if (!ctx.replay) throw new ApiError('E_OVERLOADED', 'This process cannot replay.');
    const { after = '0', ...filter } = request.body;
    const ids = await openQuarantined(ctx.db, { ...filterOf(caller, filter), after, limit: limits.replayFrames });
    const counts = { replayed: 0, unreadable: 0, other: 0 };
    for (const id of ids) {
      const { result } = await ctx.replay(id, caller.actor);
      counts[result === 'replayed' ? 'replayed' : result === 'still-unreadable' ? 'unreadable' : 'other']++;
    }
    await ctx.audit({ actor: caller.actor, action: 'quarantine.replay-all', result: 'ok', detail: { ...filter, first: ids[0], last: ids.at(-1), ...counts } });
    return { tried: ids.length, ...counts, next: ids.length === limits.replayFrames ? (ids.at(-1) ?? null) : null };
  });
}

/** UTF-8 as text, anything else null: a frame of bytes is shown as hex only. */
function readable(raw: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return null;
  }
}

function registerUnregistered(app: App, ctx: WebContext): void {
  app.get('/api/v1/unregistered', {
    config: { access: outside },
    schema: {
      summary: '设备未登记: refused devices, the last first; POST /devices with this id takes one in', tags,
      querystring: Shape({ cursor: Type.Optional(Type.Integer({ minimum: 0 })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })) }),
      response: {
        200: Shape({
          devices: Type.Array(Shape({
            id: Type.String(), reason: OneOf(['unknown', 'revoked', 'wrong-secret']), firstAt: EpochMs, lastAt: EpochMs, count: Type.Number(), address: Nullable(Type.String()), door: Type.String(), doorKey: Nullable(Type.String({ description: 'behind a vendor’s door: what it is called there; register it with this `door` and `doorKey`' })),
            deviceId: Nullable(Type.String()), homeId: Nullable(Type.String()), regionCode: Nullable(RegionCodeText),
          })),
          next: Nullable(Type.Integer()),
        }),
        ...errorAnswers,
      },
    },
  }, async (request) => {
    const { cursor, limit = 100 } = request.query;
    const rows = await listUnregistered(ctx.db, { prefix: scopePrefix(callerOf(request).scopeCode), before: cursor ?? null, limit: limit + 1 });
    return { devices: rows.slice(0, limit), next: rows.length > limit ? (rows[limit - 1]?.lastAt ?? null) : null };
  });
  app.delete('/api/v1/unregistered/:id', {
    config: { access: outside.filter((r) => r !== 'operator') }, schema: { summary: 'Take an entry off the list', tags, params: Shape({ id: Type.String({ minLength: 1, maxLength: 200 }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    await change(ctx, async (sql) => {
      if (!(await dismissUnregistered(sql, request.params.id))) throw nothing();
      return { result: null, audit: [{ actor: caller.actor, action: 'unregistered.dismiss', target: `device:${request.params.id}`, result: 'ok' }] };
    });
    return { ok: true as const };
  });
}
