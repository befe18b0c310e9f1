/** SQL of settings: one JSON value per key, changed by people, read by loops. */
import type { Sql } from './pool.ts';

/** The value, or null when nobody has set it. */
export async function readSetting<T>(sql: Sql, key: string): Promise<T | null> {
  const [row] = await sql.query<{ value: T }>('select value from setting where key = $1', [key], 'setting-read');
  return row?.value ?? null;
}

export async function writeSetting(sql: Sql, key: string, value: unknown, by: string): Promise<void> {
  await sql.query(
    `insert into setting (key, value, updated_by) values ($1, $2, $3) on conflict (key) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = anling_now()`,
    [key, JSON.stringify(value), by], 'setting-write');
}

/** The value with when and by whom it was set; null when nobody has. */
export async function findSetting<T>(sql: Sql, key: string): Promise<{ value: T; updatedAt: number; updatedBy: string | null } | null> {
  return (await sql.query<{ value: T; updatedAt: number; updatedBy: string | null }>('select value, updated_at as "updatedAt", updated_by as "updatedBy" from setting where key = $1', [key]))[0] ?? null;
}
