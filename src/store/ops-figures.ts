/** What /ops shows of the rows: what waits and for how long, what the provider refused, the database itself, blind windows, the feed's head. */
import type { Sql } from './pool.ts';

export type Waiting = { count: number; oldestMs: number };
export type OpsRows = {
  now: number; events: Waiting; timers: Waiting; clockOffsetMs: number; quarantined: number; feedSeq: string; feedAt: number | null;
  bytes: number; connections: number; connectionsMax: number; oldestTxMs: number; standbys: number; standbyLagMs: number | null;
};

const waiting = (since: string): string => `json_build_object('count', count(*), 'oldestMs', coalesce(extract(epoch from anling_now() - min(${since})) * 1000, 0))`;

/** One statement; `quarantined`: frames of the last day that nobody has replayed. A backup's transaction is long and holds nobody up. */
export async function readOpsRows(sql: Sql): Promise<OpsRows> {
  const [row] = await sql.query<OpsRows>(
    `select anling_now() as now, (select ${waiting('received_at')} from event where evaluated_at is null) as events,
       (select ${waiting('due_at')} from timer where fired_at is null and cancelled_at is null and due_at <= anling_now()) as timers, (select offset_ms::float8 from clock_offset) as "clockOffsetMs",
       (select count(*)::int from quarantine where replayed_at is null and received_at > anling_now() - interval '1 day') as quarantined,
       (select seq from feed_counter) as "feedSeq", (select at from feed order by seq desc limit 1) as "feedAt", pg_database_size(current_database())::float8 as bytes,
       (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections, current_setting('max_connections')::int as "connectionsMax",
       (select coalesce(max(extract(epoch from anling_now() - xact_start) * 1000), 0)::float8 from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid() and application_name <> 'anling-backup') as "oldestTxMs",
       (select count(*)::int from pg_stat_replication) as standbys, (select (max(extract(epoch from replay_lag)) * 1000)::float8 from pg_stat_replication) as "standbyLagMs"`, [], 'ops-rows');
  return row as OpsRows;
}

export type ProviderError = { channel: 'sms' | 'voice'; code: string; count: number; lastAt: number };

/** Codes of the last 24 hours, the most frequent first, and how many messages there were. */
export async function readProviderErrors(sql: Sql): Promise<{ sent: number; errors: ProviderError[] }> {
  const rows = await sql.query<{ channel: 'sms' | 'voice'; code: string | null; count: number; lastAt: number }>(
    `select channel, error_code as code, count(*)::int as count, max(created_at) as "lastAt" from outbox where created_at > anling_now() - interval '1 day' and state not in ('withdrawn', 'dry') group by 1, 2 order by 3 desc`, [], 'ops-errors');
  return { sent: rows.reduce((sum, r) => sum + r.count, 0), errors: rows.flatMap(({ code, ...r }) => (code === null ? [] : [{ ...r, code }])).slice(0, 30) };
}

export type BlindWindow = { from: number; to: number; why: string };
/** The last week's, the newest first. */
export function recentBlindWindows(sql: Sql): Promise<BlindWindow[]> {
  return sql.query<BlindWindow>(`select from_at as "from", to_at as "to", why from blind_window where to_at > anling_now() - interval '7 days' order by from_at desc limit 50`, [], 'ops-blind');
}
