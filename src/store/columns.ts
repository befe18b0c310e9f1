/**
 * Tables of the county's files as data: which field fills which columns, sealed, blinded or plain. One description serves the
 * insert of many rows and the change of a few fields, so that a sealed field can never be written beside its index.
 */
import type { Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

type Encode = (value: unknown, seal: Seal, row: Row) => unknown;
export type Column = { name: string; field: string; encode: Encode; /** how the parameter is read */ as?: (parameter: string) => string };
export type Table = { name: string; columns: readonly Column[] };

export const plain = (field: string, name = snake(field)): Column => ({ name, field, encode: (v) => v ?? null });
/** Epoch milliseconds into timestamptz. */
export const time = (field: string, name = snake(field)): Column => ({ name, field, encode: (v) => v ?? null, as: (p) => `to_timestamp(${p}::float8 / 1000.0)` });
/** `table.column` is the label that binds the value to its column. */
export const sealed = (table: string, field: string, column = snake(field)): Column =>
  ({ name: `${column}_enc`, field, encode: (v, seal) => (v == null ? null : seal.seal(`${table}.${column}`, String(v))) });
export const blinded = (kind: 'phone' | 'name' | 'identity', field: string, column = snake(field)): Column =>
  ({ name: `${column}_bidx`, field, encode: (v, seal) => (v == null ? null : seal.blind(kind, String(v))) });
export const computed = (name: string, field: string, encode: Encode): Column => ({ name, field, encode });

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/** Of one statement (the protocol's limit is 65,535): few enough that sealing the next rows and writing these overlap. */
const parametersMax = 12_000;

/** Inserts the rows in their order, many at once. Throws the database's error for the first bad one. */
export async function insertRows(sql: Sql, seal: Seal, table: Table, rows: readonly Row[]): Promise<void> {
  const perStatement = Math.max(1, Math.floor(parametersMax / table.columns.length));
  let writing: Promise<unknown> = Promise.resolve();
  for (let from = 0; from < rows.length; from += perStatement) {
    const values: unknown[] = [];
    const tuples = rows.slice(from, from + perStatement).map((row) => {
      const cells = table.columns.map((c) => {
        values.push(c.encode(row[c.field], seal, row));
        const parameter = `$${values.length}`;
        return c.as?.(parameter) ?? parameter;
      });
      return `(${cells.join(', ')})`;
    });
    await writing;
    writing = sql.query(`insert into ${table.name} (${table.columns.map((c) => c.name).join(', ')}) values ${tuples.join(', ')}`, values);
    writing.catch(() => {}); // thrown where it is awaited
  }
  await writing;
}

/** Changes what `patch` names, when the row still has `version`. The row's new version, or null when it has another. */
export async function updateRow(sql: Sql, seal: Seal, table: Table, id: string, version: number, patch: Row): Promise<number | null> {
  const values: unknown[] = [id, version];
  const sets = table.columns.filter((c) => c.field !== 'id' && c.field in patch).map((c) => {
    values.push(c.encode(patch[c.field], seal, patch));
    const parameter = `$${values.length}`;
    return `${c.name} = ${c.as?.(parameter) ?? parameter}`;
  });
  const rows = await sql.query<{ version: number }>(`update ${table.name} set ${[...sets, 'version = version + 1'].join(', ')} where id = $1 and version = $2 returning version`, values);
  return rows[0]?.version ?? null;
}

/** A page of a list by region and id: what follows `after` (the cursor of the page before), inside `prefix` (region digits). */
export type Page = { prefix: string; after: string | null; limit: number };
/** A growing condition with its values: a filter that nobody asked for does not exist for the planner. */
export type Where = { /** adds a value; its parameter */ value(value: unknown): string; and(condition: string): void; /** `name` for each filter that is given */ equal(columns: Readonly<Record<string, unknown>>): void; sql(): string; values: unknown[] };
/** The rows of a page in its scope; rows without a region belong to the whole county. `after` is the whole sort key of the page before. */
export function pageWhere(t: string, { prefix, after }: Page): Where {
  const values: unknown[] = [];
  const parts: string[] = [];
  const where: Where = {
    values, value: (value) => `$${values.push(value)}`, and: (condition) => { parts.push(condition); }, sql: () => parts.join(' and '),
    equal(columns) { for (const [column, value] of Object.entries(columns)) if (value != null) parts.push(`${column} = ${where.value(value)}`); },
  };
  const floor = prefix.padEnd(12, '0');
  const wholeCounty = prefix.length <= 6;
  where.and(`${t}.region_code between ${where.value(wholeCounty ? '' : floor)} and ${where.value(prefix.padEnd(12, '9'))}`);
  if (wholeCounty) where.and(`(${t}.region_code >= ${where.value(floor)} or ${t}.region_code = '')`);
  const [, region, id] = /^(\d{0,12})\.([^.]+)$/.exec(after ?? '') ?? [];
  if (id !== undefined) where.and(`(${t}.region_code, ${t}.id) > (${where.value(region)}, ${where.value(id)})`);
  return where;
}
/** The answer of a list: `next` is the cursor of the following page, null at the end. */
export function paged<T extends { id: string; regionCode: string | null }>(rows: T[], limit: number): { rows: T[]; next: string | null } {
  const last = rows[limit - 1];
  return rows.length > limit && last ? { rows: rows.slice(0, limit), next: `${last.regionCode ?? ''}.${last.id}` } : { rows, next: null };
}
