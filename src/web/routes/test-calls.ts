/** 每月试按 (B7): who has pressed and who is overdue, by village; a test window for those of one village; the list as a file; the county's settings. */
import { type Static, Type } from 'typebox';
import { clockTime, dayOf, dayTime } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import { defaultTestCalls, periodDaysMax, periodDaysMin, pressable, type TestCallSettings, testCallOf, testCallStates } from '#core/test-call.ts';
import { may } from '#core/user.ts';
import { findSetting, writeSetting } from '#store/settings.ts';
import { bookTests, type TestCallDevice, testCallDevices } from '#store/test-calls.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, ofWholeCounty, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { ApiError } from '#web/errors.ts';
import { change, deviceReaders, deviceWriters, listPrefix, placeNames } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['devices'];
const Settings = Shape({
  on: Type.Boolean({ description: 'off until the county has told its people' }), periodDays: Type.Integer({ minimum: periodDaysMin, maximum: periodDaysMax }),
  types: Type.Array(OneOf(pressable), { minItems: 1, maxItems: pressable.length, uniqueItems: true }), remind: Type.Boolean({ description: 'the village’s care worker is told of what is overdue, once a week at most' }),
});
const SettingsView = Shape({ settings: Settings, updatedAt: Nullable(EpochMs), updatedBy: Nullable(Type.String()) });
const Counts = { devices: Type.Integer(), pressed: Type.Integer(), due: Type.Integer({ description: `within ${limits.testCallSoonDays} days` }), overdue: Type.Integer(), away: Type.Integer() };
const Device = Shape({
  id: Type.String(), type: Type.String(), ...Place, homeId: Nullable(Type.String()), room: Nullable(Type.String()), demo: Type.Boolean(), state: OneOf(testCallStates), dueAt: EpochMs, testUntil: Nullable(EpochMs),
  lastPressAt: Nullable(EpochMs), kind: Nullable(Type.String({ description: 'what it was: a real alarm proves as much as a test' })), booked: Nullable(Type.Boolean({ description: 'inside a booked window' })), alertId: Nullable(Type.String()),
});
const Region = Shape({ region: Type.Optional(RegionCodeText) });
const stateWords = { pressed: '未到期', due: '快到期', overdue: '逾期', away: '不在家' } as const;
const typeWords: Readonly<Record<string, string>> = { 'sos-button': '一键呼', phone: '一键电话', watch: '定位手表', smoke: '烟感', gas: '燃气报警' };

async function readSettings(ctx: WebContext): Promise<Static<typeof SettingsView>> {
  const row = await findSetting<Partial<TestCallSettings>>(ctx.db, 'test-calls');
  const { on, periodDays, types, remind } = { ...defaultTestCalls, ...row?.value };
  return { settings: { on, periodDays, types: [...types], remind }, updatedAt: row?.updatedAt ?? null, updatedBy: row?.updatedBy ?? null };
}

/** Each device with how its press stands, by region and id. */
async function standing(ctx: WebContext, prefix: string | null): Promise<{ now: number; settings: Static<typeof Settings>; devices: (TestCallDevice & ReturnType<typeof testCallOf>)[] }> {
  const { settings } = await readSettings(ctx);
  const now = Math.round(await readNow(ctx.db));
  const devices = prefix === null ? [] : await testCallDevices(ctx.db, prefix, settings.types);
  return { now, settings, devices: devices.map((d) => ({ ...d, ...testCallOf(d, settings.periodDays, now) })) };
}

export function registerTestCalls(app: App, ctx: WebContext): void {
  app.get('/api/v1/test-calls', {
    config: { access: deviceReaders },
    schema: { summary: '每月试按 by village: how many devices were pressed within the period, the most overdue first', tags, querystring: Region, response: { 200: Shape({ at: EpochMs, on: Type.Boolean(), periodDays: Type.Integer(), villages: Type.Array(Shape({ code: Nullable(RegionCodeText), ...Place, ...Counts })) }), ...errorAnswers } },
  }, async (request) => {
    const { now, settings, devices } = await standing(ctx, listPrefix(callerOf(request), request.query.region));
    const villages = [...Map.groupBy(devices, (d) => d.regionCode)];
    const names = await placeNames(ctx.db, villages.map(([code]) => code));
    const rows = villages.map(([code, list]) => {
      const count = (state: string): number => list.filter((d) => d.state === state).length;
      return { code, ...names(code), devices: list.length, pressed: count('pressed'), due: count('due'), overdue: count('overdue'), away: count('away') };
    });
    return { at: now, on: settings.on, periodDays: settings.periodDays, villages: rows.sort((a, b) => b.overdue - a.overdue || b.due - a.due || ((a.code ?? '') < (b.code ?? '') ? -1 : 1)) };
  });
  app.get('/api/v1/test-calls/devices', {
    config: { access: deviceReaders },
    schema: { summary: 'The devices of a region, the longest overdue first, with the last press of each', tags, querystring: Region, response: { 200: Shape({ at: EpochMs, devices: Type.Array(Device), more: Type.Boolean({ description: 'there are more than are shown: the file has all' }) }), ...errorAnswers } },
  }, async (request) => {
    const { now, devices } = await standing(ctx, listPrefix(callerOf(request), request.query.region));
    const shown = devices.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1)).slice(0, limits.pageRows);
    const names = await placeNames(ctx.db, shown.map((d) => d.regionCode));
    return { at: now, more: devices.length > shown.length, devices: shown.map(({ regionCode, since: _s, awayUntil: _a, personId: _p, ...d }) => ({ ...d, ...names(regionCode) })) };
  });
  app.get('/api/v1/test-calls.csv', {
    config: { access: deviceReaders },
    schema: { summary: 'The same as a file: UTF-8 with its mark, text cells; no names, no addresses', tags, querystring: Region, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const { now, devices } = await standing(ctx, listPrefix(callerOf(request), request.query.region));
    const names = await placeNames(ctx.db, devices.map((d) => d.regionCode));
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="test-calls-${dayOf(now)}.csv"`).header('cache-control', 'no-store');
    return csvOf(['乡镇', '村', '设备编号', '种类', '户编号', '房间', '上次试按', '方式', '应在之前', '状态', '数据截至'], devices.sort((a, b) => a.dueAt - b.dueAt || (a.id < b.id ? -1 : 1)).map((d) => [
      names(d.regionCode).town ?? '', names(d.regionCode).village ?? '', d.id, typeWords[d.type] ?? d.type, d.homeId ?? '', d.room ?? '', d.lastPressAt === null ? '' : dayTime(d.lastPressAt), d.lastPressAt === null ? '' : d.booked === true ? '约定试按' : d.kind === 'test' ? '未约定试按' : '真实告警',
      dayOf(d.dueAt), stateWords[d.state], `${dayOf(now)} ${clockTime(now)}`]));
  });
  registerWindows(app, ctx);
  registerSettings(app, ctx);
}

function registerWindows(app: App, ctx: WebContext): void {
  app.post('/api/v1/test-calls/window', {
    config: { access: deviceWriters },
    schema: {
      summary: 'Book test mode, from now, for all devices of a village whose press is due or overdue: a test press is information until it ends, an SOS is on the wall at once and real after two minutes. 0 minutes ends it for all of them', tags,
      body: Shape({ region: RegionCodeText, minutes: Type.Integer({ minimum: 0, maximum: limits.testMinutes }), devices: Type.Integer({ minimum: 1, description: 'how many you saw; another number now is 409 and nothing is booked' }) }),
      response: { 200: Shape({ devices: Type.Integer(), testUntil: Nullable(EpochMs) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { region, minutes, devices: seen } = request.body;
    requireScope(caller, region);
    if (region.endsWith('000')) throw new ApiError('E_INVALID', 'A window is one village’s.', { fields: [{ field: 'region', expected: 'a village' }] });
    const { devices } = await standing(ctx, region);
    const meant = devices.filter((d) => (minutes === 0 ? d.testUntil !== null : d.state === 'due' || d.state === 'overdue'));
    if (meant.length !== seen) throw new ApiError('E_CONFLICT', `Nothing was booked: there are ${meant.length} devices now, not ${seen}.`, { more: { devices: meant.length } });
    return change(ctx, async (sql) => ({
      result: { devices: meant.length, testUntil: await bookTests(sql, meant.map((d) => d.id), minutes * 60_000) },
      audit: [{ actor: caller.actor, action: 'test-call.window', target: `region:${region}`, result: 'ok', detail: { minutes, devices: meant.length, ids: meant.slice(0, 20).map((d) => d.id) } }],
    }));
  });
}

function registerSettings(app: App, ctx: WebContext): void {
  app.get('/api/v1/test-calls/settings', { config: { access: deviceReaders }, schema: { summary: 'Whose press is asked for, and how often', tags, response: { 200: SettingsView, ...errorAnswers } } }, () => readSettings(ctx));
  app.put('/api/v1/test-calls/settings', {
    config: { access: may.writeReach },
    schema: { summary: 'Replace them, for the whole county; `updatedAt` of the answer you saw guards against a second writer', tags, body: Shape({ settings: Settings, updatedAt: Nullable(EpochMs) }), response: { 200: SettingsView, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!ofWholeCounty(caller)) throw new ApiError('E_FORBIDDEN', 'The monthly press is the whole county’s.');
    const { settings, updatedAt } = request.body;
    await change(ctx, async (sql) => {
      const before = await findSetting<TestCallSettings>(sql, 'test-calls');
      if ((before?.updatedAt ?? null) !== updatedAt) throw new ApiError('E_CONFLICT', 'Somebody else has changed the settings.', { more: { updatedAt: before?.updatedAt ?? null } });
      await writeSetting(sql, 'test-calls', settings, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'settings.test-calls', result: 'ok', detail: { before: before?.value ?? null, after: settings } }] };
    });
    return readSettings(ctx);
  });
}
