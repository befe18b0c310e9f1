/**
 * SQL that makes and moves roll-calls (平安清点, 2.2): the lists of one, whom they are given to, and every word about somebody. Whoever
 * needs help is raised in the same transaction, as a call for help by telephone is.
 */
import { randomUUID } from 'node:crypto';
import { newId, type Party, scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { RollMark } from '#core/rollcall.ts';
import { careNumbers } from './care-list.ts';
import { insertDeskEvent } from './desk-events.ts';
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** Whose people: of regions, of an outage (still not heard), or of everybody with a device after a blind window of ours. */
export type RollScope = { kind: 'region'; regions: readonly string[] } | { kind: 'outage'; alertId: string; within: string } | { kind: 'blind'; within: string };
/** Takes words: nobody has ended it, and it is not forgotten. `r`: the alias of its table. */
export const isOpen = (r: string): string => `${r}.ended_at is null and ${r}.started_at > anling_now() - ${limits.rollOpenMs} * interval '1 ms'`;

function wanted(scope: RollScope): { where: string; values: unknown[] } {
  if (scope.kind === 'region') {
    const of = (digits: number): string[] => scope.regions.map(scopePrefix).filter((p) => p.length === digits);
    return { where: `p.region_code = any($1) or left(p.region_code, 9) = any($2) or left(p.region_code, 6) = any($3) or $4`, values: [of(12), of(9), of(6), of(0).length > 0] };
  }
  const prefix = scopePrefix(scope.within);
  if (scope.kind === 'blind')
    return { where: `p.region_code like $1 || '%' and exists (select from device d where d.status = 'installed' and (d.person_id = p.id or d.person_id is null and d.home_id = p.home_id))`, values: [prefix] };
  return {
    where: `p.region_code like $1 || '%' and p.home_id in (
      select m.home_id from outage_member m join outage o on o.id = m.outage_id where o.alert_id = $2::bigint and m.back_at is null union select u.home_id from presumed_unreachable u where u.alert_id = $2::bigint)`,
    values: [prefix, scope.alertId],
  };
}

/** Who would be on it: how many, in which villages; and a roll-call that asks after one of them already. */
export async function rollPeople(sql: Sql, scope: RollScope): Promise<{ people: number; regions: string[]; demo: boolean; running: string | null }> {
  const { where, values } = wanted(scope);
  const [row] = await sql.query<{ people: number; regions: string[] | null; demo: boolean | null; running: string | null }>(
    `with who as (select p.id, p.region_code, p.demo from person p where p.status = 'present' and p.region_code <> '' and (${where}))
     select count(*)::int as people, array_agg(distinct region_code) as regions, bool_and(demo) as demo,
       (select r.id::text from roll_call r where ${isOpen('r')} and exists (select from roll_call_person q join who on who.id = q.person_id where q.roll_call_id = r.id) order by r.id desc limit 1) as running from who`, values);
  return { people: row?.people ?? 0, regions: row?.regions ?? [], demo: row?.demo ?? false, running: row?.running ?? null };
}

/** One roll-call begins at a time, so that nobody stands on two lists. */
export async function holdRollCalls(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('anling-roll-call'))`);
}

/** Begins one, its lists numbered by risk. */
export async function insertRollCall(sql: Sql, r: { name: string; scope: RollScope; regionCode: string; by: string; demo: boolean }): Promise<string> {
  const [row] = await sql.query<{ id: string }>('insert into roll_call (name, kind, scope_code, started_by, demo) values ($1, $2, $3, $4, $5) returning id::text as id', [r.name, r.scope.kind, r.regionCode, r.by, r.demo]);
  const id = row?.id ?? '';
  const { where, values } = wanted(r.scope);
  await sql.query(`insert into roll_call_person (roll_call_id, region_code, no, person_id) select $${values.length + 1}::bigint, n.region_code, n.no, n.person_id from (${careNumbers(where)}) n`, [...values, id]);
  return id;
}

/** Those of a village who look after its people, in the order in which a list is theirs. */
const keepers = ['care-worker', 'village-cadre', 'grid-worker', 'doctor', 'fire-station'];
export type RollParty = { party: Party; regions: string[]; role: string; phoneEnc: Buffer; phoneBidx: Buffer; demo: boolean; /** villages whose list this one also gets as text */ first: string[]; code: string };

/** Gives every village's list to those of it who have a telephone that takes texts; of a village without any to the town's, if it has one. */
export async function giveLists(sql: Sql, id: string): Promise<RollParty[]> {
  const rows = await sql.query<Omit<RollParty, 'code'> & Row>(
    `with v as (select distinct region_code from roll_call_person where roll_call_id = $1),
     there as (select r.* from responder r where not r.landline and r.opted_out_at is null and (r.absent_until is null or r.absent_until <= anling_now())),
     own as (select t.id, v.region_code, row_number() over (partition by v.region_code order by array_position($2::text[], t.role), t.ord, t.id) as place from v join there t on t.region_code = v.region_code and t.role = any($2)),
     town as (select t.id, v.region_code, row_number() over (partition by v.region_code order by t.ord, t.id) as place from v join there t on t.role = 'town-duty' and left(t.region_code, 9) = left(v.region_code, 9)
       where not exists (select from own o where o.region_code = v.region_code)),
     given as (select id, region_code, place = 1 as first from own where place <= $3 union all select id, region_code, false from town where place <= $3)
     select 'responder:' || r.id as party, array_agg(g.region_code order by g.region_code) as regions, coalesce(array_agg(g.region_code) filter (where g.first), '{}') as first, r.role, r.phone_enc as "phoneEnc", r.phone_bidx as "phoneBidx", r.demo
     from given g join responder r on r.id = g.id group by r.id order by min(g.region_code), r.id`, [id, keepers, limits.rollKeepers]);
  const parties = rows.map((r) => ({ ...r, code: newId('', 10) }));
  await sql.query(`insert into roll_call_party (roll_call_id, party, regions, code) select $1, v.party, string_to_array(v.regions, ','), v.code from unnest($2::text[], $3::text[], $4::text[]) as v (party, regions, code)`,
    [id, parties.map((p) => p.party), parties.map((p) => p.regions.join(',')), parties.map((p) => p.code)]);
  return parties;
}

/** Which message told each of them. */
export async function noteTold(sql: Sql, id: string, told: readonly { party: Party; outId: string }[]): Promise<void> {
  await sql.query('update roll_call_party p set out_id = v.out_id from unnest($2::text[], $3::text[]) as v (party, out_id) where p.roll_call_id = $1 and p.party = v.party', [id, told.map((t) => t.party), told.map((t) => t.outId)]);
}

export type Marking = {
  id: string; regionCode: string; marks: ReadonlyMap<number, RollMark>; /** everybody nobody has said a word of, or who was not reached, is safe too */ rest: boolean;
  by: string; via: 'sms' | 'link' | 'paper' | 'desk'; /** for the timeline of who needs help */ who: string; from?: string; trace: string;
};
export type Marked = { changed: number; /** not on the list */ missing: number[]; raised: string[]; /** the roll-call is over */ over: boolean };

/** Takes words about people of one village. Who needs help, and was not known to, is an alarm, committed with the word. */
export async function markPeople(sql: Sql, seal: Seal, m: Marking): Promise<Marked> {
  const [open] = await sql.query(`select id from roll_call r where id = $1 and ${isOpen('r')} for share`, [m.id]);
  if (!open) return { changed: 0, missing: [], raised: [], over: true };
  const numbers = [...m.marks.keys()];
  const rows = await sql.query<{ no: number; status: string; personId: string; homeId: string | null } & Row>(
    `select q.no, q.status, q.person_id as "personId", p.home_id as "homeId" from roll_call_person q left join person p on p.id = q.person_id
     where q.roll_call_id = $1 and q.region_code = $2 and ($4 or q.no = any($3::int2[])) order by q.no for update of q`, [m.id, m.regionCode, numbers, m.rest]);
  const known = new Set(rows.map((r) => r.no));
  const news = rows.flatMap((r) => {
    const mark = m.marks.get(r.no) ?? (m.rest && (r.status === 'unchecked' || r.status === 'unreached') ? 'safe' : null);
    return mark === null ? [] : [{ ...r, mark }];
  });
  await sql.query(
    `with v as (select * from unnest($3::int2[], $4::text[]) as v (no, status)),
     said as (insert into roll_call_mark (roll_call_id, region_code, no, status, by, via) select $1, $2, no, status, $5, $6 from v)
     update roll_call_person q set status = v.status, marked_at = anling_now(), marked_by = $5, via = $6 from v where q.roll_call_id = $1 and q.region_code = $2 and q.no = v.no`,
    [m.id, m.regionCode, news.map((n) => n.no), news.map((n) => n.mark), m.by, m.via]);
  const raised: string[] = [];
  for (const n of news.filter((x) => x.mark === 'help' && x.status !== 'help')) raised.push(await raiseHelp(sql, seal, m, { ...n, note: `平安清点 ${n.no} 号需帮助,${m.who}说的` }));
  return { changed: news.length, missing: numbers.filter((n) => !known.has(n)), raised, over: false };
}

/** A call for help that came with a roll-call: of somebody of the list, or of a village where nobody knows yet who. */
export async function raiseHelp(sql: Sql, seal: Seal, m: Pick<Marking, 'regionCode' | 'by' | 'via' | 'from' | 'trace'>, who: { personId: string | null; homeId: string | null; note: string }): Promise<string> {
  const nobody = who.personId === null && who.homeId === null;
  const data = { ...(nobody ? { subject: { type: 'number', id: `平安清点#${randomUUID().slice(0, 12)}` } } : {}), regionCode: m.regionCode, note: who.note, by: m.by, ...(m.from === undefined ? {} : { from: m.from }) };
  return (await insertDeskEvent(sql, seal, { ingestId: randomUUID(), source: m.via === 'sms' || m.via === 'link' ? 'phone' : 'wall', kind: 'phone-in', personId: who.personId, homeId: who.homeId, deviceId: null, data, trace: m.trace })).id;
}

/** False when it is over already. */
export async function endRollCall(sql: Sql, id: string, by: string): Promise<boolean> {
  return (await sql.query(`update roll_call set ended_at = anling_now(), ended_by = $2 where id = $1 and ended_at is null returning id`, [id, by])).length > 0;
}

/** The lists that these parties keep, of the newest open roll-call that gave them any. */
export async function keptLists(sql: Sql, parties: readonly Party[]): Promise<{ id: string; regions: string[]; people: number } | null> {
  const [row] = await sql.query<{ id: string; regions: string[]; people: number } & Row>(
    `with mine as (select q.roll_call_id, q.regions from roll_call_party q join roll_call r on r.id = q.roll_call_id where q.party = any($1) and ${isOpen('r')}),
     newest as (select roll_call_id as id, array_agg(distinct x) as regions from mine, unnest(regions) x where roll_call_id = (select max(roll_call_id) from mine) group by 1)
     select n.id::text as id, n.regions, (select count(*)::int from roll_call_person q where q.roll_call_id = n.id and q.region_code = any(n.regions)) as people from newest n`, [parties]);
  return row ?? null;
}
