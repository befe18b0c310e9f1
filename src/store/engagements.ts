/** SQL of engagements: what each party has answered to each alert. */
import type { Engagement, EngagementPatch, EngagementState } from '#core/change.ts';
import type { AlertId, Party } from '#core/ids.ts';
import type { Sql } from './pool.ts';

export async function engagementsOf(sql: Sql, alertIds: readonly AlertId[]): Promise<Map<AlertId, Map<Party, Engagement>>> {
  const out = new Map<AlertId, Map<Party, Engagement>>();
  if (alertIds.length === 0) return out;
  const rows = await sql.query<{ alert_id: AlertId; party: Party; state: EngagementState; accepted_at: number | null; arrive_by: number | null; departed_at: number | null }>(
    'select alert_id, party, state, accepted_at, arrive_by, departed_at from engagement where alert_id = any($1::bigint[]) order by updated_at, party', [alertIds], 'engagements-of');
  for (const r of rows) out.set(r.alert_id, (out.get(r.alert_id) ?? new Map()).set(r.party, { state: r.state, acceptedAt: r.accepted_at, arriveBy: r.arrive_by, departedAt: r.departed_at }));
  return out;
}

/** Writes what parties have answered, or (`notified`) that they were sent something; the last patch of a party counts. */
export async function saveEngagements(sql: Sql, patches: readonly ({ alertId: AlertId } & EngagementPatch)[]): Promise<void> {
  const last = [...new Map(patches.map((p) => [`${p.alertId} ${p.party}`, p])).values()];
  if (last.length === 0) return;
  await sql.query(
    `insert into engagement as e (alert_id, party, state, notified_at, accepted_at, arrived_at, arrive_by, departed_at, updated_at)
     select v.alert_id, v.party, v.state, case when v.state = 'notified' then n.at end, case when v.state = 'accepted' then n.at end, case when v.state in ('arrived', 'done') then n.at end, to_timestamp(v.arrive_by / 1000), to_timestamp(v.departed / 1000), n.at
     from unnest($1::bigint[], $2::text[], $3::text[], $4::float8[], $5::float8[]) as v (alert_id, party, state, arrive_by, departed), (select anling_now() as at) n
     on conflict (alert_id, party) do update set state = excluded.state, notified_at = coalesce(e.notified_at, excluded.notified_at),
       accepted_at = coalesce(e.accepted_at, excluded.accepted_at), arrived_at = coalesce(e.arrived_at, excluded.arrived_at), arrive_by = excluded.arrive_by,
       departed_at = case when excluded.state in ('notified', 'declined') then null else coalesce(e.departed_at, excluded.departed_at) end, updated_at = excluded.updated_at`,
    [last.map((p) => p.alertId), last.map((p) => p.party), last.map((p) => p.state), last.map((p) => p.arriveBy ?? null), last.map((p) => p.departedAt ?? null)], 'engagements-save');
}
