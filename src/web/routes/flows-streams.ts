/**
 * What flows read (C11): the stream of alerts and of devices' events, each node with its own place that is kept here, samples and look-ups. Masked
 * throughout. A node says what it has done with its next question: what it was given and did not finish comes again.
 */
import { type Static, Type } from 'typebox';
import { eventKinds } from '#core/event.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { AlertView } from '#core/live.ts';
import { createViewMaker, type FeedRow, readFeed, readFeedHead } from '#store/alert-views.ts';
import { readNow } from '#store/county-status.ts';
import { eventsAfter, type FlowEvent, keepPlace, lastEventId, type Place, placeOf, samplesSince } from '#store/flows.ts';
import { alertsBetween, eventsBetween, numberBefore, samplesBetween } from '#store/flow-history.ts';
import type { App, WebContext } from '#web/context.ts';
import { createSettle } from '#web/flows-settle.ts';
import { EpochMs, errorAnswers, IdText, KindName, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

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
type Filter = { region?: string | undefined; kinds?: readonly string[] | undefined; what?: readonly string[] | undefined; priorityMax?: number | undefined; deviceId?: string | undefined; homeId?: string | undefined };
const among = (list: readonly string[] | undefined, one: string): boolean => list === undefined || list.length === 0 || list.includes(one);
const alertFits = (f: Filter, r: FeedRow): boolean => r.hasAlert && r.priority <= (f.priorityMax ?? 4) && among(f.kinds, r.kind) && among(f.what, r.payload.what) && (r.regionCode ?? '').startsWith(prefixOf(f.region));
/** The house's own press is nobody's. */
const eventFits = (f: Filter, e: FlowEvent): boolean => among(f.kinds, e.kind) && (f.deviceId === undefined || e.deviceId === f.deviceId) && (f.homeId === undefined || e.homeId === f.homeId) && (e.regionCode ?? '').startsWith(prefixOf(f.region)) && !(e.deviceId?.startsWith('canary-') ?? false);
const prefixOf = (region: string | undefined): string => (region === undefined ? '' : scopePrefix(region));

/** The alert as it was then, as far as its own times tell: what it is today must not be seen by a trial of yesterday. */
function asItWas(alert: AlertView, at: number): AlertView {
  const since = (t: number | null): number | null => (t !== null && t <= at ? t : null);
  const [claimedAt, committedAt, arrivedAt, closedAt] = [since(alert.claimedAt), since(alert.committedAt), since(alert.arrivedAt), since(alert.closedAt)];
  const state = closedAt !== null ? 'closed' : arrivedAt !== null ? 'arrived' : committedAt !== null ? 'committed' : claimedAt !== null ? 'claimed' : 'open';
  return { ...alert, state, claimedAt, committedAt, arrivedAt, closedAt, outcome: closedAt === null ? null : alert.outcome, ...(claimedAt === null ? { claimedBy: null, claimedByName: null } : {}), ...(alert.lastRaisedAt > at ? { lastRaisedAt: at, count: 1 } : {}) };
}

export function registerFlowsStreams(app: App, ctx: WebContext): void {
  const views = createViewMaker(ctx.seal);
  const settle = createSettle(() => performance.now());
  const own = { access: 'flows' as const };
  const viewOf = ({ seq: _s, type: _t, feedRegion: _r, payload: _p, hasAlert: _h, ...alert }: FeedRow): AlertView => views(alert as unknown as FeedRow).public;

  app.post('/api/v1/flows/alerts/next', {
    config: own,
    schema: {
      summary: 'The next changes of alerts for this node, in the order in which they were committed', tags,
      body: Shape({ ...asked, priorityMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 4, description: '1: emergencies only' })), what: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20, description: 'opened, raised-again, closed, …' })) }), response: { 200: Stream('seq, what, alert'), ...errorAnswers },
    },
  }, async (request): Promise<Answer> => {
    const { node, label = '', done } = request.body;
    const head = await readFeedHead(ctx.db);
    const place = await placeOf(ctx.db, 'alerts', { id: node, label }, { position: head.seq, epoch: head.epoch });
    const other = place.epoch !== head.epoch || place.position > head.seq;
    const pruned = head.oldest !== null && place.position + 1 < head.oldest;
    const from = other ? head.seq : Math.max(place.position, pruned ? (head.oldest ?? 1) - 1 : 0, Math.min(done ?? 0, head.seq));
    const rows = await readFeed(ctx.db, from, limits.flowsRows);
    const next = Number(rows.at(-1)?.seq ?? from);
    await keepPlace(ctx.db, 'alerts', node, { position: from, epoch: head.epoch }, Math.max(0, head.seq - from));
    const wanted = rows.filter((r) => alertFits(request.body, r));
    return { items: wanted.map((r) => ({ seq: Number(r.seq), what: r.payload.what, alert: viewOf(r) })), next, behind: Math.max(0, head.seq - next), more: rows.length === limits.flowsRows, gap: other || pruned };
  });

  app.post('/api/v1/flows/events/next', {
    config: own, schema: { summary: 'The next events of devices (and of the house) for this node; a number that is missing is waited for a few seconds', tags, body: Shape({ ...asked, deviceId: Type.Optional(IdText), homeId: Type.Optional(IdText) }), response: { 200: Stream('id, kind, edge, deviceId, …'), ...errorAnswers } },
  }, async (request): Promise<Answer> => {
    const { node, label = '', done } = request.body;
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
    return { items: given.filter((e) => eventFits(request.body, e)), next, behind: Math.max(0, head - next), more: sure === limits.flowsRows, gap: other };
  });

  app.post('/api/v1/flows/history', {
    config: { ...own, reads: true },
    schema: {
      summary: 'What happened in a span, as the streams give it: for trials; no place is kept', tags,
      body: Shape({
        stream: OneOf(['alerts', 'events', 'samples'] as const), from: Type.Integer({ minimum: 0 }), to: Type.Integer({ minimum: 0 }), after: Type.Optional(Type.Integer({ minimum: 0, description: 'the `next` of the answer before' })),
        region: asked.region, kinds: asked.kinds, what: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20 })), priorityMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 4 })), deviceId: Type.Optional(IdText), homeId: Type.Optional(IdText),
        everyS: Type.Optional(Type.Integer({ minimum: 10, maximum: 86_400 })), batteryBelow: Type.Optional(Type.Integer({ minimum: 1, maximum: 101 })),
      }), response: { 200: Shape({ items: Type.Array(Shape({ at: EpochMs, item: Any })), next: Nullable(Type.Integer()), less: Type.Boolean({ description: 'there were more of these than are given' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const { stream, from, to, after } = request.body;
    if (stream === 'samples') {
      const { everyS = 600, deviceId = null, batteryBelow = null, region } = request.body;
      // An hour at a time: a county's day in one statement takes longer than anybody waits. `next` is where the next one begins.
      const begin = after ?? from;
      const end = Math.min(to, begin + Math.max(3_600, everyS) * 1_000);
      const rows = await samplesBetween(ctx.db, { from: begin, to: end, everyS, prefix: prefixOf(region), deviceId, batteryBelow, rows: limits.flowsTrialRows });
      return { items: rows.map((item) => ({ at: item.at, item })), next: end < to ? end : null, less: rows.length === limits.flowsTrialRows };
    }
    const span = { from, to, after: after ?? await numberBefore(ctx.db, stream, from), rows: limits.flowsRows };
    if (stream === 'alerts') {
      const rows = await alertsBetween(ctx.db, span);
      return { items: rows.filter((r) => alertFits(request.body, r)).map((r) => ({ at: Math.floor(r.at), item: { seq: Number(r.seq), what: r.payload.what, alert: asItWas(viewOf(r), Math.floor(r.at)) } })), next: rows.length === span.rows ? Number(rows.at(-1)?.seq) : null, less: false };
    }
    const rows = await eventsBetween(ctx.db, span);
    return { items: rows.filter((e) => eventFits(request.body, e)).map((item) => ({ at: Math.floor(item.receivedAt), item })), next: rows.length === span.rows ? Number(rows.at(-1)?.id) : null, less: false };
  });

  app.post('/api/v1/flows/samples', {
    config: { ...own, reads: true }, schema: { summary: 'The last reading of devices heard since a time', tags, body: Shape({ since: Type.Integer({ minimum: 0, description: 'epoch ms: the `now` of the answer before' }), region: asked.region, deviceId: Type.Optional(IdText), batteryBelow: Type.Optional(Type.Integer({ minimum: 1, maximum: 101 })) }), response: { 200: Shape({ samples: Type.Array(Any), now: Type.Integer(), more: Type.Boolean() }), ...errorAnswers } },
  }, async (request) => {
    const { since, region, deviceId, batteryBelow } = request.body;
    const now = await readNow(ctx.db);
    const samples = await samplesSince(ctx.db, { since, prefix: prefixOf(region), deviceId: deviceId ?? null, batteryBelow: batteryBelow ?? null, rows: limits.flowsRows });
    const more = samples.length === limits.flowsRows;
    return { samples, now: more ? Math.floor(samples.at(-1)?.at ?? now) : now, more };
  });
}
