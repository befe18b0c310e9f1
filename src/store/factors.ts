/** SQL of second factors and PINs: keys sealed, recovery codes and PINs as hashes; each code is worth something once. */
import { appendAudit } from './audit.ts';
import type { Db, Sql } from './pool.ts';
import type { Seal } from './seal.ts';
import { findLogin } from './users.ts';

const column = 'second_factor.secret';
export type Factor = { /** base32 */ secret: string | null; /** made, not proven by a code yet */ next: string | null; recoveryLeft: number };

export async function readFactor(sql: Sql, seal: Seal, userId: string): Promise<Factor> {
  const [row] = await sql.query<{ secretEnc: Buffer | null; nextEnc: Buffer | null; left: number }>(
    `select f.secret_enc as "secretEnc", f.next_enc as "nextEnc", (select count(*)::int from recovery_code r where r.user_id = f.user_id and r.used_at is null) as left
     from second_factor f where f.user_id = $1`, [userId]);
  return { secret: seal.openOrNull(column, row?.secretEnc), next: seal.openOrNull(column, row?.nextEnc), recoveryLeft: row?.left ?? 0 };
}

export async function hasFactor(sql: Sql, userId: string): Promise<boolean> {
  return (await sql.query('select from second_factor where user_id = $1 and secret_enc is not null', [userId])).length > 0;
}

/** A key that becomes the user's with its first code; the one in use stays until then. */
export async function beginFactor(sql: Sql, seal: Seal, userId: string, secret: string): Promise<void> {
  await sql.query('insert into second_factor (user_id, next_enc) values ($1, $2) on conflict (user_id) do update set next_enc = excluded.next_enc', [userId, seal.seal(column, secret)]);
}

/** The new key has proven itself with the code of this step. False: it was taken already, or replaced meanwhile. */
export async function confirmFactor(sql: Sql, userId: string, step: number, recovery: readonly Buffer[]): Promise<boolean> {
  const done = await sql.query('update second_factor set secret_enc = next_enc, next_enc = null, used_step = $2, confirmed_at = anling_now() where user_id = $1 and next_enc is not null returning user_id', [userId, step]);
  if (done.length === 0) return false;
  await sql.query('delete from recovery_code where user_id = $1', [userId]);
  await sql.query('insert into recovery_code (user_id, code_hash) select $1, unnest($2::bytea[])', [userId, recovery]);
  return true;
}

/** Takes the code of a step; false when it, or a later one, was taken before. */
export async function takeStep(sql: Sql, userId: string, step: number): Promise<boolean> {
  return (await sql.query('update second_factor set used_step = $2 where user_id = $1 and used_step < $2 returning user_id', [userId, step])).length > 0;
}

export async function takeRecovery(sql: Sql, userId: string, hash: Buffer): Promise<boolean> {
  return (await sql.query('update recovery_code set used_at = anling_now() where user_id = $1 and code_hash = $2 and used_at is null returning user_id', [userId, hash])).length > 0;
}

/** Removes key and recovery codes and ends the sessions of the user; false: there was none. */
export async function dropFactor(sql: Sql, userId: string): Promise<boolean> {
  const gone = await sql.query('delete from second_factor where user_id = $1 returning user_id', [userId]);
  await sql.query('delete from recovery_code where user_id = $1', [userId]);
  if (gone.length > 0) await sql.query('delete from session where user_id = $1', [userId]);
  return gone.length > 0;
}

/** From the terminal, for the last administrator who lost his telephone; on record. Null: no such user. */
export async function resetFactor(db: Db, seal: Seal, username: string): Promise<boolean | null> {
  const user = await findLogin(db, username);
  if (!user) return null;
  return db.tx(async (sql) => {
    const dropped = await dropFactor(sql, user.id);
    await appendAudit(sql, seal, [{ actor: 'system:admin-command', action: 'factor.reset', target: `user:${user.id}`, result: 'ok' }]);
    return dropped;
  });
}

/** The wall clock as telephones have it: ours without the offset that a watcher, or a demonstration, has put on it. */
export async function telephoneTime(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ ms: number }>('select (extract(epoch from anling_now()) * 1000 - offset_ms)::float8 as ms from clock_offset');
  return row?.ms ?? 0;
}

// -- PINs of the desk

export async function setPin(sql: Sql, userId: string, hash: string): Promise<void> {
  await sql.query('insert into desk_pin (user_id, pin_hash) values ($1, $2) on conflict (user_id) do update set pin_hash = excluded.pin_hash, set_at = anling_now()', [userId, hash]);
}

export type PinHolder = { id: string; name: string; role: 'operator' | 'shift-leader' | 'admin'; scopeCode: string; pinHash: string; hasFactor: boolean };

/** Whose PIN may open a desk: people of the desk who can log in, with a PIN that is not too old. */
export function pinHolders(sql: Sql, prefix: string, lifeMs: number, id: string | null = null): Promise<PinHolder[]> {
  return sql.query<PinHolder>(
    `select u.id, u.display_name as name, u.role, u.scope_code as "scopeCode", p.pin_hash as "pinHash", exists (select from second_factor f where f.user_id = u.id and f.secret_enc is not null) as "hasFactor"
     from desk_pin p join app_user u on u.id = p.user_id
     where u.role in ('operator', 'shift-leader', 'admin') and u.disabled_at is null and u.scope_code like $1 || '%' and p.set_at > anling_now() - $2::float8 * interval '1 ms' and ($3::text is null or u.id = $3)
     order by u.display_name, u.id limit 200`, [prefix, lifeMs, id]);
}

/** When the user set a PIN; null: none. */
export async function pinSetAt(sql: Sql, userId: string): Promise<number | null> {
  return (await sql.query<{ at: number }>('select set_at as at from desk_pin where user_id = $1', [userId]))[0]?.at ?? null;
}
