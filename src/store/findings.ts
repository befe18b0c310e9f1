/** SQL of what the auditor has found: its findings, its own life, what the desk was told, and the calls it made itself. Read by whoever shows them. */
import { randomUUID } from 'node:crypto';
import { type Finding, type FindingKind, type OpenFinding, summarize } from '#core/findings.ts';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { OpsFigures } from '#core/ops-verdict.ts';
import type { Db, Sql } from './pool.ts';
import type { Seal } from './seal.ts';
import { insertHouseEvents } from './supervision.ts';

/** Of two auditors one looks; held until the transaction ends. */
export async function holdAudit(sql: Sql): Promise<boolean> {
  const [row] = await sql.query<{ held: boolean }>(`select pg_try_advisory_xact_lock(hashtext('anling-audit')) as held`, [], 'audit-hold');
  return row?.held ?? false;
}

/** Writes what stands now: new ones are begun, those that are gone are ended. Answers the new ones. */
export async function saveFindings(sql: Sql, found: readonly Finding[], clean: boolean): Promise<Finding[]> {
  const columns = [found.map((f) => f.kind), found.map((f) => f.ref), found.map((f) => JSON.stringify(f.detail))];
  const rows = await sql.query<{ kind: FindingKind; ref: string; fresh: boolean }>(
    `insert into finding (kind, ref, detail) select * from unnest($1::text[], $2::text[], $3::jsonb[])
     on conflict (kind, ref) where ended_at is null do update set seen_at = anling_now(), detail = excluded.detail returning kind, ref, xmax = 0 as fresh`, columns, 'findings-save');
  await sql.query(
    `update finding f set ended_at = anling_now() where ended_at is null and not exists (select from unnest($1::text[], $2::text[]) as v (kind, ref) where v.kind = f.kind and v.ref = f.ref)`, columns.slice(0, 2), 'findings-end');
  await sql.query(`update auditor set looked_at = anling_now(), clean_at = case when $1 then anling_now() else clean_at end`, [clean], 'auditor-looked');
  const fresh = new Set(rows.flatMap((r) => (r.fresh ? [`${r.kind} ${r.ref}`] : [])));
  return found.filter((f) => fresh.has(`${f.kind} ${f.ref}`));
}

export async function pruneFindings(sql: Sql): Promise<void> {
  await sql.query(`delete from finding where ended_at < anling_now() - $1 * interval '1 ms'`, [limits.auditKeepMs]);
  await sql.query(`delete from audit_page where at < anling_now() - $1 * interval '1 ms'`, [limits.auditKeepMs]);
}

/** What stands, the oldest first. */
export function openFindings(sql: Sql): Promise<OpenFinding[]> {
  return sql.query<OpenFinding>(`select kind, ref, detail, found_at as "foundAt" from finding where ended_at is null order by id limit 500`, [], 'findings-open');
}

export type AuditorLife = { now: number; lookedAt: number | null; cleanAt: number | null; raised: string; raisedAt: number | null; outside: 'unset' | 'good' | 'failing' | 'held'; outsideAt: number | null; outsideError: string | null; /** the newest beat of an auditor */ beatAt: number | null; pages: number };

export async function readAuditor(sql: Sql): Promise<AuditorLife> {
  const [row] = await sql.query<AuditorLife>(
    `select anling_now() as now, looked_at as "lookedAt", clean_at as "cleanAt", raised, raised_at as "raisedAt", outside, outside_at as "outsideAt", outside_error as "outsideError",
       (select max(beat_at) from node where role = 'auditor') as "beatAt", (select count(*)::int from audit_page where at > anling_now() - interval '1 day') as pages from auditor`, [], 'auditor-read');
  return row as AuditorLife;
}

/** The auditor's two figures of /ops and the doctor. */
export const auditOf = (life: AuditorLife, found: readonly OpenFinding[]): OpsFigures['audit'] => ({ lookedMs: life.lookedAt === null ? null : life.now - life.lookedAt, found: found.length, worst: summarize(found)[0]?.kind ?? null });
export const outsideOf = ({ now, outside, outsideAt }: AuditorLife): OpsFigures['outside'] => ({ state: outside, ageMs: outsideAt === null ? null : now - outsideAt });

export async function noteOutside(sql: Sql, outside: AuditorLife['outside'], error: string | null): Promise<void> {
  await sql.query(`update auditor set outside = $1, outside_error = $2, outside_at = case when $1 = 'good' then anling_now() else outside_at end`, [outside, error?.slice(0, 200) ?? null], 'auditor-outside');
}

/** Tells the desk of another set of findings than before, as an event like any other; `raised` is the set in words, empty: it is over. */
export async function raiseAudit(db: Db, seal: Seal, raised: string): Promise<boolean> {
  return db.tx(async (sql) => {
    const ingestId = randomUUID();
    const [row] = await sql.query(`update auditor set raised = $1, raised_at = anling_now() where raised <> $1 returning one`, [raised], 'auditor-raise');
    if (!row) return false;
    await insertHouseEvents(sql, seal, [{ ingestId, kind: 'audit', edge: raised === '' ? 'clear' : 'raise', data: { subject: { type: 'system', id: 'auditor' }, reason: raised === '' ? 'audit-clean' : raised } }]);
    await sql.query('update auditor set event_id = (select id from event where ingest_id = $1)', [ingestId], 'auditor-event');
    return true;
  });
}

/** For how long no worker has taken up what the desk should be told; null: it has, or there is nothing. */
export async function untakenMs(sql: Sql): Promise<number | null> {
  const [row] = await sql.query<{ ms: number }>(
    `select (extract(epoch from anling_now() - a.raised_at) * 1000)::float8 as ms from auditor a left join event e on e.id = a.event_id where a.raised <> '' and e.evaluated_at is null`, [], 'auditor-untaken');
  return row?.ms ?? null;
}

export type DutyLine = { party: string; phoneEnc: Buffer; demo: boolean; lastAt: number | null };
export type PageState = { now: number; lines: DutyLine[]; /** calls of the last hour, the newest first */ times: number[] };

/** Whom the auditor may call, in calling order, and what it has called. */
export async function readPageState(sql: Sql): Promise<PageState> {
  const lines = await sql.query<DutyLine>(
    `select 'responder:' || r.id as party, r.phone_enc as "phoneEnc", r.demo, (select max(at) from audit_page p where p.party = 'responder:' || r.id) as "lastAt" from responder r
     where role in ('shift-leader', 'duty-leader') and (absent_until is null or absent_until <= anling_now()) order by role desc, ord, id limit 50`, [], 'audit-lines');
  const rows = await sql.query<{ at: number | null; now: number }>(`select anling_now() as now, p.at from (select 1) one left join audit_page p on p.at > anling_now() - interval '1 hour' order by p.at desc limit 100`, [], 'audit-pages');
  return { now: rows[0]?.now ?? 0, lines, times: rows.flatMap((r) => r.at ?? []) };
}

/** Written before the gateway is asked: what is not on record was not called. */
export async function beginPage(sql: Sql, page: { party: string; template: string; why: string; demo: boolean }): Promise<string> {
  const outId = newId('a', 13);
  await sql.query(`insert into audit_page (party, out_id, template, why, demo) values ($1, $2, $3, $4, $5)`, [page.party, outId, page.template, page.why, page.demo], 'audit-page-begin');
  return outId;
}

export type AuditorCall = { at: number; role: string | null; template: string; why: string; state: 'sending' | 'accepted' | 'failed' | 'unknown'; code: string | null; outId: string };
/** Whom the auditor has called itself in the last seven days (by role), the newest first, at most 50. */
export function auditorCalls(sql: Sql): Promise<AuditorCall[]> {
  return sql.query<AuditorCall>(
    `select p.at, r.role, p.template, p.why, p.state, p.code, p.out_id as "outId" from audit_page p left join responder r on p.party = 'responder:' || r.id where p.at > anling_now() - interval '7 days' order by p.at desc, p.id desc limit 50`, [], 'audit-calls');
}

export async function endPage(sql: Sql, outId: string, state: 'accepted' | 'failed' | 'unknown', code: string | null): Promise<void> {
  await sql.query('update audit_page set state = $2, code = $3 where out_id = $1', [outId, state, code], 'audit-page-end');
}
