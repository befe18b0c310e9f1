/**
 * What is measured, as processes: the whole house as `npm start` runs it (embedded PostgreSQL, fsync on), and beside it the
 * baselines as processes of their own on a second database of the same server, so that machine, disk and settings are the same.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, logIn } from '#test/harness/client.ts';
import { type House, makeHouse } from '#test/harness/house.ts';
import { pidsOf } from '#test/harness/processes.ts';
import { type Seeded, seedPeople } from '#test/torture/seed.ts';
import type { Db } from '#store/pool.ts';
import { longTurns, type Turns, turnsSince } from './turns.ts';

export type Device = { id: string; secret: string };
export type Peer = { port: number; pid: number; stop(): Promise<void> };
export type BenchHouse = {
  readonly house: House; readonly db: Db; readonly client: Client; readonly databaseUrl: string; readonly postgres: string;
  /** `count` registered devices; the same ones at each call. */ devices(count: number): Promise<Device[]>;
  /** Buttons of elders who live alone in their homes: each press of another one is another alert. Never the same ones again. */ elders(count: number): Promise<Seeded[]>;
  /** A baseline as a process. */ peer(file: string, ...args: string[]): Promise<Peer>;
  edgePid(): number;
  /** CPU seconds that a process of the house has used. */ cpu(role: 'edge' | 'worker' | 'web'): number;
  /** Spans of more than 5 ms, by process. */ longTurns(): Map<string, [number, number][]>;
  /** The turns of the edges' loops since then (wall clock). */ turns(sinceMs: number): Turns;
  /** Every edge is ended and started again by its supervisor: memory as of a new process. */ freshEdge(): Promise<void>;
  /** Closes every open case, so that no part is burdened with the escalation of the one before. */ closeAll(): Promise<void>;
  stop(): Promise<void>;
};

export const root = join(import.meta.dirname, '..');

/** CPU seconds that a process has used; 0 when it is gone. Ticks of 10 ms: good for spans of seconds. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch { return 0; }
}

/** Started and ready, with all roles or these. With `profile` every role writes a CPU profile there when it ends. */
export async function openHouse(options: { profile?: string; roles?: string } = {}): Promise<BenchHouse> {
  if (options.profile) mkdirSync(options.profile, { recursive: true });
  const turns = mkdtempSync(join(tmpdir(), 'anling-turns-'));
  const preload = `--import ${join(root, 'bench', 'turns.ts')}`;
  const house = await makeHouse(root, { name: 'bench', ...(options.roles && { roles: options.roles }), env: { BENCH_TURNS: turns, NODE_OPTIONS: options.profile ? `${preload} --cpu-prof --cpu-prof-interval=250 --cpu-prof-dir=${options.profile}` : preload } });
  await house.start();
  await house.ready(180_000).catch(async (error: unknown) => { await house.stop(); throw error; });
  const [db, client] = [house.openDb(), await logIn(house)];
  await db.query('create database baseline');
  const [version] = await db.query<{ server_version: string }>('show server_version');
  const address = new URL('postgres://127.0.0.1/baseline');
  const [port] = await db.query<{ port: string }>("select current_setting('port') as port");
  address.username = 'anling';
  address.password = readFileSync(join(house.data, 'pg.password'), 'utf8').trim();
  address.port = port?.port ?? '';
  const known: Device[] = [];
  const peers = new Set<Peer>();
  return {
    house, db, client, databaseUrl: address.href, postgres: version?.server_version ?? '',
    async devices(count) {
      while (known.length < count) {
        const rows = Array.from({ length: Math.min(1_000, count - known.length) }, () => ({ model: 'sos-button' }));
        known.push(...(await client.call<{ rows: Device[] }>('POST', '/api/v1/devices/bulk', { rows })).rows);
      }
      return known.slice(0, count);
    },
    elders: (count) => seedPeople(house, count),
    async peer(file, ...args) {
      const peer = await startPeer(join(root, 'bench', 'baseline', file), args);
      peers.add(peer);
      return { ...peer, async stop() { peers.delete(peer); await peer.stop(); } };
    },
    edgePid: () => pidsOf('edge', house.pid() ?? 0, house.data)[0] ?? 0,
    cpu: (role) => pidsOf(role, house.pid() ?? 0, house.data).reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    longTurns: () => longTurns(turns), turns: (sinceMs) => turnsSince(turns, sinceMs),
    async freshEdge() {
      const old = pidsOf('edge', house.pid() ?? 0, house.data);
      for (const pid of old) process.kill(pid);
      while (pidsOf('edge', house.pid() ?? 0, house.data).some((pid) => old.includes(pid))) await sleep(100);
      await house.ready(60_000);
    },
    async closeAll() {
      const open = await db.query<{ id: string }>('select id from alert where closed_at is null');
      for (const { id } of open) await client.call('POST', `/api/v1/alerts/${id}/close`, { outcome: 'F1', note: 'bench' }, [200, 409]);
    },
    async stop() {
      for (const peer of peers) await peer.stop();
      await db.close();
      await house.stop();
      rmSync(house.folder, { recursive: true, force: true });
      rmSync(turns, { recursive: true, force: true });
    },
  };
}

/** A child that tells its port when it listens, and ends with us. */
async function startPeer(file: string, args: readonly string[]): Promise<Peer> {
  const child: ChildProcess = fork(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { port } = await Promise.race([new Promise<{ port: number }>((resolve) => child.once('message', (m) => resolve(m as { port: number }))), exit.then(() => { throw new Error(`${file} ended`); })]);
  return {
    port, pid: child.pid ?? 0,
    async stop() { child.kill('SIGTERM'); await exit; },
  };
}
