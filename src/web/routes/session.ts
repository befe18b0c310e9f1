/** Log in, log out, who am I, change my password; tokens of machines. Also the example of how a file of routes looks. */
import { Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { passwordProblem } from '#core/password-rule.ts';
import { userRoles } from '#core/user.ts';
import { hashPassword, verifyPassword } from '#store/password.ts';
import { deleteSession } from '#store/sessions.ts';
import { writeShift } from '#store/shift.ts';
import { createToken, listTokens, revokeToken } from '#store/tokens.ts';
import { findUser, setPassword } from '#store/users.ts';
import { callerOf, deskRoles, everyone, requireScope } from '#web/access.ts';
import { createLogin } from '#web/auth.ts';
import { hasCertificate } from '#web/factor.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { CodeText, EpochMs, errorAnswers, IdText, Nullable, Ok, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';
import { atMostEach } from '#web/seldom.ts';
import { browserCookieMs, cookieRule, cookieText, newSecret, readCookie, sessionCookieMs } from '#web/session.ts';

const Role = OneOf(userRoles);
export const Me = Shape({
  kind: OneOf(['user', 'token']), id: Type.String(), name: Type.String(), role: Role, scopeCode: RegionCodeText,
  proof: OneOf(['whole', 'desk', 'none'], 'what the login has proven: `desk` alarms only, `none` nothing but giving the second factor'),
});
const Token = Shape({
  id: IdText, name: Type.String(), role: Role, scopeCode: RegionCodeText, createdBy: Type.String(),
  createdAt: EpochMs, expiresAt: Nullable(EpochMs), revokedAt: Nullable(EpochMs),
});

export function registerSession(app: App, ctx: WebContext): void {
  const rule = cookieRule(ctx.settings.publicUrl);
  const login = createLogin(ctx);
  const seldom = atMostEach(60_000);
  const PasswordText = Type.String({ minLength: 1, maxLength: 512 });

  app.post('/api/v1/login', {
    config: { access: 'public' },
    schema: {
      summary: 'Log in with a password, and the second factor where one is owed (also later: /me/factor/verify); sets the session cookie', tags: ['session'],
      body: Shape({ username: Type.String({ minLength: 1, maxLength: 64 }), password: PasswordText, code: Type.Optional(CodeText) }), response: { 200: Me, ...errorAnswers },
    },
  }, async (request, reply) => {
    const { username, password, code = null } = request.body;
    const where = { address: request.ip, username: username.slice(0, 64) };
    try {
      const result = await login({ username, password, code, address: request.ip, browser: readCookie(request.headers, rule.browserName), certificate: hasCertificate(request, ctx.settings.tls?.ca !== undefined) });
      // The old session of this browser ends: an id from before the login is never worth more after it (W2).
      const old = readCookie(request.headers, rule.name);
      if (old !== null) await deleteSession(ctx.db, ctx.seal.secretHash(old));
      await ctx.audit({ actor: `user:${result.user.id}`, action: 'login', result: 'ok', detail: { address: request.ip, ...(result.proof === 'whole' ? {} : { proof: result.proof }) } });
      reply.header('set-cookie', [cookieText(rule, rule.name, result.session, sessionCookieMs), ...(result.browser === null ? [] : [cookieText(rule, rule.browserName, result.browser, browserCookieMs)])]);
      const { id, displayName, role, scopeCode } = result.user;
      if (deskRoles.has(role)) await writeShift(ctx.db, ctx.seal, { what: 'login', scopeCode, byId: id, byName: displayName, detail: { role } });
      return { kind: 'user' as const, id, name: displayName, role, scopeCode, proof: result.proof };
    } catch (error) {
      // A flood of refused tries is one row a minute and address; each was cheap, and its row must not cost more.
      if (error instanceof ApiError && (error.code !== 'E_RATE_LIMITED' || seldom(request.ip))) await ctx.audit({ actor: 'anonymous', action: 'login', result: error.code === 'E_RATE_LIMITED' ? 'denied' : 'failed', detail: where });
      throw error;
    }
  });

  app.post('/api/v1/logout', {
    config: { access: everyone }, schema: { summary: 'End this session', tags: ['session'], response: { 200: Ok, ...errorAnswers } },
  }, async (request, reply) => {
    const caller = callerOf(request);
    if (caller.kind === 'user') await deleteSession(ctx.db, caller.credential);
    if (caller.kind === 'user' && deskRoles.has(caller.role)) await writeShift(ctx.db, ctx.seal, { what: 'logout', scopeCode: caller.scopeCode, byId: caller.id, byName: caller.name });
    await ctx.audit({ actor: caller.actor, action: 'logout', result: 'ok' });
    reply.header('set-cookie', cookieText(rule, rule.name, '', 0));
    return { ok: true as const };
  });

  app.get('/api/v1/me', {
    config: { access: everyone }, schema: { summary: 'Who am I', tags: ['session'], response: { 200: Me, ...errorAnswers } },
  }, async (request) => {
    const { kind, id, name, role, scopeCode, proof } = callerOf(request);
    return { kind, id, name, role, scopeCode, proof };
  });

  app.post('/api/v1/me/password', {
    config: { access: everyone },
    schema: {
      summary: 'Change my password; ends all my sessions', tags: ['session'],
      body: Shape({ current: PasswordText, next: PasswordText }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const user = caller.kind === 'user' ? await findUser(ctx.db, caller.id) : null;
    if (!user) throw new ApiError('E_FORBIDDEN', 'A token has no password.');
    const { current, next } = request.body;
    if (!(await verifyPassword(current, user.passwordHash))) {
      await ctx.audit({ actor: caller.actor, action: 'password', result: 'failed' });
      throw invalid([{ field: 'current', expected: 'the present password' }]);
    }
    const problem = passwordProblem(next, user.username);
    if (problem !== null) throw invalid([{ field: 'next', expected: problem }]);
    const hash = await hashPassword(next);
    await ctx.db.tx((sql) => setPassword(sql, user.id, hash));
    await ctx.audit({ actor: caller.actor, action: 'password', target: `user:${user.id}`, result: 'ok' });
    reply.header('set-cookie', cookieText(rule, rule.name, '', 0));
    return { ok: true as const };
  });
  registerTokens(app, ctx);
}

function registerTokens(app: App, ctx: WebContext): void {
  app.post('/api/v1/tokens', {
    config: { access: ['admin'] },
    schema: {
      summary: 'Make a token for a machine; the secret is shown once', tags: ['session'],
      body: Shape({ name: Type.String({ minLength: 1, maxLength: 100 }), role: Role, scopeCode: Type.Optional(RegionCodeText), lifeDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })) }),
      response: { 201: Shape({ token: Type.String({ description: 'shown once' }), ...Token.properties }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { name, role, scopeCode = caller.scopeCode, lifeDays } = request.body;
    requireScope(caller, scopeCode);
    const secret = newSecret();
    const token = await createToken(ctx.db, {
      hash: ctx.seal.secretHash(secret), name, role, scopeCode, createdBy: caller.actor, lifeMs: lifeDays === undefined ? null : lifeDays * 86_400_000,
    });
    await ctx.audit({ actor: caller.actor, action: 'token.create', target: `token:${token.id}`, result: 'ok', detail: { role, scopeCode } });
    reply.code(201);
    return { token: secret, ...token };
  });

  app.get('/api/v1/tokens', {
    config: { access: ['admin'] }, schema: { summary: 'Tokens of machines', tags: ['session'], response: { 200: Shape({ tokens: Type.Array(Token) }), ...errorAnswers } },
  }, async (request) => ({ tokens: await listTokens(ctx.db, scopePrefix(callerOf(request).scopeCode)) }));

  app.delete('/api/v1/tokens/:id', {
    config: { access: ['admin'] }, schema: { summary: 'Revoke a token', tags: ['session'], params: Shape({ id: IdText }), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    if (!(await revokeToken(ctx.db, request.params.id, scopePrefix(caller.scopeCode)))) throw new ApiError('E_NOT_FOUND', 'No such token.');
    await ctx.audit({ actor: caller.actor, action: 'token.revoke', target: `token:${request.params.id}`, result: 'ok' });
    return { ok: true as const };
  });
}
