/** The system's Chromium and the built wall for browser tests. Where there is no Chromium the tests are skipped by name, with the reason. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';

export type { Browser, BrowserContext, Page } from 'playwright-core';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Where Chromium stands, or null: then browser tests are skipped by name (Debian: apt-get install chromium). */
export const chromiumPath = (): string | null => candidates.find((path) => existsSync(path)) ?? null;

/** Why a browser test is skipped. */
export const noBrowser = 'no Chromium on this machine (Debian: apt-get install chromium)';

const args = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic', '--disable-dev-shm-usage'];

/** A headless browser; sound needs a gesture, as in a duty room. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath() ?? '', headless: true, chromiumSandbox: process.getuid?.() !== 0, args: [...args, ...more] });
}

/** Builds the wall as it is released, into a folder of its own; returns the folder and what removes it. */
export async function buildWall(): Promise<{ dist: string; remove(): void }> {
  const dist = mkdtempSync(join(tmpdir(), 'anling-wall-'));
  const root = fileURLToPath(new URL('../../dashboards/wall/', import.meta.url));
  const own = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production'; // a test runner's own would make another bundle of it
  await build({ root, configFile: join(root, 'vite.config.ts'), logLevel: 'error', build: { outDir: dist, emptyOutDir: true } })
    .finally(() => { if (own === undefined) delete process.env['NODE_ENV']; else process.env['NODE_ENV'] = own; });
  return { dist, remove: () => rmSync(dist, { recursive: true, force: true }) };
}

/** What the first row of the built wall waits for: the entry and all that it imports, other than on demand; KB after gzip. */
export function firstRowKb(dist: string): { kb: number; files: number } {
  const needed = new Map<string, number>();
  const walk = (path: string): void => {
    if (needed.has(path)) return;
    const bytes = readFileSync(join(dist, path));
    needed.set(path, gzipSync(bytes).length);
    for (const [, name] of bytes.toString('utf8').matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) walk(`/assets/${name}`);
  };
  walk(/src="(\/assets\/index-[\w-]+\.js)"/.exec(readFileSync(join(dist, 'index.html'), 'utf8'))?.[1] ?? '');
  return { kb: [...needed.values()].reduce((sum, n) => sum + n, 0) / 1024, files: needed.size };
}
