/**
 * The file of a backup: gzip of lines. First a head (JSON), then per table `{"table","columns"}`, PostgreSQL's own COPY lines, `\.` and
 * `{"rows"}`, at the end `{"end","rows","sha256"}` of all before it. A file without that last line is no backup. psql can read its tables.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { OperatingError } from '#core/errors.ts';

export type BackupHead = {
  anling: 'backup'; format: 1; /** the one clock at its moment */ at: number; version: string; schema: number; migrations: { no: number; checksum: string }[];
  /** Which key file opens it; null: nothing was ever sealed. */ keys: string | null;
};
type TableLine = { table: string; columns: string[] };
const formatNo = 1;
const batchBytes = 64 * 1024;
const endOfRows = Buffer.from('\\.\n');

export type BackupWriter = {
  table(line: TableLine, rows: (take: (bytes: Buffer) => Promise<void>) => Promise<number>): Promise<void>;
  /** The end line, and everything on the disk; the rows of all tables. */ end(): Promise<number>;
  abandon(): void;
};

export async function createBackup(file: string, head: BackupHead): Promise<BackupWriter> {
  const hash = createHash('sha256');
  const gzip = createGzip({ level: 5 });
  const written = pipeline(gzip, createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true }));
  written.catch(() => {}); // met where it is waited for
  const write = async (bytes: Buffer | string): Promise<void> => { if (!gzip.write(bytes)) await Promise.race([once(gzip, 'drain'), written]); };
  const put = (bytes: Buffer | string): Promise<void> => { hash.update(bytes); return write(bytes); };
  let total = 0;
  await put(`${JSON.stringify(head)}\n`);
  return {
    async table(line, rows) {
      await put(`${JSON.stringify(line)}\n`);
      const count = await rows(put);
      await put(`\\.\n${JSON.stringify({ rows: count })}\n`);
      total += count;
    },
    async end() {
      await write(`${JSON.stringify({ end: true, rows: total, sha256: hash.digest('hex') })}\n`);
      gzip.end();
      await written;
      return total;
    },
    abandon() { gzip.destroy(); },
  };
}

/** What one table's lines are given to; answers how many rows it took. */
export type TakeTable = (line: TableLine, chunks: AsyncIterable<Buffer>) => Promise<unknown>;
export type BackupRead = { head: BackupHead; rows: number; tables: Map<string, number> };

/** Reads the whole file and checks it: every count, the checksum, the end. `take` must read its chunks to their end. */
export async function readBackup(file: string, take: TakeTable, begin: (head: BackupHead) => Promise<void> = async () => {}): Promise<BackupRead> {
  const hash = createHash('sha256');
  const lines = linesOf(file);
  const broken = (why: string): OperatingError => new OperatingError('E_INVALID', `${file} is no whole backup: ${why}. Take another one.`);
  const line = async (): Promise<Buffer> => {
    const next = await lines.next().catch((error: Error) => { throw broken(error.message); });
    if (next.done) throw broken('it ends in the middle');
    return next.value;
  };
  const json = (bytes: Buffer): Record<string, unknown> => { try { return JSON.parse(bytes.toString()) as Record<string, unknown>; } catch { throw broken('a line of it is damaged'); } };
  const first = await line();
  hash.update(first);
  const head = json(first) as unknown as BackupHead;
  if (head.anling !== 'backup' || head.format !== formatNo) throw broken(`it does not begin like one of format ${formatNo}`);
  await begin(head);
  const tables = new Map<string, number>();
  for (let total = 0; ;) {
    const bytes = await line();
    const next = json(bytes);
    if (next['end'] === true) {
      if (next['rows'] !== total || next['sha256'] !== hash.digest('hex')) throw broken('its checksum or its number of rows is another');
      return { head, rows: total, tables };
    }
    hash.update(bytes);
    let count = 0;
    await take(next as unknown as TableLine, rowsOf(line, (batch, n) => { hash.update(batch); count += n; }));
    const after = await line();
    hash.update(after);
    if (json(after)['rows'] !== count) throw broken(`table ${String(next['table'])} has ${count} rows and should have ${String(json(after)['rows'])}`);
    tables.set(String(next['table']), count);
    total += count;
  }
}

/** Whole lines of one table, many at once, to the end mark. */
async function* rowsOf(line: () => Promise<Buffer>, seen: (batch: Buffer, rows: number) => void): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const row = await line();
    const last = row.equals(endOfRows);
    if (!last) bytes += batch[batch.push(row) - 1]?.length ?? 0;
    if ((last || bytes >= batchBytes) && batch.length > 0) {
      const whole = Buffer.concat(batch);
      seen(whole, batch.length);
      yield whole;
      batch = [];
      bytes = 0;
    }
    if (last) return seen(endOfRows, 0);
  }
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const source = createReadStream(file).on('error', (error) => gunzip.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source.pipe(gunzip) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) { yield bytes.subarray(from, at + 1); from = at + 1; }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) yield rest;
}
