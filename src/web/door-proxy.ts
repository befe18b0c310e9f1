/**
 * The edge's HTTP door and MQTT over WebSocket, reached through the web port, so that a county can open one port. Bytes
 * are passed with back-pressure and never buffered whole or retried here: what the edge did not answer is not acknowledged.
 */
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { limits } from '#core/limits.ts';
import type { App, WebContext } from './context.ts';
import { ApiError } from './errors.ts';
import { errorAnswers, Shape } from './schemas.ts';

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** POST /api/v1/devices/:id/events and /heartbeats, and /vendors/:name, passed to the edge as they are; the edge checks who sends. */
export function registerDoorProxy(app: App, ctx: WebContext): void {
  const agent = new Agent({ keepAlive: true, maxSockets: limits.doorSockets, timeout: limits.durableWaitMs + 5_000 });
  app.addHook('onClose', async () => agent.destroy());
  void app.register((plain, _options, ready) => {
    const inner = plain as unknown as App;
    inner.removeAllContentTypeParsers();
    // The body stays a stream; its bound is the door's own.
    inner.addContentTypeParser('*', (_request, _body, done) => done(null));
    const through = { config: { access: 'public' as const, anySite: true }, validatorCompiler: () => () => true, serializerCompiler: () => (data: unknown) => String(data) };
    for (const what of ['events', 'heartbeats'] as const)
      inner.post(`/api/v1/devices/:id/${what}`, {
        ...through, bodyLimit: limits.bodyBytes,
        schema: {
          summary: `A device's ${what}: the HTTP door (docs/protocol.md)`, tags: ['devices'], consumes: ['application/json'],
          description: 'Basic authentication with the device id and its secret. 200 means committed; anything else: send again.',
          params: Shape({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) }), body: Type.Object({}, { additionalProperties: true }), response: { 200: Type.Any(), ...errorAnswers },
        },
      }, async (request, reply) => pass(ctx, agent, request, reply));
    for (const method of ['GET', 'POST'] as const)
      inner.route({
        ...through, method, url: '/vendors/:name', bodyLimit: limits.vendorBodyBytes, exposeHeadRoute: false, handler: async (request, reply) => pass(ctx, agent, request, reply),
        schema: { summary: method === 'GET' ? 'A vendor checks that this address is ours' : 'A vendor’s cloud pushes (docs/vendors.md)', tags: ['vendors'], description: 'Signed or keyed as its vendor does it; answered as it wants, when it is durable.', params: Shape({ name: Type.String() }), response: { 200: Type.Any(), ...errorAnswers } },
      });
    ready();
  });
}

/** Headers that a vendor's signature stands in, besides those of any request. */
const handedOn = ['authorization', 'content-type', 'content-length', 'user-agent', 'signature', 'timestamp', 'nonce', 'echostr', 'x-tc-signature', 'x-tc-timestamp', 'x-tc-nonce', 'x-tc-echostr', 'x-api-key'];

/** Hands one request on as it is, and its answer back. */
function pass(ctx: WebContext, agent: Agent, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { host, port } = ctx.settings.door;
  const to = httpRequest({
    agent, host, port, method: request.method, path: request.raw.url, timeout: limits.durableWaitMs + 5_000,
    headers: { ...pick(request.headers, handedOn), host: `${host}:${port}`, 'x-forwarded-for': request.ip },
  });
  const out = reply.raw;
  const fail = (): void => {
    to.destroy();
    if (out.headersSent) { out.destroy(); return; }
    const error = { code: 'E_NOT_DURABLE', message: 'The device door is away; nothing was stored. Send again.' };
    out.writeHead(503, { 'content-type': 'application/json', 'retry-after': '2', connection: 'close' }).end(JSON.stringify({ error }));
  };
  to.on('response', (answer) => {
    out.writeHead(answer.statusCode ?? 502, pick(answer.headers, ['content-type', 'content-length', 'retry-after', 'www-authenticate']));
    answer.pipe(out);
    answer.on('error', fail);
  }).on('error', fail).on('timeout', fail);
  out.on('close', () => { if (!out.writableFinished) to.destroy(); });
  request.raw.pipe(to);
}

function pick(headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string | string[]> {
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

/** Sends each websocket upgrade to its path's handler; `/mqtt` is a plain tunnel to the edge. Returns what undoes it. */
export function attachUpgrades(app: App, ctx: WebContext, paths: Record<string, Upgrade>): () => void {
  const tunnels = new Set<Duplex>();
  const mqtt: Upgrade = (request, socket, head) => {
    if (tunnels.size >= limits.doorTunnels) { refuse(socket, 503); return; }
    const to = connect({ host: ctx.settings.door.host, port: ctx.settings.door.port });
    tunnels.add(socket);
    const end = (): void => { tunnels.delete(socket); socket.destroy(); to.destroy(); };
    to.once('connect', () => {
      const headers = request.rawHeaders.flatMap((text, i, all) => (i % 2 === 0 && !/^x-forwarded-for$/i.test(text) ? [`${text}: ${all[i + 1]}`] : []));
      to.write([`GET /mqtt HTTP/1.1`, ...headers, `X-Forwarded-For: ${request.socket.remoteAddress ?? ''}`, '', ''].join('\r\n'));
      if (head.length > 0) to.write(head);
      socket.pipe(to).pipe(socket);
    });
    for (const side of [socket, to]) side.on('error', end).on('close', end);
  };
  const handlers: Record<string, Upgrade> = { ...paths, '/mqtt': mqtt };
  const onUpgrade: Upgrade = (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const handler = handlers[(request.url ?? '').split('?')[0] ?? ''];
    if (handler) handler(request, socket, head);
    else refuse(socket, 404);
  };
  app.server.on('upgrade', onUpgrade);
  return () => {
    app.server.off('upgrade', onUpgrade);
    for (const socket of tunnels) socket.destroy();
  };
}

const words: Record<number, string> = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' };
const codes: Record<number, string> = { 401: 'E_UNAUTHENTICATED', 403: 'E_FORBIDDEN', 404: 'E_NOT_FOUND', 503: 'E_OVERLOADED' };

/** Ends an upgrade with a plain HTTP answer in the API's error shape. */
export function refuse(socket: Duplex, status: number): void {
  const body = JSON.stringify({ error: { code: codes[status] ?? 'E_INVALID', message: words[status] ?? 'Refused' } });
  socket.end(`HTTP/1.1 ${status} ${words[status] ?? 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}

/** For callers that throw: the status an upgrade is refused with. */
export const refusalOf = (error: unknown): number => (error instanceof ApiError ? error.status : 503);
