/**
 * Counts about the county for strips and beats: who cannot be heard, what waits to be sent, which consoles live. How fast was
 * answered stands in store/kpi.ts. Devices by state stand in store/outages.ts.
 */
import { limits } from '#core/limits.ts';
import { unheardPeople } from './outages.ts';
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';

// Lost devices: silent beyond their class, or presumed so; a person is unheard when no other device of his is online.
const unheard = `with gone as (
    select d.home_id from presence p join device d on d.id = p.device_id where p.silent_at is not null and d.status <> 'revoked' union all select home_id from presumed_unreachable), ${unheardPeople}`;

/** 现在听不到: persons by village none of whose devices can be heard now; those who are away are not missed. */
export function countCannotHear(sql: Sql): Promise<{ code: string; count: number }[]> {
  return sql.query(`${unheard} select region_code as code, count(*)::int as count from unheard group by region_code`);
}

export type Unheard = { personId: string; homeId: string; regionCode: string; nameEnc: Buffer; highRisk: boolean; lastSeenAt: number | null; presumed: boolean };

/** The people behind the count, those at risk first. */
export function listCannotHear(sql: Sql, prefix: string, limit: number): Promise<Unheard[]> {
  return sql.query<Unheard>(
    `${unheard} select q.id as "personId", q.home_id as "homeId", q.region_code as "regionCode", q.name_enc as "nameEnc", q.high_risk as "highRisk",
       max(p.last_seen_at) as "lastSeenAt", bool_and(p.silent_at is null) as presumed
     from unheard q join device e on e.home_id = q.home_id and (e.person_id is null or e.person_id = q.id) and e.status <> 'revoked' join presence p on p.device_id = e.id
     where q.region_code like $1 || '%' group by 1, 2, 3, 4, 5 order by q.high_risk desc, max(p.last_seen_at) nulls first, q.id limit $2`, [prefix, limit]);
}

export type NightVillage = { code: string; people: number; evacuated: number; seen: number; heard: number; missing: number };

/**
 * What the flood office asks each hour (FIELD 3): by village, of the people who have a device that was ever heard, who is evacuated, whom a
 * human has seen or spoken to since `from`, who is heard by a device, and who is none of it. Each counts once, in this order.
 */
export function countNight(sql: Sql, prefix: string, from: number): Promise<NightVillage[]> {
  return sql.query<NightVillage>(
    `${unheard}, who as (
       select q.id, h.region_code as code, coalesce(q.mode = 'evacuated' and q.mode_until > anling_now(), false) or coalesce(h.mode = 'evacuated' and h.mode_until > anling_now(), false) as evacuated,
         exists (select from alert a join alert_log l on l.alert_id = a.id where a.home_id = q.home_id and (a.person_id = q.id or a.person_id is null) and l.at >= to_timestamp($2::float8 / 1000) and l.action in ('contact', 'arrived', 'done'))
           or exists (select from roll_call_person c join roll_call_mark k on k.roll_call_id = c.roll_call_id and k.region_code = c.region_code and k.no = c.no where c.person_id = q.id and k.status in ('safe', 'help') and k.at >= to_timestamp($2::float8 / 1000)) as seen,
         q.id in (select id from unheard) as missing
       from person q join home h on h.id = q.home_id
       where q.status = 'present' and h.region_code like $1 || '%' and exists (
         select from device d join presence p on p.device_id = d.id where d.home_id = q.home_id and (d.person_id is null or d.person_id = q.id) and d.status <> 'revoked' and p.last_seen_at is not null))
     select code, count(*)::int as people, count(*) filter (where evacuated)::int as evacuated, count(*) filter (where not evacuated and seen)::int as seen,
       count(*) filter (where not evacuated and not seen and not missing)::int as heard, count(*) filter (where not evacuated and not seen and missing)::int as missing
     from who group by code order by code`, [prefix, from]);
}

export type Sending = { due: number; oldestDueMs: number; unknown: number; failed: number };

/** What waits to be sent, and for how long. */
export async function readSending(sql: Sql): Promise<Sending> {
  const [row] = await sql.query<Sending>(
    `select count(*) filter (where state in ('due', 'sending') and due_at <= anling_now())::int as due,
       coalesce(extract(epoch from anling_now() - min(due_at) filter (where state in ('due', 'sending') and due_at <= anling_now())) * 1000, 0)::float8 as "oldestDueMs",
       count(*) filter (where state = 'unknown')::int as unknown, count(*) filter (where state = 'failed' and handled_at is null)::int as failed
     from outbox where state in ('due', 'sending', 'unknown') or (state = 'failed' and handled_at is null)`, [], 'sending');
  return row as Sending;
}

/** Whether any real (not demonstration) elder is on file, and whether any demonstration one is. */
export async function readDataKind(sql: Sql): Promise<{ real: boolean; demo: boolean }> {
  const [row] = await sql.query<{ real: boolean; demo: boolean }>('select exists (select 1 from person where not demo) as real, exists (select 1 from person where demo) as demo', [], 'data-kind');
  return row ?? { real: false, demo: false };
}

/** The oldest open P1 or P2 that nobody has claimed. */
export async function readOldestUnclaimed(sql: Sql, prefix: string): Promise<{ id: string; kind: string; priority: number; openedAt: number; ageMs: number } | null> {
  const [row] = await sql.query<{ id: string; kind: string; priority: number; openedAt: number; ageMs: number }>(
    `select id, kind, priority, opened_at as "openedAt", (extract(epoch from anling_now() - opened_at) * 1000)::float8 as "ageMs" from alert
     where state = 'open' and priority <= 2 and not ('shelved' = any(flags)) and ${seenFrom('region_code')} order by priority, opened_at limit 1`, [prefix]);
  return row ?? null;
}

export type ConsoleRow = { tabId: string; userId: string; visible: boolean; audio: string; lastSeq: number; /** ms since a new key or click; null: none since the last beat */ inputAgoMs: number | null };

/** Notes what a wall tab says of itself; the worker judges consoles by these rows. A tab id belongs to the user who brought it first. */
export async function beatConsole(sql: Sql, row: ConsoleRow): Promise<void> {
  await sql.query(
    `insert into console (tab_id, user_id, beat_at, visible, audio, last_seq, input_at) values ($1, $2, anling_now(), $3, $4, $5, anling_now() - $6::float8 * interval '1 ms')
     on conflict (tab_id) do update set beat_at = anling_now(), visible = $3, audio = $4, last_seq = $5, input_at = greatest(console.input_at, excluded.input_at) where console.user_id = $2`,
    [row.tabId, row.userId, row.visible, row.audio, row.lastSeq, row.inputAgoMs], 'console-beat');
}

/** A tab changes hands: from now on it beats for another user. */
export async function seatConsole(sql: Sql, tabId: string, fromId: string, toId: string): Promise<void> {
  await sql.query('update console set user_id = $3 where tab_id = $1 and user_id = $2', [tabId, fromId, toId]);
}

/** Wall tabs that beat lately, and how many of them can sound. */
export async function countConsoles(sql: Sql): Promise<{ open: number; hearing: number }> {
  const [row] = await sql.query<{ open: number; hearing: number }>(
    `select count(*)::int as open, count(*) filter (where audio = 'running')::int as hearing from console where beat_at > anling_now() - $1 * interval '1 ms'`, [limits.consoleLostMs], 'count-consoles');
  return row ?? { open: 0, hearing: 0 };
}

/** Consoles that beat lately, with their users: the status strip's other seats, those of a scope and the county's that serves it too. */
export function listConsoles(sql: Sql, prefix: string): Promise<{ name: string; visible: boolean | null; audio: string | null; beatAt: number }[]> {
  return sql.query(
    `select u.display_name as name, c.visible, c.audio, c.beat_at as "beatAt" from console c join app_user u on u.id = c.user_id
     where c.beat_at > anling_now() - $1 * interval '1 ms' and (u.scope_code like $2 || '%' or right(u.scope_code, 6) = '000000') order by c.beat_at desc limit 50`, [limits.consoleLostMs, prefix]);
}

/** The database's own clock: what every screen shows as the time (law 9). */
export async function readNow(sql: Sql): Promise<number> {
  return (await sql.query<{ now: number }>('select anling_now() as now', [], 'now'))[0]?.now ?? 0;
}
