/** SQL of the county's escalation plans. */
import type { Plan } from '#core/escalation.ts';
import type { ScopedPlan } from '#core/plan.ts';
import type { Sql } from './pool.ts';

/** All plans with the region they hold in; `spec` holds steps, roundS and desk. */
export async function readPlans(sql: Sql): Promise<ScopedPlan[]> {
  const rows = await sql.query<{ id: string; name: string; kinds: Plan['kinds']; scope_code: string; spec: Partial<Plan> }>('select id, name, kinds, scope_code, spec from plan order by id', [], 'plans-read');
  return rows.map((r) => ({
    scopeCode: r.scope_code,
    plan: { id: r.id, name: r.name, kinds: r.kinds, steps: [...(r.spec.steps ?? [])].sort((a, b) => a.atS - b.atS), roundS: r.spec.roundS ?? 300, desk: [...(r.spec.desk ?? [])].sort((a, b) => a.atS - b.atS) },
  }));
}
