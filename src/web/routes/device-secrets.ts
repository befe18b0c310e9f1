/** Secrets of many devices at once: new ones for a county that comes to life, and the rest of demonstration devices that nobody plays any more. */
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import { lockSecretTargets, replaceSecrets } from '#store/device-registry.ts';
import { callerOf, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { bulkWriters, change, collectProblems } from '#web/registry.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { OwnId, Secret } from '#web/registry-schemas.ts';
import { errorAnswers, Shape } from '#web/schemas.ts';
import { newSecret } from '#web/session.ts';

const tags = ['devices'];
const Ids = Shape({ ids: Type.Array(OwnId, { minItems: 1, maxItems: limits.bulkRows }) });

/** New secrets, all or none; `rest`: nobody is told them. */
async function renew(ctx: WebContext, caller: Caller, ids: readonly string[], rest: boolean): Promise<{ id: string; secret: string }[]> {
  return change(ctx, async (sql) => {
    const problems = collectProblems('ids');
    const found = new Map((await lockSecretTargets(sql, ids)).map((d) => [d.id, d]));
    for (const [i, id] of ids.entries()) {
      const device = found.get(id);
      if (!device || !seesRegion(caller.scopeCode, device.regionCode)) problems.add(i, 'id', 'a device of your scope');
      else if (device.status === 'revoked') problems.add(i, 'id', 'a device that is not revoked; set its status to installed first');
      else if (rest && !device.demo) problems.add(i, 'id', 'a demonstration device: a real one is taken out of service by its status');
      if (ids.indexOf(id) !== i) problems.add(i, 'id', 'an id only once');
    }
    problems.throwIfAny();
    const result = ids.map((id) => ({ id, secret: newSecret() }));
    await replaceSecrets(sql, result.map(({ id, secret }) => ({ id, secretHash: ctx.seal.secretHash(secret) })), !rest);
    await keepCopy(ctx, sql, ids);
    return { result, audit: [{ actor: caller.actor, action: rest ? 'device.rest' : 'device.secret', result: 'ok', detail: { ids: ids.slice(0, 20), count: ids.length } }] };
  });
}

export function registerDeviceSecrets(app: App, ctx: WebContext): void {
  app.post('/api/v1/devices/bulk/secrets', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'New secrets for up to 1,000 devices: all, or none with a report by line. Each is installed from now on and its supervision begins anew', tags, body: Ids,
      response: { 200: Shape({ rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String(), secret: Secret })) }), ...errorAnswers },
    },
  }, async (request) => ({ rows: (await renew(ctx, callerOf(request), request.body.ids, false)).map((m, i) => ({ line: i + 1, ...m })) }));

  app.post('/api/v1/devices/bulk/rest', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Up to 1,000 demonstration devices rest: their secrets end, nobody holds new ones, and no sign of life is owed until one gets a secret again', tags, body: Ids,
      response: { 200: Shape({ rested: Type.Integer() }), ...errorAnswers },
    },
  }, async (request) => ({ rested: (await renew(ctx, callerOf(request), request.body.ids, true)).length }));
}
