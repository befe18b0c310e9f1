/** The certificate as a PDF: names in plain text, so it is a reveal and audited; there is none before the evidence is whole, nor from a record that has been changed. */
import { Type } from 'typebox';
import { may } from '#core/user.ts';
import { certificateOfInstallation, trueRecord } from '#store/certificates.ts';
import { openPicture } from '#store/installations.ts';
import { callerOf } from '#web/access.ts';
import { certificatePdf } from '#web/certificate-pdf.ts';
import { certificateState, checkUrl } from '#web/certificate.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { scopedInstallation } from '#web/installation-view.ts';
import { nothing } from '#web/registry.ts';
import { errorAnswers, IdText, Shape } from '#web/schemas.ts';

export function registerCertificates(app: App, ctx: WebContext): void {
  app.get('/api/v1/installations/:id/certificate.pdf', {
    config: { access: may.revealFiles }, schema: { summary: 'The certificate as paper, names in plain text. Audited', tags: ['installations'], params: Shape({ id: IdText }), produces: ['application/pdf'], response: { 200: Type.Unknown(), ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const i = await scopedInstallation(ctx, ctx.db, caller, request.params.id);
    const found = i.finishedAt === null ? null : await certificateOfInstallation(ctx.db, i.id);
    if (!found) throw nothing();
    const record = await trueRecord(ctx.db, ctx.seal, found);
    if (record === null) throw new ApiError('E_CONFLICT', 'A record of this certificate has been changed since: there is no paper of it.', { more: { reason: 'altered' } });
    const picture = await openPicture(ctx.db, ctx.seal, i.id, 'signature');
    const pdf = await certificatePdf(record, { state: certificateState(found), hash: found.hash, url: checkUrl(ctx.settings.publicUrl, found), signature: picture === null ? null : Buffer.from(picture, 'base64'), demo: i.demo });
    await ctx.audit({ actor: caller.actor, action: 'installation.certificate', target: `installation:${i.id}`, result: 'ok', detail: { number: found.number, address: request.ip } });
    return reply.headers({ 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="certificate-${found.number}.pdf"`, 'cache-control': 'no-store' }).serializer((x: unknown) => x as never).send(pdf);
  });
}
