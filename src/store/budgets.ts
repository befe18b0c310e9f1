/** SQL of the live budgets: what each number got of us in the provider's windows, the fullest first; and the provider's white list, its ranking and its last file. */
import type { Budget, Used } from '#core/budget.ts';
import type { Row, Sql } from './pool.ts';
import { seenFrom } from './regions.ts';
import type { Seal } from './seal.ts';

export type NumberBudget = Used & { party: string; role: string | null; regionCode: string | null; template: string; name: string | null; to: string; listed: boolean; demo: boolean };

/** Counted like store/outbox.ts numberFacts: what the provider took or may have taken. `template`: the one that was sent most. */
export async function fullestNumbers(sql: Sql, seal: Seal, prefix: string, budget: Budget, rows: number): Promise<NumberBudget[]> {
  const found = await sql.query<Omit<NumberBudget, 'name' | 'to'> & Row & { rName: Buffer | null; cName: Buffer | null; toEnc: Buffer }>(
    `with clock as materialized (select anling_now() as at), sent as materialized (
       select o.* from outbox o, clock n where o.created_at > n.at - interval '25 hours' and o.sent_at > n.at - interval '24 hours' and not o.dry and (o.provider_id is not null or o.state in ('unknown', 'sending'))
         and ${seenFrom('o.region_code')}
     ), texts as (
       select distinct on (to_bidx) to_bidx, template, count(*)::int as n24, (count(*) filter (where sent_at > n.at - interval '1 hour'))::int as n1h, (count(*) filter (where sent_at > n.at - interval '1 minute'))::int as n1m
       from sent, clock n where channel = 'sms' group by to_bidx, template order by to_bidx, count(*) desc
     ), numbers as (
       select to_bidx, max(id) as last, (count(*) filter (where channel = 'sms'))::int as "smsAll", (count(*) filter (where channel = 'voice'))::int as "voice24h",
         (count(*) filter (where channel = 'voice' and sent_at > n.at - interval '1 hour'))::int as "voice1h", (count(*) filter (where channel = 'voice' and sent_at > n.at - interval '1 minute'))::int as "voice1m"
       from sent, clock n group by to_bidx)
     select o.party, o.region_code as "regionCode", o.to_enc as "toEnc", o.demo, coalesce(t.template, o.template) as template, coalesce(t.n24, 0) as "sms24h", coalesce(t.n1h, 0) as "sms1h", coalesce(t.n1m, 0) as "sms1m",
       x."smsAll", x."voice24h", x."voice1h", x."voice1m", coalesce(r.role, c.relation) as role, r.name_enc as "rName", c.name_enc as "cName", ${listedOf('x.to_bidx')} as listed
     from numbers x join outbox o on o.id = x.last left join texts t on t.to_bidx = x.to_bidx
       left join responder r on o.party like 'responder:%' and r.id = substr(o.party, 11) left join contact c on o.party like 'contact:%' and c.id = substr(o.party, 9)
     order by greatest(coalesce(t.n24, 0)::float8 / $2, x."voice1h"::float8 / $3, x."voice24h"::float8 / $4) desc, x.last desc limit $5`, [prefix, budget.smsPerDay, budget.voicePerHour, budget.voicePerDay, rows]);
  return found.map(({ rName, cName, toEnc, ...row }) => ({ ...row, name: seal.openIfReadable('responder.name', rName) ?? seal.openIfReadable('contact.name', cName), to: seal.openIfReadable('outbox.to', toEnc) ?? '' }));
}

/** Messages that wait until their number has room again. */
export async function countHeld(sql: Sql, prefix: string): Promise<number> {
  const [row] = await sql.query<{ n: number }>(
    `select count(*)::int as n from outbox where state = 'due' and error_code in ('local.RESERVE', 'local.NOTICES') and ${seenFrom('region_code')}`, [prefix]);
  return row?.n ?? 0;
}

/** Whether the provider exempts this number from its limits on texts, as far as somebody has said so. */
export const listedOf = (bidx: string): string =>
  `exists (select from white_list_number w where w.phone_bidx = ${bidx} and w.list_id = (select max(id) from white_list where confirmed_at is not null))`;

export type Ranked = { party: string; role: string; regionCode: string; highRisk: number; name: string | null; to: string; phoneBidx: Buffer; phoneEnc: Buffer };
/** Every mobile number that is on duty, once, whoever needs the list most first (FIELD F8): the desk, the leaders, three of each town, then by the people at risk of the village. */
export async function rankedNumbers(sql: Sql, seal: Seal): Promise<Ranked[]> {
  const rows = await sql.query<Omit<Ranked, 'name' | 'to'> & Row & { nameEnc: Buffer }>(
    `with risk as (select h.region_code, (count(*) filter (where p.high_risk))::int as high, count(*)::int as people from person p join home h on h.id = p.home_id where p.status = 'present' group by h.region_code),
     duty as (
       select r.*, coalesce(k.high, 0) as high, coalesce(k.people, 0) as people,
         case r.role when 'seat' then 0 when 'shift-leader' then 0 when 'duty-leader' then 0 when 'town-duty' then case when row_number() over (partition by r.role, left(r.region_code, 9) order by r.ord, r.id) <= 3 then 1 else 3 end else 2 end as tier,
         array_position(array['seat', 'shift-leader', 'duty-leader', 'town-duty', 'care-worker', 'village-cadre', 'doctor', 'grid-worker', 'fire-station'], r.role) as place
       from responder r left join risk k on k.region_code = r.region_code where not r.landline and r.opted_out_at is null
     ), once as (select distinct on (phone_bidx) * from duty order by phone_bidx, tier, high desc, place, ord, id)
     select 'responder:' || id as party, role, region_code as "regionCode", high as "highRisk", name_enc as "nameEnc", phone_bidx as "phoneBidx", phone_enc as "phoneEnc" from once order by tier, high desc, people desc, place, region_code, ord, id`);
  return rows.map(({ nameEnc, ...row }) => ({ ...row, name: seal.openIfReadable('responder.name', nameEnc), to: seal.openIfReadable('responder.phone', row.phoneEnc) ?? '' }));
}

export type WhiteList = { id: string; madeAt: number; madeBy: string; confirmedAt: number | null; confirmedBy: string | null; numbers: { party: string; phoneBidx: Buffer; to: string; role: string | null; name: string | null; regionCode: string | null }[] };
/** The newest list that was handed over, with who of it is still there; null when there is none. */
export async function newestList(sql: Sql, seal: Seal, id: string | null = null): Promise<WhiteList | null> {
  const [list] = await sql.query<Omit<WhiteList, 'numbers'>>(
    `select id, made_at as "madeAt", made_by as "madeBy", confirmed_at as "confirmedAt", confirmed_by as "confirmedBy" from white_list where $1::bigint is null or id = $1 order by id desc limit 1`, [id]);
  if (!list) return null;
  const numbers = await sql.query<Row & { party: string; phoneBidx: Buffer; phoneEnc: Buffer; role: string | null; nameEnc: Buffer | null; regionCode: string | null }>(
    `select w.party, w.phone_bidx as "phoneBidx", w.phone_enc as "phoneEnc", r.role, r.name_enc as "nameEnc", r.region_code as "regionCode" from white_list_number w left join responder r on w.party = 'responder:' || r.id where w.list_id = $1 order by w.rank`, [list.id]);
  return { ...list, numbers: numbers.map(({ phoneEnc, nameEnc, ...n }) => ({ ...n, to: seal.openIfReadable('responder.phone', phoneEnc) ?? '', name: seal.openIfReadable('responder.name', nameEnc) })) };
}

/** Writes down which numbers are handed over now; the list before stays in force until this one is confirmed. */
export async function insertList(sql: Sql, numbers: readonly Ranked[], by: string): Promise<string> {
  const [list] = await sql.query<{ id: string }>('insert into white_list (made_by) values ($1) returning id', [by]);
  await sql.query('insert into white_list_number (list_id, rank, party, phone_bidx, phone_enc) select $1, v.ord, v.party, v.bidx, v.enc from unnest($2::text[], $3::bytea[], $4::bytea[]) with ordinality as v (party, bidx, enc, ord)',
    [list?.id, numbers.map((n) => n.party), numbers.map((n) => n.phoneBidx), numbers.map((n) => n.phoneEnc)]);
  return list?.id ?? '';
}

/** It stands at the provider's console now; older ones are forgotten. False when there is no such list. */
export async function confirmList(sql: Sql, id: string, by: string): Promise<boolean> {
  const rows = await sql.query('update white_list set confirmed_at = anling_now(), confirmed_by = $2 where id = $1 returning id', [id, by]);
  if (rows.length > 0) await sql.query('delete from white_list where id < $1', [id]);
  return rows.length > 0;
}
