/** 可达性 (E10, E11, 2.17): which village could be reached, by whom, proven when; numbers to be mended; the settings of the weekly ring. */
import { type Static, Type } from 'typebox';
import { type AssuranceSettings, defaultAssurance, reachLevels, unavailable, verdictOf, weekOf } from '#core/assurance.ts';
import { maskPhone } from '#core/messages.ts';
import { responderRoles } from '#core/registry.ts';
import { type Caller, may } from '#core/user.ts';
import { closeTask, findTask, listTasks, type NumberTask, taskEnds, taskReasons } from '#store/number-tasks.ts';
import { listGaps, needyVillages, type ReachPerson, reachPeople } from '#store/reach-gaps.ts';
import { countRingsOfWeek } from '#store/rings.ts';
import { findSetting, writeSetting } from '#store/settings.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, ofWholeCounty, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, listPrefix, nothing, placeNames, rowNumber, shownName } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['assurance'];
const Clock = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'HH:mm by the county’s clock' });
const Settings = Shape({
  weekly: Type.Boolean({ description: '每周试铃: off until the county has told its people' }), yearly: Type.Boolean({ description: '每年核对号码, of contacts too' }),
  from: Clock, to: Clock, nightRoles: Type.Array(OneOf(responderRoles), { maxItems: 20, uniqueItems: true, description: 'rung by night too, each person once in four weeks' }), perDay: Type.Integer({ minimum: 1, maximum: 5_000 }),
});
const SettingsView = Shape({ settings: Settings, updatedAt: Nullable(EpochMs), updatedBy: Nullable(Type.String()) });
const level = OneOf(reachLevels, 'nobody: nobody could come now; cut-off: their village lies in an outage; unproven: nobody answered for fifteen days; no-night: nobody by night for forty-five; good');
const Verdict = {
  level, responders: Type.Integer({ description: 'on file there' }), available: Type.Integer({ description: 'not away, number not broken, not in an outage' }), day: Type.Integer({ description: 'of them, proven lately' }), night: Type.Integer({ description: 'of them, proven by night' }),
};
const Village = Shape({ code: RegionCodeText, ...Place, homes: Type.Integer(), people: Type.Integer({ description: 'elders who depend on them' }), since: Nullable(EpochMs), ...Verdict });
const Person = Shape({
  id: Type.String(), role: Type.String(), name: Type.String({ description: 'masked' }), landline: Type.Boolean(), keypress: Type.Boolean(), why: Nullable(OneOf(['absent', 'cut-off', 'broken'])), offDuty: Type.Boolean(), absentUntil: Nullable(EpochMs),
  verifiedAt: Nullable(EpochMs), optedOutAt: Nullable(EpochMs), dayAt: Nullable(EpochMs), dayHow: Nullable(Type.String()), nightAt: Nullable(EpochMs), nightHow: Nullable(Type.String()), fails: Type.Integer(), task: Nullable(OneOf(taskReasons)), demo: Type.Boolean(),
});
const Task = Shape({
  id: Type.String(), party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), phone: Nullable(Type.String({ description: 'masked' })), personId: Nullable(Type.String({ description: 'of a contact: whose' })),
  regionCode: Nullable(RegionCodeText), ...Place, reason: OneOf(taskReasons), openedAt: EpochMs, closedAt: Nullable(EpochMs), closedBy: Nullable(Type.String()), how: Nullable(OneOf(taskEnds)),
});

export function registerAssurance(app: App, ctx: WebContext): void {
  app.get('/api/v1/assurance', {
    config: { access: may.readReach },
    schema: {
      summary: '可达性: every village of your scope with homes, whether somebody there could be reached, the worst first; this week’s rings', tags, querystring: Shape({ region: Type.Optional(RegionCodeText) }),
      response: { 200: Shape({ at: EpochMs, weekly: Type.Boolean(), week: Shape({ rung: Type.Integer(), answered: Type.Integer(), silent: Type.Integer(), waiting: Type.Integer() }), openTasks: Type.Integer(), villages: Type.Array(Village) }), ...errorAnswers },
    },
  }, async (request) => {
    const prefix = listPrefix(callerOf(request), request.query.region);
    const now = await readNow(ctx.db);
    const settings = await readSettings(ctx);
    if (prefix === null) return { at: now, weekly: settings.settings.weekly, week: { rung: 0, answered: 0, silent: 0, waiting: 0 }, openTasks: 0, villages: [] };
    const people = Map.groupBy(await reachPeople(ctx.db, prefix), (p) => p.regionCode);
    const [villages, gaps] = [await needyVillages(ctx.db, prefix), await listGaps(ctx.db)];
    const names = await placeNames(ctx.db, villages.map((v) => v.code));
    const rows = villages.map((v) => ({ ...v, ...names(v.code), since: gaps.get(v.code) ?? null, ...plain(people.get(v.code) ?? [], now) }));
    return {
      at: Math.round(now), weekly: settings.settings.weekly, week: await countRingsOfWeek(ctx.db, prefix, weekOf(now).day), openTasks: (await listTasks(ctx.db, prefix, true)).length,
      villages: rows.sort((a, b) => reachLevels.indexOf(a.level) - reachLevels.indexOf(b.level) || (a.code < b.code ? -1 : 1)),
    };
  });
  app.get('/api/v1/assurance/:region', {
    config: { access: may.readReach },
    schema: { summary: 'The people of one village, of a town’s duty room or of the county’s desk, with when each was last proven reachable by day and by night', tags, params: Shape({ region: RegionCodeText }), response: { 200: Shape({ at: EpochMs, code: RegionCodeText, ...Place, ...Verdict, list: Type.Array(Person) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { region } = request.params;
    requireScope(caller, region);
    const now = await readNow(ctx.db);
    const people = await reachPeople(ctx.db, region);
    const names = await placeNames(ctx.db, [region]);
    return { at: Math.round(now), code: region, ...names(region), ...plain(people, now), list: people.map((p) => personView(ctx, caller, p, now)) };
  });
  registerTasks(app, ctx);
  registerSettings(app, ctx);
}

function plain(people: readonly ReachPerson[], now: number): Omit<ReturnType<typeof verdictOf>, 'people'> & { responders: number } {
  const { people: responders, ...verdict } = verdictOf(people, now);
  return { responders, ...verdict };
}

function personView(ctx: WebContext, caller: Caller, p: ReachPerson, now: number): Static<typeof Person> {
  const { party, role, landline, keypress, offDuty, absentUntil, verifiedAt, optedOutAt, dayAt, dayHow, nightAt, nightHow, fails, task, demo } = p;
  return {
    id: party.slice('responder:'.length), role, name: shownName(caller, ctx.seal.openIfReadable('responder.name', p.nameEnc) ?? '?'), landline, keypress, why: unavailable(p, now), offDuty, absentUntil, verifiedAt, optedOutAt, dayAt, dayHow, nightAt, nightHow, fails,
    task: task as Static<typeof Person>['task'], demo,
  };
}

function registerTasks(app: App, ctx: WebContext): void {
  const view = (caller: Caller, t: NumberTask, places: { town: string | null; village: string | null }): Static<typeof Task> => {
    const column = t.party.split(':')[0] ?? '';
    const { nameEnc, phoneEnc, ...rest } = t;
    return { ...rest, ...places, name: nameEnc && shownName(caller, ctx.seal.openIfReadable(`${column}.name`, nameEnc) ?? '?'), phone: phoneEnc && maskPhone(ctx.seal.openIfReadable(`${column}.phone`, phoneEnc) ?? '') };
  };
  app.get('/api/v1/assurance/tasks', {
    config: { access: may.readReach },
    schema: {
      summary: 'Numbers to be mended: failed three times, silent at three rings, not confirmed for a year, refusing texts; the oldest first. `closed`: those of the last month', tags,
      querystring: Shape({ region: Type.Optional(RegionCodeText), state: Type.Optional(OneOf(['open', 'closed'])) }), response: { 200: Shape({ tasks: Type.Array(Task) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const prefix = listPrefix(caller, request.query.region);
    const tasks = prefix === null ? [] : await listTasks(ctx.db, prefix, request.query.state !== 'closed');
    const names = await placeNames(ctx.db, tasks.map((t) => t.regionCode));
    return { tasks: tasks.map((t) => view(caller, t, names(t.regionCode))) };
  });
  app.post('/api/v1/assurance/tasks/:id/close', {
    config: { access: may.closeNumbers },
    schema: {
      summary: 'End a task by a human’s word; a new number, or an answer from the old one, ends it by itself', tags, params: Shape({ id: Type.String() }),
      body: Shape({ how: OneOf(['mended', 'dismissed'], 'mended: somebody has spoken to him on it; dismissed: it stays as it is, and is not asked about for three months') }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const task = await findTask(ctx.db, rowNumber(request.params.id));
    if (!task) throw nothing();
    requireScope(caller, task.regionCode);
    const { how } = request.body;
    await change(ctx, async (sql) => {
      if (!(await closeTask(sql, task.id, how, caller.actor))) throw new ApiError('E_CONFLICT', 'The task is closed already.');
      return { result: null, audit: [{ actor: caller.actor, action: 'number-task.close', target: task.party, result: 'ok', detail: { task: task.id, reason: task.reason, how } }] };
    });
    return { ok: true as const };
  });
}

async function readSettings(ctx: WebContext): Promise<Static<typeof SettingsView>> {
  const row = await findSetting<Partial<AssuranceSettings>>(ctx.db, 'assurance');
  const { weekly, yearly, from, to, nightRoles, perDay } = { ...defaultAssurance, ...row?.value };
  return { settings: { weekly, yearly, from, to, nightRoles: [...nightRoles], perDay }, updatedAt: row?.updatedAt ?? null, updatedBy: row?.updatedBy ?? null };
}

function registerSettings(app: App, ctx: WebContext): void {
  app.get('/api/v1/assurance/settings', { config: { access: may.readReach }, schema: { summary: 'When who is rung', tags, response: { 200: SettingsView, ...errorAnswers } } }, () => readSettings(ctx));
  app.put('/api/v1/assurance/settings', {
    config: { access: may.writeReach },
    schema: { summary: 'Replace them, for the whole county; `updatedAt` of the answer you saw guards against a second writer', tags, body: Shape({ settings: Settings, updatedAt: Nullable(EpochMs) }), response: { 200: SettingsView, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!ofWholeCounty(caller)) throw new ApiError('E_FORBIDDEN', 'The weekly ring is the whole county’s.');
    const { settings, updatedAt } = request.body;
    if (settings.from >= settings.to) throw invalid([{ field: 'settings.to', expected: `later than ${settings.from}: rings of the day go out between them` }]);
    await change(ctx, async (sql) => {
      const before = await findSetting<AssuranceSettings>(sql, 'assurance');
      if ((before?.updatedAt ?? null) !== updatedAt) throw new ApiError('E_CONFLICT', 'Somebody else has changed the settings.', { more: { updatedAt: before?.updatedAt ?? null } });
      await writeSetting(sql, 'assurance', settings, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'settings.assurance', result: 'ok', detail: { before: before?.value ?? null, after: settings } }] };
    });
    return readSettings(ctx);
  });
}
