/** 号码次数 and 白名单: how much of the provider's windows each number has used, and the file of the numbers that the provider shall exempt, with what has changed since. */
import { type Static, Type } from 'typebox';
import { allowed, windowsOf } from '#core/budget.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { phoneDigits } from '#core/phone.ts';
import { mergeSettings, type ProviderSettings } from '#core/provider.ts';
import { type Caller, may } from '#core/user.ts';
import { confirmList, countHeld, fullestNumbers, insertList, newestList, type Ranked, rankedNumbers } from '#store/budgets.ts';
import { readSetting } from '#store/settings.ts';
import { displayNames } from '#store/users.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { change, nothing, placeNames, rowNumber, shownName } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const At = { regionCode: Nullable(RegionCodeText), ...Place };
const NumberView = Shape({
  party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), to: Type.String({ description: 'masked' }), ...At, template: Type.String({ description: 'the text sent most' }),
  listed: Type.Boolean({ description: 'the provider exempts it from its limits on texts' }), demo: Type.Boolean(),
  windows: Type.Array(Shape({ code: Type.String(), used: Type.Integer(), most: Type.Integer(), calm: Type.Integer({ description: 'of these for what is no emergency' }) })),
});
const Entry = Shape({ rank: Type.Integer(), party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), to: Type.String({ description: 'masked' }), ...At, highRisk: Type.Integer({ description: 'people at high risk in the village' }), fresh: Type.Boolean({ description: 'not in the last file' }) });
const ListView = Shape({
  most: Type.Integer(), entries: Type.Array(Entry), outside: Type.Array(Entry, { description: 'those who come next: for them 50 texts of a kind a day hold' }), outsideCount: Type.Integer(),
  gone: Type.Array(Shape({ party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked; null: no longer on file' })), to: Type.String({ description: 'masked' }) }), { description: 'in the last file, and no longer wanted there' }),
  last: Nullable(Shape({ id: Type.String(), madeAt: EpochMs, madeBy: Type.String(), confirmedAt: Nullable(EpochMs), confirmedBy: Nullable(Type.String()), numbers: Type.Integer() })),
});
const shownNumbers = 100;
const shownOutside = 50;

export function registerBudgets(app: App, ctx: WebContext): void {
  app.get('/api/v1/notifications/budget', {
    config: { access: may.readNotifications },
    schema: { summary: 'The live budget of every number that got something in the last day, the fullest first', tags: ['notifications'], response: { 200: Shape({ reserve: Type.Number(), held: Type.Integer({ description: 'messages that wait for room' }), numbers: Type.Array(NumberView) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const prefix = scopePrefix(caller.scopeCode);
    const { budget } = mergeSettings(await readSetting<ProviderSettings>(ctx.db, 'provider'), (ctx.settings.gateway ?? 'standin') === 'standin');
    const rows = await fullestNumbers(ctx.db, ctx.seal, prefix, budget, shownNumbers);
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    const windows = (r: (typeof rows)[number]): Static<typeof NumberView>['windows'] => (['sms', 'voice'] as const).flatMap((c) => windowsOf(c, r, budget)).map((w) => ({ ...w, calm: allowed(w.most, { priority: 2 }) }));
    return {
      reserve: limits.budgetReserve, held: await countHeld(ctx.db, prefix),
      numbers: rows.map((r) => ({ party: r.party, role: r.role, name: r.name === null ? null : shownName(caller, r.name), to: maskPhone(r.to), regionCode: r.regionCode, ...names(r.regionCode), template: r.template, listed: r.listed, demo: r.demo, windows: windows(r) })),
    };
  });
  registerWhiteList(app, ctx);
}

function registerWhiteList(app: App, ctx: WebContext): void {
  const read = async (caller: Caller): Promise<Static<typeof ListView>> => {
    const [ranked, last] = [await rankedNumbers(ctx.db, ctx.seal), await newestList(ctx.db, ctx.seal)];
    const had = new Set(last?.numbers.map((n) => n.phoneBidx.toString('hex')));
    const wanted = ranked.slice(0, limits.whiteListNumbers);
    const names = await placeNames(ctx.db, ranked.map((r) => r.regionCode));
    const nameOf = (name: string | null): string | null => (name === null ? null : shownName(caller, name));
    const entry = (r: Ranked, i: number): Static<typeof Entry> => ({
      rank: i + 1, party: r.party, role: r.role, name: nameOf(r.name), to: maskPhone(r.to), regionCode: r.regionCode, ...names(r.regionCode), highRisk: r.highRisk, fresh: last !== null && !had.has(r.phoneBidx.toString('hex')),
    });
    const who = await displayNames(ctx.db, [last?.madeBy, last?.confirmedBy].flatMap((by) => by?.replace(/^user:/, '') ?? []));
    const shown = (by: string): string => who.get(by.replace(/^user:/, '')) ?? by;
    const now = new Set(wanted.map((r) => r.phoneBidx.toString('hex')));
    return {
      most: limits.whiteListNumbers, entries: wanted.map(entry), outside: ranked.slice(limits.whiteListNumbers, limits.whiteListNumbers + shownOutside).map((r, i) => ({ ...entry(r, limits.whiteListNumbers + i), fresh: false })),
      outsideCount: Math.max(0, ranked.length - limits.whiteListNumbers),
      gone: (last?.numbers ?? []).filter((n) => !now.has(n.phoneBidx.toString('hex'))).map((n) => ({ party: n.party, role: n.role, name: nameOf(n.name), to: maskPhone(n.to) })),
      last: last && { id: last.id, madeAt: last.madeAt, madeBy: shown(last.madeBy), confirmedAt: last.confirmedAt, confirmedBy: last.confirmedBy && shown(last.confirmedBy), numbers: last.numbers.length },
    };
  };
  const tags = ['settings'];
  app.get('/api/v1/settings/provider/white-list', {
    config: { access: may.readProvider }, schema: { summary: 'The numbers that the provider should exempt, ranked by risk, and what has changed since the last file', tags, response: { 200: ListView, ...errorAnswers } },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    return read(callerOf(request));
  });

  app.post('/api/v1/settings/provider/white-list', {
    config: { access: may.writeProvider },
    schema: { summary: 'Put the file together: these numbers count as handed over from now. Audited.', tags, body: Shape({}), response: { 200: Shape({ id: Type.String(), numbers: Type.Integer() }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const wanted = (await rankedNumbers(ctx.db, ctx.seal)).slice(0, limits.whiteListNumbers);
    if (wanted.length === 0) throw new ApiError('E_CONFLICT', 'There is no mobile number on duty to hand over.');
    return change(ctx, async (sql) => {
      const id = await insertList(sql, wanted, caller.actor);
      return { result: { id, numbers: wanted.length }, audit: [{ actor: caller.actor, action: 'white-list.make', target: `white-list:${id}`, result: 'ok', detail: { numbers: wanted.length, address: request.ip } }] };
    });
  });

  app.get('/api/v1/settings/provider/white-list/:id/numbers.txt', {
    config: { access: may.writeProvider },
    schema: { summary: 'That file: one number a line, in plain text. Audited.', tags, params: IdParams, produces: ['text/plain'], response: { 200: Type.String(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const list = await newestList(ctx.db, ctx.seal, rowNumber(request.params.id));
    if (!list) throw nothing();
    await ctx.audit({ actor: caller.actor, action: 'white-list.read', target: `white-list:${list.id}`, result: 'ok', detail: { numbers: list.numbers.length, address: request.ip } });
    reply.header('content-type', 'text/plain; charset=utf-8').header('content-disposition', `attachment; filename="white-list-${list.id}.txt"`).header('cache-control', 'no-store');
    return list.numbers.map((n) => `${phoneDigits(n.to)}\r\n`).join('');
  });

  app.post('/api/v1/settings/provider/white-list/:id/confirm', {
    config: { access: may.writeProvider },
    schema: { summary: 'Somebody has entered this file at the provider: texts to these numbers are no longer held to the provider’s limit', tags, params: IdParams, body: Shape({}), response: { 200: ListView, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const id = rowNumber(request.params.id);
    const known = await change(ctx, async (sql) => ({ result: await confirmList(sql, id, caller.actor), audit: [{ actor: caller.actor, action: 'white-list.confirm', target: `white-list:${id}`, result: 'ok' }] }));
    if (!known) throw nothing();
    return read(caller);
  });
}
