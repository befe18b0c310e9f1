/** One whole house for a test: a folder of its own, ports of its own, started like a county starts it, and again when it was killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Readiness } from '#ops/health.ts';
import { embeddedUrl } from '#store/embedded.ts';
import { type Db, openDb } from '#store/pool.ts';
import { reservePorts } from './ports.ts';

export type Ended = { code: number | null; output: string };
export type House = {
  readonly folder: string; readonly data: string; readonly base: string; readonly mqttPort: number; readonly standin: string; readonly doors: string;
  /** Its database, for judging and for time travel. */ openDb(): Db;
  /** One of its own commands, with its environment. */ run(file: string, ...args: string[]): Promise<Ended>;
  pid(): number | null; start(): Promise<void>; stop(): Promise<void>; readonly password: string; readonly logFile: string;
  /** Waits until /readyz has nothing to say (apart from reasons that are expected); answers the milliseconds. */ ready(withinMs: number, apartFrom?: RegExp): Promise<number>;
  /** What it is started with. */ readonly env: Readonly<Record<string, string | undefined>>;
};

export type HouseOptions = {
  logLevel?: string; name?: string; env?: Record<string, string>;
  /** A database of somebody else's: the way to it for the house (through a proxy), and for the judge. */ database?: { url: string; judge: string };
  /** Only these, `edge,worker`; default: the whole house. */ roles?: string;
  /** The data folder, and the file that its output is sent to without a pipe between; default: in a temporary folder, through one. */ data?: string; output?: string;
};

/** `root` holds the sources to run: the checkout itself, or a mutated copy of it (the controls). */
export async function makeHouse(root: string, options: HouseOptions = {}): Promise<House> {
  const folder = mkdtempSync(join(tmpdir(), `anling-${options.name ?? 'test'}-`));
  const data = options.data ?? join(folder, 'data');
  const logFile = options.output ?? join(folder, 'house.log');
  const [http = 0, mqtt = 0, mqtts = 0, door = 0, db = 0, standin = 0] = await reservePorts(6);
  const password = 'test-Passw0rd-of-this-run';
  const env = {
    ...process.env, ANLING_DATA: data, ANLING_HTTP_PORT: String(http), ANLING_MQTT_PORT: String(mqtt), ANLING_MQTTS_PORT: String(mqtts), ANLING_DOOR_PORT: String(door),
    ANLING_DB_PORT: String(db), ANLING_OPS_PORT: '0', ANLING_STANDIN_PORT: String(standin), ANLING_PUBLIC_URL: `http://127.0.0.1:${http}`,
    ANLING_ADMIN_PASSWORD: password, ANLING_GATEWAY: 'standin', LOG_LEVEL: options.logLevel ?? 'warn', DATABASE_URL: options.database?.url ?? '', ANLING_DEMO: '1', ...options.env,
  };
  const base = `http://127.0.0.1:${http}`;
  const output = options.output === undefined ? 'pipe' : openSync(options.output, 'a');
  const log = output === 'pipe' ? createWriteStream(logFile, { flags: 'a' }) : null;
  let child: ChildProcess | null = null;
  return {
    folder, data, base, mqttPort: mqtt, password, logFile, env,
    standin: `http://127.0.0.1:${standin}`, doors: `http://127.0.0.1:${door}`,
    openDb() {
      const url = options.database?.judge ?? embeddedUrl(data, db);
      if (url === null) throw new Error('the house has no database yet: start it first');
      return openDb({ url, max: 4, name: 'judge', statementMs: 60_000 });
    },
    run(file, ...args) {
      const command = spawn(process.execPath, [file, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let output = '';
      for (const stream of [command.stdout, command.stderr]) stream.on('data', (piece) => { output += String(piece); });
      return new Promise((resolve) => command.on('exit', (code) => resolve({ code, output })));
    },
    pid: () => (child !== null && child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null),
    start() {
      child = spawn(process.execPath, ['src/main.ts', ...(options.roles ? ['--role', options.roles] : [])], { cwd: root, env, stdio: ['ignore', output, output] });
      if (log) for (const stream of [child.stdout, child.stderr]) stream?.pipe(log, { end: false });
      return Promise.resolve();
    },
    async ready(withinMs, apartFrom) {
      const began = performance.now();
      let reasons = ['nobody answers'];
      while (performance.now() - began < withinMs) {
        reasons = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(async (r) => (await r.json() as Readiness).roles.flatMap((role) => role.reasons), () => ['nobody answers']);
        if (reasons.every((reason) => apartFrom?.test(reason))) return performance.now() - began;
        if (child !== null && child.exitCode !== null) throw new Error(`the house ended with ${child.exitCode}; see ${logFile}`);
        await sleep(50);
      }
      throw new Error(`the house was not ready within ${withinMs} ms: ${reasons.join('; ')}; see ${logFile}`);
    },
    async stop() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([gone, sleep(15_000)]);
      child.kill('SIGKILL');
    },
  };
}
