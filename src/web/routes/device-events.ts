/** Events of one device (上报事件) with what became of each: stored, evaluated, which alert. For acceptance, technicians and ledgers. */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { edges } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { listDeviceEvents } from '#store/device-events.ts';
import { findRegistered } from '#store/device-registry.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { deviceReaders, nothing, pageLimit } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, KindName, Nullable, OneOf, Shape } from '#web/schemas.ts';

const DeviceEventView = Shape({
  id: Type.String(), kind: KindName, edge: OneOf(edges), source: Type.String(), urgency: Type.Integer(), sourceEventId: Nullable(Type.String({ description: 'the device’s own id of it' })), ref: Nullable(Type.String()),
  deviceTime: Nullable(EpochMs), receivedAt: EpochMs, evaluatedAt: Nullable(EpochMs),
  result: Nullable(Type.String({ description: 'opened, merged, duplicate, ignored:why, …; null while it waits for its evaluation' })),
  alertId: Nullable(AlertIdText), flags: Type.Array(Type.String()), trace: Type.String(),
});

export function registerDeviceEvents(app: App, ctx: WebContext): void {
  app.get('/api/v1/devices/:id/events', {
    config: { access: deviceReaders },
    schema: {
      summary: 'What a device has reported, newest first, and which alert counts it', tags: ['devices'], params: IdParams,
      querystring: Shape({
        kind: Type.Optional(KindName), sourceEventId: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })), cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$', description: 'the `next` of the answer before' })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })),
      }),
      response: { 200: Shape({ events: Type.Array(DeviceEventView), next: Nullable(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    const device = await findRegistered(ctx.db, request.params.id);
    if (!device) throw nothing();
    requireScope(callerOf(request), device.regionCode);
    const { kind, sourceEventId, cursor, limit } = request.query;
    const size = pageLimit(limit);
    const rows = await listDeviceEvents(ctx.db, { deviceId: device.id, kind: kind ?? null, sourceEventId: sourceEventId ?? null, before: cursor ?? null, limit: size });
    const events = rows.slice(0, size);
    return { events: events as Static<typeof DeviceEventView>[], next: rows.length > size ? (events.at(-1)?.id ?? null) : null };
  });
}
