/** `GET /api/docs/json`: OpenAPI 3.1 made from the routes' own schemas; `/api/docs`: a page over it that asks nothing of other hosts. */
import fastifySwaggerUi from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { accessForAll } from './access.ts';
import type { App } from './context.ts';

// The page's bundle styles elements inline; nothing else is loosened, and no other host is named.
const csp = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

export async function registerDocs(app: App): Promise<void> {
  const page: FastifyPluginAsync = async (inner) => {
    accessForAll(inner, 'public');
    inner.addHook('onSend', async (_request, reply) => { reply.header('content-security-policy', csp).header('cache-control', 'no-cache'); });
    await inner.register(fastifySwaggerUi, {
      routePrefix: '/api/docs', staticCSP: false,
      // validatorUrl null: no badge from validator.swagger.io.
      uiConfig: { validatorUrl: null, docExpansion: 'list', deepLinking: true },
    });
  };
  await app.register(page);
}
