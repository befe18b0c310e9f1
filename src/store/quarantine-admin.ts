/** Quarantine (待查报文) as people look at it: the list shows no content; one frame is opened only for an audited look. */
import { scopePrefix } from '#core/ids.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export type QuarantineRow = {
  id: string; deviceId: string; topic: string; bytes: number; reason: string; receivedAt: number; trace: string; regionCode: string | null; homeId: string | null;
  replayedAt: number | null; replayedBy: string | null; replayResult: string | null;
};
const columns = `q.id, q.device_id as "deviceId", q.topic, q.bytes, q.reason, q.received_at as "receivedAt", q.trace, q.replayed_at as "replayedAt", q.replayed_by as "replayedBy",
  q.replay_result as "replayResult", coalesce(h.region_code, p.registered_region_code) as "regionCode", h.id as "homeId"`;
const joins = 'quarantine q left join device d on d.id = q.device_id left join person p on p.id = d.person_id left join home h on h.id = coalesce(d.home_id, p.home_id)';

/** Newest first, before an id. `open`: not replayed yet. Frames of devices without a home belong to the whole county. */
export function listQuarantined(sql: Sql, f: { scopeCode: string; before: string | null; deviceId: string | null; open: boolean; limit: number }): Promise<QuarantineRow[]> {
  return sql.query<QuarantineRow>(
    `select ${columns} from ${joins} where (coalesce(h.region_code, p.registered_region_code) like $1 || '%' or (coalesce(h.region_code, p.registered_region_code) is null and length($1) <= 6))
       and ($2::bigint is null or q.id < $2) and ($3::text is null or q.device_id = $3) and (not $4 or q.replayed_at is null) order by q.id desc limit $5`,
    [scopePrefix(f.scopeCode), f.before, f.deviceId, f.open, f.limit]);
}

/** One frame with its bytes; the caller checks its region and audits the look. */
export async function findQuarantined(sql: Sql, seal: Seal, id: string): Promise<(QuarantineRow & { raw: Buffer }) | null> {
  const [row] = await sql.query<QuarantineRow & { raw: Buffer }>(`select ${columns}, q.raw_enc as raw from ${joins} where q.id = $1`, [id]);
  return row ? { ...row, raw: Buffer.from(seal.open('quarantine.raw', row.raw), 'base64') } : null;
}

/** What is known of one frame without opening it. */
export async function findQuarantineRow(sql: Sql, id: string): Promise<QuarantineRow | null> {
  return (await sql.query<QuarantineRow>(`select ${columns} from ${joins} where q.id = $1`, [id]))[0] ?? null;
}
