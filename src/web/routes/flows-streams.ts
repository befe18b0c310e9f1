/**
 * What flows read (C11): the stream of alerts and of devices' events, each node with its own place that is kept here, samples and look-ups. Masked
 * throughout. A node says what it has done with its next question: what it was given and did not finish comes again.
 */
import { type Static, Type } from 'typebox';
import { eventKinds } from '#core/event.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { createViewMaker, type FeedRow, readFeed, readFeedHead } from '#store/alert-views.ts';
import { readNow } from '#store/county-status.ts';
import { eventsAfter, type FlowEvent, keepPlace, lastEventId, type Place, placeOf, samplesSince } from '#store/flows.ts';
import { seenHome, seenPeople } from '#store/flows-look.ts';
import { findRegistered } from '#store/device-registry.ts';
import type { App, WebContext } from '#web/context.ts';
import { createSettle } from '#web/flows-settle.ts';
import { errorAnswers, IdText, KindName, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['flows'];
const Node = Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'the node that asks; its place in the stream is kept under it' });
const asked = {
  node: Node, label: Type.Optional(Type.String({ maxLength: 80, description: 'its name, for the health page' })), done: Type.Optional(Type.Integer({ minimum: 0, description: 'the `next` of the answer before, once all of it is done; absent: give it again' })),
  region: Type.Optional(RegionCodeText), kinds: Type.Optional(Type.Array(KindName, { maxItems: eventKinds.length })),
};
const Any = Type.Object({}, { additionalProperties: true });
const Stream = (what: string) => Shape({
  items: Type.Array(Any, { description: what }), next: Type.Integer({ description: 'to be said as `done`' }), behind: Type.Integer({ description: 'what lies behind `next`, unfiltered' }), more: Type.Boolean({ description: 'ask again at once' }),
  gap: Type.Boolean({ description: 'the history is another or was pruned: something may be missing before these' }),
});
type Answer = Static<ReturnType<typeof Stream>>;
const prefixOf = (region: string | undefined): string => (region === undefined ? '' : scopePrefix(region));

export function registerFlowsStreams(app: App, ctx: WebContext): void {
  const views = createViewMaker(ctx.seal);
  const settle = createSettle(() => performance.now());
  const own = { access: 'flows' as const };

  app.post('/api/v1/flows/alerts/next', {
    config: own,
    schema: {
      summary: 'The next changes of alerts for this node, in the order in which they were committed', tags,
      body: Shape({ ...asked, priorityMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 4, description: '1: emergencies only' })), what: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20, description: 'opened, raised-again, closed, …' })) }), response: { 200: Stream('seq, what, alert'), ...errorAnswers },
    },
  }, async (request): Promise<Answer> => {
    const { node, label = '', done, region, kinds, priorityMax = 4, what } = request.body;
    const head = await readFeedHead(ctx.db);
    const place = await placeOf(ctx.db, 'alerts', { id: node, label }, { position: head.seq, epoch: head.epoch });
    const other = place.epoch !== head.epoch || place.position > head.seq;
    const pruned = head.oldest !== null && place.position + 1 < head.oldest;
    const from = other ? head.seq : Math.max(place.position, pruned ? (head.oldest ?? 1) - 1 : 0, Math.min(done ?? 0, head.seq));
    const rows = await readFeed(ctx.db, from, limits.flowsRows);
    const next = Number(rows.at(-1)?.seq ?? from);
    await keepPlace(ctx.db, 'alerts', node, { position: from, epoch: head.epoch }, Math.max(0, head.seq - from));
    const wanted = rows.filter((r) => r.hasAlert && r.priority <= priorityMax && (kinds === undefined || kinds.length === 0 || kinds.includes(r.kind)) && (what === undefined || what.length === 0 || what.includes(r.payload.what)) && (r.regionCode ?? '').startsWith(prefixOf(region)));
    return { items: wanted.map(({ seq, type: _t, feedRegion: _r, payload, hasAlert: _h, ...alert }) => ({ seq: Number(seq), what: payload.what, alert: views(alert as unknown as FeedRow).public })), next, behind: Math.max(0, head.seq - next), more: rows.length === limits.flowsRows, gap: other || pruned };
  });

  app.post('/api/v1/flows/events/next', {
    config: own, schema: { summary: 'The next events of devices (and of the house) for this node; a number that is missing is waited for a few seconds', tags, body: Shape({ ...asked, deviceId: Type.Optional(IdText), homeId: Type.Optional(IdText) }), response: { 200: Stream('id, kind, edge, deviceId, …'), ...errorAnswers } },
  }, async (request): Promise<Answer> => {
    const { node, label = '', done, region, kinds, deviceId, homeId } = request.body;
    const head = await lastEventId(ctx.db);
    const { epoch } = await readFeedHead(ctx.db);
    const place: Place = await placeOf(ctx.db, 'events', { id: node, label }, { position: head, epoch });
    const other = place.epoch !== epoch || place.position > head;
    const from = other ? head : Math.max(place.position, Math.min(done ?? 0, head));
    const rows = await eventsAfter(ctx.db, from, limits.flowsRows);
    const sure = settle(from, rows.map((r) => Number(r.id)));
    const given = rows.slice(0, sure);
    const next = Number(given.at(-1)?.id ?? from);
    await keepPlace(ctx.db, 'events', node, { position: from, epoch }, Math.max(0, head - from));
    const fits = (e: FlowEvent): boolean => (kinds === undefined || kinds.length === 0 || (kinds as string[]).includes(e.kind)) && (deviceId === undefined || e.deviceId === deviceId) && (homeId === undefined || e.homeId === homeId) && (e.regionCode ?? '').startsWith(prefixOf(region))
      && !(e.deviceId?.startsWith('canary-') ?? false);
    return { items: given.filter(fits), next, behind: Math.max(0, head - next), more: sure === limits.flowsRows, gap: other };
  });

  app.post('/api/v1/flows/samples', {
    config: own, schema: { summary: 'The last reading of devices heard since a time', tags, body: Shape({ since: Type.Integer({ minimum: 0, description: 'epoch ms: the `now` of the answer before' }), region: asked.region, deviceId: Type.Optional(IdText), batteryBelow: Type.Optional(Type.Integer({ minimum: 1, maximum: 101 })) }), response: { 200: Shape({ samples: Type.Array(Any), now: Type.Integer(), more: Type.Boolean() }), ...errorAnswers } },
  }, async (request) => {
    const { since, region, deviceId, batteryBelow } = request.body;
    const now = await readNow(ctx.db);
    const samples = await samplesSince(ctx.db, { since, prefix: prefixOf(region), deviceId: deviceId ?? null, batteryBelow: batteryBelow ?? null, rows: limits.flowsRows });
    const more = samples.length === limits.flowsRows;
    return { samples, now: more ? Math.floor(samples.at(-1)?.at ?? now) : now, more };
  });

  app.post('/api/v1/flows/lookup', {
    config: own, schema: { summary: 'A device with its home and people, a home, or a person: masked', tags, body: Shape({ deviceId: Type.Optional(IdText), homeId: Type.Optional(IdText), personId: Type.Optional(IdText) }), response: { 200: Shape({ device: Nullable(Any), home: Nullable(Any), people: Type.Array(Any) }), ...errorAnswers } },
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
    config: own, schema: { summary: 'People to look after in a region, who is at risk first: masked', tags, body: Shape({ region: asked.region, only: Type.Optional(OneOf(['all', 'high-risk', 'alone'])) }), response: { 200: Shape({ people: Type.Array(Any), more: Type.Boolean() }), ...errorAnswers } },
  }, async (request) => {
    const people = await seenPeople(ctx.db, ctx.seal, { ids: null, homeId: null, prefix: prefixOf(request.body.region), only: request.body.only ?? 'high-risk', rows: limits.flowsRows });
    return { people, more: people.length === limits.flowsRows };
  });
}
