/** People who log in. Passwords are argon2id strings (store/password.ts); changing one ends every session of its owner. */
import { newId } from '#core/ids.ts';
import type { UserRole } from '#core/user.ts';
import type { Sql } from './pool.ts';

export type User = {
  id: string; username: string; role: UserRole; scopeCode: string; displayName: string;
  disabledAt: number | null; passwordChangedAt: number; failedCount: number; lockedUntil: number | null; version: number; demo: boolean;
};
const columns = `id, username, role, scope_code as "scopeCode", display_name as "displayName", disabled_at as "disabledAt",
  password_changed_at as "passwordChangedAt", failed_count as "failedCount", locked_until as "lockedUntil", version, demo`;

/** For the login only: the user with the hash, disabled or not. */
export async function findLogin(sql: Sql, username: string): Promise<(User & { passwordHash: string }) | null> {
  return (await sql.query<User & { passwordHash: string }>(`select ${columns}, password_hash as "passwordHash" from app_user where username = $1`, [username], 'login'))[0] ?? null;
}

export async function findUser(sql: Sql, id: string): Promise<(User & { passwordHash: string }) | null> {
  return (await sql.query<User & { passwordHash: string }>(`select ${columns}, password_hash as "passwordHash" from app_user where id = $1`, [id]))[0] ?? null;
}

/** Users whose scope lies in `scopePrefix`, by name. */
export function listUsers(sql: Sql, prefix: string, limit: number): Promise<User[]> {
  return sql.query<User>(`select ${columns} from app_user where scope_code like $1 || '%' order by username limit $2`, [prefix, limit]);
}

export type NewUser = { username: string; passwordHash: string; role: UserRole; scopeCode: string; displayName: string; demo?: boolean };

/** The new user, or null when the name is taken. */
export async function createUser(sql: Sql, user: NewUser): Promise<User | null> {
  return (await sql.query<User>(
    `insert into app_user (id, username, password_hash, role, scope_code, display_name, demo) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (username) do nothing returning ${columns}`,
    [newId('u'), user.username, user.passwordHash, user.role, user.scopeCode, user.displayName, user.demo ?? false]))[0] ?? null;
}

/** Changes what is given; `disabled` true ends the sessions by itself (they are checked against it). Null: no such user or an old version. */
export async function updateUser(sql: Sql, id: string, version: number, change: { role?: UserRole; scopeCode?: string; displayName?: string; disabled?: boolean }): Promise<User | null> {
  return (await sql.query<User>(
    `update app_user set role = coalesce($3, role), scope_code = coalesce($4, scope_code), display_name = coalesce($5, display_name),
       disabled_at = case when $6::boolean is null then disabled_at when $6 then coalesce(disabled_at, anling_now()) end, version = version + 1
     where id = $1 and version = $2 returning ${columns}`,
    [id, version, change.role ?? null, change.scopeCode ?? null, change.displayName ?? null, change.disabled ?? null]))[0] ?? null;
}

/** Sets the hash and ends all sessions of the user. */
export async function setPassword(sql: Sql, id: string, passwordHash: string): Promise<void> {
  await sql.query('update app_user set password_hash = $2, password_changed_at = anling_now(), failed_count = 0, locked_until = null, version = version + 1 where id = $1', [id, passwordHash]);
  await sql.query('delete from session where user_id = $1', [id]);
}

/** Failed logins since the last good one, shown to administrators; the limits themselves stand in login_try. */
export async function countLogin(sql: Sql, id: string, good: boolean): Promise<void> {
  await sql.query('update app_user set failed_count = case when $2 then 0 else least(failed_count + 1, 30000) end where id = $1', [id, good]);
}

/** Display names of users by id. */
export async function displayNames(sql: Sql, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query<{ id: string; name: string }>('select id, display_name as name from app_user where id = any($1)', [ids]);
  return new Map(rows.map((r) => [r.id, r.name]));
}

/** Enabled administrators of at least this scope, besides one. */
export async function countAdmins(sql: Sql, prefix: string, besides: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    "select count(*)::int as n from app_user where role = 'admin' and disabled_at is null and id <> $2 and (scope_code = '000000000000' or $1 like regexp_replace(scope_code, '(000){1,2}$', '') || '%')", [prefix, besides]);
  return row?.n ?? 0;
}
