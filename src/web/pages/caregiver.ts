/**
 * The caregiver's link `/j/{code}`: plain HTML without scripts, because it must work in every telephone's web view. GET
 * changes nothing (SMS scanners open links); the code is the only credential, and what is shown grows with her acceptance.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { type Candidate, readCandidates, revealHome, revealPerson } from '#store/alert-detail.ts';
import { findAlertView } from '#store/alert-views.ts';
import { findSlip, otherSlips, type SlipCase } from '#store/caregiver-case.ts';
import type { App, WebContext } from '#web/context.ts';
import { atMostEach } from '#web/seldom.ts';
import { IdempotencyHeaders, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { createAnswer } from './caregiver-answer.ts';
import { answers, type Answer, messagePage, presence, type Presence, refusalPage, type Revealed, slipPage, style } from './caregiver-page.ts';
import { registerPicture } from './caregiver-picture.ts';
import { registerPosition } from './caregiver-position.ts';
import { caregiverScript } from './caregiver-script.ts';
import { type Result, results } from './caregiver-results.ts';
import type { Refusal } from './caregiver-words.ts';
import { createWrongCodes } from './wrong-codes.ts';

const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; script-src 'self'; connect-src 'self'; img-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const codeShape = /^[A-Za-z0-9_-]{4,64}$/;
type Lang = 'zh' | 'en';
/** How long a press waited for a network, when it did; a page that was online says a moment. */
const keptOf = (text: string | undefined): number | undefined => { const ms = Number(text); return text !== undefined && ms > 3_000 && ms <= limits.keptMs ? ms : undefined; };
const Kept = Type.Optional(Type.String({ pattern: '^\\d{1,12}$', description: 'milliseconds since the press, from a page that kept it without a network' }));
/** States in which she has said that she goes: from then on she sees the way, until the alert is closed. */
const going: ReadonlySet<string> = new Set(['accepted', 'arrived', 'need-help', 'done']);

export function registerCaregiver(app: App, ctx: WebContext): void {
  const wrong = createWrongCodes();
  const noteOnce = atMostEach(600_000);
  const answer = createAnswer(ctx);
  const languageOf = (request: FastifyRequest): Lang => ((request.query as { lang?: unknown }).lang === 'en' ? 'en' : 'zh');
  const send = (reply: FastifyReply, status: number, page: string): FastifyReply => reply.code(status).headers({
    'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp, 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer',
  }).serializer((text: unknown) => String(text)).send(page);

  /** The slip, or the page that says why there is none. */
  const look = async (request: FastifyRequest, reply: FastifyReply, keptMs = 0): Promise<SlipCase | null> => {
    const { code } = request.params as { code: string };
    const lang = languageOf(request);
    const slip = codeShape.test(code) ? await findSlip(ctx.db, ctx.seal, code) : null;
    if (slip && !(slip.closedAt !== null && slip.now - keptMs > slip.closedAt + limits.linkAfterCloseMs)) return slip;
    // Only wrong codes are counted, and only further wrong ones refused: a right one always opens.
    if (slip === null && wrong.count(request.ip) > limits.wrongCodesPerMinute) send(reply, 429, messagePage(lang, 'many').text);
    else send(reply, slip === null ? 404 : 410, messagePage(lang, slip === null ? 'unknown' : 'expired').text);
    return null;
  };
  const reveal = async (slip: SlipCase, code: string): Promise<Revealed | null> => {
    if (slip.mine === null || !going.has(slip.mine) || slip.state === 'closed') return null;
    // The page is looked at again and again on the way; one row in ten minutes says it.
    if (noteOnce(code))
      await ctx.audit({ actor: `party:${slip.party}`, action: 'alert.reveal', target: `alert:${slip.alertId}`, result: 'ok', detail: { via: 'link', personId: slip.personId, homeId: slip.homeId } });
    const row = await findAlertView(ctx.db, slip.alertId);
    const contacts: Candidate[] = row ? (await readCandidates(ctx.db, ctx.seal, row, true)).filter((c) => c.near === 'home' && !c.withdrawn && c.party !== slip.party) : [];
    return {
      person: slip.personId === null ? null : await revealPerson(ctx.db, ctx.seal, slip.personId), home: slip.homeId === null ? null : await revealHome(ctx.db, ctx.seal, slip.homeId), contacts,
    };
  };
  const show = async (request: FastifyRequest, reply: FastifyReply, slip: SlipCase): Promise<void> => {
    const { code } = request.params as { code: string };
    const others = await otherSlips(ctx.db, slip.party, slip.alertId);
    send(reply, 200, slipPage({ lang: languageOf(request), code, slip, revealed: await reveal(slip, code), others }).text);
  };

  const back = (request: FastifyRequest, reply: FastifyReply, code: string): FastifyReply =>
    reply.code(303).headers({ location: `/j/${encodeURIComponent(code)}${languageOf(request) === 'en' ? '?lang=en' : ''}`, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }).serializer(() => '').send(null);

  const Params = Type.Object({ code: Type.String({ maxLength: 200 }) });
  const Query = Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })) });
  app.get('/j/:code', {
    config: { access: 'public' }, schema: { summary: 'The caregiver’s page; changes nothing', tags: ['caregiver'], produces: ['text/html'], params: Params, querystring: Query, response: { 200: Type.String() } },
  }, async (request, reply) => {
    const slip = await look(request, reply);
    if (slip) await show(request, reply, slip);
    return reply;
  });

  app.post('/j/:code', {
    config: { access: 'public', anySite: true },
    schema: {
      summary: 'Her answer; afterwards the page again', tags: ['caregiver'], consumes: ['application/x-www-form-urlencoded'], params: Params, querystring: Query, headers: IdempotencyHeaders,
      body: Shape({ action: OneOf([...Object.keys(answers), ...Object.keys(presence), ...Object.keys(results)] as (Answer | Presence | Result)[]), keptMs: Kept }),
      response: { 200: Shape({ why: Nullable(OneOf(['closed', 'taken'], 'to who accepts JSON: why the press does not count, or null')) }), 303: Type.Null() },
    },
  }, async (request, reply) => {
    const keptMs = keptOf(request.body.keptMs);
    const slip = await look(request, reply, keptMs);
    if (!slip) return reply;
    const { params: { code }, body: { action } } = request;
    const taken = await answer(slip, { code, action, keptMs, key: request.headers['idempotency-key'], trace: request.id }, reply);
    // The script says of a press that had waited what became of it; to a browser the page itself shows it, from the rows.
    if ((request.headers.accept ?? '').startsWith('application/json')) return reply.code(200).header('cache-control', 'no-store').send(taken);
    return back(request, reply, code);
  });
  app.get('/j/page.js', {
    config: { access: 'public' }, schema: { summary: 'What improves the caregiver’s page where scripts run', tags: ['caregiver'], produces: ['text/javascript'], response: { 200: Type.String() } },
  }, async (_request, reply) => reply.headers({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=3600' }).serializer((text: unknown) => String(text)).send(caregiverScript));
  const refuse = (request: FastifyRequest, reply: FastifyReply, status: number, why: Refusal): FastifyReply =>
    send(reply, status, refusalPage(languageOf(request), why, (request.params as { code: string }).code).text);
  registerPicture(app, ctx, { look, back, refuse, going, keptOf });
  registerPosition(app, ctx, { look, going });
}
