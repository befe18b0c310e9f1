/** An edge in this process, wired as the engine wires it, on free ports; and devices with MQTT.js or with bare bytes. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { generate, type Packet, parser } from 'mqtt-packet';
import { readConfig } from '#config';
import { newId } from '#core/ids.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import type { Service } from '#work/loop.ts';
import { newNodeId, pools, startRole, stopAll } from '../../src/engine.ts';
import type { TestDatabase } from './db.ts';

export type TestEdge = {
  nodeId: string; port: number; tlsPort: number; httpPort: number; data: string; services: readonly Service[]; lines: string[];
  /** The sum of a counter or gauge over the label values given. */ metric(name: string, labels?: Record<string, string>): Promise<number>;
  /** Everything it tells Prometheus. */ exposition(): Promise<string>;
  stop(): Promise<void>;
};
export type TestDevice = { id: string; secret: string };

/** Starts the edge role against `t`; `databaseUrl` may lead through a proxy. */
export async function startTestEdge(t: Pick<TestDatabase, 'url' | 'seal'>, options: { databaseUrl?: string; data?: string; logLevel?: string; /** false: its spool cannot be opened */ spool?: boolean; /** false: not waited for, its database is away */ ready?: boolean; env?: Record<string, string> } = {}): Promise<TestEdge> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'anling-edge-'));
  if (options.spool === false) writeFileSync(join(data, 'spool'), '');
  const databaseUrl = options.databaseUrl ?? t.url;
  const config = readConfig([], { ANLING_DATA: data, DATABASE_URL: databaseUrl, ANLING_MQTT_PORT: '0', ANLING_MQTTS_PORT: '0', ANLING_DOOR_PORT: '0', ANLING_PUBLIC_URL: 'http://anling.example', ...options.env });
  const lines: string[] = [];
  const log = createLog('edge', options.logLevel ?? 'info', (line) => { if (lines.push(line) > 50_000) lines.splice(0, 25_000); });
  const metrics = createMetrics('edge');
  const open = pools(databaseUrl, log);
  const nodeId = newNodeId('edge');
  const services = await startRole('edge', { config, log, metrics, seal: t.seal, nodeId, databaseUrl, db: open.db, peers: () => [] });
  if (options.ready !== false) await until('the edge is ready', () => services.every((s) => s.ready() === null));
  const portOf = (name: string, key: 'port' | 'tlsPort'): number => (services.find((s) => s.name === name) as unknown as Record<string, number>)[key] as number;
  return {
    nodeId, port: portOf('mqtt', 'port'), tlsPort: portOf('mqtt', 'tlsPort'), httpPort: portOf('http-door', 'port'), data, services, lines,
    exposition: () => metrics.text(),
    async metric(name, labels = {}) {
      const wanted = Object.entries(labels).map(([k, v]) => `${k}="${v}"`);
      const found = (await metrics.text()).split('\n').filter((line) => line.startsWith(`anling_${name}{`) && wanted.every((w) => line.includes(w)));
      return found.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    async stop() {
      await stopAll(services);
      await open.close();
      if (options.data === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Waits for a condition, looking every few milliseconds; fails with its name. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 25_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not reached in ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A region and a home to bind devices to. */
export async function makeHome(db: Db, seal: Seal): Promise<string> {
  await db.query(`insert into region (code, level, name) values ('350425000000', 'county', '大田县') on conflict do nothing`);
  const id = newId('h');
  await db.query(`insert into home (id, region_code, address_enc, place_enc) values ($1, '350425000000', $2, $3)`, [id, seal.seal('home.address', '某村1号'), seal.seal('home.place', '某村1号')]);
  return id;
}

/** A registered device with a random secret. */
export async function makeDevice(db: Db, seal: Seal, options: { id?: string; model?: string; homeId?: string | null; status?: string } = {}): Promise<TestDevice> {
  const [device] = await makeDevices(db, seal, 1, options);
  return device as TestDevice;
}

export async function makeDevices(db: Db, seal: Seal, count: number, options: { id?: string; model?: string; homeId?: string | null; status?: string } = {}): Promise<TestDevice[]> {
  const made = Array.from({ length: count }, () => ({ id: options.id ?? newId('d'), secret: randomBytes(32).toString('base64url') }));
  await db.query(
    `with d as (insert into device (id, model, home_id, secret_hash, status) select u.id, $3, $4, u.hash, $5 from unnest($1::text[], $2::bytea[]) as u(id, hash) returning id)
     insert into presence (device_id, check_at) select id, anling_now() + interval '1 day' from d`,
    [made.map((d) => d.id), made.map((d) => seal.secretHash(d.secret)), options.model ?? 'sos-button', options.homeId ?? null, options.status ?? 'installed']);
  return made;
}

/** An MQTT.js client of the device, connected; it does not reconnect by itself. */
export async function connectDevice(edge: Pick<TestEdge, 'port'>, device: TestDevice, options: IClientOptions = {}): Promise<MqttClient> {
  return await mqtt.connectAsync(`mqtt://127.0.0.1:${edge.port}`, { clientId: device.id, username: device.id, password: device.secret, reconnectPeriod: 0, protocolVersion: 4, ...options }, false);
}

export const topic = (device: TestDevice, rest: string): string => `care/v1/${device.id}/${rest}`;

/** A socket that sends bytes as they are and collects the packets that come back. */
export class RawDevice {
  readonly socket: Socket;
  readonly packets: (Packet & { atMs: number })[] = [];
  closed = false;

  constructor(port: number) {
    this.socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
    const reader = parser();
    reader.on('packet', (packet) => this.packets.push(Object.assign(packet, { atMs: performance.now() })));
    this.socket.on('data', (chunk) => reader.parse(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => { this.closed = true; });
  }

  send(...packets: (Packet | Uint8Array)[]): void {
    this.socket.write(Buffer.concat(packets.map((p) => (p instanceof Uint8Array ? p : generate(p)))));
  }

  /** CONNECT, and the code of the CONNACK; null when the socket was closed without one. */
  async login(device: TestDevice, extra: object = {}): Promise<number | null> {
    this.send(connectPacket(device, extra));
    await until('CONNACK or close', () => this.closed || this.packets.some((p) => p.cmd === 'connack'));
    const answer = this.packets.find((p) => p.cmd === 'connack');
    return answer ? ((answer as unknown as { returnCode: number }).returnCode) : null;
  }

  count(cmd: Packet['cmd']): number { return this.packets.filter((p) => p.cmd === cmd).length; }
}

export function connectPacket(device: TestDevice, extra: object = {}): Packet {
  return { cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: device.id, username: device.id, password: Buffer.from(device.secret), ...extra } as Packet;
}

export function publishPacket(device: TestDevice, rest: string, payload: string | Buffer, qos: 0 | 1 | 2 = 1, messageId = 1, extra: object = {}): Packet {
  return { cmd: 'publish', topic: topic(device, rest), payload, qos, ...(qos > 0 && { messageId }), dup: false, retain: false, ...extra } as Packet;
}
