/**
 * Copies of registrations, outside the database: what a restore of last night's backup does not know (FIELD F24). One sealed line per
 * registration holds the device with the hash of its secret, its home, its person and the person's contacts, as their rows are.
 */
import type { OperatingError } from '#core/errors.ts';
import { appendAudit } from './audit.ts';
import { beginPresence } from './device-registry.ts';
import type { Db, Row, Sql } from './pool.ts';
import type { Seal } from './seal.ts';

const label = 'registration.line';
type Copy = { home: Row | null; person: Row | null; contacts: Row[]; device: Row };
type Line = { at: number; id: string; sealed: string };

/** A line for each real device of `ids` as it is now. Demonstration devices need none: the house makes them again. */
export async function registrationLines(sql: Sql, seal: Seal, ids: readonly string[]): Promise<string[]> {
  const rows = await sql.query<Copy & { at: number }>(
    `select anling_now() as at, to_jsonb(d) - 'no' as device, to_jsonb(h) as home, to_jsonb(p) as person,
       coalesce((select json_agg(c) from contact c where c.person_id = p.id), '[]') as contacts
     from device d left join home h on h.id = d.home_id left join person p on p.id = d.person_id where d.id = any($1) and not d.demo order by d.id`, [ids]);
  return rows.map(({ at, ...copy }) => JSON.stringify({ at: Math.round(at), id: String(copy.device['id']), sealed: seal.seal(label, JSON.stringify(copy)).toString('base64') } satisfies Line));
}

export type Replayed = { registered: string[]; refused: { id: string; why: string }[]; unreadable: number };

/**
 * Brings in what was registered after `since`, each device as its last line has it. What cannot be is named and left out. Safe to
 * repeat, and with lines that the backup knows: a row is written only over an older version of itself.
 */
export async function replayRegistrations(db: Db, seal: Seal, lines: readonly string[], since: number): Promise<Replayed> {
  const last = new Map<string, string>();
  let unreadable = 0;
  for (const text of lines) {
    try {
      const line = JSON.parse(text) as Line;
      if (line.at >= since) last.set(line.id, line.sealed);
    } catch { unreadable++; } // a line that a power cut broke off
  }
  const result: Replayed = { registered: [], refused: [], unreadable };
  for (const [id, sealed] of last) {
    try {
      if (await bringBack(db, seal, sealed)) result.registered.push(id);
    } catch (error) {
      result.refused.push({ id, why: (error as Error | OperatingError).message });
    }
  }
  if (last.size > 0)
    await db.tx((sql) => appendAudit(sql, seal, [{ actor: 'system:restore', action: 'device.replay', result: 'ok', detail: { count: result.registered.length, refused: result.refused.length, ids: result.registered.slice(0, 20) } }]));
  return result;
}

/** Whether the device was new, or known in an older version. */
async function bringBack(db: Db, seal: Seal, sealed: string): Promise<boolean> {
  const { home, person, contacts, device } = JSON.parse(seal.open(label, Buffer.from(sealed, 'base64'))) as Copy;
  return db.tx(async (sql) => {
    if (home) await put(sql, 'home', home);
    if (person) {
      // Of a person with a home of another device's line, that home may not be here yet.
      const [known] = await sql.query('select from home where id = $1', [person['home_id']]);
      await put(sql, 'person', known ? person : { ...person, home_id: null });
    }
    for (const contact of contacts) await put(sql, 'contact', contact);
    const done = await put(sql, 'device', device);
    if (done === 'made') await beginPresence(sql, [String(device['id'])], true);
    if (done !== null) await sql.query("select pg_notify('anling_device', $1)", [device['id']]);
    return done !== null;
  });
}

/** Writes the row as the line has it, in those columns that both know, unless a row of this version or a newer one is there (null). */
async function put(sql: Sql, table: 'home' | 'person' | 'contact' | 'device', row: Row): Promise<'made' | 'changed' | null> {
  const columns = (await sql.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''`, [table])).map((c) => c.name).filter((name) => name in row);
  const names = columns.map((c) => `"${c}"`);
  const [done] = await sql.query<{ made: boolean }>(
    `insert into ${table} (${names.join(', ')}) select ${names.join(', ')} from jsonb_populate_record(null::${table}, $1::jsonb)
     on conflict (id) do update set ${names.map((c) => `${c} = excluded.${c}`).join(', ')} where ${table}.version < excluded.version returning xmax = 0 as made`, [JSON.stringify(row)]);
  return done ? (done.made ? 'made' : 'changed') : null;
}
