/** Alerts (警情): lists, one in full, and what people do to them. Every action is respond(); every look at plain personal data is audited. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { AlertAction } from '#core/alert.ts';
import { type AlertId, type Party, scopePrefix } from '#core/ids.ts';
import { convert, metresBetween } from '#core/coordinates.ts';
import { limits } from '#core/limits.ts';
import type { RespondInput } from '#core/respond.ts';
import type { Caller } from '#core/user.ts';
import { type Candidate, readCandidates, type EngagementRow, readDue, readEngagements, readMessages, readTimeline, revealHome, revealPerson } from '#store/alert-detail.ts';
import { createViewMaker, findAlertView, listAlerts, readFeedHead, type ViewRow } from '#store/alert-views.ts';
import { commandsOfAlert } from '#store/commands.ts';
import { positionsOf } from '#store/positions.ts';
import { displayNames } from '#store/users.ts';
import { alertActors, alertReaders, callerOf, deskRoles, requireScope } from '#web/access.ts';
import { Alert, AlertInFull, Revealed } from '#web/alert-schemas.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { nothing } from '#web/registry.ts';
import { AlertIdText, Cursor, EpochMs, errorAnswers, IdempotencyHeaders, KindName, NoteText, Nullable, OneOf, OutcomeCode, PartyText, RegionCodeText, Shape, StateName } from '#web/schemas.ts';

const Params = Shape({ id: AlertIdText });
const Done = Shape({ ok: Type.Literal(true), id: AlertIdText, state: StateName, version: Type.Integer() });
const version = { expectedVersion: Type.Optional(Type.Integer({ minimum: 1, description: 'the version you saw; an older one is 409' })) };
const tab = { tabId: Type.Optional(Type.String({ maxLength: 64, description: 'the console that acts' })) };
const note = { note: Type.Optional(NoteText) };
const callResults = { reached: '接通', 'no-answer': '无人接', busy: '占线', off: '关机', 'wrong-number': '空号' } as const;
const CallResult = OneOf(Object.keys(callResults) as (keyof typeof callResults)[], 'what became of a call');

/** Each action: its path, its body, and what respond() gets of it. */
const actions = [
  { path: 'claim', action: 'claim', summary: '接警: suspends the plan, at most 120 s without a recorded step', body: Shape({ ...version, ...tab }) },
  { path: 'take-over', action: 'take-over', summary: '接管: claim what another holds', body: Shape({ ...version, ...tab, ...note }) },
  { path: 'release', action: 'release', summary: '退回: the plan goes on at once', body: Shape({ ...version, ...note }) },
  { path: 'steps', action: 'step', summary: 'Record a step; `contact` with the elder or a visit ends the search', body: Shape({ ...version, ...tab, ...note, contact: Type.Optional(OneOf(['elder', 'family', 'visit'])), result: Type.Optional(CallResult), party: Type.Optional(PartyText) }) },
  { path: 'notes', action: 'note', summary: 'Add a note', body: Shape({ ...version, note: Type.String({ minLength: 1, maxLength: 2000 }) }) },
  { path: 'accept', action: 'accept', summary: 'A responder has said by telephone that he goes (答应前往)', body: Shape({ ...version, ...note, party: PartyText }) },
  { path: 'depart', action: 'depart', summary: 'A responder has said that he is on the way (已出发)', body: Shape({ ...version, ...note, party: PartyText }) },
  { path: 'decline', action: 'decline', summary: 'A responder has said by telephone that he cannot', body: Shape({ ...version, ...note, party: PartyText }) },
  { path: 'dispatch', action: 'dispatch', summary: '派单: ask this responder by SMS and call', body: Shape({ ...version, ...tab, ...note, party: PartyText }) },
  { path: 'escalate', action: 'escalate', summary: '升级: the plan\'s next rung at once; later ones keep their times, a claim stays', body: Shape({ ...version, ...tab, ...note }) },
  { path: 'arrive', action: 'arrive', summary: 'Somebody is there (已到达)', body: Shape({ ...version, ...note, party: Type.Optional(PartyText) }) },
  { path: 'shelve', action: 'shelve', summary: '暂挂: out of the queue for a reason, at most 8 h, onto its own list; never a P1', body: Shape({ ...version, ...tab, until: EpochMs, note: Type.String({ minLength: 1, maxLength: 2000, description: 'the reason' }) }) },
  { path: 'unshelve', action: 'unshelve', summary: 'Back to the queue before its time', body: Shape({ ...version, ...note }) },
  { path: 'close', action: 'close', summary: '办结: the only end of an alert', body: Shape({ ...version, ...tab, outcome: OutcomeCode, note: NoteText }) },
] as const satisfies readonly { path: string; action: AlertAction; summary: string; body: unknown }[];
type ActionBody = Partial<Static<(typeof actions)[number]['body']>> & { party?: string; contact?: 'elder' | 'family' | 'visit'; result?: keyof typeof callResults; note?: string; outcome?: Static<typeof OutcomeCode>; tabId?: string; until?: number; expectedVersion?: number };

/** The alert in the caller's scope, else 404. */
export async function scopedAlert(ctx: WebContext, caller: Caller, id: string): Promise<ViewRow> {
  const row = await findAlertView(ctx.db, id);
  if (!row) throw nothing();
  requireScope(caller, row.regionCode);
  return row;
}

export function registerAlerts(app: App, ctx: WebContext): void {
  const views = createViewMaker(ctx.seal);
  const viewOf = (request: FastifyRequest, row: ViewRow): Static<typeof Alert> => views(row)[deskRoles.has(callerOf(request).role) ? 'desk' : 'public'] as Static<typeof Alert>;
  registerLists(app, ctx, viewOf);
  for (const { path, action, summary, body } of actions)
    app.post(`/api/v1/alerts/:id/${path}`, {
      config: { access: alertActors }, schema: { summary, tags: ['alerts'], params: Params, headers: IdempotencyHeaders, body, response: { 200: Done, ...errorAnswers } },
    }, async (request, reply) => act(ctx, request, reply, await scopedAlert(ctx, callerOf(request), request.params.id), action, request.body as ActionBody));

  app.post('/api/v1/alerts/:id/reveal', {
    config: { access: alertActors },
    schema: { summary: 'The case in plain text: name, address, numbers, notes. Audited.', tags: ['alerts'], params: Params, body: Shape({}), response: { 200: Revealed, ...errorAnswers } },
  }, async (request) => {
    const row = await scopedAlert(ctx, callerOf(request), request.params.id);
    const caller = callerOf(request);
    await ctx.audit({ actor: caller.actor, action: 'alert.reveal', target: `alert:${row.id}`, result: 'ok', detail: { personId: row.personId, homeId: row.homeId, address: request.ip } });
    const [person, home, candidates] = [
      row.personId === null ? null : await revealPerson(ctx.db, ctx.seal, row.personId), row.homeId === null ? null : await revealHome(ctx.db, ctx.seal, row.homeId),
      withLinks(ctx, await readCandidates(ctx.db, ctx.seal, row, true)),
    ];
    return { id: row.id, person, home, candidates } as Static<typeof Revealed>;
  });
}

/** The page of a responder without a code of his own (never called yet) does not exist. */
const withLinks = (ctx: WebContext, candidates: readonly Candidate[]): (Omit<Candidate, 'code'> & { link: string | null })[] =>
  candidates.map(({ code, ...rest }) => ({ ...rest, link: code === null ? null : `${ctx.settings.publicUrl}/j/${code}` }));

function registerLists(app: App, ctx: WebContext, viewOf: (request: FastifyRequest, row: ViewRow) => Static<typeof Alert>): void {
  app.get('/api/v1/alerts', {
    config: { access: alertReaders },
    schema: {
      summary: 'Alerts of your scope; open ones by priority and age, others newest first', tags: ['alerts'],
      querystring: Shape({
        state: Type.Optional(OneOf(['open', 'all', 'confirming', 'claimed', 'committed', 'arrived', 'closed'], '`open` (the default) is everything that is not closed')),
        kind: Type.Optional(KindName), region: Type.Optional(RegionCodeText), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })),
        since: Type.Optional(Type.Integer({ minimum: 0, description: 'only what changed after this feed number (`seq` of an earlier answer)' })), cursor: Type.Optional(Cursor),
      }),
      response: { 200: Shape({ alerts: Type.Array(Alert), next: Nullable(Type.String()), seq: Type.Integer(), epoch: Type.String() }), ...errorAnswers },
    },
  }, async (request) => {
    const { state = 'open', kind, region, since, cursor, limit = limits.pageRows } = request.query;
    const scope = scopePrefix(callerOf(request).scopeCode);
    const wanted = region === undefined ? scope : scopePrefix(region);
    const at = cursor === undefined ? null : /^(\d)\.(\d{1,19})$/.exec(cursor);
    if (cursor !== undefined && at === null) throw invalid([{ field: 'cursor', expected: 'the `next` of the answer before' }]);
    const head = await readFeedHead(ctx.db);
    // A region outside the scope is as if it were empty; one above it means the scope itself.
    const prefix = wanted.startsWith(scope) ? wanted : scope.startsWith(wanted) ? scope : null;
    const rows = prefix === null ? [] : await listAlerts(ctx.db, {
      state, kind: kind ?? null, prefix, since: since === undefined ? null : String(since), after: at ? { priority: Number(at[1]), id: at[2] as string } : null, limit,
    });
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { alerts: page.map((r) => viewOf(request, r)), next: rows.length > limit && last ? `${last.priority}.${last.id}` : null, seq: head.seq, epoch: head.epoch };
  });

  app.get('/api/v1/alerts/:id', {
    config: { access: alertReaders }, schema: { summary: 'One alert with its timeline', tags: ['alerts'], params: Params, response: { 200: AlertInFull, ...errorAnswers } },
  }, async (request) => {
    const row = await scopedAlert(ctx, callerOf(request), request.params.id);
    const desk = deskRoles.has(callerOf(request).role);
    const [timeline, engagements, messages, commands, due, candidates] = [
      await readTimeline(ctx.db, ctx.seal, row.id, desk, limits.timelineRows), await engagementsWithPlaces(ctx, row, desk),
      await readMessages(ctx.db, ctx.seal, row.id, limits.timelineRows), await commandsOfAlert(ctx.db, ctx.seal, row.id, limits.timelineRows), await readDue(ctx.db, row.id), desk ? withLinks(ctx, await readCandidates(ctx.db, ctx.seal, row, false)) : [],
    ];
    return { ...viewOf(request, row), timeline, engagements, messages, commands, due, candidates } as Static<typeof AlertInFull>;
  });
}

/** Everybody's part; for the desk also where who arrived stood, and how far from the place that is. */
async function engagementsWithPlaces(ctx: WebContext, row: ViewRow, desk: boolean): Promise<(EngagementRow & { position: unknown })[]> {
  const places = desk ? await positionsOf(ctx.db, ctx.seal, row.id) : [];
  const at = row.lat !== null && row.lon !== null ? convert([row.lon, row.lat], row.crs ?? 'wgs84', 'wgs84') : null;
  return (await readEngagements(ctx.db, ctx.seal, row.id)).map((e) => {
    const place = places.find((p) => p.party === e.party);
    return { ...e, position: place ? { at: place.at, lat: place.lat, lon: place.lon, accuracyM: place.accuracyM, awayM: at && Math.round(metresBetween(at, [place.lon, place.lat])) } : null };
  });
}

/** One action of a user: once per idempotency key, audited whatever comes of it. */
function act(ctx: WebContext, request: FastifyRequest, reply: FastifyReply, row: ViewRow, action: AlertAction, body: ActionBody): Promise<Static<typeof Done>> {
  return once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const words = [body.result === undefined ? '' : callResults[body.result], body.note ?? ''].filter((t) => t !== '').join(' ');
    const input: RespondInput = {
      alertId: row.id as AlertId, action, actor: { type: 'user', id: caller.kind === 'user' ? caller.id : caller.actor, name: caller.name }, via: caller.kind === 'user' ? 'wall' : 'api', trace: request.id,
      ...(body.expectedVersion === undefined ? {} : { expectedVersion: body.expectedVersion }), ...(body.party === undefined ? {} : { party: body.party as Party }),
      ...(body.contact === undefined ? {} : { contact: body.contact }), ...(body.outcome === undefined ? {} : { outcome: body.outcome }),
      ...(words === '' ? {} : { note: words }), ...(body.tabId === undefined ? {} : { tabId: body.tabId }), ...(body.until === undefined ? {} : { until: body.until }),
    };
    const result = await ctx.respond(input);
    // Done is done, and stands in the alert's own log: an audit that fails is an error to look at, not an answer to the operator.
    await ctx.audit({
      actor: caller.actor, action: `alert.${action}`, target: `alert:${row.id}`, result: result.kind === 'ok' ? 'ok' : result.kind === 'conflict' ? 'conflict' : 'failed',
      detail: { trace: request.id, ...(body.outcome === undefined ? {} : { outcome: body.outcome }), ...(body.party === undefined ? {} : { party: body.party }), ...(body.until === undefined ? {} : { until: body.until }) },
    }).catch((error: unknown) => ctx.log.error({ err: error, alertId: row.id, action, trace: request.id }, 'an action is not in the audit'));
    ctx.log.info({ alertId: row.id, action, result: result.kind, trace: request.id }, 'alert action');
    switch (result.kind) {
      case 'ok': return { ok: true as const, id: row.id, state: result.state as Static<typeof StateName>, version: result.version };
      case 'not-found': throw nothing();
      case 'invalid': throw invalid(result.fields);
      case 'conflict': {
        const by = result.by === null ? null : ((await displayNames(ctx.db, [result.by])).get(result.by) ?? result.by);
        const more = { by, at: result.at, state: result.state, version: result.version };
        throw new ApiError('E_CONFLICT', by === null ? 'The alert has changed since you saw it.' : `${by} was first.`, { more });
      }
    }
  });
}
