/**
 * 试铃 of one contact: the harmless text of the weekly ring test, or the call with it to a landline. For the acceptance of a device:
 * the one number of a rehearsal that really rings, and it is told that nobody need come.
 */
import { Type } from 'typebox';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { testTemplates } from '#core/provider.ts';
import { may } from '#core/user.ts';
import type { Contact } from '#store/contacts.ts';
import { countRings, findOutId } from '#store/notifications.ts';
import { insertOutbox, partyLines } from '#store/outbox-insert.ts';
import type { Sql } from '#store/pool.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { change } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';
import { scopedContact } from './contacts.ts';

const hourMs = 3_600_000;
const channels = ['sms', 'voice'] as const;

export function registerRing(app: App, ctx: WebContext): void {
  app.post('/api/v1/contacts/:id/ring', {
    config: { access: may.writeFiles },
    schema: {
      summary: '试铃: the text of the ring test to this contact (a landline is called); GET /notifications/{id} shows what becomes of it', tags: ['files'], params: IdParams, headers: IdempotencyHeaders, body: Shape({}),
      response: { 201: Shape({ id: Type.String({ description: 'of the notification' }), channel: OneOf(channels) }), ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const contact = await scopedContact(ctx, caller, request.params.id);
    const { id, channel } = await change(ctx, async (sql) => {
      const rung = await ringContact(ctx, sql, contact, request.id);
      return { result: rung, audit: [{ actor: caller.actor, action: 'contact.ring', target: `contact:${contact.id}`, result: 'ok', detail: { outId: rung.outId, channel: rung.channel } }] };
    });
    reply.code(201);
    return { id, channel };
  }));
}

/** The message, in the caller's transaction; 409 for who is not to be written to, 429 for a number that was rung too often. */
export async function ringContact(ctx: Pick<WebContext, 'seal'>, sql: Sql, contact: Pick<Contact, 'id' | 'withdrawnAt'>, trace: string): Promise<{ id: string; outId: string; channel: (typeof channels)[number] }> {
  if (contact.withdrawnAt !== null) throw new ApiError('E_CONFLICT', 'The contact has withdrawn consent.');
  const party = `contact:${contact.id}` as Party;
  const line = (await partyLines(sql, [party])).get(party);
  if (!line || line.optedOut) throw new ApiError('E_CONFLICT', 'The contact has opted out of messages.');
  const to = ctx.seal.open('contact.phone', line.phoneEnc);
  const channel: (typeof channels)[number] = to.startsWith('0') ? 'voice' : 'sms';
  if (await countRings(sql, line.phoneBidx, hourMs) >= limits.ringsPerHour) throw new ApiError('E_RATE_LIMITED', `At most ${limits.ringsPerHour} ring tests of one number in an hour.`, { more: { retryAfterS: 600 } });
  const [outId = ''] = await insertOutbox(sql, ctx.seal, [{
    alertId: null, party, to, toBidx: line.phoneBidx, channel, template: testTemplates[channel], params: {}, priority: 3, purpose: 'notice', round: null, step: null, slip: null, trace, demo: line.demo,
  }]);
  return { id: await findOutId(sql, outId), outId, channel };
}
