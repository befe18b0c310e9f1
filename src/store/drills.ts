/** SQL that moves drills on (2.16): imagined cases that are due, what they have sent, what came back, and what gives way to a real alarm. */
import type { DrillSkip } from '#core/drill.ts';
import type { Plan } from '#core/escalation.ts';
import type { EventKind } from '#core/event.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { rostersOf } from './roster.ts';
import type { PartyFacts } from '#core/roster.ts';
import type { Row, Sql } from './pool.ts';

export type DueCase = { id: string; drillId: string; kind: EventKind; homeId: string; regionCode: string; no: number; plan: Plan; beginsAt: number; step: number; dueAt: number; claimed: boolean; placeEnc: Buffer | null };

/** Cases whose step is due, locked for this transaction, the oldest first. */
export function takeDueCases(sql: Sql, limit: number): Promise<DueCase[]> {
  return sql.query<DueCase & Row>(
    `select c.id::text as id, c.drill_id::text as "drillId", d.kind, c.home_id as "homeId", c.region_code as "regionCode", c.no, c.plan, c.begins_at as "beginsAt", c.step, c.due_at as "dueAt", c.claimed_at is not null as claimed, h.place_enc as "placeEnc"
     from drill_case c join drill d on d.id = c.drill_id left join home h on h.id = c.home_id where c.state = 'running' and c.due_at <= anling_now() order by c.due_at, c.id limit $1 for update of c skip locked`, [limit], 'drill-due');
}

/** The people of each case's home as a plan sees them now; contacts are in it and left out by core/drill.ts. */
export async function drillRosters(sql: Sql, cases: readonly Pick<DueCase, 'id' | 'homeId' | 'regionCode'>[]): Promise<Map<string, PartyFacts[]>> {
  return (await rostersOf(sql, cases.map((c) => ({ id: c.id as AlertId, homeId: c.homeId as never, personId: null, regionCode: c.regionCode as never, flags: [] })))) as Map<string, PartyFacts[]>;
}

/** Numbers (blind index in hex) of these that stand in anybody's family; people of these with an alarm to answer. */
export async function familyNumbers(sql: Sql, keys: readonly string[]): Promise<Set<string>> {
  const rows = await sql.query<{ k: string }>(`select distinct encode(phone_bidx, 'hex') as k from contact where relation = 'family' and phone_bidx = any($1::bytea[])`, [keys.map((k) => Buffer.from(k, 'hex'))], 'drill-family');
  return new Set(rows.map((r) => r.k));
}
export async function busyParties(sql: Sql, parties: readonly Party[]): Promise<Set<Party>> {
  const rows = await sql.query<{ party: Party }>(
    `select distinct g.party from engagement g join alert a on a.id = g.alert_id where g.party = any($1) and a.state <> 'closed' and g.state in ('notified', 'seen', 'accepted', 'arrived', 'need-help')`, [parties], 'drill-busy');
  return new Set(rows.map((r) => r.party));
}

export type DrillSent = { drillId: string; caseId: string; party: Party; phoneKey: string; channel: 'sms' | 'voice'; verdict: string | null };
/** Everything these drills have sent. */
export function drillSent(sql: Sql, drillIds: readonly string[]): Promise<DrillSent[]> {
  return sql.query<DrillSent & Row>(
    `select c.drill_id::text as "drillId", l.case_id::text as "caseId", l.party, encode(l.phone_bidx, 'hex') as "phoneKey", l.channel, l.verdict from drill_call l join drill_case c on c.id = l.case_id where c.drill_id = any($1::bigint[])`, [drillIds], 'drill-sent');
}

export type NewDrillCall = { caseId: string; party: Party; role: string; phoneBidx: Buffer; step: number; channel: 'sms' | 'voice'; outId: string };
export async function insertDrillCalls(sql: Sql, calls: readonly NewDrillCall[]): Promise<void> {
  if (calls.length === 0) return;
  await sql.query(
    `insert into drill_call (case_id, party, role, phone_bidx, step, channel, out_id) select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::int2[], $6::text[], $7::text[])`,
    [calls.map((c) => c.caseId), calls.map((c) => c.party), calls.map((c) => c.role), calls.map((c) => c.phoneBidx), calls.map((c) => c.step), calls.map((c) => c.channel), calls.map((c) => c.outId)], 'drill-calls');
}

export type CaseMove = { id: string; step: number; dueAt: number; state: 'running' | 'nobody' | 'late'; skipped: readonly DrillSkip[] };
export async function moveCases(sql: Sql, moves: readonly CaseMove[]): Promise<void> {
  if (moves.length === 0) return;
  await sql.query(
    `update drill_case c set step = v.step, due_at = to_timestamp(v.due / 1000), state = v.state, skipped = c.skipped || v.skipped, ended_at = case when v.state <> 'running' then anling_now() end
     from unnest($1::bigint[], $2::int2[], $3::float8[], $4::text[], $5::jsonb[]) as v (id, step, due, state, skipped) where c.id = v.id`,
    [moves.map((m) => m.id), moves.map((m) => m.step), moves.map((m) => m.dueAt), moves.map((m) => m.state), moves.map((m) => JSON.stringify(m.skipped))], 'drill-move');
}

const unsent = `withdrawn as (update outbox o set state = 'withdrawn', withdrawn_at = anling_now(), done_at = anling_now() from drill_call l join over on over.id = l.case_id where o.out_id = l.out_id and o.state = 'due')`;
/** Real emergencies come first: cases of a town with an open one that was raised since the drill began (or of no place at all) are over; answers how many. */
export async function yieldToAlarms(sql: Sql): Promise<number> {
  const rows = await sql.query(
    `with over as (
       update drill_case c set state = 'yielded', ended_at = anling_now() from drill d where d.id = c.drill_id and c.state = 'running'
         and exists (select from alert a where a.priority = 1 and a.state <> 'closed' and (a.region_code is null or left(a.region_code, 9) = left(c.region_code, 9))) returning c.id), ${unsent}
     select id from over`, [], 'drill-yield');
  return rows.length;
}

/** Ends what still runs of a drill; answers how many cases. */
export async function stopCases(sql: Sql, drillId: string): Promise<number> {
  return (await sql.query(`with over as (update drill_case c set state = 'stopped', ended_at = anling_now() where drill_id = $1 and state = 'running' returning id), ${unsent} select id from over`, [drillId])).length;
}

export type Heard = { phoneKey: string; channel: 'sms' | 'dtmf'; contentEnc: Buffer; at: number; callIds: string[] };
/** What people of running drills said since they were told, without an alarm of their own in it: the first word of each after each message. */
export function drillAnswers(sql: Sql): Promise<Heard[]> {
  return sql.query<Heard & Row>(
    `select encode(r.from_bidx, 'hex') as "phoneKey", r.channel, r.content_enc as "contentEnc", r.received_at as at, array_agg(l.id::text order by l.id) as "callIds"
     from drill d join drill_case c on c.drill_id = d.id join drill_call l on l.case_id = c.id and l.verdict is distinct from 'answered' and l.verdict is distinct from 'declined'
       join reply r on r.from_bidx = l.phone_bidx and r.received_at >= l.sent_at and r.id > (select coalesce(max(id), 0) - $1 from reply)
     where d.ended_at is null and r.evaluated_at is not null and (r.result = 'ring-test' or r.result = 'off-today' or r.result = 'opted-out' or r.channel = 'dtmf' and r.out_id = l.out_id) group by r.id order by r.id`, [limits.drillCallRows], 'drill-answers');
}

/** Writes answers down; the imagined alarms that somebody answered are over, and what of them is unsent is taken back. Answers how many cases ended. */
export async function saveAnswers(sql: Sql, heard: readonly { callId: string; at: number; verdict: 'answered' | 'declined' }[]): Promise<number> {
  if (heard.length > 0) {
    await sql.query(
      `update drill_call l set answered_at = to_timestamp(v.at / 1000), verdict = v.verdict from unnest($1::bigint[], $2::float8[], $3::text[]) as v (id, at, verdict) where l.id = v.id and (l.verdict is null or l.verdict = 'taken')`,
      [heard.map((h) => h.callId), heard.map((h) => h.at), heard.map((h) => h.verdict)], 'drill-heard');
  }
  // A call that was taken is a sign of life; at a landline, where nobody can text, it is the answer.
  await sql.query(
    `update drill_call l set answered_at = o.done_at, verdict = case when p.landline then 'answered' else 'taken' end from outbox o, responder p, drill_case c, drill d
     where o.out_id = l.out_id and l.verdict is null and l.channel = 'voice' and o.state = 'answered' and 'responder:' || p.id = l.party and c.id = l.case_id and d.id = c.drill_id and d.ended_at is null`, [], 'drill-taken');
  const over = await sql.query(
    `with over as (
       update drill_case c set state = 'answered', ended_at = anling_now(), answered_at = f.at, answered_by = f.party from (
         select distinct on (l.case_id) l.case_id, l.answered_at as at, l.party from drill_call l where l.verdict = 'answered' order by l.case_id, l.answered_at) f
       where f.case_id = c.id and c.state = 'running' returning c.id), ${unsent}
     select id from over`, [], 'drill-answered');
  return over.length;
}

/** Drills whose cases are all over and whose people had their time, or have all answered; ended, with how. */
export function endDrills(sql: Sql): Promise<{ id: string; how: string }[]> {
  return sql.query(
    `update drill d set ended_at = anling_now(), ended_by = 'house', how = case when not exists (select from drill_case c where c.drill_id = d.id and c.state <> 'yielded') then 'yielded' else 'done' end
     where d.ended_at is null and not exists (select from drill_case c where c.drill_id = d.id and c.state = 'running') and not exists (
       select from drill_call l join drill_case c on c.id = l.case_id where c.drill_id = d.id and l.verdict is null and l.sent_at > anling_now() - $1 * interval '1 ms') returning d.id::text as id, d.how`, [limits.drillTailMs], 'drill-end');
}

/** Whether a drill runs at all: most of the time nothing else need be asked. */
export async function drillRuns(sql: Sql): Promise<boolean> {
  return (await sql.query('select id from drill where ended_at is null limit 1', [], 'drill-runs')).length > 0;
}
