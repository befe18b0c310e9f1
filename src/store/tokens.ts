/** Tokens of machines (`Authorization: Bearer`): 256 bits of randomness, stored as a keyed hash, bounded by role and scope. */
import { newId } from '#core/ids.ts';
import type { UserRole } from '#core/user.ts';
import type { Sql } from './pool.ts';

export type ApiToken = { id: string; name: string; role: UserRole; scopeCode: string; createdBy: string; createdAt: number; expiresAt: number | null; revokedAt: number | null };
const columns = `id, name, role, scope_code as "scopeCode", created_by as "createdBy", created_at as "createdAt", expires_at as "expiresAt", revoked_at as "revokedAt"`;

export async function createToken(sql: Sql, token: { hash: Buffer; name: string; role: UserRole; scopeCode: string; createdBy: string; lifeMs: number | null }): Promise<ApiToken> {
  const [row] = await sql.query<ApiToken>(
    `insert into api_token (id, token_hash, name, role, scope_code, created_by, expires_at)
     values ($1, $2, $3, $4, $5, $6, anling_now() + $7::float8 * interval '1 ms') returning ${columns}`,
    [newId('t'), token.hash, token.name, token.role, token.scopeCode, token.createdBy, token.lifeMs]);
  return row as ApiToken;
}

/** The valid token of this hash; the flows' own is none here, so that whatever does not name them refuses it (store/flows.ts). */
export async function findToken(sql: Sql, hash: Buffer): Promise<ApiToken | null> {
  return (await sql.query<ApiToken>(
    `select ${columns} from api_token where token_hash = $1 and role <> 'flows' and revoked_at is null and (expires_at is null or expires_at > anling_now())`, [hash], 'token'))[0] ?? null;
}

export function listTokens(sql: Sql, prefix: string): Promise<ApiToken[]> {
  return sql.query<ApiToken>(`select ${columns} from api_token where scope_code like $1 || '%' and id <> 'canary' and role <> 'flows' order by created_at desc limit 500`, [prefix]);
}

/** True when a living token was revoked. */
export async function revokeToken(sql: Sql, id: string, prefix: string): Promise<boolean> {
  return (await sql.query("update api_token set revoked_at = anling_now() where id = $1 and scope_code like $2 || '%' and revoked_at is null returning id", [id, prefix])).length > 0;
}
