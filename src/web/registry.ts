/**
 * What the routes of the county's files share: who may, inside which regions, problems named by field (of one row or of line
 * n), one transaction per request with its audit in it, and the names of places.
 */
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { maskName, surnameOf } from '#core/messages.ts';
import { showRegion } from '#core/region.ts';
import { type Caller, may, type UserRole } from '#core/user.ts';
import { appendAudit, type AuditEntry } from '#store/audit.ts';
import { type Db, type Sql, sqlState } from '#store/pool.ts';
import { listRegions } from '#store/regions.ts';
import { deskRoles } from './access.ts';
import type { WebContext } from './context.ts';
import { ApiError, type FieldProblem, invalid } from './errors.ts';

/** Who reads the files masked, who changes them, who may open one (audited), who sends whole lists. */
export const fileReaders: readonly UserRole[] = may.readFiles;
export const fileWriters: readonly UserRole[] = may.writeFiles;
export const fileRevealers: readonly UserRole[] = may.revealFiles;
export const bulkWriters: readonly UserRole[] = may.bulkFiles;
export const deviceReaders: readonly UserRole[] = may.readDevices;
export const deviceWriters: readonly UserRole[] = may.writeDevices;

/** A problem of one row; `taken` ones alone make a 409 instead of a 422. */
export type RowProblem = FieldProblem & { taken?: boolean };
export type Problems = { add(row: number, field: string, expected: string, taken?: boolean): void; throwIfAny(): void };

/** Collects problems; `bulk` names fields `rows.<index>.<field>` like the schema's own answers (`ids.<index>` where the list holds bare ids), and lines in words. */
export function collectProblems(bulk: boolean | 'ids'): Problems {
  const named = (row: number, field: string): string => (bulk === 'ids' ? `ids.${row}` : bulk ? `rows.${row}.${field}` : field);
  const found: RowProblem[] = [];
  const lines = new Set<number>();
  return {
    add(row, field, expected, taken = false) {
      lines.add(row);
      if (found.length < 200) found.push({ field: named(row, field), expected, taken });
    },
    throwIfAny() {
      if (found.length === 0) return;
      const fields = found.map(({ field, expected }) => ({ field, expected }));
      const more = bulk ? { lines: [...lines].sort((a, b) => a - b).map((row) => row + 1).slice(0, 1000), written: 0 } : {};
      if (found.every((p) => p.taken)) throw new ApiError('E_CONFLICT', `Already taken: ${fields.map((f) => f.field).join(', ')}.`, { fields, more });
      throw new ApiError('E_INVALID', `Missing or wrong: ${fields.slice(0, 20).map((f) => f.field).join(', ')}. Nothing was written.`, { fields, more });
    },
  };
}

/** The region digits a list may show: the caller's scope, narrowed by what was asked; null: nothing (outside is as if empty). */
export function listPrefix(caller: Caller, region: string | undefined): string | null {
  const scope = scopePrefix(caller.scopeCode);
  const wanted = region === undefined ? scope : scopePrefix(region);
  return wanted.startsWith(scope) ? wanted : scope.startsWith(wanted) ? scope : null;
}

export const pageLimit = (limit: number | undefined): number => limit ?? Math.min(100, limits.pageRows);

/** One transaction with its audit rows inside; the database's own refusals become 409 and 422. */
export async function change<T>(ctx: Pick<WebContext, 'db' | 'seal'>, work: (sql: Sql) => Promise<{ result: T; audit: readonly AuditEntry[] }>): Promise<T> {
  try {
    return await ctx.db.tx(async (sql) => {
      const { result, audit } = await work(sql);
      if (audit.length > 0) await appendAudit(sql, ctx.seal, audit);
      return result;
    });
  } catch (error) {
    const { constraint, message } = error as { constraint?: string; message: string };
    const state = sqlState(error);
    if (state === '23505') throw new ApiError('E_CONFLICT', 'Somebody was first: an id or number of this request is taken.');
    if (state === '23503') throw new ApiError('E_CONFLICT', 'Something that this request names has just gone, or is still in use.');
    if (state === '23514' && constraint === 'demo_keeps_apart') throw invalid([{ field: 'demo', expected: message }]);
    throw error;
  }
}

/** 409 with the version that the row has now. */
export function versionConflict(now: number | null): ApiError {
  return new ApiError('E_CONFLICT', 'It has changed since you saw it.', { more: { version: now } });
}

export const nothing = (): ApiError => new ApiError('E_NOT_FOUND', 'No such thing in your scope.');

/** The number of a row in an address; anything else names nothing. */
export function rowNumber(id: string): string {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw nothing();
  return id;
}

export type PlaceNames = (code: string | null) => { town: string | null; village: string | null };

/** Names of towns and villages for one answer, read once per request. */
export async function placeNames(db: Db, codes: readonly (string | null)[]): Promise<PlaceNames> {
  const towns = new Set(codes.filter((c) => c !== null).map((c) => c.slice(0, 9)));
  const rows = towns.size === 0 ? [] : towns.size === 1 ? await listRegions(db, [...towns][0] ?? '') : await listRegions(db, [...towns][0]?.slice(0, 6) ?? '');
  const names = new Map(rows.map((r) => [r.code, showRegion(r.name)]));
  return (code) => {
    if (code === null) return { town: null, village: null };
    const town = code.endsWith('000000') ? null : (names.get(`${code.slice(0, 9)}000`) ?? null);
    return { town, village: code.endsWith('000') ? null : (names.get(code) ?? null) };
  };
}

/** 陈*水 for those who act, 陈** for the others. */
export function shownName(caller: Caller, name: string): string {
  return deskRoles.has(caller.role) || caller.role === 'installer' ? maskName(name) : `${surnameOf(name)}**`;
}

/** Whether the caller sees place texts and exact positions. */
export const seesPlaces = (caller: Caller): boolean => deskRoles.has(caller.role) || caller.role === 'installer';
