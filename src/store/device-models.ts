/** The catalogue of models on rows: each with its class and how many there are of it in a region; changing one moves the deadlines of its devices along. */
import type { DeviceType } from '#core/decision.ts';
import type { ModelChange } from '#core/device-models.ts';
import type { Sql } from './pool.ts';

export type CatalogueModel = {
  id: string; name: string; vendor: string; type: DeviceType; power: 'mains' | 'battery'; supervisionClass: string; periodS: number; graceS: number; confirmWindowS: number; batteryKind: string | null; /** as its maker says */ batteryDays: number | null; learningDays: number;
  /** registered and not refused */ devices: number; installed: number;
};
export type SupervisionClass = { id: string; name: string; periodS: number; graceS: number };

/** All models by id, counted inside `prefix` (region digits). */
export function listCatalogue(sql: Sql, prefix: string): Promise<CatalogueModel[]> {
  return sql.query<CatalogueModel>(
    `select m.id, m.name, m.vendor, m.type, m.power, m.supervision_class as "supervisionClass", c.period_s as "periodS", c.grace_s as "graceS", m.confirm_window_s as "confirmWindowS", m.battery_kind as "batteryKind", m.battery_days as "batteryDays", m.learning_days as "learningDays",
       coalesce(n.devices, 0) as devices, coalesce(n.installed, 0) as installed
     from device_model m join supervision_class c on c.id = m.supervision_class
     left join (select model, count(*)::int as devices, count(*) filter (where status = 'installed')::int as installed from device
       where status <> 'revoked' and (region_code like $1 || '%' or length($1) <= 6 and region_code = '') group by model) n on n.model = m.id order by m.id`, [prefix]);
}

export function listClasses(sql: Sql): Promise<SupervisionClass[]> {
  return sql.query<SupervisionClass>('select id, name, period_s as "periodS", grace_s as "graceS" from supervision_class order by period_s, id');
}

/** The model as it is, held until the transaction ends; null: there is none. */
export async function lockModel(sql: Sql, id: string): Promise<Required<Record<'name' | 'supervisionClass', string>> & { type: DeviceType; confirmWindowS: number } | null> {
  return (await sql.query<{ name: string; supervisionClass: string; type: DeviceType; confirmWindowS: number }>('select name, supervision_class as "supervisionClass", type, confirm_window_s as "confirmWindowS" from device_model where id = $1 for update', [id]))[0] ?? null;
}

/** How many installed devices that count as online would be past this class's grace at once. */
export async function silentUnder(sql: Sql, model: string, supervisionClass: string): Promise<number> {
  return (await sql.query<{ n: number }>(
    `select count(*)::int as n from device d join presence p on p.device_id = d.id, supervision_class c
     where d.model = $1 and c.id = $2 and d.status = 'installed' and p.state = 'online' and p.last_seen_at + make_interval(secs => c.grace_s) < anling_now()`, [model, supervisionClass]))[0]?.n ?? 0;
}

/** Changes what is named. Devices of a class that waits less are looked at in its time, not in the time of the class before. */
export async function changeModel(sql: Sql, id: string, { name, supervisionClass, confirmWindowS, batteryKind, batteryDays, learningDays }: ModelChange): Promise<void> {
  await sql.query('update device_model set name = coalesce($2, name), supervision_class = coalesce($3, supervision_class), confirm_window_s = coalesce($4, confirm_window_s), battery_kind = case when $5 then $6 else battery_kind end, battery_days = case when $7 then $8 else battery_days end, learning_days = coalesce($9, learning_days) where id = $1', [id, name ?? null, supervisionClass ?? null, confirmWindowS ?? null, batteryKind !== undefined, batteryKind ?? null, batteryDays !== undefined, batteryDays ?? null, learningDays ?? null]);
  if (supervisionClass !== undefined) await sql.query(
    `update presence p set check_at = coalesce(p.last_seen_at, d.registered_at) + make_interval(secs => c.grace_s * 0.75) from device d, supervision_class c
     where d.id = p.device_id and d.model = $1 and c.id = $2 and p.state in ('never', 'online') and p.check_at <> 'infinity' and p.check_at > coalesce(p.last_seen_at, d.registered_at) + make_interval(secs => c.grace_s * 0.75)`, [id, supervisionClass]);
}
