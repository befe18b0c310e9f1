/** SQL of the flood at the desk (D11): what is counted, the line of the log that stands open, and who can be called in by text. */
import { limits } from '#core/limits.ts';
import { scopePrefix } from '#core/ids.ts';
import type { Flood } from '#core/kpi.ts';
import { readFlood } from './kpi.ts';
import type { Row, Sql } from './pool.ts';

export type FloodWatch = Flood & { county: string; operators: number; /** the log says that it has begun and not yet that it ended */ noted: boolean };

/** One worker judges; held until the transaction ends. */
export async function holdFlood(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-flood')) as held`);
  return row?.held ?? false;
}

/** The county's desk now; null while there is no county. */
export async function readFloodWatch(sql: Sql): Promise<FloodWatch | null> {
  const [row] = await sql.query<{ county: string; noted: boolean }>(
    `select r.code as county, coalesce((select e.what = 'flood-began' from shift_entry e where e.what in ('flood-began', 'flood-ended') and e.at > anling_now() - $1 * interval '1 ms' order by e.at desc, e.id desc limit 1), false) as noted
     from region r where r.level = 'county' order by r.code limit 1`, [limits.floodLookMs], 'flood-noted');
  return row ? { ...row, ...await readFlood(sql, scopePrefix(row.county)) } : null;
}

export type Reserve = Row & { party: string; phoneEnc: Buffer; phoneBidx: Buffer; demo: boolean };
/** Seats and shift leaders who are not away and can read a text; whoever sits at the desk already loses nothing by it. */
export function deskReserve(sql: Sql): Promise<Reserve[]> {
  return sql.query<Reserve>(
    `select 'responder:' || id as party, phone_enc as "phoneEnc", phone_bidx as "phoneBidx", demo from responder
     where role in ('seat', 'shift-leader') and not landline and opted_out_at is null and (absent_until is null or absent_until <= anling_now()) order by role, ord, id limit $1`, [limits.floodReserve], 'flood-reserve');
}
