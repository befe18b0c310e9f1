/** The fixture of a release: a filled database with its keys, from which every later release must upgrade. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Db } from '#store/pool.ts';
import type { House } from './house.ts';
import { dumpRows } from './snapshot.ts';

export const fixtureFolder = join(import.meta.dirname, '..', 'fixtures');

/** Writes the house's database beside its keys when ANLING_WRITE_FIXTURE names a release, e.g. `v0.1.0`; else nothing. */
export async function writeFixture(house: House, db: Db): Promise<void> {
  const release = process.env['ANLING_WRITE_FIXTURE'];
  if (!release) return;
  writeFileSync(join(fixtureFolder, `${release}.jsonl.gz`), gzipSync((await dumpRows(db)).join('\n')));
  copyFileSync(join(house.data, 'keys.json'), join(fixtureFolder, `${release}.keys.json`));
}

/** The lines of a release's dump. */
export function readFixture(release: string): string[] {
  return gunzipSync(readFileSync(join(fixtureFolder, `${release}.jsonl.gz`))).toString('utf8').split('\n');
}
