/**
 * The marks under which files are found (core/search.ts) as keyed values of 8 bytes. A row's marks are written with its name and
 * number; where only one of them changes, or another release wrote the row, they are left empty and filled in from the sealed text.
 */
import { limits } from '#core/limits.ts';
import { marksOf, wantedMarks } from '#core/search.ts';
import { type Column, computed } from './columns.ts';
import type { Db, Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

/** Half of a blind index: a hundred thousand rows with five marks each share none by chance. */
const markOf = (seal: Seal, mark: string): Buffer => seal.blind('find', mark).subarray(0, 8);

/** The column of a table with `name` and `phone`, as new rows are written; a change calls `markAgain` in its transaction. */
export const marked: Column = computed('find_bidx', 'name', (name, seal, row) => ('phone' in row ? marks(seal, String(name), row['phone'] as string | null) : null));
const marks = (seal: Seal, name: string, phone: string | null): Buffer[] => marksOf(name, phone).map((mark) => markOf(seal, mark));

/** What was typed, as the values that must all be among a row's, and the whole of it as a name. */
export function wanted(seal: Seal, q: string | null): { marks: Buffer[]; name: Buffer[]; onlyPhone: boolean } {
  const { marks, onlyPhone } = wantedMarks(q ?? '');
  return { marks: marks.map((mark) => markOf(seal, mark)), name: [markOf(seal, `name:${(q ?? '').trim()}`)], onlyPhone };
}

type Marked = 'person' | 'contact' | 'responder';
type Sealed = Row & { id: string; name_enc: Buffer; phone_enc: Buffer | null };

async function write(sql: Sql, seal: Seal, table: Marked, rows: readonly Sealed[]): Promise<number> {
  for (const { id, name_enc, phone_enc } of rows) {
    const name = seal.openIfReadable(`${table}.name`, name_enc);
    await sql.query(`update ${table} set find_bidx = $2 where id = $1`, [id, name === null ? [] : marks(seal, name, seal.openIfReadable(`${table}.phone`, phone_enc))]);
  }
  return rows.length;
}

/** Marks one row anew from what it holds now, when `patch` touched its name or number. */
export async function markAgain(sql: Sql, seal: Seal, table: Marked, id: string, patch: Row): Promise<void> {
  if ('name' in patch || 'phone' in patch) await write(sql, seal, table, await sql.query<Sealed>(`select id, name_enc, phone_enc from ${table} where id = $1`, [id]));
}

/** Marks up to a batch of rows of each table that have none; resolves with how many. A row that cannot be opened is marked as nothing: it must not be tried for ever. */
export async function fillMarks(db: Db, seal: Seal, batch: number = limits.markRows): Promise<number> {
  let done = 0;
  for (const table of ['person', 'contact', 'responder'] as const) {
    done += await db.tx(async (sql) => write(sql, seal, table, await sql.query<Sealed>(`select id, name_enc, phone_enc from ${table} where find_bidx is null order by id limit $1 for no key update skip locked`, [batch])));
  }
  return done;
}
