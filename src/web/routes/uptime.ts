/** 在线率 (B9): how long installed devices could be heard, by model, vendor, village, as an answer for the page and as a file for a spreadsheet. */
import { type Static, Type } from 'typebox';
import type { Caller } from '#core/user.ts';
import { listCatalogue } from '#store/device-models.ts';
import { databaseNow } from '#store/nodes.ts';
import { onlineDays, uptime, uptimeGroups, type UptimeGroup } from '#store/uptime.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { deviceReaders, listPrefix, placeNames } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const dayMs = 86_400_000;
const Query = Shape({ by: OneOf(uptimeGroups), days: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: '30 when absent' })), region: Type.Optional(RegionCodeText) });
const DaysQuery = Shape({ days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400, description: '30 when absent; today is the last' })), region: Type.Optional(RegionCodeText) });
const Day = Shape({
  day: Type.String({ description: 'yyyy-MM-dd, the county’s day' }), devices: Type.Integer(), never: Type.Integer(), silences: Type.Integer(), up: Type.Number({ description: 'as in the sheet; today: until now' }), upOwn: Type.Number(),
  heard: Nullable(Type.Integer({ description: 'devices with a heartbeat that day; null while it is not over' })), heartbeats: Nullable(Type.Number()),
});
const Row = Shape({
  key: Type.String({ description: 'model id, vendor, village code; empty: none' }), name: Type.String(), town: Nullable(Type.String()), devices: Type.Integer(), never: Type.Integer({ description: 'not heard once' }),
  installedMs: Type.Number({ description: 'installed while we could listen, all together' }), silentMs: Type.Number(), outageMs: Type.Number({ description: 'of that, while their area was out' }), silences: Type.Integer(),
  up: Type.Number({ description: 'share of the installed time in which they could be heard, 0 to 1' }), upOwn: Type.Number({ description: 'the same without area outages: what the device itself is answerable for' }),
});

export function registerUptime(app: App, ctx: WebContext): void {
  const read = async (caller: Caller, by: UptimeGroup, days: number, region: string | undefined): Promise<{ fromAt: number; toAt: number; rows: Static<typeof Row>[] }> => {
    const toAt = Math.round(await databaseNow(ctx.db));
    const fromAt = toAt - days * dayMs;
    const prefix = listPrefix(caller, region);
    const found = prefix === null ? [] : await uptime(ctx.db, by, prefix, fromAt, toAt);
    const names = by === 'village' ? await placeNames(ctx.db, found.map((r) => r.key)) : null;
    const models = by === 'model' ? new Map((await listCatalogue(ctx.db, '')).map((m) => [m.id, m.name])) : null;
    return {
      fromAt, toAt, rows: found.map((r) => ({
        ...r, name: names?.(r.key).village ?? models?.get(r.key) ?? r.key, town: names?.(r.key).town ?? null, up: 1 - r.silentMs / r.installedMs, upOwn: 1 - (r.silentMs - r.outageMs) / Math.max(1, r.installedMs - r.outageMs),
      })),
    };
  };
  app.get('/api/v1/reports/uptime', {
    config: { access: deviceReaders },
    schema: { summary: '在线率: how long installed devices could be heard, by model, vendor or village, the worst first; our own blind windows count for nobody', tags: ['reports'], querystring: Query, response: { 200: Shape({ fromAt: EpochMs, toAt: EpochMs, rows: Type.Array(Row) }), ...errorAnswers } },
  }, async (request) => read(callerOf(request), request.query.by as UptimeGroup, request.query.days ?? 30, request.query.region));
  app.get('/api/v1/reports/online-days', {
    config: { access: deviceReaders },
    schema: { summary: '在线率 day by day, of a county, township or village: whole days out of their roll-up, today from rows', tags: ['reports'], querystring: DaysQuery, response: { 200: Shape({ days: Type.Array(Day) }), ...errorAnswers } },
  }, async (request) => {
    const prefix = listPrefix(callerOf(request), request.query.region);
    const found = prefix === null ? [] : await onlineDays(ctx.db, prefix, request.query.days ?? 30, await databaseNow(ctx.db));
    return { days: found.map((d) => ({
      day: d.day, devices: d.devices, never: d.never, silences: d.silences, up: 1 - d.silentMs / Math.max(1, d.installedMs), upOwn: 1 - (d.silentMs - d.outageMs) / Math.max(1, d.installedMs - d.outageMs), heard: d.heard, heartbeats: d.beats,
    })) };
  });
  app.get('/api/v1/reports/uptime.csv', {
    config: { access: deviceReaders },
    schema: { summary: 'The same as a file: UTF-8 with its mark, text cells', tags: ['reports'], querystring: Query, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const { by, days = 30, region } = request.query;
    const { rows } = await read(callerOf(request), by as UptimeGroup, days, region);
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="uptime-${by}-${days}.csv"`).header('cache-control', 'no-store');
    const hours = (ms: number): number => Math.round(ms / 360_000) / 10;
    return csvOf(['编号', '名称', '乡镇', '设备', '从未上线', '已装小时', '离线小时', '其中片区失联', '离线次数', '在线率%', '除片区失联%'],
      rows.map((r) => [r.key, r.name, r.town ?? '', r.devices, r.never, hours(r.installedMs), hours(r.silentMs), hours(r.outageMs), r.silences, (r.up * 100).toFixed(3), (r.upOwn * 100).toFixed(3)]));
  });
}
