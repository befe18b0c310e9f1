/**
 * The code at a door, `/d/{code}` (2.9 一码通): GET changes nothing and tells nobody whose door it is. Who was sent proves by his own slip that he
 * stands before the home of his open case, which counts as his arrival; who is logged in to fit devices goes on to /install.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AlertId, Party } from '#core/ids.ts';
import { doorCode } from '#core/label.ts';
import { limits } from '#core/limits.ts';
import { findSlip, type SlipCase } from '#store/caregiver-case.ts';
import { type Door, findDoor } from '#store/door-codes.ts';
import type { App, WebContext } from '#web/context.ts';
import { fileWriters } from '#web/registry.ts';
import { authenticator, cookieRule } from '#web/session.ts';
import { Shape } from '#web/schemas.ts';
import { createAnswer } from './caregiver-answer.ts';
import { doorPage, doorScript, doorStyle, doorTrouble, type DoorTrouble, type Lang } from './door-page.ts';
import { createWrongCodes } from './wrong-codes.ts';

const csp = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(doorStyle).digest('base64')}'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
const slipShape = /^[A-Za-z0-9_-]{4,64}$/;
const going: ReadonlySet<string> = new Set(['notified', 'seen', 'accepted', 'arrived', 'need-help', 'done']);
const statusOf: Record<DoorTrouble, number> = { unknown: 404, revoked: 410, many: 429, notYours: 409 };

export function registerDoor(app: App, ctx: WebContext): void {
  const wrong = createWrongCodes();
  const answer = createAnswer(ctx);
  const authenticate = authenticator({ db: ctx.db, seal: ctx.seal, rule: cookieRule(ctx.settings.publicUrl) });
  const languageOf = (request: FastifyRequest): Lang => ((request.query as { lang?: unknown }).lang === 'en' ? 'en' : 'zh');
  const send = (reply: FastifyReply, status: number, page: string): FastifyReply => reply.code(status).headers({
    'content-type': 'text/html; charset=utf-8', 'content-security-policy': csp, 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer',
  }).serializer((text: unknown) => String(text)).send(page);
  const go = (reply: FastifyReply, to: string): FastifyReply => reply.code(303).headers({ location: to, 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }).serializer(() => '').send(null);
  const refuse = (request: FastifyRequest, reply: FastifyReply, why: DoorTrouble): null => {
    const said = why !== 'revoked' && wrong.count(request.ip) > limits.wrongCodesPerMinute ? 'many' : why;
    send(reply, statusOf[said], doorTrouble(languageOf(request), said).text);
    return null;
  };
  const look = async (request: FastifyRequest, reply: FastifyReply): Promise<Door | null> => {
    const door = await findDoor(ctx.db, ctx.seal, (request.params as { code: string }).code);
    return door === null ? refuse(request, reply, 'unknown') : door.revoked ? refuse(request, reply, 'revoked') : door;
  };
  /** The first of the slips whose open case is this home's. */
  const slipFor = async (door: Door, typed: string): Promise<{ slip: SlipCase; code: string } | null> => {
    for (const code of typed.split(/[\s,]+/).map((part) => part.replace(/^.*\/j\//, '').replace(/[?#].*$/, '')).filter((part) => slipShape.test(part)).slice(0, 8)) {
      const slip = await findSlip(ctx.db, ctx.seal, code);
      if (slip && slip.homeId === door.homeId && slip.state !== 'closed' && slip.mine !== null && going.has(slip.mine)) return { slip, code };
    }
    return null;
  };

  const Params = Type.Object({ code: Type.String({ maxLength: 200 }) });
  const Query = Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })) });
  app.get('/d/:code', {
    config: { access: 'public' }, schema: { summary: 'The page of a door code: the duty room’s number, nothing of the home; changes nothing', tags: ['caregiver'], produces: ['text/html'], params: Params, querystring: Query, response: { 200: Type.String(), 303: Type.Null() } },
  }, async (request, reply) => {
    if ((await look(request, reply)) === null) return reply;
    const code = doorCode(request.params.code) ?? '';
    const caller = await authenticate(request.headers);
    if (caller?.kind === 'user' && caller.proof === 'whole' && fileWriters.includes(caller.role)) return go(reply, `/install?door=${code}`);
    return send(reply, 200, doorPage(languageOf(request), code).text);
  });

  app.post('/d/:code', {
    config: { access: 'public', anySite: true },
    schema: { summary: 'Somebody who was sent is at the door: his own slip of this home’s open case counts as his arrival; afterwards his page', tags: ['caregiver'], consumes: ['application/x-www-form-urlencoded'], params: Params, querystring: Query, body: Shape({ slips: Type.String({ maxLength: 600, description: 'codes or links of slips, with blanks between them' }) }), response: { 303: Type.Null() } },
  }, async (request, reply) => {
    const door = await look(request, reply);
    if (door === null) return reply;
    const found = await slipFor(door, request.body.slips);
    if (found === null) {
      await ctx.audit({ actor: 'anonymous', action: 'door.arrival', target: `home:${door.homeId}`, result: 'denied', detail: { address: request.ip } });
      refuse(request, reply, 'notYours');
      return reply;
    }
    const { slip, code } = found;
    if (slip.mine !== 'arrived' && slip.mine !== 'done') {
      const actor = { type: 'party' as const, id: slip.party as Party, name: slip.partyName };
      await answer(slip, { code, action: 'arrive', keptMs: undefined, key: undefined, trace: request.id }, reply);
      await ctx.respond({ alertId: slip.alertId as AlertId, action: 'note', actor, via: 'link', trace: request.id, note: '在门口扫了门码' });
      await ctx.audit({ actor: `party:${slip.party}`, action: 'door.arrival', target: `home:${door.homeId}`, result: 'ok', detail: { alertId: slip.alertId, trace: request.id } });
    }
    return go(reply, `/j/${encodeURIComponent(code)}${languageOf(request) === 'en' ? '?lang=en' : ''}`);
  });
  app.get('/d/page.js', {
    config: { access: 'public' }, schema: { summary: 'What improves the door’s page where scripts run', tags: ['caregiver'], produces: ['text/javascript'], response: { 200: Type.String() } },
  }, async (_request, reply) => reply.headers({ 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'public, max-age=3600' }).serializer((text: unknown) => String(text)).send(doorScript));
}
