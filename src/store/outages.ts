/**
 * SQL of outages (片区失联): the losses of the last minutes, who is proven alive, incidents with their members, their figures,
 * and who is presumed unreachable (推断失联: shares the outage, was not heard since, is not due yet). Deciding is core/outage.ts.
 */
import type { Alive, Loss, Opening, OutageCause, OutageSubject } from '#core/outage.ts';
import type { OutageFacts } from '#core/decision.ts';
import { type AlertId, scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Row, Sql } from './pool.ts';

const cellOf = 'coalesce(p.cell, d.cell, h.cell)';
const traits = `h.region_code as region, ${cellOf} as cell, h.power_area as "powerArea", m.vendor, m.power`;

/** Losses of limits.outageWindowMs: silent, without mains, or said offline for 20 s by a will that no restart of ours explains. */
export function recentLosses(sql: Sql, hearingSince: number | null, edgeStartedAt: number | null): Promise<(Loss & { lastSeenAt: number | null })[]> {
  return sql.query(
    `with w as (select anling_now() as at, greatest(anling_now() - make_interval(secs => $1 / 1000.0), to_timestamp($2::float8 / 1000)) as since, to_timestamp($3::float8 / 1000) as started),
     found as (
       select device_id from presence where silent_at > (select since from w) and silent_at is not null
       union select device_id from presence where mains_lost_at > (select since from w) and mains_lost_at is not null
       union select device_id from presence, w where lost_at > w.since and lost_at is not null and lost_at < w.at - interval '20 seconds' and lost_at > coalesce(w.started, '-infinity'))
     select d.id as "deviceId", d.home_id as "homeId", ${traits}, p.last_seen_at as "lastSeenAt", p.outage_id::text as "outageId",
       case when p.silent_at is not null then 'silent' when p.mains_lost_at is not null then 'mains-lost' else 'lost' end as how,
       coalesce(p.silent_at, p.mains_lost_at, p.lost_at) as at
     from found f join presence p on p.device_id = f.device_id join device d on d.id = f.device_id join device_model m on m.id = d.model left join home h on h.id = d.home_id
     where d.status <> 'revoked'`, [limits.outageWindowMs, hearingSince, edgeStartedAt], 'outage-losses');
}

/** Devices heard after `since` (epoch ms) and not lost, counted by what they have in common. */
export function aliveSince(sql: Sql, since: number): Promise<Alive[]> {
  return sql.query(
    `select ${traits}, count(*)::int as n from presence p join device d on d.id = p.device_id join device_model m on m.id = d.model left join home h on h.id = d.home_id
     where p.last_seen_at > to_timestamp($1 / 1000.0) and p.silent_at is null and p.mains_lost_at is null and p.lost_at is null and d.status <> 'revoked'
     group by 1, 2, 3, 4, 5`, [since], 'outage-alive');
}

/** Whether at least so many devices of a region or a vendor were heard after `since`; reads no further than that. */
export async function lives(sql: Sql, subject: OutageSubject, since: number, n: number): Promise<boolean> {
  const [from, values, name] = subject.type === 'region'
    ? ['home h join device d on d.home_id = h.id join presence p on p.device_id = d.id where h.region_code >= $1 and h.region_code <= $4', [subject.id, since, n, scopePrefix(subject.id).padEnd(12, '9')], 'outage-region-lives'] as const
    : ['presence p join device d on d.id = p.device_id join device_model m on m.id = d.model where m.vendor = $1', [subject.id, since, n], 'outage-vendor-lives'] as const;
  const [row] = await sql.query<{ n: number }>(
    `select count(*)::int as n from (select from ${from}
       and p.last_seen_at > to_timestamp($2 / 1000.0) and p.silent_at is null and p.mains_lost_at is null and p.lost_at is null and d.status <> 'revoked' limit $3::int) x`, values, name);
  return (row?.n ?? 0) >= n;
}

export type OutageRow = {
  id: string; subject: OutageSubject; regionCode: string; cause: OutageCause; trait: string | null; trace: string; alertId: string | null; alertClosed: boolean;
  openedAt: number; recoveringAt: number | null; reportedAt: number; told: boolean; counts: Partial<OutageCounts>;
};
export type OutageCounts = { members: number; homes: number; silent: number; back: number; presumed: number; people: number };

/** Incidents not ended; links the alert that their event opened. */
export async function openOutages(sql: Sql): Promise<OutageRow[]> {
  await sql.query(
    `update outage o set alert_id = e.alert_id from event e where o.alert_id is null and o.ended_at is null and e.ingest_id = o.ingest_id and e.alert_id is not null
       and not exists (select from outage x where x.alert_id = e.alert_id)`, [], 'outage-link');
  const rows = await sql.query(
    `select o.id, o.subject_type, o.subject_id, o.region_code, o.cause, o.trait, o.trace, o.alert_id, coalesce(a.state = 'closed', false) as closed, o.opened_at, o.recovering_at, o.reported_at, o.told_at is not null as told, o.counts
     from outage o left join alert a on a.id = o.alert_id where o.ended_at is null order by o.id`, [], 'outage-open');
  return rows.map((r) => ({
    id: r['id'] as string, subject: { type: r['subject_type'], id: r['subject_id'] } as OutageSubject, regionCode: r['region_code'] as string, cause: r['cause'] as OutageCause, trait: r['trait'] as string | null,
    trace: r['trace'] as string, alertId: r['alert_id'] as string | null, alertClosed: r['closed'] as boolean, openedAt: r['opened_at'] as number, recoveringAt: r['recovering_at'] as number | null,
    reportedAt: r['reported_at'] as number, told: r['told'] as boolean, counts: r['counts'] as Partial<OutageCounts>,
  }));
}

/** One worker at a time decides about outages; held until the transaction ends. */
export async function holdOutages(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('anling-outages'))`);
}

/** Writes a new incident with its members; takes over the members of those it absorbs. The region of devices without homes is the county. */
export async function insertOutage(sql: Sql, o: Opening & { fromAt: number; trace: string; ingestId: string }): Promise<{ id: string; regionCode: string }> {
  const scope = o.subject.type === 'region' ? scopePrefix(o.subject.id) : o.regionCode === '000000000000' ? '' : scopePrefix(o.regionCode);
  const [row] = await sql.query<{ id: string; region_code: string }>(
    `insert into outage (subject_type, subject_id, region_code, scope_from, scope_to, cause, trait, from_at, trace, ingest_id)
     values ($1, $2, case when $3 = '000000000000' then coalesce((select code from region where level = 'county' and code <> $3 order by code limit 1), $3) else $3 end, $4, $5, $6, $7, to_timestamp($8 / 1000.0), $9, $10)
     returning id, region_code`, [o.subject.type, o.subject.id, o.regionCode, scope.padEnd(12, '0'), scope.padEnd(12, '9'), o.cause, o.trait, o.fromAt, o.trace, o.ingestId]);
  const { id, region_code: regionCode } = row as NonNullable<typeof row>;
  if (o.absorbs.length > 0) {
    await sql.query(`insert into outage_member (outage_id, device_id, home_id, silent_at, back_at) select $1, device_id, home_id, silent_at, back_at from outage_member where outage_id = any($2::bigint[]) on conflict do nothing`, [id, o.absorbs]);
    await sql.query(`update presence set outage_id = $1 where outage_id = any($2::bigint[])`, [id, o.absorbs]);
    await forgetPresumed(sql, o.absorbs);
    await sql.query(`update outage set ended_at = anling_now(), ended_how = 'absorbed', absorbed_by = $1 where id = any($2::bigint[])`, [id, o.absorbs]);
    // The roles have had their message from the smaller incident.
    await sql.query(`update outage set told_at = (select max(told_at) from outage where id = any($2::bigint[])) where id = $1`, [id, o.absorbs]);
  }
  await addMembers(sql, id, o.members);
  // Thousands of rows that the planner has never heard of: without this, counting them takes minutes.
  if (o.members.length > 200) await sql.query('analyze outage_member, outage, presence');
  return { id, regionCode };
}

/** Adds members; their single offline and mains alerts are the incident's from now on. */
export async function addMembers(sql: Sql, outageId: string, members: readonly Loss[]): Promise<void> {
  if (members.length === 0) return;
  await sql.query(
    `insert into outage_member (outage_id, device_id, home_id, silent_at) select $1, v.device_id, v.home_id, to_timestamp(v.at / 1000.0) from unnest($2::text[], $3::text[], $4::float8[]) as v (device_id, home_id, at)
     on conflict (outage_id, device_id) do update set back_at = null`, [outageId, members.map((m) => m.deviceId), members.map((m) => m.homeId), members.map((m) => m.at)], 'outage-add');
  await sql.query(`update presence set outage_id = $1 where device_id = any($2::text[])`, [outageId, members.map((m) => m.deviceId)], 'outage-mark');
}

export type SingleAlarm = { deviceId: string; homeId: string | null; offline: boolean; mains: boolean };

/** Members whose own offline or mains alarm was raised before the incident was seen: unmarked and returned, to be cleared. */
export function takeSingleAlarms(sql: Sql, outageId: string): Promise<SingleAlarm[]> {
  return sql.query(
    `with had as (
       select p.device_id, d.home_id, p.offline_event_at is not null as offline, p.mains_event_at is not null as mains
       from presence p join device d on d.id = p.device_id where p.outage_id = $1 and (p.offline_event_at is not null or p.mains_event_at is not null) for update of p skip locked)
     update presence p set offline_event_at = null, mains_event_at = null from had where p.device_id = had.device_id
     returning p.device_id as "deviceId", had.home_id as "homeId", had.offline, had.mains`, [outageId], 'outage-singles');
}

/** Brings members up to date: back when nothing is wrong with them any more, gone again when something is. */
export async function refreshMembers(sql: Sql): Promise<void> {
  await sql.query(
    `update outage_member m set back_at = case when v.fine then anling_now() end
     from (select x.outage_id, x.device_id, p.silent_at is null and p.mains_lost_at is null and p.lost_at is null as fine
           from outage o join outage_member x on x.outage_id = o.id join presence p on p.device_id = x.device_id where o.ended_at is null) v
     where m.outage_id = v.outage_id and m.device_id = v.device_id and (m.back_at is not null) <> v.fine`, [], 'outage-refresh');
}

/** A device that is well again belongs to no outage; one that is still down stays listed with its own, also an ended one. */
export async function releaseMembers(sql: Sql): Promise<void> {
  await sql.query(`update presence p set outage_id = null where p.outage_id is not null and p.silent_at is null and p.mains_lost_at is null and p.lost_at is null`, [], 'outage-release');
}

// What of the subject's devices shares the cause. Without mains a router is dead too: what hangs on it is lost with it. What has a
// battery and a modem is heard where its mast still stands, which another battery device of the cell (else the village) proves.
const sharesCause = `case $2
  when 'mast' then ${cellOf} is null or ${cellOf} = $3
  when 'vendor' then m.vendor = $3
  when 'power' then m.power = 'mains' or (${cellOf} is null and d.home_id in (select home_id from outage_member where outage_id = $1)) or coalesce(${cellOf}, h.region_code) not in (select place from proven)
  else true end`;
const within: Record<OutageSubject['type'], string> = {
  region: 'h.region_code between $4 and $5', cell: `$4 <> $5 and ${cellOf} = $6`, 'power-area': '$4 <> $5 and h.power_area = $6', vendor: '$4 <> $5 and m.vendor = $6',
};

/** Brings the list of presumed devices of one open incident up to date. One statement for its kind of subject, planned for its size. */
export async function refreshPresumed(sql: Sql, o: Pick<OutageRow, 'id' | 'subject' | 'cause' | 'trait'>): Promise<void> {
  const digits = o.subject.type === 'region' ? scopePrefix(o.subject.id) : '';
  const from = `home h join device d on d.home_id = h.id join device_model m on m.id = d.model join presence p on p.device_id = d.id, (select from_at from outage where id = $1) o`;
  const where = `${within[o.subject.type]} and ($6::text is not null or true) and d.status <> 'revoked' and p.state = 'online' and p.silent_at is null`;
  await sql.query(
    `with proven as materialized (select distinct coalesce(${cellOf}, h.region_code) as place from ${from} where $2 = 'power' and m.power = 'battery' and p.last_seen_at > o.from_at and ${where}),
     now as materialized (select d.id as device_id from ${from} where p.last_seen_at <= o.from_at and ${where} and ${sharesCause}),
     gone as (delete from presumed x where x.outage_id = $1 and not exists (select from now where now.device_id = x.device_id) returning x.device_id),
     over as (update silence s set back_at = greatest(s.silent_at, anling_now()) from gone where s.outage_id = $1 and s.device_id = gone.device_id and s.back_at is null),
     fresh as (insert into presumed (outage_id, device_id) select $1, device_id from now on conflict do nothing returning device_id)
     insert into silence (device_id, outage_id, from_at, silent_at, away)
     select f.device_id, $1, o.from_at, o.from_at, coalesce(h.mode_until > anling_now(), false) or coalesce(q.mode_until > anling_now(), false)
     from fresh f join device d on d.id = f.device_id left join home h on h.id = d.home_id left join person q on q.id = d.person_id, (select from_at from outage where id = $1) o on conflict do nothing`,
    [o.id, o.cause, o.trait, digits.padEnd(12, '0'), digits.padEnd(12, '9'), o.subject.id]);
}

/**
 * CTEs from `gone` (home_id of lost or presumed devices) to `unheard`: people who are present and in no mode, have a lost device,
 * and no other that could be heard. Index by index from the homes: joined as sets, the planner, who knows nothing of rows that are
 * seconds old, compares every person with every device (10,000 of each: minutes; this way 0.2 s).
 */
export const unheardPeople = `
  homes as materialized (select distinct home_id from gone where home_id is not null),
  unheard as (
    select q.id, q.home_id, h.region_code, q.name_enc, q.high_risk
    from homes g join home h on h.id = g.home_id join person q on q.home_id = g.home_id
      join device d on d.home_id = g.home_id and (d.person_id is null or d.person_id = q.id) and d.status <> 'revoked' join presence p on p.device_id = d.id
      cross join lateral (select p.silent_at is not null or exists (select from presumed_unreachable x where x.device_id = d.id) as is) lost
    where q.status = 'present' and (q.mode_until is null or q.mode_until <= anling_now()) and (h.mode_until is null or h.mode_until <= anling_now())
    group by q.id, h.region_code having bool_or(lost.is) and not bool_or(p.state = 'online' and not lost.is))`;

/** The figures of one incident. Never prepared: it grows from nothing to thousands, and a plan made for nothing is a disaster. */
export async function countOutage(sql: Sql, outageId: string): Promise<OutageCounts> {
  const [row] = await sql.query<OutageCounts & Row>(
    `with m as materialized (
       select m.device_id, m.home_id, m.back_at, p.silent_at is not null as silent from outage_member m join presence p on p.device_id = m.device_id where m.outage_id = $1),
     pr as materialized (select device_id, home_id from presumed_unreachable where outage_id = $1),
     gone as (select home_id from m where silent union all select home_id from pr), ${unheardPeople}
     select (select count(*)::int from m) as members, (select count(distinct coalesce(home_id, device_id))::int from m) as homes, (select count(*)::int from m where back_at is null) as silent,
       (select count(*)::int from m where back_at is not null) as back, (select count(*)::int from pr) as presumed, (select count(*)::int from unheard) as people`, [outageId]);
  return row as OutageCounts;
}

/** Keeps what the wall was last shown of an incident; `told`: its one message per role goes with it. */
export async function noteReported(sql: Sql, outageId: string, counts: OutageCounts, told: boolean): Promise<void> {
  await sql.query(`update outage set counts = $2, reported_at = anling_now(), told_at = case when $3 then anling_now() else told_at end where id = $1`, [outageId, JSON.stringify(counts), told], 'outage-reported');
}

/** Starts, or stops, the clock of an incident's end. */
export async function setRecovering(sql: Sql, outageId: string, recovering: boolean): Promise<void> {
  await sql.query(`update outage set recovering_at = case when $2 then coalesce(recovering_at, anling_now()) end where id = $1`, [outageId, recovering], 'outage-recovering');
}

/** A second blow with another cause: who was heard after it is not in it. */
export async function setCause(sql: Sql, outageId: string, cause: OutageCause, trait: string | null, fromAt: number): Promise<void> {
  await sql.query(`update outage set cause = $2, trait = $3, from_at = greatest(from_at, to_timestamp($4 / 1000.0)) where id = $1`, [outageId, cause, trait, fromAt]);
}

/** The incident began later than was known: only who is heard after this (epoch ms) is proven alive. */
export async function setBlow(sql: Sql, outageId: string, fromAt: number): Promise<void> {
  await sql.query(`update outage set from_at = to_timestamp($2 / 1000.0) where id = $1 and from_at < to_timestamp($2 / 1000.0)`, [outageId, fromAt]);
}

export async function endOutage(sql: Sql, outageId: string, how: 'recovered' | 'closed'): Promise<void> {
  await sql.query(`update outage set ended_at = anling_now(), ended_how = $2 where id = $1 and ended_at is null`, [outageId, how]);
  await sql.query(`update presence set state = 'offline', check_at = 'infinity' where outage_id = $1 and state = 'silent'`, [outageId]);
  await forgetPresumed(sql, [outageId]);
}

// Nobody is presumed unreachable in it any more; the rows of when that was stay.
async function forgetPresumed(sql: Sql, outageIds: readonly string[]): Promise<void> {
  await sql.query('delete from presumed where outage_id = any($1::bigint[])', [outageIds]);
  await sql.query('update silence set back_at = greatest(silent_at, anling_now()) where outage_id = any($1::bigint[]) and back_at is null', [outageIds]);
}

/** Names of a region and of its town, as texts carry them. */
export async function regionName(sql: Sql, code: string): Promise<string> {
  const [row] = await sql.query<{ name: string }>(`select name from region where code = $1`, [code]);
  return row?.name ?? code;
}

/** One line of an incident's list: a device that is lost or presumed so. No personal data; pages add masked names. */
export type OutageDevice = { deviceId: string; homeId: string | null; regionCode: string | null; model: string; lastSeenAt: number | null; silentAt: number | null; backAt: number | null; highRisk: boolean };
const listed = `select d.id as "deviceId", d.home_id as "homeId", h.region_code as "regionCode", d.model, p.last_seen_at as "lastSeenAt",
  exists (select from person q where q.home_id = d.home_id and q.high_risk and q.status = 'present') as "highRisk"`;

/** Members of the incident behind an alert, still lost first, then by risk; also of an ended one (仍失联). */
export function listMembers(sql: Sql, alertId: string, limit: number = limits.outageListRows): Promise<OutageDevice[]> {
  return sql.query(
    `${listed}, x.silent_at as "silentAt", x.back_at as "backAt" from outage o join outage_member x on x.outage_id = o.id join device d on d.id = x.device_id join presence p on p.device_id = d.id
       left join home h on h.id = d.home_id where o.alert_id = $1 order by x.back_at is not null, "highRisk" desc, h.region_code, d.home_id, d.id limit $2`, [alertId, limit]);
}

/** Devices presumed unreachable (推断失联) in the incident behind an alert, by risk. */
export function listPresumed(sql: Sql, alertId: string, limit: number = limits.outageListRows): Promise<OutageDevice[]> {
  return sql.query(
    `${listed}, null::timestamptz as "silentAt", null::timestamptz as "backAt" from presumed_unreachable x join device d on d.id = x.device_id join presence p on p.device_id = d.id
       left join home h on h.id = d.home_id where x.alert_id = $1 order by "highRisk" desc, h.region_code, d.home_id, d.id limit $2`, [alertId, limit]);
}

/** The open incident each of these events' homes or devices lies in, by event id, whether or not its own devices are lost. */
export async function outagesAround(sql: Sql, events: readonly { id: string; homeId: string | null; deviceId: string | null }[]): Promise<Map<string, OutageFacts>> {
  if (events.length === 0) return new Map();
  const rows = await sql.query<{ key: string; outageId: string; alertId: AlertId | null; cause: OutageCause; since: number }>(
    `select distinct on (v.key) v.key, o.id as "outageId", o.alert_id as "alertId", o.cause, o.from_at as since
     from outage o, unnest($1::text[], $2::text[], $3::text[]) as v (key, home_id, device_id)
       left join device d on d.id = v.device_id left join presence p on p.device_id = v.device_id left join device_model m on m.id = d.model left join home h on h.id = coalesce(v.home_id, d.home_id)
     where o.ended_at is null and (p.outage_id = o.id or case o.subject_type
       when 'region' then h.region_code between o.scope_from and o.scope_to when 'cell' then o.subject_id = ${cellOf} when 'power-area' then o.subject_id = h.power_area else o.subject_id = m.vendor end)
     order by v.key, o.scope_from = o.scope_to, o.id`, [events.map((e) => e.id), events.map((e) => e.homeId), events.map((e) => e.deviceId)], 'outage-around');
  return new Map(rows.map(({ key, ...outage }) => [key, outage]));
}

/** Devices by region code for lists and the map: suspected ones still count as online, lost ones of an outage as offline. */
export function presenceCounts(sql: Sql): Promise<{ code: string; online: number; offline: number; never: number; presumed: number }[]> {
  return sql.query(
    `with pr as materialized (select distinct device_id from presumed_unreachable)
     select h.region_code as code, count(*) filter (where (p.state = 'online' or p.state = 'silent' and p.outage_id is null) and pr.device_id is null)::int as online,
       count(*) filter (where p.state = 'offline' or p.state = 'silent' and p.outage_id is not null)::int as offline,
       count(*) filter (where p.state = 'never' and d.status = 'installed')::int as never, count(pr.device_id)::int as presumed
     from presence p join device d on d.id = p.device_id join home h on h.id = d.home_id left join pr on pr.device_id = p.device_id where d.status <> 'revoked' group by 1`, [], 'presence-counts');
}
