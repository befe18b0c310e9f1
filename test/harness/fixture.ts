/** The fixture of a release: a filled database with its keys, from which every later release must upgrade, and its program, beside which it must. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { migrate } from '#store/migrate.ts';
import type { Db } from '#store/pool.ts';
import { createSeal, readKeys, type Seal } from '#store/seal.ts';
import type { House } from './house.ts';
import { dumpRows, restoreRows } from './snapshot.ts';

const fixtureFolder = join(import.meta.dirname, '..', 'fixtures');
export const migrationsFolder = join(import.meta.dirname, '..', '..', 'migrations');
/** The releases that have one. */
export const releases = readdirSync(fixtureFolder).filter((f) => f.endsWith('.jsonl.gz')).map((f) => f.replace('.jsonl.gz', ''));

/** Writes the house's database beside its keys when ANLING_WRITE_FIXTURE names a release, e.g. `v0.1.0`; else nothing. */
export async function writeFixture(house: House, db: Db): Promise<void> {
  const release = process.env['ANLING_WRITE_FIXTURE'];
  if (!release) return;
  writeFileSync(join(fixtureFolder, `${release}.jsonl.gz`), gzipSync((await dumpRows(db)).join('\n')));
  copyFileSync(join(house.data, 'keys.json'), join(fixtureFolder, `${release}.keys.json`));
}

export type Filled = { schema: number; /** its rows */ of(table: string): Record<string, unknown>[] };

/** Makes an empty database one of a release: the schema of its day, and its rows. */
export async function fillAs(release: string, url: string, db: Db): Promise<Filled> {
  const lines = gunzipSync(readFileSync(join(fixtureFolder, `${release}.jsonl.gz`))).toString('utf8').split('\n');
  const rows = lines.map((line) => JSON.parse(line) as { table: string; row: Record<string, unknown> });
  const of = (table: string): Record<string, unknown>[] => rows.filter((r) => r.table === table).map((r) => r.row);
  const schema = Math.max(...of('schema_migration').map((r) => Number(r['no'])));
  const then = mkdtempSync(join(tmpdir(), 'anling-migrations-'));
  for (const file of readdirSync(migrationsFolder)) if (Number(file.slice(0, 4)) <= schema) copyFileSync(join(migrationsFolder, file), join(then, file));
  await migrate({ url, folder: then });
  rmSync(then, { recursive: true });
  await restoreRows(db, lines, ['schema_migration']);
  return { schema, of };
}

/** The key file of a release's dump, with the mode that a checkout does not keep. */
export function fixtureKeys(release: string): { file: string; seal: Seal } {
  const file = join(mkdtempSync(join(tmpdir(), 'anling-keys-')), 'keys.json');
  copyFileSync(join(fixtureFolder, `${release}.keys.json`), file);
  chmodSync(file, 0o600);
  return { file, seal: createSeal(readKeys(file, false)) };
}

/**
 * The sources of a release that run its edge and its worker, unpacked beside the present packages. The archive is
 * `git archive TAG src migrations package.json` without its tests, brotli.
 */
export function unpackProgram(release: string, modules: string): string {
  const folder = mkdtempSync(join(tmpdir(), `anling-${release}-`));
  const { status, stderr } = spawnSync('tar', ['x', '-C', folder], { input: brotliDecompressSync(readFileSync(join(fixtureFolder, `${release}.program.tar.br`))) });
  if (status !== 0) throw new Error(`the program of ${release} could not be unpacked: ${String(stderr)}`);
  symlinkSync(modules, join(folder, 'node_modules'));
  return folder;
}
