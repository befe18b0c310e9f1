/** The second factor: my own (made, proven by its first code, given), taken away by an administrator, and which roles owe one. */
import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import { limits } from '#core/limits.ts';
import { type Caller, may, userRoles } from '#core/user.ts';
import { beginFactor, confirmFactor, dropFactor, readFactor, telephoneTime } from '#store/factors.ts';
import { verifyPassword } from '#store/password.ts';
import { createSession, deleteSession } from '#store/sessions.ts';
import { findSetting, writeSetting } from '#store/settings.ts';
import { findUser, type User } from '#store/users.ts';
import { callerOf, everyone, requireScope, requireWholeCounty } from '#web/access.ts';
import { browserMatches, browserToken, guessing } from '#web/auth.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { newKey, newRecovery, recoveryHash, rolesWithFactor, type Security, stepOf, takeCode } from '#web/factor.ts';
import { change, nothing } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { CodeText, EpochMs, errorAnswers, Nullable, Ok, OneOf, Shape } from '#web/schemas.ts';
import { browserCookieMs, cookieRule, cookieText, newSecret, readCookie, sessionCookieMs } from '#web/session.ts';

const tags = ['session'];
const Made = Shape({ ok: Type.Literal(true), recovery: Type.Array(Type.String(), { description: 'each opens once, should the authenticator be lost; shown once' }) });

async function me(ctx: WebContext, caller: Caller): Promise<User & { passwordHash: string }> {
  const user = caller.kind === 'user' ? await findUser(ctx.db, caller.id) : null;
  if (!user) throw new ApiError('E_FORBIDDEN', 'A token has no second factor.');
  return user;
}

/** The session in which it was given ends; one that has proven all follows, in a browser that is known from now on (W2). */
async function prove(ctx: WebContext, caller: Caller, username: string, reply: FastifyReply): Promise<void> {
  const rule = cookieRule(ctx.settings.publicUrl);
  const session = newSecret();
  await createSession(ctx.db, ctx.seal.secretHash(session), caller.id, 'whole');
  await deleteSession(ctx.db, caller.credential);
  reply.header('set-cookie', [cookieText(rule, rule.name, session, sessionCookieMs), cookieText(rule, rule.browserName, browserToken(ctx.seal, username.normalize('NFC')), browserCookieMs)]);
}

export function registerFactor(app: App, ctx: WebContext): void {
  app.get('/api/v1/me/factor', {
    config: { access: everyone },
    schema: { summary: 'Whether I have a second factor, and owe one', tags, response: { 200: Shape({ enrolled: Type.Boolean(), owed: Type.Boolean(), recoveryLeft: Type.Integer() }), ...errorAnswers } },
  }, async (request) => {
    const user = await me(ctx, callerOf(request));
    const { secret, recoveryLeft } = await readFactor(ctx.db, ctx.seal, user.id);
    return { enrolled: secret !== null, owed: (await rolesWithFactor(ctx.db)).includes(user.role), recoveryLeft };
  });

  app.post('/api/v1/me/factor/begin', {
    config: { access: everyone },
    schema: {
      summary: 'A new key for my authenticator; it counts from its first code on', tags, body: Shape({ password: Type.String({ minLength: 1, maxLength: 512 }) }),
      response: { 200: Shape({ secret: Type.String({ description: 'base32, to be typed' }), uri: Type.String({ description: 'otpauth://, for a QR code or a link' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const user = await me(ctx, caller);
    if (caller.proof !== 'whole' && (await readFactor(ctx.db, ctx.seal, user.id)).secret !== null) throw new ApiError('E_FORBIDDEN', 'Give the code of the present authenticator first.', { more: { reason: 'second-factor' } });
    const right = await guessing(ctx, [{ kind: 'password', of: user.id, max: limits.loginFailuresAccount }], async () => ((await verifyPassword(request.body.password, user.passwordHash)) ? true : null));
    if (right === null) throw invalid([{ field: 'password', expected: 'the present password' }]);
    const key = newKey(user.username);
    await beginFactor(ctx.db, ctx.seal, user.id, key.secret);
    return key;
  });

  app.post('/api/v1/me/factor/confirm', {
    config: { access: everyone }, schema: { summary: 'The first code of the new key: from now on it is owed at each login', tags, body: Shape({ code: CodeText }), response: { 200: Made, ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const user = await me(ctx, caller);
    const { next } = await readFactor(ctx.db, ctx.seal, user.id);
    if (next === null) throw new ApiError('E_CONFLICT', 'No new key is waiting for its first code; begin anew.');
    const step = await guessing(ctx, [{ kind: 'factor', of: user.id, max: limits.loginFailuresAccount }], async () => stepOf(next, request.body.code.replace(/\s/g, ''), await telephoneTime(ctx.db)));
    if (step === null) throw invalid([{ field: 'code', expected: 'the six digits that the authenticator shows now' }]);
    const recovery = newRecovery();
    await change(ctx, async (sql) => {
      if (!(await confirmFactor(sql, user.id, step, recovery.map((code) => recoveryHash(ctx.seal, user.id, code))))) throw new ApiError('E_CONFLICT', 'Another key has taken its place; begin anew.');
      return { result: null, audit: [{ actor: caller.actor, action: 'factor.made', target: `user:${user.id}`, result: 'ok', detail: { address: request.ip } }] };
    });
    await prove(ctx, caller, user.username, reply);
    return { ok: true as const, recovery };
  });

  app.post('/api/v1/me/factor/verify', {
    config: { access: everyone }, schema: { summary: 'The second factor of this login: a code, or a recovery code; each is taken once', tags, body: Shape({ code: CodeText }), response: { 200: Ok, ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const user = await me(ctx, caller);
    const browser = readCookie(request.headers, cookieRule(ctx.settings.publicUrl).browserName);
    // The duty room's own browser has a counter of its own: a stranger who knows the password uses up another.
    const known = browser !== null && browserMatches(ctx.seal, user.username.normalize('NFC'), browser);
    const how = await guessing(ctx, [known ? { kind: 'factor-browser', of: `${user.id}\n${browser}`, max: limits.loginFailuresBrowser } : { kind: 'factor', of: user.id, max: limits.loginFailuresAccount }],
      () => takeCode(ctx.db, ctx.seal, user.id, request.body.code));
    await ctx.audit({ actor: caller.actor, action: 'factor', result: how === null ? 'failed' : 'ok', detail: { address: request.ip, ...(how === null ? {} : { how }) } });
    if (how === null) throw invalid([{ field: 'code', expected: 'the six digits that the authenticator shows now, each once, or an unused recovery code' }]);
    await prove(ctx, caller, user.username, reply);
    return { ok: true as const };
  });
  registerReset(app, ctx);
}

function registerReset(app: App, ctx: WebContext): void {
  app.post('/api/v1/users/:id/factor/reset', {
    config: { access: may.writeUsers }, schema: { summary: 'Take a lost second factor away; ends all sessions of the user. Audited.', tags: ['users'], params: IdParams, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const user = await findUser(ctx.db, request.params.id);
    if (!user) throw nothing();
    requireScope(caller, user.scopeCode);
    if (user.id === caller.id) throw new ApiError('E_FORBIDDEN', 'Another administrator does this; at the machine: npm run admin -- reset-factor.');
    await change(ctx, async (sql) => {
      if (!(await dropFactor(sql, user.id))) throw new ApiError('E_CONFLICT', 'This user has no second factor.');
      return { result: null, audit: [{ actor: caller.actor, action: 'factor.reset', target: `user:${user.id}`, result: 'ok', detail: { address: request.ip } }] };
    });
    return { ok: true as const };
  });

  const Roles = Type.Array(OneOf(userRoles), { uniqueItems: true, maxItems: userRoles.length, description: 'roles that owe a second factor' });
  const View = Shape({ secondFactor: Roles, updatedAt: Nullable(EpochMs), updatedBy: Nullable(Type.String()) });
  const read = async (): Promise<Static<typeof View>> => {
    const row = await findSetting<Security>(ctx.db, 'security');
    return { secondFactor: [...(row?.value.secondFactor ?? await rolesWithFactor(ctx.db))], updatedAt: row?.updatedAt ?? null, updatedBy: row?.updatedBy ?? null };
  };
  app.get('/api/v1/settings/security', {
    config: { access: may.readSecurity }, schema: { summary: 'Which roles owe a second factor; until somebody sets it: administrators, once a real person is on file', tags: ['settings'], response: { 200: View, ...errorAnswers } },
  }, read);
  app.put('/api/v1/settings/security', {
    config: { access: may.writeSecurity }, schema: { summary: 'Set them; it holds from each next login on', tags: ['settings'], body: Shape({ secondFactor: Roles }), response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { secondFactor } = request.body;
    await change(ctx, async (sql) => {
      await writeSetting(sql, 'security', { secondFactor } satisfies Security, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'settings.security', result: 'ok', detail: { secondFactor } }] };
    });
    return read();
  });
}
