/** Reading the spool files of other processes while they are written: a reader of a write-ahead log holds nobody up. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { limits } from '#core/limits.ts';

export type Standing = { key: string; lane: string; body: Buffer };
export type Tail = {
  /** Rows of these lanes that have not been seen by this reader, oldest first. */ fresh(): Standing[];
  /** Keys of all rows that stand there now. */ standing(): Set<string>;
  close(): void;
};

/** Follows all spool files of a folder. A file that cannot be read now is looked at again with the next look. */
export function openTail(folder: string, lanes: readonly string[]): Tail {
  const open = new Map<string, { db: DatabaseSync; inode: string }>();
  const read = new Map<string, number>();
  const marks = lanes.map(() => '?').join();
  const each = (sql: string, more: (file: string) => number[], take: (file: string, row: { id: number; lane: string; body: Uint8Array }) => void): void => {
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder).filter((n) => /^edge-\d+\.db$/.test(n))) {
      try {
        const file = join(folder, name);
        const { ino, birthtimeMs } = statSync(file);
        const inode = `${ino}-${birthtimeMs}`; // numbers of files come again
        let held = open.get(name);
        if (held && held.inode !== inode) { held.db.close(); held = undefined; }
        held ??= { db: new DatabaseSync(file, { readOnly: true }), inode };
        open.set(name, held);
        for (const row of held.db.prepare(sql).all(...lanes, ...more(`${name}#${inode}`)) as { id: number; lane: string; body: Uint8Array }[]) take(`${name}#${inode}`, row);
      } catch {
        open.get(name)?.db.close();
        open.delete(name);
      }
    }
  };
  return {
    fresh() {
      const rows: Standing[] = [];
      each(`select id, lane, body from spooled where lane in (${marks}) and id > ? order by id limit ${limits.standbyTailRows}`, (file) => [read.get(file) ?? 0], (file, row) => {
        read.set(file, row.id);
        rows.push({ key: `${file}#${row.id}`, lane: row.lane, body: Buffer.from(row.body) });
      });
      return rows;
    },
    standing() {
      const keys = new Set<string>();
      each(`select id, lane, '' as body from spooled where lane in (${marks})`, () => [], (file, row) => keys.add(`${file}#${row.id}`));
      return keys;
    },
    close() { for (const { db } of open.values()) db.close(); },
  };
}
