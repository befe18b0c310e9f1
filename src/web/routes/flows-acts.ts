/**
 * What flows add (C11): an event of at most P2, a note, a text to a team, a command to a device; each in its window, audited. There is no call by
 * which they could take, delay, shelve or close an alert.
 */
import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type FlowAct, actOf } from '#core/flow-acts.ts';
import { commandArgs } from '#core/command-args.ts';
import { limits } from '#core/limits.ts';
import { type CommandName, countOpenCommands, insertCommands } from '#store/commands.ts';
import { findRegistered } from '#store/device-registry.ts';
import { noteAct } from '#store/flow-trials.ts';
import { addFlowNote, takeUse, teamOf } from '#store/flows.ts';
import { seenHome, seenPeople } from '#store/flows-look.ts';
import { insertOutbox } from '#store/outbox-insert.ts';
import { hint, type Sql } from '#store/pool.ts';
import { insertHouseEvents } from '#store/supervision.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { flowsActor } from '#web/flows-token.ts';
import { change, nothing } from '#web/registry.ts';
import { AlertIdText, errorAnswers, IdText, Ok, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';
import { scopePrefix } from '#core/ids.ts';

const tags = ['flows'];
const Flow = Type.String({ minLength: 1, maxLength: 80, description: 'the flow that asks, for the timeline and the audit' });
const teamRoles = ['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'shift-leader', 'duty-leader'] as const;
const commands = ['led', 'voice', 'test-call'] as const;

export function registerFlowsActs(app: App, ctx: WebContext): void {
  const take = async (what: string, n: number, max: number, windowMs: number): Promise<void> => {
    const leftMs = await takeUse(ctx.db, what, n, max, windowMs);
    if (leftMs !== null) throw new ApiError('E_RATE_LIMITED', `Flows may do ${max} of these in ${windowMs / 60_000} minutes.`, { more: { retryAfterS: Math.ceil(leftMs / 1000) } });
  };
  const config = { access: 'flows' as const };
  /** What was done, for trials to be compared with. */
  const did = (sql: Sql, request: FastifyRequest): Promise<void> => { const body = request.body as Record<string, unknown>; return noteAct(sql, ctx.seal, String(body['flow']), actOf(request.url.split('?')[0] ?? '', body) as FlowAct); };

  app.post('/api/v1/flows/events', {
    config,
    schema: {
      summary: 'Raise 自定规则 on a person, a home or a device: P2, P3 or P4, at the desk only', tags,
      body: Shape({ flow: Flow, note: Type.String({ minLength: 1, maxLength: 200 }), priority: Type.Optional(Type.Integer({ minimum: 2, maximum: 4, description: '2 (default), 3 or 4: an emergency is not for flows' })), personId: Type.Optional(IdText), homeId: Type.Optional(IdText), deviceId: Type.Optional(IdText) }), response: { 201: Ok, ...errorAnswers },
    },
  }, async (request, reply) => {
    const { flow, note, priority = 2, personId, homeId, deviceId } = request.body;
    if ([personId, homeId, deviceId].filter((id) => id !== undefined).length !== 1) throw invalid([{ field: 'personId', expected: 'exactly one of personId, homeId, deviceId' }]);
    const device = deviceId === undefined ? null : await findRegistered(ctx.db, deviceId);
    const [person] = personId === undefined ? [] : await seenPeople(ctx.db, ctx.seal, { ids: [personId], homeId: null, prefix: '', only: 'all', rows: 1 });
    const home = homeId === undefined ? null : await seenHome(ctx.db, homeId);
    if (!device && !person && !home) throw nothing();
    await take('raise', 1, limits.flowsRaises, limits.flowsRaisesMs);
    await change(ctx, async (sql) => {
      await insertHouseEvents(sql, ctx.seal, [{
        kind: 'flow', edge: 'raise', trace: request.id, deviceId: device?.id ?? null, homeId: home?.id ?? person?.homeId ?? device?.homeId ?? null, personId: person?.id ?? device?.personId ?? null,
        data: { flow, note: `${flow}:${note}`, priority, ...(device && !device.personId && !device.homeId ? { subject: { type: 'device', id: device.id } } : {}) },
      }]);
      await did(sql, request);
      return { result: null, audit: [{ actor: flowsActor, action: 'flow.raise', target: `${device ? 'device' : person ? 'person' : 'home'}:${device?.id ?? person?.id ?? home?.id}`, result: 'ok', detail: { flow, priority } }] };
    });
    reply.code(201);
    return { ok: true as const };
  });

  app.post('/api/v1/flows/alerts/:id/notes', {
    config, schema: { summary: 'A line on an alert’s timeline; nothing else of the alert changes', tags, params: Shape({ id: AlertIdText }), body: Shape({ flow: Flow, note: Type.String({ minLength: 1, maxLength: 500 }) }), response: { 201: Ok, ...errorAnswers } },
  }, async (request, reply) => {
    const { flow, note } = request.body;
    await take('note', 1, limits.flowsRaises, limits.flowsRaisesMs);
    await ctx.db.tx(async (sql) => { if (!(await addFlowNote(sql, ctx.seal, request.params.id, note, flow))) throw nothing(); await did(sql, request); });
    reply.code(201);
    return { ok: true as const };
  });

  app.post('/api/v1/flows/notify', {
    config,
    schema: { summary: 'The registered text 设备通知 to a team of a region: the county’s words go through a webhook', tags, body: Shape({ flow: Flow, region: RegionCodeText, roles: Type.Array(OneOf(teamRoles), { minItems: 1, maxItems: teamRoles.length }), count: Type.Optional(Type.Integer({ minimum: 1, maximum: 999 })) }), response: { 200: Shape({ told: Type.Integer() }), ...errorAnswers } },
  }, async (request) => {
    const { flow, region, roles, count = 1 } = request.body;
    const team = await teamOf(ctx.db, scopePrefix(region), roles, limits.flowsTeam);
    if (team.length > 0) await take('notify', team.length, limits.flowsTexts, limits.flowsTextsMs);
    await change(ctx, async (sql) => {
      await insertOutbox(sql, ctx.seal, team.map((m) => ({ alertId: null, party: m.party as never, channel: 'sms' as const, template: 'notices' as const, params: { n: String(count) }, to: ctx.seal.open('responder.phone', m.phoneEnc), toBidx: m.phoneBidx, priority: 4, purpose: 'notice' as const, round: null, step: null, slip: null, trace: request.id, demo: m.demo })));
      if (team.length > 0) await hint(sql, ['anling_outbox']);
      await did(sql, request);
      return { result: null, audit: [{ actor: flowsActor, action: 'flow.notify', target: `region:${region}`, result: 'ok', detail: { flow, told: team.length } }] };
    });
    return { told: team.length };
  });

  app.post('/api/v1/flows/devices/:id/commands', {
    config, schema: { summary: 'A command to one device: its light, its voice, a test call', tags, params: Shape({ id: IdText }), body: Shape({ flow: Flow, name: OneOf(commands), args: Type.Optional(Type.Object({}, { additionalProperties: true })) }), response: { 201: Shape({ id: Type.String() }), ...errorAnswers } },
  }, async (request, reply) => {
    const { flow, name, args = {} } = request.body as Static<ReturnType<typeof Shape>> & { flow: string; name: CommandName; args?: Record<string, unknown> };
    const device = await findRegistered(ctx.db, request.params.id);
    if (!device) throw nothing();
    const problem = commandArgs(name, args);
    if (problem !== null) throw invalid([problem]);
    if (device.status === 'revoked') throw new ApiError('E_CONFLICT', 'The device is revoked.');
    await take('command', 1, limits.flowsCommands, limits.flowsCommandsMs);
    const id = await change(ctx, async (sql) => {
      // A word to the elder of a live alarm goes first: half the places stay free for it.
      if (await countOpenCommands(sql, device.id) >= limits.commandsPerDevice / 2) throw new ApiError('E_CONFLICT', 'Commands of this device are waiting already.');
      const [made = ''] = await insertCommands(sql, ctx.seal, [{ deviceId: device.id, alertId: null, name, say: null, args, shown: false, by: flowsActor, validMs: limits.commandValidMs, trace: request.id }]);
      await did(sql, request);
      return { result: made, audit: [{ actor: flowsActor, action: 'device.command', target: `device:${device.id}`, result: 'ok', detail: { command: made, name, flow } }] };
    });
    reply.code(201);
    return { id };
  });
}
