/** The installer's lists: the homes of a village with what hangs there and how far it has come, and a device by what stands on it. */
import type { InstallationState } from '#core/installation.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type VisitHome = {
  homeId: string; regionCode: string; place: string | null; roadEnd: string | null; walkMinutes: number | null; dog: boolean; lat: number | null; lon: number | null; crs: string;
  people: { personId: string; name: string; special: boolean }[]; devices: { deviceId: string; model: string; room: string | null; installationId: string | null; state: InstallationState | null }[];
  /** the newest visit */ installationId: string | null; state: InstallationState | null;
};

/** The homes of a village in which somebody lives, by road. */
export async function visitHomes(sql: Sql, seal: Seal, village: string): Promise<VisitHome[]> {
  const homes = await sql.query<Omit<VisitHome, 'people' | 'devices' | 'place'> & { sealed: Buffer }>(
    `select h.id as "homeId", h.region_code as "regionCode", h.place_enc as sealed, h.road_end as "roadEnd", h.walk_minutes as "walkMinutes", h.dog, h.lat, h.lon, h.crs, i.id as "installationId", i.state
     from home h left join lateral (select id, state from installation where home_id = h.id order by begun_at desc, id limit 1) i on true
     where h.region_code = $1 and exists (select from person p where p.home_id = h.id and p.status in ('present', 'refused')) order by h.walk_minutes nulls last, h.road_end, h.id limit $2`, [village, limits.installHomes]);
  const ids = homes.map((h) => h.homeId);
  const people = await sql.query<{ homeId: string; personId: string; sealed: Buffer; special: boolean }>(
    `select home_id as "homeId", id as "personId", name_enc as sealed, high_risk as special from person where home_id = any($1) and status in ('present', 'refused') order by id`, [ids]);
  const devices = await sql.query<VisitHome['devices'][number] & { homeId: string }>(
    `select d.home_id as "homeId", d.id as "deviceId", d.model, d.room, i.id as "installationId", i.state
     from device d left join lateral (select id, state from installation where device_id = d.id order by begun_at desc, id limit 1) i on true where d.home_id = any($1) and d.status <> 'revoked' order by d.id`, [ids]);
  return homes.map(({ sealed, ...h }) => ({
    ...h, place: seal.openIfReadable('home.place', sealed),
    people: people.flatMap((p) => (p.homeId === h.homeId ? [{ personId: p.personId, name: seal.openIfReadable('person.name', p.sealed) ?? '?', special: p.special }] : [])),
    devices: devices.flatMap(({ homeId, ...d }) => (homeId === h.homeId ? [d] : [])),
  }));
}

/** A device by its id or serial number. */
export async function deviceByCode(sql: Sql, code: string): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>('select id from device where id = $1 or serial = $1 order by id = $1 desc, id limit 1', [code]);
  return row?.id ?? null;
}

/** Models with what an acceptance needs of them. */
export type InstallModel = { id: string; name: string; type: string; graceS: number; voice: boolean };
export function installModels(sql: Sql): Promise<InstallModel[]> {
  return sql.query<InstallModel>('select m.id, m.name, m.type, c.grace_s as "graceS", m.voice from device_model m join supervision_class c on c.id = m.supervision_class order by m.id');
}

/** The first contact in calling order whom a ring test may reach: of the person, or of whoever lives in the home. */
export async function firstContactOf(sql: Sql, homeId: string, personId: string | null): Promise<string | null> {
  const [row] = await sql.query<{ id: string }>(
    `select c.id from contact c join person p on p.id = c.person_id where p.home_id = $1 and ($2::text is null or p.id = $2) and c.withdrawn_at is null and c.opted_out_at is null order by p.id, c.ord, c.id limit 1`, [homeId, personId]);
  return row?.id ?? null;
}

/** Takes over what the visit found: the place in SMS words, and the position where it is exact, into the file of the home. True: something changed. */
export async function correctHome(sql: Sql, homeId: string, found: { placeEnc: Buffer | null; lat: number | null; lon: number | null; accuracyM: number | null }): Promise<boolean> {
  const exact = found.lat !== null && found.lon !== null && found.accuracyM !== null && found.accuracyM <= limits.installAccuracyM;
  if (found.placeEnc === null && !exact) return false;
  await sql.query(
    `update home set place_enc = coalesce($2, place_enc), lat = case when $3 then $4::float8 else lat end, lon = case when $3 then $5::float8 else lon end, crs = case when $3 then 'wgs84' else crs end, version = version + 1 where id = $1`,
    [homeId, found.placeEnc, exact, found.lat, found.lon]);
  return true;
}

/** Holds a device until the end of the transaction, so that nothing is done to it between a look and what follows from it. */
export async function holdDevice(sql: Sql, id: string): Promise<void> {
  await sql.query('select id from device where id = $1 for update', [id]);
}
