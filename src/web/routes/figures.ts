/** 统计: delivery, answer and arrival by channel, gateway, village and hour, as a page, as a file, and with the cases behind a figure. */
import { type Static, Type } from 'typebox';
import { countyDay, dayTime } from '#core/clock.ts';
import type { EventKind } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import { readDataKind } from '#store/county-status.ts';
import { caseQuestions, type Dimension, dimensions, figureCases, type FiguresOf, type FiguresSheet, readFigures } from '#store/figures.ts';
import { databaseNow } from '#store/nodes.ts';
import { alertReaders, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { invalid } from '#web/errors.ts';
import { listPrefix, type PlaceNames, placeNames } from '#web/registry.ts';
import { AlertIdText, EpochMs, errorAnswers, KindName, Nullable, OneOf, OutcomeCode, RegionCodeText, Shape, StateName } from '#web/schemas.ts';

const tags = ['reports'];
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day of the county (UTC+8)' });
const window = { from: Day, to: Type.String({ ...Day, description: 'the last day, all of it' }), region: Type.Optional(RegionCodeText), demo: Type.Optional(Type.Boolean({ description: 'count the demonstration instead; by default where nobody on file is real' })) };
const Query = Shape(window);
const n = Type.Integer();
const ms = Nullable(Type.Number({ description: 'milliseconds, median' }));
const Alarms = Nullable(Shape({ alarms: n, count: n, judged60s: n, within60s: n, judged180s: n, within180s: n, unanswered: n, p50Ms: ms, p90Ms: ms, arrived: n, judged45m: n, arrived45m: n, arrivalP50Ms: ms }));
const Line = Shape({
  by: OneOf(dimensions), key: Nullable(Type.String({ description: 'sms voice; a gateway, none: none was asked; a village, null: of the whole county; an hour of the day' })), town: Nullable(Type.String()), village: Nullable(Type.String()),
  messages: Nullable(Shape({ messages: n, reached: n, failed: n, unknown: n, waiting: n, withdrawn: n, reachedP50Ms: ms })), told: Nullable(Shape({ told: n, answered: n, accepted: n, answerP50Ms: ms, came: n, comeP50Ms: ms })),
  alarms: Alarms, learning: Alarms,
});
type Line = Static<typeof Line>;
const Sheet = Shape({ from: Day, to: Day, asOf: EpochMs, complete: Type.Boolean({ description: 'the last day is over' }), demo: Type.Boolean(), lines: Type.Array(Line) });
const CasesQuery = Shape({
  ...window, what: OneOf(caseQuestions, 'learning: of a device in its learning period, which is in none of the others; late60: not answered within 60 s; late45m: nobody there within 45 min; failed, unknown: a message of it; silent: somebody was told and said nothing'),
  channel: Type.Optional(OneOf(['sms', 'voice'])), gateway: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$' })), hour: Type.Optional(Type.Integer({ minimum: 0, maximum: 23 })),
});
const Cases = Shape({
  truncated: Type.Boolean(), cases: Type.Array(Shape({
    id: AlertIdText, kind: KindName, state: StateName, regionCode: Nullable(RegionCodeText), town: Nullable(Type.String()), village: Nullable(Type.String()), openedAt: EpochMs, answerMs: Nullable(Type.Number()), arrivalMs: Nullable(Type.Number()), outcome: Nullable(OutcomeCode),
  })),
});
type Asked = Static<typeof Query>;

/** Days as county time, half open; refused by name when they are none, or too many. */
function spanOf({ from, to }: { from: string; to: string }, now: number): { from: number; to: number } {
  const [first, last] = [countyDay(from), countyDay(to)];
  if (first === null || first.from > now) throw invalid([{ field: 'from', expected: 'a day yyyy-MM-dd that has begun' }]);
  if (last === null || last.from < first.from) throw invalid([{ field: 'to', expected: 'a day yyyy-MM-dd, not before `from`' }]);
  if (last.to - first.from > limits.figureDays * 86_400_000) throw invalid([{ field: 'to', expected: `at most ${limits.figureDays} days after \`from\`` }]);
  return { from: first.from, to: last.to };
}

/** The three grains of each line put together, in the order of the sheet: all, ways, villages, hours. */
function linesOf(sheet: FiguresSheet, names: PlaceNames): Line[] {
  const lines = new Map<string, Line>();
  const line = (by: Dimension, key: string | null): Line => {
    const id = `${by} ${key ?? ''}`;
    const known = lines.get(id) ?? { by, key, ...(by === 'village' ? names(key) : { town: null, village: null }), messages: null, told: null, alarms: null, learning: null };
    lines.set(id, known);
    return known;
  };
  for (const { by, key, ...rest } of sheet.messages) line(by, key).messages = rest;
  for (const { by, key, ...rest } of sheet.told) line(by, key).told = rest;
  for (const { by, key, ...rest } of sheet.alarms) line(by, key).alarms = rest;
  for (const { by, key, ...rest } of sheet.learning) line(by, key).learning = rest;
  const at = (l: Line): string => `${dimensions.indexOf(l.by)} ${l.by === 'hour' ? (l.key ?? '').padStart(2, '0') : (l.key ?? '')}`;
  return [...lines.values()].sort((a, b) => (at(a) < at(b) ? -1 : 1));
}

export function registerFigures(app: App, ctx: WebContext): void {
  const asked = async (caller: Caller, query: Asked): Promise<FiguresOf | null> => {
    const now = await databaseNow(ctx.db);
    const prefix = listPrefix(caller, query.region);
    const span = spanOf(query, now);
    if (prefix === null) return null;
    return { prefix, ...span, now, demo: query.demo ?? !(await readDataKind(ctx.db)).real };
  };
  const read = async (caller: Caller, query: Asked): Promise<Static<typeof Sheet>> => {
    const f = await asked(caller, query);
    if (f === null) return { from: query.from, to: query.to, asOf: await databaseNow(ctx.db), complete: true, demo: query.demo ?? false, lines: [] };
    const sheet = await readFigures(ctx.db, f);
    const names = await placeNames(ctx.db, [...sheet.messages, ...sheet.alarms, ...sheet.learning].map((l) => (l.by === 'village' ? l.key : null)));
    return { from: query.from, to: query.to, asOf: f.now, complete: f.to <= f.now, demo: f.demo, lines: linesOf(sheet, names) };
  };

  app.get('/api/v1/reports/figures', {
    config: { access: alertReaders }, schema: { summary: '统计: delivery, answer and arrival by channel, gateway, village and hour of the day', tags, querystring: Query, response: { 200: Sheet, ...errorAnswers } },
  }, (request) => read(callerOf(request), request.query));

  app.get('/api/v1/reports/figures/cases', {
    config: { access: alertReaders }, schema: { summary: 'The cases behind one figure, newest first', tags, querystring: CasesQuery, response: { 200: Cases, ...errorAnswers } },
  }, async (request) => {
    const { what, channel, gateway, hour, ...query } = request.query;
    const f = await asked(callerOf(request), query);
    const rows = f === null ? [] : await figureCases(ctx.db, f, { what, channel, gateway, hour });
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { truncated: rows.length > limits.figureCases, cases: rows.slice(0, limits.figureCases).map((r) => ({ ...r, ...names(r.regionCode), kind: r.kind as EventKind })) } as Static<typeof Cases>;
  });

  app.get('/api/v1/reports/figures.csv', {
    config: { access: alertReaders }, schema: { summary: 'The same sheet as a file: UTF-8 with its mark, text cells', tags, querystring: Query, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const sheet = await read(callerOf(request), request.query);
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="figures-${sheet.from}-${sheet.to}${sheet.demo ? '-demo' : ''}.csv"`).header('cache-control', 'no-store');
    return csvOf(csvHead, sheet.lines.map((line) => [sheet.from, sheet.to, `${dayTime(sheet.asOf)}${sheet.demo ? ' 演示数据' : ''}`, ...csvLine(line)]));
  });
}

const csvHead = ['起', '止', '数据截至', '按', '项', '消息', '已送达', '失败', '无回执', '等回执', '已撤回', '送达用时秒(中位)', '叫了人次', '有答复', '答应前往', '答复用时秒(中位)', '到场人次', '到场用时分(中位)',
  '紧急警情', '60秒应计', '60秒内接警', '180秒应计', '180秒内接警', '还没人接', '接警用时秒(中位)', '接警用时秒(九成)', '已到场', '45分应计', '45分内到场', '警情到场分(中位)', '学习期警情', '学习期60秒内接警'] as const;
const byText: Record<Dimension, string> = { all: '合计', channel: '通道', gateway: '网关', village: '村', hour: '时段' };
const seconds = (value: number | null | undefined): string => (value == null ? '' : (value / 1000).toFixed(1));
const minutes = (value: number | null | undefined): string => (value == null ? '' : (value / 60_000).toFixed(1));

function csvLine({ by, key, town, village, messages: m, told: t, alarms: a, learning: l }: Line): (string | number)[] {
  const hour = key === null ? '' : `${key.padStart(2, '0')}:00`;
  const item = by === 'all' ? '' : by === 'channel' ? (key === 'sms' ? '短信' : '电话') : by === 'hour' ? hour : by === 'village' ? [town, village].filter(Boolean).join(' ') || '全县' : key === 'none' ? '未到网关' : (key ?? '');
  const alarm = (value: number | undefined): string | number => value ?? (by === 'channel' || by === 'gateway' ? '' : 0); // no alarm belongs to a channel
  return [byText[by], item, m?.messages ?? 0, m?.reached ?? 0, m?.failed ?? 0, m?.unknown ?? 0, m?.waiting ?? 0, m?.withdrawn ?? 0, seconds(m?.reachedP50Ms), t?.told ?? 0, t?.answered ?? 0, t?.accepted ?? 0, seconds(t?.answerP50Ms), t?.came ?? 0, minutes(t?.comeP50Ms),
    ...[a?.alarms, a?.judged60s, a?.within60s, a?.judged180s, a?.within180s, a?.unanswered].map(alarm), seconds(a?.p50Ms), seconds(a?.p90Ms), ...[a?.arrived, a?.judged45m, a?.arrived45m].map(alarm), minutes(a?.arrivalP50Ms), ...[l?.alarms, l?.within60s].map(alarm)];
}
