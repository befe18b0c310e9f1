/** Door codes (一码通, FEATURES 2.9): issued, found by what was scanned, revoked, and as labels. One code of a home is valid at a time. */
import { timingSafeEqual } from 'node:crypto';
import { newId } from '#core/ids.ts';
import { doorCode, doorHandleChars } from '#core/label.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const signatureChars = 16; // 80 bits: nobody guesses one over a network

/** The whole code of a handle; only the house's key makes it. */
function codeOf(seal: Seal, handle: string): string {
  const bits = [...seal.sign('door', handle).subarray(0, 10)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return handle + Array.from({ length: signatureChars }, (_, i) => alphabet[Number.parseInt(bits.slice(i * 5, i * 5 + 5), 2)]).join('');
}

export type Door = { homeId: string; regionCode: string; revoked: boolean; demo: boolean };

/** Whose door a scanned code is; null for one that this house never made, which costs no look into the database unless its signature fits. */
export async function findDoor(sql: Sql, seal: Seal, scanned: string): Promise<Door | null> {
  const code = doorCode(scanned);
  if (code === null) return null;
  const handle = code.slice(0, doorHandleChars);
  if (!timingSafeEqual(Buffer.from(code), Buffer.from(codeOf(seal, handle)))) return null;
  const [row] = await sql.query<Door & Row>(
    `select d.home_id as "homeId", h.region_code as "regionCode", d.revoked_at is not null as revoked, h.demo from door_code d join home h on h.id = d.home_id where d.handle = $1`, [handle]);
  return row ?? null;
}

/** Gives each of the homes that has none a code; the homes that got one. */
export async function issueDoorCodes(sql: Sql, homeIds: readonly string[], by: string): Promise<string[]> {
  const ids = [...new Set(homeIds)].sort();
  const rows = await sql.query<{ id: string }>(
    `insert into door_code (handle, home_id, issued_by) select n.handle, n.home_id, $3 from unnest($1::text[], $2::text[]) as n (handle, home_id)
     on conflict (home_id) where revoked_at is null do nothing returning home_id as id`, [ids.map(() => newId('', doorHandleChars)), ids, by]);
  return rows.map((r) => r.id);
}

/** The home's code opens nothing from now on; false: it had none. */
export async function revokeDoorCode(sql: Sql, homeId: string, by: string): Promise<boolean> {
  return (await sql.query('update door_code set revoked_at = anling_now(), revoked_by = $2 where home_id = $1 and revoked_at is null returning handle', [homeId, by])).length > 0;
}

export type DoorState = { issuedAt: number; issuedBy: string } | null;
/** The home's valid code without the code, and how many were revoked. */
export async function doorOf(sql: Sql, homeId: string): Promise<{ valid: DoorState; revoked: number }> {
  const rows = await sql.query<{ issuedAt: number; issuedBy: string; revoked: boolean }>(
    `select issued_at as "issuedAt", issued_by as "issuedBy", revoked_at is not null as revoked from door_code where home_id = $1 order by issued_at`, [homeId]);
  const now = rows.find((r) => !r.revoked);
  return { valid: now ? { issuedAt: now.issuedAt, issuedBy: now.issuedBy } : null, revoked: rows.filter((r) => r.revoked).length };
}

/** Homes of a region (digits) that somebody lives in, by id; at most `limit`. */
export async function homesOfRegion(sql: Sql, prefix: string, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(`select h.id from home h where h.region_code like $1 || '%' and exists (select from person p where p.home_id = h.id) order by h.id limit $2`, [prefix, limit]);
  return rows.map((r) => r.id);
}

export type DoorLabel = { homeId: string; regionCode: string; code: string };
/** Valid codes of these homes, or of all of a region's, in the order in which one walks the list. */
export async function doorLabels(sql: Sql, seal: Seal, of: { prefix: string; home: string | null; limit: number }): Promise<DoorLabel[]> {
  const rows = await sql.query<{ homeId: string; regionCode: string; handle: string }>(
    `select d.home_id as "homeId", h.region_code as "regionCode", d.handle from door_code d join home h on h.id = d.home_id
     where d.revoked_at is null and h.region_code like $1 || '%' and ($2::text is null or h.id = $2) order by h.region_code, h.id limit $3`, [of.prefix, of.home, of.limit]);
  return rows.map(({ handle, ...rest }) => ({ ...rest, code: codeOf(seal, handle) }));
}
