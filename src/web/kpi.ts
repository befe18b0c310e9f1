/** The answer figures of a scope, counted at most every few seconds however many walls ask (limits.kpiMs). */
import { limits } from '#core/limits.ts';
import { type Kpi, readKpi } from '#store/kpi.ts';
import type { Sql } from '#store/pool.ts';

export type Figures = (prefix: string) => Promise<Kpi>;

export function kpiOf(sql: Sql): Figures {
  const kept = new Map<string, { at: number; kpi: Promise<Kpi> }>();
  return (prefix) => {
    const now = performance.now();
    const known = kept.get(prefix);
    if (known && now - known.at < limits.kpiMs) return known.kpi;
    if (kept.size >= limits.kpiScopes) kept.clear();
    const kpi = readKpi(sql, prefix);
    kept.set(prefix, { at: now, kpi });
    kpi.catch(() => kept.delete(prefix)); // a failure is not kept
    return kpi;
  };
}
