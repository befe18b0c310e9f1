/** The supervisor's view of installations: by town, installer and day, what is to be done again, the cover of the special group against the milestones with reasons; and every visit as a file. */
import { type Static, Type } from 'typebox';
import { coverGoals } from '#core/coverage-goal.ts';
import { countyDay, dayOf, dayTime } from '#core/clock.ts';
import { type InstallationState, installationStates, named, reasonWords } from '#core/installation.ts';
import { limits } from '#core/limits.ts';
import { type Caller, may } from '#core/user.ts';
import { countCover, countVisits, coverGaps, type ReportOf, visitLines, visitsToRedo } from '#store/installation-report.ts';
import { readDataKind } from '#store/county-status.ts';
import { databaseNow } from '#store/nodes.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { invalid } from '#web/errors.ts';
import { listPrefix, placeNames } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['reports'];
const n = Type.Integer();
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'a day of the county, yyyy-MM-dd' });
const Query = Shape({ from: Type.Optional(Day), to: Type.Optional(Day), region: Type.Optional(RegionCodeText) });
const counts = { visits: n, installed: Type.Integer({ description: 'passed on site: in probation, accepted, or failed by it since' }), accepted: n, onSite: n, failed: n, refused: n, toRedo: n, begun: n };
type Counts = { [K in keyof typeof counts]: number };
const Cover = { special: n, accepted: n, percent: Type.Number(), goals: Type.Array(Shape({ percent: n, lacking: n })), gaps: Shape(Object.fromEntries(coverGaps.map((g) => [g, n])) as Record<(typeof coverGaps)[number], typeof n>) };
const Report = Shape({
  from: Day, to: Day, asOf: EpochMs, demo: Type.Boolean(), total: Shape(counts),
  towns: Type.Array(Shape({ regionCode: RegionCodeText, town: Nullable(Type.String()), ...counts })), installers: Type.Array(Shape({ id: Type.String(), name: Nullable(Type.String()), ...counts })), days: Type.Array(Shape({ day: Day, ...counts })),
  redo: Type.Array(Shape({ id: Type.String(), at: EpochMs, ...Place, homeId: Type.String(), deviceId: Nullable(Type.String()), installer: Nullable(Type.String()), state: OneOf(installationStates), reasons: Type.Array(Shape({ what: Type.String(), zh: Type.String(), en: Type.String() })) })),
  cover: Shape({ ...Cover, towns: Type.Array(Shape({ regionCode: RegionCodeText, town: Nullable(Type.String()), ...Cover })) }),
});

const none = (): Counts => ({ visits: 0, installed: 0, accepted: 0, onSite: 0, failed: 0, refused: 0, toRedo: 0, begun: 0 });
const field: Readonly<Record<InstallationState, keyof Counts>> = { begun: 'begun', 'on-site': 'onSite', failed: 'failed', refused: 'refused', accepted: 'accepted', 'to-redo': 'toRedo' };
function add(to: Counts, state: InstallationState, by: number): void {
  to.visits += by;
  to[field[state]] += by;
  if (state === 'on-site' || state === 'accepted' || state === 'to-redo') to.installed += by;
}
/** Rows added up by a key, in the order in which the keys come. */
function summed<R extends { state: InstallationState; n: number }>(rows: readonly R[], key: (row: R) => string): Map<string, Counts> {
  const sums = new Map<string, Counts>();
  for (const row of rows) {
    const sum = sums.get(key(row)) ?? none();
    add(sum, row.state, row.n);
    sums.set(key(row), sum);
  }
  return sums;
}
function coverOf(rows: readonly { gap: string; n: number }[]): Static<ReturnType<typeof Shape<typeof Cover>>> {
  const of = (gap: string): number => rows.reduce((sum, r) => sum + (r.gap === gap ? r.n : 0), 0);
  const special = rows.reduce((sum, r) => sum + r.n, 0);
  const accepted = of('accepted');
  return { special, accepted, ...coverGoals(accepted, special), gaps: Object.fromEntries(coverGaps.map((g) => [g, of(g)])) as Record<(typeof coverGaps)[number], number> };
}

export function registerInstallationReport(app: App, ctx: WebContext): void {
  /** The span that was asked for: at most so many days, without one the last 31. */
  const asked = async (caller: Caller, { from, to, region }: Static<typeof Query>): Promise<{ of: ReportOf | null; from: string; to: string; now: number; demo: boolean }> => {
    const now = await databaseNow(ctx.db);
    const last = to ?? dayOf(now);
    const end = countyDay(last);
    const begin = end === null ? null : countyDay(from ?? dayOf(end.from - 30 * 86_400_000));
    if (begin === null || end === null || begin.from > end.from || end.to - begin.from > limits.installReportDays * 86_400_000) throw invalid([{ field: begin === null ? 'from' : 'to', expected: `days yyyy-MM-dd, the first not after the last, at most ${limits.installReportDays}` }]);
    const prefix = listPrefix(caller, region);
    const demo = !(await readDataKind(ctx.db)).real;
    return { of: prefix === null ? null : { prefix, from: begin.from, to: end.to, demo }, from: dayOf(begin.from), to: last, now, demo };
  };
  app.get('/api/v1/reports/installations', {
    config: { access: may.readInstallReport }, schema: { summary: 'Installations by town, installer and day; those to be done again; the special group against 33, 67 and 100 % with the reasons for gaps', tags, querystring: Query, response: { 200: Report, ...errorAnswers } },
  }, async (request) => {
    const { of, from, to, now, demo } = await asked(callerOf(request), request.query);
    const [visits, redo, cover] = of === null ? [[], [], []] : [await countVisits(ctx.db, of), await visitsToRedo(ctx.db, of), await countCover(ctx.db, of)];
    const names = await placeNames(ctx.db, [...visits.map((v) => v.town), ...redo.map((r) => r.regionCode), ...cover.map((c) => c.town)]);
    const total = none();
    for (const v of visits) add(total, v.state, v.n);
    const nameOf = new Map(visits.map((v) => [v.installer, v.installerName]));
    return {
      from, to, asOf: now, demo, total,
      towns: [...summed(visits, (v) => v.town)].map(([regionCode, sum]) => ({ regionCode, town: names(regionCode).town, ...sum })),
      installers: [...summed(visits, (v) => v.installer)].map(([id, sum]) => ({ id, name: nameOf.get(id) ?? null, ...sum })),
      days: [...summed(visits, (v) => v.day)].sort(([a], [b]) => a.localeCompare(b)).map(([day, sum]) => ({ day, ...sum })),
      redo: redo.map((r) => ({ id: r.id, at: r.decidedAt ?? r.begunAt, ...names(r.regionCode), homeId: r.homeId, deviceId: r.deviceId, installer: r.installerName, state: r.state, reasons: r.reasons.map(named) })),
      cover: { ...coverOf(cover), towns: [...new Set(cover.map((c) => c.town))].map((code) => ({ regionCode: code, town: names(code).town, ...coverOf(cover.filter((c) => c.town === code)) })) },
    };
  });
  app.get('/api/v1/reports/installations.csv', {
    config: { access: may.readInstallReport }, schema: { summary: 'Every visit of those days as a file: UTF-8 with its mark, text cells, nobody’s name but the installer’s. Audited', tags, querystring: Query, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { of, from, to, now, demo } = await asked(caller, request.query);
    const lines = of === null ? [] : await visitLines(ctx.db, of);
    if (lines.length > limits.installFileRows) throw invalid([{ field: 'region', expected: `a region or days with at most ${limits.installFileRows} visits` }]);
    const names = await placeNames(ctx.db, lines.map((l) => l.regionCode));
    await ctx.audit({ actor: caller.actor, action: 'installations.export', target: `region:${request.query.region ?? caller.scopeCode}`, result: 'ok', detail: { from, to, visits: lines.length, address: request.ip } });
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="installations-${from}-${to}${demo ? '-demo' : ''}.csv"`).header('cache-control', 'no-store');
    const at = (ms: number | null): string => (ms === null ? '' : dayTime(ms));
    return csvOf(head, lines.map((l) => {
      const { town, village } = names(l.regionCode);
      return [at(l.begunAt), town ?? '', village ?? '', l.homeId, l.deviceId ?? '', l.model ?? '', l.installerName ?? l.installer, stateWords[l.state], l.reasons.map((r) => reasonWords[r]?.zh ?? r).join('；'), at(l.finishedAt), at(l.decidedAt), l.number ?? '', `${at(now)}${demo ? ' 演示数据' : ''}`];
    }));
  });
}
const head = ['开始', '乡镇', '村', '户', '设备', '型号', '安装员', '状态', '原因', '现场合格', '结论', '证书编号', '数据截至'] as const;
const stateWords: Readonly<Record<InstallationState, string>> = { begun: '安装中', 'on-site': '试用期', failed: '未成', refused: '拒装', accepted: '已验收', 'to-redo': '须复装' };
