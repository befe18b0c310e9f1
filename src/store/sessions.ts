/**
 * Sessions of people at a browser: only the keyed hash of the cookie is stored. A session is valid while it is used
 * (idle life), not too old (while an emergency is open it never is, FIELD F12), its user not disabled and the password
 * not changed since it began. What was too old once is gone with the next look, so that no later emergency revives it.
 */
import { limits } from '#core/limits.ts';
import type { Proof, UserRole } from '#core/user.ts';
import type { Sql } from './pool.ts';

export type SessionUser = { userId: string; username: string; displayName: string; role: UserRole; scopeCode: string; createdAt: number; expiresAt: number; proof: Proof };

/** Condition on `session s` and `app_user u`: somebody is logged in by it. */
export const aliveSession = `s.seen_at > anling_now() - make_interval(secs => ${limits.sessionIdleMs / 1000}) and u.disabled_at is null and s.created_at >= u.password_changed_at
  and (s.expires_at > anling_now() or exists (select from alert where priority = 1 and state <> 'closed'))`;

export async function createSession(sql: Sql, tokenHash: Buffer, userId: string, proof: Proof = 'whole'): Promise<void> {
  await sql.query("insert into session (token_hash, user_id, proof, expires_at) values ($1, $2, $3, anling_now() + $4 * interval '1 ms')", [tokenHash, userId, proof, proof === 'none' ? limits.loginWindowMs : limits.sessionMs]);
}

/** The user of a valid session; notes the use at most once a minute. */
export async function findSession(sql: Sql, tokenHash: Buffer): Promise<SessionUser | null> {
  const [row] = await sql.query<SessionUser & { stale: boolean }>(
    `select u.id as "userId", u.username, u.display_name as "displayName", u.role, u.scope_code as "scopeCode", s.created_at as "createdAt",
       s.expires_at as "expiresAt", s.proof, s.seen_at < anling_now() - interval '1 minute' as stale
     from session s join app_user u on u.id = s.user_id where s.token_hash = $1 and ${aliveSession}`, [tokenHash], 'session');
  if (!row) return null;
  const { stale, ...session } = row;
  if (stale) await sql.query('update session set seen_at = anling_now() where token_hash = $1', [tokenHash]);
  return session;
}

export async function deleteSession(sql: Sql, tokenHash: Buffer): Promise<void> {
  await sql.query('delete from session where token_hash = $1', [tokenHash]);
}

/** Which of these credentials (session or token hashes, hex) are still good; open sockets of the others are ended (W2). */
export async function aliveCredentials(sql: Sql, hashes: readonly Buffer[]): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const rows = await sql.query<{ hash: Buffer }>(
    `select s.token_hash as hash from session s join app_user u on u.id = s.user_id where s.token_hash = any($1) and ${aliveSession}
     union all select token_hash from api_token where token_hash = any($1) and revoked_at is null and (expires_at is null or expires_at > anling_now())`, [hashes], 'alive');
  return new Set(rows.map((r) => r.hash.toString('hex')));
}

/** A socket that beats is a use of its session. */
export async function touchSessions(sql: Sql, hashes: readonly Buffer[]): Promise<void> {
  if (hashes.length > 0) await sql.query("update session set seen_at = anling_now() where token_hash = any($1) and seen_at < anling_now() - interval '1 minute'", [hashes]);
}

/** Removes sessions that have ended: for good, whatever happens later. */
export async function endSessions(sql: Sql): Promise<void> {
  await sql.query(`delete from session s using app_user u where u.id = s.user_id and not (${aliveSession})`, [], 'sessions-end');
}

/** Removes old login counters, old idempotency keys, consoles of closed tabs. */
export async function pruneAccess(sql: Sql): Promise<void> {
  await sql.query("delete from login_try where window_at < anling_now() - interval '1 hour'");
  await sql.query("delete from request_key where at < anling_now() - interval '2 days'");
  await sql.query("delete from console where beat_at < anling_now() - interval '2 days'");
}

/**
 * Failed logins under this key in the window, after adding one when `add`. One row per key; the window starts anew when it is over.
 */
export async function loginFailures(sql: Sql, key: Buffer, windowMs: number, add: boolean): Promise<number> {
  if (!add) {
    const [row] = await sql.query<{ failures: number }>("select failures from login_try where key = $1 and window_at > anling_now() - $2 * interval '1 ms'", [key, windowMs]);
    return row?.failures ?? 0;
  }
  const [row] = await sql.query<{ failures: number }>(
    `insert into login_try as t (key, failures, window_at) values ($1, 1, anling_now())
     on conflict (key) do update set failures = case when t.window_at > anling_now() - $2 * interval '1 ms' then least(t.failures + 1, 1000000) else 1 end,
       window_at = case when t.window_at > anling_now() - $2 * interval '1 ms' then t.window_at else anling_now() end
     returning failures`, [key, windowMs]);
  return row?.failures ?? 1;
}

export async function clearLoginFailures(sql: Sql, keys: readonly Buffer[]): Promise<void> {
  await sql.query('delete from login_try where key = any($1)', [keys]);
}
