/**
 * SQL of durable timers (STYLE: never before, possibly late, possibly again after a crash, on any worker). One live row per
 * alert and slot; a handler runs in the transaction that marks its row fired.
 */
import type { Slot, TimerSet } from '#core/change.ts';
import type { AlertId } from '#core/ids.ts';
import type { Row, Sql } from './pool.ts';

export type DueTimer = { id: string; alertId: AlertId; slot: Slot; dueAt: number; payload: Record<string, unknown>; attempts: number };
const fromRow = (r: Row): DueTimer => ({
  id: r['id'] as string, alertId: r['alert_id'] as AlertId, slot: r['slot'] as Slot, dueAt: r['due_at'] as number, payload: r['payload'] as Record<string, unknown>, attempts: r['attempts'] as number,
});

/** Alerts with a due timer, the longest due first; `not` are left out (their last try failed a moment ago). */
export async function alertsDue(sql: Sql, limit: number, not: readonly string[]): Promise<AlertId[]> {
  const rows = await sql.query<{ id: AlertId }>(
    `select alert_id as id from (
       select alert_id, due_at from timer where fired_at is null and cancelled_at is null and alert_id is not null and due_at <= anling_now() and alert_id <> all($2::bigint[]) order by due_at limit $1 * 4) first
     group by alert_id order by min(due_at) limit $1`, [limit, not], 'timers-alerts-due'); // along the index of due times: a backlog of thousands costs no more than its first
  return rows.map((r) => r.id);
}

/** The due timers of alerts that this transaction has locked, by due time. */
export async function dueTimersOf(sql: Sql, alertIds: readonly AlertId[]): Promise<DueTimer[]> {
  const rows = await sql.query(
    `select id, alert_id, slot, due_at, payload, attempts from timer
     where alert_id = any($1::bigint[]) and alert_id is not null and fired_at is null and cancelled_at is null and due_at <= anling_now() order by due_at, id for update`, [alertIds], 'timers-due');
  return rows.map(fromRow);
}

/** Every live timer of these alerts. */
export async function liveTimers(sql: Sql, alertIds: readonly AlertId[]): Promise<Map<AlertId, Map<Slot, TimerSet>>> {
  const out = new Map<AlertId, Map<Slot, TimerSet>>();
  if (alertIds.length === 0) return out;
  for (const t of (await sql.query(
    'select id, alert_id, slot, due_at, payload, attempts from timer where alert_id = any($1::bigint[]) and alert_id is not null and fired_at is null and cancelled_at is null', [alertIds], 'timers-live')).map(fromRow))
    out.set(t.alertId, (out.get(t.alertId) ?? new Map()).set(t.slot, { dueAt: t.dueAt, payload: t.payload }));
  return out;
}

export async function markFired(sql: Sql, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await sql.query('update timer set fired_at = anling_now() where id = any($1::bigint[])', [ids], 'timers-fired');
}

export async function cancelTimers(sql: Sql, timers: readonly { alertId: AlertId; slot: Slot }[]): Promise<void> {
  if (timers.length === 0) return;
  await sql.query(
    `update timer t set cancelled_at = anling_now() from unnest($1::bigint[], $2::text[]) as v (alert_id, slot)
     where t.alert_id = v.alert_id and t.alert_id is not null and t.slot = v.slot and t.fired_at is null and t.cancelled_at is null`, [timers.map((t) => t.alertId), timers.map((t) => t.slot)], 'timers-cancel');
}

/** Sets or replaces the live timer of each alert and slot. */
export async function setTimers(sql: Sql, timers: readonly { alertId: AlertId; slot: Slot; set: TimerSet }[]): Promise<void> {
  if (timers.length === 0) return;
  await sql.query(
    `insert into timer (alert_id, slot, due_at, payload) select v.alert_id, v.slot, to_timestamp(v.due_at / 1000), v.payload from unnest($1::bigint[], $2::text[], $3::float8[], $4::jsonb[]) as v (alert_id, slot, due_at, payload)
     on conflict (alert_id, slot) where fired_at is null and cancelled_at is null and alert_id is not null do update set due_at = excluded.due_at, payload = excluded.payload, attempts = 0, error = null`,
    [timers.map((t) => t.alertId), timers.map((t) => t.slot), timers.map((t) => t.set.dueAt), timers.map((t) => JSON.stringify(t.set.payload ?? {}))], 'timers-set');
}

/** A handler failed: counted on its rows, so that the failure is seen; the timers stay due. */
export async function countTimerFailure(sql: Sql, alertId: AlertId, error: string): Promise<void> {
  await sql.query(
    `update timer set attempts = least(attempts + 1, 30000), error = $2 where alert_id = $1 and fired_at is null and cancelled_at is null and due_at <= anling_now()`, [alertId, error.slice(0, 500)], 'timers-failed');
}

/** When a timer (alias of its row) does what people expect of it: a claim's looks earlier than its deadline, whether the console still beats. */
export const dueShown = (t: string): string => `case when ${t}.slot = 'claim' then coalesce(to_timestamp((${t}.payload->>'deadline')::float8 / 1000), ${t}.due_at) else ${t}.due_at end`;

export type SystemTimer = { id: string; slot: string; dueAt: number; payload: Record<string, unknown> };

/** One due timer without an alert, locked; null when there is none (or others have them). */
export async function claimSystemTimer(sql: Sql): Promise<SystemTimer | null> {
  const [r] = await sql.query(
    `select id, slot, due_at, payload from timer where alert_id is null and fired_at is null and cancelled_at is null and due_at <= anling_now() order by due_at limit 1 for update skip locked`, [], 'timers-system');
  return r ? { id: r['id'] as string, slot: r['slot'] as string, dueAt: r['due_at'] as number, payload: r['payload'] as Record<string, unknown> } : null;
}

/** A timer without an alert could not be handled: counted on its row, and due again later, so that it holds up no other. */
export async function setBackSystemTimer(sql: Sql, id: string, error: string): Promise<void> {
  await sql.query(
    `update timer set attempts = least(attempts + 1, 30000), error = $2, due_at = anling_now() + least(power(2, least(attempts, 10)), 300) * interval '1 second'
     where id = $1 and fired_at is null and cancelled_at is null`, [id, error.slice(0, 500)], 'timers-set-back');
}

/** Sets timers without an alert; one that is live keeps the earlier time. */
export async function setSystemTimers(sql: Sql, timers: readonly { slot: string; dueAt: number; payload?: Record<string, unknown> }[]): Promise<void> {
  if (timers.length === 0) return;
  await sql.query(
    `insert into timer (slot, due_at, payload) select v.slot, to_timestamp(v.due_at / 1000), v.payload from unnest($1::text[], $2::float8[], $3::jsonb[]) as v (slot, due_at, payload)
     on conflict (slot) where fired_at is null and cancelled_at is null and alert_id is null do update set due_at = least(timer.due_at, excluded.due_at)`,
    [timers.map((t) => t.slot), timers.map((t) => t.dueAt), timers.map((t) => JSON.stringify(t.payload ?? {}))], 'timers-set-system');
}

/** The one clock, as epoch milliseconds (law 9). */
export async function readNow(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ now: number }>('select anling_now() as now', [], 'clock-now');
  return (row as { now: number }).now;
}
