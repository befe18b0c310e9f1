/**
 * SQL of the statistics (1E, 2.4, 2.5): delivery, answer and arrival by channel, gateway, village and hour. Three grains, each counted from
 * rows when it is asked for (definitions: docs/decisions/0035-figures.md): messages of alarms by when they were made, people told by when
 * they were first told, emergencies by when they were opened. Tests, drills, the house's own press, rings and digests are in none of them, demonstration
 * rows are counted apart from real ones and never with them.
 */
import { limits } from '#core/limits.ts';
import { alarmFacts, type AlarmFigures, alarmFigures, inScope, inWindow, notCounted } from './kpi.ts';
import type { Row, Sql } from './pool.ts';

/** Which rows: region digits, county time from and to (half open), real ones or those of the demonstration. `now` judges what still runs. */
export type FiguresOf = { prefix: string; from: number; to: number; now: number; demo: boolean };
/** One line of a sheet: all of it, a channel, a gateway (`none`: no gateway was asked), a village (null: the whole county's), an hour of the day. */
export const dimensions = ['all', 'channel', 'gateway', 'village', 'hour'] as const;
export type Dimension = (typeof dimensions)[number];
type Key = { by: Dimension; key: string | null };
/** 已送达 only from a receipt (a call: it was taken); `waiting` has none yet; what was taken back before it left is in `withdrawn` alone. */
export type MessageFigures = { messages: number; reached: number; failed: number; unknown: number; waiting: number; withdrawn: number; reachedP50Ms: number | null };
/** People told of an alarm, once each: who gave any answer, who said that he goes, who arrived. */
export type ToldFigures = { told: number; answered: number; accepted: number; answerP50Ms: number | null; came: number; comeP50Ms: number | null };
export type FiguresSheet = { messages: (Key & MessageFigures)[]; told: (Key & ToldFigures)[]; alarms: (Key & AlarmFigures)[]; /** the same of what was felt in a learning period (C12): in `alarms` it is not */ learning: (Key & AlarmFigures)[] };

const hourOf = (at: string): string => `extract(hour from ${at} at time zone 'Asia/Shanghai')::int::text`;
const counted = `${inScope} and not (${notCounted}) and a.demo = $4`;

/** Messages of alarms in the window, each with what it is grouped by. */
const messageRows = `m as materialized (
  select o.alert_id, o.party, o.purpose, o.state, o.sent_at, o.done_at, o.channel, coalesce(o.provider, 'none') as gateway, a.region_code as village, ${hourOf('o.created_at')} as hour
  from outbox o join alert a on a.id = o.alert_id where ${inWindow('o.created_at')} and not o.dry and ${counted})`;
/** Who has been told, by one channel of one gateway, when first, and the first words that came from him after it. */
const toldRows = `t as materialized (
  select m.*, (select min(l.at) from alert_log l where l.alert_id = m.alert_id and l.actor_type = 'party' and l.actor_id = m.party and l.at >= m.at) as answered_at,
    exists (select from alert_log l where l.alert_id = m.alert_id and l.actor_type = 'party' and l.actor_id = m.party and l.at >= m.at and l.action in ('accepted', 'accepted-too', 'departed', 'arrived', 'done')) as accepted,
    (select e.arrived_at from engagement e where e.alert_id = m.alert_id and e.party = m.party) as arrived_at
  from (select alert_id, party, channel, gateway, village, min(sent_at) as at from m where purpose <> 'notice' and sent_at is not null and state not in ('failed', 'withdrawn', 'due') group by 1, 2, 3, 4, 5) m)`;
const sets = (...by: readonly Dimension[]): string => `grouping sets (${by.map((b) => (b === 'all' ? '()' : `(${b})`)).join(', ')})`;
const keyOf = (...by: readonly Dimension[]): string => {
  const own = by.filter((b) => b !== 'all');
  return `case ${own.map((b) => `when grouping(${b}) = 0 then '${b}'`).join(' ')} else 'all' end as by, case ${own.map((b) => `when grouping(${b}) = 0 then ${b}`).join(' ')} end as key`;
};
const toldFigures = `count(*)::int as told, count(answered_at)::int as answered, (count(*) filter (where accepted))::int as accepted, percentile_cont(0.5) within group (order by (extract(epoch from answered_at - at) * 1000)::float8) as "answerP50Ms",
  count(arrived_at)::int as came, percentile_cont(0.5) within group (order by (extract(epoch from arrived_at - at) * 1000)::float8) as "comeP50Ms"`;

/** Counts everything of a window; the three lists name their lines by the same keys. */
export async function readFigures(sql: Sql, f: FiguresOf): Promise<FiguresSheet> {
  const values = [f.prefix, f.from, f.to, f.demo];
  const messages = await sql.query<Key & MessageFigures & Row>(
    `with ${messageRows} select ${keyOf(...dimensions)}, (count(*) filter (where state <> 'withdrawn'))::int as messages, (count(*) filter (where state in ('delivered', 'answered')))::int as reached, (count(*) filter (where state = 'failed'))::int as failed,
       (count(*) filter (where state = 'unknown'))::int as unknown, (count(*) filter (where state in ('due', 'sending', 'accepted')))::int as waiting, (count(*) filter (where state = 'withdrawn'))::int as withdrawn,
       percentile_cont(0.5) within group (order by (extract(epoch from done_at - sent_at) * 1000)::float8) filter (where state in ('delivered', 'answered')) as "reachedP50Ms"
     from m group by ${sets(...dimensions)}`, values);
  const byWay = await sql.query<Key & ToldFigures & Row>(`with ${messageRows}, ${toldRows} select ${keyOf('channel', 'gateway')}, ${toldFigures}
     from (select alert_id, party, channel, gateway, min(at) as at, min(answered_at) as answered_at, bool_or(accepted) as accepted, min(arrived_at) as arrived_at from t group by grouping sets ((alert_id, party, channel), (alert_id, party, gateway))) u
     group by ${sets('channel', 'gateway')} having case when grouping(channel) = 0 then channel else gateway end is not null`, values);
  const told = await sql.query<Key & ToldFigures & Row>(`with ${messageRows}, ${toldRows} select ${keyOf('all', 'village', 'hour')}, ${toldFigures}
     from (select x.*, ${hourOf('x.at')} as hour from (select alert_id, party, village, min(at) as at, min(answered_at) as answered_at, bool_or(accepted) as accepted, min(arrived_at) as arrived_at from t group by 1, 2, 3) x) u
     group by ${sets('all', 'village', 'hour')}`, values);
  const alarmsOf = (which: string): Promise<(Key & AlarmFigures)[]> => sql.query<Key & AlarmFigures & Row>(
    `with p1 as materialized (select ${alarmFacts('$5')}, a.region_code as village, ${hourOf('a.opened_at')} as hour from alert a where a.priority = 1 and ${inWindow('a.opened_at')} and ${counted})
     select ${keyOf('all', 'village', 'hour')}, ${alarmFigures} from p1 where not cancelled and ${which} group by ${sets('all', 'village', 'hour')}`, [...values, f.now]);
  return { messages, told: [...told, ...byWay], alarms: await alarmsOf('not learning'), learning: await alarmsOf('learning') };
}

/** What a figure counts, so that its cases can be listed. */
export const caseQuestions = ['alarms', 'learning', 'late60', 'late180', 'unanswered', 'late45m', 'failed', 'unknown', 'silent'] as const;
export type CaseQuestion = (typeof caseQuestions)[number];
export type FigureCase = { id: string; kind: string; regionCode: string | null; openedAt: number; state: string; answerMs: number | null; arrivalMs: number | null; outcome: string | null };
/** The line of the sheet that is asked about. */
export type CasesOf = { what: CaseQuestion; channel?: 'sms' | 'voice' | undefined; gateway?: string | undefined; hour?: number | undefined };

const ofAlarm: Partial<Record<CaseQuestion, string>> = {
  alarms: 'true', learning: 'true', late60: `answer > 60000 or (answer is null and (closed or (asked and age > 60000)))`, late180: `answer > 180000 or (answer is null and (closed or (asked and age > 180000)))`,
  unanswered: 'answer is null and asked and not closed', late45m: 'arrival > 2700000 or (arrival is null and promised and age > 2700000)',
};
const ofMessage: Partial<Record<CaseQuestion, string>> = { failed: `state = 'failed'`, unknown: `state = 'unknown'` };

/** The cases behind one figure, newest first; one more than `limits.figureCases` says that there are more. */
export function figureCases(sql: Sql, f: FiguresOf, { what, channel, gateway, hour }: CasesOf): Promise<FigureCase[]> {
  const alarm = ofAlarm[what];
  const way = `($5::text is null or channel = $5) and ($6::text is null or gateway = $6)`;
  const picked = alarm !== undefined
    ? `p1 as (select a.id, ${alarmFacts('$8')}, ${hourOf('a.opened_at')} as hour from alert a where a.priority = 1 and ${inWindow('a.opened_at')} and ${counted}), picked as (select id from p1 where not cancelled and ${what === 'learning' ? '' : 'not '}learning and (${alarm}) and ($7::text is null or hour = $7) and $5::text is null and $6::text is null)`
    : what === 'silent'
      ? `${messageRows}, ${toldRows}, picked as (select distinct alert_id as id from (select alert_id, party, min(at) as at, min(answered_at) as answered_at from t where ${way} group by 1, 2) u where answered_at is null and ($7::text is null or ${hourOf('at')} = $7))`
      : `${messageRows}, picked as (select distinct alert_id as id from m where ${ofMessage[what] ?? 'false'} and ${way} and ($7::text is null or hour = $7))`;
  return sql.query<FigureCase & Row>(
    `with ${picked} select a.id::text as id, a.kind, a.region_code as "regionCode", a.opened_at as "openedAt", a.state, a.outcome, (extract(epoch from a.first_human_at - a.opened_at) * 1000)::float8 as "answerMs", (extract(epoch from a.arrived_at - a.opened_at) * 1000)::float8 as "arrivalMs"
     from picked p join alert a on a.id = p.id where $8::float8 is not null order by a.opened_at desc, a.id desc limit $9`, [f.prefix, f.from, f.to, f.demo, channel ?? null, gateway ?? null, hour === undefined ? null : String(hour), f.now, limits.figureCases + 1]);
}
