/** Modes (外出, 住院, 已转移; C9): for people, homes or whole villages at once, always with an end; what holds now, the forgotten first. */
import { Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { readNow } from '#store/county-status.ts';
import { listModes, setMode } from '#store/modes.ts';
import { alertActors, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { change, fileReaders, listPrefix, placeNames, shownName } from '#web/registry.ts';
import { ModeName, OwnId } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['files'];
const ModeView = Shape({
  type: OneOf(['home', 'person']), id: Type.String(), homeId: Nullable(Type.String()), regionCode: Nullable(RegionCodeText), town: Nullable(Type.String()), village: Nullable(Type.String()),
  mode: ModeName, until: EpochMs, since: Nullable(EpochMs), by: Nullable(Type.String()), forgotten: Type.Boolean({ description: 'lasts longer than 7 days' }), highRisk: Type.Boolean(),
  name: Nullable(Type.String({ description: 'masked' })),
});
/** A mode that never ends is a forgotten one: at most so long, then it must be said again. */
const longestMs = 92 * 86_400_000;

export function registerModes(app: App, ctx: WebContext): void {
  app.post('/api/v1/modes', {
    config: { access: alertActors }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Set a mode until a time, or end it with null; technical alarms wait meanwhile, an emergency never does', tags,
      body: Shape({
        mode: Nullable(ModeName), until: Type.Optional(EpochMs), people: Type.Optional(Type.Array(OwnId, { maxItems: limits.modeRows })),
        homes: Type.Optional(Type.Array(OwnId, { maxItems: limits.modeRows })), regions: Type.Optional(Type.Array(RegionCodeText, { maxItems: 300 })),
      }),
      response: { 200: Shape({ homes: Type.Integer(), people: Type.Integer(), missing: Type.Array(Type.String({ description: 'not there, or outside your scope: nothing was set for it' })) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { mode, until, people = [], homes = [], regions = [] } = request.body;
    if (people.length + homes.length + regions.length === 0) throw invalid([{ field: 'people', expected: 'people, homes or regions' }]);
    return change(ctx, async (sql) => {
      const now = await readNow(sql);
      if (mode !== null && (until === undefined || until <= now || until > now + longestMs)) throw invalid([{ field: 'until', expected: 'an end in the future, at most 92 days away' }]);
      const result = await setMode(sql, { mode, until: mode === null ? null : (until ?? null), people, homes, regions, by: caller.actor, prefix: scopePrefix(caller.scopeCode) });
      const detail = { mode, until: mode === null ? null : until, homes: result.homes, people: result.people, regions: regions.slice(0, 20), missing: result.missing.length };
      return { result, audit: [{ actor: caller.actor, action: 'mode.set', result: 'ok', detail }] };
    });
  });
  app.get('/api/v1/modes', {
    config: { access: fileReaders },
    schema: {
      summary: 'Modes that hold now, the forgotten first', tags, querystring: Shape({ region: Type.Optional(RegionCodeText) }),
      response: { 200: Shape({ modes: Type.Array(ModeView), forgotten: Type.Integer() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const prefix = listPrefix(caller, request.query.region);
    const rows = prefix === null ? [] : await listModes(ctx.db, prefix, limits.modeRows);
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    const modes = rows.map(({ nameEnc, ...r }) => ({ ...r, ...names(r.regionCode), name: nameEnc === null ? null : shownName(caller, ctx.seal.open('person.name', nameEnc)) }));
    return { modes, forgotten: rows.filter((r) => r.forgotten).length };
  });
}
