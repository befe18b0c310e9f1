/** Devices as the doors need them: who may log in, and the narrow number of telemetry rows. */
import type { DeviceId, HomeId } from '#core/ids.ts';
import type { KnownDevice } from '#core/publish.ts';
import type { Sql } from './pool.ts';

type DeviceRow = { id: string; no: number; home_id: string | null; secret_hash: Buffer; status: KnownDevice['status'] };
const known = (row: DeviceRow): KnownDevice => ({ id: row.id as DeviceId, no: row.no, homeId: row.home_id as HomeId | null, secretHash: row.secret_hash, status: row.status, ...(row.no === 0 ? { canary: true } : {}) });

/** The devices among `ids` that exist; the house's own button is one of them, without a row or a number among the devices. */
export async function findDevices(sql: Sql, ids: readonly string[]): Promise<KnownDevice[]> {
  const rows = await sql.query<DeviceRow>(`select id, no, home_id, secret_hash, status from device where id = any($1)
     union all select device_id, 0, null, secret_hash, 'installed' from canary where device_id = any($1) and not exists (select from device where id = device_id)`, [ids], 'devices-find');
  return rows.map(known);
}

/** A page of all devices, by `no`; begin after 0. */
export async function listDevices(sql: Sql, afterNo: number, rows: number): Promise<KnownDevice[]> {
  return (await sql.query<DeviceRow>('select id, no, home_id, secret_hash, status from device where no > $1 order by no limit $2', [afterNo, rows], 'devices-list')).map(known);
}
