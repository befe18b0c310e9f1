/**
 * The editor of the flows under /flows: who is logged in as admin or technician of the whole county is handed on to the loopback port of the process that
 * runs them, which lets in nobody without our secret. Our cookies and tokens never get there; its headers are ours.
 */
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { flowsHeader } from '#core/flows.ts';
import { limits } from '#core/limits.ts';
import type { UserRole } from '#core/user.ts';
import { callerOf, requireProof, requireWholeCounty } from './access.ts';
import type { App, WebContext } from './context.ts';
import { refusalOf, refuse, type Upgrade } from './door-proxy.ts';
import { ApiError } from './errors.ts';
import { isDeploy, keepDeployed, portOf, secretOf } from './flows-deployed.ts';
import { errorAnswers } from './schemas.ts';
import { authenticator, cookieRule, isOwnOrigin } from './session.ts';

const flowKeepers: readonly UserRole[] = ['admin', 'technician'];
const bodyBytes = 5 * 1024 * 1024;
const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const;
/** The editor is a page of its own making: it evaluates its templates and styles in place. It may be shown in no frame and speaks to us alone. */
const policy = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

export function registerFlowsEditor(app: App, ctx: WebContext): void {
  const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: 60_000 });
  app.addHook('onClose', async () => agent.destroy());
  void app.register((plain, _options, ready) => {
    const inner = plain as unknown as App;
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, _body, done) => done(null));
    const options = { config: { access: flowKeepers }, bodyLimit: bodyBytes, validatorCompiler: () => () => true, serializerCompiler: () => (data: unknown) => String(data), schema: { hide: true } };
    inner.get('/flows', { ...options, schema: { summary: 'The editor of the flows, for a browser (docs/decisions/0045-flows.md)', tags: ['flows'], response: { 302: Type.Any(), ...errorAnswers } } }, async (_request, reply) => reply.code(302).header('location', '/flows/').send(''));
    for (const method of methods)
      inner.route({
        ...options, method, url: '/flows/*', exposeHeadRoute: false,
        async handler(request, reply) {
          const caller = callerOf(request);
          requireWholeCounty(caller);
          const port = await portOf(ctx);
          if (method !== 'GET') await ctx.audit({ actor: caller.actor, action: 'flows.change', target: `${method} ${request.url.split('?')[0]}`.slice(0, 120), result: 'ok', detail: { address: request.ip } });
          // A deploy is kept as a version before whoever made it hears that it is done; one that could not be kept is part of the next.
          const keep = isDeploy(method, request.url) ? () => keepDeployed(ctx, port, { by: caller.actor, why: 'deploy' }).catch((error: unknown) => request.log.warn({ error: (error as Error).message }, 'a version of the flows could not be kept')) : null;
          pass({ agent, port, secret: secretOf(ctx), keep }, request, reply);
        },
      });
    ready();
  });
}

const handedOn = ['accept', 'accept-language', 'content-type', 'content-length', 'if-none-match', 'if-modified-since', 'node-red-api-version', 'node-red-deployment-type', 'x-requested-with'];
const handedBack = ['content-type', 'content-length', 'etag', 'last-modified', 'location', 'content-encoding', 'vary'];
const pick = (headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string | string[]> => Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name] as string | string[]]])));

function pass(to: { agent: Agent; port: number; secret: string; /** after a change that was taken */ keep: (() => Promise<unknown>) | null }, request: FastifyRequest, reply: FastifyReply): void {
  const kept = reply.getHeaders();
  reply.hijack();
  const out = reply.raw;
  const onward = httpRequest({
    agent: to.agent, host: '127.0.0.1', port: to.port, method: request.method, path: request.raw.url, timeout: 60_000,
    headers: { ...pick(request.headers, handedOn), host: `127.0.0.1:${to.port}`, [flowsHeader]: to.secret },
  });
  const fail = (): void => {
    onward.destroy();
    if (out.headersSent) { out.destroy(); return; }
    out.writeHead(503, { 'content-type': 'application/json', 'retry-after': '5', connection: 'close' }).end(JSON.stringify({ error: { code: 'E_OVERLOADED', message: 'The flows do not answer; they may have been ended and are being started again.' } }));
  };
  onward.on('response', (answer) => {
    const status = answer.statusCode ?? 502;
    const done = (): void => {
      out.writeHead(status, { ...(kept as Record<string, string>), ...pick(answer.headers, handedBack), 'content-security-policy': policy, 'cache-control': 'no-cache' });
      answer.pipe(out);
    };
    answer.on('error', fail);
    if (to.keep && status < 300) void to.keep().then(done); else done();
  }).on('error', fail).on('timeout', fail);
  let bytes = 0;
  request.raw.on('data', (piece: Buffer) => { bytes += piece.length; if (bytes > bodyBytes) fail(); });
  out.on('close', () => { if (!out.writableFinished) onward.destroy(); });
  request.raw.pipe(onward);
}

/** The editor's own socket (deploys by others, debug): our pages' origin and a login first, then a plain tunnel. */
export function flowsUpgrade(ctx: WebContext): Upgrade {
  const authenticate = authenticator({ db: ctx.db, seal: ctx.seal, rule: cookieRule(ctx.settings.publicUrl) });
  const open = new Set<Duplex>();
  const admit = async (request: IncomingMessage): Promise<number> => {
    if (request.headers.origin === undefined || !isOwnOrigin(request.headers.origin, request.headers.host, ctx.settings.publicUrl)) throw new ApiError('E_FORBIDDEN', 'The editor is for our own pages.');
    if (open.size >= limits.flowsCalls) throw new ApiError('E_OVERLOADED', 'Too many editors are open.');
    const caller = await authenticate(request.headers);
    if (!caller) throw new ApiError('E_UNAUTHENTICATED', 'Log in.');
    if (!flowKeepers.includes(caller.role)) throw new ApiError('E_FORBIDDEN', 'Your role may not do this.');
    requireProof(caller, '/flows/comms');
    requireWholeCounty(caller);
    return portOf(ctx);
  };
  return (request, socket, head) => {
    void admit(request).then((port) => {
      if (socket.destroyed) return;
      const onward = connect({ host: '127.0.0.1', port });
      open.add(socket);
      const end = (): void => { open.delete(socket); socket.destroy(); onward.destroy(); };
      onward.once('connect', () => {
        const given = ['upgrade', 'connection', 'sec-websocket-key', 'sec-websocket-version', 'sec-websocket-extensions', 'sec-websocket-protocol'].flatMap((name) => (request.headers[name] === undefined ? [] : [`${name}: ${String(request.headers[name])}`]));
        onward.write([`GET /flows/comms HTTP/1.1`, `host: 127.0.0.1:${port}`, `${flowsHeader}: ${secretOf(ctx)}`, ...given, '', ''].join('\r\n'));
        if (head.length > 0) onward.write(head);
        socket.pipe(onward).pipe(socket);
      });
      for (const side of [socket, onward]) side.on('error', end).on('close', end);
    }, (error: unknown) => refuse(socket, refusalOf(error)));
  };
}
