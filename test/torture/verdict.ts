/**
 * The checker: three ledgers held against each other after the torture. What devices saw acknowledged, what the database
 * holds, what became of every alert. It knows nothing of how the house works inside but its tables.
 */
import type { Db } from '#store/pool.ts';

export type Verdict = {
  acknowledged: number; stored: number;
  /** I1: acknowledged to a device, not in the database. */ lost: string[];
  /** I2: stored and not linked to exactly one alert. */ unlinked: string[];
  /** Law 6: open P1 alerts without a timer that waits. */ stalled: string[];
  /** E1: timers long overdue although the worker is up. */ overdue: number;
  /** I3: alerts whose executed plan steps of a round have a gap or a double. */ gaps: string[];
  /** More than one open alert of a kind for one person. */ twins: number;
  /** E1: open for longer than a round of the plan, and nobody has called it out. */ unescalated: string[];
  /** I4: the search sent something after a human had closed. */ afterClose: number;
  alerts: number; closed: number; outbox: number;
};

/** `acked`: device id -> the event ids it saw acknowledged. */
export async function judge(db: Db, acked: ReadonlyMap<string, readonly string[]>): Promise<Verdict> {
  const events = await db.query<{ device: string; id: string; alerts: number; unlinked: number }>(
    `select device_id as device, source_event_id as id, count(distinct alert_id)::int as alerts, count(*) filter (where alert_id is null or evaluated_at is null)::int as unlinked
     from event where device_id = any($1) and source_event_id is not null group by 1, 2`, [[...acked.keys()]]);
  const stored = new Set(events.map((e) => `${e.device}/${e.id}`));
  const claims = [...acked].flatMap(([device, ids]) => ids.map((id) => `${device}/${id}`));
  const stalled = await db.query<{ id: string }>(
    `select a.id from alert a where a.state <> 'closed' and a.priority = 1
     and not exists (select from timer t where t.alert_id = a.id and t.fired_at is null and t.cancelled_at is null)`);
  const overdue = await db.query<{ n: number }>(
    `select count(*)::int as n from timer where fired_at is null and cancelled_at is null and due_at < anling_now() - interval '10 seconds'`);
  const twins = await db.query<{ n: number }>(
    `select count(*)::int as n from (select from alert where state <> 'closed' group by subject_type, subject_id, kind having count(*) > 1) t`);
  const unescalated = await db.query<{ id: string }>(
    `select a.id from alert a where a.state = 'open' and a.priority = 1 and a.opened_at < anling_now() - interval '400 seconds'
     and not exists (select from alert_log l where l.alert_id = a.id and l.action = 'nobody-answered')`);
  const late = await db.query<{ n: number }>(
    `select count(*)::int as n from outbox o join alert a on a.id = o.alert_id where a.state = 'closed' and o.purpose = 'search' and o.created_at > a.closed_at`);
  const totals = await db.query<{ alerts: number; closed: number; outbox: number }>(
    `select (select count(*) from alert)::int as alerts, (select count(*) from alert where state = 'closed')::int as closed, (select count(*) from outbox)::int as outbox`);
  return {
    acknowledged: claims.length, stored: events.length,
    lost: claims.filter((c) => !stored.has(c)),
    unlinked: events.filter((e) => e.alerts !== 1 || e.unlinked > 0).map((e) => `${e.device}/${e.id}`),
    stalled: stalled.map((r) => r.id), overdue: overdue[0]?.n ?? -1, gaps: await stepGaps(db), twins: twins[0]?.n ?? -1,
    unescalated: unescalated.map((r) => r.id), afterClose: late[0]?.n ?? -1,
    alerts: totals[0]?.alerts ?? 0, closed: totals[0]?.closed ?? 0, outbox: totals[0]?.outbox ?? 0,
  };
}

/** A snapshot of the open cases is at most this old when standby goes on duty on a machine that is not starved. */
const unseenMs = 8_000;
/**
 * Executed steps of every round must be 0..k, each once. A step that standby made while the database was away and the worker made too calls nobody
 * twice: the same party on the same channel in both is a double like any other. One window is excused: what the worker committed in the last moment before
 * the database went away standby cannot know (ADR 0026); it goes on duty three seconds later.
 */
async function stepGaps(db: Db): Promise<string[]> {
  const rows = await db.query<{ alert: string; round: number; step: number; at: number; standby: boolean; to: string[] | null }>(
    `select alert_id as alert, (detail->>'round')::int as round, (detail->>'step')::int as step, at, coalesce((detail->>'standby')::boolean, false) as standby,
       (select array_agg(s->>'party' || ' ' || (s->>'channel')) from jsonb_array_elements(detail->'sends') s) as to
     from alert_log where action = 'plan-step' order by id`);
  const rounds = Map.groupBy(rows, (r) => `alert ${r.alert} round ${r.round}`);
  return [...rounds].filter(([, of]) => {
    const steps = [...new Set(of.map((r) => r.step))].sort((x, y) => x - y);
    const own = of.filter((r) => !r.standby).map((r) => r.step);
    const unseen = (worker: typeof rows[number], standby: typeof rows[number]): boolean => !worker.standby && standby.standby && standby.at - worker.at < unseenMs;
    const twice = of.some((r, i) => of.slice(0, i).some((q) => q.step === r.step && !unseen(q, r) && (q.standby === r.standby || (q.to ?? []).some((to) => r.to?.includes(to)))));
    return twice || steps.some((step, i) => i > 0 && step !== (steps[i - 1] ?? 0) + 1) || own.some((step, i) => i > 0 && step < (own[i - 1] ?? 0));
  }).map(([name, of]) => `${name}: ${of.map((r) => `${r.step}${r.standby ? 's' : ''}`).join(' ')}`);
}

/** One line per broken promise; empty when all hold. */
export function complaints(v: Verdict): string[] {
  const out: string[] = [];
  const some = (list: readonly string[]): string => `${list.slice(0, 5).join(', ')}${list.length > 5 ? ' …' : ''}`;
  if (v.lost.length > 0) out.push(`LOST ${v.lost.length} of ${v.acknowledged} acknowledged events: ${some(v.lost)}`);
  if (v.unlinked.length > 0) out.push(`${v.unlinked.length} events are not linked to exactly one alert: ${some(v.unlinked)}`);
  if (v.stalled.length > 0) out.push(`${v.stalled.length} open P1 alerts have no due timer: ${some(v.stalled)}`);
  if (v.overdue > 0) out.push(`${v.overdue} timers are more than 10 s overdue`);
  if (v.gaps.length > 0) out.push(`${v.gaps.length} escalations have a gap or a double step: ${some(v.gaps)}`);
  if (v.unescalated.length > 0) out.push(`${v.unescalated.length} alerts are open for longer than a round and nobody called them out: ${some(v.unescalated)}`);
  if (v.afterClose > 0) out.push(`${v.afterClose} messages of the search were made after a human had closed`);
  if (v.twins > 0) out.push(`${v.twins} persons have two open alerts of one kind`);
  return out;
}
