/** 离线清点包 (2.2): which town has one and how old it is, fetching it, making it now, a new passphrase. */
import { type Static, Type } from 'typebox';
import { newestOf, type PackFile, packState, type PackTown } from '#core/pack.ts';
import { showRegion } from '#core/region.ts';
import { type Caller, may } from '#core/user.ts';
import { databaseNow } from '#store/nodes.ts';
import { packTowns, setPassphrase } from '#store/packs.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { freshPassphrase, makePack, packFiles, packFolder, readPackFile } from '#web/packs.ts';
import { change, listPrefix, nothing } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['packs'];
const Town = Shape({
  code: RegionCodeText, town: Type.String(), people: Type.Integer(), keySetAt: Nullable(EpochMs), keySetBy: Nullable(Type.String()), madeAt: Nullable(EpochMs), bytes: Nullable(Type.Integer()), nights: Type.Integer({ description: 'files kept here' }),
  state: OneOf(['good', 'no-passphrase', 'none', 'old'], 'none: a passphrase and no file that it opens; old: older than 36 h'),
});
const Params = Shape({ code: Type.String({ minLength: 1, maxLength: 64, description: 'a town' }) });
const Made = Shape({ madeAt: Nullable(EpochMs) });

export function registerPacks(app: App, ctx: WebContext): void {
  const { data } = ctx.settings;
  const files = (): PackFile[] => (data === null ? [] : packFiles(data));
  const townOf = async (caller: Caller, code: string): Promise<PackTown & { keySetBy: string | null }> => {
    if (!/^\d{12}$/.test(code)) throw nothing();
    requireScope(caller, code);
    const [town] = await packTowns(ctx.db, code);
    if (!town) throw nothing();
    return town;
  };
  const viewOf = (town: PackTown & { keySetBy: string | null }, here: readonly PackFile[], now: number): Static<typeof Town> => {
    const newest = newestOf(town, here);
    const { code, name, people, keySetAt, keySetBy } = town;
    return { code, town: showRegion(name), people, keySetAt, keySetBy, madeAt: newest?.madeAt ?? null, bytes: newest?.bytes ?? null, nights: here.filter((f) => f.code === code).length, state: packState(town, here, now) };
  };

  app.get('/api/v1/packs', {
    config: { access: may.readPacks }, schema: { summary: 'Offline packs of your towns: whether there is one, and from when', tags, response: { 200: Shape({ folder: Nullable(Type.String({ description: 'on the machine that serves the pages; null: it keeps none' })), towns: Type.Array(Town) }), ...errorAnswers } },
  }, async (request) => {
    const prefix = listPrefix(callerOf(request), undefined) ?? '';
    const [towns, here, now] = [prefix.length > 9 ? [] : await packTowns(ctx.db, prefix), files(), await databaseNow(ctx.db)];
    return { folder: data === null ? null : packFolder(data), towns: towns.map((town) => viewOf(town, here, now)) };
  });

  app.get('/api/v1/packs/:code/file', {
    config: { access: may.readPacks },
    schema: { summary: 'The newest pack of a town: one HTML file that opens without this house, with its passphrase. Audited.', tags, params: Params, produces: ['application/octet-stream'], response: { 200: Type.Any(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const town = await townOf(caller, request.params.code);
    const newest = newestOf(town, files());
    const file = newest === null || data === null ? null : readPackFile(data, newest);
    if (newest === null || file === null) throw new ApiError('E_NOT_FOUND', 'There is no pack of this town here yet: it needs a passphrase, and is made every night.');
    await ctx.audit({ actor: caller.actor, action: 'pack.read', target: `region:${town.code}`, result: 'ok', detail: { file: newest.name, address: request.ip } });
    // never shown as a page of this house: its script is its own
    return reply.header('content-type', 'application/octet-stream').header('content-disposition', `attachment; filename="${newest.name}"`).header('cache-control', 'no-store').send(file);
  });

  app.post('/api/v1/packs/:code/make', {
    config: { access: may.makePacks }, schema: { summary: 'Make the pack of a town now', tags, params: Params, body: Shape({}), response: { 200: Made, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const town = await townOf(caller, request.params.code);
    if (town.keySetAt === null) throw new ApiError('E_CONFLICT', 'This town has no passphrase yet.');
    const made = await makePack(ctx, town);
    await ctx.audit({ actor: caller.actor, action: 'pack.make', target: `region:${town.code}`, result: 'ok', detail: { file: made?.name ?? null } });
    return { madeAt: made?.madeAt ?? null };
  });

  app.post('/api/v1/packs/:code/passphrase', {
    config: { access: may.writePacks },
    schema: { summary: 'A new passphrase for a town’s packs, shown this once; a pack under it is made at once, what the old one opens is deleted here. Audited.', tags, params: Params, body: Shape({}), response: { 200: Shape({ passphrase: Type.String(), madeAt: Nullable(EpochMs) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const town = await townOf(caller, request.params.code);
    const passphrase = freshPassphrase();
    await change(ctx, async (sql) => {
      await setPassphrase(sql, ctx.seal, town.code, passphrase, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'pack.passphrase', target: `region:${town.code}`, result: 'ok', detail: { rotated: town.keySetAt !== null, address: request.ip } }] };
    });
    const made = await makePack(ctx, town).catch((error: Error) => { ctx.log.error({ error: error.message, code: town.code }, 'the pack under a new passphrase could not be made; it is tried again'); return null; });
    return { passphrase, madeAt: made?.madeAt ?? null };
  });
}
