/**
 * The list of a roll-call by its code, `/q/{code}` (2.2): plain HTML without scripts, like the caregiver's page. GET changes nothing; the
 * code opens the lists that its holder keeps, while the roll-call runs, and nothing else. Texts carry no links, so `/q` asks for the code.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { showRegion } from '#core/region.ts';
import { type RollMark, rollMarks } from '#core/rollcall.ts';
import { type PartyRole, roleTitle } from '#core/roster.ts';
import { appendAudit } from '#store/audit.ts';
import { listRegions } from '#store/regions.ts';
import { findRollLink, rollList, type RollLink, rollVillages } from '#store/rollcall-reads.ts';
import { markPeople } from '#store/rollcall.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { atMostEach } from '#web/seldom.ts';
import { Shape } from '#web/schemas.ts';
import { type Lang, rollDoor, rollMessage, rollPage, rollStyle } from './rollcall-page.ts';
import { createWrongCodes } from './wrong-codes.ts';

const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(rollStyle).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const codeShape = /^[a-z0-9]{8,20}$/;
/** As it is typed from a text: in capitals, with blanks, an O for a 0. */
const asCode = (typed: string): string => typed.normalize('NFKC').toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');

const Params = Type.Object({ code: Type.String({ maxLength: 200 }) });
const Query = Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })), skip: Type.Optional(Type.String({ maxLength: 6 })), all: Type.Optional(Type.String({ maxLength: 3 })), code: Type.Optional(Type.String({ maxLength: 40 })) });
type Asked = { lang?: string; skip?: string; all?: string; code?: string };

export function registerRollCallPage(app: App, ctx: WebContext): void {
  const wrong = createWrongCodes();
  const noteOnce = atMostEach(600_000);
  const asked = (request: FastifyRequest): Asked => request.query as Asked;
  const languageOf = (request: FastifyRequest): Lang => (asked(request).lang === 'en' ? 'en' : 'zh');
  const send = (reply: FastifyReply, status: number, page: string): FastifyReply => reply.code(status).headers({
    'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp, 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer',
  }).serializer((text: unknown) => String(text)).send(page);
  const go = (reply: FastifyReply, to: string): FastifyReply => reply.code(303).headers({ location: to, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }).serializer(() => '').send(null);
  /** What the code opens, or the page that says why it opens nothing. */
  const look = async (request: FastifyRequest, reply: FastifyReply): Promise<RollLink | null> => {
    const { code } = request.params as { code: string };
    const link = codeShape.test(code) ? await findRollLink(ctx.db, ctx.seal, code) : null;
    if (link && !link.gone) return link;
    const many = link === null && wrong.count(request.ip) > limits.wrongCodesPerMinute;
    send(reply, many ? 429 : link === null ? 404 : 410, rollMessage(languageOf(request), many ? 'many' : link === null ? 'unknown' : 'gone').text);
    return null;
  };

  app.get('/q', {
    config: { access: 'public' }, schema: { summary: 'Asks for the code of a roll-call’s list; changes nothing', tags: ['roll-calls'], produces: ['text/html'], querystring: Query, response: { 200: Type.String(), 303: Type.Null() } },
  }, async (request, reply) => {
    const { code } = asked(request);
    return code === undefined || asCode(code) === '' ? send(reply, 200, rollDoor(languageOf(request)).text) : go(reply, `/q/${encodeURIComponent(asCode(code))}${languageOf(request) === 'en' ? '?lang=en' : ''}`);
  });
  app.get('/q/:code', {
    config: { access: 'public' }, schema: { summary: 'The list of a roll-call by its code; changes nothing', tags: ['roll-calls'], produces: ['text/html'], params: Params, querystring: Query, response: { 200: Type.String() } },
  }, async (request, reply) => {
    const link = await look(request, reply);
    if (!link) return reply;
    if (link.state === 'open' && noteOnce((request.params as { code: string }).code))
      await ctx.audit({ actor: `party:${link.party}`, action: 'roll.reveal', target: `roll:${link.id}`, result: 'ok', detail: { via: 'link', regions: link.regions.slice(0, 50) } });
    const names = new Map((await listRegions(ctx.db, link.regions[0]?.slice(0, 6) ?? '')).map((r) => [r.code, showRegion(r.name)]));
    const villages = (await rollVillages(ctx.db, link.id, '')).filter((v) => link.regions.includes(v.code)).map((v) => ({ ...v, name: names.get(v.code) ?? v.code }));
    const people = link.state === 'open' ? await rollList(ctx.db, ctx.seal, link.id, link.regions) : [];
    const { skip, all } = asked(request);
    return send(reply, 200, rollPage({ lang: languageOf(request), link, villages, people, skip: /^\d{1,5}$/.test(skip ?? '') ? Number(skip) : 0, ask: all === '1' }).text);
  });
  app.post('/q/:code', {
    config: { access: 'public', anySite: true },
    schema: { summary: 'A word about somebody of the list; afterwards the page again', tags: ['roll-calls'], consumes: ['application/x-www-form-urlencoded'], params: Params, querystring: Query, body: Shape({ mark: Type.String({ maxLength: 40, description: 'REGION.NUMBER.safe|help|unreached, or rest' }) }), response: { 303: Type.Null() } },
  }, async (request, reply) => {
    const link = await look(request, reply);
    if (!link) return reply;
    await mark(ctx, link, (request.body as { mark: string }).mark, request.id);
    const { skip } = asked(request);
    return go(reply, `/q/${encodeURIComponent((request.params as { code: string }).code)}?${new URLSearchParams({ ...(skip && /^\d{1,5}$/.test(skip) ? { skip } : {}), ...(languageOf(request) === 'en' ? { lang: 'en' } : {}) })}`);
  });
}

/** One press, with its audit; of a roll-call that is over the page itself says so. */
async function mark(ctx: WebContext, link: RollLink, pressed: string, trace: string): Promise<void> {
  const [, region, no, word] = /^(\d{12})\.(\d{1,4})\.(\w+)$/.exec(pressed) ?? [];
  const status = rollMarks.find((m): m is RollMark => m === word);
  const rest = pressed === 'rest' && link.regions.length === 1;
  const regionCode = rest ? link.regions[0] : region;
  if (regionCode === undefined || !link.regions.includes(regionCode) || (!rest && status === undefined)) throw invalid([{ field: 'mark', expected: 'a button of this page' }]);
  await ctx.db.tx(async (sql) => {
    const done = await markPeople(sql, ctx.seal, {
      id: link.id, regionCode, marks: new Map(status === undefined ? [] : [[Number(no), status]]), rest, by: `party:${link.party}`, via: 'link', who: `${roleTitle[link.role as PartyRole] ?? ''}${link.partyName}`, trace,
    });
    if (done.over) return;
    await appendAudit(sql, ctx.seal, [{ actor: `party:${link.party}`, action: 'roll.mark', target: `roll:${link.id}`, result: done.missing.length === 0 ? 'ok' : 'failed', detail: { via: 'link', region: regionCode, people: done.changed, help: done.raised.length } }]);
    ctx.log.info({ rollCall: link.id, via: 'link', people: done.changed, help: done.raised.length, trace }, 'a word to a roll-call');
  });
}
