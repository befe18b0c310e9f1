/** Health of all roles together, the status strip of the wall, and the audit for those who check it. */
import { type Static, Type } from 'typebox';
import { canaryTrouble } from '#core/canary.ts';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { aggregateMetrics, aggregateReadiness, type Readiness } from '#ops/health.ts';
import { readCanary } from '#store/canary.ts';
import { readOpenSet } from '#store/alert-views.ts';
import { auditHead, listAudit, verifyAudit } from '#store/audit.ts';
import { countCannotHear, listCannotHear, listConsoles, readOldestUnclaimed, readSending } from '#store/county-status.ts';
import { maskName } from '#core/messages.ts';
import { alertReaders, callerOf, deskRoles, requireWholeCounty, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { readGateway } from '#web/gateway.ts';
import { type Figures, kpiOf } from '#web/kpi.ts';
import { Cursor, EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const Ready = Shape({ ready: Type.Boolean(), roles: Type.Array(Shape({ role: Type.String(), ready: Type.Boolean(), reasons: Type.Array(Type.String()) })) });
const Answer = Shape({
  since: EpochMs, count: Type.Integer({ description: 'answered' }), judged60s: Type.Integer({ description: 'answered, or not and its time is over: what the share counts against' }), within60s: Type.Integer(),
  judged180s: Type.Integer(), within180s: Type.Integer(), unanswered: Type.Integer(), selfCancelled: Type.Integer(), learning: Type.Integer({ description: 'felt by a device in its learning period' }), learningIn60s: Type.Integer({ description: 'of them, answered within 60 s' }), excluded: Type.Integer({ description: 'tests and drills' }),
  p50Ms: Nullable(Type.Number()), p90Ms: Nullable(Type.Number()),
  arrived: Type.Integer(), judged45m: Type.Integer({ description: 'arrived, or promised more than 45 min ago and not there' }), arrived45m: Type.Integer(), arrivalP50Ms: Nullable(Type.Number()),
}, '接警用时 of P1: commit to the first human step; 到场用时: commit to somebody at the door; tests and drills left out, self-cancelled ones and those of a learning period apart');
const Load = Shape({ userId: Type.String(), name: Type.String(), onDuty: Type.Boolean(), holding: Type.Integer({ description: 'open alerts taken' }), taken: Type.Integer({ description: 'taken in 24 h' }) });
const Flood = Shape({ active: Type.Boolean(), since: Nullable(EpochMs), lastTen: Type.Integer({ description: 'P1 to P3 of the last ten minutes' }), operators: Type.Integer({ description: 'on duty: a wall tab that beats' }) }, 'ISA-18.2: begins above 10 alarms in 10 min per operator on duty, ends below 5');
const Status = Shape({
  serverTime: EpochMs, open: Shape({ 1: Type.Integer(), 2: Type.Integer(), 3: Type.Integer(), 4: Type.Integer() }),
  oldestUnclaimed: Nullable(Shape({ id: Type.String(), kind: Type.String(), priority: Type.Integer(), openedAt: EpochMs, ageMs: Type.Number() })),
  cannotHear: Type.Integer({ description: 'persons whose every device is silent, offline or presumed unreachable' }),
  canary: Shape({
    state: OneOf(['good', 'failing', 'none'], '`none`: nothing was ever pressed'), okAt: Nullable(EpochMs), reason: Nullable(Type.String()), legs: Type.Record(Type.String(), Type.Number(), { description: 'milliseconds of the last good one' }),
  }, '链路自检: the house presses a button of its own every five minutes'),
  answer: Shape({ day: Answer, month: Answer }), flood: Flood, load: Type.Array(Load),
  gateway: Shape({ kind: OneOf(['standin', 'aliyun', 'http']), realPhones: Type.Boolean(), danger: Type.Boolean({ description: 'real elders are on file, but no real phone rings' }), demo: Type.Boolean() }),
  outbox: Shape({ due: Type.Integer(), oldestDueMs: Type.Number(), unknown: Type.Integer(), failed: Type.Integer() }),
  consoles: Type.Array(Shape({ name: Type.String(), visible: Nullable(Type.Boolean()), audio: Nullable(Type.String()), beatAt: EpochMs })),
});

export function registerOps(app: App, ctx: WebContext): void {
  const figures = kpiOf(ctx.db);
  app.get('/healthz', {
    config: { access: 'public' }, schema: { summary: 'This process answers', tags: ['ops'], response: { 200: Shape({ alive: Type.Literal(true) }) } },
  }, async () => ({ alive: true as const }));

  app.get('/readyz', {
    config: { access: 'public' }, schema: { summary: 'Every started role is ready; 503 with the reasons when not', tags: ['ops'], response: { 200: Ready, 503: Ready } },
  }, async (_request, reply) => {
    const readiness = await readHouse(ctx);
    reply.header('cache-control', 'no-store').code(readiness.ready ? 200 : 503);
    return readiness;
  });

  app.get('/metrics', {
    config: { access: 'local' }, schema: { summary: 'Prometheus figures of all roles', tags: ['ops'], produces: ['text/plain'], response: { 200: Type.String() } }, serializerCompiler: () => (data) => String(data),
  }, async (_request, reply) => {
    const peers = ctx.peers();
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    return peers.length > 0 ? aggregateMetrics(peers) : ctx.metrics.text();
  });

  app.get('/api/v1/status', {
    config: { access: alertReaders }, schema: { summary: 'The status strip: open alerts, answer times, who cannot be heard, the gateway, consoles', tags: ['alerts'], response: { 200: Status, ...errorAnswers } },
  }, async (request) => readStatus(ctx, figures, callerOf(request).scopeCode));

  app.get('/api/v1/status/cannot-hear', {
    config: { access: alertReaders },
    schema: {
      summary: '现在听不到: the people, those at risk first', tags: ['alerts'],
      response: { 200: Shape({ people: Type.Array(Shape({ personId: Type.String(), homeId: Type.String(), regionCode: RegionCodeText, name: Type.String(), highRisk: Type.Boolean(), lastSeenAt: Nullable(EpochMs), presumed: Type.Boolean() })) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const rows = await listCannotHear(ctx.db, scopePrefix(caller.scopeCode), limits.pageRows);
    const mask = (name: string): string => (deskRoles.has(caller.role) ? maskName(name) : `${[...name][0] ?? ''}**`);
    return { people: rows.map(({ nameEnc, ...row }) => ({ ...row, name: mask(ctx.seal.open('person.name', nameEnc)) })) };
  });
  app.get('/api/v1/live', {
    config: { access: alertReaders },
    schema: {
      summary: 'The live channel: a websocket (frames: src/core/live.ts)', tags: ['alerts'],
      description: 'Client: `hello` {epoch, lastSeq, tabId} first, then `beat` {tabId, visible, audio, lastSeq}. Server: `snapshot`, `alert` (with `seq`, and `prev` where rows out of scope were left out), `presence`, `beat`. With `?view=public` names, places and positions as a visitor may see them, whoever asks. Without an upgrade: 426.',
      response: { 101: Type.Null(), ...errorAnswers },
    },
  }, async () => { throw new ApiError('E_INVALID', 'This path is a websocket.', { status: 426, fields: [{ field: 'upgrade', expected: 'websocket' }] }); });
  registerAudit(app, ctx);
}

/** Readiness of every started role, and of the house as a whole. */
export async function readHouse(ctx: WebContext): Promise<Readiness> {
  const peers = ctx.peers();
  const readiness = peers.length > 0 ? await aggregateReadiness(peers) : { ready: true, roles: [] };
  const gateway = await readGateway(ctx.db, ctx.settings).catch(() => null);
  const reasons = gateway === null ? ['the database does not answer'] : gateway.danger ? ['no real phone rings: real elders are on file and the gateway is the stand-in (ANLING_GATEWAY)'] : [];
  return reasons.length === 0 ? readiness : { ready: false, roles: [...readiness.roles, { role: 'house', ready: false, reasons }] };
}

async function canaryStatus(ctx: WebContext): Promise<Static<typeof Status>['canary']> {
  const state = await readCanary(ctx.db);
  if (state === null) return { state: 'none', okAt: null, reason: null, legs: {} };
  const reason = canaryTrouble(state);
  return { state: reason === null ? (state.okAt === null ? 'none' : 'good') : 'failing', okAt: state.okAt, reason, legs: state.legs as Record<string, number> };
}

async function readStatus(ctx: WebContext, figures: Figures, scopeCode: string): Promise<Static<typeof Status>> {
  const prefix = scopePrefix(scopeCode);
  const set = await readOpenSet(ctx.db);
  const open = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const alert of set.open) if (seesRegion(scopeCode, alert.regionCode)) open[alert.priority]++;
  const unheard = await countCannotHear(ctx.db);
  const kpi = await figures(prefix);
  return {
    serverTime: set.now, open, oldestUnclaimed: await readOldestUnclaimed(ctx.db, prefix),
    cannotHear: unheard.reduce((sum, r) => sum + (seesRegion(scopeCode, r.code) ? r.count : 0), 0),
    canary: await canaryStatus(ctx), answer: { day: kpi.day, month: kpi.month }, flood: kpi.flood, load: kpi.load,
    gateway: await readGateway(ctx.db, ctx.settings), outbox: await readSending(ctx.db), consoles: await listConsoles(ctx.db, prefix),
  };
}

function registerAudit(app: App, ctx: WebContext): void {
  const Row = Shape({ id: Type.String(), at: EpochMs, actor: Type.String(), action: Type.String(), target: Nullable(Type.String()), result: Type.String(), detail: Type.Object({}, { additionalProperties: true }) });
  const filter = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));
  app.get('/api/v1/audit', {
    config: { access: ['admin', 'auditor'] },
    schema: {
      summary: 'The audit, newest first', tags: ['audit'],
      querystring: Shape({ actor: filter, action: filter, target: filter, cursor: Type.Optional(Cursor), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })) }),
      response: { 200: Shape({ rows: Type.Array(Row), next: Nullable(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    const { actor, action, target, cursor, limit = 100 } = request.query;
    const before = cursor !== undefined && /^\d{1,18}$/.test(cursor) ? cursor : undefined;
    const rows = await listAudit(ctx.db, { limit, ...(before ? { before } : {}), ...(actor ? { actor } : {}), ...(action ? { action } : {}), ...(target ? { target } : {}) });
    return { rows, next: rows.length === limit ? (rows.at(-1)?.id ?? null) : null };
  });

  app.post('/api/v1/audit/verify', {
    config: { access: ['admin', 'auditor'] },
    schema: {
      summary: 'Walk the whole chain; an anchor noted outside the database finds a cut tail too', tags: ['audit'],
      body: Shape({ anchor: Type.Optional(Shape({ id: Type.String({ pattern: '^[0-9]{1,18}$' }), hash: Type.String({ pattern: '^[0-9a-f]{2,64}$' }) })) }),
      response: { 200: Shape({ ok: Type.Boolean(), rows: Type.Optional(Type.Integer()), hash: Type.Optional(Type.String()), firstBad: Type.Optional(Type.String()), why: Type.Optional(Type.String()) }), ...errorAnswers },
    },
  }, async (request) => {
    requireWholeCounty(callerOf(request));
    const verdict = await verifyAudit(ctx.db, ctx.seal, request.body.anchor);
    ctx.log.info({ ok: verdict.ok, head: await auditHead(ctx.db) }, 'audit verified');
    return verdict;
  });
}
