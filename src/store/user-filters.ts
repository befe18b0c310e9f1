/** SQL of saved filters of the queue, one list to an account. */
import type { EventKind } from '#core/event.ts';
import type { Sql } from './pool.ts';

/** Empty lists mean everything; a P1 is outside all of it (dashboards/wall/src/queue/filter.ts). */
export type UserFilter = { name: string; towns: string[]; kinds: EventKind[]; priorities: number[]; mine: boolean };

export async function readFilters(sql: Sql, userId: string): Promise<UserFilter[]> {
  return (await sql.query<{ filters: UserFilter[] }>('select filters from user_filter where user_id = $1', [userId]))[0]?.filters ?? [];
}

export async function writeFilters(sql: Sql, userId: string, filters: readonly UserFilter[]): Promise<void> {
  await sql.query('insert into user_filter (user_id, filters) values ($1, $2) on conflict (user_id) do update set filters = excluded.filters, updated_at = anling_now()', [userId, JSON.stringify(filters)]);
}
