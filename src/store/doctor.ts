/** SQL of what the doctor asks about the county: who could be told and is not there, which devices cannot be relied on. */
import type { CountyFacts, Named } from '#core/doctor.ts';
import { countNeverReported } from './device-registry.ts';
import type { Sql } from './pool.ts';

const shown = 5;
/** Villages and towns with people in them. */
const lived = `lived as (select region_code as code from person where status = 'present' and region_code <> '' group by 1)`;
const ring = `role in ('care-worker', 'doctor', 'grid-worker', 'village-cadre') and opted_out_at is null`;

export async function readCounty(sql: Sql): Promise<CountyFacts> {
  const [row] = await sql.query<Omit<CountyFacts, 'villages' | 'gaps' | 'towns' | 'dead' | 'neverReported'>>(
    `select (select count(*)::int from responder where role in ('shift-leader', 'duty-leader') and opted_out_at is null and (absent_until is null or absent_until <= anling_now())) as leaders,
       (select count(*)::int from responder where opted_out_at is not null) + (select count(*)::int from contact where opted_out_at is not null) as "optedOut",
       (select count(*)::int from presence p join device d on d.id = p.device_id where p.low_battery and d.status = 'installed') as "lowBattery",
       (select count(*)::int from presence p join device d on d.id = p.device_id where p.silent_at is not null and d.status = 'installed') as silent,
       (select count(*)::int from unregistered where last_at > anling_now() - interval '1 day') as refused`);
  return {
    ...(row as NonNullable<typeof row>), neverReported: (await countNeverReported(sql, '')).reduce((sum, r) => sum + r.count, 0),
    villages: await names(sql, `with ${lived} select r.name from lived l join region r on r.code = l.code where r.level = 'village' and not exists (select from responder where region_code = l.code and ${ring})`),
    // Absences are all that is known of the next days: nobody of the village is there, at least now.
    gaps: await names(sql, `with ${lived} select r.name || ' (' || to_char(min(p.absent_until) at time zone 'Asia/Shanghai', 'MM-DD HH24:MI') || ')' as name from lived l join region r on r.code = l.code join responder p on p.region_code = l.code and ${ring}
      where r.level = 'village' group by l.code, r.name having bool_and(coalesce(p.absent_until > anling_now(), false))`),
    towns: await names(sql, `with ${lived} select r.name from (select distinct left(code, 9) || '000' as code from lived) l join region r on r.code = l.code where r.level = 'town'
      and not exists (select from responder where region_code = l.code and role = 'town-duty' and opted_out_at is null)`),
    dead: await names(sql, `select r.name || ' ' || p.role as name from responder p join region r on r.code = p.region_code join outbox o on o.party = 'responder:' || p.id and o.created_at > anling_now() - interval '7 days'
      group by p.id, p.role, r.name having count(*) filter (where o.state = 'failed') >= 2 and count(*) filter (where o.state in ('delivered', 'answered')) = 0`),
  };
}

/** The first few names of a query, and how many rows it has. */
async function names(sql: Sql, text: string): Promise<Named> {
  const rows = await sql.query<{ name: string }>(`select name from (${text}) q order by name`);
  return { count: rows.length, names: rows.slice(0, shown).map((r) => r.name) };
}
