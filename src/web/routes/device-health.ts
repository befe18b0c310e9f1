/** 设备体检: installed and never heard, silent for longer than their class allows, batteries near their end (FEATURES B6 B9). */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { type BatteryOutlook, batteryOutlook } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
import { batteryReadings, lowestBatteries } from '#store/device-health.ts';
import { findRegisteredMany, listRegistered } from '#store/device-registry.ts';
import { readNow } from '#store/county-status.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { deviceReaders, listPrefix, pageLimit } from '#web/registry.ts';
import { DeviceView, IdParams, Next, pageQuery } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { scopedDevice } from './devices.ts';

const lists = ['never', 'dead', 'battery', 'sim'] as const;
const Outlook = Shape({
  kind: OneOf(['few', 'steady', 'falling'], '`few`: too few readings for a word'), readings: Type.Integer(), days: Type.Integer({ description: 'between the first and the last of them' }),
  daysLeft: Nullable(Type.Number({ description: 'until 10 %, from now' })), perDay: Nullable(Type.Number({ description: 'percent points a day' })),
});
const tags = ['devices'];

export function registerDeviceHealth(app: App, ctx: WebContext): void {
  app.get('/api/v1/device-health', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Installed devices that need somebody. never: not heard once within their class’s grace; dead: heard before, silent beyond it; battery: their line falls, the soonest end first; sim: paid for less than 60 days more', tags,
      querystring: Shape({ list: OneOf(lists), region: pageQuery.region, cursor: pageQuery.cursor, limit: pageQuery.limit }),
      response: { 200: Shape({ devices: Type.Array(Shape({ ...DeviceView.properties, outlook: Nullable(Outlook) })), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { list, region, cursor, limit } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { devices: [], next: null };
    if (list !== 'battery') {
      const { rows, next } = await listRegistered(ctx.db, {
        prefix, q: null, after: cursor ?? null, limit: pageLimit(limit), homeId: null, personId: null, model: null, status: 'installed', presence: list === 'never' ? 'never-reported' : list === 'dead' ? 'offline' : null, demo: null, ...(list === 'sim' ? { simDays: limits.simDays } : {}),
      });
      return { devices: rows.map((d) => ({ ...(d as Static<typeof DeviceView>), outlook: null })), next };
    }
    const ids = await lowestBatteries(ctx.db, prefix);
    const now = await readNow(ctx.db);
    const [devices, readings] = [await findRegisteredMany(ctx.db, ids), await batteryReadings(ctx.db, ids, now)];
    const falling = devices.map((d) => ({ ...(d as Static<typeof DeviceView>), outlook: batteryOutlook(readings.get(d.id) ?? [], now) })).filter((d) => d.outlook.kind === 'falling');
    return { devices: falling.sort((a, b) => (a.outlook.daysLeft ?? 0) - (b.outlook.daysLeft ?? 0)), next: null };
  });
  app.get('/api/v1/devices/:id/battery', {
    config: { access: deviceReaders },
    schema: {
      summary: 'What it has said of its battery, one reading a day, and when that comes to 10 %', tags, params: IdParams,
      response: { 200: Shape({ readings: Type.Array(Shape({ at: EpochMs, percent: Type.Integer() })), outlook: Outlook }), ...errorAnswers },
    },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    const now = await readNow(ctx.db);
    const readings = (await batteryReadings(ctx.db, [device.id], now)).get(device.id) ?? [];
    const outlook: BatteryOutlook = batteryOutlook(readings, now);
    return { readings, outlook };
  });
}
