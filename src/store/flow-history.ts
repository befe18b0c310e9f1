/** What happened in a span, as the streams of the flows give it (C10): for trials. Changes of alerts, events, readings; each with when it happened. */
import { alertFeed, type FeedRow } from './alert-views.ts';
import { type FlowEvent, type FlowSample, flowEvents } from './flows.ts';
import type { Sql } from './pool.ts';

export type Span = { from: number; to: number; /** of the answer before */ after: number; rows: number };

/** The number before the first row of the span: both streams come in the order of time, so it is found by halving instead of by reading all. */
export async function numberBefore(sql: Sql, stream: 'alerts' | 'events', from: number): Promise<number> {
  const [table, id, at] = stream === 'alerts' ? ['feed', 'seq', 'at'] : ['event', 'id', 'received_at'];
  const [ends] = await sql.query<{ low: string | null; high: string | null }>(`select min(${id}) as low, max(${id}) as high from ${table}`);
  let [low, high] = [Number(ends?.low ?? 1) - 1, Number(ends?.high ?? 0)]; // the number sought lies in low..high
  while (low < high) {
    const mid = Math.floor((low + high) / 2) + 1;
    const [row] = await sql.query<{ id: string; at: number }>(`select ${id} as id, ${at} as at from ${table} where ${id} >= $1 order by ${id} limit 1`, [mid]);
    if (row && row.at < from) low = Number(row.id); else high = mid - 1;
  }
  return low;
}

/** Changes of alerts in the span after this feed number; `at` when they happened, the alert as it is now. */
export const alertsBetween = (sql: Sql, s: Span): Promise<(FeedRow & { at: number })[]> => sql.query<FeedRow & { at: number }>(
  `select f.at, ${alertFeed} where f.seq > $3 and f.at >= to_timestamp($1::float8 / 1000) and f.at < to_timestamp($2::float8 / 1000) order by f.seq limit $4`, [s.from, s.to, s.after, s.rows]);

/** Events received in the span after this number. */
export const eventsBetween = (sql: Sql, s: Span): Promise<FlowEvent[]> => sql.query<FlowEvent>(
  `${flowEvents} where e.id > $3 and e.received_at >= to_timestamp($1::float8 / 1000) and e.received_at < to_timestamp($2::float8 / 1000) order by e.id limit $4`, [s.from, s.to, s.after, s.rows]);

/** The last reading of each device in each `everyS` of the span, in the order of time: the day is read once, whatever index it has. */
export async function samplesBetween(sql: Sql, s: { from: number; to: number; everyS: number; prefix: string; deviceId: string | null; batteryBelow: number | null; rows: number }): Promise<FlowSample[]> {
  // A maximum of arrays is the newest row's: time stands first. What is not there is NaN, which sorts last and is none of the values.
  const rows = await sql.query<Omit<FlowSample, 'battery' | 'rssi' | 'mains' | 'temp' | 'at' | 'state'> & { last: number[] }>(
    `select d.id as "deviceId", d.model, coalesce(nullif(d.region_code, ''), o.region_code, '') as "regionCode", x.last
     from (select h.device_no, max(array[extract(epoch from h.received_at) * 1000, coalesce(h.battery::float8, 'NaN'), coalesce(h.rssi::float8, 'NaN'), coalesce(h.mains::int::float8, 'NaN'), coalesce(h.temp::float8, 'NaN')]::float8[]) as last
       from heartbeat h where h.received_at >= to_timestamp($1::float8 / 1000) and h.received_at < to_timestamp($2::float8 / 1000) and ($5::text is null or h.device_no = (select no from device where id = $5)) and ($6::int is null or h.battery < $6)
       group by floor(extract(epoch from h.received_at) / $3), h.device_no) x
     join device d on d.no = x.device_no left join home o on o.id = d.home_id
     where d.status = 'installed' and coalesce(nullif(d.region_code, ''), o.region_code, '') like $4 || '%' order by x.last[1], d.id limit $7`, [s.from, s.to, s.everyS, s.prefix, s.deviceId, s.batteryBelow, s.rows]);
  const known = (n: number | undefined): number | null => (n === undefined || Number.isNaN(n) ? null : n);
  return rows.map(({ last: [at = 0, battery, rssi, mains, temp], ...row }) => ({ ...row, at: Math.floor(at), state: 'online', battery: known(battery), rssi: known(rssi), mains: known(mains) === null ? null : mains === 1, temp: known(temp) }));
}
