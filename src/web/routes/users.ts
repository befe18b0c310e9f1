/** People who log in: added, changed, disabled, given a new password by an administrator, inside his own regions only. No shared default passwords (M2). */
import { type Static, Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { passwordProblem } from '#core/password-rule.ts';
import { type Caller, may, userRoles } from '#core/user.ts';
import { generatePassword, hashPassword } from '#store/password.ts';
import type { Sql } from '#store/pool.ts';
import { knownRegions } from '#store/regions.ts';
import { countAdmins, createUser, findUser, listUsers, setPassword, updateUser, type User } from '#store/users.ts';
import { callerOf, requireScope, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, nothing, versionConflict } from '#web/registry.ts';
import { Changed, IdParams, VersionNumber } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['users'];
const admin = may.writeUsers;
const Role = OneOf(userRoles);
const DisplayName = Type.String({ minLength: 1, maxLength: 60 });
const PasswordText = Type.String({ minLength: 1, maxLength: 512 });
const UserView = Shape({
  id: Type.String(), username: Type.String(), role: Role, scopeCode: RegionCodeText, displayName: Type.String(), disabledAt: Nullable(EpochMs), passwordChangedAt: EpochMs,
  failedCount: Type.Integer(), lockedUntil: Nullable(EpochMs), version: Type.Integer(), demo: Type.Boolean(),
});

async function checkScope(ctx: WebContext, caller: Caller, scopeCode: string): Promise<void> {
  if (!seesRegion(caller.scopeCode, scopeCode) || !(await knownRegions(ctx.db, [scopeCode])).has(scopeCode)) throw invalid([{ field: 'scopeCode', expected: 'a region of your scope' }]);
}

/** The user in the caller's scope, else 404. */
async function scoped(ctx: WebContext, caller: Caller, id: string): Promise<User> {
  const user = await findUser(ctx.db, id);
  if (!user) throw nothing();
  requireScope(caller, user.scopeCode);
  const { passwordHash: _, ...rest } = user;
  return rest;
}

/** A county must keep somebody who can let others in. */
async function requireAdminLeft(sql: Sql, user: User): Promise<void> {
  if (user.role === 'admin' && user.disabledAt === null && (await countAdmins(sql, scopePrefix(user.scopeCode), user.id)) === 0)
    throw new ApiError('E_CONFLICT', 'This is the last administrator of that scope.', { more: { reason: 'last-admin' } });
}

export function registerUsers(app: App, ctx: WebContext): void {
  app.get('/api/v1/users', {
    config: { access: admin }, schema: { summary: 'Users of your scope', tags, response: { 200: Shape({ users: Type.Array(UserView) }), ...errorAnswers } },
  }, async (request) => ({ users: await listUsers(ctx.db, scopePrefix(callerOf(request).scopeCode), 2_000) }));

  app.post('/api/v1/users', {
    config: { access: admin },
    schema: {
      summary: 'Add a user; without a password one is generated and shown once', tags,
      body: Shape({ username: Type.String({ pattern: '^[\\p{L}\\p{N}._-]{2,64}$', description: 'a user name: letters, digits, . _ -' }), role: Role, scopeCode: RegionCodeText, displayName: DisplayName, password: Type.Optional(PasswordText) }),
      response: { 201: Shape({ ...Changed.properties, password: Nullable(Type.String({ description: 'generated; shown once' })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const caller = callerOf(request);
    const { role, scopeCode, displayName, password } = request.body;
    const username = request.body.username.normalize('NFC');
    await checkScope(ctx, caller, scopeCode);
    const chosen = passwordFor(username, password);
    const passwordHash = await hashPassword(chosen);
    const user = await change(ctx, async (sql) => {
      const made = await createUser(sql, { username, passwordHash, role, scopeCode, displayName });
      if (!made) throw new ApiError('E_CONFLICT', 'That user name is taken.', { more: { reason: 'name-taken' }, fields: [{ field: 'username', expected: 'a name that is not taken' }] });
      return { result: made, audit: [{ actor: caller.actor, action: 'user.create', target: `user:${made.id}`, result: 'ok', detail: { role, scopeCode } }] };
    });
    reply.code(201);
    return { id: user.id, version: user.version, password: password === undefined ? chosen : null };
  });
  registerChanges(app, ctx);
}

function passwordFor(username: string, given: string | undefined): string {
  const problem = given === undefined ? null : passwordProblem(given, username);
  if (problem !== null) throw invalid([{ field: 'password', expected: problem }]);
  return given ?? generatePassword();
}

function registerChanges(app: App, ctx: WebContext): void {
  app.patch('/api/v1/users/:id', {
    config: { access: admin },
    schema: {
      summary: 'Change role, scope, name; disabling ends all sessions', tags, params: IdParams,
      body: Shape({ role: Type.Optional(Role), scopeCode: Type.Optional(RegionCodeText), displayName: Type.Optional(DisplayName), disabled: Type.Optional(Type.Boolean()), version: VersionNumber }),
      response: { 200: UserView, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...patch } = request.body;
    const user = await scoped(ctx, caller, request.params.id);
    if (patch.scopeCode !== undefined) await checkScope(ctx, caller, patch.scopeCode);
    return change(ctx, async (sql) => {
      if (patch.disabled || (patch.role !== undefined && patch.role !== 'admin') || (patch.scopeCode !== undefined && patch.scopeCode !== user.scopeCode)) await requireAdminLeft(sql, user);
      const result = await updateUser(sql, user.id, version, patch as Parameters<typeof updateUser>[3]);
      if (!result) throw versionConflict(user.version);
      return { result: result as Static<typeof UserView>, audit: [{ actor: caller.actor, action: 'user.change', target: `user:${user.id}`, result: 'ok', detail: patch }] };
    });
  });
  app.post('/api/v1/users/:id/password', {
    config: { access: admin },
    schema: {
      summary: 'A new password, generated and shown once unless given; ends all sessions of the user', tags, params: IdParams,
      body: Shape({ password: Type.Optional(PasswordText), enable: Type.Optional(Type.Boolean({ description: 'also enable the account, e.g. one of the demonstration' })) }),
      response: { 200: Shape({ id: Type.String(), password: Nullable(Type.String({ description: 'generated; shown once' })) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { password, enable = false } = request.body;
    const user = await scoped(ctx, caller, request.params.id);
    const chosen = passwordFor(user.username, password);
    const hash = await hashPassword(chosen);
    await change(ctx, async (sql) => {
      await setPassword(sql, user.id, hash);
      if (enable && user.disabledAt !== null && !(await updateUser(sql, user.id, user.version + 1, { disabled: false }))) throw versionConflict(user.version);
      return { result: null, audit: [{ actor: caller.actor, action: 'user.password', target: `user:${user.id}`, result: 'ok', detail: { enable } }] };
    });
    return { id: user.id, password: password === undefined ? chosen : null };
  });
}
