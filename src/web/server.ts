/**
 * The web role's HTTP server: one Fastify instance with strict headers, deny-by-default access, 422 for wrong input, the
 * OpenAPI document made from the routes' own schemas, the pages, the live channel and the way through to the edge's doors.
 */
import { fastifyFormbody } from '@fastify/formbody';
import fastifyHelmet from '@fastify/helmet';
import fastifySwagger from '@fastify/swagger';
import { fastify, type FastifyPluginAsync, LogController } from 'fastify';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { Service } from '#work/loop.ts';
import { type Access, authorize, collectRoutes, isLocal, requireProof, type RouteEntry } from './access.ts';
import { startStandbyWatch } from './standby-watch.ts';
import { startAuditWatch } from './audit-watch.ts';
import { startCanaryWatch } from './canary-watch.ts';
import type { App, WebContext } from './context.ts';
import { registerDocs } from './docs.ts';
import { attachUpgrades, registerDoorProxy } from './door-proxy.ts';
import { ApiError, errorHandler } from './errors.ts';
import { startFeed } from './feed.ts';
import { flowsUpgrade, registerFlowsEditor } from './flows-editor.ts';
import { requireFlows } from './flows-token.ts';
import { startHousekeeping } from './housekeeping.ts';
import { Hub } from './hub.ts';
import { liveUpgrade } from './live.ts';
import { registerCertificatePage } from './pages/certificate.ts';
import { Looking } from './looking.ts';
import { registerCaregiver } from './pages/caregiver.ts';
import { startInstallations } from './installations.ts';
import { startPacks } from './packs.ts';
import { registerDoor } from './pages/door.ts';
import { registerLabels } from './pages/labels.ts';
import { registerRollCallPage } from './pages/rollcall.ts';
import { openPages, type Pages, registerPages } from './pages/wall.ts';
import { routes } from './routes/index.ts';
import { authenticator, cookieRule, requireSameSite } from './session.ts';
import { serializerCompiler, validatorCompiler } from './validation.ts';

type BuiltApp = { app: App; table: readonly RouteEntry[] };

/** The application without a listening socket: every route, no background work. */
async function buildApp(ctx: WebContext): Promise<BuiltApp> {
  const app = fastify({
    loggerInstance: ctx.log as never, logController: new LogController({ disableRequestLogging: true }), genReqId: () => newId('r', 10), trustProxy: false,
    bodyLimit: limits.bodyBytes, requestTimeout: 30_000, keepAliveTimeout: 65_000, forceCloseConnections: true,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: false },
    ...(ctx.settings.tls ? { https: { ...ctx.settings.tls, ...(ctx.settings.tls.ca ? { requestCert: true, rejectUnauthorized: false } : {}) } } : {}),
  }) as unknown as App;
  const table = collectRoutes(app as never);
  app.setValidatorCompiler(validatorCompiler as never);
  app.setSerializerCompiler(serializerCompiler(ctx.log, ctx.strict ?? false) as never);
  app.setErrorHandler(errorHandler(ctx.log) as never);
  bodyTypes(app);
  await security(app, ctx);
  await app.register(fastifySwagger as never, openApi(ctx) as never);
  const pages = openPages(ctx);
  notFound(app, table, pages);
  await registerDocs(app);
  for (const register of routes) register(app, ctx);
  registerLabels(app, ctx);
  registerDoorProxy(app, ctx);
  registerFlowsEditor(app, ctx);
  const forms: FastifyPluginAsync = async (inner) => {
    await inner.register(fastifyFormbody, { bodyLimit: 4096 });
    registerCaregiver(inner as unknown as App, ctx);
    registerDoor(inner as unknown as App, ctx);
    registerRollCallPage(inner as unknown as App, ctx);
    registerCertificatePage(inner as unknown as App, ctx);
  };
  await app.register(forms);
  await registerPages(app, ctx, pages);
  await app.ready();
  return { app, table };
}

/** The web role: listening, with feed reader, live channel and housekeeping. `url` is where it listens. */
export async function startWeb(ctx: WebContext): Promise<Service & { url: string; app: App; table: readonly RouteEntry[] }> {
  const { app, table } = await buildApp(ctx);
  const hub = new Hub(ctx);
  const feed = await startFeed({ ctx, hub });
  const housekeeping = startHousekeeping({ ctx, hub });
  const canary = startCanaryWatch(ctx);
  const standby = startStandbyWatch({ ctx, hub });
  const audit = startAuditWatch({ ctx, hub });
  const closeUpgrades = attachUpgrades(app, ctx, { '/api/v1/live': liveUpgrade({ ctx, hub, feed, looking: new Looking(hub) }), '/flows/comms': flowsUpgrade(ctx) });
  const url = await app.listen({ host: ctx.settings.host, port: ctx.settings.port });
  const packs = startPacks(ctx);
  const installations = startInstallations(ctx);
  ctx.log.info({ url }, 'web listens');
  return {
    name: 'web', url, app, table, ready: () => feed.ready() ?? canary.ready() ?? audit.ready(),
    async stop() {
      closeUpgrades();
      hub.closeAll(1001, 'the server goes down');
      await app.close();
      await feed.stop();
      await packs.stop();
      await installations.stop();
      await housekeeping.stop();
      await canary.stop();
      await standby.stop();
      await audit.stop();
    },
  };
}

/** JSON only (a cross-site form cannot send it unasked); an empty body is an empty object. */
function bodyTypes(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error') as (request: unknown, body: string, done: (error: Error | null, value?: unknown) => void) => void;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, {});
    else parse(request, body as string, done);
  });
}

/** Headers (W15), who is calling, may they, and did our own page ask (W5, W9). */
async function security(app: App, ctx: WebContext): Promise<void> {
  const secure = ctx.settings.publicUrl.startsWith('https:');
  const socket = ctx.settings.publicUrl.replace(/^http/, 'ws');
  await app.register(fastifyHelmet as never, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'self'"], 'connect-src': ["'self'", socket], 'img-src': ["'self'", 'data:', 'blob:'], 'media-src': ["'self'", 'blob:'], 'worker-src': ["'self'"],
        'object-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"], 'form-action': ["'self'"],
      },
    },
    strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' }, crossOriginEmbedderPolicy: false, xFrameOptions: { action: 'deny' },
  } as never);
  const authenticate = authenticator({ db: ctx.db, seal: ctx.seal, rule: cookieRule(ctx.settings.publicUrl) });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-trace', request.id);
    if (request.is404) return;
    if (request.url.startsWith('/api/v1/')) reply.header('cache-control', 'no-store');
    const access: Access | undefined = request.routeOptions.config.access;
    if (access === 'public' || access === 'hook') {
      if (access === 'public' && request.routeOptions.config.anySite !== true) requireSameSite(request.method, request.headers, ctx.settings.publicUrl);
      return;
    }
    if (access === 'flows') { await requireFlows(ctx, request.headers, request.routeOptions.config.reads === true); return; }
    request.caller = await authenticate(request.headers);
    try {
      authorize(access, request.caller, isLocal(request));
      requireProof(request.caller, request.routeOptions.url ?? '');
      if (request.caller?.kind === 'user') requireSameSite(request.method, request.headers, ctx.settings.publicUrl);
    } catch (error) {
      if (request.caller && error instanceof ApiError)
        await ctx.audit({ actor: request.caller.actor, action: 'denied', target: `${request.method} ${request.routeOptions.url}`, result: 'denied', detail: { address: request.ip } });
      throw error;
    }
  });
}

declare module 'fastify' {
  /** `anySite`: a page that holds no cookie of ours and is protected by the secret in its address. */
  interface FastifyContextConfig { anySite?: boolean; /** Of the routes of the flows: it changes nothing, a trial may ask it. */ reads?: boolean }
}

function openApi(ctx: WebContext): Record<string, unknown> {
  return {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Anling (安铃)', version: ctx.version, description: 'IoT device ingestion and emergency alerts for county elderly care.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: cookieRule(ctx.settings.publicUrl).name }, token: { type: 'http', scheme: 'bearer' } } },
    },
    transform: ({ schema, url, route }: { schema: Record<string, unknown>; url: string; route: { config?: { access?: Access } } }) => {
      const access = route.config?.access;
      const open = access === 'public' || access === 'hook';
      return { url, schema: { ...schema, ...(schema?.['hide'] === true || schema === undefined ? {} : { security: open ? [] : [{ session: [] }, { token: [] }], 'x-access': access }) } };
    },
  };
}

/** The wall's own addresses get its page; else 404, or 405 with Allow when the path exists under other methods. */
function notFound(app: App, table: readonly RouteEntry[], pages: Pages): void {
  let patterns: { test: RegExp; method: string }[] | null = null;
  app.setNotFoundHandler(async (request, reply) => {
    if (pages.wants(request)) return pages.send(reply);
    patterns ??= table.filter((r) => !r.url.includes('*')).map((r) => ({ method: r.method, test: new RegExp(`^${r.url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`) }));
    const path = request.url.split('?')[0] ?? '';
    const allowed = [...new Set(patterns.filter((p) => p.test.test(path)).map((p) => p.method))];
    if (allowed.length > 0) throw new ApiError('E_INVALID', `This path answers ${allowed.join(', ')} only.`, { status: 405, more: { allow: allowed } });
    throw new ApiError('E_NOT_FOUND', 'No such page or route.');
  });
}
