/** 换人: my PIN, whose PIN opens this desk, and the change of the person at the console. */
import { Type } from 'typebox';
import { may } from '#core/user.ts';
import { pinSetAt, setPin } from '#store/factors.ts';
import { hashPassword, verifyPassword } from '#store/password.ts';
import { findUser } from '#store/users.ts';
import { limits } from '#core/limits.ts';
import { alertActors, callerOf } from '#web/access.ts';
import { guessing } from '#web/auth.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change } from '#web/registry.ts';
import { EpochMs, errorAnswers, IdText, Nullable, Ok, PinText, Shape } from '#web/schemas.ts';
import { byPin, changeSeat, requirePin, seatHolders, sitDown } from '#web/seat.ts';
import { Me } from './session.ts';

const tags = ['session'];

export function registerSeat(app: App, ctx: WebContext): void {
  app.get('/api/v1/me/pin', {
    config: { access: may.pin }, schema: { summary: 'When I set my PIN', tags, response: { 200: Shape({ setAt: Nullable(EpochMs) }), ...errorAnswers } },
  }, async (request) => ({ setAt: await pinSetAt(ctx.db, callerOf(request).id) }));

  app.put('/api/v1/me/pin', {
    config: { access: may.pin },
    schema: { summary: 'Set my PIN: it opens a desk at which a colleague is logged in', tags, body: Shape({ password: Type.String({ minLength: 1, maxLength: 512 }), pin: PinText }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const user = caller.kind === 'user' ? await findUser(ctx.db, caller.id) : null;
    if (!user) throw new ApiError('E_FORBIDDEN', 'A token has no PIN.');
    const { password, pin } = request.body;
    const right = await guessing(ctx, [{ kind: 'password', of: user.id, max: limits.loginFailuresAccount }], async () => ((await verifyPassword(password, user.passwordHash)) ? true : null));
    if (right === null) throw invalid([{ field: 'password', expected: 'the present password' }]);
    requirePin(pin);
    const hash = await hashPassword(pin);
    await change(ctx, async (sql) => {
      await setPin(sql, user.id, hash);
      return { result: null, audit: [{ actor: caller.actor, action: 'pin.set', target: `user:${user.id}`, result: 'ok' }] };
    });
    return { ok: true as const };
  });

  app.get('/api/v1/desk/seats', {
    config: { access: alertActors }, schema: { summary: 'Who may sit down here by PIN', tags, response: { 200: Shape({ people: Type.Array(Shape({ id: Type.String(), name: Type.String() })) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    return { people: (await seatHolders(ctx, caller)).filter((p) => p.id !== caller.id).map(({ id, name }) => ({ id, name })) };
  });

  app.post('/api/v1/desk/seat', {
    config: { access: alertActors },
    schema: {
      summary: 'Another person takes this console by PIN; the wall goes on, the session before ends. Audited.', tags,
      body: Shape({ userId: IdText, pin: PinText, tabId: Type.Optional(Type.String({ maxLength: 64 })) }), response: { 200: Me, ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { userId, pin, tabId } = request.body;
    const to = await byPin(ctx, caller, userId, pin);
    const { cookie, proof } = await change(ctx, async (sql) => ({
      result: await changeSeat(ctx, sql, caller, to, tabId), audit: [{ actor: `user:${to.id}`, action: 'seat.change', target: caller.actor, result: 'ok' as const, detail: { address: request.ip } }],
    }));
    sitDown(reply, cookie);
    return { kind: 'user' as const, id: to.id, name: to.name, role: to.role, scopeCode: to.scopeCode, proof };
  });
}
