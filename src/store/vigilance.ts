/** SQL of the desk's vigilance (FIELD F3): what the consoles said of their last input, the question that waits, its answer or its miss, and whose phone rang. */
import type { PartyFacts } from '#core/roster.ts';
import type { Party } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { DeskWatch } from '#core/vigilance.ts';
import type { Row, Sql } from './pool.ts';
import { aliveSession } from './sessions.ts';

export type DeskRow = DeskWatch & { openId: string | null; /** the newest call about it could not be placed */ callFailed: boolean; /** since the last answer: parties whose phone was rung */ rung: Party[] };

/** One worker judges; held until the transaction ends. */
export async function holdVigilance(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-vigilance')) as held`);
  return row?.held ?? false;
}

// A console of the desk: an operator's or shift leader's, or of anybody who has begun a shift (the sound runs); logged in, whether its tab still beats or not.
const inputs = `select greatest(max(c.input_at), max(s.created_at)) as at from session s join app_user u on u.id = s.user_id join console c on c.user_id = u.id
  where c.beat_at >= s.created_at and right(u.scope_code, 6) = '000000' and (u.role in ('operator', 'shift-leader') or u.role = 'admin' and c.audio = 'running') and ${aliveSession}`;
// Questions since the last one that was answered, or that lapsed.
const since = `(select coalesce(max(id), 0) from vigilance where answered_at is not null or void_at is not null)`;

export async function readDesk(sql: Sql): Promise<DeskRow> {
  const [row] = await sql.query<DeskRow & Row>(
    `select anling_now() as now, (${inputs}) as "inputAt", o.asked_at as "askedAt", o.id as "openId", v.missed, v.rung,
       coalesce((select b.state in ('failed', 'withdrawn') and b.provider_id is null from outbox b where b.out_id = v.out_id), false) as "callFailed"
     from (select count(*) filter (where missed_at is not null)::int as missed, coalesce(array_agg(rung_party) filter (where rung_party is not null), '{}') as rung,
             (array_agg(out_id order by rung_at desc) filter (where out_id is not null))[1] as out_id from vigilance where id > ${since}) v
       left join vigilance o on o.answered_at is null and o.missed_at is null and o.void_at is null`, [], 'vigilance-desk');
  return row as DeskRow;
}

export async function askDesk(sql: Sql, inputAt: number): Promise<void> {
  await sql.query(`insert into vigilance (asked_at, input_at) values (anling_now(), to_timestamp($1 / 1000.0))`, [inputAt]);
}

export async function endQuestion(sql: Sql, id: string, how: 'answered' | 'missed' | 'void', at: number): Promise<void> {
  await sql.query(`update vigilance set ${how}_at = to_timestamp($2 / 1000.0) where id = $1`, [id, at]);
}

/** Notes on the newest missed question whose phone rings because of it. */
export async function noteRung(sql: Sql, party: Party, outId: string): Promise<void> {
  await sql.query(`update vigilance set rung_at = anling_now(), rung_party = $1, out_id = $2 where id = (select max(id) from vigilance where missed_at is not null)`, [party, outId]);
}

export type Leader = Pick<PartyFacts, 'party' | 'phoneKey' | 'absentUntil'> & { phoneEnc: Buffer; phoneBidx: Buffer; demo: boolean };

/** Who answers for the desk, in calling order: shift leaders, then duty leaders. */
export function deskLeaders(sql: Sql): Promise<Leader[]> {
  return sql.query<Leader & Row>(
    `select 'responder:' || id as party, encode(phone_bidx, 'hex') as "phoneKey", absent_until as "absentUntil", phone_enc as "phoneEnc", phone_bidx as "phoneBidx", demo
     from responder where role in ('shift-leader', 'duty-leader') order by role desc, ord, id`, [], 'vigilance-leaders');
}

/** The question that waits for the desk's key, for the wall. */
export async function openQuestion(sql: Sql): Promise<{ askedAt: number; missed: number } | null> {
  const [row] = await sql.query<{ askedAt: number; missed: number }>(
    `select asked_at as "askedAt", (select count(*)::int from vigilance where missed_at is not null and id > ${since}) as missed
     from vigilance where answered_at is null and missed_at is null and void_at is null`, [], 'vigilance-open');
  return row ?? null;
}

/** Whether the desk has missed its questions and nobody has answered since (in this night only), and whether no wall of the desk lives. */
export async function deskState(sql: Sql): Promise<{ asleep: boolean; dark: boolean }> {
  const [row] = await sql.query<{ missed: number; dark: boolean }>(
    `select (select count(*)::int from vigilance where missed_at is not null and id > ${since} and asked_at > anling_now() - interval '12 hours') as missed,
       not exists (select from console c join app_user u on u.id = c.user_id where c.beat_at > anling_now() - $1 * interval '1 ms' and u.role in ('operator', 'shift-leader', 'admin')) as dark`,
    [limits.deskDarkMs], 'desk-state');
  return { asleep: (row?.missed ?? 0) >= limits.vigilanceMissed, dark: row?.dark ?? true };
}

/** Whether a human is proven at the desk now: a wall lives, and somebody has touched it within the half hour, with no question waiting or missed. */
export async function deskProven(sql: Sql): Promise<boolean> {
  const desk = await readDesk(sql);
  return desk.inputAt !== null && desk.now - desk.inputAt < limits.vigilanceIdleMs && desk.askedAt === null && desk.missed === 0 && !(await deskState(sql)).dark;
}

export type Question = { askedAt: number; inputAt: number; answeredAt: number | null; missedAt: number | null; voidAt: number | null; rungAt: number | null; rungParty: string | null };

/** The questions of the last `windowMs`, newest first. */
export function listQuestions(sql: Sql, windowMs: number, limit: number): Promise<Question[]> {
  return sql.query<Question>(
    `select asked_at as "askedAt", input_at as "inputAt", answered_at as "answeredAt", missed_at as "missedAt", void_at as "voidAt", rung_at as "rungAt", rung_party as "rungParty"
     from vigilance where asked_at > anling_now() - $1 * interval '1 ms' order by id desc limit $2`, [windowMs, limit]);
}
