/** Answers that no case shows: what strangers wrote, what nobody understood, who opted out; looked at, or bound to the one it speaks for (FIELD F20). */
import { Type } from 'typebox';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { maskPhone } from '#core/messages.ts';
import { may } from '#core/user.ts';
import { bindReply, finishLoose, looseReplies } from '#store/loose-replies.ts';
import { partyLines } from '#store/outbox-insert.ts';
import { callerOf, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, nothing, shownName } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, PartyText, Shape } from '#web/schemas.ts';

const tags = ['notifications'];
const ReplyId = Shape({ id: Type.String({ maxLength: 64 }) });
const isReplyId = (id: string): boolean => /^[1-9]\d{0,18}$/.test(id);
const View = Shape({
  id: Type.String(), channel: OneOf(['sms', 'dtmf']), result: OneOf(['stranger-reply', 'reply-unread', 'reply-failed', 'opted-out']), receivedAt: EpochMs, from: Type.String({ description: 'masked' }), text: Type.String(),
  party: Nullable(Type.String()), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })),
});

export function registerReplies(app: App, ctx: WebContext): void {
  // A stranger has no region: he is the county's to look at.
  const county = (scopeCode: string): boolean => scopeCode.slice(6) === '000000';
  app.get('/api/v1/replies', {
    config: { access: may.readNotifications }, schema: { summary: 'Answers of the last two weeks that no case shows and nobody has looked at; the county’s', tags, response: { 200: Shape({ replies: Type.Array(View) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!county(caller.scopeCode)) return { replies: [] };
    const rows = await looseReplies(ctx.db, ctx.seal, limits.pageRows);
    return { replies: rows.map((r) => ({ ...r, result: r.result as 'stranger-reply', from: maskPhone(r.from), name: r.name === null ? null : shownName(caller, r.name) })) };
  });
  app.post('/api/v1/replies/:id/done', {
    config: { access: may.act }, schema: { summary: 'Looked at: off the list', tags, params: ReplyId, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!county(caller.scopeCode) || !isReplyId(request.params.id)) throw nothing();
    await change(ctx, async (sql) => {
      if (!(await finishLoose(sql, request.params.id, caller.actor))) throw nothing();
      return { result: null, audit: [{ actor: caller.actor, action: 'reply.done', target: `reply:${request.params.id}`, result: 'ok' }] };
    });
    return { ok: true as const };
  });
  app.post('/api/v1/replies/:id/bind', {
    config: { access: may.act },
    schema: { summary: '绑定: this stranger’s number answers for that responder or contact from now on; the answer is read again as theirs', tags, params: ReplyId, body: Shape({ party: PartyText }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!isReplyId(request.params.id)) throw nothing();
    const party = request.body.party as Party;
    const line = (await partyLines(ctx.db, [party])).get(party);
    if (!line || (line.regionCode !== null && !seesRegion(caller.scopeCode, line.regionCode))) throw invalid([{ field: 'party', expected: 'a responder or contact on file' }]);
    await change(ctx, async (sql) => {
      if (!(await bindReply(sql, request.params.id, party, caller.actor))) throw new ApiError('E_CONFLICT', 'Not a stranger’s answer of the last two weeks, or bound already.');
      return { result: null, audit: [{ actor: caller.actor, action: 'reply.bind', target: party, result: 'ok', detail: { reply: request.params.id } }] };
    });
    return { ok: true as const };
  });
}
