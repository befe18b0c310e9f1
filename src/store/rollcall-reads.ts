/** SQL of roll-calls as people see them: the list, one by village, one village by person, who was given what, what a code opens. */
import { limits } from '#core/limits.ts';
import type { RollStatus, RollVillage } from '#core/rollcall.ts';
import { careColumns, type CareLine, careLine, type CareRow } from './care-list.ts';
import type { Row, Sql } from './pool.ts';
import { isOpen } from './rollcall.ts';
import type { Seal } from './seal.ts';

export type RollRow = { id: string; name: string; kind: 'region' | 'outage' | 'blind'; scopeCode: string; startedBy: string; startedAt: number; endedAt: number | null; state: 'open' | 'ended' | 'expired'; demo: boolean; people: number; unchecked: number; help: number; unreached: number };
// Shared by the list and by one: a caller of a smaller region sees the part of it that is his.
const columns = `r.id::text as id, r.name, r.kind, r.scope_code as "scopeCode", coalesce(u.display_name, r.started_by) as "startedBy", r.started_at as "startedAt", r.ended_at as "endedAt",
  case when r.ended_at is not null then 'ended' when ${isOpen('r')} then 'open' else 'expired' end as state, r.demo, n.people, n.unchecked, n.help, n.unreached
  from roll_call r left join app_user u on 'user:' || u.id = r.started_by
    cross join lateral (select count(*)::int as people, (count(*) filter (where q.status = 'unchecked'))::int as unchecked, (count(*) filter (where q.status = 'help'))::int as help, (count(*) filter (where q.status = 'unreached'))::int as unreached
      from roll_call_person q where q.roll_call_id = r.id and q.region_code like $1 || '%') n`;

export function listRollCalls(sql: Sql, prefix: string): Promise<RollRow[]> {
  return sql.query<RollRow & Row>(`select ${columns} where n.people > 0 order by r.ended_at is null desc, r.id desc limit $2`, [prefix, limits.rollRows]);
}
export async function findRollCall(sql: Sql, prefix: string, id: string): Promise<RollRow | null> {
  return (await sql.query<RollRow & Row>(`select ${columns} where r.id = $2 and n.people > 0`, [prefix, id]))[0] ?? null;
}

export function rollVillages(sql: Sql, id: string, prefix: string): Promise<RollVillage[]> {
  const count = (status: RollStatus): string => `(count(*) filter (where status = '${status}'))::int as ${status}`;
  return sql.query<RollVillage & Row>(
    `select region_code as code, count(*)::int as people, ${count('safe')}, ${count('help')}, ${count('unreached')}, ${count('unchecked')}, min(marked_at) as "firstAt", max(marked_at) as "lastAt"
     from roll_call_person where roll_call_id = $1 and region_code like $2 || '%' group by 1 order by 1`, [id, prefix]);
}

export type RollPerson = CareLine & { regionCode: string; no: number; status: RollStatus; markedAt: number | null; via: 'sms' | 'link' | 'paper' | 'desk' | null; /** in plain text */ markedBy: string | null; markedRole: string | null };
/** Of one village, of all (null), or of those states only; by village and number. */
export async function rollList(sql: Sql, seal: Seal, id: string, regions: readonly string[] | null, prefix = '', states: readonly RollStatus[] | null = null): Promise<RollPerson[]> {
  const rows = await sql.query<CareRow & Row & Omit<RollPerson, keyof CareLine | 'markedBy'> & { userName: string | null; rName: Buffer | null }>(
    `select q.region_code as "regionCode", q.no, q.status, q.marked_at as "markedAt", q.via, u.display_name as "userName", r.name_enc as "rName", r.role as "markedRole", ${careColumns}
     from roll_call_person q left join person p on p.id = q.person_id left join home h on h.id = p.home_id left join app_user u on 'user:' || u.id = q.marked_by left join responder r on 'party:responder:' || r.id = q.marked_by
     where q.roll_call_id = $1 and ($2::text[] is null or q.region_code = any($2)) and q.region_code like $3 || '%' and ($4::text[] is null or q.status = any($4)) order by q.region_code, q.no`, [id, regions, prefix, states]);
  return rows.map((row) => ({
    ...careLine(seal, row), regionCode: row.regionCode, no: row.no, status: row.status, markedAt: row.markedAt, via: row.via, markedBy: row.userName ?? seal.openIfReadable('responder.name', row.rName), markedRole: row.markedRole,
  }));
}

export type RollKeeper = { party: string; role: string | null; name: string | null; regions: string[]; state: string | null; /** its text was not taken */ failed: boolean };
/** Who was given which lists, and what became of the text that said so. */
export async function rollKeepers(sql: Sql, seal: Seal, id: string): Promise<RollKeeper[]> {
  const rows = await sql.query<Omit<RollKeeper, 'name'> & Row & { nameEnc: Buffer | null }>(
    `select q.party, q.regions, r.role, r.name_enc as "nameEnc", o.state, coalesce(o.state in ('failed', 'unknown'), false) as failed from roll_call_party q left join responder r on 'responder:' || r.id = q.party left join outbox o on o.out_id = q.out_id
     where q.roll_call_id = $1 order by q.party`, [id]);
  return rows.map(({ nameEnc, ...row }) => ({ ...row, name: seal.openIfReadable('responder.name', nameEnc) }));
}

export type RollLink = { id: string; party: string; regions: string[]; partyName: string; role: string; state: 'open' | 'over'; /** over for so long that the page is gone */ gone: boolean; demo: boolean; startedAt: number; now: number };
/** What a code opens; null for one that never was. */
export async function findRollLink(sql: Sql, seal: Seal, code: string): Promise<RollLink | null> {
  const [row] = await sql.query<Omit<RollLink, 'partyName'> & Row & { nameEnc: Buffer | null }>(
    `select r.id::text as id, q.party, q.regions, p.name_enc as "nameEnc", coalesce(p.role, '') as role, r.demo, r.started_at as "startedAt", anling_now() as now, case when ${isOpen('r')} then 'open' else 'over' end as state,
       coalesce(r.ended_at, r.started_at + $2 * interval '1 ms') < anling_now() - $3 * interval '1 ms' as gone
     from roll_call_party q join roll_call r on r.id = q.roll_call_id left join responder p on 'responder:' || p.id = q.party where q.code = $1`, [code, limits.rollOpenMs, limits.linkAfterCloseMs]);
  if (!row) return null;
  const { nameEnc, ...rest } = row;
  return { ...rest, partyName: seal.openIfReadable('responder.name', nameEnc) ?? '' };
}

export type RollOffer = { alertId: string | null; blindId: string | null; regionCode: string | null; fromAt: number; toAt: number | null; cause: string | null };
/** After what a roll-call is due: outages that are open, and our own blind windows of the last day that lasted longer than limits.rollBlindMs. */
export function rollOffers(sql: Sql, prefix: string): Promise<RollOffer[]> {
  return sql.query<RollOffer & Row>(
    `select o.alert_id::text as "alertId", null as "blindId", o.region_code as "regionCode", o.from_at as "fromAt", null::timestamptz as "toAt", o.cause from outage o where o.ended_at is null and o.alert_id is not null and o.region_code like $1 || '%'
     union all select null, b.id::text, null, b.from_at, b.to_at, null from blind_window b where b.to_at > anling_now() - interval '1 day' and b.to_at - b.from_at > $2 * interval '1 ms'
     order by 4 desc limit 50`, [prefix, limits.rollBlindMs]);
}
