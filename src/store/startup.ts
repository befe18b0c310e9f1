/** What a start checks and makes before any role runs: a database that keeps its commits, the right key file, somebody who can log in. */
import { randomBytes } from 'node:crypto';
import { OperatingError } from '#core/errors.ts';
import { everywhere } from '#core/ids.ts';
import { passwordProblem } from '#core/password-rule.ts';
import { appendAudit } from './audit.ts';
import { generatePassword, hashPassword } from './password.ts';
import { isTransient, sqlState, type Db, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';
import { createToken } from './tokens.ts';
import { createUser, findLogin, setPassword } from './users.ts';

/** Waits up to `waitMs` for a database that is only just starting; anything else is one clear E_DATABASE_UNREACHABLE. */
export async function reachDatabase(db: Db, url: string, waitMs: number): Promise<void> {
  const began = performance.now();
  for (;;) {
    try {
      const [row] = await db.query<{ version: number }>(`select current_setting('server_version_num')::integer as version`);
      if ((row?.version ?? 0) < 150_000) throw new OperatingError('E_DATABASE_UNREACHABLE', `DATABASE_URL: ${place(url)} is PostgreSQL ${Math.floor((row?.version ?? 0) / 10_000)}; 15 or newer is needed.`);
      return;
    } catch (error) {
      if (error instanceof OperatingError) throw error;
      if (isTransient(error) && performance.now() - began < waitMs) { await new Promise((resolve) => setTimeout(resolve, 250)); continue; }
      throw new OperatingError('E_DATABASE_UNREACHABLE', `DATABASE_URL: ${place(url)} ${reason(error)}`, { cause: error });
    }
  }
}

const place = (url: string): string => {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.hostname || 'localhost'}:${parsed.port || 5432}, database "${decodeURIComponent(parsed.pathname.slice(1))}", user "${decodeURIComponent(parsed.username)}"` : 'the address';
};

function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'ECONNREFUSED') return 'does not listen (connection refused).';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is a host that cannot be found.';
  if (sqlState(error)?.startsWith('28')) return `refuses the user or the password (${message}).`;
  if (sqlState(error) === '3D000') return 'does not exist on that server; create it first.';
  return `cannot be used: ${message || code || 'no reason given'}.`;
}

/** Why the database would lose a commit that it confirmed (E_DATABASE_UNSAFE), or null. */
export async function unsafeSettings(sql: Sql): Promise<string | null> {
  const [row] = await sql.query<Record<string, string>>(
    `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit, current_setting('full_page_writes') as full_page_writes`);
  const off = Object.entries(row ?? {}).filter(([, value]) => value === 'off').map(([name]) => `${name} = off`);
  return off.length > 0 ? off.join(', ') : null;
}

/** Whether anything was ever sealed with a key: then the key file must be there already. */
export async function holdsData(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ holds: boolean }>(`select exists (select from app_user) or exists (select from setting where key = 'keys.mark') as holds`);
  return row?.holds ?? false;
}

/** By which a database, and a backup of it, knows its key file; tells nothing of the keys. */
export const keysMark = (seal: Seal): string => seal.secretHash('anling: these keys belong to this database').toString('hex');

/** Binds the database to its key file at first sight; later a strange key file is refused at once instead of at the first sealed value. */
export async function checkKeys(sql: Sql, seal: Seal, file: string): Promise<void> {
  const mark = keysMark(seal);
  await sql.query(`insert into setting (key, value, updated_by) values ('keys.mark', to_jsonb($1::text), 'system') on conflict (key) do nothing`, [mark]);
  const [row] = await sql.query<{ mark: string }>(`select value #>> '{}' as mark from setting where key = 'keys.mark'`);
  if (row?.mark !== mark) throw new OperatingError('E_KEYS', `ANLING_KEYS: ${file} does not belong to this database. Put back the key file that was saved with it.`);
}

/** The county to scope the first administrator by; everything, when nobody has imported regions yet. */
async function firstScope(sql: Sql): Promise<string> {
  const [found] = await sql.query<{ code: string }>(`select code from region where level = 'county' and code <> $1 order by demo, code limit 1`, [everywhere]);
  if (found) return found.code;
  await sql.query(`insert into region (code, level, name) values ($1, 'county', '全部地区') on conflict (code) do nothing`, [everywhere]);
  return everywhere;
}

/** Makes "admin" when nobody can log in yet. The password, when it was generated here and must be shown now. */
export async function ensureAdmin(db: Db, given: string | null): Promise<{ made: boolean; password: string | null; weak: string | null }> {
  const [any] = await db.query(`select from app_user where role = 'admin' limit 1`);
  if (any) return { made: false, password: null, weak: null };
  const password = given ?? generatePassword();
  const hash = await hashPassword(password);
  const user = await db.tx(async (sql) => createUser(sql, { username: 'admin', passwordHash: hash, role: 'admin', scopeCode: await firstScope(sql), displayName: '系统管理员' }));
  return { made: user !== null, password: user !== null && given === null ? password : null, weak: given === null ? null : passwordProblem(given, 'admin') };
}

/** A new password for `username`, whose sessions end; null when there is no such user. */
export async function resetPassword(db: Db, username: string): Promise<string | null> {
  const user = await findLogin(db, username);
  if (!user) return null;
  const password = generatePassword();
  const hash = await hashPassword(password);
  await db.tx((sql) => setPassword(sql, user.id, hash));
  return password;
}

/** A token of role admin over all that the first administrator sees, for whoever stands at the machine; on record. The secret is returned once. */
export async function makeAdminToken(db: Db, seal: Seal, name: string, lifeMs: number): Promise<{ id: string; secret: string }> {
  const secret = randomBytes(32).toString('base64url');
  return db.tx(async (sql) => {
    const scopeCode = await firstScope(sql);
    const { id } = await createToken(sql, { hash: seal.secretHash(secret), name, role: 'admin', scopeCode, createdBy: 'system:admin-command', lifeMs });
    await appendAudit(sql, seal, [{ actor: 'system:admin-command', action: 'token.create', target: `token:${id}`, result: 'ok', detail: { role: 'admin', scopeCode, hours: Math.round(lifeMs / 3_600_000) } }]);
    return { id, secret };
  });
}

/** Whether anybody in the files is real: a person, a contact or a responder that is not demonstration data. */
export async function hasRealPeople(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ real: boolean }>(
    `select exists (select from person where not demo) or exists (select from responder where not demo) or exists (select from contact where not demo) as real`, [], 'real-people');
  return row?.real ?? false;
}
