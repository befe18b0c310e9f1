/**
 * Logging in: a password, and the second factor where one is owed. Unknown name, wrong password, disabled account: the same answer after the same work (no enumeration, W11).
 * Failures are counted per account, per address and per known browser; a browser that has logged in before carries a
 * cookie that gives it a counter of its own, so a stranger's wrong tries cannot lock a duty room out.
 */
import { limits } from '#core/limits.ts';
import type { Proof } from '#core/user.ts';
import { hasFactor } from '#store/factors.ts';
import { hashPassword, verifyPassword } from '#store/password.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { clearLoginFailures, createSession, loginFailures } from '#store/sessions.ts';
import { countLogin, findLogin, type User } from '#store/users.ts';
import { ApiError } from './errors.ts';
import { proofWithout, rolesWithFactor, takeCode } from './factor.ts';
import { newSecret } from './session.ts';

export type LoginInput = { username: string; password: string; /** the second factor, when it is given at once */ code: string | null; address: string; /** value of the browser cookie */ browser: string | null; /** of the duty PC */ certificate: boolean };
export type LoginResult = { user: User; session: string; proof: Proof; /** value for the browser cookie; null: nothing is proven yet that a browser could be known by */ browser: string | null };
export type Login = (input: LoginInput) => Promise<LoginResult>;

/** Makes the login. `deps.wait` bounds how many hashes are computed at once: each costs tens of milliseconds of a core. */
export function createLogin(deps: { db: Db; seal: Seal }): Login {
  const gate = createGate(limits.loginHashes, limits.loginQueue);
  // Verified against when there is no such user, so that the answer takes as long.
  const decoy = hashPassword(newSecret());
  return async (input) => {
    const name = input.username.normalize('NFC');
    const known = input.browser !== null && browserMatches(deps.seal, name, input.browser);
    const keys = known ? [{ key: key(deps.seal, 'browser', `${name}\n${input.browser}`), max: limits.loginFailuresBrowser }] : [
      { key: key(deps.seal, 'account', name), max: limits.loginFailuresAccount },
      { key: key(deps.seal, 'address', input.address), max: limits.loginFailuresAddress },
    ];
    for (const { key: k, max } of keys)
      if ((await loginFailures(deps.db, k, limits.loginWindowMs, false)) >= max) throw tooMany();
    const user = await findLogin(deps.db, name);
    const good = await gate(async () => verifyPassword(input.password, user?.passwordHash ?? (await decoy)));
    if (!good || user === null || user.disabledAt !== null) {
      for (const { key: k } of keys) await loginFailures(deps.db, k, limits.loginWindowMs, true);
      if (user) await countLogin(deps.db, user.id, false);
      throw new ApiError('E_UNAUTHENTICATED', 'User name or password is wrong.');
    }
    const enrolled = await hasFactor(deps.db, user.id);
    const owes = enrolled || (await rolesWithFactor(deps.db)).includes(user.role);
    const given = enrolled && input.code !== null;
    if (given && (await takeCode(deps.db, deps.seal, user.id, input.code ?? '')) === null) {
      for (const { key: k } of keys) await loginFailures(deps.db, k, limits.loginWindowMs, true);
      throw new ApiError('E_UNAUTHENTICATED', 'The code is wrong, or was used before.', { more: { reason: 'code' } });
    }
    const proof = given ? 'whole' : proofWithout({ role: user.role, owes, known, certificate: input.certificate });
    const session = newSecret();
    await createSession(deps.db, deps.seal.secretHash(session), user.id, proof);
    await countLogin(deps.db, user.id, true);
    await clearLoginFailures(deps.db, known ? keys.map((k) => k.key) : [key(deps.seal, 'account', name)]);
    const { passwordHash: _, ...rest } = user;
    return { user: rest, session, proof, browser: proof === 'none' ? null : known && input.browser !== null ? input.browser : browserToken(deps.seal, name) };
  };
}

const key = (seal: Seal, kind: string, text: string): Buffer => seal.secretHash(`login:${kind}:${text}`);
/** Counts guesses of something short (a code, a PIN) under keys of its own; 429 when one of them is used up. */
export async function guessing<T>(deps: { db: Db; seal: Seal }, tries: readonly { kind: string; of: string; max: number }[], guess: () => Promise<T | null>): Promise<T | null> {
  const keys = tries.map((t) => ({ key: key(deps.seal, t.kind, t.of), max: t.max }));
  for (const { key: k, max } of keys) if ((await loginFailures(deps.db, k, limits.loginWindowMs, true)) > max) throw tooMany();
  const right = await guess();
  if (right !== null) await clearLoginFailures(deps.db, keys.map((k) => k.key));
  return right;
}
const tooMany = (): ApiError => new ApiError('E_RATE_LIMITED', 'Too many failed logins; wait and try again.', { more: { retryAfterS: Math.ceil(limits.loginWindowMs / 1000) } });

// nonce.mac: proves that this browser once logged in under this name; worth nothing without the password.
export function browserToken(seal: Seal, name: string): string {
  const nonce = newSecret();
  return `${nonce}.${seal.secretHash(`browser:${name}:${nonce}`).toString('base64url')}`;
}
export function browserMatches(seal: Seal, name: string, value: string): boolean {
  const [nonce, mac] = value.split('.');
  return nonce !== undefined && mac !== undefined && seal.secretMatches(`browser:${name}:${nonce}`, Buffer.from(mac, 'base64url'));
}

/** Runs at most `width` at once, lets `queue` wait, refuses the rest. */
function createGate(width: number, queue: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= width) {
      if (waiting.length >= queue) throw new ApiError('E_RATE_LIMITED', 'Too many logins at once; try again.', { more: { retryAfterS: 2 } });
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next(); else running--;
    }
  };
}
