/** 演练 (2.16): begin one, see what runs, take an imagined alarm at the desk, stop it, and read its scores on a page or as a file. */
import { type Static, Type } from 'typebox';
import { clockTime, dayOf } from '#core/clock.ts';
import { type DrillScore, scoreDrill } from '#core/drill.ts';
import type { Plan } from '#core/escalation.ts';
import { type EventKind, eventKinds, kindInfo } from '#core/event.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { planFor } from '#core/plan.ts';
import { commonRegion } from '#core/region.ts';
import { roleTitle, type PartyRole } from '#core/roster.ts';
import { type Caller, may } from '#core/user.ts';
import { caseRegion, claimCase, type DrillCallView, drillCalls, type DrillCaseView, drillCases, type DrillHome, drillHomes, type DrillRow, endDrill, findDrill, insertDrill, listDrills, liveCases, townsInUse } from '#store/drill-reads.ts';
import { stopCases } from '#store/drills.ts';
import { readPlans } from '#store/plans.ts';
import { readNow } from '#store/timers.ts';
import { callerOf, deskRoles, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { ApiError, type FieldProblem, invalid } from '#web/errors.ts';
import { change, listPrefix, nothing, placeNames, rowNumber, shownName } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['drills'];
const urgentKinds = eventKinds.filter((k) => kindInfo[k].priority === 1);
const Drill = {
  id: Type.String(), name: Type.String(), kind: OneOf(eventKinds), regionCode: RegionCodeText, ...Place, startedBy: Type.String(), startedAt: EpochMs, endedAt: Nullable(EpochMs),
  how: Nullable(OneOf(['done', 'stopped', 'yielded'], 'yielded: real emergencies of its towns ended all of it')), cases: Type.Integer(), answered: Type.Integer(), open: Type.Integer(), demo: Type.Boolean(),
};
const caseState = OneOf(['running', 'answered', 'nobody', 'stopped', 'yielded', 'late'], 'yielded: ended by a real emergency of its town; late: the house was down when its step was due');
const Case = {
  id: Type.String(), no: Type.Integer({ description: 'as its texts say it' }), homeId: Type.String(), regionCode: RegionCodeText, ...Place, place: Nullable(Type.String({ description: 'for those who act' })), state: caseState, beginsAt: EpochMs,
  claimedAt: Nullable(EpochMs), claimedByName: Nullable(Type.String()), answeredAt: Nullable(EpochMs), endedAt: Nullable(EpochMs),
};
const verdict = OneOf(['answered', 'declined', 'taken', 'silent'], 'taken: the call only');
const Person = { party: Type.String(), role: Type.String(), name: Nullable(Type.String({ description: 'masked' })) };
const Score = Shape({
  cases: Type.Integer(), answered: Type.Integer(), claimed: Type.Integer(), nobody: Type.Integer(), answerMs: Nullable(Type.Integer({ description: 'median, from the beginning to the first answer' })), claimMs: Nullable(Type.Integer({ description: 'median, to 接警 at the desk' })),
  steps: Type.Array(Shape({ step: Type.Integer(), people: Type.Integer(), answered: Type.Integer(), medianMs: Nullable(Type.Integer()) })),
  people: Type.Array(Shape({ ...Person, texts: Type.Integer(), calls: Type.Integer(), verdict, ms: Nullable(Type.Integer({ description: 'from the first message to the answer' })) })),
});
const Report = Shape({
  ...Drill, score: Score, list: Type.Array(Shape({
    ...Case, answeredBy: Nullable(Shape(Person)), skipped: Type.Array(Shape({ step: Type.Integer(), target: Type.String(), reason: Type.String(), who: Nullable(Shape(Person)) })),
    calls: Type.Array(Shape({ ...Person, step: Type.Integer(), channel: OneOf(['sms', 'voice']), sentAt: EpochMs, answeredAt: Nullable(EpochMs), verdict: Nullable(verdict), state: Nullable(Type.String({ description: 'of the message' })) })),
  })),
});
const Id = Shape({ id: Type.String() });

export function registerDrills(app: App, ctx: WebContext): void {
  app.get('/api/v1/drills', {
    config: { access: may.readDrills }, schema: { summary: 'Drills of your scope: those that run, then the newest', tags, response: { 200: Shape({ drills: Type.Array(Shape(Drill)) }), ...errorAnswers } },
  }, async (request) => {
    const rows = await listDrills(ctx.db, listPrefix(callerOf(request), undefined) ?? '');
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { drills: rows.map((r) => ({ ...r, ...names(r.regionCode) })) };
  });
  app.get('/api/v1/drills/live', {
    config: { access: may.readDrills }, schema: { summary: 'Imagined alarms that run now, for the wall', tags, response: { 200: Shape({ cases: Type.Array(Shape({ ...Case, drillId: Type.String(), name: Type.String(), kind: OneOf(eventKinds) })) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const rows = await liveCases(ctx.db, scopePrefix(caller.scopeCode));
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { cases: rows.map((r) => ({ ...caseView(ctx, caller, r, names(r.regionCode)), drillId: r.drillId, name: r.name, kind: r.kind })) };
  });
  registerReport(app, ctx);
  registerBegin(app, ctx);
  registerDesk(app, ctx);
}

function caseView(ctx: WebContext, caller: Caller, c: DrillCaseView, place: { town: string | null; village: string | null }) {
  const { id, no, homeId, regionCode, beginsAt, claimedAt, claimedByName, answeredAt, endedAt } = c;
  return { id, no, homeId, regionCode, ...place, place: deskRoles.has(caller.role) ? ctx.seal.openIfReadable('home.place', c.placeEnc) : null, state: c.state as Static<typeof caseState>, beginsAt, claimedAt, claimedByName, answeredAt, endedAt };
}

async function scoped(ctx: WebContext, caller: Caller, id: string): Promise<DrillRow> {
  const drill = await findDrill(ctx.db, rowNumber(id));
  if (!drill) throw nothing();
  requireScope(caller, drill.regionCode);
  return drill;
}

type Whole = { cases: DrillCaseView[]; calls: DrillCallView[]; score: DrillScore };
async function wholeOf(ctx: WebContext, id: string): Promise<Whole> {
  const [cases, calls] = [await drillCases(ctx.db, id), await drillCalls(ctx.db, id)];
  return { cases, calls, score: scoreDrill(cases, calls) };
}

function registerReport(app: App, ctx: WebContext): void {
  const named = (caller: Caller, calls: readonly DrillCallView[]) => {
    const names = new Map(calls.map((c) => [c.party, { role: c.role, name: c.nameEnc && shownName(caller, ctx.seal.openIfReadable('responder.name', c.nameEnc) ?? '?') }]));
    return (party: string): { party: string; role: string; name: string | null } => ({ party, ...(names.get(party as DrillCallView['party']) ?? { role: '', name: null }) });
  };
  app.get('/api/v1/drills/:id', {
    config: { access: may.readDrills }, schema: { summary: 'One drill with its scores: who answered in how long, per step and per person, and every message of it', tags, params: Id, response: { 200: Report, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const drill = await scoped(ctx, caller, request.params.id);
    const { cases, calls, score } = await wholeOf(ctx, drill.id);
    const who = named(caller, calls);
    const places = await placeNames(ctx.db, [drill.regionCode, ...cases.map((c) => c.regionCode)]);
    return {
      ...drill, ...places(drill.regionCode), score: { ...score, people: score.people.map((p) => ({ ...p, ...who(p.party) })) },
      list: cases.map((c) => ({
        ...caseView(ctx, caller, c, places(c.regionCode)), answeredBy: c.answeredBy && who(c.answeredBy), skipped: c.skipped.map(({ step, target, reason, party }) => ({ step, target, reason, who: party === null ? null : who(party) })),
        calls: calls.filter((l) => l.caseId === c.id).map((l) => ({ ...who(l.party), step: l.step, channel: l.channel, sentAt: l.sentAt, answeredAt: l.answeredAt, verdict: l.verdict, state: l.state })),
      })),
    };
  });
  app.get('/api/v1/drills/:id/report.csv', {
    config: { access: may.readDrills }, schema: { summary: 'The scores as a file, a person a line: UTF-8 with its mark, text cells', tags, params: Id, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const drill = await scoped(ctx, caller, request.params.id);
    const { calls, score } = await wholeOf(ctx, drill.id);
    const who = named(caller, calls);
    const words = { answered: '已回', declined: '回了不去', taken: '只接了电话', silent: '没有回' } as const;
    const day = dayOf(drill.startedAt);
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="drill-${drill.id}-${day}.csv"`).header('cache-control', 'no-store');
    return csvOf(['演练', '日期', '开始', '警情种类', '岗位', '姓名', '短信', '电话', '结果', '用时秒'], score.people.map((p) => [
      drill.name, day, clockTime(drill.startedAt), kindInfo[drill.kind].zh, roleTitle[p.role as PartyRole] ?? p.role, who(p.party).name ?? '', p.texts, p.calls, words[p.verdict], p.ms === null ? '' : Math.round(p.ms / 1000)]));
  });
}

function registerBegin(app: App, ctx: WebContext): void {
  app.post('/api/v1/drills', {
    config: { access: may.startDrills },
    schema: {
      summary: 'Begin a drill: the real plan of each home, the people of the roster, texts that say 演练. Refused while an emergency, or another drill, runs in one of its towns', tags,
      body: Shape({
        name: Type.String({ minLength: 1, maxLength: 40 }), kind: OneOf(urgentKinds), homeIds: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: limits.drillCases })),
        regions: Type.Optional(Type.Array(RegionCodeText, { maxItems: 300, description: 'villages, or a town for all of its own' })), perVillage: Type.Optional(Type.Integer({ minimum: 1, maximum: 10, description: 'homes of each village' })),
        spreadMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: limits.drillSpreadMinutes, description: 'they begin over so long, not all at once' })),
      }),
      response: { 201: Shape({ id: Type.String(), cases: Type.Integer() }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { name, kind, spreadMinutes = 0 } = request.body;
    const homes = await chosen(ctx, caller, request.body);
    await refuseInUse(ctx, homes);
    const [plans, now] = [await readPlans(ctx.db), await readNow(ctx.db)];
    const cases = homes.map((h, i) => ({ homeId: h.id, regionCode: h.regionCode, no: 10 + i, plan: planFor(kind as EventKind, 1, h.regionCode, plans, { highRisk: h.highRisk, at: now, deskProven: false }) as Plan, delayMs: homes.length < 2 ? 0 : Math.round((spreadMinutes * 60_000 * i) / (homes.length - 1)) }));
    const regionCode = commonRegion(homes.map((h) => h.regionCode));
    const id = await change(ctx, async (sql) => {
      const result = await insertDrill(sql, { name: name.trim() || '演练', kind: kind as EventKind, regionCode, by: caller.actor, demo: homes.some((h) => h.demo), cases });
      return { result, audit: [{ actor: caller.actor, action: 'drill.begin', target: `drill:${result}`, result: 'ok', detail: { name, kind, homes: homes.map((h) => h.id), spreadMinutes } }] };
    });
    reply.code(201);
    return { id, cases: cases.length };
  });
}

/** The homes of a new drill: all of them in scope, some at all, not too many. */
async function chosen(ctx: WebContext, caller: Caller, { homeIds = [], regions = [], perVillage = 1 }: { homeIds?: string[]; regions?: string[]; perVillage?: number }): Promise<DrillHome[]> {
  const problems: FieldProblem[] = regions.flatMap((code, i) => (seesRegion(caller.scopeCode, code) ? [] : [{ field: `regions.${i}`, expected: 'a region of your scope' }]));
  if (problems.length > 0) throw invalid(problems);
  const homes = await drillHomes(ctx.db, homeIds, regions, perVillage);
  const found = new Map(homes.map((h) => [h.id, h]));
  for (const [i, id] of homeIds.entries()) { const h = found.get(id); if (!h || !seesRegion(caller.scopeCode, h.regionCode)) problems.push({ field: `homeIds.${i}`, expected: 'a home of your scope' }); }
  if (homes.length === 0 && problems.length === 0) problems.push({ field: regions.length > 0 ? 'regions' : 'homeIds', expected: 'at least one home where somebody lives and is not away' });
  if (homes.length > limits.drillCases) problems.push({ field: 'regions', expected: `at most ${limits.drillCases} homes in one drill, these are ${homes.length}` });
  if (problems.length > 0) throw invalid(problems);
  return homes;
}

async function refuseInUse(ctx: WebContext, homes: readonly DrillHome[]): Promise<void> {
  const used = await townsInUse(ctx.db, [...new Set(homes.map((h) => h.regionCode.slice(0, 9)))]);
  if (used.alarms.length > 0) throw new ApiError('E_CONFLICT', 'There is an open emergency in one of these towns: a drill waits for it.', { more: { reason: 'alarm' } });
  if (used.drills.length > 0) throw new ApiError('E_CONFLICT', 'A drill runs in one of these towns already.', { more: { reason: 'drill' } });
}

function registerDesk(app: App, ctx: WebContext): void {
  app.post('/api/v1/drills/:id/stop', {
    config: { access: may.startDrills }, schema: { summary: 'Stop a drill: nothing of it is sent any more; its scores stay', tags, params: Id, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const drill = await scoped(ctx, caller, request.params.id);
    await change(ctx, async (sql) => {
      if (!(await endDrill(sql, drill.id, caller.actor))) throw new ApiError('E_CONFLICT', 'The drill is over already.');
      const cases = await stopCases(sql, drill.id);
      return { result: null, audit: [{ actor: caller.actor, action: 'drill.stop', target: `drill:${drill.id}`, result: 'ok', detail: { cases } }] };
    });
    return { ok: true as const };
  });
  app.post('/api/v1/drills/cases/:id/claim', {
    config: { access: may.act }, schema: { summary: '接警 of an imagined alarm: the time to it is in the score; the search for people goes on, it is what the drill measures', tags, params: Id, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const id = rowNumber(request.params.id);
    const region = await caseRegion(ctx.db, id);
    if (region === null) throw nothing();
    requireScope(caller, region);
    await change(ctx, async (sql) => {
      const done = await claimCase(sql, id, caller.actor);
      if (!done?.first) throw new ApiError('E_CONFLICT', done?.claimedByName ? 'Somebody else was first.' : 'It is over already.', { more: { by: done?.claimedByName ?? null } });
      return { result: null, audit: [{ actor: caller.actor, action: 'drill.claim', target: `drill-case:${id}`, result: 'ok', detail: {} }] };
    });
    return { ok: true as const };
  });
}
