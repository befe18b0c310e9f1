/** Quarantine (待查报文) as people look at it: the list shows no content; one frame is opened only for an audited look. */
import { scopePrefix } from '#core/ids.ts';
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';
import type { Seal } from './seal.ts';

export type QuarantineRow = {
  id: string; deviceId: string; topic: string; bytes: number; reason: string; receivedAt: number; trace: string; regionCode: string | null; homeId: string | null;
  replayedAt: number | null; replayedBy: string | null; replayResult: string | null;
};
const columns = `q.id, q.device_id as "deviceId", q.topic, q.bytes, q.reason, q.received_at as "receivedAt", q.trace, q.replayed_at as "replayedAt", q.replayed_by as "replayedBy",
  q.replay_result as "replayResult", coalesce(h.region_code, p.registered_region_code) as "regionCode", h.id as "homeId"`;
const joins = 'quarantine q left join device d on d.id = q.device_id left join person p on p.id = d.person_id left join home h on h.id = coalesce(d.home_id, p.home_id)';

const region = 'coalesce(h.region_code, p.registered_region_code)';
/** `q`: part of the device's id or of the topic. Frames of devices without a home belong to the whole county. */
export type QuarantineFilter = { scopeCode: string; deviceId: string | null; reason: string | null; replayed: 'open' | 'done' | null; q: string | null };
const fits = `${seenFrom(region)} and ($2::text is null or q.device_id = $2) and ($3::text is null or q.reason = $3)
  and ($4::text is null or ($4 = 'open') = (q.replayed_at is null)) and ($5::text is null or position(lower($5) in lower(q.device_id || ' ' || q.topic)) > 0)`;
const values = (f: QuarantineFilter): unknown[] => [scopePrefix(f.scopeCode), f.deviceId, f.reason, f.replayed, f.q];

/** Newest first, before an id. */
export function listQuarantined(sql: Sql, f: QuarantineFilter & { before: string | null; limit: number }): Promise<QuarantineRow[]> {
  return sql.query<QuarantineRow>(`select ${columns} from ${joins} where ${fits} and ($6::bigint is null or q.id < $6) order by q.id desc limit $7`, [...values(f), f.before, f.limit]);
}

/** Why frames could not be read, and how many of each are open: what a person filters by. */
export function quarantineReasons(sql: Sql, scopeCode: string): Promise<{ reason: string; open: number; all: number }[]> {
  return sql.query(`select q.reason, count(*) filter (where q.replayed_at is null)::int as open, count(*)::int as "all" from ${joins} where ${seenFrom(region)} group by 1 order by 2 desc, 1 limit 50`, [scopePrefix(scopeCode)]);
}

/** Open frames in the order in which they came, after an id: what is replayed next. */
export async function openQuarantined(sql: Sql, f: QuarantineFilter & { after: string; limit: number }): Promise<string[]> {
  return (await sql.query<{ id: string }>(`select q.id from ${joins} where ${fits} and q.id > $6::bigint order by q.id limit $7`, [...values({ ...f, replayed: 'open' }), f.after, f.limit])).map((r) => r.id);
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
