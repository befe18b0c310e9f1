/**
 * SQL of the beds at night (离床未归, C6): who left his bed and is not back, by the readings of a bed that only says "in" and "out"; and who is back. What a bed
 * raises by itself is its own event and comes as ever; for one leaving there is one, whoever says it.
 */
import { limits } from '#core/limits.ts';
import type { Row, Sql } from './pool.ts';

export type BedMove = { deviceId: string; homeId: string | null; personId: string | null; room: string | null; back: boolean; since: number };

const clock = `(anling_now() at time zone 'UTC' + interval '8 hours')::time`;
/**
 * Leavings of this night that are long enough and have no event yet; and beds that are taken again while the house's own word stands. Only beds that still speak: the newest
 * word of one that fell silent proves nothing. Several workers at once find the same: the ingest id of an event is made of the leaving.
 */
export function bedMoves(sql: Sql): Promise<BedMove[]> {
  return sql.query<BedMove & Row>(
    `with bed as (
       select d.id, d.home_id, coalesce(d.person_id, (select min(q.id) from person q where d.person_id is null and q.home_id = d.home_id and q.status = 'present' having count(*) = 1)) as person_id, d.room, now.bed, now.at, d.no
       from device d join device_model m on m.id = d.model and m.type = 'bed' join presence p on p.device_id = d.id and p.state = 'online', lateral (
         select v.bed, v.received_at as at from vital v where v.device_no = d.no and v.bed is not null and v.received_at > anling_now() - make_interval(secs => $1 / 1000.0) order by v.received_at desc limit 1) now
       where d.status = 'installed'),
     last_in as (
       select b.*, (select v.received_at from vital v where v.device_no = b.no and v.bed = 'in' and v.received_at > anling_now() - interval '12 hours' order by v.received_at desc limit 1) as in_at from bed b where b.bed = 'out' and (${clock} >= $2::time or ${clock} < $3::time)),
     left_at as (
       select l.*, (select v.received_at from vital v where v.device_no = l.no and v.bed = 'out' and v.received_at > l.in_at order by v.received_at limit 1) as out_at from last_in l where l.in_at is not null)
     select id as "deviceId", home_id as "homeId", person_id as "personId", room, false as back, out_at as since from left_at
       where out_at <= anling_now() - make_interval(secs => $4 / 1000.0) and not exists (select from event e where e.device_id = left_at.id and e.kind = 'bed-exit' and e.edge <> 'clear' and e.received_at >= out_at)
     union all
     select b.id, b.home_id, b.person_id, b.room, true, b.at from bed b where b.bed = 'in' and exists (
       select from alert a where a.device_id = b.id and a.kind = 'bed-exit' and a.state <> 'closed' and a.last_raised_at < b.at and not a.flags @> '{cleared-at-device}')`,
    [limits.bedFreshMs, limits.bedNight[0], limits.bedNight[1], limits.bedBackMs], 'beds-moved');
}
