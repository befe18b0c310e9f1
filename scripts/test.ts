/**
 * `npm test` (and `npm run test:long`, `npm run test:drill`): every layer in turn, its components installed meanwhile, one closing line for all.
 * With CI=true a skip for a component that could be installed here is a failure.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#ops/processes.ts';
import { runChecks } from './check.ts';
import { endAll, root, run, tools, type Outcome } from './run.ts';

type Counts = { passed: number; failed: number; skipped: number; skips: string[] };
/** A component of the machine: what is missing and whether it could be had here; null when it is there. */
type Lack = { what: string; why: string; installable: boolean };

const began = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'anling-test-'));
const total: Counts = { passed: 0, failed: 0, skipped: 0, skips: [] };
const times: string[] = [];
let interrupted = false;
const isRoot = process.getuid?.() === 0;
const isDebian = existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb');

function note(title: string, outcome: Pick<Outcome, 'ms' | 'ok'>): void {
  times.push(`${title}: ${(outcome.ms / 1000).toFixed(1)} s${outcome.ok ? '' : ' FAILED'}`);
}

/** One run of vitest over some projects; a run that ends badly without a failed test counts as one failure. */
async function tests(title: string, projects: readonly string[], env: Record<string, string> = {}, timeoutMs = 25 * 60_000): Promise<void> {
  if (interrupted) return new Promise(() => {});
  console.log(`\n=== ${title} ===`);
  const file = join(folder, `${times.length}.json`);
  const args = ['run', '--passWithNoTests', ...projects.flatMap((project) => ['--project', project])];
  const outcome = await run(title, tools('vitest'), args, { env: { ANLING_TEST_COUNTS: file, ...env }, timeoutMs });
  const counts: Counts = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Counts) : { passed: 0, failed: 0, skipped: 0, skips: [] };
  total.passed += counts.passed;
  total.failed += !outcome.ok && counts.failed === 0 ? 1 : counts.failed;
  total.skipped += counts.skipped;
  total.skips.push(...counts.skips);
  note(title, outcome);
}

function lacking(title: string, { what, why, installable }: Lack): void {
  const fails = process.env['CI'] === 'true' && installable;
  if (fails) total.failed++; else total.skipped++;
  total.skips.push(`${fails ? 'FAILED' : 'skipped'}: ${title}: ${what} is not there (${why})`);
}

const script = join(root, 'scripts', 'timescale.sh');
/** A server of this run alone: several runs on one machine do not meet. */
const timescaleEnv = freePort().then((port) => ({ TS_DATA: join(folder, 'timescale'), TS_PORT: String(port) }));

/** Debian's TimescaleDB, unpacked and started. */
async function timescale(): Promise<{ url: string; bin: string } | Lack> {
  const lack = (why: string, installable: boolean): Lack => ({ what: 'TimescaleDB', why, installable });
  if (process.env['ANLING_TEST_DB']) return { url: process.env['ANLING_TEST_DB'], bin: process.env['ANLING_TEST_PG_BIN'] ?? '/usr/bin' };
  if (!isDebian) return lack('its script needs a Debian machine', false);
  const outcome = await run('timescale', script, ['start'], { quiet: true, timeoutMs: 180_000, env: await timescaleEnv });
  const url = /^postgres:\S+$/m.exec(outcome.output)?.[0];
  const bin = /^bin (\S+)$/m.exec(outcome.output)?.[1] ?? '';
  return outcome.ok && url ? { url, bin } : lack(outcome.output.trim().split('\n').at(-1) ?? 'it did not start', true);
}

/** A browser, and a font that has Chinese. */
async function browser(): Promise<Lack | null> {
  const there = (): boolean => existsSync('/usr/bin/chromium');
  if (there()) return null;
  if (!isDebian || !isRoot) return { what: 'Chromium', why: isDebian ? 'only root may install it: apt-get install chromium fonts-noto-cjk' : 'not a Debian machine', installable: false };
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt', 'apt-get', ['-qq', 'update'], { quiet: true, env, timeoutMs: 120_000 });
  const outcome = await run('apt', 'apt-get', ['-qq', '-y', 'install', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], { quiet: true, env, timeoutMs: 300_000 });
  return there() ? null : { what: 'Chromium', why: outcome.output.trim().split('\n').at(-1) ?? 'apt-get failed', installable: true };
}

async function everything(): Promise<void> {
  const browserThere = browser();
  const timescaleThere = timescale();
  console.log('=== types, lint, unused code ===');
  for (const outcome of await runChecks()) {
    if (outcome.ok) total.passed++; else total.failed++;
    note(outcome.name, outcome);
  }
  await tests('unit, tidy', ['unit', 'tidy']);
  await tests('database: embedded PostgreSQL', ['db'], { ANLING_TEST_DB: '' });
  const server = await timescaleThere;
  if ('url' in server) {
    await tests('database: TimescaleDB', ['db'], { ANLING_TEST_DB: server.url, ANLING_TEST_PG_BIN: server.bin });
    if (!process.env['ANLING_TEST_DB']) await run('timescale', script, ['stop'], { quiet: true, env: await timescaleEnv });
  } else lacking('database tests on TimescaleDB', server);
  await tests('scenario', ['scenario'], { ANLING_TEST_DB: '' });
  const lack = await browserThere;
  if (lack) lacking('browser tests', lack); else await tests('browser', ['browser'], { ANLING_TEST_DB: '' });
}

// An interrupted run leaves no server and no folder behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, async () => {
    interrupted = true;
    await endAll(5_000);
    await run('timescale', script, ['stop'], { quiet: true, env: await timescaleEnv, timeoutMs: 10_000 });
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  });

try {
  if (process.argv.includes('--long')) await tests('long', ['long'], { ANLING_TEST_LONG: '1' }, 45 * 60_000);
  else if (process.argv.includes('--drill')) await tests('drill', ['drill'], { ANLING_TEST_DRILL: '1' }, 100 * 60_000);
  else await everything();
} catch (error) {
  console.error(error);
  total.failed++;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`\n${times.join('\n')}\nall: ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
for (const skip of total.skips) console.log(skip);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
