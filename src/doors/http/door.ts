/**
 * The HTTP door (DEVICES 0): the same events for gateways without MQTT, vendors' clouds, and MQTT over WebSocket at `/mqtt`. 200 only after
 * the commit (law 1); whatever cannot be read is kept and raises its alarm before the 422 says so.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyListenOptions, type FastifyReply, type FastifyRequest } from 'fastify';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type ErrorCode, OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import { type Accept, type Channel, type KnownDevice, type Misuse, topicPrefix } from '#core/publish.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { createHalfOpen, type HalfOpen } from '#doors/half-open.ts';
import type { Login } from '#doors/login.ts';
import { portInUse } from '#doors/port-in-use.ts';
import type { Service } from '#work/loop.ts';
import { registerVendors, vendorError, type VendorHttpOptions } from './vendors.ts';

export type HttpDoorOptions = {
  host: string; port: number; /** see MqttDoorOptions */ shared?: boolean; accept: Accept; login: Login; misuse: (misuse: Misuse) => void; log: Logger; meter: EdgeMeter; newTrace: () => string;
  /** A WebSocket that speaks MQTT. */ takeWebSocket: (stream: Duplex, address: string) => void;
  /** Vendors' clouds. */ vendors: VendorHttpOptions;
};
export type HttpDoor = Service & { readonly port: number };

const routes: Readonly<Record<string, Channel>> = { events: 'event', heartbeats: 'heartbeat' };
const webSocketsMax = 50_000;

export async function startHttpDoor(options: HttpDoorOptions): Promise<HttpDoor> {
  const app = fastify({
    bodyLimit: limits.payloadBytesHard, connectionTimeout: 60_000, requestTimeout: limits.packetMs, keepAliveTimeout: 60_000, forceCloseConnections: true, exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 100 }, http: { headersTimeout: limits.connectMs, connectionsCheckingInterval: 2_000 },
  });
  const halfOpen = createHalfOpen(() => options.meter.rejected('half-open'));
  app.server.on('connection', (socket) => {
    halfOpen.add(socket, socket.remoteAddress ?? '');
    socket.on('close', () => halfOpen.remove(socket));
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  answerErrors(app, options);
  for (const [what, channel] of Object.entries(routes))
    app.post<{ Params: { id: string } }>(`/api/v1/devices/:id/${what}`, { onRequest: (request, reply) => enter(options, halfOpen, request, reply) }, (request, reply) => take(options, channel, request, reply));
  registerVendors(app, options.vendors, (request) => halfOpen.remove(request.socket));
  const sockets = attachWebSockets(app.server, options, halfOpen);
  try {
    await app.listen({ port: options.port, host: options.host, backlog: 4_096, reusePort: options.shared === true } as FastifyListenOptions);
  } catch (error) {
    throw portInUse(error as Error, options.port, 'ANLING_DOOR_PORT');
  }
  const address = app.server.address();
  return {
    name: 'http-door', port: typeof address === 'object' && address !== null ? address.port : 0, ready: () => (app.server.listening ? null : 'http door: not listening'),
    async stop() {
      for (const client of sockets.clients) client.terminate();
      await app.close();
    },
  };
}

type Entered = FastifyRequest & { device?: KnownDevice };

/** Basic authentication before a byte of the body is read; the id of the path must be the one that logs in. */
async function enter(options: HttpDoorOptions, halfOpen: HalfOpen, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]{4,400})$/i.exec(request.headers.authorization ?? '') ?? [];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString()) ?? [];
  if (id === undefined || secret === undefined) {
    options.meter.rejected('no-credentials');
    return fail(reply, 401, 'E_UNAUTHENTICATED', 'Send the device id and its secret with HTTP Basic.');
  }
  const outcome = await options.login(id, secret, { address: request.socket.remoteAddress ?? '', door: 'http', onRefused: () => halfOpen.demote(request.socket) });
  if ('refused' in outcome)
    return outcome.refused === 'credentials' ? fail(reply, 401, 'E_UNAUTHENTICATED', 'No such device, or not its secret.') : fail(reply, 503, 'E_NOT_DURABLE', 'The database is away; send again.');
  halfOpen.remove(request.socket);
  const path = (request.params as { id: string }).id;
  if (path !== outcome.device.id) {
    options.meter.rejected('foreign-topic');
    options.misuse({ deviceId: outcome.device.id, homeId: outcome.device.homeId, what: 'foreign-topic', detail: { path: path.slice(0, 64) } });
    return fail(reply, 403, 'E_TOPIC_FORBIDDEN', 'This path belongs to another device.');
  }
  (request as Entered).device = outcome.device;
  return undefined;
}

async function take(options: HttpDoorOptions, channel: Channel, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const device = (request as Entered).device as KnownDevice;
  const payload = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const trace = options.newTrace();
  const arrivedMs = performance.now();
  const accepted = await options.accept({ device, channel, topic: `${topicPrefix(device.id)}${channel}`, payload, qos: 1, door: 'http', trace, arrivedMs, hurry: channel === 'event', flapping: false });
  if (accepted.result === 'quarantined') {
    const large = payload.length > limits.payloadBytes;
    const raised = channel === 'event' ? ' and the desk was told' : '';
    return fail(reply, large ? 413 : 422, large ? 'E_FRAME_TOO_LARGE' : 'E_FRAME_UNREADABLE', `Not readable: ${accepted.reason}. The frame is kept${raised}; do not send it again as it is.`, trace);
  }
  options.meter.acknowledged(channel, performance.now() - arrivedMs);
  return reply.code(200).send({ result: accepted.result, trace });
}

function answerErrors(app: FastifyInstance, options: HttpDoorOptions): void {
  app.setNotFoundHandler((_request, reply) => fail(reply, 404, 'E_NOT_FOUND', 'There are POST /api/v1/devices/{id}/events and /heartbeats, /vendors/{name}, and MQTT over WebSocket at /mqtt.'));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const answered = vendorError(error, request, reply, options.vendors);
    if (answered) return answered;
    if (error instanceof OperatingError) {
      void reply.header('retry-after', '2');
      return fail(reply, 503, error.code, 'The frame could not be committed; send again.');
    }
    const status = error.statusCode ?? 500;
    if (status === 413) {
      const device = (request as Entered).device;
      options.meter.rejected('oversize');
      if (device) options.misuse({ deviceId: device.id, homeId: device.homeId, what: 'oversize', detail: { bytes: Number(request.headers['content-length'] ?? 0), door: 'http' } });
      return fail(reply, 413, 'E_FRAME_TOO_LARGE', `At most ${limits.payloadBytes} bytes.`);
    }
    if (status >= 500) options.log.error({ error: error.message }, 'the http door failed');
    return fail(reply, status, status >= 500 ? 'E_NOT_DURABLE' : 'E_INVALID', status >= 500 ? 'Send again.' : 'The request is not understood.');
  });
}

function fail(reply: FastifyReply, status: number, code: ErrorCode, message: string, trace?: string): FastifyReply {
  if (status === 401) void reply.header('www-authenticate', 'Basic realm="anling devices"');
  return reply.code(status).send({ error: { code, message }, ...(trace !== undefined && { trace }) });
}

function attachWebSockets(server: Server, options: HttpDoorOptions, halfOpen: HalfOpen): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true, perMessageDeflate: false, maxPayload: limits.readAheadBytes, handleProtocols: (offered) => (['mqtt', 'mqttv3.1'].find((p) => offered.has(p)) ?? false),
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const path = (request.url ?? '').split('?')[0];
    if (path !== '/mqtt' || sockets.clients.size >= webSocketsMax) {
      socket.end(`HTTP/1.1 ${path === '/mqtt' ? '503 Service Unavailable' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      halfOpen.remove(socket); // from here on the MQTT door counts it
      const stream = createWebSocketStream(webSocket);
      stream.on('error', () => {});
      options.takeWebSocket(stream, request.socket.remoteAddress ?? '');
    });
  });
  return sockets;
}
