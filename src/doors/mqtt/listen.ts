/**
 * The MQTT doors: TCP, TLS and (through `takeWebSocket`) WebSocket, each socket behind a guard, then aedes 1.2. Nothing that a
 * device publishes is fanned out: acknowledging hangs on the commit alone, and one slow subscriber can stall nobody (ADR 0001).
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { Aedes, type Client } from 'aedes';
import { limits } from '#core/limits.ts';
import type { Accept, KnownDevice, Misuse } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { createHalfOpen } from '#doors/half-open.ts';
import type { Login } from '#doors/login.ts';
import { portInUse } from '#doors/port-in-use.ts';
import type { Service } from '#work/loop.ts';
import type { Alink } from './alink.ts';
import { createAuth } from './auth.ts';
import type { Certificate } from './certificate.ts';
import { createGate } from './gate.ts';
import { Guard, type GuardHooks } from './guard.ts';
import { type CommandOutcome, createSessions } from './sessions.ts';
import { createCrowd } from './crowd.ts';
import { createHandshakes } from './handshakes.ts';
import { createShare } from './share.ts';

export type MqttDoorOptions = {
  host: string; port: number; tlsPort: number; /** Other edges of this machine listen there too; each connection is one of theirs. */ shared?: boolean; certificate: Certificate | null;
  /** Devices of Aliyun's platform. */ alink?: Alink;
  accept: Accept; login: Login; misuse: (misuse: Misuse) => void; log: Logger; meter: EdgeMeter; newTrace: () => string;
  /** Aedes' own heartbeat, by which it judges whose wills are due; a test's is short. */ brokerBeatMs?: number;
  /** How many devices are known to this edge. */ known?: () => number;
  /** An alarm stands behind telemetry of its own socket. */ hurry: () => void;
  /** A device was let in on a connection here, before its CONNACK. */ entered?: (deviceId: string) => void;
  /** A device is connected and will be heard. */ connected: (device: KnownDevice) => void;
};
export type MqttDoor = Service & {
  /** The ports really listened on (0 in the options lets the system choose). */ readonly port: number; readonly tlsPort: number | null;
  /** A WebSocket that speaks MQTT. */ takeWebSocket(stream: Duplex, address: string): void;
  reachable(deviceId: string): boolean;
  sendCommand(deviceId: string, payload: Uint8Array): Promise<CommandOutcome>;
  deviceChanged(deviceId: string, device: KnownDevice | null): void;
  /** See Sessions. */ ageMs(deviceId: string): number | null; moved(deviceId: string): void;
  counts(): { connected: number; halfOpen: number };
};

/**
 * Aedes without its bus: a publish ends with its acknowledgement, commands go down through the sessions. Its own heartbeat must still
 * be heard by itself: else it takes itself for dead after four beats, and publishes the wills of everybody who is connected.
 */
class Broker extends Aedes {
  override publish(packet: { topic: string }, client: unknown, done?: (error?: Error) => void): void {
    if (packet.topic === `$SYS/${this.id}/heartbeat`) { super.publish(packet as never, client as never); return; }
    (typeof client === 'function' ? (client as () => void) : done)?.();
  }
}

export async function startMqttDoor(options: MqttDoorOptions): Promise<MqttDoor> {
  const { meter, log } = options;
  const sessions = createSessions(options.misuse, options.entered);
  const halfOpen = createHalfOpen(() => meter.rejected('half-open'), () => (options.known?.() ?? 0) - sessions.size);
  const auth = createAuth({ ...options, sessions, rejected: meter.rejected, refusedSocket: halfOpen.demote });
  const broker = new Broker({
    ...auth, authorizePublish: createGate({ ...options, sessions }), connectTimeout: limits.connectMs * (limits.connectTimes + 1), drainTimeout: 10_000,
    maxInflightInbound: limits.inflightPerClient, maxClientsIdLength: limits.clientIdChars, maxTopicLevels: 10, ...(options.brokerBeatMs === undefined ? {} : { heartbeatInterval: options.brokerBeatMs }),
  });
  await broker.listen();
  watch(broker, { log, enter: (guard) => { crowd.entered(); halfOpen.remove(guard); if (guard.device) options.connected(guard.device); } });
  const crowd = createCrowd();
  const hooks = { ...guardHooks(options), crowded: crowd.here };
  const take = (stream: Duplex, address: string): void => {
    const guard = new Guard(stream, address, hooks);
    halfOpen.add(guard, address);
    guard.on('close', () => { halfOpen.remove(guard); sessions.leave(guard); });
    broker.handle(guard);
  };
  const plain = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => take(socket, socket.remoteAddress ?? ''));
  const servers = [await listen(plain, options, options.port, 'ANLING_MQTT_PORT')];
  if (options.certificate) {
    const context = createSecureContext({ ...options.certificate, minVersion: 'TLSv1.2' });
    const handshakes = createHandshakes({ halfOpen, rejected: (reason) => meter.rejected(reason), crowded: crowd.here, begin: (socket, address) => take(secured(socket, context, meter), address) });
    const secure = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, handshakes);
    servers.push(await listen(secure, options, options.tlsPort, 'ANLING_MQTTS_PORT'));
  }
  const [port = 0, tlsPort = null] = servers.map(portOf);
  return {
    name: 'mqtt', port, tlsPort, ready: () => (servers.every((s) => s.listening) ? null : 'mqtt: not listening'), takeWebSocket: take,
    reachable: sessions.reachable, sendCommand: sessions.sendCommand, deviceChanged: sessions.changed, ageMs: sessions.ageMs, moved: sessions.moved, counts: () => ({ connected: sessions.size, halfOpen: halfOpen.size }),
    async stop() {
      const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      halfOpen.clear();
      await new Promise<void>((resolve) => broker.close(resolve));
      await Promise.all(closed);
    },
  };
}

/** The handshake begins with the first bytes, which are there; the guard's connect time bounds it. */
function secured(socket: Socket, secureContext: SecureContext, meter: EdgeMeter): TLSSocket {
  const tls = new TLSSocket(socket, { isServer: true, secureContext });
  tls.on('error', () => meter.rejected('tls'));
  socket.on('error', () => {});
  return tls;
}

function guardHooks(options: MqttDoorOptions): GuardHooks {
  const { meter, log } = options;
  return {
    alarmWaits: options.hurry, share: createShare(),
    closed(guard, reason) {
      meter.rejected(reason);
      log.debug({ deviceId: guard.device?.id, reason }, 'connection closed');
    },
    oversize(guard, bytes) {
      if (guard.device) options.misuse({ deviceId: guard.device.id, homeId: guard.device.homeId, what: 'oversize', detail: { bytes } });
    },
  };
}

function watch(broker: Aedes, on: { log: Logger; enter: (guard: Guard) => void }): void {
  const guardOf = (client: Client): Guard => client.conn as Guard;
  broker.on('clientReady', (client) => { on.enter(guardOf(client)); guardOf(client).open(); });
  broker.on('unsubscribe', (filters, client) => { for (const filter of filters) guardOf(client).filters.delete(filter); });
  // Once per frame in flight, so never a line each; without a listener an 'error' would end the process.
  for (const event of ['clientError', 'connectionError'] as const) broker.on(event, (client, error) => on.log.trace({ deviceId: client.id, error: error.message }, event));
  (broker as NodeJS.EventEmitter).on('error', (error: Error) => on.log.error({ error: error.message }, 'broker'));
}

async function listen(server: Server, { host, shared = false }: MqttDoorOptions, port: number, variable: string): Promise<Server> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portInUse(error, port, variable)));
    server.listen({ port, host, backlog: 4_096, reusePort: shared }, resolve);
  });
  server.on('error', () => {});
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
