/**
 * Deny by default: every route declares `config.access`; a route without it keeps the server from starting, and at run
 * time what is not declared is refused. The matrix role x route is generated from this table by a test.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invariant } from '#core/errors.ts';
import { inScope, scopePrefix } from '#core/ids.ts';
import { type Caller, may, type UserRole } from '#core/user.ts';
import { ApiError } from './errors.ts';

/**
 * Who may call a route. `public`: anybody (it must protect itself). `hook`: provider callbacks, known by their secret
 * path. `flows`: the flows' own token and nobody else (docs/decisions/0045-flows.md). `local`: this machine without a login, others by the listed roles of `localReaders`.
 */
export type Access = 'public' | 'hook' | 'flows' | 'local' | readonly UserRole[];
export type RouteEntry = { method: string; url: string; access: Access; schema: Record<string, unknown> | undefined };

/** The usual lists; a route may name its own. */
export const everyone: readonly UserRole[] = ['admin', 'shift-leader', 'operator', 'viewer', 'caregiver', 'installer', 'technician', 'county-reader', 'auditor'];
export const alertReaders: readonly UserRole[] = may.readAlerts;
export const alertActors: readonly UserRole[] = may.act;
const localReaders: readonly UserRole[] = ['admin', 'technician', 'auditor'];
/** Roles that see place texts and notes on screens; the others see towns and villages, and names as 陈**. */
export const deskRoles: ReadonlySet<UserRole> = new Set(alertActors);

declare module 'fastify' {
  interface FastifyContextConfig { access?: Access }
  interface FastifyRequest { caller: Caller | null }
}

/** The caller of an authenticated route. */
export function callerOf(request: FastifyRequest): Caller {
  invariant(request.caller, 'callerOf() on a route without roles');
  return request.caller;
}

/** Answers 404, never 403, for a region outside the caller's scope: its existence is nobody's business (W8). */
export function requireScope(caller: Caller, regionCode: string | null): void {
  if (!seesRegion(caller.scopeCode, regionCode)) throw new ApiError('E_NOT_FOUND', 'No such thing in your scope.');
}

/** Whether a row of this region is inside a scope; rows without a region belong to the whole county. */
export function seesRegion(scopeCode: string, regionCode: string | null): boolean {
  return regionCode === null ? scopePrefix(scopeCode).length <= 6 : inScope(regionCode, scopeCode);
}

export const ofWholeCounty = (caller: Pick<Caller, 'scopeCode'>): boolean => scopePrefix(caller.scopeCode).length <= 6;

/** What is the whole county's alone (its audit, its provider, its numbers) is refused to a town. */
export function requireWholeCounty(caller: Caller): void {
  if (!ofWholeCounty(caller)) throw new ApiError('E_FORBIDDEN', 'Only somebody of the whole county may do this.');
}

/** Collects every route and refuses to become ready while one has no `access`; returns the live table. */
export function collectRoutes(app: FastifyInstance): RouteEntry[] {
  const seen: { method: string; url: string; options: { config?: { access?: Access } }; schema: Record<string, unknown> | undefined }[] = [];
  const table: RouteEntry[] = [];
  app.addHook('onRoute', (route) => {
    for (const method of [route.method].flat())
      seen.push({ method, url: route.url, options: route as { config?: { access?: Access } }, schema: route.schema as Record<string, unknown> | undefined });
  });
  app.addHook('onReady', async () => {
    const open = seen.filter((r) => r.options.config?.access === undefined).map((r) => `${r.method} ${r.url}`);
    invariant(open.length === 0, `routes without config.access: ${open.join(', ')}`);
    table.push(...seen.map((r) => ({ method: r.method, url: r.url, access: r.options.config?.access as Access, schema: r.schema })));
  });
  return table;
}

/** Gives every route that a plugin registers on `app` one access; for plugins whose routes we do not write. */
export function accessForAll(app: FastifyInstance, access: Access): void {
  app.addHook('onRoute', (route) => { route.config = { ...route.config, access }; });
}

/** The verdict on one request; throws 401 or 403. `caller` is null when no credential was valid. */
export function authorize(access: Access | undefined, caller: Caller | null, local: boolean): void {
  if (access === 'public' || access === 'hook') return;
  if (access === 'local' && local) return;
  invariant(access !== 'flows', 'a route of the flows knows its caller by itself');
  if (caller === null) throw new ApiError('E_UNAUTHENTICATED', 'Log in, or send a valid token.');
  const allowed = access === 'local' ? localReaders : access;
  if (!allowed?.includes(caller.role)) throw new ApiError('E_FORBIDDEN', 'Your role may not do this.');
}

const factorPaths = ['/api/v1/me', '/api/v1/logout'];
const deskPaths = [...factorPaths, '/api/v1/alerts', '/api/v1/live', '/api/v1/status', '/api/v1/regions', '/api/v1/calls', '/api/v1/desk', '/api/v1/replies'];

/** Refuses what a login has not proven: who owes his second factor reaches alarms only, and that from a known browser (FIELD F12). */
export function requireProof(caller: Caller | null, url: string): void {
  if (caller === null || caller.proof === 'whole') return;
  const open = caller.proof === 'desk' ? deskPaths : factorPaths;
  if (!open.some((path) => url === path || url.startsWith(`${path}/`))) throw new ApiError('E_FORBIDDEN', 'The second factor is owed first.', { more: { reason: 'second-factor' } });
}

/** A peer on this machine that is not a proxy speaking for somebody else. */
export function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  return (address === '::1' || /^(::ffff:)?127\./.test(address)) && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined;
}
