/**
 * `npm test` (and `npm run test:long`, `npm run test:drill`): every layer in turn, its components installed meanwhile, one closing line for all.
 * With CI=true a skip for a component that could be installed here is a failure. A file that failed beside others is run once more alone: what
 * passes then is named as such at the end (a machine that does too much at once, not a broken promise), what fails twice has failed.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#ops/processes.ts';
import { runChecks } from './check.ts';
import { endAll, root, run, tools, type Outcome } from './run.ts';

type Counts = { passed: number; failed: number; skipped: number; skips: string[]; failures: { project: string; file: string; line: string }[] };
/** A component of the machine: what is missing and whether it could be had here; null when it is there. */
type Lack = { what: string; why: string; installable: boolean };

const began = performance.now();
const folder = mkdtempSync(join(tmpdir(), 'anling-test-'));
const total: Counts = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] };
/** Files that may be run once more: more than these are no accident of timing. */
const againMax = 8;
const unsteady: string[] = [];
const times: string[] = [];
let interrupted = false;
const isRoot = process.getuid?.() === 0;
const isDebian = existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-deb');

function note(title: string, outcome: Pick<Outcome, 'ms' | 'ok'>): void {
  times.push(`${title}: ${(outcome.ms / 1000).toFixed(1)} s${outcome.ok ? '' : ' FAILED'}`);
}

/** One run of vitest; one that ends badly without a failed test counts as one failure. */
async function vitest(title: string, projects: readonly string[], files: readonly string[], env: Record<string, string>, timeoutMs: number): Promise<Counts> {
  if (interrupted) return new Promise(() => {});
  console.log(`\n=== ${title} ===`);
  const file = join(folder, `${times.length}.json`);
  const args = ['run', '--passWithNoTests', ...projects.flatMap((project) => ['--project', project]), ...files];
  const outcome = await run(title, tools('vitest'), args, { env: { ANLING_TEST_COUNTS: file, ...env }, timeoutMs });
  const counts: Counts = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Counts) : { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] };
  if (!outcome.ok && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push({ project: '', file: '', line: `FAILED: ${title} ended badly without a failed test: ${outcome.output.trim().split('\n').at(-1) ?? ''}` });
  }
  note(title, outcome);
  return counts;
}

/** Some projects, and what failed of them once more, alone. */
async function tests(title: string, projects: readonly string[], env: Record<string, string> = {}, timeoutMs = 25 * 60_000): Promise<void> {
  const first = await vitest(title, projects, [], env, timeoutMs);
  const files = [...new Set(first.failures.map((f) => f.file))];
  let failures = first.failures;
  if (files.length > 0 && files.length <= againMax && !files.includes('')) {
    const again = await vitest(`${title}, once more alone`, [...new Set(failures.map((f) => f.project))], files, { ...env, ANLING_TEST_ALONE: '1' }, timeoutMs);
    unsteady.push(...failures.filter((f) => !again.failures.some((g) => g.file === f.file)).map((f) => `passed alone, after: ${f.line}`));
    failures = again.failures;
  }
  total.failures.push(...failures);
  total.failed += failures.length;
  total.passed += first.passed + first.failed - failures.length;
  total.skipped += first.skipped;
  total.skips.push(...first.skips);
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
    if (outcome.ok) total.passed++;
    else { total.failed++; total.failures.push({ project: '', file: '', line: `FAILED: ${outcome.name}: ${outcome.output.trim().slice(-1500)}` }); }
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
  total.failed++;
  total.failures.push({ project: '', file: '', line: `FAILED: ${error instanceof Error ? error.stack : String(error)}` });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const closing = [`\n${times.join('\n')}\nall: ${((performance.now() - began) / 1000).toFixed(0)} s\n`, ...total.skips, ...unsteady, ...total.failures.map((f) => f.line), `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`].join('\n');
console.log(closing);
// A machine that runs several commands repeats what each of them ended with.
const closings = process.env['ANLING_TEST_CLOSINGS'];
if (closings) appendFileSync(closings, `${closing}\n`);
process.exit(total.failed > 0 ? 1 : 0);
