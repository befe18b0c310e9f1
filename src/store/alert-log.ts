/** SQL of the timeline: one row per thing that happened; text with personal data only sealed, in note_enc. */
import type { AlertId } from '#core/ids.ts';
import type { LogEntry } from '#core/change.ts';
import type { Sql } from './pool.ts';
import type { Seal } from './seal.ts';

export async function insertLog(sql: Sql, seal: Seal, entries: readonly { alertId: AlertId; entry: LogEntry }[]): Promise<void> {
  if (entries.length === 0) return;
  await sql.query(
    `insert into alert_log (alert_id, at, actor_type, actor_id, action, detail, note_enc)
     select v.alert_id, coalesce(to_timestamp(v.at / 1000), anling_now()), v.actor_type, v.actor_id, v.action, v.detail, v.note
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::float8[]) with ordinality as v (alert_id, actor_type, actor_id, action, detail, note, at, ord) order by v.ord`,
    [entries.map((e) => e.alertId), entries.map((e) => e.entry.actor.type), entries.map((e) => e.entry.actor.id), entries.map((e) => e.entry.action),
      entries.map((e) => JSON.stringify(e.entry.detail ?? {})), entries.map((e) => seal.sealOrNull('alert_log.note', e.entry.note)), entries.map((e) => e.entry.at ?? null)], 'log-insert');
}
