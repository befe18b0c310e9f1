/** Pictures that responders sent of a case (UI 3.4): that there are some, and one of them opened, audited. */
import { Type } from 'typebox';
import { listPhotos, openPhoto, photoTypes } from '#store/photos.ts';
import { alertActors, callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { nothing } from '#web/registry.ts';
import { AlertIdText, EpochMs, errorAnswers, Nullable, OneOf, PartyText, Shape } from '#web/schemas.ts';
import { scopedAlert } from './alerts.ts';

const Params = Shape({ id: AlertIdText });

export function registerPhotos(app: App, ctx: WebContext): void {
  app.get('/api/v1/alerts/:id/photos', {
    config: { access: alertActors },
    schema: { summary: 'Pictures of a case: whose, since when', tags: ['alerts'], params: Params, response: { 200: Shape({ photos: Type.Array(Shape({ party: Type.String(), at: EpochMs, keptMs: Nullable(Type.Integer({ description: 'it had waited so long for a network' })), bytes: Type.Integer() })) }), ...errorAnswers } },
  }, async (request) => ({ photos: await listPhotos(ctx.db, (await scopedAlert(ctx, callerOf(request), request.params.id)).id) }));
  app.post('/api/v1/alerts/:id/photos/open', {
    config: { access: alertActors },
    schema: { summary: 'One picture. Audited.', tags: ['alerts'], params: Params, body: Shape({ party: PartyText }), response: { 200: Shape({ type: OneOf(photoTypes), data: Type.String({ description: 'base64' }) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { id } = await scopedAlert(ctx, caller, request.params.id);
    const photo = await openPhoto(ctx.db, ctx.seal, id, request.body.party);
    if (!photo) throw nothing();
    await ctx.audit({ actor: caller.actor, action: 'alert.photo', target: `alert:${id}`, result: 'ok', detail: { party: request.body.party, address: request.ip } });
    return photo;
  });
}
