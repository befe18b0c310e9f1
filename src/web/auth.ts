/**
 * Logging in. Unknown name, wrong password, disabled account: the same answer after the same work (no enumeration, W11).
 * Failures are counted per account, per address and per known browser; a browser that has logged in before carries a
 * cookie that gives it a counter of its own, so a stranger's wrong tries cannot lock a duty room out.
 */
import { limits } from '#core/limits.ts';
import { hashPassword, verifyPassword } from '#store/password.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { clearLoginFailures, createSession, loginFailures } from '#store/sessions.ts';
import { countLogin, findLogin, type User } from '#store/users.ts';
import { ApiError } from './errors.ts';
import { newSecret } from './session.ts';

export type LoginInput = { username: string; password: string; address: string; /** value of the browser cookie */ browser: string | null };
export type LoginResult = { user: User; session: string; /** value for the browser cookie */ browser: string };
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
    const session = newSecret();
    await createSession(deps.db, deps.seal.secretHash(session), user.id);
    await countLogin(deps.db, user.id, true);
    await clearLoginFailures(deps.db, known ? keys.map((k) => k.key) : [key(deps.seal, 'account', name)]);
    const { passwordHash: _, ...rest } = user;
    return { user: rest, session, browser: known && input.browser !== null ? input.browser : browserToken(deps.seal, name) };
  };
}

const key = (seal: Seal, kind: string, text: string): Buffer => seal.secretHash(`login:${kind}:${text}`);
const tooMany = (): ApiError => new ApiError('E_RATE_LIMITED', 'Too many failed logins; wait and try again.', { more: { retryAfterS: Math.ceil(limits.loginWindowMs / 1000) } });

// nonce.mac: proves that this browser once logged in under this name; worth nothing without the password.
function browserToken(seal: Seal, name: string): string {
  const nonce = newSecret();
  return `${nonce}.${seal.secretHash(`browser:${name}:${nonce}`).toString('base64url')}`;
}
function browserMatches(seal: Seal, name: string, value: string): boolean {
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
