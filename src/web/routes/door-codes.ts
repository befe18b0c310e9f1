/** Door codes (一码通, FEATURES 2.9): issued for a home or a village, issued anew, revoked, and opened by an installer who stands at the door. */
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { doorOf, findDoor, homesOfRegion, issueDoorCodes, revokeDoorCode } from '#store/door-codes.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, fileReaders, fileWriters, listPrefix } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, IdText, Nullable, Ok, RegionCodeText, Shape } from '#web/schemas.ts';
import { scopedHome } from './homes.ts';

const tags = ['files'];
const State = Shape({ valid: Nullable(Shape({ issuedAt: EpochMs, issuedBy: Type.String() })), revoked: Type.Integer({ description: 'codes of this home that open nothing any more' }) });

export function registerDoorCodes(app: App, ctx: WebContext): void {
  app.post('/api/v1/door-codes', {
    config: { access: fileWriters },
    schema: {
      summary: 'Give every home of a region where somebody lives a door code, where it has none; /labels/doors prints them', tags,
      body: Shape({ region: RegionCodeText }), response: { 200: Shape({ issued: Type.Integer(), homes: Type.Integer() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { region } = request.body;
    const prefix = listPrefix(caller, region);
    const homes = prefix === null ? [] : await homesOfRegion(ctx.db, prefix, limits.labelRows + 1);
    if (prefix === null || homes.length > limits.labelRows) throw invalid([{ field: 'region', expected: prefix === null ? 'a region of your scope' : `a region of at most ${limits.labelRows} homes, such as a village` }]);
    return change(ctx, async (sql) => {
      const issued = await issueDoorCodes(sql, homes, caller.actor);
      return { result: { issued: issued.length, homes: homes.length }, audit: issued.length === 0 ? [] : [{ actor: caller.actor, action: 'door.issue', result: 'ok', detail: { region, ids: issued.slice(0, 20), count: issued.length } }] };
    });
  });
  app.get('/api/v1/homes/:id/door', {
    config: { access: fileReaders }, schema: { summary: 'Whether a home has a door code, since when and from whom; never the code', tags, params: IdParams, response: { 200: State, ...errorAnswers } },
  }, async (request) => doorOf(ctx.db, (await scopedHome(ctx, callerOf(request), request.params.id)).id));
  app.post('/api/v1/homes/:id/door', {
    config: { access: fileWriters }, schema: { summary: 'A new door code for a home; the one before opens nothing from now on', tags, params: IdParams, body: Shape({}), response: { 200: State, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const home = await scopedHome(ctx, caller, request.params.id);
    return change(ctx, async (sql) => {
      const anew = await revokeDoorCode(sql, home.id, caller.actor);
      await issueDoorCodes(sql, [home.id], caller.actor);
      return { result: await doorOf(sql, home.id), audit: [{ actor: caller.actor, action: 'door.issue', target: `home:${home.id}`, result: 'ok', detail: { anew } }] };
    });
  });
  app.delete('/api/v1/homes/:id/door', {
    config: { access: fileWriters }, schema: { summary: 'The home’s door code opens nothing from now on', tags, params: IdParams, response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const home = await scopedHome(ctx, caller, request.params.id);
    return change(ctx, async (sql) => {
      const revoked = await revokeDoorCode(sql, home.id, caller.actor);
      return { result: { ok: true as const }, audit: revoked ? [{ actor: caller.actor, action: 'door.revoke', target: `home:${home.id}`, result: 'ok' }] : [] };
    });
  });
  app.post('/api/v1/door-codes/open', {
    config: { access: fileWriters },
    schema: { summary: 'Whose door a scanned code is, for somebody who fits devices there. Audited.', tags, body: Shape({ code: Type.String({ minLength: 1, maxLength: 200 }) }), response: { 200: Shape({ homeId: IdText, regionCode: RegionCodeText }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const door = await findDoor(ctx.db, ctx.seal, request.body.code);
    if (door === null) throw new ApiError('E_NOT_FOUND', 'This is no door code of this house.');
    requireScope(caller, door.regionCode);
    if (door.revoked) throw new ApiError('E_CONFLICT', 'This door code has been revoked.', { more: { reason: 'revoked' } });
    await ctx.audit({ actor: caller.actor, action: 'door.open', target: `home:${door.homeId}`, result: 'ok', detail: { address: request.ip } });
    return { homeId: door.homeId, regionCode: door.regionCode };
  });
}
