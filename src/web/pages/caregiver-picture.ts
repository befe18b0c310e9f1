/** A picture of what she finds, from her telephone: once she goes, without what the telephone wrote beside it, the same one once, so many and no more. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { SlipCase } from '#store/caregiver-case.ts';
import { countPhotos, type PhotoType, savePhoto } from '#store/photos.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, answerOf, errorHandler } from '#web/errors.ts';
import { onceAs } from '#web/idempotency.ts';
import type { Refusal } from './caregiver-words.ts';
import { fieldOf } from './form-file.ts';
import { cleanPicture, PictureError } from './picture-clean.ts';

export type Tools = {
  look(request: FastifyRequest, reply: FastifyReply, keptMs?: number): Promise<SlipCase | null>;
  back(request: FastifyRequest, reply: FastifyReply, code: string): FastifyReply;
  /** A page that says why, with this status. */ refuse(request: FastifyRequest, reply: FastifyReply, status: number, why: Refusal): FastifyReply;
  /** States in which she has said that she goes. */ going: ReadonlySet<string>;
  keptOf(text: string | undefined): number | undefined;
};
type Picture = { type: PhotoType; data: Buffer };

export function registerPicture(app: App, ctx: WebContext, { look, back, refuse, going, keptOf }: Tools): void {
  const inTurn = createTurns();
  /** Answers 409 beyond the limits; the telephone's next try of the same bytes hears the same. */
  const take = async (slip: SlipCase, picture: Picture, keptMs: number | undefined, trace: string): Promise<null> => {
    const sent = await countPhotos(ctx.db, slip.alertId, slip.party);
    if (sent.ofParty >= limits.photosPerLink || sent.ofCase >= limits.photosPerCase)
      throw new ApiError('E_CONFLICT', `At most ${limits.photosPerLink} pictures of one link and ${limits.photosPerCase} of one case are taken.`, { more: { why: 'pictures' } });
    await savePhoto(ctx.db, ctx.seal, { alertId: slip.alertId, party: slip.party, keptMs: keptMs ?? null, ...picture });
    await ctx.respond({ alertId: slip.alertId as AlertId, action: 'note', actor: { type: 'party', id: slip.party as Party, name: slip.partyName }, via: 'link', trace, note: '发来一张照片', ...(keptMs === undefined ? {} : { keptMs }) });
    await ctx.audit({ actor: `party:${slip.party}`, action: 'alert.picture', target: `alert:${slip.alertId}`, result: 'ok', detail: { via: 'link', bytes: picture.data.length } });
    return null;
  };

  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer', bodyLimit: limits.photoBytes }, (_request, body, done) => { done(null, body); });
  app.post('/j/:code/photo', {
    config: { access: 'public', anySite: true },
    schema: { summary: 'A picture from her telephone, the field `photo` of a form; afterwards the page again', tags: ['caregiver'], consumes: ['multipart/form-data'], params: Type.Object({ code: Type.String({ maxLength: 200 }) }), querystring: Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })) }), response: { 303: Type.Null() } },
    // A form without a script is answered by a page: who stands at a door reads no JSON.
    errorHandler: (error, request, reply) => {
      const { status, body } = answerOf(error);
      const why = body.error['why'] ?? (status === 413 ? 'large' : null);
      if (why !== null && (request.headers.accept ?? '').includes('text/html')) refuse(request, reply, status, why as Refusal);
      else errorHandler(ctx.log)(error, request, reply);
    },
  }, async (request, reply) => {
    const field = (name: string): Buffer | null => (Buffer.isBuffer(request.body) ? fieldOf(request.body, request.headers['content-type'] ?? '', name) : null);
    const keptMs = keptOf(field('keptMs')?.toString('latin1'));
    const slip = await look(request, reply, keptMs);
    if (!slip) return reply;
    const picture = cleaned(field('photo'));
    if (slip.mine === null || !going.has(slip.mine)) throw new ApiError('E_CONFLICT', 'Only who goes sends pictures.', { more: { why: 'not-going' } });
    const key = `${request.params.code} ${ctx.seal.secretHash(picture.data.toString('base64')).toString('base64')}`;
    const running = new ApiError('E_OVERLOADED', 'The same picture is being taken in; send it again.');
    await inTurn(slip.alertId, () => onceAs(ctx, { actor: `party:${slip.party}`, key, of: 'picture', running }, reply, () => take(slip, picture, keptMs, request.id)));
    return back(request, reply, request.params.code);
  });
}

/** What there is of the picture to keep; throws 422 for what is no whole one. */
function cleaned(data: Buffer | null): Picture {
  try {
    return cleanPicture(data ?? Buffer.alloc(0));
  } catch (error) {
    if (!(error instanceof PictureError)) throw error;
    throw new ApiError('E_INVALID', 'Missing or wrong: photo.', { fields: [{ field: 'photo', expected: error.expected }], more: { why: 'picture' } });
  }
}

/** One after the other for each case, in this process: what is counted before a picture is taken holds until it is. */
function createTurns(): <T>(id: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (id, work) => {
    const mine = (last.get(id) ?? Promise.resolve()).then(work);
    const over = mine.catch(() => {}).finally(() => { if (last.get(id) === over) last.delete(id); });
    last.set(id, over);
    return mine;
  };
}
