/**
 * What else a county could have taken, in the same run under the same load: Mosquitto with a careful subscriber that writes in batches, and a Node-RED flow with an insert per message. Neither
 * acknowledges after the commit, so what counts is rows that are there; what was acknowledged and is no row a moment after the load has ended stands beside it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#ops/processes.ts';
import { type Db, openDb } from '#store/pool.ts';
import { beat } from './heartbeats.ts';
import type { BenchHouse, Device } from './house.ts';
import { onPath } from './k6.ts';
import { startLoad } from './load/load.ts';
import type { Part } from './parts.ts';
import { type Figure, figure } from './results.ts';

type Side = { port: number; rows(): Promise<number>; end(): Promise<void> };
type Stored = { perSecond: number; owed: number };
const settleMs = 2_000;

const program = (): string | null => onPath('mosquitto', ['/usr/sbin', '/usr/local/sbin']);
const count = (db: Db, table: string) => async (): Promise<number> => Number((await db.query<{ n: string }>(`select count(*) as n from ${table}`))[0]?.n ?? 0);
/** The peers' database beside the house's. */
const beside = (house: BenchHouse): Db => openDb({ url: house.databaseUrl, max: 1, name: 'bench', statementMs: 60_000 });

async function mosquitto(house: BenchHouse, file: string): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'anling-mosquitto-'));
  const port = await freePort();
  writeFileSync(join(folder, 'conf'), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n`);
  const broker: ChildProcess = spawn(file, ['-c', join(folder, 'conf')], { stdio: 'ignore' });
  await sleep(500);
  const peer = await house.peer('subscriber.ts', String(port), house.databaseUrl);
  const db = beside(house);
  return { port, rows: count(db, 'peer_heartbeat'), async end() { await db.close(); await peer.stop(); broker.kill(); rmSync(folder, { recursive: true, force: true }); } };
}

async function nodeRed(house: BenchHouse): Promise<Side> {
  const folder = mkdtempSync(join(tmpdir(), 'anling-node-red-'));
  const peer = await house.peer('node-red.ts', house.databaseUrl, folder);
  const db = beside(house);
  return { port: peer.port, rows: count(db, 'peer_heartbeat'), async end() { await db.close(); await peer.stop(); rmSync(folder, { recursive: true, force: true }); } };
}

const ours = (house: BenchHouse): Side => ({ port: house.house.mqttPort, rows: count(house.db, 'heartbeat'), end: () => Promise.resolve() });

/** Rows that came into being over a span, and what was acknowledged since the beginning and is no row when all has been quiet for a moment. */
async function store(side: Side, devices: readonly Device[], perSecond: number, [warmS, seconds]: readonly [number, number]): Promise<Stored> {
  const before = await side.rows();
  const load = await startLoad({ port: side.port, devices, rest: 'heartbeat', payload: beat, qos: 1, window: 60, perSecond });
  try {
    load.go();
    await sleep(warmS * 1_000);
    let acknowledged = (await load.look()).acknowledged;
    const [from, at] = [await side.rows(), performance.now()];
    await sleep(seconds * 1_000);
    const [to, ms] = [await side.rows(), performance.now() - at];
    load.hold();
    await sleep(settleMs);
    acknowledged += (await load.look()).acknowledged;
    return { perSecond: (to - from) / ms * 1_000, owed: Math.max(0, acknowledged - (await side.rows() - before)) };
  } finally {
    await load.stop();
    await side.end();
  }
}

export const peers: Part = {
  name: 'peers', about: 'heartbeats stored per second beside Mosquitto with a batching subscriber, and beside a Node-RED flow',
  async run(stage): Promise<Figure[]> {
    const house = await stage.house();
    const devices = await house.devices(stage.quick ? 50 : 200);
    const span = stage.quick ? [0.5, 1] as const : [2, 6] as const;
    const file = program();
    if (file === null) stage.note('SKIPPED: Mosquitto is not installed here');
    const all = [
      ...(file === null ? [] : [{ name: 'Mosquitto with a batching subscriber', perSecond: Infinity, open: () => mosquitto(house, file) }]),
      { name: 'a Node-RED flow with an insert per message', perSecond: stage.quick ? 500 : 5_000, open: () => nodeRed(house) },
    ];
    const figures: Figure[] = [];
    for (const { name, perSecond, open } of all) {
      const got: Record<'theirs' | 'ours', Stored[]> = { theirs: [], ours: [] };
      for (let round = 0; round < (stage.quick ? 1 : 2); round++)
        for (const who of ['theirs', 'ours'] as const) {
          const one = await store(who === 'theirs' ? await open() : ours(house), devices, who === 'ours' ? Infinity : perSecond, span);
          got[who].push(one);
          stage.say(`${who === 'ours' ? 'ours' : name}: ${Math.round(one.perSecond)} rows/s, ${one.owed} acknowledged and no row ${settleMs / 1_000} s later`);
        }
      figures.push(
        figure('peers', `heartbeats stored, beside ${name}`, 'per second', 'more', { ours: got.ours.map((s) => s.perSecond), baseline: got.theirs.map((s) => s.perSecond) }),
        figure('peers', `acknowledged and no row ${settleMs / 1_000} s later, beside ${name}`, 'count', 'less', { ours: got.ours.map((s) => s.owed), baseline: got.theirs.map((s) => s.owed) }),
      );
    }
    return figures;
  },
};
