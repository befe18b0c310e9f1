/** Sheets of a day: whom we could not have heard, by village, as an answer for the page and as a file for a spreadsheet (2.10). */
import { Type } from 'typebox';
import { clockTime, countyDay } from '#core/clock.ts';
import type { Caller } from '#core/user.ts';
import { countNight } from '#store/county-status.ts';
import { databaseNow } from '#store/nodes.ts';
import { alertReaders, callerOf } from '#web/access.ts';
import { type BlindReport, blindReport } from '#web/blind-report.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { invalid } from '#web/errors.ts';
import { listPrefix, placeNames, shownName } from '#web/registry.ts';
import { EpochMs, errorAnswers, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const Query = Shape({ day: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day of the county (UTC+8)' }), region: Type.Optional(RegionCodeText) });
const Answer = Shape({
  day: Type.String(), fromAt: EpochMs, toAt: EpochMs, complete: Type.Boolean({ description: 'the day is over' }),
  covered: Type.Integer({ description: 'people who had a device that was ever heard' }), people: Type.Integer({ description: 'of them, those who could not have been heard at some time' }),
  personMinutes: Type.Integer(), away: Type.Integer({ description: 'unheard too, but nobody was at home; in no other number' }),
  own: Type.Array(Shape({ fromAt: EpochMs, toAt: EpochMs, why: Type.String() }), { description: '盲区: our own doors were shut, nobody could be heard' }),
  villages: Type.Array(Shape({ code: RegionCodeText, ...Place, covered: Type.Integer(), people: Type.Integer(), personMinutes: Type.Integer() })),
  list: Type.Array(Shape({
    personId: Type.String(), homeId: Type.String(), regionCode: RegionCodeText, ...Place, name: Type.String({ description: 'masked' }), highRisk: Type.Boolean(), minutes: Type.Integer(),
    windows: Type.Array(Shape({ fromAt: EpochMs, toAt: EpochMs, reason: OneOf(['outage', 'single']) })),
  }), { description: 'people with silences of their own devices, those at risk first; our own blind windows are not repeated here' }),
  truncated: Type.Boolean(),
});
/** Each person once, in this order. */
const Roll = {
  people: Type.Integer({ description: 'present, with a device that was ever heard' }), evacuated: Type.Integer({ description: '已转移' }), seen: Type.Integer({ description: '已见人: met or spoken to, by the cases' }),
  heard: Type.Integer({ description: 'heard by a device' }), missing: Type.Integer({ description: '失联: none of these' }),
};
const reasonText = { own: '盲区(本系统)', outage: '片区失联', single: '单台离线' } as const;

export function registerReports(app: App, ctx: WebContext): void {
  const read = async (caller: Caller, { day, region }: { day: string; region?: string }): Promise<{ report: BlindReport; from: number; to: number; complete: boolean }> => {
    const span = countyDay(day);
    const now = await databaseNow(ctx.db);
    if (span === null || span.from > now) throw invalid([{ field: 'day', expected: 'a day yyyy-MM-dd that has begun' }]);
    const prefix = listPrefix(caller, region);
    const to = Math.min(span.to, now);
    const none = { own: [], covered: 0, people: 0, personMinutes: 0, away: 0, villages: [], list: [], truncated: false };
    return { report: prefix === null ? none : await blindReport(ctx.db, prefix, span.from, to), from: span.from, to, complete: span.to <= now };
  };
  const nameOf = (caller: Caller, sealed: Buffer): string => shownName(caller, ctx.seal.openIfReadable('person.name', sealed) ?? '?');
  const namesOf = (report: BlindReport): ReturnType<typeof placeNames> => placeNames(ctx.db, report.villages.map((v) => v.code));

  app.get('/api/v1/reports/blind', {
    config: { access: alertReaders }, schema: { summary: '听不到: whom we could not have heard that day, from when to when, and why', tags: ['reports'], querystring: Query, response: { 200: Answer, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { report, from, to, complete } = await read(caller, request.query);
    const names = await namesOf(report);
    return {
      ...report, day: request.query.day, fromAt: from, toAt: to, complete, villages: report.villages.map((v) => ({ ...v, ...names(v.code) })),
      list: report.list.map(({ nameEnc, ...person }) => ({ ...person, ...names(person.regionCode), name: nameOf(caller, nameEnc) })),
    };
  });

  app.get('/api/v1/reports/roll', {
    config: { access: alertReaders },
    schema: {
      summary: '平安清点: by village, who is evacuated, seen by a human since then, heard by a device, and missing', tags: ['reports'], querystring: Shape({ from: EpochMs, region: Type.Optional(RegionCodeText) }),
      response: { 200: Shape({ at: EpochMs, fromAt: EpochMs, total: Shape(Roll), villages: Type.Array(Shape({ code: RegionCodeText, ...Place, ...Roll })) }), ...errorAnswers },
    },
  }, async (request) => {
    const { from, region } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    const rows = prefix === null ? [] : await countNight(ctx.db, prefix, from);
    const names = await placeNames(ctx.db, rows.map((v) => v.code));
    const sum = (of: (v: (typeof rows)[number]) => number): number => rows.reduce((n, v) => n + of(v), 0);
    const total = { people: sum((v) => v.people), evacuated: sum((v) => v.evacuated), seen: sum((v) => v.seen), heard: sum((v) => v.heard), missing: sum((v) => v.missing) };
    return { at: Math.round(await databaseNow(ctx.db)), fromAt: from, total, villages: rows.map((v) => ({ ...v, ...names(v.code) })) };
  });

  app.get('/api/v1/reports/blind.csv', {
    config: { access: alertReaders },
    schema: { summary: 'The same sheet as a file: UTF-8 with its mark, text cells', tags: ['reports'], querystring: Query, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { day } = request.query;
    const { report, to } = await read(caller, request.query);
    const names = await namesOf(report);
    const clock = (at: number): string => (at === to && to === countyDay(day)?.to ? '24:00' : clockTime(at));
    const place = (code: string): [string, string] => [names(code).town ?? '', names(code).village ?? ''];
    const own = report.villages.flatMap((v) => report.own.map((w) => [day, ...place(v.code), '', '', '', clock(w.fromAt), clock(w.toAt), Math.round((w.toAt - w.fromAt) / 60_000), v.covered, reasonText.own]));
    const single = report.list.flatMap((p) => p.windows.map((w) => [day, ...place(p.regionCode), nameOf(caller, p.nameEnc), p.personId, p.highRisk ? '是' : '', clock(w.fromAt), clock(w.toAt), Math.round((w.toAt - w.fromAt) / 60_000), 1, reasonText[w.reason]]));
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="blind-${day}.csv"`).header('cache-control', 'no-store');
    return csvOf(['日期', '乡镇', '村', '姓名', '老人编号', '重点老人', '起', '止', '分钟', '人数', '原因'], [...own, ...single]);
  });
}
