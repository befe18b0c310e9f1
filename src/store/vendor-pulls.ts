/**
 * SQL of reading vendors' histories: who reads an account (a lease with a fencing token), how far it was compared, what is missing of what a
 * vendor tells, and the report of gaps. Run `finish` in a transaction: a fault of the account at the desk stands or falls with it.
 */
import { limits } from '#core/limits.ts';
import type { PullState } from '#core/vendor-door.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';
import { insertHouseEvents } from './supervision.ts';

export type Claim = { door: string; token: string; cursorAt: number | null; behind: Record<string, number> };

/** Takes the account among `doors` that is due longest; null: none is. The lease ends by itself. */
export async function claimPull(sql: Sql, doors: readonly string[], edge: string): Promise<Claim | null> {
  await sql.query(`insert into vendor_pull (door) select d.name from vendor_door d where d.name = any($1) and not exists (select from vendor_pull p where p.door = d.name) on conflict do nothing`, [doors], 'pull-rows');
  const [row] = await sql.query<Claim>(
    `update vendor_pull set edge = $2, lease_until = anling_now() + $3 * interval '1 ms', lease_token = lease_token + 1, last_at = anling_now()
     where door = (select door from vendor_pull where door = any($1) and due_at <= anling_now() and coalesce(lease_until, due_at) <= anling_now() order by due_at, door limit 1 for update skip locked)
     returning door, lease_token as token, cursor_at as "cursorAt", behind`, [doors, edge, limits.vendorPullLeaseMs], 'pull-claim');
  return row ?? null;
}

export type PullEnd = {
  /** null: it stays. */ cursorAt: number | null; behind: Readonly<Record<string, number>>; ok: boolean; why: string | null; skewMs: number | null; /** until the next round */ nextMs: number;
  records: number; missing: number; filled: number; alarms: number; oldestMs: number;
};

/** Ends a round; false: the lease was lost, and nothing of it counts. What fails for long becomes a fault of the account, and ends it when it works again. */
export async function finishPull(sql: Sql, seal: Seal, claim: Pick<Claim, 'door' | 'token'>, end: PullEnd): Promise<boolean> {
  const [row] = await sql.query<{ failingSince: number | null; tell: boolean; over: boolean }>(
    `with before as (select door, told_at from vendor_pull where door = $1 and lease_token = $2 and lease_until > anling_now() for update)
     update vendor_pull p set cursor_at = coalesce(to_timestamp($3::float8 / 1000), cursor_at), behind = $4, lease_until = null, due_at = anling_now() + $5 * interval '1 ms', why = $7, skew_ms = coalesce($8, skew_ms),
       ok_at = case when $6 then anling_now() else ok_at end, failing_since = case when $6 then null else coalesce(failing_since, anling_now()) end,
       told_at = case when $6 then null when p.told_at is null and failing_since <= anling_now() - $9 * interval '1 ms' then anling_now() else p.told_at end
     from before b where p.door = b.door
     returning failing_since as "failingSince", b.told_at is null and p.told_at is not null as tell, b.told_at is not null and p.told_at is null as over`,
    [claim.door, claim.token, end.cursorAt, JSON.stringify(end.behind), end.nextMs, end.ok, end.why, end.skewMs === null ? null : Math.round(end.skewMs), limits.vendorPullFailMs], 'pull-finish');
  if (!row) return false;
  await sql.query(
    `insert into vendor_gap as g (door, day, rounds, records, missing, filled, alarms, oldest_ms) values ($1, (anling_now() at time zone 'Asia/Shanghai')::date, 1, $2, $3, $4, $5, $6)
     on conflict (door, day) do update set rounds = g.rounds + 1, records = g.records + excluded.records, missing = g.missing + excluded.missing, filled = g.filled + excluded.filled, alarms = g.alarms + excluded.alarms,
       oldest_ms = greatest(g.oldest_ms, excluded.oldest_ms)`, [claim.door, end.records, end.missing, end.filled, end.alarms, Math.round(end.oldestMs)], 'pull-gap');
  await sql.query(`delete from vendor_gap where door = $1 and day < (anling_now() at time zone 'Asia/Shanghai')::date - $2::int`, [claim.door, limits.vendorGapDays], 'pull-gap-trim');
  if (row.tell || row.over)
    await insertHouseEvents(sql, seal, [{ kind: 'fault', edge: row.tell ? 'raise' : 'clear', data: { reason: row.tell ? 'history-not-read' : 'history-read-again', why: end.why, since: row.failingSince, subject: { type: 'vendor', id: `${claim.door}:history` } } }]);
  return true;
}

/** What a record says of a device. `no`: its telemetry number; `clear`: that an alarm is over. */
export type Candidate = { what: 'event' | 'heartbeat' | 'vitals' | 'unreadable'; deviceId: string; no: number | null; kind: string | null; name: string; at: number; clear: boolean };

/** Which of them the house does not have: by the occurrence's name, else by the device's own time. */
export async function missingOf(sql: Sql, candidates: readonly Candidate[]): Promise<boolean[]> {
  if (candidates.length === 0) return [];
  const column = <T>(of: (c: Candidate) => T): T[] => candidates.map(of);
  const near = (time: string): string => `${time} between c.at - ${limits.vendorSameMs} * interval '1 ms' and c.at + ${limits.vendorSameMs} * interval '1 ms'`;
  const rows = await sql.query<{ ord: string; has: boolean }>(
    `with c as materialized (select *, to_timestamp(at_ms / 1000) as at from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::float8[], $7::boolean[]) with ordinality as u (what, device_id, no, kind, name, at_ms, clear, ord)),
     -- A device's rows are read once for all of its records, and met by the second.
     span as (select what, no, min(at) - interval '15 minutes' as since, max(at) + interval '2 days' as till from c where what in ('heartbeat', 'vitals') group by what, no),
     said as (
       select s.what, s.no, h.device_time, h.received_at from span s, lateral (select device_time, received_at from heartbeat where device_no = s.no and received_at >= s.since and received_at < s.till) h where s.what = 'heartbeat'
       union all select s.what, s.no, v.device_time, v.received_at from span s, lateral (select device_time, received_at from vital where device_no = s.no and received_at >= s.since and received_at < s.till) v where s.what = 'vitals'),
     told as materialized (
       select distinct c.ord from c, generate_series(floor((c.at_ms - ${limits.vendorSameMs}) / 1000)::bigint, floor((c.at_ms + ${limits.vendorSameMs}) / 1000)::bigint) second
         join said on floor(extract(epoch from said.device_time))::bigint = second
       where said.what = c.what and said.no = c.no and said.received_at >= c.at - interval '15 minutes' and said.received_at < c.at + interval '2 days' and ${near('said.device_time')})
     select c.ord, case c.what
       when 'event' then exists (select from event e where e.device_id = c.device_id and e.kind = c.kind and (e.edge = 'clear') = c.clear and (e.source_event_id = c.name or ${near('e.device_time')}))
       when 'heartbeat' then exists (select from told t where t.ord = c.ord)
       when 'vitals' then exists (select from told t where t.ord = c.ord)
       else exists (select from quarantine q where q.device_id = c.device_id and (q.trace = 'h-' || c.name or q.received_at between c.at - interval '5 seconds' and c.at + interval '10 minutes')) end as has
     from c order by c.ord`,
    [column((c) => c.what), column((c) => c.deviceId), column((c) => c.no), column((c) => c.kind), column((c) => c.name), column((c) => c.at), column((c) => c.clear)], 'pull-missing');
  return rows.map((r) => !r.has);
}

/** How reading stands, by door. */
export async function pullStates(sql: Sql): Promise<Map<string, PullState>> {
  const rows = await sql.query<PullState & { door: string }>(
    `select p.door, p.cursor_at as "cursorAt", p.last_at as "lastAt", p.ok_at as "okAt", p.failing_since as "failingSince", p.why, p.skew_ms::float8 as "skewMs", (select count(*)::int from jsonb_object_keys(p.behind)) as behind,
       coalesce(g.records, 0)::float8 as records, coalesce(g.missing, 0)::float8 as missing, coalesce(g.filled, 0)::float8 as filled, coalesce(g.alarms, 0)::float8 as alarms
     from vendor_pull p left join lateral (select sum(records) as records, sum(missing) as missing, sum(filled) as filled, sum(alarms) as alarms from vendor_gap where door = p.door and day > (anling_now() at time zone 'Asia/Shanghai')::date - 7) g on true
     order by p.door`);
  return new Map(rows.map(({ door, ...state }) => [door, state]));
}

export type GapDay = { door: string; day: string; rounds: number; records: number; missing: number; filled: number; alarms: number; oldestMs: number };

/** The report of gaps, newest day first: what the vendor had, what of it was not pushed, what was back-filled, and how late at worst. */
export async function gapDays(sql: Sql, door: string, rows: number): Promise<GapDay[]> {
  return await sql.query<GapDay>(
    `select door, to_char(day, 'YYYY-MM-DD') as day, rounds, records::float8 as records, missing::float8 as missing, filled::float8 as filled, alarms::float8 as alarms, oldest_ms::float8 as "oldestMs" from vendor_gap where door = $1 order by vendor_gap.day desc limit $2`, [door, rows]);
}
