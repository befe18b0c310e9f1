/** What the supervisor counts: visits by town, installer and day, those to be done again, and how far the special group is covered, with the reason for each gap (FEATURES F3, 2.3). */
import type { InstallationState } from '#core/installation.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

/** `demo`: the demonstration county or the real one, never both in one figure. */
export type ReportOf = { prefix: string; /** epoch ms */ from: number; to: number; demo: boolean };
export type VisitCount = { town: string; installer: string; installerName: string | null; day: string; state: InstallationState; n: number };

/** Visits begun in the span, by town (its code), installer, day of the county and what became of them. */
export function countVisits(sql: Sql, { prefix, from, to, demo }: ReportOf): Promise<VisitCount[]> {
  return sql.query<VisitCount>(
    `select left(i.region_code, 9) || '000' as town, i.installer, u.display_name as "installerName", to_char(i.begun_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') as day, i.state, count(*)::int as n
     from installation i left join app_user u on 'user:' || u.id = i.installer
     where i.region_code like $1 || '%' and i.begun_at >= to_timestamp($2::float8 / 1000.0) and i.begun_at < to_timestamp($3::float8 / 1000.0) and i.demo = $4 group by 1, 2, 3, 4, 5 order by 1, 4, 2, 5`, [prefix, from, to, demo]);
}

export type VisitLine = { id: string; begunAt: number; finishedAt: number | null; decidedAt: number | null; regionCode: string; homeId: string; deviceId: string | null; model: string | null; installer: string; installerName: string | null; state: InstallationState; reasons: string[]; number: string | null };
const line = `i.id, i.begun_at as "begunAt", i.finished_at as "finishedAt", i.decided_at as "decidedAt", i.region_code as "regionCode", i.home_id as "homeId", i.device_id as "deviceId", d.model, i.installer, u.display_name as "installerName", i.state, i.reasons, c.number
  from installation i left join device d on d.id = i.device_id left join app_user u on 'user:' || u.id = i.installer left join certificate c on c.installation_id = i.id`;

/** 复装: failed on site or by their probation, and nobody has begun again in that home since; the oldest first. */
export function visitsToRedo(sql: Sql, { prefix, demo }: Pick<ReportOf, 'prefix' | 'demo'>): Promise<VisitLine[]> {
  return sql.query<VisitLine>(
    `select ${line} where i.region_code like $1 || '%' and i.demo = $2 and i.state in ('failed', 'to-redo')
       and not exists (select from installation later where later.home_id = i.home_id and later.begun_at > i.begun_at and (later.device_id is null or later.device_id = i.device_id or later.state in ('on-site', 'accepted')))
     order by i.begun_at, i.id limit $3`, [prefix, demo, limits.installRows]);
}

/** Every visit of the span, for a file; one more than limits.installFileRows says that it is too many. */
export function visitLines(sql: Sql, { prefix, from, to, demo }: ReportOf): Promise<VisitLine[]> {
  return sql.query<VisitLine>(
    `select ${line} where i.region_code like $1 || '%' and i.begun_at >= to_timestamp($2::float8 / 1000.0) and i.begun_at < to_timestamp($3::float8 / 1000.0) and i.demo = $4 order by i.begun_at, i.id limit $5`, [prefix, from, to, demo, limits.installFileRows + 1]);
}

export const coverGaps = ['probation', 'to-redo', 'failed', 'refused', 'no-device', 'unaccepted', 'begun', 'not-visited'] as const;
export type CoverGap = (typeof coverGaps)[number];
export type CoverCount = { town: string; gap: CoverGap | 'accepted'; n: number };

/**
 * The special group (person.high_risk) that is there, by town: accepted, or the first reason why not. `no-device`: fitted once, and it hangs there no
 * more; `unaccepted`: a device hangs there that nobody has accepted at the door.
 */
export function countCover(sql: Sql, { prefix, demo }: Pick<ReportOf, 'prefix' | 'demo'>): Promise<CoverCount[]> {
  return sql.query<CoverCount>(
    `select left(p.region_code, 9) || '000' as town, x.gap, count(*)::int as n from person p
       left join lateral (select state from installation i where i.home_id = p.home_id and (i.person_id is null or i.person_id = p.id) order by i.begun_at desc, i.id limit 1) newest on true
       cross join lateral (select case
         when exists (select from installation i join device d on d.id = i.device_id where i.home_id = p.home_id and (i.person_id is null or i.person_id = p.id) and i.state = 'accepted' and d.status = 'installed' and d.home_id = i.home_id) then 'accepted'
         when exists (select from installation i join device d on d.id = i.device_id where i.home_id = p.home_id and (i.person_id is null or i.person_id = p.id) and i.state = 'on-site' and d.status = 'installed' and d.home_id = i.home_id) then 'probation'
         when newest.state in ('to-redo', 'failed', 'refused') then newest.state
         when p.status = 'refused' then 'refused'
         when exists (select from device d where (d.person_id = p.id or d.person_id is null and d.home_id = p.home_id) and d.status = 'installed') then case when newest.state = 'begun' then 'begun' else 'unaccepted' end
         when newest.state = 'begun' then 'begun' when newest.state is not null then 'no-device' else 'not-visited' end as gap) x
     where p.high_risk and p.status in ('present', 'refused') and p.region_code like $1 || '%' and p.region_code <> '' and p.demo = $2 group by 1, 2 order by 1, 2`, [prefix, demo]);
}
