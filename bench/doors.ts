/**
 * What the doors cost: heartbeats and SOS over real sockets against the embedded database, the senders in a thread of their
 * own. Prints frames per second, the edge's CPU per frame, and how long its event loop was ever held (law 8: 5 ms).
 * Run: node_modules/.bin/node bench/doors.ts [seconds]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { generate, type Packet, parser } from 'mqtt-packet';
import { readConfig } from '#config';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { startEmbedded } from '#store/embedded.ts';
import { migrate } from '#store/migrate.ts';
import { createSeal } from '#store/seal.ts';
import { newNodeId, pools, startRole, stopAll } from '../src/engine.ts';

type Load = { port: number; devices: { id: string; secret: string }[]; rest: string; payload: string; qos: 0 | 1; window: number; perSecond: number; seconds: number };
type Result = { sent: number; acknowledged: number; p50: number; p99: number };

if (isMainThread) await main(); else await send(workerData as Load);

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 5);
  const data = mkdtempSync(join(tmpdir(), 'anling-bench-'));
  const server = await startEmbedded({ data, port: 0, database: 'anling', settings: {} });
  await migrate({ url: server.url });
  const seal = createSeal({ seal: randomBytes(32), blind: randomBytes(32), pepper: randomBytes(32), audit: randomBytes(32), hook: 'x' });
  const log = createLog('bench', 'error');
  const open = pools(server.url, log);
  const db = open.db('bench', 2);
  const devices = Array.from({ length: 200 }, (_, i) => ({ id: `bench-${i}`, secret: randomBytes(32).toString('hex') }));
  await db.query(`with d as (insert into device (id, model, secret_hash) select id, 'fall-radar', hash from unnest($1::text[], $2::bytea[]) as u(id, hash) returning id)
    insert into presence (device_id, check_at) select id, anling_now() + interval '1 day' from d`, [devices.map((d) => d.id), devices.map((d) => seal.secretHash(d.secret))]);
  const config = readConfig([], { ANLING_DATA: data, DATABASE_URL: server.url, ANLING_MQTT_PORT: '0', ANLING_MQTTS_PORT: '0', ANLING_DOOR_PORT: '0' });
  const services = await startRole('edge', { config, log, metrics: createMetrics('edge'), seal, nodeId: newNodeId('edge'), databaseUrl: server.url, db: open.db, peers: () => [] });
  const port = (services.find((s) => s.name === 'mqtt') as unknown as { port: number }).port;
  const beat = '{"time":1790000000000,"seq":42,"battery":87,"rssi":-71,"mains":true,"fw":"1.4.2","temp":21.5,"cell":"38840001"}';
  const runs: [string, Omit<Load, 'port' | 'devices' | 'seconds'>][] = [
    ['heartbeats QoS 0, paced', { rest: 'heartbeat', payload: beat, qos: 0, window: 25, perSecond: 5_000 }],
    ['heartbeats QoS 1, paced', { rest: 'heartbeat', payload: beat, qos: 1, window: 25, perSecond: 5_000 }],
    ['heartbeats QoS 1, as fast as they go', { rest: 'heartbeat', payload: beat, qos: 1, window: 60, perSecond: Infinity }],
    ['SOS QoS 1, paced', { rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 60, perSecond: 500 }],
    ['SOS QoS 1, as fast as they go', { rest: 'event', payload: '{"kind":"sos"}', qos: 1, window: 8, perSecond: Infinity }],
  ];
  for (const [name, load] of runs) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const cpu = process.threadCpuUsage();
    delay.enable();
    const result = await inThread({ ...load, port, devices, seconds });
    const used = process.threadCpuUsage(cpu);
    delay.disable();
    const frames = load.qos === 0 ? result.sent : result.acknowledged;
    console.log(`${name}: ${Math.round(frames / seconds)}/s, edge ${((used.user + used.system) / frames).toFixed(0)} µs/frame, p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms, loop held p99 ${(delay.percentile(99) / 1e6 - 1).toFixed(1)} ms, max ${(delay.max / 1e6 - 1).toFixed(1)} ms`);
  }
  await stopAll(services);
  await open.close();
  await server.stop();
  rmSync(data, { recursive: true, force: true });
}

function inThread(load: Load): Promise<Result> {
  const worker = new Worker(new URL(import.meta.url), { workerData: load });
  return new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
}

/** Each device keeps `window` frames in flight, all together at most `perSecond`. */
async function send(load: Load): Promise<void> {
  const times: number[] = [];
  const endMs = performance.now() + load.seconds * 1_000;
  const startMs = performance.now();
  let sent = 0;
  const allowed = (): boolean => sent < (performance.now() - startMs) / 1_000 * load.perSecond;
  await Promise.all(load.devices.map(({ id, secret }) => new Promise<void>((resolve) => {
    const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
    const at = new Map<number, number>();
    let next = 0;
    let open = false;
    const fill = (): void => {
      if (!open || performance.now() > endMs) { if (open && at.size === 0) socket.destroy(); return; }
      while (at.size < load.window && allowed()) {
        const messageId = (next++ % 60_000) + 1;
        socket.write(generate({ cmd: 'publish', topic: `care/v1/${id}/${load.rest}`, payload: load.payload, qos: load.qos, messageId, dup: false, retain: false } as Packet));
        sent++;
        if (load.qos > 0) at.set(messageId, performance.now()); else if (next % 20 === 0) break;
      }
    };
    const reader = parser();
    reader.on('packet', (packet) => {
      if (packet.cmd === 'connack') open = true;
      if (packet.cmd === 'puback') { times.push(performance.now() - (at.get(packet.messageId as number) ?? 0)); at.delete(packet.messageId as number); }
      fill();
    });
    const pace = setInterval(fill, 5);
    setTimeout(() => socket.destroy(), load.seconds * 1_000 + 2_000);
    socket.on('data', (chunk) => reader.parse(chunk)).on('close', () => { clearInterval(pace); resolve(); });
    socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: id, username: id, password: Buffer.from(secret) } as Packet));
  })));
  times.sort((a, b) => a - b);
  const result: Result = { sent, acknowledged: times.length, p50: times[Math.floor(times.length * 0.5)] ?? 0, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
  parentPort?.postMessage(result);
  process.exit(0);
}
