/** SQL of the desk beside its cases: the shift log, hand-overs, promised call-backs, pinned cases. Words are sealed. */
import type { Sql } from './pool.ts';
import { seenFrom } from './regions.ts';
import type { Seal } from './seal.ts';

export type ShiftLine = { what: string; scopeCode: string; byId: string; byName: string; detail?: Record<string, unknown>; note?: string | null };
export async function writeShift(sql: Sql, seal: Seal, line: ShiftLine): Promise<void> {
  await sql.query('insert into shift_entry (scope_code, what, by_id, by_name, detail, note_enc) values ($1, $2, $3, $4, $5, $6)',
    [line.scopeCode, line.what, line.byId, line.byName, JSON.stringify(line.detail ?? {}), seal.sealOrNull('shift.note', line.note || null)]);
}

export type ShiftRow = { at: number; what: string; name: string | null; alertId: string | null; kind: string | null; priority: number | null; regionCode: string | null; detail: Record<string, unknown>; note: string | null };

/** The day as it was, oldest first: lines of the desk, each P1 and P2 raised, taken and closed, and questions by night that nobody answered. */
export async function readShift(sql: Sql, seal: Seal, prefix: string, from: number, to: number, limit: number): Promise<ShiftRow[]> {
  const rows = await sql.query<Omit<ShiftRow, 'note'> & { noteEnc: Buffer | null }>(
    `with span as (select to_timestamp($2::float8 / 1000) as a, to_timestamp($3::float8 / 1000) as z),
     mine as (select a.* from alert a, span s where a.priority <= 2 and ${seenFrom('a.region_code')} and a.opened_at < s.z and a.opened_at >= s.a - interval '30 days' and (a.closed_at is null or a.closed_at >= s.a)),
     line as (
       select e.at, e.what, e.by_name as name, null::bigint as alert_id, null as kind, null::smallint as priority, null as region, e.detail, e.note_enc from shift_entry e, span s where e.at >= s.a and e.at < s.z and e.scope_code like $1 || '%'
       union all select m.opened_at, 'alert-opened', null, m.id, m.kind, m.priority, m.region_code, '{}', null from mine m
       union all select m.claimed_at, 'alert-claimed', u.display_name, m.id, m.kind, m.priority, m.region_code, '{}', null from mine m left join app_user u on u.id = m.claimed_by where m.claimed_at is not null
       union all select m.closed_at, 'alert-closed', coalesce(u.display_name, m.closed_by), m.id, m.kind, m.priority, m.region_code, jsonb_build_object('outcome', m.outcome), null from mine m left join app_user u on u.id = m.closed_by where m.closed_at is not null
       union all select v.missed_at, 'vigilance-missed', null, null, null, null, null, case when v.rung_at is null then '{}'::jsonb else jsonb_build_object('rung', true) end, null from vigilance v where v.missed_at is not null and length($1) <= 6)
     select l.at, l.what, l.name, l.alert_id as "alertId", l.kind, l.priority, l.region as "regionCode", l.detail, l.note_enc as "noteEnc" from line l, span s where l.at >= s.a and l.at < s.z order by l.at, l.alert_id limit $4`,
    [prefix, from, to, limit]);
  return rows.map(({ noteEnc, ...row }) => ({ ...row, note: seal.openIfReadable('shift.note', noteEnc) }));
}

// -- hand-over

export type Handover = { id: string; scopeCode: string; fromId: string; fromName: string; open: number; offeredAt: number; toName: string | null; takenAt: number | null; note: string | null };
const handoverColumns = 'id, scope_code as "scopeCode", from_id as "fromId", from_name as "fromName", open, offered_at as "offeredAt", to_name as "toName", taken_at as "takenAt", note_enc as "noteEnc"';
const plainHandover = (seal: Seal) => ({ noteEnc, ...row }: Omit<Handover, 'note'> & { noteEnc: Buffer | null }): Handover => ({ ...row, note: seal.openIfReadable('handover.note', noteEnc) });

/** Hand-overs of a scope: those that wait for the next shift, and those taken lately, newest first. */
export async function listHandovers(sql: Sql, seal: Seal, prefix: string, limit: number): Promise<Handover[]> {
  return (await sql.query<Omit<Handover, 'note'> & { noteEnc: Buffer | null }>(
    `select ${handoverColumns} from handover where scope_code like $1 || '%' and withdrawn_at is null order by taken_at is not null, id desc limit $2`, [prefix, limit])).map(plainHandover(seal));
}

/** The hand-over that waits, locked; null: taken, withdrawn, or never there. */
export async function lockHandover(sql: Sql, seal: Seal, id: string): Promise<Handover | null> {
  const [row] = await sql.query<Omit<Handover, 'note'> & { noteEnc: Buffer | null }>(`select ${handoverColumns} from handover where id = $1 and taken_at is null and withdrawn_at is null for update`, [id]);
  return row ? plainHandover(seal)(row) : null;
}

/** Signed by whoever leaves; a new one takes the place of his last that nobody took. */
export async function offerHandover(sql: Sql, seal: Seal, h: { scopeCode: string; fromId: string; fromName: string; open: number; detail: Record<string, unknown>; note: string | null }): Promise<string> {
  await sql.query('update handover set withdrawn_at = anling_now() where from_id = $1 and taken_at is null and withdrawn_at is null', [h.fromId]);
  const [row] = await sql.query<{ id: string }>('insert into handover (scope_code, from_id, from_name, open, detail, note_enc) values ($1, $2, $3, $4, $5, $6) returning id',
    [h.scopeCode, h.fromId, h.fromName, h.open, JSON.stringify(h.detail), seal.sealOrNull('handover.note', h.note || null)]);
  return row?.id ?? '';
}

export async function takeHandover(sql: Sql, id: string, to: { id: string; name: string }): Promise<void> {
  await sql.query('update handover set to_id = $2, to_name = $3, taken_at = anling_now() where id = $1', [id, to.id, to.name]);
}

export type DeskCounts = { open: number; urgent: number; shelved: number; callbacks: number; pinned: number; away: number };

/** What is handed over (D9): open alerts, what both sides count; of these P1; shelved ones, promised call-backs, pinned cases, people and homes that are away. */
export async function countDesk(sql: Sql, prefix: string): Promise<DeskCounts> {
  const [row] = await sql.query<DeskCounts>(
    `select count(*)::int as open, count(*) filter (where a.priority = 1)::int as urgent, count(*) filter (where 'shelved' = any(a.flags))::int as shelved,
       (select count(*)::int from callback c where c.done_at is null and ${seenFrom('c.region_code')}) as callbacks, (select count(*)::int from pinned p where ${seenFrom('p.region_code')}) as pinned,
       (select count(*)::int from home h where h.mode_until > anling_now() and ${seenFrom('h.region_code')}) + (select count(*)::int from person q where q.mode_until > anling_now() and ${seenFrom('q.region_code')}) as away
     from alert a where a.state <> 'closed' and ${seenFrom('a.region_code')}`, [prefix]);
  return row ?? { open: 0, urgent: 0, shelved: 0, callbacks: 0, pinned: 0, away: 0 };
}

// -- promised call-backs, pinned cases

export type Callback = { id: string; alertId: string; regionCode: string | null; kind: string; subject: Buffer | null; dueAt: number; byName: string; note: string | null };
export async function listCallbacks(sql: Sql, seal: Seal, prefix: string, limit: number): Promise<Callback[]> {
  const rows = await sql.query<Omit<Callback, 'note'> & { noteEnc: Buffer | null }>(
    `select c.id, c.alert_id as "alertId", c.region_code as "regionCode", a.kind, p.name_enc as subject, c.due_at as "dueAt", c.by_name as "byName", c.note_enc as "noteEnc"
     from callback c join alert a on a.id = c.alert_id left join person p on p.id = a.person_id
     where c.done_at is null and ${seenFrom('c.region_code')} order by c.due_at limit $2`, [prefix, limit]);
  return rows.map(({ noteEnc, ...row }) => ({ ...row, note: seal.openIfReadable('callback.note', noteEnc) }));
}

export async function addCallback(sql: Sql, seal: Seal, c: { alertId: string; regionCode: string | null; dueAt: number; note: string | null; byId: string; byName: string }): Promise<string> {
  const [row] = await sql.query<{ id: string }>('insert into callback (alert_id, region_code, due_at, note_enc, by_id, by_name) values ($1, $2, to_timestamp($3::float8 / 1000), $4, $5, $6) returning id',
    [c.alertId, c.regionCode, c.dueAt, seal.sealOrNull('callback.note', c.note || null), c.byId, c.byName]);
  return row?.id ?? '';
}

export async function findCallback(sql: Sql, id: string): Promise<{ alertId: string; regionCode: string | null; doneAt: number | null; doneName: string | null } | null> {
  return (await sql.query<{ alertId: string; regionCode: string | null; doneAt: number | null; doneName: string | null }>(
    'select alert_id as "alertId", region_code as "regionCode", done_at as "doneAt", done_name as "doneName" from callback where id = $1', [id]))[0] ?? null;
}

/** False: somebody else has done it. */
export async function endCallback(sql: Sql, id: string, by: { id: string; name: string }): Promise<boolean> {
  return (await sql.query('update callback set done_at = anling_now(), done_by = $2, done_name = $3 where id = $1 and done_at is null returning id', [id, by.id, by.name])).length > 0;
}

export type Pinned = { alertId: string; regionCode: string | null; kind: string; priority: number; state: string; subject: Buffer | null; at: number; byName: string };
export function listPinned(sql: Sql, prefix: string, limit: number): Promise<Pinned[]> {
  return sql.query<Pinned>(
    `select n.alert_id as "alertId", n.region_code as "regionCode", a.kind, a.priority, a.state, p.name_enc as subject, n.at, n.by_name as "byName"
     from pinned n join alert a on a.id = n.alert_id left join person p on p.id = a.person_id
     where ${seenFrom('n.region_code')} order by n.at limit $2`, [prefix, limit]);
}

export async function pin(sql: Sql, alertId: string, regionCode: string | null, by: { id: string; name: string }): Promise<void> {
  await sql.query('insert into pinned (alert_id, region_code, by_id, by_name) values ($1, $2, $3, $4) on conflict (alert_id) do nothing', [alertId, regionCode, by.id, by.name]);
}
export async function unpin(sql: Sql, alertId: string): Promise<void> {
  await sql.query('delete from pinned where alert_id = $1', [alertId]);
}
