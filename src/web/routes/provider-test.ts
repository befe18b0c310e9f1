/**
 * One harmless text or call from the settings (试发): through the outbox and the real sender, so that what is shown afterwards is what
 * an emergency would meet. Never an alarm, and never to a stranger: a real gateway rings only a number on file or one typed twice.
 */
import { Type } from 'typebox';
import { newId, type Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { phoneDigits, phoneProblem } from '#core/phone.ts';
import { mergeSettings, type ProviderSettings, testTemplates } from '#core/provider.ts';
import { type Caller, may } from '#core/user.ts';
import { countTestSends, findOutId } from '#store/notifications.ts';
import { insertOutbox, partyLines } from '#store/outbox-insert.ts';
import { partiesByPhone } from '#store/roster.ts';
import { readSetting } from '#store/settings.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { readGateway } from '#web/gateway.ts';
import { once } from '#web/idempotency.ts';
import { change } from '#web/registry.ts';
import { errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';

const hourMs = 3_600_000;
const PhoneText = Type.String({ minLength: 5, maxLength: 24, description: 'a telephone number' });
type Target = { party: Party; to: string };

export function registerProviderTest(app: App, ctx: WebContext): void {
  app.post('/api/v1/settings/provider/test', {
    config: { access: may.testProvider },
    schema: {
      summary: 'Send the text of the weekly ring test, or call with it, to one number; GET /notifications/{id} shows what becomes of it', tags: ['settings'], headers: IdempotencyHeaders,
      body: Shape({ channel: OneOf(['sms', 'voice']), to: PhoneText, again: Type.Optional(Type.String({ maxLength: 24, description: 'the same number typed once more: needed for one that is nobody’s on file' })) }),
      response: { 201: Shape({ id: Type.String({ description: 'of the notification' }) }), ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { channel, to, again } = request.body;
    const demo = await requireGateway(ctx, channel);
    const target = await targetOf(ctx, caller, { channel, to, again, demo });
    if ((await countTestSends(ctx.db, hourMs)) >= limits.testSendsPerHour) throw new ApiError('E_RATE_LIMITED', `At most ${limits.testSendsPerHour} test messages an hour.`, { more: { retryAfterS: 600 } });
    const id = await change(ctx, async (sql) => {
      const [outId = ''] = await insertOutbox(sql, ctx.seal, [{
        alertId: null, ...target, toBidx: ctx.seal.blind('phone', target.to), channel, template: testTemplates[channel], params: {}, priority: 3, purpose: 'notice', round: null, step: null, slip: null,
        trace: newId('test-send-'), demo,
      }]);
      return { result: await findOutId(sql, outId), audit: [{ actor: caller.actor, action: 'settings.test-send', target: `outbox:${outId}`, result: 'ok', detail: { channel, party: target.party } }] };
    });
    reply.code(201);
    return { id };
  }));
}

/** Whether the message is a demonstration's; 422 when nothing would be sent at all. */
async function requireGateway(ctx: WebContext, channel: 'sms' | 'voice'): Promise<boolean> {
  const gateway = await readGateway(ctx.db, ctx.settings);
  if (ctx.settings.gateway === null && gateway.danger) throw invalid([{ field: 'gateway', expected: 'ANLING_GATEWAY to name one: there are real people, and nothing is sent' }]);
  const demo = gateway.kind === 'standin';
  const { templates } = mergeSettings(await readSetting<Partial<ProviderSettings>>(ctx.db, 'provider'), demo);
  const name = testTemplates[channel];
  if (templates[name] === undefined) throw invalid([{ field: `provider.templates.${name}`, expected: 'the provider’s code of the test text: save it first' }]);
  return demo;
}

/** Who is rung: somebody on file by his number, or a number that was typed twice. */
async function targetOf(ctx: WebContext, caller: Caller, asked: { channel: 'sms' | 'voice'; to: string; again: string | undefined; demo: boolean }): Promise<Target> {
  const to = phoneDigits(asked.to);
  const problem = phoneProblem(asked.to, asked.demo);
  if (problem !== null) throw invalid([{ field: 'to', expected: problem }]);
  if (asked.channel === 'sms' && to.startsWith('0')) throw invalid([{ field: 'to', expected: 'a mobile number: a landline takes no text' }]);
  const parties = (await partiesByPhone(ctx.db, ctx.seal.blind('phone', to))).map((p) => p.party).filter((party) => party.startsWith('responder:'));
  const known = [...(await partyLines(ctx.db, parties)).values()].find((line) => line.demo === asked.demo);
  if (known) return { party: known.party, to };
  if (phoneDigits(asked.again ?? '') !== to) throw invalid([{ field: 'again', expected: 'the same number once more: it is nobody’s on file' }]);
  return { party: `test:${caller.id}` as Party, to };
}
