/**
 * 安装验收 (FEATURES 2.3): the village's list for the day, the device in the hand, the beginning of an installation, a refusal, and what has
 * become of them. An installer sees his own, of his region; whatever proves anything is read from the store, never from what he sends.
 */
import { Type } from 'typebox';
import { planOf } from '#core/acceptance.ts';
import type { DeviceType } from '#core/decision.ts';
import { lifeOf } from '#core/device-life.ts';
import { installationStates, refusalReasons } from '#core/installation.ts';
import { inScope, newId } from '#core/ids.ts';
import { readScan } from '#core/label.ts';
import { limits } from '#core/limits.ts';
import { type Caller, may } from '#core/user.ts';
import { actingAs } from '#store/device-life.ts';
import { bookTest, findRegistered, type RegisteredDevice, updateDevice } from '#store/device-registry.ts';
import { homeKeys } from '#store/homes.ts';
import { deviceByCode, holdDevice, installModels, visitHomes } from '#store/installation-lists.ts';
import { findByKey, insertInstallation, type Installation, listInstallations, moveInstallation, openEmergencyOf, runningOf, saveSignature } from '#store/installations.ts';
import type { Sql } from '#store/pool.ts';
import { callerOf, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { planMs, stepViews } from '#web/installation-look.ts';
import { type CertificateAnswer, answerFor, InstallationView, installationView, StepOfPlan, WordsView } from '#web/installation-view.ts';
import { certificateOf } from '#web/certificate.ts';
import { pictureOf, requiredKey, SignatureBody } from '#web/installation-input.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { change, collectProblems, listPrefix, nothing, placeNames, shownName, versionConflict } from '#web/registry.ts';
import { checkBinding, readBindings } from '#web/registry-checks.ts';
import { OwnId } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, IdempotencyHeaders, IdText, Nullable, OneOf, Place, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['installations'];
const PlanView = Shape({ model: Type.String(), type: Type.String(), name: Type.String(), twoWay: Type.Boolean(), steps: Type.Array(Shape(StepOfPlan)), probation: Type.Array(WordsView), onSiteMs: Type.Integer({ description: 'the longest that the steps take one after the other' }) });
const DeviceState = Nullable(OneOf(installationStates));
const HomeOfList = Shape({
  homeId: Type.String(), regionCode: RegionCodeText, ...Place, place: Nullable(Type.String()), roadEnd: Nullable(Type.String()), walkMinutes: Nullable(Type.Integer()), dog: Type.Boolean(), lat: Nullable(Type.Number()), lon: Nullable(Type.Number()), crs: Type.String(),
  people: Type.Array(Shape({ personId: Type.String(), name: Type.String({ description: 'masked' }), special: Type.Boolean() })), devices: Type.Array(Shape({ deviceId: Type.String(), model: Type.String(), room: Nullable(Type.String()), installationId: Nullable(Type.String()), state: DeviceState })),
  state: OneOf(['not-visited', ...installationStates]), installationId: Nullable(Type.String()),
});
const Room = Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 40 })));

export function registerInstallations(app: App, ctx: WebContext): void {
  const certificate = (i: Installation): Promise<CertificateAnswer> => certificateOf(ctx, i);
  registerLists(app, ctx, certificate);
  app.post('/api/v1/installations', {
    config: { access: may.install },
    schema: {
      summary: '开始安装: binds the device to the home and books its test mode; only what the store hears from now on is evidence. The key is kept with the row', tags, headers: IdempotencyHeaders,
      body: Shape({ deviceId: IdText, homeId: OwnId, personId: Type.Optional(Nullable(OwnId)), room: Room, at: Type.Optional(EpochMs) }), response: { 201: InstallationView, ...errorAnswers },
    },
  }, async (request, reply) => {
    const [caller, key] = [callerOf(request), requiredKey(request)];
    const id = await change(ctx, (sql) => begin(ctx, sql, caller, key, request.body));
    reply.code(201);
    return answerFor(ctx, caller, id, certificate);
  });
  app.post('/api/v1/installations/refusals', {
    config: { access: may.install },
    schema: {
      summary: '拒装: signed, with the reason', tags, headers: IdempotencyHeaders,
      body: Shape({ homeId: OwnId, personId: Type.Optional(Nullable(OwnId)), reason: OneOf(refusalReasons), note: Type.Optional(Type.String({ maxLength: 200 })), ...SignatureBody }), response: { 201: InstallationView, ...errorAnswers },
    },
  }, async (request, reply) => {
    const [caller, key] = [callerOf(request), requiredKey(request)];
    const { homeId, personId = null, reason, note, data, who, at } = request.body;
    const picture = pictureOf(data, limits.signatureBytes);
    const id = await change(ctx, async (sql) => {
      const known = await findByKey(sql, ctx.seal, caller.actor, key);
      if (known) return { result: sameVisit(known, { homeId, deviceId: null }), audit: [] };
      const home = await boundTo(sql, caller, { homeId, personId });
      const fresh = newId('i', 16);
      if (!(await insertInstallation(sql, { id: fresh, installer: caller.actor, key, state: 'refused', deviceId: null, homeId, personId, regionCode: home.regionCode, room: null, clientAt: at, demo: home.demo }))) throw conflict('running', 'The same refusal is being taken; send it again.');
      await saveSignature(sql, ctx.seal, fresh, { who, data: picture.data, clientAt: at });
      await moveInstallation(sql, ctx.seal, fresh, { state: 'refused', reasons: [reason], note: note ?? null, decided: true });
      return { result: fresh, audit: [{ actor: caller.actor, action: 'installation.refused', target: `installation:${fresh}`, result: 'ok' as const, detail: { homeId, personId, reason } }] };
    });
    reply.code(201);
    return answerFor(ctx, caller, id, certificate);
  });
}

function registerLists(app: App, ctx: WebContext, certificate: (i: Installation) => Promise<CertificateAnswer>): void {
  app.get('/api/v1/installations/profiles', {
    config: { access: may.readInstalls }, schema: { summary: 'Steps, waits and probation by model: at most eight minutes on site (F15)', tags, response: { 200: Shape({ profiles: Type.Array(PlanView) }), ...errorAnswers } },
  }, async () => ({
    profiles: (await installModels(ctx.db)).flatMap((m) => {
      const plan = planOf(m.type as DeviceType, m.graceS, m.voice);
      return plan === null ? [] : [{ model: m.id, type: m.type, name: m.name, twoWay: plan.steps.includes('voice'), steps: stepViews(plan), probation: [...plan.probation], onSiteMs: planMs(plan) }];
    }),
  }));
  app.get('/api/v1/installations/homes', {
    config: { access: may.install }, schema: { summary: 'The homes of a village by road, with what hangs there: for a telephone that will have no network. One audited look', tags, querystring: Shape({ village: RegionCodeText }), response: { 200: Shape({ homes: Type.Array(HomeOfList) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { village } = request.query;
    if (!inScope(village, caller.scopeCode)) throw nothing();
    const homes = await visitHomes(ctx.db, ctx.seal, village);
    const names = await placeNames(ctx.db, [village]);
    await ctx.audit({ actor: caller.actor, action: 'installation.list', target: `region:${village}`, result: 'ok', detail: { homes: homes.length, address: request.ip } });
    return { homes: homes.map((h) => ({ ...h, ...names(h.regionCode), people: h.people.map((p) => ({ ...p, name: shownName(caller, p.name) })), state: h.state ?? ('not-visited' as const) })) };
  });
  app.get('/api/v1/installations/device', {
    config: { access: may.install },
    schema: {
      summary: 'The device in the hand, by its id or serial number; one that hangs nowhere is shown to every installer', tags, querystring: Shape({ code: Type.String({ minLength: 1, maxLength: 200, description: 'as it was scanned or typed' }) }),
      response: { 200: Shape({ deviceId: Type.String(), model: Type.String(), type: Type.String(), life: Type.String(), homeId: Nullable(Type.String()), room: Nullable(Type.String()), profile: Nullable(PlanView) }), ...errorAnswers },
    },
  }, async (request) => {
    const scan = readScan(request.query.code);
    const id = await deviceByCode(ctx.db, scan?.kind === 'device' ? scan.id : scan?.kind === 'serial' ? scan.serial : request.query.code);
    const device = id === null ? null : await handedDevice(ctx.db, callerOf(request), id);
    if (!device) throw nothing();
    const model = (await installModels(ctx.db)).find((m) => m.id === device.model);
    const plan = model ? planOf(model.type as DeviceType, model.graceS, model.voice) : null;
    return {
      deviceId: device.id, model: device.model, type: device.type, life: lifeOf(device.status, device.ended), homeId: device.homeId, room: device.room,
      profile: plan === null || !model ? null : { model: model.id, type: model.type, name: model.name, twoWay: plan.steps.includes('voice'), steps: stepViews(plan), probation: [...plan.probation], onSiteMs: planMs(plan) },
    };
  });
  app.get('/api/v1/installations', {
    config: { access: may.readInstalls },
    schema: { summary: 'Installations of your scope, the newest first; an installer’s own', tags, querystring: Shape({ state: Type.Optional(OneOf(installationStates)), mine: Type.Optional(Type.Boolean()), village: Type.Optional(RegionCodeText), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.installRows })) }), response: { 200: Shape({ installations: Type.Array(InstallationView) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { state, mine, village, limit } = request.query;
    const prefix = listPrefix(caller, village);
    const rows = prefix === null ? [] : await listInstallations(ctx.db, ctx.seal, { prefix, installer: mine === true || caller.role === 'installer' ? caller.actor : null, state: state ?? null, limit: limit ?? 50 });
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { installations: await Promise.all(rows.map(async (i) => installationView(caller, names, i, null, await certificate(i)))) };
  });
  app.get('/api/v1/installations/:id', {
    config: { access: may.readInstalls }, schema: { summary: 'One installation, with what the store proves of it by now', tags, params: Shape({ id: IdText }), response: { 200: InstallationView, ...errorAnswers } },
  }, async (request) => answerFor(ctx, callerOf(request), request.params.id, certificate));
}

/** A device that somebody of this scope may have in his hand: of his regions, or bound to nothing yet. */
async function handedDevice(sql: Sql, caller: Caller, id: string): Promise<RegisteredDevice | null> {
  const device = await findRegistered(sql, id);
  return device && (device.regionCode === null || seesRegion(caller.scopeCode, device.regionCode)) ? device : null;
}

/** The home, which must be of the caller's scope, and the person one of it. */
async function boundTo(sql: Sql, caller: Caller, binding: { homeId: string; personId: string | null }): Promise<{ regionCode: string; demo: boolean }> {
  const problems = collectProblems(false);
  checkBinding({ caller, problems }, 0, binding, await readBindings(sql, [binding]));
  problems.throwIfAny();
  return (await homeKeys(sql, [binding.homeId])).get(binding.homeId) ?? Promise.reject(nothing());
}

/** A key that comes again names the same visit. */
function sameVisit(known: Installation, asked: { homeId: string; deviceId: string | null }): string {
  if (known.homeId !== asked.homeId || known.deviceId !== asked.deviceId) throw invalid([{ field: 'idempotency-key', expected: 'a key not used for another installation' }]);
  return known.id;
}

const conflict = (reason: string, message: string, more: Record<string, unknown> = {}): ApiError => new ApiError('E_CONFLICT', message, { more: { reason, ...more } });

type Begin = { deviceId: string; homeId: string; personId?: string | null; room?: string | null; at?: number };
async function begin(ctx: WebContext, sql: Sql, caller: Caller, key: string, { deviceId, homeId, personId = null, room, at }: Begin): Promise<{ result: string; audit: Parameters<WebContext['audit']>[0][] }> {
  const known = await findByKey(sql, ctx.seal, caller.actor, key);
  if (known) return { result: sameVisit(known, { homeId, deviceId }), audit: [] };
  await holdDevice(sql, deviceId);
  const device = await handedDevice(sql, caller, deviceId);
  if (!device) throw invalid([{ field: 'deviceId', expected: 'a device that is registered, and of your scope or bound to nothing' }]);
  const home = await boundTo(sql, caller, { homeId, personId });
  if (planOf(device.type as DeviceType, 60) === null) throw invalid([{ field: 'deviceId', expected: 'a device that reports by itself: a one-key telephone is proven by ringing it' }]);
  const life = lifeOf(device.status, device.ended);
  if (life !== 'stock' && life !== 'installed') throw conflict('life', `The device is ${life}.`, { life });
  const bound = device.homeId !== null || device.personId !== null;
  if (bound && (device.homeId !== homeId || device.personId !== personId)) throw conflict('bound-elsewhere', 'The device is bound elsewhere: move it first.');
  const running = await runningOf(sql, ctx.seal, deviceId);
  if (running) throw conflict('running', 'Another installation of this device is running.', running.installer === caller.actor ? { installationId: running.id } : {});
  const emergency = await openEmergencyOf(sql, homeId, deviceId);
  if (emergency !== null) throw conflict('emergency', 'An alert of this home is open: nobody rehearses into it.', { alertId: emergency });
  await actingAs(sql, caller.actor);
  const fits = { ...(bound ? {} : { homeId, personId }), ...(life === 'stock' ? { status: 'installed' as const } : {}), ...(room === undefined || room === device.room ? {} : { room }) };
  if (Object.keys(fits).length > 0 && (await updateDevice(sql, ctx.seal, deviceId, device.version, fits)) === null) throw versionConflict(device.version);
  await bookTest(sql, deviceId, limits.installTestMinutes * 60_000);
  const id = newId('i', 16);
  await insertInstallation(sql, { id, installer: caller.actor, key, state: 'begun', deviceId, homeId, personId, regionCode: home.regionCode, room: room ?? device.room, clientAt: at ?? null, demo: home.demo });
  await keepCopy(ctx, sql, [deviceId]);
  return { result: id, audit: [{ actor: caller.actor, action: 'installation.begin', target: `installation:${id}`, result: 'ok', detail: { deviceId, homeId, personId } }] };
}
