/**
 * Registering devices and what becomes of them: one row with the keyed hash of its secret, one presence row that says `never`
 * (B6: nobody is shown online without proof). Supervision begins when somebody could make the device speak: with its first secret
 * that a person was given. Every change is told to the doors (`anling_device`), which cut what is revoked.
 */
import { type DeviceEnd, type DeviceLife, rowOf } from '#core/device-life.ts';
import type { DeviceFields, deviceStatuses } from '#core/registry.ts';
import type { PresenceState } from '#core/supervision.ts';
import { aliasOf } from '#core/vendor-door.ts';
import { blinded, insertRows, type Page, paged, pageWhere, plain, sealed, type Table, updateRow } from './columns.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type RegisteredDevice = Omit<DeviceFields, 'phone' | 'doorSecret'> & {
  id: string; type: string; ended: DeviceEnd | null; replacedBy: string | null; regionCode: string | null; testUntil: number | null; registeredAt: number; version: number; demo: boolean;
  state: PresenceState; lastSeenAt: number | null; /** installed, supervised, past its class's grace, and never heard */ neverReported: boolean; lowBattery: boolean;
  battery: number | null; rssi: number | null; mains: boolean | null; fw: string | null;
};
/** `secretHash` by seal.secretHash. */
export type NewDevice = DeviceFields & { id: string; secretHash: Buffer; demo: boolean };

const table: Table = {
  name: 'device',
  columns: [plain('id'), plain('model'), plain('homeId'), plain('personId'), plain('room'), plain('secretHash'), plain('status'), plain('cell'), plain('serial'), plain('simUntil'), sealed('device', 'phone'), blinded('phone', 'phone'), plain('demo'), plain('door'), plain('doorKey'), sealed('device', 'doorSecret')],
};
const joins = 'device d join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class left join presence pr on pr.device_id = d.id';
// 'infinity': never heard and not expected to be, since nobody holds its secret.
const never = "(coalesce(pr.state, 'never') = 'never' and pr.check_at is distinct from 'infinity' and d.status = 'installed' and d.registered_at + make_interval(secs => c.grace_s) < anling_now())";
const columns = `d.id, d.model, m.type, d.home_id as "homeId", d.person_id as "personId", d.room, d.cell, d.serial, to_char(d.sim_until, 'YYYY-MM-DD') as "simUntil", d.door, d.door_key as "doorKey", d.status, case when d.status = 'revoked' then d.ended end as ended, d.replaced_by as "replacedBy", nullif(d.region_code, '') as "regionCode",
  case when d.test_until > anling_now() then d.test_until end as "testUntil", d.registered_at as "registeredAt", d.version, d.demo, coalesce(pr.state, 'never') as state,
  pr.last_seen_at as "lastSeenAt", ${never} as "neverReported", coalesce(pr.low_battery, false) as "lowBattery", pr.battery, pr.rssi, pr.mains, pr.fw`;

/**
 * Inserts devices with their presence rows; A one-key telephone has no heartbeat and owes none. `secretKnown` false:
 * nobody was told the secrets, so the devices are 从未上线 and owe no sign of life until replaceSecret gives one away.
 */
export async function insertDevices(sql: Sql, seal: Seal, devices: readonly NewDevice[], options: { secretKnown: boolean } = { secretKnown: true }): Promise<void> {
  await insertRows(sql, seal, table, devices);
  await beginPresence(sql, devices.map((d) => d.id), options.secretKnown);
  await tellDoors(sql, devices.map((d) => d.id));
}

/** The first presence rows; `supervised` false: no sign of life is owed. */
export async function beginPresence(sql: Sql, ids: readonly string[], supervised: boolean): Promise<void> {
  await sql.query(
    `insert into presence (device_id, state, check_at) select d.id, 'never', case when $2 and m.type <> 'phone' then anling_now() + make_interval(secs => c.grace_s) else 'infinity' end
     from device d join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class where d.id = any($1)`, [ids, supervised]);
}

/** A hint to the doors: these changed. */
export async function tellDoors(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query("select pg_notify('anling_device', id) from unnest($1::text[]) as id", [ids]);
}

export async function findRegistered(sql: Sql, id: string): Promise<RegisteredDevice | null> {
  return (await sql.query<RegisteredDevice>(`select ${columns} from ${joins} where d.id = $1`, [id]))[0] ?? null;
}

/** Those of `ids` that there are. */
export const findRegisteredMany = (sql: Sql, ids: readonly string[]): Promise<RegisteredDevice[]> => sql.query<RegisteredDevice>(`select ${columns} from ${joins} where d.id = any($1)`, [ids]);

export type DeviceFilter = Page & {
  q: string | null; homeId: string | null; personId: string | null; model: string | null; status: (typeof deviceStatuses)[number] | null; life?: DeviceLife | null;
  /** `never-reported` (B6) is `never` past its class's grace. */ presence: PresenceState | 'never-reported' | null; lowBattery?: boolean; /** SIM paid for less than so many days from today */ simDays?: number;
  /** Only demonstration devices, only real ones, or both. */ demo?: boolean | null;
};

/** A page by region and id; devices without home and person belong to the whole county. `q`: an id, its beginning, or a serial number. */
export async function listRegistered(sql: Sql, f: DeviceFilter): Promise<{ rows: RegisteredDevice[]; next: string | null }> {
  const where = pageWhere('d', f);
  if (f.q !== null) { const typed = where.value(f.q.trim()); where.and(`d.id = any(array(select id from device where starts_with(id, ${typed}) union select id from device where serial = ${typed}))`); }
  where.equal({ 'd.home_id': f.homeId, 'd.person_id': f.personId, 'd.model': f.model, 'd.status': f.status, 'd.demo': f.demo });
  if (f.life != null) { const { status, ended } = rowOf(f.life); where.equal({ 'd.status': status, 'd.ended': ended }); if (f.life === 'revoked') where.and('d.ended is null'); }
  if (f.presence === 'never-reported') where.and(`pr.state = 'never' and ${never}`); else where.equal({ 'pr.state': f.presence });
  if (f.lowBattery) where.and('pr.low_battery');
  if (f.simDays !== undefined) where.and(`d.sim_until < (anling_now() at time zone 'Asia/Shanghai')::date + ${where.value(f.simDays)}::int`);
  const rows = await sql.query<RegisteredDevice>(
    `with page as (select d.id from ${f.presence === null && !f.lowBattery ? 'device d' : joins} where ${where.sql()} order by d.region_code, d.id limit ${where.value(f.limit + 1)})
     select ${columns} from page join ${joins} on d.id = page.id order by d.region_code, d.id`, where.values);
  return paged(rows, f.limit);
}

/** The new version, or null when the row is at another one. Being installed (again) begins its supervision anew. */
export async function updateDevice(sql: Sql, seal: Seal, id: string, version: number, patch: Partial<DeviceFields>): Promise<number | null> {
  const [before] = await sql.query<{ status: string }>('select status from device where id = $1 for update', [id]);
  const next = await updateRow(sql, seal, table, id, version, patch);
  if (next === null) return null;
  if (patch.status === 'installed' && before?.status !== 'installed') await install(sql, [id]);
  await tellDoors(sql, [id]);
  return next;
}

async function install(sql: Sql, ids: readonly string[], supervised = true): Promise<void> {
  await sql.query("update device set status = 'installed' where id = any($1)", [ids]);
  await beginSupervision(sql, ids, supervised);
}

/** Forgets what was heard of them; their time counts from now. `supervised` false: no sign of life is owed. */
export async function beginSupervision(sql: Sql, ids: readonly string[], supervised = true): Promise<void> {
  await sql.query('update device set registered_at = anling_now() where id = any($1)', [ids]);
  await sql.query('delete from presence where device_id = any($1)', [ids]);
  await beginPresence(sql, ids, supervised);
}

/**
 * Replaces the secret; the old one ends at once. A device in stock counts as installed from now on, and one whose secret nobody
 * knew is supervised from now on. False: no such device, or revoked.
 */
export async function replaceSecret(sql: Sql, id: string, secretHash: Buffer): Promise<boolean> {
  const [row] = await sql.query<{ begins: boolean }>(
    `update device d set secret_hash = $2, version = d.version + 1 from (select id, status as old from device where id = $1 for update) b
     where d.id = b.id and b.old <> 'revoked'
     returning b.old = 'stock' or exists (select from presence p where p.device_id = d.id and p.state = 'never' and p.check_at = 'infinity') as begins`, [id, secretHash]);
  if (!row) return false;
  if (row.begins) await install(sql, [id]);
  await tellDoors(sql, [id]);
  return true;
}

/** What a device is when many get new secrets at once. */
export type SecretTarget = { id: string; status: (typeof deviceStatuses)[number]; regionCode: string | null; demo: boolean };

/** Those of `ids` that exist, held until the end of the transaction, in one order, so that two requests cannot wait for each other. */
export function lockSecretTargets(sql: Sql, ids: readonly string[]): Promise<SecretTarget[]> {
  return sql.query<SecretTarget>(
    `select d.id, d.status, d.demo, nullif(d.region_code, '') as "regionCode" from device d where d.id = any($1) order by d.id for update`, [ids]);
}

/**
 * New secrets for devices that are locked; each is installed from now on and its supervision begins anew. `told` false: nobody hears
 * them, so the devices rest: 从未上线, and no sign of life is owed until somebody is told one.
 */
export async function replaceSecrets(sql: Sql, made: readonly { id: string; secretHash: Buffer }[], told: boolean): Promise<void> {
  const ids = made.map((m) => m.id);
  await sql.query('update device d set secret_hash = n.hash, version = d.version + 1 from unnest($1::text[], $2::bytea[]) as n(id, hash) where d.id = n.id', [ids, made.map((m) => m.secretHash)]);
  await install(sql, ids, told);
  await tellDoors(sql, ids);
}

/** Revokes; the doors end its session. False: no such device, or revoked before. */
export async function revokeDevice(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query("update device set status = 'revoked', ended = null, version = version + 1 where id = $1 and status <> 'revoked' returning id", [id]);
  if (rows.length > 0) await tellDoors(sql, [id]);
  return rows.length > 0;
}

/** Books test mode (安装调试) from now for `ms`, or ends it with 0; when it ends, or null for no such device. */
export async function bookTest(sql: Sql, id: string, ms: number): Promise<{ testUntil: number } | null> {
  const [row] = await sql.query<{ testUntil: number }>(`update device set test_until = anling_now() + $2::float8 * interval '1 ms', version = version + 1 where id = $1 returning test_until as "testUntil"`, [id, ms]);
  if (row) await tellDoors(sql, [id]);
  return row ?? null;
}

/** Which devices these names of vendors' doors belong to, by aliasOf. */
export async function boundByDoor(sql: Sql, names: readonly { door: string; key: string }[]): Promise<Map<string, string>> {
  const rows = await sql.query<{ id: string; door: string; key: string }>('select id, door, door_key as key from device where (door, door_key) in (select * from unnest($1::text[], $2::text[]))', [names.map((n) => n.door), names.map((n) => n.key)]);
  return new Map(rows.map((r) => [aliasOf(r.door, r.key), r.id]));
}

/** Those of `ids` that are taken. */
export async function takenDeviceIds(sql: Sql, ids: readonly string[]): Promise<Set<string>> {
  return new Set((await sql.query<{ id: string }>('select id from device where id = any($1)', [ids])).map((r) => r.id));
}

export type DeviceOnFile = { id: string; model: string; homeId: string | null; personId: string | null; room: string | null; cell: string | null; serial: string | null; door: string | null; doorKey: string | null; regionCode: string | null };

/** Whoever these names mean: ids, serial numbers, names at vendors' doors. */
export function devicesOnFile(sql: Sql, { ids, serials, names }: { ids: readonly string[]; serials: readonly string[]; names: readonly { door: string; key: string }[] }): Promise<DeviceOnFile[]> {
  return sql.query<DeviceOnFile>(
    `select id, model, home_id as "homeId", person_id as "personId", room, cell, serial, door, door_key as "doorKey", nullif(region_code, '') as "regionCode" from device
     where id = any(array(select unnest($1::text[]) union select id from device where serial = any($2) union select id from device where (door, door_key) in (select * from unnest($3::text[], $4::text[])))) order by id`,
    [ids, serials, names.map((n) => n.door), names.map((n) => n.key)]);
}

export type DeviceModel = { id: string; name: string; type: string; vendor: string; supervisionClass: string; periodS: number; graceS: number; power: 'mains' | 'battery' };

export function listModels(sql: Sql): Promise<DeviceModel[]> {
  return sql.query<DeviceModel>(
    `select m.id, m.name, m.type, m.vendor, m.supervision_class as "supervisionClass", c.period_s as "periodS", c.grace_s as "graceS", m.power
     from device_model m join supervision_class c on c.id = m.supervision_class order by m.id`);
}

/** Installed and supervised devices past their class's grace that were never heard (B6), by region. */
export function countNeverReported(sql: Sql, prefix: string): Promise<{ code: string; count: number }[]> {
  return sql.query<{ code: string; count: number }>(`select d.region_code as code, count(*)::int as count from ${joins} where d.region_code like $1 || '%' and d.region_code <> '' and ${never} group by 1`, [prefix]);
}
