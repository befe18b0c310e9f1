/**
 * Modes (外出、住院、已转移; C9): of a person, of a home, of a whole list of villages, always with an end. Technical alarms wait
 * meanwhile, an SOS never does (rules). A mode that has ended counts as none everywhere; `endModes` only tidies the rows.
 */
import type { LifeMode } from '#core/decision.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';

/** Whom a mode is for: ids of homes and people, and regions of any level, whose homes are all meant. */
export type ModeTarget = { homes?: readonly string[]; people?: readonly string[]; regions?: readonly string[] };
export type ModeChange = ModeTarget & {
  /** null ends the mode now. */ mode: LifeMode | null; /** Epoch milliseconds, in the future; null with mode null. */ until: number | null;
  /** Who does it, and the digits of the regions he may touch (county 6, town 9, village 12). */ by: string; prefix: string;
};
export type ModeResult = { homes: number; people: number; /** asked for, but not there or out of scope */ missing: string[] };

/** Sets or ends a mode for all of them in one transaction; call it inside one. A person's mode is his own, a home's is its devices' too. */
export async function setMode(sql: Sql, change: ModeChange): Promise<ModeResult> {
  const set = `mode = $1, mode_until = to_timestamp($2::float8 / 1000), mode_since = case when $1::text is null then null when x.mode = $1 and x.mode_until > anling_now() then x.mode_since else anling_now() end,
    mode_by = case when $1::text is null then null else $3 end, version = x.version + 1`;
  const mine = `(select code from unnest($6::text[]) r (code) where r.code like $4 || '%')`;
  const homes = await sql.query<{ id: string; asked: string }>(
    `update home x set ${set} where x.region_code like $4 || '%' and (x.id = any($5::text[]) or exists (
       select from ${mine} r where x.region_code between r.code and rpad(regexp_replace(r.code, '(000){1,2}$', ''), 12, '9'))) returning x.id`,
    [change.mode, change.until, change.by, change.prefix, change.homes ?? [], change.regions ?? []]);
  const people = await sql.query<{ id: string }>(
    `update person x set ${set} where x.id = any($5::text[])
       and exists (select from person q left join home h on h.id = q.home_id where q.id = x.id and coalesce(h.region_code, q.registered_region_code, '') like $4 || '%') returning x.id`,
    [change.mode, change.until, change.by, change.prefix, change.people ?? []]);
  if (change.mode === null) await lookAgain(sql, homes.map((h) => h.id), people.map((p) => p.id));
  const done = new Set([...homes, ...people].map((r) => r.id));
  const missing = [...(change.homes ?? []), ...(change.people ?? [])].filter((id) => !done.has(id));
  return { homes: homes.length, people: people.length, missing: [...missing, ...(change.regions ?? []).filter((code) => !code.startsWith(change.prefix))] };
}

// What was silent meanwhile and waited for the end of the mode is looked at by the next sweep.
async function lookAgain(sql: Sql, homes: readonly string[], people: readonly string[]): Promise<void> {
  await sql.query(
    `update presence p set check_at = anling_now() from device d where d.id = p.device_id and p.state = 'offline' and p.offline_event_at is null and p.outage_id is null
       and (d.home_id = any($1::text[]) or d.person_id = any($2::text[]) or d.home_id in (select home_id from person where id = any($2::text[])))`, [homes, people]);
}

/** Clears modes that have ended; resolves with how many. */
export async function endModes(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `with h as (update home set mode = null, mode_until = null, mode_since = null, mode_by = null where mode is not null and mode_until <= anling_now() returning 1),
     p as (update person set mode = null, mode_until = null, mode_since = null, mode_by = null where mode is not null and mode_until <= anling_now() returning 1)
     select (select count(*) from h)::int + (select count(*) from p)::int as n`, [], 'modes-end');
  return row?.n ?? 0;
}

export type ModeRow = {
  type: 'home' | 'person'; id: string; homeId: string | null; regionCode: string | null; mode: LifeMode; until: number; since: number | null; by: string | null;
  /** Lasts longer than limits.forgottenModeMs: somebody forgot to switch back. */ forgotten: boolean; highRisk: boolean; /** person only, sealed */ nameEnc: Buffer | null;
};

/** Modes that hold now in a scope, the forgotten first, then by age. */
export function listModes(sql: Sql, prefix: string, limit: number = limits.pageRows): Promise<ModeRow[]> {
  return sql.query<ModeRow>(
    `select v.*, coalesce(v.since < anling_now() - make_interval(secs => $3 / 1000.0), false) as forgotten from (
       select 'home' as type, h.id, h.id as "homeId", h.region_code as "regionCode", h.mode, h.mode_until as until, h.mode_since as since, h.mode_by as by,
         exists (select from person q where q.home_id = h.id and q.high_risk and q.status = 'present') as "highRisk", null::bytea as "nameEnc"
       from home h where h.mode is not null and h.mode_until > anling_now()
       union all
       select 'person', p.id, p.home_id, coalesce(h.region_code, p.registered_region_code), p.mode, p.mode_until, p.mode_since, p.mode_by, p.high_risk, p.name_enc
       from person p left join home h on h.id = p.home_id where p.mode is not null and p.mode_until > anling_now()) v
     where ${seenFrom('v."regionCode"')} order by forgotten desc, v.since nulls first, v.id limit $2`, [prefix, limit, limits.forgottenModeMs]);
}
