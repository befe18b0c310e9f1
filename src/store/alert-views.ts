/**
 * Alerts as screens see them: one SQL shape for lists, snapshots and feed frames, and the masking of names and places.
 * Rows are read in single statements, so that feed numbers and alert versions of one answer belong together.
 */
import { showRegion } from '#core/region.ts';
import type { AlertState, Outcome, PlanState, SubjectType } from '#core/alert.ts';
import { convert, type CoordinateSystem } from '#core/coordinates.ts';
import type { EventKind, Priority } from '#core/event.ts';
import type { AlertView, FeedPayload } from '#core/live.ts';
import { maskName, surnameOf } from '#core/messages.ts';
import type { Row, Sql } from './pool.ts';
import { seenFrom } from './regions.ts';
import type { Seal } from './seal.ts';
import { dueShown } from './timers.ts';

/** The columns of a view row; `a` must be the alert. */
const viewColumns = `
  a.id, a.kind, a.priority, a.state, a.version, a.subject_type as "subjectType", a.subject_id as "subjectId", a.region_code as "regionCode",
  a.device_id as "deviceId", a.home_id as "homeId", a.person_id as "personId", a.count, a.duplicate_count as "duplicateCount",
  a.opened_at as "openedAt", a.occurred_at as "occurredAt", a.last_raised_at as "lastRaisedAt", a.flags, a.claimed_by as "claimedBy", a.claimed_at as "claimedAt",
  a.last_step_at as "lastStepAt", a.committed_at as "committedAt", a.committed_how as "committedHow", a.arrived_at as "arrivedAt", a.closed_at as "closedAt", a.outcome,
  a.plan_state as "planState", a.plan_round as "planRound", a.plan_step as "planStep", a.summary, a.demo,
  p.name_enc as "nameEnc", h.place_enc as "placeEnc", h.lat, h.lon, h.crs, u.display_name as "claimedByName", t.due_at as "nextDueAt", t.slot as "nextDueSlot",
  v.name as "regionName", v.level as "regionLevel", w.name as "parentName", s.name as "subjectRegion"`;
const viewJoins = `
  left join person p on p.id = a.person_id
  left join home h on h.id = a.home_id
  left join app_user u on u.id = a.claimed_by
  left join region v on v.code = a.region_code
  left join region w on w.code = v.parent_code
  left join region s on a.subject_type = 'region' and s.code = a.subject_id
  left join lateral (select ${dueShown('x')} as due_at, x.slot from timer x where x.alert_id = a.id and x.fired_at is null and x.cancelled_at is null order by 1 limit 1) t on true`;

export type ViewRow = Row & {
  id: string; kind: EventKind; priority: Priority; state: AlertState; version: number; subjectType: SubjectType; subjectId: string; regionCode: string | null;
  deviceId: string | null; homeId: string | null; personId: string | null; count: number; duplicateCount: number;
  openedAt: number; occurredAt: number | null; lastRaisedAt: number; flags: string[]; claimedBy: string | null; claimedAt: number | null;
  lastStepAt: number | null; committedAt: number | null; committedHow: string | null; arrivedAt: number | null; closedAt: number | null; outcome: Outcome | null;
  planState: PlanState; planRound: number; planStep: number; summary: Record<string, unknown>; demo: boolean;
  nameEnc: Buffer | null; placeEnc: Buffer | null; lat: number | null; lon: number | null; /** null: no home */ crs: CoordinateSystem | null; claimedByName: string | null; nextDueAt: number | null; nextDueSlot: string | null;
  regionName: string | null; regionLevel: 'county' | 'town' | 'village' | null; parentName: string | null; subjectRegion: string | null;
};
/** `desk`: for those who act. `public`: for TVs and readers: 陈**, no place, a position of a kilometre. */
export type Views = { desk: AlertView; public: AlertView };
export type ViewMaker = (row: ViewRow) => Views;

/** Makes views; opened names and places are kept for a while, keyed by their sealed bytes (a new text has new bytes). */
export function createViewMaker(seal: Seal): ViewMaker {
  const opened = new Map<string, string>();
  const open = (column: string, sealed: Buffer | null): string | null => {
    if (sealed === null) return null;
    const key = sealed.toString('base64');
    let text = opened.get(key);
    if (text === undefined) {
      text = seal.openIfReadable(column, sealed) ?? '?'; // one name that cannot be opened must not blind the wall
      if (opened.size >= 20_000) opened.clear();
      opened.set(key, text);
    }
    return text;
  };
  return (row) => {
    const name = open('person.name', row.nameEnc);
    const place = open('home.place', row.placeEnc);
    const { nameEnc: _n, placeEnc: _p, subjectType, subjectId, regionName, regionLevel, parentName, subjectRegion, lat: givenLat, lon: givenLon, crs, ...rest } = row;
    // Screens reckon in WGS84 alone, in whatever system the home was entered.
    const [lon, lat] = givenLat === null || givenLon === null ? [null, null] : convert([givenLon, givenLat], crs ?? 'wgs84', 'wgs84');
    const common = {
      ...rest, town: regionLevel === 'town' ? regionName : regionLevel === 'village' ? parentName : null, village: regionLevel === 'village' && regionName !== null ? showRegion(regionName) : null,
    };
    const id = subjectType === 'number' ? (subjectId.split('#')[0] ?? '') : subjectId; // masked#index (store/desk-events.ts)
    const fallback = subjectRegion ?? (subjectType === 'number' ? id : null);
    return {
      desk: { ...common, subject: { type: subjectType, id, name: name === null ? fallback : maskName(name) }, place, lat, lon },
      public: {
        ...common, subject: { type: subjectType, id, name: name === null ? fallback : `${surnameOf(name)}**` }, place: null,
        lat: lat === null ? null : Math.round(lat * 100) / 100, lon: lon === null ? null : Math.round(lon * 100) / 100,
      },
    };
  };
}

export type AlertFilter = { state: 'open' | 'all' | AlertState; kind: string | null; prefix: string; since: string | null; after: { priority: number; id: string } | null; limit: number };

/**
 * Alerts of a scope. Open ones by priority, then age, so that no page hides a P1 behind newer trifles; others newest
 * first. `since` keeps those that changed after this feed number. One row more than `limit` tells that there is more.
 */
export function listAlerts(sql: Sql, filter: AlertFilter): Promise<ViewRow[]> {
  const open = filter.state === 'open';
  const where = [
    filter.state === 'all' ? 'true' : open ? "a.state <> 'closed'" : 'a.state = $1',
    "($2::text is null or a.kind = $2)", seenFrom('a.region_code', '$3'),
    '($4::bigint is null or a.id in (select alert_id from feed where seq > $4))',
    open ? '($5::int is null or (a.priority, a.id) > ($5, $6::bigint))' : '($5::int is null or a.id < $6::bigint)',
  ];
  return sql.query<ViewRow>(
    `select ${viewColumns} from alert a ${viewJoins} where $1::text is not null and ${where.join(' and ')}
     order by ${open ? 'a.priority, a.id' : 'a.id desc'} limit $7`,
    [filter.state, filter.kind, filter.prefix, filter.since, filter.after?.priority ?? null, filter.after?.id ?? null, filter.limit + 1]);
}

export async function findAlertView(sql: Sql, id: string): Promise<ViewRow | null> {
  return (await sql.query<ViewRow>(`select ${viewColumns} from alert a ${viewJoins} where a.id = $1`, [id], 'alert-view'))[0] ?? null;
}

export type FeedHead = { epoch: string; seq: string };

/** The open alerts and the feed number they belong to, in one statement: one moment. */
export async function readSnapshot(sql: Sql): Promise<FeedHead & { now: number; rows: ViewRow[] }> {
  const rows = await sql.query<ViewRow & FeedHead & { now: number; id: string | null }>(
    `select f.seq, f.epoch, anling_now() as now, ${viewColumns} from feed_counter f left join alert a on a.state <> 'closed' ${viewJoins} order by a.priority, a.id`, [], 'snapshot');
  const head = rows[0];
  return { seq: head?.seq ?? '0', epoch: head?.epoch ?? '', now: head?.now ?? 0, rows: rows.filter((r) => r.id !== null).map(({ seq: _s, epoch: _e, now: _n, ...row }) => row as ViewRow) };
}

export type FeedRow = ViewRow & { seq: string; type: string; feedRegion: string | null; payload: FeedPayload; hasAlert: boolean };

/** A feed row with its alert as it is now: what stands between `select` and `where`. */
export const alertFeed = `f.seq, f.type, f.region_code as "feedRegion", f.payload, a.id is not null as "hasAlert", ${viewColumns} from feed f left join alert a on a.id = f.alert_id ${viewJoins}`;
/** Feed rows after `seq`, in order, each with its alert as it is now; gapless, because the feed's numbers are. */
export function readFeed(sql: Sql, after: number, limit: number): Promise<FeedRow[]> {
  return sql.query<FeedRow>(
    `select ${alertFeed} where f.seq > $1 order by f.seq limit $2`, [after, limit], 'feed');
}

/** Head of the feed, and the oldest row that is still kept. */
export async function readFeedHead(sql: Sql): Promise<{ epoch: string; seq: number; oldest: number | null }> {
  const [row] = await sql.query<FeedHead & { oldest: string | null }>('select seq, epoch, (select min(seq) from feed) as oldest from feed_counter', [], 'feed-head');
  return { epoch: row?.epoch ?? '', seq: Number(row?.seq ?? 0), oldest: row?.oldest == null ? null : Number(row.oldest) };
}

export type OpenAlert = { id: string; version: number; priority: Priority; regionCode: string | null };

/** Ids and versions of the open set at one feed number: what a beat's counts and hash are made from. */
export async function readOpenSet(sql: Sql): Promise<{ epoch: string; seq: number; now: number; open: OpenAlert[] }> {
  const rows = await sql.query<FeedHead & { now: number; id: string | null } & Omit<OpenAlert, 'id'>>(
    `select f.seq, f.epoch, anling_now() as now, a.id, a.version, a.priority, a.region_code as "regionCode" from feed_counter f left join alert a on a.state <> 'closed'`, [], 'open-set');
  return { epoch: rows[0]?.epoch ?? '', seq: Number(rows[0]?.seq ?? 0), now: rows[0]?.now ?? 0, open: rows.filter((r): r is typeof r & OpenAlert => r.id !== null) };
}
