/** What the doctor sees of the spool folder: whether it may be written, its disk's room, and what waits in its files, slot by slot; it holds no file up. */
import { accessSync, constants, existsSync, readdirSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { SpoolFacts } from '#core/doctor.ts';

export function lookAtSpool(folder: string): SpoolFacts {
  let there = folder; // before its first start a house has none: what counts is whether it can be made
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const disk = statfsSync(there);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^edge-\d+\.db$/.test(name)) : [];
  const counted = files.map((name) => rowsOf(join(folder, name)));
  return {
    folder, writable: mayWrite(there), freeBytes: disk.bavail * disk.bsize, slots: files.length,
    rows: counted.reduce<number>((sum, n) => sum + (n ?? 0), 0), unreadable: counted.filter((n) => n === null).length + (existsSync(folder) ? readdirSync(folder).filter((name) => /\.broken-\d+$/.test(name)).length : 0),
  };
}

function mayWrite(folder: string): boolean {
  try { accessSync(folder, constants.W_OK); return true; } catch { return false; }
}

/** Rows that no database has yet; null: the file cannot be read. */
function rowsOf(file: string): number | null {
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try { return (db.prepare('select count(*) as n from spooled').get() as { n: number }).n; } finally { db.close(); }
  } catch {
    return null;
  }
}
