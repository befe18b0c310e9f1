/** 到场单: by responder and month, masked; one person's sheet for paper; as a file, where plain names are an audited export. */
import { type Static, Type } from 'typebox';
import { outcomes, type Outcome } from '#core/alert.ts';
import { shiftOf } from '#core/assurance.ts';
import { countyMonth, minutesThere, minutesToArrive } from '#core/arrival.ts';
import { dayTime } from '#core/clock.ts';
import { kindInfo, type EventKind } from '#core/event.ts';
import { limits } from '#core/limits.ts';
import { isOffice, roleTitle, type PartyRole } from '#core/roster.ts';
import { type Caller, may } from '#core/user.ts';
import { type ArrivalLine, arrivalLines, responderMonths, type SheetOf } from '#store/arrivals.ts';
import { readDataKind } from '#store/county-status.ts';
import { databaseNow } from '#store/nodes.ts';
import { findResponder } from '#store/responders.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { listPrefix, nothing, placeNames, shownName } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, KindName, Nullable, OutcomeCode, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['reports'];
const Month = Type.String({ pattern: '^\\d{4}-\\d{2}$', description: 'a month of the county, yyyy-MM' });
const Query = Shape({ month: Month, region: Type.Optional(RegionCodeText) });
const Who = { id: Type.String(), role: Type.String(), regionCode: RegionCodeText, ...Place, name: Type.String({ description: 'masked' }) };
const n = Type.Integer();
const Head = { month: Month, asOf: EpochMs, complete: Type.Boolean({ description: 'the month is over' }), demo: Type.Boolean() };
const List = Shape({
  ...Head, responders: Type.Array(Shape({ ...Who, told: n, night: Type.Integer({ description: 'of them between 22:00 and 06:00' }), accepted: n, missed: Type.Integer({ description: 'promised, the case is closed, he did not arrive' }), arrived: n, arriveP50Ms: Nullable(Type.Number()) })),
});
const Response = Shape({
  alertId: AlertIdText, kind: KindName, ...Place, toldAt: Nullable(EpochMs), acceptedAt: Nullable(EpochMs), departedAt: Nullable(EpochMs), arrivedAt: EpochMs, closedAt: Nullable(EpochMs), outcome: Nullable(OutcomeCode),
  minutesToArrive: n, minutesThere: Nullable(n), via: Nullable(Type.String({ description: 'sms dtmf link wall api' })), byHimself: Nullable(Type.Boolean({ description: 'false: the desk wrote it down for him' })),
});
const One = Shape({ ...Head, ...Who, responses: Type.Array(Response), total: Shape({ responses: n, night: n, minutesToArrive: n, minutesThere: n, byDesk: n }) });

export function registerArrivals(app: App, ctx: WebContext): void {
  const asked = async (caller: Caller, month: string, region: string | undefined): Promise<{ of: SheetOf | null; head: Static<typeof List> }> => {
    const span = countyMonth(month);
    const now = await databaseNow(ctx.db);
    if (span === null || span.from > now) throw invalid([{ field: 'month', expected: 'a month yyyy-MM that has begun' }]);
    const prefix = listPrefix(caller, region);
    const demo = !(await readDataKind(ctx.db)).real;
    return { of: prefix === null ? null : { prefix, ...span, demo }, head: { month, asOf: now, complete: span.to <= now, demo, responders: [] } };
  };
  const nameOf = (caller: Caller, { nameEnc, role }: { nameEnc: Buffer; role: string }, plain = false): string => {
    const name = ctx.seal.openIfReadable('responder.name', nameEnc) ?? '?';
    return plain || isOffice(role) ? name : shownName(caller, name);
  };

  app.get('/api/v1/reports/arrivals', {
    config: { access: may.readArrivals }, schema: { summary: '到场单: by responder, how often he was told, promised, and was there in that month', tags, querystring: Query, response: { 200: List, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { of, head } = await asked(caller, request.query.month, request.query.region);
    const rows = of === null ? [] : await responderMonths(ctx.db, of);
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { ...head, responders: rows.map(({ nameEnc, ...r }) => ({ ...r, ...names(r.regionCode), name: nameOf(caller, { nameEnc, role: r.role }) })) };
  });

  app.get('/api/v1/reports/arrivals/:id', {
    config: { access: may.readArrivals }, schema: { summary: 'The sheet of one responder: each response on site, with totals', tags, params: IdParams, querystring: Shape({ month: Month }), response: { 200: One, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const r = await findResponder(ctx.db, ctx.seal, request.params.id);
    if (!r) throw nothing();
    requireScope(caller, r.regionCode);
    const { of, head: { responders: _none, ...head } } = await asked(caller, request.query.month, r.regionCode);
    const lines = of === null ? [] : await arrivalLines(ctx.db, { ...of, demo: r.demo }, r.id);
    const names = await placeNames(ctx.db, [r.regionCode, ...lines.map((l) => l.place)]);
    const responses = lines.slice(0, limits.arrivalRows).map((l) => responseOf(l, names(l.place)));
    const sum = (pick: (x: Static<typeof Response>) => number): number => responses.reduce((total, x) => total + pick(x), 0);
    return {
      ...head, demo: r.demo, id: r.id, role: r.role, regionCode: r.regionCode, ...names(r.regionCode), name: isOffice(r.role) ? r.name : shownName(caller, r.name), responses,
      total: { responses: responses.length, night: sum((x) => (shiftOf(x.toldAt ?? x.arrivedAt) === 'night' ? 1 : 0)), minutesToArrive: sum((x) => x.minutesToArrive), minutesThere: sum((x) => x.minutesThere ?? 0), byDesk: sum((x) => (x.byHimself === false ? 1 : 0)) },
    };
  });

  app.get('/api/v1/reports/arrivals.csv', {
    config: { access: may.readArrivals },
    schema: { summary: 'Every response on site of the month as a file: UTF-8 with its mark, text cells. An export of personal data: audited; plain names for those who may reveal them', tags, querystring: Shape({ month: Month, region: Type.Optional(RegionCodeText), names: Type.Optional(Type.Boolean({ description: 'plain names' })) }), produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { month, region, names: plain = false } = request.query;
    if (plain && !(may.revealFiles as readonly string[]).includes(caller.role)) throw new ApiError('E_FORBIDDEN', 'Your role may not read plain names.');
    const { of, head } = await asked(caller, month, region);
    const lines = (of === null ? [] : await arrivalLines(ctx.db, of, null));
    if (lines.length > limits.arrivalRows) throw invalid([{ field: 'region', expected: `a region with at most ${limits.arrivalRows} responses in that month` }]);
    const names = await placeNames(ctx.db, lines.flatMap((l) => [l.regionCode, l.place]));
    await ctx.audit({ actor: caller.actor, action: 'arrivals.export', target: `region:${region ?? caller.scopeCode}`, result: 'ok', detail: { month, responses: lines.length, names: plain, address: request.ip } });
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="arrivals-${month}${head.demo ? '-demo' : ''}.csv"`).header('cache-control', 'no-store');
    return csvOf(csvHead, lines.map((l) => [month, ...Object.values(names(l.regionCode)).map((x) => x ?? ''), roleTitle[l.role as PartyRole] ?? l.role, nameOf(caller, l, plain), l.alertId, kindInfo[l.kind as EventKind]?.zh ?? l.kind, names(l.place).village ?? names(l.place).town ?? '',
      ...[l.toldAt, l.acceptedAt, l.departedAt, l.arrivedAt, l.closedAt].map(timeText), minutesToArrive(l), minutesThere(l) ?? '', l.outcome === null ? '' : outcomes[l.outcome as Outcome], l.byHimself === null ? '' : l.byHimself ? '本人' : '值班台代记', `${timeText(head.asOf)}${head.demo ? ' 演示数据' : ''}`]));
  });
}

const csvHead = ['月份', '乡镇', '村', '岗位', '姓名', '警情号', '种类', '警情所在', '叫到', '答应', '出发', '到达', '办结', '到场用时分', '在场分', '处置结果', '到达记录', '数据截至'] as const;
const timeText = (at: number | null): string => (at === null ? '' : dayTime(at));

function responseOf(l: ArrivalLine, place: { town: string | null; village: string | null }): Static<typeof Response> {
  const { alertId, toldAt, acceptedAt, departedAt, arrivedAt, closedAt, via, byHimself } = l;
  return { alertId, kind: l.kind as EventKind, ...place, toldAt, acceptedAt, departedAt, arrivedAt, closedAt, outcome: l.outcome as Outcome | null, minutesToArrive: minutesToArrive(l), minutesThere: minutesThere(l), via, byHimself };
}
