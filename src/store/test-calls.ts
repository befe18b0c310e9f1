/** SQL of the monthly press (B7): what stands in the event store of each device that a person presses, the windows of a village, the weekly message. */
import type { TestCallFacts } from '#core/test-call.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { tellDoors } from './device-registry.ts';
import type { Row, Sql } from './pool.ts';

export type TestCallDevice = TestCallFacts & {
  id: string; type: string; regionCode: string | null; homeId: string | null; personId: string | null; room: string | null; demo: boolean; /** test mode, while it lasts */ testUntil: number | null;
  /** the last press: what was pressed, its alert, whether that was marked as a test */ kind: string | null; alertId: string | null; booked: boolean | null;
};

/**
 * Installed devices of these types in a region, by region and id, at most limits.testCallRows. A press counts in the home where the device hangs
 * now, by its arrival (law 9); whoever moves house proves it anew. A real alarm proves as much as a test.
 */
export function testCallDevices(sql: Sql, prefix: string, types: readonly string[]): Promise<TestCallDevice[]> {
  return sql.query<TestCallDevice & Row>(
    `select d.id, m.type, nullif(d.region_code, '') as "regionCode", d.home_id as "homeId", d.person_id as "personId", d.room, d.demo, case when d.test_until > anling_now() then d.test_until end as "testUntil",
       d.registered_at as since, greatest(p.mode_until, h.mode_until) as "awayUntil", e.received_at as "lastPressAt", e.kind, e.alert_id as "alertId", a.flags @> '{test}' as booked
     from device d join device_model m on m.id = d.model left join home h on h.id = d.home_id left join person p on p.id = d.person_id
       left join lateral (select x.received_at, x.kind, x.alert_id from event x where x.device_id = d.id and x.kind in ('sos', 'test', 'phone-in') and x.edge <> 'clear' and x.home_id is not distinct from d.home_id
         order by x.received_at desc limit 1) e on true
       left join alert a on a.id = e.alert_id
     where d.status = 'installed' and m.type = any($2) and coalesce(p.status, 'present') = 'present' and (d.region_code like $1 || '%' or length($1) <= 6 and d.region_code = '')
     order by d.region_code, d.id limit ${limits.testCallRows}`, [prefix, types], 'test-calls');
}

/** Books test mode (安装调试) from now on for all of them, or ends it with 0 ms; until when. */
export async function bookTests(sql: Sql, ids: readonly string[], ms: number): Promise<number | null> {
  const [row] = await sql.query<{ until: number }>(
    `with set as (update device set test_until = anling_now() + $2::float8 * interval '1 ms', version = version + 1 where id = any($1) returning test_until) select max(test_until) as until from set`, [ids, ms]);
  await tellDoors(sql, ids);
  return ms === 0 ? null : (row?.until ?? null);
}

export type TestCallTold = { regionCode: string; village: string; count: number; party: Party | null; phoneEnc: Buffer | null; phoneBidx: Buffer | null; demo: boolean };
/** Of these villages those that have had no message for limits.testCallRemindDays, marked for today, with the first care worker who can get one. */
export function takeTestCallVillages(sql: Sql, villages: readonly { code: string; count: number }[]): Promise<TestCallTold[]> {
  return sql.query<TestCallTold & Row>(
    `with t as (select (anling_now() at time zone 'UTC' + interval '8 hours')::date as day),
     due as (select v.code, v.n, t.day from unnest($1::text[], $2::int[]) as v (code, n), t where not exists (select from digest d where d.kind = 'test-call' and d.region_code = v.code and t.day - d.day < $3)),
     made as (insert into digest (kind, region_code, day, count) select 'test-call', due.code, due.day, due.n from due join region on region.code = due.code on conflict do nothing returning region_code, count)
     select m.region_code as "regionCode", v.name as village, m.count, 'responder:' || r.id as party, r.phone_enc as "phoneEnc", r.phone_bidx as "phoneBidx", coalesce(r.demo, false) as demo
     from made m join region v on v.code = m.region_code left join lateral (
       select * from responder r where r.region_code = m.region_code and r.role = 'care-worker' and not r.landline and r.opted_out_at is null and (r.absent_until is null or r.absent_until <= anling_now())
       order by r.ord, r.id limit 1) r on true`,
    [villages.map((v) => v.code), villages.map((v) => v.count), limits.testCallRemindDays], 'test-calls-told');
}
