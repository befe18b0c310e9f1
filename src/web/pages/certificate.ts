/**
 * `/c/{id}`: whoever holds a certificate sees whether it is what the house has on file (2.3). The hash of the stored record is reckoned anew, the
 * record is held against the rows that it was made from, and both against the code of the paper. GET changes nothing; wrong codes are counted.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { dayOf } from '#core/clock.ts';
import { limits } from '#core/limits.ts';
import { surnameOf } from '#core/messages.ts';
import { findCertificate, trueRecord } from '#store/certificates.ts';
import type { App, WebContext } from '#web/context.ts';
import { certificateState } from '#web/certificate.ts';
import { certificatePage, certificateStyle, type Finding, type Lang, type Shown } from './certificate-page.ts';
import { createWrongCodes } from './wrong-codes.ts';

const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(certificateStyle).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
/** As many digits of the hash as must be typed at least: nobody tries 64 bits. */
const codeChars = 16;
const asCode = (typed: string): string => typed.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
const Query = Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })), h: Type.Optional(Type.String({ maxLength: 200 })), id: Type.Optional(Type.String({ maxLength: 100 })) });
type Asked = { lang?: string; h?: string; id?: string };

export function registerCertificatePage(app: App, ctx: WebContext): void {
  const wrong = createWrongCodes();
  const asked = (request: FastifyRequest): Asked => request.query as Asked;
  const languageOf = (request: FastifyRequest): Lang => (asked(request).lang === 'en' ? 'en' : 'zh');
  const send = (request: FastifyRequest, reply: FastifyReply, status: number, finding: Finding, shown: Shown | null, id: string | null): FastifyReply => reply.code(status).headers({
    'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp, 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer',
  }).serializer((text: unknown) => String(text)).send(certificatePage(languageOf(request), finding, shown, id).text);
  const answer = async (request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> => {
    const code = asCode(asked(request).h ?? '');
    if (code === '') return send(request, reply, 200, 'ask', null, id);
    const found = await findCertificate(ctx.db, id);
    const right = found !== null && code.length >= codeChars && found.hash.startsWith(code);
    if (!right) {
      const many = wrong.count(request.ip) > limits.wrongCodesPerMinute;
      return send(request, reply, many ? 429 : found === null ? 404 : 200, many ? 'many' : found === null ? 'unknown' : 'altered', null, id);
    }
    const record = await trueRecord(ctx.db, ctx.seal, found);
    if (record === null) return send(request, reply, 200, 'altered', null, id);
    const state = certificateState(found);
    const shown = {
      number: found.number, names: record.people.map((name) => `${surnameOf(name)}**`).join('、'), device: record.device.modelName, town: `${record.county} ${record.town}`, issued: dayOf(found.issuedAt), accepted: state === 'accepted', probationUntil: dayOf(record.probationUntil),
    };
    return send(request, reply, 200, state === 'revoked' || state === 'to-redo' ? state : 'genuine', shown, id);
  };
  app.get('/c', {
    config: { access: 'public' }, schema: { summary: 'Asks for the number and the code of a certificate; changes nothing', tags: ['certificates'], produces: ['text/html'], querystring: Query, response: { 200: Type.String() } },
  }, async (request, reply) => {
    const id = (asked(request).id ?? '').trim();
    return id === '' ? send(request, reply, 200, 'ask', null, null) : answer(request, reply, id);
  });
  app.get('/c/:id', {
    config: { access: 'public' }, schema: { summary: 'Whether a certificate is genuine, by the code of its paper; changes nothing', tags: ['certificates'], produces: ['text/html'], params: Type.Object({ id: Type.String({ maxLength: 100 }) }), querystring: Query, response: { 200: Type.String() } },
  }, async (request, reply) => answer(request, reply, (request.params as { id: string }).id));
}
