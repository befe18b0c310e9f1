/** What the other tables say of a device since its installation began: the only evidence that counts (FEATURES 2.3). Read-only. */
import type { Seen, SeenEvent } from '#core/installation.ts';
import type { ProbationFacts } from '#core/probation.ts';
import { probationDays } from '#core/acceptance.ts';
import { limits } from '#core/limits.ts';
import type { Sql } from './pool.ts';

export type VisitSpan = { deviceId: string; homeId: string; personId: string | null; /** epoch ms; evidence lies after `from`, and not after `to` */ from: number; to: number };
const after = '> to_timestamp($2::float8 / 1000.0) and e.received_at <= to_timestamp($3::float8 / 1000.0)';
const span = 'between to_timestamp($2::float8 / 1000.0) and to_timestamp($3::float8 / 1000.0)';
/** Doors of devices; what people, the house itself or a replay wrote is no device's word. */
const byDevice = `e.source in ('mqtt', 'http', 'vendor') and not ('late' = any(e.flags)) and e.edge <> 'repeat'`;
/** Rows of the feed behind its head in which a row of an alert is looked for. */
const feedBack = 20_000;

export async function seeVisit(sql: Sql, v: VisitSpan): Promise<Seen> {
  const [device] = await sql.query<NonNullable<Seen['device']> & { no: number }>(
    `select d.no, d.status, d.home_id as "homeId", d.person_id as "personId", m.power, coalesce(p.state, 'never') as state, p.silent_at as "silentAt", p.last_seen_at as "lastSeenAt", p.fw, d.secret_at as "secretAt", d.secret_by as "secretBy"
     from device d join device_model m on m.id = d.model left join presence p on p.device_id = d.id where d.id = $1`, [v.deviceId]);
  const between = [v.deviceId, v.from, v.to];
  const beats = device === undefined ? [] : await sql.query<Seen['beats'][number]>(
    `select received_at as at, battery, rssi, mains from heartbeat where device_no = $1 and received_at > to_timestamp($2::float8 / 1000.0) and received_at <= to_timestamp($3::float8 / 1000.0) order by received_at limit 1000`, [device.no, v.from, v.to]);
  const events = await sql.query<SeenEvent>(
    `select e.id, e.kind, e.edge, e.received_at as at, e.alert_id as "alertId", coalesce(a.flags, '{}') as flags, f.at as "feedAt", f.seq as "feedSeq",
       (select count(*)::int from console c join app_user u on u.id = c.user_id where c.last_seq >= f.seq and c.beat_at >= f.at
          and starts_with(coalesce(a.region_code, ''), case when right(u.scope_code, 6) = '000000' then left(u.scope_code, 6) when right(u.scope_code, 3) = '000' then left(u.scope_code, 9) else u.scope_code end)) as consoles
     from event e left join alert a on a.id = e.alert_id
       left join lateral (select f.seq, f.at from feed f, feed_counter h where f.seq > h.seq - ${feedBack} and f.alert_id = e.alert_id and f.at >= e.received_at order by f.seq limit 1) f on true
     where e.device_id = $1 and e.received_at ${after} and ${byDevice} order by e.id limit 200`, between);
  const commands = await sql.query<Seen['commands'][number]>(
    `select id, name, created_at as "createdAt", acknowledged_at as "acknowledgedAt", state from command where device_id = $1 and created_at ${span} order by id limit 200`, between);
  const texts = await sql.query<Seen['texts'][number]>(
    `select o.id, o.channel, o.state, o.created_at as "createdAt", o.done_at as "doneAt", o.error_code as "errorCode" from outbox o
     where o.to_bidx in (select c.phone_bidx from contact c join person p on p.id = c.person_id where p.home_id = $1 and ($4::text is null or p.id = $4)) and o.template in ('ring', 'voice-ring') and o.party like 'contact:%' and o.created_at ${span} order by o.id limit 50`,
    [v.homeId, v.from, v.to, v.personId]);
  const others = await sql.query<Seen['others'][number]>(
    `select e.device_id as "deviceId", d.room, e.kind, e.received_at as at from event e join device d on d.id = e.device_id
     where d.home_id = $4 and d.id <> $1 and d.model = (select model from device where id = $1) and e.received_at ${after} and ${byDevice} and e.edge = 'raise' order by e.id limit 20`, [...between, v.homeId]);
  const { no: _no, ...rest } = device ?? { no: 0 };
  return { device: device === undefined ? null : (rest as NonNullable<Seen['device']>), beats, events, commands, texts, others };
}

/** The days since: `from` is the beginning of the probation, epoch ms. */
export async function seeProbation(sql: Sql, { deviceId, homeId, personId }: Pick<VisitSpan, 'deviceId' | 'homeId' | 'personId'>, from: number): Promise<ProbationFacts> {
  const [d] = await sql.query<{ no: number; status: string; homeId: string | null; personId: string | null; replacedBy: string | null; periodS: number; low: boolean; power: string; battery: number | null }>(
    `select d.no, d.status, d.home_id as "homeId", d.person_id as "personId", d.replaced_by as "replacedBy", c.period_s as "periodS", coalesce(p.low_battery, false) as low, m.power, p.battery
     from device d join device_model m on m.id = d.model join supervision_class c on c.id = m.supervision_class left join presence p on p.device_id = d.id where d.id = $1`, [deviceId]);
  if (!d) return { beats: [], periodS: 60, blindMs: 0, lowBattery: false, faults: 0, there: 'gone' };
  const days = await sql.query<{ day: number; n: number }>(
    `select floor(extract(epoch from received_at - to_timestamp($2::float8 / 1000.0)) / 86400)::int as day, count(*)::int as n from heartbeat
     where device_no = $1 and received_at > to_timestamp($2::float8 / 1000.0) and received_at <= to_timestamp($2::float8 / 1000.0) + make_interval(days => $3) group by 1`, [d.no, from, probationDays]);
  const [more] = await sql.query<{ blind: number; faults: number }>(
    `select coalesce((select sum(extract(epoch from least(to_at, s.till) - greatest(from_at, s.since)) * 1000) from blind_window where to_at > s.since and from_at < s.till), 0)::float8 as blind,
       (select count(*)::int from event e where e.device_id = $1 and e.received_at between s.since and s.till and e.kind in ('fault', 'tamper') and e.edge = 'raise') as faults
     from (select to_timestamp($2::float8 / 1000.0) as since, to_timestamp($2::float8 / 1000.0) + make_interval(days => $3) as till) s`, [deviceId, from, probationDays]);
  const beats = Array.from({ length: probationDays }, (_, i) => days.find((x) => x.day === i)?.n ?? 0);
  const there = d.replacedBy !== null && d.status === 'revoked' ? 'replaced' : d.status !== 'installed' ? 'gone' : d.homeId !== homeId || d.personId !== personId ? 'moved' : 'yes';
  return { beats, periodS: d.periodS, blindMs: more?.blind ?? 0, lowBattery: d.low || (d.power === 'battery' && d.battery !== null && d.battery < limits.batteryLow), faults: more?.faults ?? 0, there };
}
