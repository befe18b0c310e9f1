/**
 * Idempotency keys of the API: the first request with a key does the work, a repetition gets its answer. The row is taken
 * before the work; if we die between, a later repetition runs it again (respond() is conditional, so twice is harmless).
 */
import type { Sql } from './pool.ts';

export type KeptAnswer = { status: number; body: unknown };
export type KeyClaim =
  | { kind: 'new' }
  /** The same request was answered before. */ | { kind: 'done'; answer: KeptAnswer }
  /** It is being worked on now. */ | { kind: 'running' }
  /** The key was used for another request. */ | { kind: 'other' };

const takeoverMs = 15_000;

/** Takes a key for a request (`fingerprint` of route and body). */
export async function takeKey(sql: Sql, actor: string, key: string, fingerprint: string): Promise<KeyClaim> {
  const fresh = await sql.query(
    `insert into request_key as k (actor, key, response) values ($1, $2, $3) on conflict (actor, key) do update set at = anling_now()
       where k.response->>'running' is not null and k.response->>'of' = $3::jsonb->>'of' and k.at < anling_now() - $4 * interval '1 ms' returning key`,
    [actor, key, JSON.stringify({ running: true, of: fingerprint }), takeoverMs]);
  if (fresh.length > 0) return { kind: 'new' };
  const [row] = await sql.query<{ response: { running?: boolean; of: string; answer?: KeptAnswer } }>('select response from request_key where actor = $1 and key = $2', [actor, key]);
  if (!row) return { kind: 'running' };
  if (row.response.of !== fingerprint) return { kind: 'other' };
  return row.response.answer ? { kind: 'done', answer: row.response.answer } : { kind: 'running' };
}

/** Keeps the answer of a finished request. */
export async function keepAnswer(sql: Sql, actor: string, key: string, fingerprint: string, answer: KeptAnswer): Promise<void> {
  await sql.query('update request_key set response = $3 where actor = $1 and key = $2', [actor, key, JSON.stringify({ of: fingerprint, answer })]);
}

/** Gives a key back when the work failed on our side, so that a repetition tries again. */
export async function dropKey(sql: Sql, actor: string, key: string): Promise<void> {
  await sql.query("delete from request_key where actor = $1 and key = $2 and response->>'running' is not null", [actor, key]);
}
