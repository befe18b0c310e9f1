/** Devices as the doors need them: who may log in, and the narrow number of telemetry rows. */
import type { DeviceId, HomeId } from '#core/ids.ts';
import type { KnownDevice } from '#core/publish.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const columns = 'id, no, home_id, secret_hash, status, door, door_key, door_secret_enc';
type DeviceRow = { id: string; no: number; home_id: string | null; secret_hash: Buffer; status: KnownDevice['status']; door: string | null; door_key: string | null; door_secret_enc: Buffer | null };
const known = (seal: Seal) => (row: DeviceRow): KnownDevice => ({
  id: row.id as DeviceId, no: row.no, homeId: row.home_id as HomeId | null, secretHash: row.secret_hash, status: row.status, ...(row.no === 0 ? { canary: true } : {}),
  ...(row.door !== null && row.door_key !== null && { vendor: { door: row.door, key: row.door_key, ...(row.door_secret_enc !== null && { secret: seal.openIfReadable('device.door_secret', row.door_secret_enc) ?? '' }) } }),
});

/** The devices among `ids` that exist; the house's own button is one of them, without a row or a number among the devices. */
export async function findDevices(sql: Sql, seal: Seal, ids: readonly string[]): Promise<KnownDevice[]> {
  const rows = await sql.query<DeviceRow>(`select ${columns} from device where id = any($1)
     union all select device_id, 0, null, secret_hash, 'installed', null, null, null from canary where device_id = any($1) and not exists (select from device where id = device_id)`, [ids], 'devices-find');
  return rows.map(known(seal));
}

/** A page of all devices, by `no`; begin after 0. */
export async function listDevices(sql: Sql, seal: Seal, afterNo: number, rows: number): Promise<KnownDevice[]> {
  return (await sql.query<DeviceRow>(`select ${columns} from device where no > $1 order by no limit $2`, [afterNo, rows], 'devices-list')).map(known(seal));
}

/** The devices that vendors' doors know under these names. */
export async function findByDoor(sql: Sql, seal: Seal, names: readonly { door: string; key: string }[]): Promise<KnownDevice[]> {
  return (await sql.query<DeviceRow>(`select ${columns} from device where (door, door_key) in (select * from unnest($1::text[], $2::text[]))`, [names.map((n) => n.door), names.map((n) => n.key)], 'devices-by-door')).map(known(seal));
}
