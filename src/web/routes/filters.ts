/** The account's own saved filters of the queue. They change what one page draws, never what rings, is counted or is sent. */
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { readFilters, type UserFilter, writeFilters } from '#store/user-filters.ts';
import { alertActors, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { errorAnswers, KindName, RegionCodeText, Shape } from '#web/schemas.ts';

const Filters = Shape({
  filters: Type.Array(Shape({
    name: Type.String({ minLength: 1, maxLength: 20 }), towns: Type.Array(RegionCodeText, { maxItems: 40, uniqueItems: true }), kinds: Type.Array(KindName, { maxItems: 30, uniqueItems: true }),
    priorities: Type.Array(Type.Integer({ minimum: 2, maximum: 4, description: 'P1 is shown whatever a filter says' }), { maxItems: 3, uniqueItems: true }), mine: Type.Boolean({ description: 'only what I have' }),
  }), { maxItems: limits.filtersPerUser }),
}, 'empty lists mean everything');

export function registerFilters(app: App, ctx: WebContext): void {
  app.get('/api/v1/me/filters', { config: { access: alertActors }, schema: { summary: 'My saved filters of the queue', tags: ['desk'], response: { 200: Filters, ...errorAnswers } } }, async (request) => ({ filters: await readFilters(ctx.db, callerOf(request).id) }));

  app.put('/api/v1/me/filters', {
    config: { access: alertActors }, schema: { summary: 'Save them, all of them', tags: ['desk'], body: Filters, response: { 200: Filters, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (caller.kind !== 'user') throw invalid([{ field: 'filters', expected: 'a person’s own; a token has no queue' }]);
    const filters = request.body.filters as UserFilter[];
    const names = filters.map((f) => f.name.trim());
    if (new Set(names).size < names.length) throw invalid([{ field: 'filters', expected: 'names that differ' }]);
    await writeFilters(ctx.db, caller.id, filters.map((f, i) => ({ ...f, name: names[i] as string })));
    return { filters: await readFilters(ctx.db, caller.id) };
  });
}
