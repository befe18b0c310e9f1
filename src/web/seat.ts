/** Another person at the same console: the PIN opens a desk that is logged in already, and nothing else (FIELD F12). */
import type { FastifyReply } from 'fastify';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Caller, Proof } from '#core/user.ts';
import { type PinHolder, pinHolders } from '#store/factors.ts';
import { verifyPassword } from '#store/password.ts';
import type { Sql } from '#store/pool.ts';
import { createSession, deleteSession } from '#store/sessions.ts';
import { seatConsole } from '#store/county-status.ts';
import { writeShift } from '#store/shift.ts';
import { guessing } from './auth.ts';
import type { WebContext } from './context.ts';
import { ApiError, invalid } from './errors.ts';
import { rolesWithFactor } from './factor.ts';
import { cookieRule, cookieText, newSecret, sessionCookieMs } from './session.ts';

/** Whoever may sit down at this console: people of the desk inside the scope of whoever is logged in. */
export const seatHolders = (ctx: WebContext, caller: Caller, id: string | null = null): Promise<PinHolder[]> => pinHolders(ctx.db, scopePrefix(caller.scopeCode), limits.pinLifeMs, id);

/** The person whose PIN this is; 401, the same for a wrong PIN and for somebody who has none, counted per person and per console. */
export async function byPin(ctx: WebContext, caller: Caller, userId: string, pin: string): Promise<PinHolder> {
  if (caller.kind !== 'user') throw new ApiError('E_FORBIDDEN', 'A PIN opens a console at which somebody is logged in.');
  const holder = await guessing(ctx, [{ kind: 'pin', of: userId, max: limits.pinFailures }, { kind: 'pin-console', of: caller.credential.toString('hex'), max: limits.pinFailuresConsole }], async () => {
    const [found] = await seatHolders(ctx, caller, userId);
    return found && (await verifyPassword(pin, found.pinHash)) ? found : null;
  });
  if (holder === null) {
    await ctx.audit({ actor: caller.actor, action: 'seat.change', target: `user:${userId.slice(0, 64)}`, result: 'failed' });
    throw new ApiError('E_UNAUTHENTICATED', 'The PIN is wrong.', { status: 422, fields: [{ field: 'pin', expected: 'the PIN of this person' }] });
  }
  return holder;
}

/** The console goes over: the old session ends, the wall goes on under the new name. Who owes a second factor, or administers, gets alarms only. */
export async function changeSeat(ctx: WebContext, sql: Sql, caller: Caller, to: PinHolder, tabId: string | undefined): Promise<{ cookie: string; proof: Proof }> {
  const session = newSecret();
  const proof: Proof = to.role === 'admin' || to.hasFactor || (await rolesWithFactor(sql)).includes(to.role) ? 'desk' : 'whole';
  await createSession(sql, ctx.seal.secretHash(session), to.id, proof);
  await deleteSession(sql, caller.credential);
  if (tabId !== undefined) await seatConsole(sql, tabId, caller.id, to.id);
  await writeShift(sql, ctx.seal, { what: 'seat', scopeCode: to.scopeCode, byId: to.id, byName: to.name, detail: { from: caller.name } });
  const rule = cookieRule(ctx.settings.publicUrl);
  return { cookie: cookieText(rule, rule.name, session, sessionCookieMs), proof };
}
export const sitDown = (reply: FastifyReply, cookie: string): void => { reply.header('set-cookie', cookie); };

/** Six digits that a colleague does not guess at the second try. */
export function requirePin(pin: string): void {
  const steps = [...pin].slice(1).map((c, i) => Number(c) - Number(pin[i]));
  if (new Set(pin).size < 3 || steps.every((s) => s === 1) || steps.every((s) => s === -1)) throw invalid([{ field: 'pin', expected: 'six digits that are no sequence, at least three different ones' }]);
}
