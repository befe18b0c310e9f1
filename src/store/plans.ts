/** SQL of the county's escalation plans. */
import type { Plan } from '#core/escalation.ts';
import { runnableSpec, type ScopedPlan } from '#core/plan.ts';
import type { Sql } from './pool.ts';

/**
 * All plans that can run, with the region they hold in; `spec` holds steps, roundS and desk. The API refuses what cannot run
 * (core/plan-lint.ts); a row that came another way is passed over, so that the next wider plan, at last the house's own, serves:
 * one broken row must not stop every alarm of the county (law 6).
 */
export async function readPlans(sql: Sql): Promise<ScopedPlan[]> {
  const rows = await sql.query<{ id: string; name: string; kinds: Plan['kinds']; scope_code: string; spec: unknown }>('select id, name, kinds, scope_code, spec from plan order by id', [], 'plans-read');
  return rows.flatMap((r) => {
    const spec = runnableSpec(r.spec);
    return spec ? [{ scopeCode: r.scope_code, plan: { id: r.id, name: r.name, kinds: r.kinds, ...spec } }] : [];
  });
}
