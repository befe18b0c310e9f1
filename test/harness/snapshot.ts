/**
 * Whole databases as JSON lines, independent of the server's version: the fixture of a release from which later releases
 * must upgrade. One line per row, `{"table":…,"row":…}`; the first line names the schema version the rows belong to.
 */
import type { Db, Sql } from '#store/pool.ts';

const tablesSql = `
  select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1`;

/** Every table of the schema, in name order. */
export async function tableNames(sql: Sql): Promise<string[]> {
  return (await sql.query<{ name: string }>(tablesSql)).map((row) => row.name);
}

/** The whole content as JSON lines. `skip` leaves out tables that the migrations fill themselves. */
export async function dumpRows(db: Db, skip: readonly string[] = []): Promise<string[]> {
  const lines: string[] = [];
  for (const table of await tableNames(db)) {
    if (skip.includes(table)) continue;
    for (const { row } of await db.query<{ row: string }>(`select to_jsonb(t)::text as row from "${table}" t`)) lines.push(JSON.stringify({ table, row: JSON.parse(row) }));
  }
  return lines;
}

/** Puts the lines into a freshly migrated database, replacing what the migrations put there, and sets the identities on. */
export async function restoreRows(db: Db, lines: readonly string[], skip: readonly string[] = []): Promise<void> {
  await db.tx(async (sql) => {
    await sql.query(`set local session_replication_role = 'replica'`); // rows arrive in name order, not in the order of their references
    for (const table of await tableNames(sql)) if (!skip.includes(table)) await sql.query(`delete from "${table}"`);
    for (const line of lines) {
      const { table, row } = JSON.parse(line) as { table: string; row: Record<string, unknown> };
      if (skip.includes(table)) continue;
      await sql.query(`insert into "${table}" overriding system value select * from jsonb_populate_record(null::"${table}", $1::jsonb)`, [JSON.stringify(row)]);
    }
    const identities = await sql.query<{ table: string; column: string }>(
      `select table_name as "table", column_name as "column" from information_schema.columns where table_schema = 'public' and is_identity = 'YES'`);
    for (const { table, column } of identities)
      await sql.query(`select setval(pg_get_serial_sequence('"${table}"', '${column}'), (select coalesce(max("${column}"), 0) + 1 from "${table}"), false)`);
  });
}
