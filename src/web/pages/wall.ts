/** The built wall at `/` and the installer's page at `/install`: hashed assets are kept for a year, its page never; unknown addresses of the page get the page (it routes itself). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { Type } from 'typebox';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { accessForAll } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';

const unbuilt = '<!doctype html><meta charset="utf-8"><title>安铃</title><p>页面尚未构建。 The pages are not built yet: <code>npm start</code> builds them.</p>';

export type Pages = { /** Whether a request that met no route is somebody opening one of the wall's own addresses. */ wants(request: FastifyRequest): boolean; send(reply: FastifyReply, page?: 'index.html' | 'install.html'): FastifyReply };

export function openPages(ctx: WebContext): Pages {
  const folder = ctx.settings.pages;
  const kept = new Map<string, string>();
  return {
    wants: (request) => (request.method === 'GET' || request.method === 'HEAD') && /\btext\/html\b/.test(request.headers.accept ?? '') && !/^\/(api|hooks|j|q|d|labels|mqtt|assets)(\/|$|\?)/.test(request.url),
    send(reply, page = 'index.html') {
      // Read once when it is built; while it is not, it may appear any moment.
      const file = folder === null ? null : join(folder, page);
      if (!kept.has(page) && file !== null && existsSync(file)) kept.set(page, readFileSync(file, 'utf8'));
      return reply.code(200).header('content-type', 'text/html; charset=utf-8').header('cache-control', 'no-cache').serializer((text: unknown) => String(text)).send(kept.get(page) ?? unbuilt);
    },
  };
}

export async function registerPages(app: App, ctx: WebContext, pages: Pages): Promise<void> {
  app.get('/', { config: { access: 'public' }, schema: { hide: true } }, async (_request, reply) => pages.send(reply));
  app.get('/install', { config: { access: 'public' }, schema: { summary: 'The installer’s page; what it does is behind the login', tags: ['installations'], produces: ['text/html'], response: { 200: Type.String() } } }, async (_request, reply) => pages.send(reply, 'install.html'));
  const folder = ctx.settings.pages;
  if (folder === null || !existsSync(folder)) return;
  const files: FastifyPluginAsync = async (inner) => {
    accessForAll(inner, 'public');
    await inner.register(fastifyStatic, {
      root: folder, index: false, wildcard: true, decorateReply: false, dotfiles: 'ignore', serveDotFiles: false, cacheControl: false,
      setHeaders: (response, path) => { response.header('cache-control', /[\\/]assets[\\/]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache'); },
    });
  };
  await app.register(files);
}
