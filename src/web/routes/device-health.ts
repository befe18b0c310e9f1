/** 设备体检: installed and never heard, silent for longer than their class allows, batteries near their end (FEATURES B6 B9). */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { type BatteryOutlook, batteryOutlook } from '#core/battery.ts';
import { limits } from '#core/limits.ts';
import { signalTrend } from '#core/signal.ts';
import { batteryReadings, lastDay, lowestBatteries, signalDays, weakestSignals, weakVillages } from '#store/device-health.ts';
import { findRegisteredMany, listRegistered } from '#store/device-registry.ts';
import { readNow } from '#store/county-status.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { deviceReaders, listPrefix, pageLimit, placeNames } from '#web/registry.ts';
import { DeviceView, IdParams, Next, pageQuery } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';
import { scopedDevice } from './devices.ts';

const lists = ['never', 'dead', 'battery', 'signal', 'sim'] as const;
const Outlook = Shape({
  kind: OneOf(['few', 'steady', 'falling'], '`few`: too few readings for a word'), readings: Type.Integer(), days: Type.Integer({ description: 'between the first and the last of them' }),
  daysLeft: Nullable(Type.Number({ description: 'until 10 %, from now' })), perDay: Nullable(Type.Number({ description: 'percent points a day' })),
});
const tags = ['devices'];

export function registerDeviceHealth(app: App, ctx: WebContext): void {
  app.get('/api/v1/device-health', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Installed devices that need somebody. never: not heard once within their class’s grace; dead: heard before, silent beyond it; battery: their line falls, the soonest end first; signal: heard and below -100 dBm, village by village; sim: paid for less than 60 days more', tags,
      querystring: Shape({ list: OneOf(lists), region: pageQuery.region, cursor: pageQuery.cursor, limit: pageQuery.limit }),
      response: { 200: Shape({ devices: Type.Array(Shape({ ...DeviceView.properties, outlook: Nullable(Outlook) })), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { list, region, cursor, limit } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { devices: [], next: null };
    if (list === 'signal') {
      const ids = await weakestSignals(ctx.db, prefix);
      const byId = new Map((await findRegisteredMany(ctx.db, ids)).map((d) => [d.id, d]));
      return { devices: ids.flatMap((id) => { const d = byId.get(id); return d ? [{ ...(d as Static<typeof DeviceView>), outlook: null }] : []; }), next: null };
    }
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
  app.get('/api/v1/devices/:id/heartbeats', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Its heartbeats of the last 24 hours, the oldest first; of more than 3,000 the newest', tags, params: IdParams,
      response: { 200: Shape({ heartbeats: Type.Array(Shape({ at: EpochMs, battery: Nullable(Type.Integer()), rssi: Nullable(Type.Integer({ description: 'dBm' })), mains: Nullable(Type.Boolean()), temp: Nullable(Type.Number()) })) }), ...errorAnswers },
    },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    return { heartbeats: await lastDay(ctx.db, device.id, await readNow(ctx.db)) };
  });
  registerSignal(app, ctx);
}

function registerSignal(app: App, ctx: WebContext): void {
  app.get('/api/v1/device-health/signal', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Villages with devices of weak signal, the most first', tags, querystring: Shape({ region: pageQuery.region }),
      response: { 200: Shape({ weakDbm: Type.Integer(), villages: Type.Array(Shape({ code: Nullable(RegionCodeText), ...Place, heard: Type.Integer({ description: 'online, and say their signal' }), weak: Type.Integer(), mean: Type.Number({ description: 'dBm, of all that are heard' }) })) }), ...errorAnswers },
    },
  }, async (request) => {
    const prefix = listPrefix(callerOf(request), request.query.region);
    const villages = prefix === null ? [] : await weakVillages(ctx.db, prefix);
    const names = await placeNames(ctx.db, villages.map((v) => v.code));
    return { weakDbm: limits.signalWeakDbm, villages: villages.map((v) => ({ ...v, ...names(v.code) })) };
  });
  app.get('/api/v1/devices/:id/signal', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Its signal day by day, and whether it is weak or falls', tags, params: IdParams,
      response: { 200: Shape({
        weakDbm: Type.Integer(), days: Type.Array(Shape({ at: EpochMs, mean: Type.Number({ description: 'dBm' }), worst: Type.Integer() })),
        trend: Shape({ kind: OneOf(['few', 'weak', 'falling', 'steady'], '`few`: too few days for a word'), days: Type.Integer(), now: Nullable(Type.Number({ description: 'mean of the last seven days' })), before: Nullable(Type.Number({ description: 'of the days before them' })) }),
      }), ...errorAnswers },
    },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    const now = await readNow(ctx.db);
    const days = await signalDays(ctx.db, device.id, now);
    return { weakDbm: limits.signalWeakDbm, days, trend: signalTrend(days, now) };
  });
}
