/** What a county needs before its first alarm: regions from a file, and the default plans (呼叫预案) as rows that it may edit. */
import { everywhere } from '#core/ids.ts';
import { demonstrationPlans } from '#core/plan.ts';
import { regionRows, type RegionTree } from '#core/region.ts';
import { insertPlans } from './plan-admin.ts';
import type { Sql } from './pool.ts';
import { putRegions } from './regions.ts';

/** Inserts the default plans once in the life of a database, for the whole county; a plan that somebody removed stays removed. */
export async function ensurePlans(sql: Sql): Promise<void> {
  const made = await sql.query(`insert into setting (key, value, updated_by) values ('plans.made', 'true', 'system') on conflict (key) do nothing returning key`);
  if (made.length === 0) return;
  const [county] = await sql.query<{ code: string }>(`select code from region where level = 'county' order by code = $1, code limit 1`, [everywhere]);
  if (!county) await sql.query(`insert into region (code, level, name) values ($1, 'county', '全部地区')`, [everywhere]);
  await insertPlans(sql, demonstrationPlans.map((plan) => ({ plan, scopeCode: county?.code ?? everywhere, demo: false })));
}

/** Brings in a county with its towns and villages; known codes get the new names. How many were new, of how many. */
export async function importRegions(sql: Sql, tree: RegionTree): Promise<{ created: number; total: number }> {
  const rows = regionRows(tree);
  return { created: await putRegions(sql, rows, { demo: false, replace: true }), total: rows.length };
}
