/** What a device's label says: its id, its model's name and its serial number; never a secret, never whose it is. */
import { pageWhere } from './columns.ts';
import type { Sql } from './pool.ts';

export type LabelDevice = { id: string; model: string; serial: string | null };
/** Devices of a region (digits), by model and id; of them those of a model, those in stock, or those named. Revoked ones need no label. */
export function listLabelDevices(sql: Sql, f: { prefix: string; model: string | null; stock: boolean; ids: readonly string[] | null; limit: number }): Promise<LabelDevice[]> {
  const where = pageWhere('d', { prefix: f.prefix, after: null, limit: f.limit });
  where.equal({ 'd.model': f.model, 'd.status': f.stock ? 'stock' : null });
  where.and("d.status <> 'revoked'");
  if (f.ids !== null) where.and(`d.id = any(${where.value(f.ids)}::text[])`);
  return sql.query<LabelDevice>(`select d.id, m.name as model, d.serial from device d join device_model m on m.id = d.model where ${where.sql()} order by m.name, d.id limit ${where.value(f.limit)}`, where.values);
}
