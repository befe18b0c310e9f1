/** SQL of 排班 (E9): schedules, stand-ins, holidays, and who has no turn at a moment. The deciding is core/schedule.ts's. */
import type { Party } from '#core/ids.ts';
import { type DutyRole, type Holidays, type Layer, onDuty, type Override } from '#core/schedule.ts';
import type { Row, Sql } from './pool.ts';

export type ScheduleRow = { id: string; name: string; role: DutyRole; regionCode: string; layers: Layer[]; version: number; updatedAt: number; demo: boolean };
const columns = 'id, name, role, region_code as "regionCode", layers, version, updated_at as "updatedAt", demo';

export function listSchedules(sql: Sql, prefix: string): Promise<ScheduleRow[]> {
  return sql.query<ScheduleRow>(`select ${columns} from schedule where region_code like $1 || '%' order by region_code, role, id`, [prefix]);
}

export async function findSchedule(sql: Sql, id: string): Promise<ScheduleRow | null> {
  return (await sql.query<ScheduleRow>(`select ${columns} from schedule where id = $1`, [id]))[0] ?? null;
}

/** False when the id is taken. */
export async function insertSchedule(sql: Sql, s: Omit<ScheduleRow, 'version' | 'updatedAt'>): Promise<boolean> {
  return (await sql.query('insert into schedule (id, name, role, region_code, layers, demo) values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing returning id', [s.id, s.name, s.role, s.regionCode, JSON.stringify(s.layers), s.demo])).length > 0;
}

/** The new version, or null when the row is at another one. */
export async function updateSchedule(sql: Sql, id: string, version: number, s: Pick<ScheduleRow, 'name' | 'layers'>): Promise<number | null> {
  const [row] = await sql.query<{ version: number }>(
    'update schedule set name = $3, layers = $4, version = version + 1, updated_at = anling_now() where id = $1 and version = $2 returning version', [id, version, s.name, JSON.stringify(s.layers)]);
  return row?.version ?? null;
}

/** Removes a schedule with its stand-ins; its people are always on again. */
export async function deleteSchedule(sql: Sql, id: string, version: number): Promise<boolean> {
  return (await sql.query('delete from schedule where id = $1 and version = $2 returning id', [id, version])).length > 0;
}

export type OverrideRow = Override & { scheduleId: string; swapOf: string | null };
/** Stand-ins that reach into the time, in the order in which they go over each other. */
export function listOverrides(sql: Sql, ids: readonly string[], from: number, to: number): Promise<OverrideRow[]> {
  return sql.query<OverrideRow>(
    `select id::text as id, schedule_id as "scheduleId", starts_at as "from", ends_at as "to", out_id as "out", in_id as "in", swap_of::text as "swapOf" from schedule_override
     where schedule_id = any($1) and ends_at > to_timestamp($2::float8 / 1000) and starts_at < to_timestamp($3::float8 / 1000) order by schedule_override.id`, [ids, from, to]);
}

/** Adds stand-ins; more than one are a swap, which goes as a whole. Their ids. */
export async function insertOverrides(sql: Sql, scheduleId: string, list: readonly Omit<Override, 'id'>[]): Promise<string[]> {
  const ids: string[] = [];
  for (const o of list) {
    const [row] = await sql.query<{ id: string }>(
      `insert into schedule_override (schedule_id, starts_at, ends_at, out_id, in_id, swap_of) values ($1, to_timestamp($2::float8 / 1000), to_timestamp($3::float8 / 1000), $4, $5, $6) returning id::text as id`,
      [scheduleId, o.from, o.to, o.out, o.in, ids[0] ?? null]);
    ids.push(row?.id ?? '');
  }
  return ids;
}

/** Takes a stand-in back, both halves of a swap; how many went. */
export async function deleteOverride(sql: Sql, scheduleId: string, id: string): Promise<number> {
  const rows = await sql.query(
    `delete from schedule_override where schedule_id = $1 and coalesce(swap_of, id) = (select coalesce(swap_of, id) from schedule_override where id = $2::bigint and schedule_id = $1) returning id`, [scheduleId, id]);
  return rows.length;
}

export type Holiday = { day: string; kind: 'rest' | 'work'; name: string };
export function listHolidays(sql: Sql, from: string, to: string): Promise<Holiday[]> {
  return sql.query<Holiday>(`select to_char(day, 'YYYY-MM-DD') as day, kind, name from holiday where day between $1::date and $2::date order by holiday.day`, [from, to]);
}

/** Replaces the holidays of one year. */
export async function replaceHolidays(sql: Sql, year: number, days: readonly Holiday[]): Promise<void> {
  await sql.query(`delete from holiday where extract(year from day) = $1`, [year]);
  await sql.query(`insert into holiday (day, kind, name) select * from unnest($1::date[], $2::text[], $3::text[])`, [days.map((d) => d.day), days.map((d) => d.kind), days.map((d) => d.name)]);
}

/** Schedules as they run from `at` on, with the stand-ins and holidays of the time ahead. */
export type Turns = readonly (Pick<ScheduleRow, 'layers'> & { at: number; overrides: Override[] | null; holidays: Record<string, 'rest' | 'work'> | null })[];
/** `at` null: now. `aheadMs`: how long the answer must do. */
export function readTurns(sql: Sql, at: number | null, aheadMs = 0): Promise<Turns> {
  return sql.query<Turns[number] & Row>(
    `with t as (select coalesce(to_timestamp($1::float8 / 1000), anling_now()) as at), u as (select at, at + $2::float8 * interval '1 ms' as til from t)
     select s.layers, (extract(epoch from u.at) * 1000)::float8 as at,
       (select jsonb_agg(jsonb_build_object('from', extract(epoch from o.starts_at) * 1000, 'to', extract(epoch from o.ends_at) * 1000, 'out', o.out_id, 'in', o.in_id) order by o.id)
          from schedule_override o where o.schedule_id = s.id and o.starts_at <= u.til and o.ends_at > u.at) as overrides,
       (select jsonb_object_agg(to_char(h.day, 'YYYY-MM-DD'), h.kind) from holiday h where h.day between (u.at at time zone 'Asia/Shanghai')::date - 1 and (u.til at time zone 'Asia/Shanghai')::date) as holidays
     from schedule s, u`, [at, aheadMs], 'roster-schedules');
}

/**
 * Who stands in a schedule and has no turn at `at` (null: when they were read). A schedule that has nobody then leaves all of its people on: a gap in
 * a table must never mean that fewer are called.
 */
export function offDuty(turns: Turns, at: number | null): Set<Party> {
  const [listed, on] = [new Set<string>(), new Set<string>()];
  for (const row of turns) {
    const members = row.layers.flatMap((l) => l.members);
    const holidays: Holidays = new Map(Object.entries(row.holidays ?? {}));
    const { who } = onDuty({ layers: row.layers, overrides: row.overrides ?? [] }, at ?? row.at, holidays);
    for (const id of members) { listed.add(id); if (who === null) on.add(id); }
    if (who !== null) on.add(who);
  }
  return new Set([...listed].filter((id) => !on.has(id)).map((id) => `responder:${id}` as Party));
}
