/**
 * SQL of the auditor (E3): from the rows alone, what should have happened by now and has not. It shares no decision with the code that
 * it judges: which timer a state needs, which step follows which, what a lease means are said here a second time. Every question is
 * bounded by an index or by a number of rows, because an audit that is too slow is switched off on the day it is needed.
 */
import { type Finding, type FindingKind, findingKinds } from '#core/findings.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

const ago = (ms: number): string => `anling_now() - interval '${ms} milliseconds'`;
const window = ago(limits.auditWindowMs);
const recent = (table: string): string => `${table}.id > (select coalesce(max(id), 0) from ${table}) - ${limits.auditRows}`;
const live = 't.fired_at is null and t.cancelled_at is null';
/** Alarms about people that are open or were a moment ago. */
const lively = `lively as materialized (select * from alert where state <> 'closed' and priority <= 2 union all select * from alert where state = 'closed' and priority <= 2 and closed_at > ${window} and ${recent('alert')})`;
/** The timer without which nothing would happen to an emergency in this state (law 6), and how far away it may be. */
const slotOf = `case a.state when 'confirming' then 'confirm' when 'open' then 'plan' when 'claimed' then 'claim' when 'committed' then 'arrival' when 'arrived' then 'close' end`;
const farOf = `case a.state when 'confirming' then 30000 when 'open' then ${limits.installHoldMs} + 1000 * coalesce((a.plan->>'roundS')::float8, 3600) when 'claimed' then ${limits.claimStepMs} when 'committed' then ${limits.arriveOutsideMs} else ${limits.closeMs} end`;
/** Emergencies whose events can be counted within one look, the small ones first: a button that is stuck for days has more events than a look may read. */
const countable = (of: string): string => `(select id, count from (select id, count, sum(count) over (order by count, id) as upto from (${of}) p) s where upto <= ${limits.auditCounted})`;
const unguarded = `a.priority = 1 and not exists (select from timer t where t.alert_id = a.id and t.slot = ${slotOf} and ${live})`;
const newestNodes = `select distinct on (role) role, beat_at from node where beat_at > ${ago(24 * 3_600_000)} order by role, beat_at desc`;

/** Each answers `ref` and, where it helps, `detail`. */
const questions: Readonly<Record<FindingKind, string>> = {
  'event-waits': `select 'event ' || id as ref, json_build_object('kind', kind, 'since', received_at, 'attempts', attempts) as detail from event
    where evaluated_at is null and received_at < anling_now() - case when urgency <= 2 then interval '${limits.auditEventMs} ms' else interval '${limits.auditCalmMs} ms' end order by urgency, id`,
  'raise-lost': `select 'event ' || id as ref, json_build_object('kind', kind, 'result', result) as detail from event
    where ${recent('event')} and evaluated_at > ${window} and urgency = 1 and edge in ('raise', 'repeat') and alert_id is null and device_id is distinct from (select device_id from canary)`,
  'timer-missing': `select 'alert ' || a.id as ref, json_build_object('state', a.state) as detail from alert a where a.state not in ('closed', 'claimed') and ${unguarded}`,
  'claim-endless': `select 'alert ' || a.id as ref, json_build_object('claimedAt', a.claimed_at) as detail from alert a where a.state = 'claimed' and ${unguarded}`,
  'timer-far': `select 'alert ' || a.id as ref, json_build_object('state', a.state, 'dueAt', t.due_at) as detail from alert a join timer t on t.alert_id = a.id and t.slot = ${slotOf} and ${live}
    where a.state <> 'closed' and a.priority = 1 and t.due_at > anling_now() + make_interval(secs => (${farOf} + ${limits.auditSlackMs}) / 1000.0)`,
  'timer-late': `select 'timer ' || t.id as ref, json_build_object('slot', t.slot, 'dueAt', t.due_at, 'alert', t.alert_id) as detail from timer t left join alert a on a.id = t.alert_id
    where ${live} and t.due_at < anling_now() - case when a.priority <= 2 then interval '${limits.auditTimerMs} ms' else interval '${limits.auditCalmMs} ms' end order by t.due_at`,
  // A round's steps are 0 to the last one without a gap, and the alert claims no step that no line of the log has.
  'step-skipped': `with ${lively}, run as (
      select a.id, (l.detail->>'round')::int as round, max((l.detail->>'step')::int) as last, count(distinct l.detail->>'step')::int as n from lively a join alert_log l on l.alert_id = a.id and l.action = 'plan-step' group by 1, 2)
    select 'alert ' || id || ' round ' || round as ref, json_build_object('executed', n, 'last', last) as detail from run where n <> last + 1
    union all select 'alert ' || a.id || ' step ' || a.plan_step, json_build_object('round', a.plan_round, 'executed', coalesce(r.n, 0)) from lively a left join run r on r.id = a.id and r.round = a.plan_round where a.plan_step > coalesce(r.n, 0)`,
  'step-late': `with ${lively} select 'log ' || l.id as ref, json_build_object('alert', a.id, 'dueAt', l.detail->'dueAt', 'at', l.at) as detail from lively a join alert_log l on l.alert_id = a.id and l.action = 'plan-step' and l.at > ${window}
    where not a.demo and extract(epoch from l.at) * 1000 - (l.detail->>'dueAt')::float8 > ${limits.auditStepMs} and not exists (select from alert_log h where h.alert_id = a.id and h.action = 'standby-handed-over')`,
  'send-stuck': `select 'message ' || id as ref, json_build_object('state', state, 'channel', channel, 'alert', alert_id) as detail from outbox where state = 'sending' and lease_until < ${ago(limits.auditSendMs)}
    union all select 'message ' || id, json_build_object('state', state, 'channel', channel, 'alert', alert_id) from outbox where state = 'due' and due_at < anling_now() - case when priority <= 2 then interval '${limits.auditSendMs} ms' else interval '10 minutes' end`,
  'failure-unhandled': `select 'message ' || id as ref, json_build_object('state', state, 'code', error_code, 'alert', alert_id) as detail from outbox where state in ('failed', 'unknown') and handled_at is null
    union all select 'message ' || id, json_build_object('state', state, 'code', error_code, 'alert', alert_id) from outbox where state = 'withdrawn' and error_code = 'local.CONSENT' and handled_at is null`,
  'failure-silent': `select 'message ' || o.id as ref, json_build_object('alert', o.alert_id, 'code', o.error_code) as detail from outbox o
    where ${recent('outbox').replaceAll('outbox.', 'o.')} and o.state in ('failed', 'unknown') and o.handled_at > ${window} and o.alert_id is not null
      and not exists (select from alert_log l where l.alert_id = o.alert_id and l.action = 'send-failed' and l.detail->>'party' = o.party and l.at > o.created_at)`,
  'receipt-late': `select 'message ' || id as ref, json_build_object('state', state, 'checkAt', check_at) as detail from outbox where state in ('accepted', 'unknown') and check_at < ${ago(limits.auditReceiptMs)}`,
  'answer-unread': `select 'reply ' || id as ref, json_build_object('since', received_at) as detail from reply where evaluated_at is null and received_at < ${ago(limits.auditAnswerMs)}
    union all select 'receipt ' || id, json_build_object('since', received_at, 'attempts', attempts) from receipt where processed_at is null and received_at < ${ago(limits.auditAnswerMs)}`,
  'role-silent': `select role as ref, json_build_object('beatAt', beat_at) as detail from (${newestNodes}) n where beat_at < ${ago(limits.auditRoleMs)}`,
  'feed-hole': `select 'number ' || seq as ref, json_build_object('before', before) as detail from (
      select seq, at, lag(seq) over (order by seq) as before from feed where seq > (select seq from feed_counter) - ${limits.auditRows}) f where before <> seq - 1 and at > ${window}
    union all select 'counter ' || c.seq, json_build_object('last', f.last) from feed_counter c, (select max(seq) as last from feed) f where f.last <> c.seq`,
  // One that stays at its number; one that follows, however fast a demonstration's clock runs, has another at each look.
  'console-behind': `select 'console ' || c.tab_id || ' at ' || c.last_seq as ref, json_build_object('at', c.last_seq, 'head', h.seq) as detail from console c join app_user u on u.id = c.user_id,
      lateral (select max(seq) as seq from feed where seq > (select seq from feed_counter) - ${limits.auditRows} and at < ${ago(limits.auditConsoleMs)} and alert_id is not null) h
    where c.beat_at > ${ago(limits.auditConsoleMs / 2)} and right(u.scope_code, 6) = '000000' and c.last_seq < h.seq`,
  'spool-stuck': `select id as ref, detail->'edge'->'spooled' as detail from node where role = 'edge' and beat_at > ${ago(limits.auditRoleMs)} and (detail->'edge'->>'spooled')::float8 > 0`,
  'ledger-open': `select id as ref, detail->'edge'->'open' as detail from node where role = 'edge' and beat_at > ${ago(limits.auditRoleMs)} and detail->'edge'->'open' <> '{}'`,
  'canary-silent': `select 'self-check' as ref, json_build_object('okAt', ok_at, 'failed', failed) as detail from canary
    where run > 0 and coalesce(ok_at, next_at) < ${ago(limits.auditCanaryMs)} and 2 = (select count(*) from (${newestNodes}) n where role in ('edge', 'web'))`,
  // P1 raises = opened + merged + duplicates, alert by alert; both sides of one statement are of one moment.
  'count-wrong': `with ${lively} select 'alert ' || id as ref, json_build_object('count', count, 'events', n) as detail from (
      select a.id, a.count, (select count(*) from event e where e.alert_id = a.id and e.result ~ '(^| )(opened|merged|duplicate)') as n from ${countable('select id, count from lively where priority = 1')} a) c where count <> n`,
};

/** Everything that is wrong in the rows at this moment; throws when one question is not answered: then nothing is known. */
export async function lookForFindings(sql: Sql): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const kind of findingKinds) {
    const rows = await sql.query<{ ref: string; detail: Record<string, unknown> | number | null }>(`select ref, detail from (${questions[kind]}) q limit ${limits.auditShown}`, [], `audit-${kind}`);
    found.push(...rows.map(({ ref, detail }) => ({ kind, ref, detail: typeof detail === 'object' && detail !== null ? detail : { value: detail } })));
  }
  return found;
}

export type Conservation = { raises: number; opened: number; merged: number; lost: number; messages: Record<'sent' | 'failed-over' | 'withdrawn' | 'due' | 'unhandled' | 'dry', number>; outbox: number };

/** Both sides of two laws over the last `auditWindowMs`, counted apart: raises of emergencies by events and by alerts, messages in all and by what became of them. */
export async function readConservation(sql: Sql): Promise<Conservation> {
  const [row] = await sql.query<{ raises: number; opened: number; merged: number; lost: number; outbox: number; fates: Record<string, number> | null }>(
    `with seen as materialized (select alert_id from event where ${recent('event')} and evaluated_at > ${window} and urgency = 1 and edge in ('raise', 'repeat') and device_id is distinct from (select device_id from canary)),
       touched as materialized ${countable('select id, count from alert where priority = 1 and id in (select alert_id from seen)')},
       sent as materialized (select state, handled_at, dry from outbox where ${recent('outbox')} and created_at > ${window})
     select (select count(*)::int from event e join touched t on t.id = e.alert_id where e.result ~ '(^| )(opened|merged|duplicate)') as raises, (select count(*)::int from touched) as opened, (select coalesce(sum(count - 1), 0)::int from touched) as merged,
       (select count(*)::int from seen where alert_id is null) as lost, (select count(*)::int from sent) as outbox,
       (select json_object_agg(fate, n) from (select case when dry then 'dry' when state in ('accepted', 'delivered', 'answered') then 'sent' when state in ('failed', 'unknown') then case when handled_at is null then 'unhandled' else 'failed-over' end
          when state = 'withdrawn' then 'withdrawn' when state in ('due', 'sending') then 'due' end as fate, count(*) as n from sent group by 1) f) as fates`, [], 'audit-conservation');
  const { fates, ...counts } = row as NonNullable<typeof row>;
  return { ...counts, messages: { sent: 0, 'failed-over': 0, withdrawn: 0, due: 0, unhandled: 0, dry: 0, ...fates } };
}
