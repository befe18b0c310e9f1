/** Who can be heard, by village, town or county: online only with proof, presumed unreachable (推断失联) apart, never reported apart (B6, FIELD F5). */
import { Type } from 'typebox';
import { levelOf } from '#core/region.ts';
import { countCannotHear } from '#store/county-status.ts';
import { countNeverReported } from '#store/device-registry.ts';
import { presenceCounts } from '#store/outages.ts';
import { readFolds } from '#store/regions.ts';
import { alertReaders, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { listPrefix } from '#web/registry.ts';
import { errorAnswers, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const Count = Shape({
  code: RegionCodeText, online: Type.Integer(), offline: Type.Integer({ description: 'silent or offline' }), never: Type.Integer(), presumed: Type.Integer({ description: '推断失联: not due yet, but sharing an outage' }),
  neverReported: Type.Integer({ description: 'past their class’s grace and never heard' }), cannotHear: Type.Integer({ description: 'persons whom no device lets us hear now' }),
});
const zero = { online: 0, offline: 0, never: 0, presumed: 0, neverReported: 0, cannotHear: 0 };

export function registerPresence(app: App, ctx: WebContext): void {
  app.get('/api/v1/presence', {
    config: { access: alertReaders },
    schema: {
      summary: 'Installed devices by region and state, a unit that is shown under another with it; the people behind `cannotHear` stand under /status/cannot-hear', tags: ['devices'],
      querystring: Shape({ region: Type.Optional(RegionCodeText), level: Type.Optional(OneOf(['village', 'town', 'county'])) }), response: { 200: Shape({ regions: Type.Array(Count) }), ...errorAnswers },
    },
  }, async (request) => {
    const { region, level = 'village' } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { regions: [] };
    const digits = { village: 12, town: 9, county: 6 }[level];
    const folds = await readFolds(ctx.db);
    const regions = new Map<string, typeof zero & { code: string }>();
    const add = (code: string, part: Partial<typeof zero>): void => {
      if (!code.startsWith(prefix)) return;
      const own = levelOf(code) === 'village' || digits < 12 ? code.slice(0, digits).padEnd(12, '0') : code;
      const key = folds.get(own) ?? own;
      const row = regions.get(key) ?? { code: key, ...zero };
      for (const [name, n] of Object.entries(part) as [keyof typeof zero, number][]) row[name] += n;
      regions.set(key, row);
    };
    for (const { code, ...counts } of await presenceCounts(ctx.db)) add(code, counts);
    for (const { code, count } of await countNeverReported(ctx.db, prefix)) add(code, { neverReported: count });
    for (const { code, count } of await countCannotHear(ctx.db)) add(code, { cannotHear: count });
    return { regions: [...regions.values()].sort((a, b) => (a.code < b.code ? -1 : 1)) };
  });
}
