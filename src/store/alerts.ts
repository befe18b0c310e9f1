/**
 * SQL of the alert rows: locked before they are changed, in the order of their ids (so that two batches never wait for each
 * other), written set-wise. `alert_one_open` is the last word on "one open alert per subject and kind" (C1).
 */
import type { Alert, AlertState, Outcome, PlanState, Subject } from '#core/alert.ts';
import type { Plan } from '#core/escalation.ts';
import type { EventKind, Priority } from '#core/event.ts';
import type { AlertId, DeviceId, HomeId, PersonId, RegionCode } from '#core/ids.ts';
import type { Row, Sql } from './pool.ts';

const columns = `a.id, a.kind, a.priority, a.state, a.subject_type, a.subject_id, a.device_id, a.home_id, a.person_id, a.region_code, a.count, a.duplicate_count,
  a.version, a.state_version, a.opened_at, a.occurred_at, a.last_raised_at, a.flags, a.claimed_at, a.claimed_by, a.claim_tab, a.last_step_at, a.first_human_at,
  a.committed_at, a.committed_how, a.arrived_at, a.closed_at, a.closed_by, a.outcome, a.plan, a.plan_base_at, a.plan_round, a.plan_step, a.plan_state, a.summary, a.trace, a.demo`;

function fromRow(r: Row): Alert {
  return {
    id: r['id'] as AlertId, kind: r['kind'] as EventKind, priority: r['priority'] as Priority, state: r['state'] as AlertState,
    subject: { type: r['subject_type'], id: r['subject_id'] } as Subject, deviceId: r['device_id'] as DeviceId | null, homeId: r['home_id'] as HomeId | null,
    personId: r['person_id'] as PersonId | null, regionCode: r['region_code'] as RegionCode | null, count: r['count'] as number, duplicateCount: r['duplicate_count'] as number,
    version: r['version'] as number, stateVersion: r['state_version'] as number, openedAt: r['opened_at'] as number, occurredAt: r['occurred_at'] as number | null,
    lastRaisedAt: r['last_raised_at'] as number, flags: r['flags'] as string[], claimedAt: r['claimed_at'] as number | null, claimedBy: r['claimed_by'] as string | null,
    claimTab: r['claim_tab'] as string | null, lastStepAt: r['last_step_at'] as number | null, firstHumanAt: r['first_human_at'] as number | null,
    committedAt: r['committed_at'] as number | null, committedHow: r['committed_how'] as string | null, arrivedAt: r['arrived_at'] as number | null,
    closedAt: r['closed_at'] as number | null, closedBy: r['closed_by'] as string | null, outcome: r['outcome'] as Outcome | null, plan: r['plan'] as Plan | null,
    planBaseAt: r['plan_base_at'] as number | null, planRound: r['plan_round'] as number, planStep: r['plan_step'] as number, planState: r['plan_state'] as PlanState,
    summary: r['summary'] as Record<string, unknown>, trace: r['trace'] as string, demo: r['demo'] as boolean,
  };
}

/** Locks and reads these alerts, ids ascending; closed ones too. */
export async function lockAlerts(sql: Sql, ids: readonly AlertId[]): Promise<Alert[]> {
  if (ids.length === 0) return [];
  return (await sql.query(`select ${columns} from alert a where a.id = any($1::bigint[]) order by a.id for update`, [ids], 'alerts-lock')).map(fromRow);
}

/** As they are, without a lock. */
export async function readAlerts(sql: Sql, ids: readonly AlertId[]): Promise<Alert[]> {
  return (await sql.query(`select ${columns} from alert a where a.id = any($1::bigint[]) order by a.id`, [ids], 'alerts-read')).map(fromRow);
}

/** As lockAlerts, but leaves out what another transaction holds: it will be looked at again in a moment. */
export async function lockFreeAlerts(sql: Sql, ids: readonly AlertId[]): Promise<Alert[]> {
  if (ids.length === 0) return [];
  return (await sql.query(`select ${columns} from alert a where a.id = any($1::bigint[]) order by a.id for update skip locked`, [ids], 'alerts-lock-free')).map(fromRow);
}

/** Locks and reads the open alerts of these subjects and devices, and the urgent ones of these homes, ids ascending. */
export async function lockOpenAlerts(sql: Sql, subjects: readonly Subject[], devices: readonly string[], homes: readonly string[]): Promise<Alert[]> {
  const rows = await sql.query(
    `select ${columns} from alert a where a.state <> 'closed' and a.id in (
       select x.id from unnest($1::text[], $2::text[]) as s (type, id) join alert x on x.subject_type = s.type and x.subject_id = s.id and x.state <> 'closed'
       union select x.id from alert x where x.device_id = any($3) and x.state <> 'closed'
       union select x.id from alert x where x.home_id = any($4) and x.priority <= 2 and x.state <> 'closed')
     order by a.id for update`,
    [subjects.map((s) => s.type), subjects.map((s) => s.id), devices, homes], 'alerts-lock-open');
  return rows.map(fromRow);
}

// Times travel as epoch milliseconds in JSON; the record type is shared by insert and update.
const record = `as r (id bigint, kind text, priority smallint, state text, subject_type text, subject_id text, device_id text, home_id text, person_id text, region_code text,
  count integer, duplicate_count integer, version integer, state_version integer, opened_at float8, occurred_at float8, last_raised_at float8, flags text[],
  claimed_at float8, claimed_by text, claim_tab text, last_step_at float8, first_human_at float8, committed_at float8, committed_how text, arrived_at float8,
  closed_at float8, closed_by text, outcome text, plan jsonb, plan_base_at float8, plan_round smallint, plan_step smallint, plan_state text, summary jsonb, trace text, demo boolean, close_note bytea)`;
const time = (name: string): string => `to_timestamp(r.${name} / 1000)`;

function toRecord(a: Alert, closeNote: Uint8Array | null): Record<string, unknown> {
  return {
    id: a.id, kind: a.kind, priority: a.priority, state: a.state, subject_type: a.subject.type, subject_id: a.subject.id, device_id: a.deviceId, home_id: a.homeId,
    person_id: a.personId, region_code: a.regionCode, count: a.count, duplicate_count: a.duplicateCount, version: a.version, state_version: a.stateVersion,
    opened_at: a.openedAt, occurred_at: a.occurredAt, last_raised_at: a.lastRaisedAt, flags: a.flags, claimed_at: a.claimedAt, claimed_by: a.claimedBy, claim_tab: a.claimTab,
    last_step_at: a.lastStepAt, first_human_at: a.firstHumanAt, committed_at: a.committedAt, committed_how: a.committedHow, arrived_at: a.arrivedAt, closed_at: a.closedAt,
    closed_by: a.closedBy, outcome: a.outcome, plan: a.plan, plan_base_at: a.planBaseAt, plan_round: a.planRound, plan_step: a.planStep, plan_state: a.planState,
    summary: a.summary, trace: a.trace, demo: a.demo, close_note: closeNote && `\\x${Buffer.from(closeNote).toString('hex')}`,
  };
}

export async function nextAlertIds(sql: Sql, n: number): Promise<AlertId[]> {
  if (n === 0) return [];
  return (await sql.query<{ id: AlertId }>(`select nextval(pg_get_serial_sequence('alert', 'id'))::text as id from generate_series(1, $1)`, [n], 'alerts-ids')).map((r) => r.id);
}

/** Inserts new alerts under ids of nextAlertIds. A second open one of the same subject and kind fails with 23505: the batch is tried again. */
export async function insertAlerts(sql: Sql, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  await sql.query(
    `insert into alert (id, kind, priority, state, subject_type, subject_id, device_id, home_id, person_id, region_code, count, duplicate_count, version, state_version,
       opened_at, occurred_at, last_raised_at, flags, claimed_at, claimed_by, claim_tab, last_step_at, first_human_at, committed_at, committed_how, arrived_at,
       closed_at, closed_by, outcome, plan, plan_base_at, plan_round, plan_step, plan_state, summary, trace, demo)
     overriding system value
     select r.id, r.kind, r.priority, r.state, r.subject_type, r.subject_id, r.device_id, r.home_id, r.person_id, r.region_code, r.count, r.duplicate_count, r.version, r.state_version,
       ${time('opened_at')}, ${time('occurred_at')}, ${time('last_raised_at')}, r.flags, ${time('claimed_at')}, r.claimed_by, r.claim_tab, ${time('last_step_at')}, ${time('first_human_at')},
       ${time('committed_at')}, r.committed_how, ${time('arrived_at')}, ${time('closed_at')}, r.closed_by, r.outcome, nullif(r.plan, 'null'::jsonb), ${time('plan_base_at')}, r.plan_round, r.plan_step, r.plan_state,
       r.summary, r.trace, r.demo
     from jsonb_to_recordset($1::jsonb) ${record}`,
    [JSON.stringify(alerts.map((a) => toRecord(a, null)))], 'alerts-insert');
}

/** Writes every column that may change, of locked alerts. */
export async function updateAlerts(sql: Sql, alerts: readonly { alert: Alert; closeNote: Uint8Array | null }[]): Promise<void> {
  if (alerts.length === 0) return;
  await sql.query(
    `update alert a set priority = r.priority, state = r.state, device_id = r.device_id, count = r.count, duplicate_count = r.duplicate_count, version = r.version, state_version = r.state_version,
       last_raised_at = ${time('last_raised_at')}, flags = r.flags, claimed_at = ${time('claimed_at')}, claimed_by = r.claimed_by, claim_tab = r.claim_tab, last_step_at = ${time('last_step_at')},
       first_human_at = ${time('first_human_at')}, committed_at = ${time('committed_at')}, committed_how = r.committed_how, arrived_at = ${time('arrived_at')}, closed_at = ${time('closed_at')},
       closed_by = r.closed_by, outcome = r.outcome, plan = nullif(r.plan, 'null'::jsonb), plan_base_at = ${time('plan_base_at')}, plan_round = r.plan_round, plan_step = r.plan_step,
       plan_state = r.plan_state, summary = r.summary, close_note_enc = coalesce(r.close_note, a.close_note_enc)
     from jsonb_to_recordset($1::jsonb) ${record} where a.id = r.id`,
    [JSON.stringify(alerts.map(({ alert, closeNote }) => toRecord(alert, closeNote)))], 'alerts-update');
}

/** P1 alerts that nobody has claimed; as a message says it, 999 at most. */
export async function countUnclaimed(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ n: number }>(`select count(*)::int as n from (select from alert where state = 'open' and priority = 1 limit 999) a`, [], 'alerts-unclaimed');
  return row?.n ?? 0;
}

/** The newest beat of each alert's claiming console, or of any console of the claiming user. */
export async function consoleBeats(sql: Sql, ids: readonly AlertId[]): Promise<Map<AlertId, number>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query<{ id: AlertId; beat: number | null }>(
    `select a.id, max(c.beat_at) as beat from alert a join console c on c.tab_id = a.claim_tab or c.user_id = a.claimed_by where a.id = any($1::bigint[]) group by a.id`, [ids], 'alerts-beats');
  return new Map(rows.flatMap((r) => (r.beat === null ? [] : [[r.id, r.beat] as const])));
}

/** Display names of users, for "who was first". */
export async function userName(sql: Sql, id: string): Promise<string | null> {
  const [row] = await sql.query<{ name: string }>('select display_name as name from app_user where id = $1', [id], 'alerts-user-name');
  return row?.name ?? null;
}

const required = `case a.state when 'confirming' then 'confirm' when 'open' then 'plan' when 'claimed' then 'claim' when 'committed' then 'arrival' when 'arrived' then 'close' end`;
/** Open P1 alerts whose state's own timer is not live, or that have no plan: what law 6 forbids (alerts/watch.ts). */
export async function unguardedAlerts(sql: Sql, limit: number): Promise<AlertId[]> {
  const rows = await sql.query<{ id: AlertId }>(
    `select a.id from alert a where a.state <> 'closed' and a.priority = 1 and not exists (
       select from timer t where t.alert_id = a.id and t.slot = ${required} and t.fired_at is null and t.cancelled_at is null)
     order by a.id limit $1`, [limit], 'alerts-unguarded');
  return rows.map((r) => r.id);
}

/** The newest open alert about a person, urgent first: where a stranger's answer is shown (FIELD F20). */
export async function newestOpenAlert(sql: Sql): Promise<AlertId | null> {
  const [row] = await sql.query<{ id: AlertId }>(`select id from alert where state <> 'closed' and priority <= 2 and plan is not null order by priority, opened_at desc, id desc limit 1`, [], 'alerts-newest');
  return row?.id ?? null;
}
