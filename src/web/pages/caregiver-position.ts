/** Where she stands, if she lets her telephone say so: asked for after she has pressed 到了, never before, and nothing waits for it. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { savePosition } from '#store/positions.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { Nullable, Shape } from '#web/schemas.ts';
import type { Tools } from './caregiver-picture.ts';

const Degrees = Type.String({ pattern: '^-?\\d{1,3}(\\.\\d{1,18})?$', description: 'WGS84' });

export function registerPosition(app: App, ctx: WebContext, { look, going }: Pick<Tools, 'look' | 'going'>): void {
  app.post('/j/:code/position', {
    config: { access: 'public', anySite: true },
    schema: {
      summary: 'Where she stands, from her telephone (WGS84), after 到了; changes nothing of the case', tags: ['caregiver'], consumes: ['application/x-www-form-urlencoded'], params: Type.Object({ code: Type.String({ maxLength: 200 }) }),
      querystring: Type.Object({ lang: Type.Optional(Type.String({ maxLength: 10 })) }),
      body: Shape({ lat: Degrees, lon: Degrees, accuracyM: Type.String({ pattern: '^\\d{1,7}(\\.\\d{1,18})?$', description: 'metres around it' }), keptMs: Type.String({ pattern: '^\\d{1,12}$', description: 'milliseconds since it was taken' }) }),
      response: { 200: Shape({ why: Nullable(Type.String()) }) },
    },
  }, async (request: FastifyRequest<{ Body: { lat: string; lon: string; accuracyM: string; keptMs: string } }>, reply: FastifyReply) => {
    const { lat, lon, accuracyM, keptMs } = request.body;
    const agoMs = Number(keptMs);
    const slip = await look(request, reply, agoMs);
    if (!slip) return reply;
    if (Math.abs(Number(lat)) > 90 || Math.abs(Number(lon)) > 180) throw invalid([{ field: 'lat', expected: 'degrees from -90 to 90; lon from -180 to 180' }]);
    if (slip.mine === null || slip.mine === 'accepted' || !going.has(slip.mine)) throw new ApiError('E_CONFLICT', 'Only who is there says where.', { more: { why: 'not-going' } });
    await savePosition(ctx.db, ctx.seal, { alertId: slip.alertId, party: slip.party, agoMs, where: { lat: Number(lat), lon: Number(lon), accuracyM: Math.ceil(Number(accuracyM)) } });
    return reply.code(200).header('cache-control', 'no-store').send({ why: null });
  });
}
