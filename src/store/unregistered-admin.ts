/** Refused devices (设备未登记) as desk and installers see them, with the registered device of that id when there is one. */
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';

export type UnregisteredRow = {
  id: string; reason: 'unknown' | 'revoked' | 'wrong-secret'; firstAt: number; lastAt: number; count: number; address: string | null; door: string; /** what that vendor's door calls it; else null */ doorKey: string | null;
  /** The device on file under that id: revoked, or its secret is another. */ deviceId: string | null; homeId: string | null; regionCode: string | null;
};
const region = 'coalesce(h.region_code, p.registered_region_code)';

/** The last refused first; `before` is the last-time of the row before (epoch ms). Ids on file show only inside `prefix`; a stranger may stand anywhere and shows to everybody who installs. */
export function listUnregistered(sql: Sql, f: { prefix: string; before: number | null; limit: number }): Promise<UnregisteredRow[]> {
  return sql.query<UnregisteredRow>(
    `select u.presented_id as id, u.reason, u.first_at as "firstAt", u.last_at as "lastAt", u.count::float8 as count, u.address, u.door, u.door_key as "doorKey", d.id as "deviceId", h.id as "homeId", ${region} as "regionCode"
     from unregistered u left join device d on d.id = u.presented_id left join person p on p.id = d.person_id left join home h on h.id = coalesce(d.home_id, p.home_id)
     where (d.id is null or ${seenFrom(region)}) and ($2::float8 is null or u.last_at < to_timestamp($2 / 1000.0))
     order by u.last_at desc, u.presented_id limit $3`, [f.prefix, f.before, f.limit]);
}

/** Takes an entry off the list, after it was registered or judged a stranger; true when it was there. */
export async function dismissUnregistered(sql: Sql, id: string): Promise<boolean> {
  return (await sql.query('delete from unregistered where presented_id = $1 returning presented_id', [id])).length > 0;
}
