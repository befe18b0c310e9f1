/** The lists of a roll-call (2.2): one village's people, words about them from the desk or from a returned paper, and the forms that are printed. */
import { type Static, Type } from 'typebox';
import { maskPhone } from '#core/messages.ts';
import { rollMarks, rollStatuses } from '#core/rollcall.ts';
import { may, type Caller } from '#core/user.ts';
import { rollList, type RollPerson } from '#store/rollcall-reads.ts';
import { markPeople } from '#store/rollcall.ts';
import { callerOf, deskRoles, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { change, nothing, placeNames, shownName } from '#web/registry.ts';
import { EpochMs, errorAnswers, IdempotencyHeaders, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';
import { keeperName, scopedRoll } from './rollcalls.ts';

const tags = ['roll-calls'];
const Line = {
  no: Type.Integer({ description: 'as texts and paper name it' }), personId: Nullable(Type.String()), name: Type.String(), phone: Nullable(Type.String()), place: Nullable(Type.String()), landmark: Nullable(Type.String()), highRisk: Type.Boolean(), riskTags: Type.Array(Type.String()),
  ability: Nullable(Type.String()), living: Nullable(Type.String()), hearing: Nullable(Type.String()), birthYear: Nullable(Type.Integer()), mode: Nullable(Type.String({ description: 'away, hospital, evacuated: where he is instead' })),
  status: OneOf(rollStatuses), markedAt: Nullable(EpochMs), markedBy: Nullable(Type.String()), via: Nullable(OneOf(['sms', 'link', 'paper', 'desk'])),
};
const Village = Shape({ id: Type.String(), code: RegionCodeText, town: Nullable(Type.String()), village: Nullable(Type.String()), people: Type.Array(Shape(Line)) });
const Params = Shape({ id: Type.String(), code: Type.String({ maxLength: 12, description: 'of the village' }) });

/** A line for the screen: masked, without places and illnesses for those who only read; `plain` for an audited look. */
function line(caller: Caller, p: RollPerson, plain = false): Static<ReturnType<typeof Shape<typeof Line>>> {
  const desk = deskRoles.has(caller.role);
  const { no, personId, highRisk, ability, living, hearing, birthYear, mode, status, markedAt, via } = p;
  return {
    no, personId, highRisk, ability: desk ? ability : null, living: desk ? living : null, hearing: desk ? hearing : null, birthYear: desk ? birthYear : null, mode, status, markedAt, via, markedBy: keeperName(caller, p.markedRole, p.markedBy), riskTags: desk ? p.riskTags : [],
    name: plain ? p.name : shownName(caller, p.name), phone: p.phone === null ? null : plain ? p.phone : maskPhone(p.phone), place: desk ? p.place : null, landmark: plain ? p.landmark : null,
  };
}

export function registerRollCallLists(app: App, ctx: WebContext): void {
  app.get('/api/v1/rollcalls/:id/villages/:code', {
    config: { access: may.readRolls }, schema: { summary: 'The list of one village by its numbers, masked', tags, params: Params, response: { 200: Village, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { id, code } = request.params;
    requireScope(caller, code);
    const { roll } = await scopedRoll(ctx, caller, id);
    const people = await rollList(ctx.db, ctx.seal, roll.id, [code]);
    if (people.length === 0) throw nothing();
    return { id: roll.id, code, ...(await placeNames(ctx.db, [code]))(code), people: people.map((p) => line(caller, p)) };
  });

  app.post('/api/v1/rollcalls/:id/villages/:code/marks', {
    config: { access: may.writeRolls },
    schema: {
      summary: 'What was heard of people of one village, by telephone or on a returned paper. Who needs help becomes an alarm at once', tags, params: Params, headers: IdempotencyHeaders,
      body: Shape({ via: OneOf(['desk', 'paper']), marks: Type.Array(Shape({ no: Type.Integer({ minimum: 1, maximum: 9_999 }), status: OneOf(rollMarks) }), { maxItems: 2_000 }), rest: Type.Optional(Type.Boolean({ description: 'whoever is not checked or not reached yet is safe' })) }),
      response: { 200: Shape({ changed: Type.Integer(), raised: Type.Integer({ description: 'alarms of those who need help' }) }), ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const { id, code } = request.params;
    const { via, marks, rest = false } = request.body;
    requireScope(caller, code);
    const { roll } = await scopedRoll(ctx, caller, id);
    return change(ctx, async (sql) => {
      const done = await markPeople(sql, ctx.seal, { id: roll.id, regionCode: code, marks: new Map(marks.map((m) => [m.no, m.status])), rest, by: caller.actor, via, who: `${caller.name}${via === 'paper' ? '录入的纸质名单' : ''}`, trace: request.id });
      if (done.over) throw new ApiError('E_CONFLICT', 'The roll-call is over: it takes no more words.', { more: { reason: 'over' } });
      // Nothing of a paper is taken when a number of it is wrong: it is looked at again.
      if (done.missing.length > 0) throw invalid(done.missing.map((no) => ({ field: `marks.${marks.findIndex((m) => m.no === no)}.no`, expected: `a number of this list, not ${no}` })));
      return { result: { changed: done.changed, raised: done.raised.length }, audit: [{ actor: caller.actor, action: 'roll.mark', target: `roll:${roll.id}`, result: 'ok' as const, detail: { region: code, via, people: done.changed, help: done.raised.length } }] };
    });
  }));

  app.post('/api/v1/rollcalls/:id/sheets', {
    config: { access: may.writeRolls },
    schema: {
      summary: 'The lists in plain text, to be printed or telephoned by: of some villages, or of all. Audited', tags, params: Shape({ id: Type.String() }), body: Shape({ regions: Type.Optional(Type.Array(RegionCodeText, { maxItems: 400 })) }),
      response: { 200: Shape({ name: Type.String(), startedAt: EpochMs, sheets: Type.Array(Village) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { roll, prefix } = await scopedRoll(ctx, caller, request.params.id);
    const people = Map.groupBy(await rollList(ctx.db, ctx.seal, roll.id, request.body.regions ?? null, prefix), (p) => p.regionCode);
    await ctx.audit({ actor: caller.actor, action: 'roll.reveal', target: `roll:${roll.id}`, result: 'ok', detail: { villages: [...people.keys()].slice(0, 50), people: [...people.values()].reduce((n, v) => n + v.length, 0), address: request.ip } });
    const names = await placeNames(ctx.db, [...people.keys()]);
    return { name: roll.name, startedAt: roll.startedAt, sheets: [...people].map(([code, list]) => ({ id: roll.id, code, ...names(code), people: list.map((p) => line(caller, p, true)) })) };
  });
}
