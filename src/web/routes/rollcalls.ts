/** 平安清点 (2.2): begin one for regions, an outage or after a blind window; see its share grow, end it, and keep its report as a file. */
import { type Static, Type } from 'typebox';
import { dayOf, clockTime } from '#core/clock.ts';
import { type RollTotal, rollTotal, rollWord } from '#core/rollcall.ts';
import { roleTitle, type PartyRole } from '#core/roster.ts';
import { type Caller, may } from '#core/user.ts';
import { findAlertView } from '#store/alert-views.ts';
import { findRollCall, listRollCalls, rollKeepers, rollList, type RollKeeper, rollOffers, type RollPerson, type RollRow, rollVillages } from '#store/rollcall-reads.ts';
import { endRollCall, type RollScope } from '#store/rollcall.ts';
import { callerOf, deskRoles, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { csvOf } from '#web/csv.ts';
import { ApiError, type FieldProblem, invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { change, listPrefix, nothing, placeNames, rowNumber, shownName } from '#web/registry.ts';
import { beginRollCall } from '#web/rollcall-begin.ts';
import { AlertIdText, EpochMs, errorAnswers, IdempotencyHeaders, Nullable, Ok, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['roll-calls'];
const Counts = { people: Type.Integer(), safe: Type.Integer(), help: Type.Integer(), unreached: Type.Integer(), unchecked: Type.Integer() };
const Total = { ...Counts, checked: Type.Integer(), percent: Type.Integer({ description: '100 only when nobody is left' }), minutes: Nullable(Type.Integer({ description: 'from the beginning to the last word; null while there is none' })), complete: Type.Boolean() };
const Roll = {
  id: Type.String(), name: Type.String(), kind: OneOf(['region', 'outage', 'blind']), scopeCode: RegionCodeText, ...Place, startedBy: Type.String(), startedAt: EpochMs, endedAt: Nullable(EpochMs),
  state: OneOf(['open', 'ended', 'expired'], 'expired: forgotten, it takes no more words'), demo: Type.Boolean(), people: Type.Integer(), unchecked: Type.Integer(), help: Type.Integer(), unreached: Type.Integer(),
};
const Keeper = Shape({ party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), state: Nullable(Type.String({ description: 'of the text that gave him the list; null: none was sent' })), failed: Type.Boolean() });
const Named = Shape({
  regionCode: RegionCodeText, ...Place, no: Type.Integer(), personId: Nullable(Type.String()), name: Type.String({ description: 'masked' }), place: Nullable(Type.String({ description: 'for those who act' })), highRisk: Type.Boolean(),
  markedAt: Nullable(EpochMs), markedBy: Nullable(Type.String()),
});
const Whole = Shape({
  ...Roll, total: Shape(Total), towns: Type.Array(Shape({ code: RegionCodeText, ...Place, ...Total })), villages: Type.Array(Shape({ code: RegionCodeText, ...Place, ...Total, firstAt: Nullable(EpochMs), lastAt: Nullable(EpochMs), keepers: Type.Array(Keeper) })),
  needHelp: Type.Array(Named), notReached: Type.Array(Named),
});
const Id = Shape({ id: Type.String() });
const Begin = Shape({
  name: Type.String({ minLength: 1, maxLength: 40 }), regions: Type.Optional(Type.Array(RegionCodeText, { minItems: 1, maxItems: 400, description: 'the county, towns or villages' })),
  outage: Type.Optional(AlertIdText), blind: Type.Optional(Type.Literal(true, { description: 'everybody with a device, of your scope' })),
  tell: Type.Optional(Type.Boolean({ description: 'text those who keep the lists; true if absent' })), textLists: Type.Optional(Type.Boolean({ description: 'text the list itself to the first of each village; true if absent' })),
});

/** 孝老员王*兰, or the name of who sits at the desk. */
export const keeperName = (caller: Caller, role: string | null, name: string | null): string | null => (name === null ? null : role === null ? name : `${roleTitle[role as PartyRole] ?? ''}${shownName(caller, name)}`);

/** The caller's part of one; nothing of it in his scope is as if there were none. */
export async function scopedRoll(ctx: WebContext, caller: Caller, id: string): Promise<{ roll: RollRow; prefix: string }> {
  const prefix = listPrefix(caller, undefined) ?? '';
  const roll = await findRollCall(ctx.db, prefix, rowNumber(id));
  if (!roll) throw nothing();
  return { roll, prefix };
}

export function registerRollCalls(app: App, ctx: WebContext): void {
  app.get('/api/v1/rollcalls', {
    config: { access: may.readRolls }, schema: { summary: 'Roll-calls (平安清点) of your scope: those that run, then the newest', tags, response: { 200: Shape({ rolls: Type.Array(Shape(Roll)) }), ...errorAnswers } },
  }, async (request) => {
    const rows = await listRollCalls(ctx.db, listPrefix(callerOf(request), undefined) ?? '');
    const names = await placeNames(ctx.db, rows.map((r) => r.scopeCode));
    return { rolls: rows.map((r) => ({ ...r, ...names(r.scopeCode) })) };
  });
  app.get('/api/v1/rollcalls/offers', {
    config: { access: may.writeRolls },
    schema: {
      summary: 'After what a roll-call is due: open outages, and blind windows of the last day', tags,
      response: { 200: Shape({ offers: Type.Array(Shape({ alertId: Nullable(Type.String()), blindId: Nullable(Type.String()), regionCode: Nullable(RegionCodeText), ...Place, fromAt: EpochMs, toAt: Nullable(EpochMs), cause: Nullable(Type.String()) })) }), ...errorAnswers },
    },
  }, async (request) => {
    const offers = await rollOffers(ctx.db, listPrefix(callerOf(request), undefined) ?? '');
    const names = await placeNames(ctx.db, offers.map((o) => o.regionCode));
    return { offers: offers.map((o) => ({ ...o, ...names(o.regionCode) })) };
  });
  app.post('/api/v1/rollcalls', {
    config: { access: may.writeRolls },
    schema: {
      summary: 'Begin a roll-call: lists by risk for every village, given to those who look after it. Of exactly one of regions, outage, blind', tags, headers: IdempotencyHeaders, body: Begin,
      response: { 201: Shape({ id: Type.String(), people: Type.Integer(), villages: Type.Integer(), told: Type.Integer(), texts: Type.Integer(), nobody: Type.Integer({ description: 'villages whose list nobody was given' }) }), ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const { name, tell = true, textLists = true } = request.body;
    const { scope, field } = await scopeOf(ctx, caller, request.body);
    const begun = await beginRollCall(ctx, caller, { name: name.trim() || '平安清点', scope, field, tell, textLists }, request.id);
    ctx.log.info({ rollCall: begun.id, people: begun.people, villages: begun.villages, told: begun.told, texts: begun.texts }, 'a roll-call has begun');
    reply.code(201);
    return begun;
  }));
  registerOne(app, ctx);
  registerFile(app, ctx);
}

/** What was asked for, inside the caller's regions. */
async function scopeOf(ctx: WebContext, caller: Caller, { regions, outage, blind }: Static<typeof Begin>): Promise<{ scope: RollScope; field: string }> {
  if ([regions, outage, blind].filter((x) => x !== undefined).length !== 1) throw invalid([{ field: 'regions', expected: 'one of regions, outage, blind' }]);
  if (blind) return { scope: { kind: 'blind', within: caller.scopeCode }, field: 'blind' };
  if (outage !== undefined) {
    const alert = await findAlertView(ctx.db, outage);
    if (alert?.kind !== 'outage' || !seesRegion(caller.scopeCode, alert.regionCode)) throw invalid([{ field: 'outage', expected: 'the alert of an outage of your scope' }]);
    return { scope: { kind: 'outage', alertId: outage, within: caller.scopeCode }, field: 'outage' };
  }
  const problems: FieldProblem[] = (regions ?? []).flatMap((code, i) => (seesRegion(caller.scopeCode, code) ? [] : [{ field: `regions.${i}`, expected: 'a region of your scope' }]));
  if (problems.length > 0) throw invalid(problems);
  return { scope: { kind: 'region', regions: regions ?? [] }, field: 'regions' };
}

function registerOne(app: App, ctx: WebContext): void {
  app.get('/api/v1/rollcalls/:id', {
    config: { access: may.readRolls }, schema: { summary: 'One roll-call: its share by town and village, who was given the lists, who needs help, who was not reached', tags, params: Id, response: { 200: Whole, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { roll, prefix } = await scopedRoll(ctx, caller, request.params.id);
    const [villages, keepers] = [await rollVillages(ctx.db, roll.id, prefix), await rollKeepers(ctx.db, ctx.seal, roll.id)];
    const worst = await rollList(ctx.db, ctx.seal, roll.id, null, prefix, ['help', 'unreached']);
    const names = await placeNames(ctx.db, [roll.scopeCode, ...villages.map((v) => v.code)]);
    const named = (p: RollPerson): Static<typeof Named> => ({
      regionCode: p.regionCode, ...names(p.regionCode), no: p.no, personId: p.personId, name: shownName(caller, p.name), place: deskRoles.has(caller.role) ? p.place : null, highRisk: p.highRisk, markedAt: p.markedAt, markedBy: keeperName(caller, p.markedRole, p.markedBy),
    });
    const of = new Map<string, RollKeeper[]>();
    for (const k of keepers) for (const code of k.regions) of.set(code, [...(of.get(code) ?? []), k]);
    const towns = [...Map.groupBy(villages, (v) => `${v.code.slice(0, 9)}000`)].map(([code, mine]) => ({ code, ...names(code), ...rollTotal(mine, roll.startedAt) }));
    return {
      ...roll, ...names(roll.scopeCode), total: rollTotal(villages, roll.startedAt), towns,
      villages: villages.map((v) => ({
        code: v.code, ...names(v.code), ...rollTotal([v], roll.startedAt), firstAt: v.firstAt, lastAt: v.lastAt,
        keepers: (of.get(v.code) ?? []).map(({ party, role, name, state, failed }) => ({ party, role, name: name === null ? null : shownName(caller, name), state, failed })),
      })),
      needHelp: worst.filter((p) => p.status === 'help').map(named), notReached: worst.filter((p) => p.status === 'unreached').map(named),
    };
  });
  app.post('/api/v1/rollcalls/:id/end', {
    config: { access: may.writeRolls }, schema: { summary: 'End a roll-call: it takes no more words, its codes end; its report stays', tags, params: Id, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { roll } = await scopedRoll(ctx, caller, request.params.id);
    if (!seesRegion(caller.scopeCode, roll.scopeCode)) throw new ApiError('E_FORBIDDEN', 'It asks after people outside your scope too: somebody of that scope ends it.');
    await change(ctx, async (sql) => {
      if (!(await endRollCall(sql, roll.id, caller.actor))) throw new ApiError('E_CONFLICT', 'The roll-call is over already.');
      return { result: null, audit: [{ actor: caller.actor, action: 'roll.end', target: `roll:${roll.id}`, result: 'ok' }] };
    });
    return { ok: true as const };
  });
}

function registerFile(app: App, ctx: WebContext): void {
  app.get('/api/v1/rollcalls/:id/report.csv', {
    config: { access: may.readRolls }, schema: { summary: 'The report as a file, a village a line, names masked: UTF-8 with its mark, text cells', tags, params: Id, produces: ['text/csv'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { roll, prefix } = await scopedRoll(ctx, caller, request.params.id);
    const villages = await rollVillages(ctx.db, roll.id, prefix);
    const worst = Map.groupBy(await rollList(ctx.db, ctx.seal, roll.id, null, prefix, ['help', 'unreached']), (p) => `${p.regionCode} ${p.status}`);
    const names = await placeNames(ctx.db, villages.map((v) => v.code));
    const who = (code: string, status: string): string => (worst.get(`${code} ${status}`) ?? []).map((p) => `${p.no}号${shownName(caller, p.name)}`).join('、');
    const line = (town: string, village: string, t: RollTotal, help = '', unreached = ''): (string | number)[] => [roll.name, dayOf(roll.startedAt), clockTime(roll.startedAt), town, village, t.people, t.safe, t.help, t.unreached, t.unchecked, `${t.percent}%`, t.minutes ?? '', help, unreached];
    reply.header('content-type', 'text/csv; charset=utf-8').header('content-disposition', `attachment; filename="roll-call-${roll.id}-${dayOf(roll.startedAt)}.csv"`).header('cache-control', 'no-store');
    return csvOf(['清点', '日期', '开始', '乡镇', '村', '应查', rollWord.safe.zh, rollWord.help.zh, rollWord.unreached.zh, rollWord.unchecked.zh, '已查', '用时分钟', '需帮助的人', '未联系上的人'], [
      ...villages.map((v) => line(names(v.code).town ?? '', names(v.code).village ?? '', rollTotal([v], roll.startedAt), who(v.code, 'help'), who(v.code, 'unreached'))),
      line('合计', '', rollTotal(villages, roll.startedAt)),
    ]);
  });
}
