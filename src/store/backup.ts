/**
 * A backup of the whole database as one file: one REPEATABLE READ moment, every table by COPY, read again and counted before it
 * counts as made. It is the same for the embedded database and any other, and its tables do not care how telemetry is laid out.
 */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type BackupHead, createBackup, readBackup } from './backup-file.ts';
import { type Copies, type Db, type Sql, withCopies } from './pool.ts';
import { readSetting, writeSetting } from './settings.ts';

const fileShape = /^anling-\d{8}-\d{6}\.backup\.gz$/;
const lockKey = 0x616e6c02;
const settingKey = 'backup';

export type BackupMade = { at: number; file: string; bytes: number; rows: number; schema: number; databaseBytes: number };
/** Every backup kept on record, the newest first, and the last attempt that failed since. */
export type BackupRecord = { history: BackupMade[]; failed: { at: number; why: string } | null };

export async function readBackups(sql: Sql): Promise<BackupRecord> {
  return await readSetting<BackupRecord>(sql, settingKey) ?? { history: [], failed: null };
}

/** Makes one in `folder`, checks it, records it, and removes the oldest beyond limits.backupsKept. Throws when there is none in the end. */
export async function makeBackup(db: Db, url: string, folder: string, version: string): Promise<BackupMade & { removed: string[] }> {
  const before = await readBackups(db);
  try {
    const made = await withCopies({ url, name: 'backup' }, (sql) => write(sql, folder, version));
    await writeSetting(db, settingKey, { history: [made, ...before.history].slice(0, limits.backupsKept), failed: null } satisfies BackupRecord, 'backup');
    return { ...made, removed: prune(folder) };
  } catch (error) {
    const [now] = await db.query<{ now: number }>('select anling_now() as now');
    await writeSetting(db, settingKey, { ...before, failed: { at: now?.now ?? 0, why: (error as Error).message.slice(0, 300) } } satisfies BackupRecord, 'backup');
    throw error;
  }
}

async function write(sql: Copies, folder: string, version: string): Promise<BackupMade> {
  await sql.query('set transaction isolation level repeatable read, read only');
  const [lock] = await sql.query<{ got: boolean }>('select pg_try_advisory_xact_lock($1) as got', [lockKey]);
  if (!lock?.got) throw new OperatingError('E_CONFLICT', 'Another backup of this database is under way.');
  for (const name of readdirSync(folder)) if (name.endsWith('.backup.part')) rmSync(join(folder, name));
  const { head, databaseBytes } = await readHead(sql, version);
  const file = join(folder, `anling-${new Date(head.at).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}.backup.gz`);
  const part = file.replace(/\.gz$/, '.part');
  const writer = await createBackup(part, head);
  try {
    const rows = await writeTables(sql, writer);
    const again = await readBackup(part, async (_, chunks) => { for await (const _chunk of chunks); });
    if (again.rows !== rows) throw new OperatingError('E_INVALID', `The backup was written with ${rows} rows and read again with ${again.rows}.`);
    renameSync(part, file);
    return { at: head.at, file, bytes: statSync(file).size, rows, schema: head.schema, databaseBytes };
  } catch (error) {
    writer.abandon();
    rmSync(part, { force: true });
    throw error;
  }
}

async function writeTables(sql: Copies, writer: Awaited<ReturnType<typeof createBackup>>): Promise<number> {
  for (const { table, columns } of await tablesInOrder(sql))
    // A partitioned table has no rows of its own: the select gathers them.
    await writer.table({ table, columns }, (take) => sql.copyOut(`copy (select ${columns.map((c) => `"${c}"`).join(', ')} from "${table}") to stdout`, take));
  return writer.end();
}

async function readHead(sql: Sql, version: string): Promise<{ head: BackupHead; databaseBytes: number }> {
  const migrations = await sql.query<{ no: number; checksum: string }>('select no, checksum from schema_migration order by no');
  const [row] = await sql.query<{ at: number; bytes: number; keys: string | null }>(
    `select anling_now() as at, pg_database_size(current_database())::float8 as bytes, (select left(value #>> '{}', 16) from setting where key = 'keys.mark') as keys`);
  return { head: { anling: 'backup', format: 1, at: Math.round(row?.at ?? 0), version, schema: migrations.at(-1)?.no ?? 0, migrations, keys: row?.keys ?? null }, databaseBytes: row?.bytes ?? 0 };
}

/** Our tables with their columns, referenced ones before those that refer to them, so that rows can come in this order under the database's own checks. */
export async function tablesInOrder(sql: Sql): Promise<{ table: string; columns: string[] }[]> {
  const tables = await sql.query<{ table: string; columns: string[]; needs: string[] }>(
    `select c.relname as "table", (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       coalesce((select json_agg(distinct r.relname) from pg_constraint k join pg_class r on r.oid = k.confrelid where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid), '[]') as needs
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'schema_migration'
       and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1`);
  const done: { table: string; columns: string[] }[] = [];
  const names = new Set<string>();
  for (let left = tables; left.length > 0;) {
    const free = left.filter((t) => t.needs.every((need) => names.has(need)));
    if (free.length === 0) throw new OperatingError('E_INTERNAL', `Tables refer to each other in a circle: ${left.map((t) => t.table).join(', ')}`);
    for (const { table, columns } of free) { names.add(table); done.push({ table, columns }); }
    left = left.filter((t) => !names.has(t.table));
  }
  return done;
}

/** The oldest beyond the number kept; only files of this shape in this folder. */
function prune(folder: string): string[] {
  const old = readdirSync(folder).filter((name) => fileShape.test(name)).sort().slice(0, -limits.backupsKept);
  for (const name of old) rmSync(join(folder, name));
  return old;
}
