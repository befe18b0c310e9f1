/**
 * SQL of a demonstration that travels in time (ADR 0014): the one clock goes ahead, and with it whatever would else be cut off by
 * a jump that nobody lived through: beats of processes and consoles, sessions, tokens, leases, the house's own self-check. Deadlines of alarms are not: they come due.
 */
import type { Sql } from './pool.ts';

/** NOTIFY without a payload: the clock has moved. With one: write down what was heard, and answer with it on `clockAnswers`. */
export const clockChannel = 'anling_clock';
export const clockAnswers = 'anling_clock_answer';

/** Asks every door to write down the signs of life that it holds back; answers how many doors there are. */
export async function askDoors(sql: Sql, nonce: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(`select count(*)::int as n from node where role = 'edge' and beat_at > anling_now() - interval '10 seconds'`, [], 'clock-doors');
  await sql.query('select pg_notify($1, $2)', [clockChannel, nonce]);
  return row?.n ?? 0;
}

export async function answerClock(sql: Sql, nonce: string): Promise<void> {
  await sql.query('select pg_notify($1, $2)', [clockAnswers, nonce]);
}

/** What a demonstration's time may not be moved for: rows that are no demonstration, by table. */
export async function realRows(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql.query<{ what: string; n: number }>(
    `select 'person' as what, count(*)::int as n from person where not demo union all select 'home', count(*)::int from home where not demo union all select 'device', count(*)::int from device where not demo and status <> 'revoked'
     union all select 'responder', count(*)::int from responder where not demo union all select 'contact', count(*)::int from contact where not demo`);
  return Object.fromEntries(rows.filter((r) => r.n > 0).map((r) => [r.what, r.n]));
}

export type Ahead = { now: number; aheadMs: number };

/** Moves the clock ahead; call it inside a transaction. Hints go out with its commit. */
export async function advanceClock(sql: Sql, byMs: number): Promise<Ahead> {
  await sql.query(`update node set beat_at = beat_at + $1 * interval '1 ms'`, [byMs]);
  await sql.query(`update console set beat_at = beat_at + $1 * interval '1 ms'`, [byMs]);
  await sql.query(`update session set seen_at = seen_at + $1 * interval '1 ms', expires_at = expires_at + $1 * interval '1 ms'`, [byMs]);
  await sql.query(`update api_token set expires_at = expires_at + $1 * interval '1 ms' where expires_at > anling_now()`, [byMs]);
  await sql.query(`update outbox set lease_until = lease_until + $1 * interval '1 ms' where state = 'sending'`, [byMs]);
  await sql.query(`update canary set next_at = next_at + $1 * interval '1 ms', busy_until = busy_until + $1 * interval '1 ms', ok_at = ok_at + $1 * interval '1 ms'`, [byMs]);
  await sql.query(`update auditor set looked_at = looked_at + $1 * interval '1 ms', clean_at = clean_at + $1 * interval '1 ms', raised_at = raised_at + $1 * interval '1 ms', outside_at = outside_at + $1 * interval '1 ms'`, [byMs]);
  await sql.query('update clock_offset set offset_ms = offset_ms + $1', [byMs]);
  for (const channel of ['anling_event', 'anling_timer', 'anling_outbox', clockChannel]) await sql.query('select pg_notify($1, $2)', [channel, '']);
  const [row] = await sql.query<Ahead>(`select anling_now() as now, ${ahead}`);
  return row as Ahead;
}

// The watcher's own share (alerts/clock-watch.ts) is no journey.
const ahead = `(select offset_ms from clock_offset)::float8 - coalesce((select (value->>'owedMs')::float8 from setting where key = 'clock'), 0) as "aheadMs"`;

/** How far ahead of the database's own clock demonstrations have gone. */
export async function readAhead(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ aheadMs: number }>(`select ${ahead}`);
  return Math.max(0, Math.round(row?.aheadMs ?? 0));
}

/**
 * The journey's end, after the demonstration is removed: the clock is the database's own again, and no process beats from the
 * future. Not while anybody real is on file or an alert is open: a clock that goes back would keep them waiting. Answers by how much.
 */
export async function returnClock(sql: Sql): Promise<number> {
  const backMs = await readAhead(sql);
  const [open] = await sql.query(`select 1 from alert where state <> 'closed' limit 1`);
  if (backMs === 0 || open || Object.keys(await realRows(sql)).length > 0) return 0;
  await sql.query(`update node set beat_at = beat_at - $1 * interval '1 ms', started_at = least(started_at, beat_at - $1 * interval '1 ms')`, [backMs]);
  await sql.query('delete from blind_window');
  await sql.query(`update session set seen_at = seen_at - $1 * interval '1 ms', expires_at = expires_at - $1 * interval '1 ms'`, [backMs]);
  await sql.query(`update console set beat_at = beat_at - $1 * interval '1 ms'`, [backMs]);
  await sql.query(`update canary set next_at = next_at - $1 * interval '1 ms', busy_until = busy_until - $1 * interval '1 ms', ok_at = ok_at - $1 * interval '1 ms'`, [backMs]);
  await sql.query(`update auditor set looked_at = looked_at - $1 * interval '1 ms', clean_at = clean_at - $1 * interval '1 ms', raised_at = raised_at - $1 * interval '1 ms', outside_at = outside_at - $1 * interval '1 ms'`, [backMs]);
  await sql.query('update clock_offset set offset_ms = offset_ms - $1', [backMs]);
  await sql.query('select pg_notify($1, $2)', [clockChannel, '']);
  return backMs;
}
