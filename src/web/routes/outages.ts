/** The list behind an area outage (片区失联): who is lost, who is back, and who is presumed unreachable because they share it. No personal data. */
import { Type } from 'typebox';
import { listMembers, listPresumed, type OutageDevice } from '#store/outages.ts';
import { alertReaders, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { AlertIdText, EpochMs, errorAnswers, Nullable, Shape } from '#web/schemas.ts';
import { scopedAlert } from './alerts.ts';

const Device = Shape({
  deviceId: Type.String(), homeId: Nullable(Type.String()), regionCode: Nullable(Type.String()), model: Type.String(), lastSeenAt: Nullable(EpochMs), silentAt: Nullable(EpochMs), backAt: Nullable(EpochMs),
  highRisk: Type.Boolean(),
});

export function registerOutages(app: App, ctx: WebContext): void {
  app.get('/api/v1/alerts/:id/outage', {
    config: { access: alertReaders },
    schema: {
      summary: 'Devices of an area outage: members, still lost first, and those presumed unreachable (推断失联), by risk', tags: ['alerts'], params: Shape({ id: AlertIdText }),
      response: { 200: Shape({ members: Type.Array(Device), presumed: Type.Array(Device) }), ...errorAnswers },
    },
  }, async (request) => {
    const row = await scopedAlert(ctx, callerOf(request), request.params.id);
    const plain = (devices: OutageDevice[]): OutageDevice[] => devices.map(({ deviceId, homeId, regionCode, model, lastSeenAt, silentAt, backAt, highRisk }) => ({ deviceId, homeId, regionCode, model, lastSeenAt, silentAt, backAt, highRisk }));
    return { members: plain(await listMembers(ctx.db, row.id)), presumed: plain(await listPresumed(ctx.db, row.id)) };
  });
}
