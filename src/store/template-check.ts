/** SQL of what the provider says of our texts: written by the worker after each look, read by the settings' page and by /ops. */
import type { Sql } from './pool.ts';

export type TemplateCheck = { template: string; gateway: string; code: string | null; state: string; checkedAt: number };

/** Replaces the whole picture by this look's. */
export async function saveTemplateChecks(sql: Sql, gateway: string, rows: readonly Pick<TemplateCheck, 'template' | 'code' | 'state'>[]): Promise<void> {
  await sql.query(
    `with gone as (delete from template_check where template <> all($2))
     insert into template_check (gateway, template, code, state, checked_at) select $1, v.template, v.code, v.state, anling_now() from unnest($2::text[], $3::text[], $4::text[]) as v (template, code, state)
     on conflict (template) do update set gateway = excluded.gateway, code = excluded.code, state = excluded.state, checked_at = excluded.checked_at`,
    [gateway, rows.map((r) => r.template), rows.map((r) => r.code), rows.map((r) => r.state)], 'template-check-save');
}

export function listTemplateChecks(sql: Sql): Promise<TemplateCheck[]> {
  return sql.query<TemplateCheck>('select template, gateway, code, state, checked_at as "checkedAt" from template_check');
}
