/** 排班 (E9): schedules of seats, leaders and town duty rooms with their turns and gaps, stand-ins, swaps, holidays, and a calendar to subscribe to. */
import { dayMs } from '#core/clock.ts';
import { timingSafeEqual } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { invariant } from '#core/errors.ts';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { isDate } from '#core/registry.ts';
import { calendar, type Override, spans, swap } from '#core/schedule.ts';
import { type Caller, may } from '#core/user.ts';
import { respondersOf } from '#store/responders.ts';
import { deleteOverride, deleteSchedule, findSchedule, insertOverrides, insertSchedule, listHolidays, listSchedules, replaceHolidays, type ScheduleRow, updateSchedule } from '#store/schedules.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, type FieldProblem, invalid } from '#web/errors.ts';
import { change, listPrefix, nothing, versionConflict } from '#web/registry.ts';
import { Changed, Day, IdParams, OwnId, VersionNumber } from '#web/registry-schemas.ts';
import { gapDays, ScheduleBody, scheduleFields, scheduleProblems, ScheduleView, turnsOf, viewOf } from '#web/schedule-view.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Shape } from '#web/schemas.ts';

const tags = ['schedules'];
/** Key of the calendar's address: a calendar program cannot log in. Of the county's own secret, so that nobody can guess it. */
const calendarKey = (ctx: WebContext, id: string): string => ctx.seal.secretHash(`calendar:${id}`).toString('base64url');

export function registerSchedules(app: App, ctx: WebContext): void {
  const one = async (caller: Caller, id: string): Promise<ScheduleRow> => {
    const row = await findSchedule(ctx.db, id);
    if (!row) throw nothing();
    requireScope(caller, row.regionCode);
    return row;
  };
  const views = async (caller: Caller, rows: readonly ScheduleRow[], from: number, to: number, now: number): Promise<Static<typeof ScheduleView>[]> => {
    const turns = await turnsOf(ctx.db, ctx.seal, rows, caller, Math.min(from, now), Math.max(to, now + gapDays * dayMs));
    return rows.map((row) => viewOf(row, turns(row), now, from, to));
  };
  app.get('/api/v1/schedules', {
    config: { access: may.readSchedules },
    schema: { summary: 'Schedules (排班) of your scope: whose turn it is, the next seven days, the gaps of the next thirty', tags, response: { 200: Shape({ schedules: Type.Array(ScheduleView) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const now = await readNow(ctx.db);
    return { schedules: await views(caller, await listSchedules(ctx.db, listPrefix(caller, undefined) ?? ''), now, now + 7 * dayMs, now) };
  });
  app.get('/api/v1/schedules/:id', {
    config: { access: may.readSchedules },
    schema: { summary: 'One schedule, its turns from a day on', tags, params: IdParams, querystring: Shape({ from: Type.Optional(EpochMs), days: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.scheduleDays })) }), response: { 200: Shape({ ...ScheduleView.properties, calendarKey: Type.String() }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await one(caller, request.params.id);
    const now = await readNow(ctx.db);
    const from = request.query.from ?? now;
    const [view] = await views(caller, [row], from, from + (request.query.days ?? 14) * dayMs, now);
    invariant(view, 'one schedule, one view');
    return { ...view, calendarKey: calendarKey(ctx, row.id) };
  });
  app.get('/api/v1/schedules/:id/calendar.ics', {
    config: { access: 'public' },
    schema: { summary: 'The turns of the next 92 days as a calendar, for whoever has the address with its key', tags, params: IdParams, querystring: Shape({ key: Type.String({ maxLength: 64 }) }), produces: ['text/calendar'], response: { 200: Type.String(), ...errorAnswers } }, serializerCompiler: () => (data) => String(data),
  }, async (request, reply) => {
    const [given, wanted] = [Buffer.from(request.query.key), Buffer.from(calendarKey(ctx, request.params.id))];
    const row = given.length === wanted.length && timingSafeEqual(given, wanted) ? await findSchedule(ctx.db, request.params.id) : null;
    if (!row) throw nothing();
    const now = await readNow(ctx.db);
    const turns = (await turnsOf(ctx.db, ctx.seal, [row], null, now - 7 * dayMs, now + limits.scheduleDays * dayMs))(row);
    reply.header('content-type', 'text/calendar; charset=utf-8').header('cache-control', 'private, max-age=900');
    return calendar(row, spans(turns.schedule, now - 7 * dayMs, now + limits.scheduleDays * dayMs, turns.holidays), turns.names, now);
  });
  registerWrites(app, ctx, one);
  registerOverrides(app, ctx, one);
  registerHolidays(app, ctx);
}

type One = (caller: Caller, id: string) => Promise<ScheduleRow>;

function registerWrites(app: App, ctx: WebContext, one: One): void {
  const judge = async (s: Pick<ScheduleRow, 'role' | 'regionCode' | 'layers'>): Promise<void> => {
    const problems = await scheduleProblems(ctx.db, ctx.seal, s);
    if (problems.length > 0) throw invalid(problems);
  };
  app.post('/api/v1/schedules', {
    config: { access: may.writeSchedules }, schema: { summary: 'Add a schedule; from now on only whose turn it is comes first', tags, body: ScheduleBody, response: { 201: Changed, ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { id = newId('sched-'), name, role, regionCode, layers } = request.body;
    if (!seesRegion(caller.scopeCode, regionCode)) throw invalid([{ field: 'regionCode', expected: 'a region of your scope' }]);
    const row = { id, name, role, regionCode, layers: layers, demo: false };
    await judge(row);
    await change(ctx, async (sql) => {
      if (!(await insertSchedule(sql, row))) throw versionConflict(null);
      return { result: null, audit: [{ actor: caller.actor, action: 'schedule.create', target: `schedule:${id}`, result: 'ok', detail: row }] };
    });
    reply.code(201);
    return { id, version: 1 };
  });
  app.put('/api/v1/schedules/:id', {
    config: { access: may.writeSchedules }, schema: { summary: 'Replace a schedule’s name and layers', tags, params: IdParams, body: Shape({ ...scheduleFields, version: VersionNumber }), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await one(caller, request.params.id);
    const next = { name: request.body.name, layers: request.body.layers };
    await judge({ ...row, ...next });
    const version = await change(ctx, async (sql) => {
      const result = await updateSchedule(sql, row.id, request.body.version, next);
      if (result === null) throw versionConflict(row.version);
      return { result, audit: [{ actor: caller.actor, action: 'schedule.change', target: `schedule:${row.id}`, result: 'ok', detail: { before: { name: row.name, layers: row.layers }, after: next } }] };
    });
    return { id: row.id, version };
  });
  app.delete('/api/v1/schedules/:id', {
    config: { access: may.writeSchedules }, schema: { summary: 'Remove a schedule: its people are always on again', tags, params: IdParams, querystring: Shape({ version: VersionNumber }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await one(caller, request.params.id);
    await change(ctx, async (sql) => {
      if (!(await deleteSchedule(sql, row.id, request.query.version))) throw versionConflict(row.version);
      return { result: null, audit: [{ actor: caller.actor, action: 'schedule.remove', target: `schedule:${row.id}`, result: 'ok', detail: { name: row.name, layers: row.layers } }] };
    });
    return { ok: true as const };
  });
}

const Turn = Shape({ who: OwnId, from: EpochMs, to: EpochMs });

function registerOverrides(app: App, ctx: WebContext, one: One): void {
  const add = async (caller: Caller, row: ScheduleRow, list: readonly Omit<Override, 'id'>[], names: readonly string[]): Promise<string[]> => {
    const known = await respondersOf(ctx.db, ctx.seal, list.flatMap((o) => [o.out, o.in]).filter((id) => id !== null));
    const problems: FieldProblem[] = [];
    for (const [i, o] of list.entries()) {
      if (o.to <= o.from || o.to - o.from > limits.scheduleDays * dayMs) problems.push({ field: `${names[i]}to`, expected: `a time after from, at most ${limits.scheduleDays} days later` });
      for (const [field, id] of [['out', o.out], ['in', o.in]] as const) if (id !== null && known.get(id)?.role !== row.role) problems.push({ field: names[i] === '' ? field : `${names[i]}who`, expected: `a responder of the role ${row.role}` });
    }
    if (problems.length > 0) throw invalid(problems);
    return change(ctx, async (sql) => ({
      result: await insertOverrides(sql, row.id, list), audit: [{ actor: caller.actor, action: list.length > 1 ? 'schedule.swap' : 'schedule.override', target: `schedule:${row.id}`, result: 'ok', detail: { list } }],
    }));
  };
  app.post('/api/v1/schedules/:id/overrides', {
    config: { access: may.writeSchedules },
    schema: { summary: 'A stand-in (代班): somebody instead of one person, or of whoever has the turn; `in: null` leaves a gap on purpose', tags, params: IdParams, body: Shape({ from: EpochMs, to: EpochMs, out: Nullable(OwnId), in: Nullable(OwnId) }), response: { 201: Shape({ id: Type.String() }), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const [id = ''] = await add(caller, await one(caller, request.params.id), [request.body], ['']);
    reply.code(201);
    return { id };
  });
  app.post('/api/v1/schedules/:id/swaps', {
    config: { access: may.writeSchedules }, schema: { summary: 'Two people change their turns (换班), both ways', tags, params: IdParams, body: Shape({ a: Turn, b: Turn }), response: { 201: Shape({ ids: Type.Array(Type.String()) }), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const ids = await add(caller, await one(caller, request.params.id), swap(request.body.a, request.body.b), ['a.', 'b.']);
    reply.code(201);
    return { ids };
  });
  app.delete('/api/v1/schedules/:id/overrides/:override', {
    config: { access: may.writeSchedules }, schema: { summary: 'Take a stand-in back; of a swap both halves', tags, params: Shape({ id: Type.String(), override: Type.String({ pattern: '^\\d{1,18}$' }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await one(caller, request.params.id);
    await change(ctx, async (sql) => {
      if ((await deleteOverride(sql, row.id, request.params.override)) === 0) throw nothing();
      return { result: null, audit: [{ actor: caller.actor, action: 'schedule.override-removed', target: `schedule:${row.id}`, result: 'ok', detail: { override: request.params.override } }] };
    });
    return { ok: true as const };
  });
}

const HolidayRow = Shape({ day: Day, kind: OneOf(['rest', 'work']), name: Type.String({ minLength: 1, maxLength: 30 }) });

function registerHolidays(app: App, ctx: WebContext): void {
  const year = { year: Type.Integer({ minimum: 2020, maximum: 2100 }) };
  app.get('/api/v1/holidays', {
    config: { access: may.readSchedules }, schema: { summary: '放假 and 调休上班 of a year', tags, querystring: Shape(year), response: { 200: Shape({ holidays: Type.Array(HolidayRow) }), ...errorAnswers } },
  }, async (request) => ({ holidays: await listHolidays(ctx.db, `${request.query.year}-01-01`, `${request.query.year}-12-31`) }));
  app.put('/api/v1/holidays', {
    config: { access: may.writeSchedules }, schema: { summary: 'Replace the holidays of a year, as the State Council publishes them', tags, body: Shape({ ...year, holidays: Type.Array(HolidayRow, { maxItems: 120 }) }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (caller.scopeCode.slice(6) !== '000000') throw new ApiError('E_FORBIDDEN', 'Holidays are the county’s.');
    const { year } = request.body;
    const seen = new Set<string>();
    const problems = request.body.holidays.flatMap((h, i): FieldProblem[] => {
      const twice = seen.has(h.day);
      seen.add(h.day);
      return h.day.startsWith(`${year}-`) && isDate(h.day) && !twice ? [] : [{ field: `holidays.${i}.day`, expected: twice ? 'each day once' : `a day of ${year}` }];
    });
    if (problems.length > 0) throw invalid(problems);
    await change(ctx, async (sql) => { await replaceHolidays(sql, year, request.body.holidays); return { result: null, audit: [{ actor: caller.actor, action: 'holidays.replace', result: 'ok', detail: { year, days: request.body.holidays.length } }] }; });
    return { ok: true as const };
  });
}
