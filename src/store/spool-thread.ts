/**
 * The thread that owns one spool file (SQLite in WAL mode, synchronous=FULL: a commit returns after its fsync). A slot is held
 * by an exclusive lock of the operating system, which ends with the process, however it ends; files whose owner has gone are
 * emptied into ours at the start, in their order.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SpoolAnswer, SpoolCall, SpoolRow, Spooled, SpoolSetup } from './spool.ts';

const slots = 64;
const pageBytes = 4096;
const shrinkAboveBytes = 64 * 1024 * 1024;
const { folder, maxBytes } = workerData as SpoolSetup;
mkdirSync(folder, { recursive: true, mode: 0o700 });

/** The lock of a slot, or null when a living process has it. */
function lock(slot: number): DatabaseSync | null {
  const held = new DatabaseSync(join(folder, `edge-${slot}.lock`));
  try {
    held.exec('pragma busy_timeout = 0; begin exclusive');
    return held;
  } catch {
    held.close();
    return null;
  }
}

const fileOf = (slot: number): string => join(folder, `edge-${slot}.db`);

function open(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`pragma page_size = ${pageBytes}; pragma journal_mode = wal; pragma synchronous = full; pragma max_page_count = ${Math.max(16, Math.ceil(maxBytes / pageBytes))};
    create table if not exists spooled (id integer primary key autoincrement, lane text not null, body blob not null);
    create index if not exists spooled_lane on spooled (lane, id);`);
  chmodSync(file, 0o600);
  return db;
}

/** Opens the file; one that is no database any more is laid aside, never deleted. */
function openOrSetAside(file: string): { db: DatabaseSync; aside: string | null } {
  try {
    return { db: open(file), aside: null };
  } catch (error) {
    if (!existsSync(file) || (error as { errcode?: number }).errcode === 13) throw error;
    const aside = `${file}.broken-${Date.now()}`;
    renameSync(file, aside);
    for (const rest of ['-wal', '-shm']) if (existsSync(file + rest)) renameSync(file + rest, aside + rest);
    return { db: open(file), aside };
  }
}

let slot = 0;
let held: DatabaseSync | null = null;
for (; slot < slots && held === null; slot++) held = lock(slot);
if (held === null) throw new Error(`all ${slots} spool slots of ${folder} are taken`);
const own = slot - 1;
const { db, aside } = openOrSetAside(fileOf(own));

/** Slots that could not be taken over. */
let left = 0;
/** Rows of slots whose process has gone. */
function adopt(): number {
  let rows = 0;
  for (const name of readdirSync(folder)) {
    const other = Number(/^edge-(\d+)\.db$/.exec(name)?.[1] ?? own);
    const theirs = other === own ? null : lock(other);
    if (theirs === null) continue;
    try {
      open(fileOf(other)).close(); // recovers its log
      db.exec(`attach ${quoted(fileOf(other))} as theirs`);
      rows += Number(db.prepare('insert into main.spooled (lane, body) select lane, body from theirs.spooled order by id').run().changes);
      db.exec('detach theirs');
      for (const rest of ['', '-wal', '-shm']) rmSync(fileOf(other) + rest, { force: true });
    } catch {
      // It does not fit beside ours, or cannot be read: it stays where it is for a later start, and nobody is without a spool for it.
      left++;
      try { db.exec('detach theirs'); } catch { /* never attached */ }
    } finally {
      theirs.close();
    }
  }
  return rows;
}
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const adopted = adopt();
const insert = db.prepare('insert into spooled (lane, body) values (?, ?)');
const first = db.prepare('select id, lane, body from spooled where lane = ? order by id limit ?');
const remove = db.prepare('delete from spooled where lane = ? and id <= ?');
const size = (): number => Number((db.prepare('pragma page_count').get() as { page_count: number }).page_count) * pageBytes;
const free = (): number => Number((db.prepare('pragma freelist_count').get() as { freelist_count: number }).freelist_count) * pageBytes;

const calls = {
  append(rows: readonly SpoolRow[]): number {
    db.exec('begin immediate');
    try {
      for (const { lane, body } of rows) insert.run(lane, body);
      db.exec('commit');
    } catch (error) {
      try { db.exec('rollback'); } catch { /* SQLite has rolled back itself */ }
      throw error;
    }
    return rows.length;
  },
  first: (lane: string, limit: number): Spooled[] => first.all(lane, limit) as Spooled[],
  remove(lane: string, upTo: number): number {
    const { changes } = remove.run(lane, upTo);
    if (size() > shrinkAboveBytes && size() === free() + pageBytes * 8) db.exec('vacuum; pragma wal_checkpoint(truncate)');
    return Number(changes);
  },
  counts: (): Record<string, number> => Object.fromEntries((db.prepare('select lane, count(*) as n from spooled group by lane').all() as { lane: string; n: number }[]).map((r) => [r.lane, Number(r.n)])),
  close(): number { db.close(); held?.close(); return 0; },
};

parentPort?.on('message', ({ no, op, args }: SpoolCall) => {
  const answer: SpoolAnswer = { no, value: null, bytes: 0, error: null };
  try {
    answer.value = (calls[op] as (...given: unknown[]) => unknown)(...args);
    if (op !== 'close') answer.bytes = size() - free();
  } catch (error) {
    answer.error = (error as Error).message;
  }
  parentPort?.postMessage(answer);
});
parentPort?.postMessage({ ready: true, adopted, left, aside, slot: own });
