/**
 * A backup brought back into an empty database: the schema of its day, its rows under the database's own checks, then the migrations
 * since. All rows in one transaction: a restore that fails leaves an empty database, and can be tried again.
 */
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type BackupHead, type BackupRead, readBackup } from './backup-file.ts';
import { tablesInOrder } from './backup.ts';
import { migrate } from './migrate.ts';
import { type Copies, type Db, type Sql, withCopies } from './pool.ts';
import { holdsData } from './startup.ts';
import { spreadTelemetry } from './telemetry-layout.ts';

/** What stands in the way of restoring into this database, in words; null: it is empty and nobody uses it. */
async function whyNot(sql: Sql): Promise<string | null> {
  const [found] = await sql.query<{ schema: boolean; users: number }>(
    `select to_regclass('app_user') is not null as schema, (select count(*)::int from pg_stat_activity where datname = current_database() and application_name like 'anling-%' and application_name not in ('anling-restore', 'anling-admin')) as users`);
  if ((found?.users ?? 0) > 0) return `${found?.users} connection(s) of a running house are open: stop it first`;
  return found?.schema && await holdsData(sql) ? 'it holds a county already. Restore goes into an empty one: stop the house and move data/pg away (mv data/pg data/pg.old), or name an empty database in DATABASE_URL' : null;
}

/** Reads the whole file once before anything is touched, then brings it in. The key file is checked by the caller, who has it. */
export async function restoreBackup(db: Db, url: string, file: string, checkHead: (head: BackupHead) => void): Promise<BackupRead> {
  const reason = await whyNot(db);
  if (reason !== null) throw new OperatingError('E_CONFLICT', `Nothing was restored: ${reason}.`);
  const { head } = await readBackup(file, async (_, chunks) => { for await (const _chunk of chunks); });
  checkHead(head);
  await migrate({ url, upTo: head.schema });
  const ran = await db.query<{ no: number; checksum: string }>('select no, checksum from schema_migration order by no');
  if (ran.length !== head.schema) throw new OperatingError('E_CONFLICT', `Nothing was restored: the database is at schema ${ran.length}, the backup at ${head.schema}. Restore goes into an empty database.`);
  for (const { no, checksum } of head.migrations) if (ran[no - 1]?.checksum !== checksum) throw new OperatingError('E_MIGRATION_CHANGED', `Migration ${no} of the backup is not the one of this program. Restore with the release that made it (${head.version}).`);
  const read = await withCopies({ url, name: 'restore' }, (sql) => bringIn(sql, file));
  await migrate({ url });
  await spreadTelemetry(db);
  await db.query('vacuum analyze'); // the planner has never heard of these rows, and moved telemetry leaves room behind
  return read;
}

async function bringIn(sql: Copies, file: string): Promise<BackupRead> {
  const own = await tablesInOrder(sql);
  // Our triggers derive what the rows hold already, and forbid to empty the audit; the constraints stay and are checked.
  const triggered = await sql.query<{ table: string }>(
    `select distinct c.relname as "table" from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_proc p on p.oid = g.tgfoid where c.relnamespace = 'public'::regnamespace and p.pronamespace = 'public'::regnamespace and not g.tgisinternal and c.relkind in ('r', 'p')`);
  for (const { table } of triggered) await sql.query(`alter table "${table}" disable trigger user`);
  for (const { table } of own.toReversed()) await sql.query(`delete from "${table}"`); // what the migrations put there
  const read = await readBackup(file, async ({ table, columns }, chunks) => {
    if (!own.some((t) => t.table === table)) throw new OperatingError('E_INVALID', `The backup holds a table ${table} that its schema does not have.`);
    await sql.copyIn(`copy "${table}" (${columns.map((c) => `"${c}"`).join(', ')}) from stdin`, chunks);
  });
  for (const { table } of triggered) await sql.query(`alter table "${table}" enable trigger user`);
  await leap(sql);
  // Browsers hold numbers of feed rows that are gone now: a new epoch makes them ask for everything.
  await sql.query('update feed_counter set epoch = gen_random_uuid()');
  return read;
}

/** Numbers given since the backup are known outside (slips, the provider's receipts, browsers): none of them is given a second time. */
async function leap(sql: Sql): Promise<void> {
  const identities = await sql.query<{ table: string; column: string }>(
    `select c.relname as "table", a.attname as "column" from pg_attribute a join pg_class c on c.oid = a.attrelid where a.attidentity <> '' and c.relnamespace = 'public'::regnamespace`);
  for (const { table, column } of identities)
    await sql.query(`select setval(pg_get_serial_sequence('public."${table}"', '${column}'), (select coalesce(max("${column}"), 0) from "${table}") + $1)`, [limits.restoreLeap]);
}

/** What a restored house will do by itself, for the words at the end. */
export async function readRestored(sql: Sql): Promise<{ homes: number; people: number; devices: number; open: number; due: number }> {
  const [row] = await sql.query<{ homes: number; people: number; devices: number; open: number; due: number }>(
    `select (select count(*)::int from home) as homes, (select count(*)::int from person) as people, (select count(*)::int from device) as devices,
       (select count(*)::int from alert where state <> 'closed' and priority <= 2) as open, (select count(*)::int from outbox where state in ('due', 'sending')) as due`);
  return row ?? { homes: 0, people: 0, devices: 0, open: 0, due: 0 };
}
