/** What flows and their trials look up (C11): devices, homes, people, whom to look after. Masked throughout. */
import { Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { findRegistered } from '#store/device-registry.ts';
import { seenHome, seenPeople } from '#store/flows-look.ts';
import type { App, WebContext } from '#web/context.ts';
import { errorAnswers, IdText, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['flows'];
const Any = Type.Object({}, { additionalProperties: true });

export function registerFlowsLook(app: App, ctx: WebContext): void {
  const config = { access: 'flows' as const, reads: true };

  app.post('/api/v1/flows/lookup', {
    config, schema: { summary: 'A device with its home and people, a home, or a person: masked', tags, body: Shape({ deviceId: Type.Optional(IdText), homeId: Type.Optional(IdText), personId: Type.Optional(IdText) }), response: { 200: Shape({ device: Nullable(Any), home: Nullable(Any), people: Type.Array(Any) }), ...errorAnswers } },
  }, async (request) => {
    const { deviceId, homeId, personId } = request.body;
    const device = deviceId === undefined ? null : await findRegistered(ctx.db, deviceId);
    const person = personId ?? device?.personId ?? null;
    const [one] = person === null ? [] : await seenPeople(ctx.db, ctx.seal, { ids: [person], homeId: null, prefix: '', only: 'all', rows: 1 });
    const home = homeId ?? device?.homeId ?? one?.homeId ?? null;
    const people = one ? [one] : home === null ? [] : await seenPeople(ctx.db, ctx.seal, { ids: null, homeId: home, prefix: '', only: 'all', rows: 20 });
    const shown = device && { id: device.id, model: device.model, type: device.type, room: device.room, regionCode: device.regionCode, status: device.status, state: device.state, lastSeenAt: device.lastSeenAt, battery: device.battery, homeId: device.homeId, personId: device.personId };
    return { device: shown, home: home === null ? null : await seenHome(ctx.db, home), people };
  });

  app.post('/api/v1/flows/care-list', {
    config, schema: { summary: 'People to look after in a region, who is at risk first: masked', tags, body: Shape({ region: Type.Optional(RegionCodeText), only: Type.Optional(OneOf(['all', 'high-risk', 'alone'])) }), response: { 200: Shape({ people: Type.Array(Any), more: Type.Boolean() }), ...errorAnswers } },
  }, async (request) => {
    const people = await seenPeople(ctx.db, ctx.seal, { ids: null, homeId: null, prefix: request.body.region === undefined ? '' : scopePrefix(request.body.region), only: request.body.only ?? 'high-risk', rows: limits.flowsRows });
    return { people, more: people.length === limits.flowsRows };
  });
}
