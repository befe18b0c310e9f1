/**
 * Doors of vendors' clouds: their accounts with sealed secrets, and what the edges last saw of each. Every change is told to the edges
 * (`anling_vendor_door`), which read all of them again; few rows.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { type DoorKind, type DoorSettings, emptySettings, type VendorDoor } from '#core/vendor-door.ts';
import { hint, type Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const label = 'vendor_door.secrets';
type Row = { name: string; kind: DoorKind; settings: Partial<DoorSettings>; enabled: boolean; secrets: Buffer };
export type ShownDoor = {
  name: string; kind: DoorKind; title: string; settings: DoorSettings; enabled: boolean; /** names only */ secretsSet: string[]; devices: number;
  lastAt: number | null; refusedAt: number | null; refusedWhy: string | null; version: number;
};
const opened = (seal: Seal, sealed: Uint8Array): Record<string, string> => JSON.parse(seal.openIfReadable(label, sealed) ?? '{}') as Record<string, string>;

/** All doors with their secrets open, for the edge alone. */
export async function openDoors(sql: Sql, seal: Seal): Promise<VendorDoor[]> {
  const rows = await sql.query<Row>('select name, kind, settings, enabled, secrets_enc as secrets from vendor_door order by name', [], 'vendor-doors-open');
  return rows.map(({ secrets, settings, ...door }) => ({ ...door, settings: { ...emptySettings, ...settings }, secrets: opened(seal, secrets) }));
}

export async function openDoor(sql: Sql, seal: Seal, name: string): Promise<VendorDoor | null> {
  return (await openDoors(sql, seal)).find((door) => door.name === name) ?? null;
}

const shown = `v.name, v.kind, v.title, v.settings, v.enabled, v.secrets_enc as secrets, (select count(*)::int from device d where d.door = v.name and d.status <> 'revoked') as devices,
  v.last_at as "lastAt", v.refused_at as "refusedAt", v.refused_why as "refusedWhy", v.version`;

export async function listDoors(sql: Sql, seal: Seal): Promise<ShownDoor[]> {
  const rows = await sql.query<Row & Omit<ShownDoor, 'settings' | 'secretsSet'>>(`select ${shown} from vendor_door v order by v.name`);
  return rows.map(({ secrets, settings, ...door }) => ({ ...door, settings: { ...emptySettings, ...settings }, secretsSet: Object.keys(opened(seal, secrets)).sort() }));
}

export async function doorKindsByName(sql: Sql): Promise<Map<string, DoorKind>> {
  return new Map((await sql.query<{ name: string; kind: DoorKind }>('select name, kind from vendor_door order by name')).map((r) => [r.name, r.kind]));
}

export async function countDoors(sql: Sql): Promise<number> {
  return (await sql.query<{ n: number }>('select count(*)::int as n from vendor_door'))[0]?.n ?? 0;
}

export type NewDoor = { name: string; kind: DoorKind; title: string; secrets: Readonly<Record<string, string>>; settings: DoorSettings; enabled: boolean; by: string };

export async function insertDoor(sql: Sql, seal: Seal, door: NewDoor): Promise<void> {
  await sql.query('insert into vendor_door (name, kind, title, secrets_enc, settings, enabled, changed_by) values ($1, $2, $3, $4, $5, $6, $7)',
    [door.name, door.kind, door.title, seal.seal(label, JSON.stringify(door.secrets)), JSON.stringify(door.settings), door.enabled, door.by]);
  await tell(sql);
}

export type DoorPatch = { title?: string; /** those that change */ secrets?: Readonly<Record<string, string>>; settings?: DoorSettings; enabled?: boolean };

/** The new version, or null when the row is at another one. Secrets that are not named stay. */
export async function updateDoor(sql: Sql, seal: Seal, name: string, version: number, patch: DoorPatch, by: string): Promise<number | null> {
  const [row] = await sql.query<{ secrets: Buffer }>('select secrets_enc as secrets from vendor_door where name = $1 and version = $2 for update', [name, version]);
  if (!row) return null;
  const secrets = patch.secrets ? seal.seal(label, JSON.stringify({ ...opened(seal, row.secrets), ...patch.secrets })) : row.secrets;
  const [next] = await sql.query<{ version: number }>(
    `update vendor_door set title = coalesce($2, title), secrets_enc = $3, settings = coalesce($4, settings), enabled = coalesce($5, enabled), changed_by = $6, version = version + 1 where name = $1 returning version`,
    [name, patch.title ?? null, secrets, patch.settings ? JSON.stringify(patch.settings) : null, patch.enabled ?? null, by]);
  await tell(sql);
  return next?.version ?? null;
}

/** False: there is none. Devices that are bound to it keep it (a foreign key). */
export async function deleteDoor(sql: Sql, name: string): Promise<boolean> {
  const gone = await sql.query('delete from vendor_door where name = $1 returning name', [name]);
  if (gone.length > 0) await tell(sql);
  return gone.length > 0;
}

const tell = (sql: Sql): Promise<void> => hint(sql, ['anling_vendor_door']);

export type DoorSeen = { name: string; seen: boolean; refusedWhy: string | null };
/** What this edge saw of its doors since the last time. */
export async function noteDoors(sql: Sql, seen: readonly DoorSeen[]): Promise<void> {
  await sql.query(
    `update vendor_door v set last_at = case when s.seen then anling_now() else v.last_at end, refused_at = case when s.why is null then v.refused_at else anling_now() end, refused_why = coalesce(s.why, v.refused_why)
     from unnest($1::text[], $2::boolean[], $3::text[]) as s(name, seen, why) where v.name = s.name`,
    [seen.map((s) => s.name), seen.map((s) => s.seen), seen.map((s) => s.refusedWhy)], 'vendor-doors-note');
}

/** The doors on this machine's disk, sealed: an edge that starts while the database is away opens them all the same. */
export async function readKnownDoors(file: string, seal: Seal): Promise<VendorDoor[]> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => { if (error.code === 'ENOENT') return null; throw error; });
  return bytes === null ? [] : JSON.parse(seal.open('vendor_door.known', bytes)) as VendorDoor[];
}

export async function writeKnownDoors(file: string, seal: Seal, doors: readonly VendorDoor[]): Promise<void> {
  const fresh = `${file}.${process.pid}`;
  await writeFile(fresh, seal.seal('vendor_door.known', JSON.stringify(doors)), { mode: 0o600 });
  await rename(fresh, file);
}
