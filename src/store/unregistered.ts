/** Refused logins (设备未登记), merged by the id they gave and bounded; they tell desk and installers what stands outside. */
import type { Refused } from '#core/publish.ts';
import type { Sql } from './pool.ts';

/** Who came so often is a real device, not a scan of random ids: it stays longest. */
export const persistent = 3;

export type RefusedCount = Refused & { count: number };

const upsert = `
insert into unregistered as u (presented_id, reason, first_at, last_at, count, address, door, door_key)
select r.presented_id, r.reason, anling_now(), anling_now(), r.count, r.address, r.door, r.door_key
from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]) as r(presented_id, reason, count, address, door, door_key) order by r.presented_id
on conflict (presented_id) do update set reason = excluded.reason, last_at = excluded.last_at, count = u.count + excluded.count, address = excluded.address, door = excluded.door, door_key = excluded.door_key`;

/** Adds to the list and trims it to `rows`, oldest first. */
export async function noteUnregistered(sql: Sql, refused: readonly RefusedCount[], rows: number): Promise<void> {
  await sql.query(upsert, [
    refused.map((r) => r.presentedId), refused.map((r) => r.reason), refused.map((r) => r.count), refused.map((r) => r.address), refused.map((r) => r.door), refused.map((r) => r.key ?? null),
  ], 'unregistered-note');
  await sql.query(`delete from unregistered where presented_id in (select presented_id from unregistered order by count >= ${persistent} desc, last_at desc, presented_id offset $1)`, [rows], 'unregistered-trim');
}

/** Those of `ids` that came `countMin` times (with a wrong secret of a real device: `persistent` times, one slip is no alert) and whose desk event is due (none within `spanMs`), at most what remains of `eventsMax` in the span; marks them. */
export async function takeUnregisteredDue(sql: Sql, ids: readonly string[], countMin: number, spanMs: number, eventsMax: number): Promise<{ presentedId: string; reason: string; count: string }[]> {
  return await sql.query(`
    with recent as (select count(*) as n from unregistered where alerted_at > anling_now() - make_interval(secs => $2 / 1000.0)), due as (
      select presented_id from unregistered where presented_id = any($1) and count >= case when reason = 'wrong-secret' then greatest($4, ${persistent}) else $4 end and (alerted_at is null or alerted_at <= anling_now() - make_interval(secs => $2 / 1000.0))
      order by first_at, presented_id limit (select greatest(0, $3 - n) from recent) for update)
    update unregistered u set alerted_at = anling_now() from due where u.presented_id = due.presented_id
    returning u.presented_id as "presentedId", u.reason, u.count`, [ids, spanMs, eventsMax, countMin], 'unregistered-due');
}
