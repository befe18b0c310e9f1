/**
 * The house that is tormented: several supervisors on one data folder (two edges, two workers, web, and every other role once), a
 * database kept by us behind a fault proxy, and the stand-in gateway in this process, so that what the phones received is our own
 * ledger and outlives every kill. A supervisor that dies is started again, as a machine's init does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Role, roles } from '#config';
import { standinKey } from '#notify/standin-key.ts';
import { createLog } from '#ops/log.ts';
import { type Standin, startStandin } from '#simulators/standin/server.ts';
import { type Keeper, keepEmbedded } from '#store/keeper.ts';
import { type Db, openDb } from '#store/pool.ts';
import { createSeal, readKeys } from '#store/seal.ts';
import { type FaultProxy, startFaultProxy } from '#test/harness/fault-proxy.ts';
import { reservePorts } from '#test/harness/ports.ts';
import { killHard, pidsOf, type Victim } from '#test/harness/processes.ts';
import type { Ports } from './journal.ts';

export type Machine = { readonly roles: readonly Role[]; readonly ops: number; pid(): number | null };
export type Town = {
  readonly folder: string; readonly base: string; readonly password: string; readonly ports: Ports; readonly machines: readonly Machine[];
  readonly standin: Standin; /** The way of the house to its database, and to its gateway. */ readonly path: FaultProxy; readonly line: FaultProxy;
  /** Past the proxy: for injecting faults, never for judging. */ db(): Db;
  /** Living processes of a kind, by machine; the database is one. */ pids(victim: Victim): number[][];
  /** `http://…` of the ops port of every process of a role. */ ops(role: Role): string[];
  /** Why the processes of these roles (all when none is named) are not ready; empty: they are. */ reasons(only?: readonly Role[]): Promise<string>;
  ready(withinMs: number): Promise<void>;
  stop(): Promise<void>;
};

const rolesOfMachines = (): Role[][] => {
  const some = (wanted: readonly string[]): Role[] => roles.filter((role) => wanted.includes(role));
  return [some(['edge', 'web', 'standby']), some(['edge', 'worker']), some(['worker', 'auditor'])];
};
const edgesBefore = (machine: number): number => rolesOfMachines().slice(0, machine).filter((list) => list.includes('edge')).length;
const password = 'chaos-Passw0rd-of-this-run';

export async function choosePorts(): Promise<Ports> {
  const machines = rolesOfMachines();
  const edges = machines.filter((list) => list.includes('edge'));
  const free = await reservePorts(3 + edges.length * 3);
  const [http = 0, database = 0, standin = 0] = free;
  // Ops ports are counted on from the first: far from what is handed out for 0.
  const ops = machines.map((_, i) => 20_000 + (http % 900) * 10 + i * 1_000);
  return { http, database, standin, ops, edges: edges.map((_, i) => ({ mqtt: free[3 + i * 3] ?? 0, mqtts: free[4 + i * 3] ?? 0, door: free[5 + i * 3] ?? 0 })) };
}

export async function startTown(options: { root: string; folder: string; ports: Ports; seed: number; databaseFolder: string }): Promise<Town> {
  const { root, folder, ports, seed, databaseFolder } = options;
  const data = join(folder, 'data');
  for (const made of [data, databaseFolder]) mkdirSync(made, { recursive: true, mode: 0o700 });
  endBefore(data);
  const out = createWriteStream(join(folder, 'house.log'), { flags: 'a' });
  const log = createLog('chaos', 'warn', (line) => out.write(line));
  const keeper = await keepEmbedded({ data: databaseFolder, port: ports.database, log, settings: { max_wal_size: '512MB' }, onEvent: (what, detail) => log.warn({ detail }, what) });
  const path = await startFaultProxy({ port: ports.database, seed });
  const seal = createSeal(readKeys(join(data, 'keys.json'), true));
  const standin = await startStandin({
    port: ports.standin, key: standinKey(seal), hooks: `http://127.0.0.1:${ports.http}/hooks/aliyun/${seal.hookSecret}`,
    // Scaled: a call rings for five seconds, a push is tried again after five. The provider's windows would end every run after an hour's worth of calls.
    settings: { windows: false, receiptMs: 300, ringMs: 5_000, speakMs: 20 }, scheduleMs: [5_000, 15_000, 40_000],
  });
  const line = await startFaultProxy({ port: ports.standin, seed });
  const env = (i: number): NodeJS.ProcessEnv => {
    const edge = ports.edges[Math.min(edgesBefore(i), ports.edges.length - 1)] ?? { mqtt: 0, mqtts: 0, door: 0 };
    return {
      ...process.env, ANLING_DATA: data, DATABASE_URL: path.through(keeper.url), ANLING_HTTP_PORT: String(ports.http), ANLING_PUBLIC_URL: `http://127.0.0.1:${ports.http}`, ANLING_MQTT_PORT: String(edge.mqtt),
      ANLING_MQTTS_PORT: String(edge.mqtts), ANLING_DOOR_PORT: String(edge.door), ANLING_OPS_PORT: String(ports.ops[i] ?? 0), ANLING_STANDIN_PORT: String(line.port), ANLING_GATEWAY: 'standin',
      ANLING_ADMIN_PASSWORD: password, ANLING_DEMO: '1', LOG_LEVEL: 'info',
    };
  };
  const machines = rolesOfMachines().map((list, i) => keepMachine({ root, roles: list, ops: ports.ops[i] ?? 0, env: env(i), out }));
  return assemble({ folder, data, databaseFolder, ports, keeper, path, line, standin, machines });
}

/** Supervisors of a run that was killed itself. */
function endBefore(data: string): void {
  const run = join(data, 'run');
  for (const name of existsSync(run) ? readdirSync(run) : []) {
    const pid = Number(/^life-(\d+)\.json$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/main.ts\0--role')) killHard([pid]);
  }
}

type Kept = Machine & { start(): void; stop(): Promise<void> };

function keepMachine(o: { root: string; roles: readonly Role[]; ops: number; env: NodeJS.ProcessEnv; out: NodeJS.WritableStream }): Kept {
  let child: ChildProcess | null = null;
  let stopping = false;
  const living = (): boolean => child !== null && child.exitCode === null && child.signalCode === null;
  // Whoever ends us ends the house: nothing of it stays behind.
  process.once('exit', () => child?.kill('SIGKILL'));
  const start = (): void => {
    if (stopping) return;
    child = spawn(process.execPath, ['src/main.ts', '--role', o.roles.join(',')], { cwd: o.root, env: o.env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.pipe(o.out, { end: false });
    child.once('exit', () => { if (!stopping) setTimeout(start, 1_000); });
  };
  return {
    roles: o.roles, ops: o.ops, start, pid: () => (living() ? (child?.pid ?? null) : null),
    async stop() {
      stopping = true;
      if (!living() || child === null) return;
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      if (await Promise.race([gone.then(() => true), sleep(15_000, false)])) return;
      child.kill('SIGKILL');
      await gone;
    },
  };
}

type Parts = { folder: string; data: string; databaseFolder: string; ports: Ports; keeper: Keeper; path: FaultProxy; line: FaultProxy; standin: Standin; machines: Kept[] };

async function assemble(parts: Parts): Promise<Town> {
  const { folder, databaseFolder, ports, keeper, path, line, standin, machines } = parts;
  const pidOf = (m: Kept): number => m.pid() ?? -1;
  const town: Town = {
    folder, base: `http://127.0.0.1:${ports.http}`, password, ports, machines, standin, path, line,
    db: () => openDb({ url: keeper.url, max: 3, name: 'chaos', statementMs: 60_000 }),
    pids: (victim) => (victim === 'database' ? [pidsOf('database', -1, databaseFolder)] : machines.filter((m) => m.pid() !== null).map((m) => pidsOf(victim, pidOf(m), databaseFolder))).filter((list) => list.length > 0),
    ops: (role) => machines.flatMap((m) => (m.roles.includes(role) ? [`http://127.0.0.1:${m.ops + 1 + (roles as readonly Role[]).indexOf(role)}`] : [])),
    async reasons(only = roles) {
      const urls = roles.filter((role) => only.includes(role)).flatMap((role) => town.ops(role));
      return (await Promise.all(urls.map(whyNot))).filter((why) => why !== '').join('; ');
    },
    async ready(withinMs) {
      let why = await town.reasons();
      for (const end = performance.now() + withinMs; why !== '' && performance.now() < end; why = await town.reasons()) await sleep(100);
      if (why !== '') throw new Error(`the house was not ready within ${withinMs} ms: ${why}; see ${join(folder, 'house.log')}`);
    },
    async stop() {
      for (const m of machines) killHardIfStopped(m);
      await Promise.all(machines.map((m) => m.stop()));
      for (const proxy of [path, line]) await proxy.close();
      await standin.close();
      await keeper.stop(10_000);
    },
  };
  // One after the other at first: the schema, the demonstration and the certificate are made once.
  for (const m of machines) {
    m.start();
    for (let i = 0; m === machines[0] && i < 2_400 && (await town.reasons(m.roles)).includes(`:${m.ops + 1}`); i++) await sleep(100);
  }
  await town.ready(240_000);
  return town;
}

const whyNot = (url: string): Promise<string> => fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(async (r) => (r.ok ? '' : `${url}: ${(await r.text()).slice(0, 200)}`), (error: Error) => `${url}: ${error.message}`);

/** A process that is stopped (a fault was under way when the run ended) hears no request to end. */
function killHardIfStopped(m: Machine): void {
  const pid = m.pid();
  if (pid !== null) for (const role of m.roles) for (const p of pidsOf(role, pid, '')) try { process.kill(p, 'SIGCONT'); } catch { killHard([p]); }
}
