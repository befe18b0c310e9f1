/** The built pages: made by vite when the sources differ from those of the last build, told apart by their content. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive } from './processes.ts';

const root = join(import.meta.dirname, '..', '..');
const source = join(root, 'dashboards', 'wall');
const places = (data: string): [string, string] => [join(source, 'dist'), join(data, 'pages')];
const mark = '.source';

/** The folder of the newest built pages; null when there are none. */
export function builtPages(data: string): string | null {
  const wanted = sourceHash();
  const found = places(data).filter((place) => existsSync(join(place, 'index.html')));
  return found.find((place) => markOf(place) === wanted) ?? found[0] ?? null;
}

/** Which sources these pages were built from, in short; null where nobody noted it. */
export const pagesBuild = (folder: string | null): string | null => (folder === null ? null : markOf(folder).slice(0, 8) || null);

/** Builds when needed, into the checkout or, where that may not be written, into the data folder. The error text when it failed. */
export async function buildPages(data: string): Promise<{ built: boolean; ms: number; error: string | null }> {
  const began = performance.now();
  const done = (built: boolean, error: string | null): { built: boolean; ms: number; error: string | null } => ({ built, error, ms: Math.round(performance.now() - began) });
  const wanted = sourceHash();
  if (!existsSync(join(source, 'index.html')) || places(data).some((place) => markOf(place) === wanted)) return done(false, null);
  const [inCheckout, inData] = places(data);
  const target = mayWrite(source) ? inCheckout : inData;
  const fresh = `${target}.${process.pid}`;
  mkdirSync(dirname(target), { recursive: true });
  clearAborted(target);
  const error = await run([join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', source, '--outDir', fresh, '--logLevel', 'warn']);
  if (error !== null) { rmSync(fresh, { recursive: true, force: true }); return done(false, error); }
  writeFileSync(join(fresh, mark), wanted);
  rmSync(target, { recursive: true, force: true });
  try { renameSync(fresh, target); } catch { rmSync(fresh, { recursive: true, force: true }); } // another supervisor was first
  return done(true, null);
}

/** What builds that were killed have left beside the target. */
function clearAborted(target: string): void {
  for (const name of readdirSync(dirname(target)))
    if (name.startsWith(`${basename(target)}.`) && !isAlive(Number(name.slice(basename(target).length + 1)))) rmSync(join(dirname(target), name), { recursive: true, force: true });
}

const markOf = (place: string): string => { try { return readFileSync(join(place, mark), 'utf8'); } catch { return ''; } };
const mayWrite = (folder: string): boolean => { try { accessSync(folder, constants.W_OK); return true; } catch { return false; } };

function sourceHash(): string {
  const hash = createHash('sha256');
  const files = [source, join(root, 'src', 'core')].flatMap((folder) => (existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []))
    .filter((entry) => entry.isFile() && !/[\\/]dist(\.\d+)?([\\/]|$)/.test(entry.parentPath) && !entry.name.endsWith('.test.ts')).map((entry) => join(entry.parentPath, entry.name)).sort();
  for (const file of [...files, join(root, 'package-lock.json')]) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

function run(args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_ENV: 'production' } });
    let words = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => { words = (words + bytes.toString()).slice(-4_000); });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? null : words || `vite ended with ${code}`));
  });
}
