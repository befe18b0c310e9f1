/**
 * SQL of the arrival sheet (到场单, FIELD 2: 派单补贴 is paid on it) and of how often each responder is called (2.4). A response counts in the
 * month in which he arrived; tests, drills and the house's own press are no alarms, demonstration people stand apart from real ones.
 */
import { limits } from '#core/limits.ts';
import { inWindow, notCounted } from './kpi.ts';
import type { Row, Sql } from './pool.ts';

/** Region digits of the responders; county time from and to (half open). */
export type SheetOf = { prefix: string; from: number; to: number; demo: boolean };
type Who = { id: string; role: string; regionCode: string; nameEnc: Buffer };
const who = `r.id, r.role, r.region_code as "regionCode", r.name_enc as "nameEnc"`;
const mine = `engagement e join responder r on e.party = 'responder:' || r.id join alert a on a.id = e.alert_id`;
const night = (at: string): string => `(extract(hour from ${at} at time zone 'Asia/Shanghai') * 60 + extract(minute from ${at} at time zone 'Asia/Shanghai') >= ${limits.nightFromMin} or extract(hour from ${at} at time zone 'Asia/Shanghai') * 60 + extract(minute from ${at} at time zone 'Asia/Shanghai') < ${limits.nightToMin})`;

/** `told`: alarms of which he was told, of them `night`; `accepted`: he said that he goes, `missed`: and did not arrive. */
export type ResponderMonth = Who & { told: number; night: number; accepted: number; missed: number; arrived: number; arriveP50Ms: number | null };

/** A line for each responder of the scope who was told, promised or arrived in the window. */
export function responderMonths(sql: Sql, { prefix, from, to, demo }: SheetOf): Promise<ResponderMonth[]> {
  return sql.query<ResponderMonth & Row>(
    `select ${who}, (count(*) filter (where ${inWindow('e.notified_at')}))::int as told, (count(*) filter (where ${inWindow('e.notified_at')} and ${night('e.notified_at')}))::int as night,
       (count(*) filter (where ${inWindow('e.accepted_at')}))::int as accepted, (count(*) filter (where ${inWindow('e.accepted_at')} and e.arrived_at is null and a.state = 'closed'))::int as missed, (count(*) filter (where ${inWindow('e.arrived_at')}))::int as arrived,
       percentile_cont(0.5) within group (order by (extract(epoch from e.arrived_at - coalesce(e.notified_at, e.accepted_at, a.opened_at)) * 1000)::float8) filter (where ${inWindow('e.arrived_at')}) as "arriveP50Ms"
     from ${mine} where r.region_code like $1 || '%' and r.demo = $4 and a.demo = $4 and not (${notCounted}) and (${inWindow('e.notified_at')} or ${inWindow('e.accepted_at')} or ${inWindow('e.arrived_at')})
     group by r.id order by r.region_code, r.role, r.ord, r.id`, [prefix, from, to, demo]);
}

/**
 * Counts what each responder was told of in the whole days before this one (limits.loadDays), once a day: what the ring's order looks at must not move while an alarm
 * runs, or its text would go to one and its call to another. False when today's is there already.
 */
export async function countLoads(sql: Sql): Promise<boolean> {
  const rows = await sql.query(
    `with today as (select d.at from (select date_trunc('day', anling_now() at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' as at) d where not exists (select from responder_load l where l.until_at = d.at)),
       told as (select e.party, count(*)::int as told, (count(*) filter (where ${night('e.notified_at')}))::int as night from today, ${mine}
         where a.demo = r.demo and e.notified_at >= today.at - ${limits.loadDays} * interval '1 day' and e.notified_at < today.at and not (${notCounted}) group by 1)
     insert into responder_load (responder_id, told, night, until_at) select r.id, coalesce(t.told, 0), coalesce(t.night, 0), today.at from today, responder r left join told t on t.party = 'responder:' || r.id
     order by r.id
     on conflict (responder_id) do update set told = excluded.told, night = excluded.night, until_at = excluded.until_at returning responder_id`, []);
  return rows.length > 0;
}

export type ArrivalLine = Who & {
  alertId: string; kind: string; place: string | null; openedAt: number; toldAt: number | null; acceptedAt: number | null; departedAt: number | null; arrivedAt: number; doneAt: number | null; closedAt: number | null; outcome: string | null;
  /** who wrote the arrival down: he himself by text, key or link, or the desk for him */ via: 'sms' | 'dtmf' | 'link' | 'wall' | 'api' | null; byHimself: boolean | null;
};

/** Every response on site of the window, of one responder or of all in the scope, by person and time; one more than `limits.arrivalRows` says that there are more. */
export function arrivalLines(sql: Sql, { prefix, from, to, demo }: SheetOf, responder: string | null): Promise<ArrivalLine[]> {
  return sql.query<ArrivalLine & Row>(
    `select ${who}, a.id::text as "alertId", a.kind, a.region_code as place, a.opened_at as "openedAt", e.notified_at as "toldAt", e.accepted_at as "acceptedAt", e.departed_at as "departedAt", e.arrived_at as "arrivedAt", a.closed_at as "closedAt", a.outcome,
       (select min(l.at) from alert_log l where l.alert_id = a.id and l.action = 'done' and (l.actor_id = e.party or l.detail->>'party' = e.party)) as "doneAt", w.via, w.own as "byHimself"
     from ${mine} left join lateral (select l.detail->>'via' as via, l.actor_type = 'party' as own from alert_log l where l.alert_id = a.id and l.action in ('arrived', 'done') and (l.actor_id = e.party or l.detail->>'party' = e.party or l.detail->>'by' = e.party) order by l.id limit 1) w on true
     where r.region_code like $1 || '%' and r.demo = $4 and a.demo = $4 and not (${notCounted}) and ${inWindow('e.arrived_at')} and ($5::text is null or r.id = $5)
     order by r.region_code, r.id, e.arrived_at, a.id limit $6`, [prefix, from, to, demo, responder, limits.arrivalRows + 1]);
}
