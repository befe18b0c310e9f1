/**
 * SQL of the one clock (law 9): what it shows, and its offset. `owedMs` is how far the house has put it ahead of the database's
 * own clock after that was set back; it is given back slowly (alerts/clock-watch.ts). `beatAt` is the newest beat of any process: what the clock has
 * shown already.
 */
import type { Db, Sql } from './pool.ts';

export type ClockReading = { now: number; offsetMs: number; owedMs: number; beatAt: number | null };

export async function readClock(sql: Sql): Promise<ClockReading> {
  const [row] = await sql.query<ClockReading>(
    `select anling_now() as now, offset_ms::float8 as "offsetMs", coalesce((select (value->>'owedMs')::float8 from setting where key = 'clock'), 0) as "owedMs",
       (select max(beat_at) from node) as "beatAt" from clock_offset`, [], 'clock-read');
  return row as ClockReading;
}

/** Moves the clock and what it owes by so many milliseconds; false when somebody else has moved it since it was read. */
export function moveClock(db: Db, seen: ClockReading, byMs: number): Promise<boolean> {
  return db.tx(async (sql) => {
    if ((await sql.query('update clock_offset set offset_ms = offset_ms + $2 where offset_ms = $1 returning offset_ms', [seen.offsetMs, byMs], 'clock-move')).length === 0) return false;
    await sql.query(
      `insert into setting (key, value, updated_at, updated_by) values ('clock', jsonb_build_object('owedMs', $1::float8), anling_now(), 'house')
       on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`, [Math.max(0, seen.owedMs + byMs)], 'clock-owe');
    return true;
  });
}
