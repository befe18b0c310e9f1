/** The nightly packs as files below data/packs (2.2): made when one is due, listed, found again, forgotten after a week; whoever serves the pages makes them, so that each machine that could hand one out has them. */
import { randomInt } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clockTime, dayOf, dayTime } from '#core/clock.ts';
import { newPassphrase, newestOf, packDue, type PackFile, packsToForget, type PackTown } from '#core/pack.ts';
import { limits } from '#core/limits.ts';
import { databaseNow } from '#store/nodes.ts';
import { packTowns, readPack, readPassphrase } from '#store/packs.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import type { WebContext } from './context.ts';
import { packFile } from './pack-file.ts';

export const packFolder = (data: string): string => join(data, 'packs');
export const freshPassphrase = (): string => newPassphrase((below) => randomInt(below));
const named = /^pack-(\d{12})-(\d{4}-\d{2}-\d{2})-(\d{2})(\d{2})\.html$/;
const nameOf = (code: string, at: number): string => `pack-${code}-${dayOf(at)}-${clockTime(at).replace(':', '')}.html`;

/** What lies there; nothing when there is no such folder yet. */
export function packFiles(data: string): PackFile[] {
  let names: string[];
  try { names = readdirSync(packFolder(data)); } catch { return []; }
  return names.flatMap((name) => {
    const [, code, day, hour, minute] = named.exec(name) ?? [];
    const madeAt = Date.parse(`${day}T${hour}:${minute}:00+08:00`);
    if (code === undefined || Number.isNaN(madeAt)) return [];
    try { return [{ code, madeAt, name, bytes: statSync(join(packFolder(data), name)).size }]; } catch { return []; } // gone meanwhile
  });
}

/** A file's text; null when it is not there any more. */
export function readPackFile(data: string, file: PackFile): Buffer | null {
  try { return readFileSync(join(packFolder(data), file.name)); } catch { return null; }
}

type Making = Pick<WebContext, 'db' | 'seal' | 'log' | 'settings'>;

/** Makes a town's pack as it is now, for nobody but its owner to read, and forgets what is too old. Null: this machine keeps no files, or the town has no passphrase. */
export async function makePack({ db, seal, log, settings: { data } }: Making, town: PackTown): Promise<PackFile | null> {
  const key = await readPassphrase(db, seal, town.code);
  if (data === null || key === null) return null;
  const at = await databaseNow(db);
  const content = await readPack(db, seal, town, { at, text: dayTime(at) });
  const file = join(packFolder(data), nameOf(town.code, at));
  mkdirSync(packFolder(data), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`; // several web processes of one machine may make it at once
  writeFileSync(fresh, await packFile(content, town.code, key), { mode: 0o600, flush: true });
  renameSync(fresh, file);
  const now = { ...town, keySetAt: key.setAt };
  for (const old of packsToForget(now, packFiles(data))) rmSync(join(packFolder(data), old.name), { force: true });
  log.info({ code: town.code, people: content.villages.reduce((n, v) => n + v.people.length, 0) }, 'offline pack made');
  return newestOf(now, packFiles(data));
}

/** Makes what is due tonight. A town that fails does not keep the others. */
export async function packTurn(ctx: Making): Promise<boolean> {
  const { data } = ctx.settings;
  if (data === null) return false;
  const now = await databaseNow(ctx.db);
  const files = packFiles(data);
  let failed: Error | null = null;
  for (const town of await packTowns(ctx.db, '')) {
    if (!packDue(town, files, now)) continue;
    await makePack(ctx, town).catch((error: Error) => { failed ??= error; });
  }
  if (failed) throw failed;
  return false;
}

export function startPacks(ctx: Making): Loop {
  return startLoop({
    name: 'packs', pollMs: limits.packLookMs, turn: () => packTurn(ctx),
    onError: (error, inARow) => { if (inARow === 1 || inARow % 60 === 0) ctx.log.error({ error: (error as Error).message, inARow }, 'an offline pack could not be made: look at the disk and its rights'); },
  });
}
