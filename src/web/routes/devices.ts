/**
 * Devices: registering (the secret is in the answer once and nowhere else), binding, a new secret, revoking, test mode, lists
 * with what is proven of each (B6: registered is not online).
 */
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { actsOf, deviceLives, lifeAfter, lifeOf } from '#core/device-life.ts';
import { limits } from '#core/limits.ts';
import { phoneDigits } from '#core/phone.ts';
import { deviceStatuses } from '#core/registry.ts';
import type { Caller } from '#core/user.ts';
import {
  bookTest, findRegistered, insertDevices, listModels, listRegistered, type RegisteredDevice, replaceSecret, revokeDevice, updateDevice,
} from '#store/device-registry.ts';
import { actingAs } from '#store/device-life.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { bulkWriters, change, collectProblems, deviceReaders, deviceWriters, listPrefix, nothing, pageLimit, versionConflict } from '#web/registry.ts';
import { checkDoors } from '#web/door-checks.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { checkBinding, checkOneKeyPhone, checkSim, prepareDevices, readBindings } from '#web/registry-checks.ts';
import { bulkOf, Changed, DeviceBody, deviceFields, DeviceModelView, DeviceView, IdParams, Next, OwnId, pageQuery, patchOf, presenceNames, Secret } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Shape } from '#web/schemas.ts';
import { newSecret } from '#web/session.ts';

const tags = ['devices'];

/** The device in the caller's scope, else 404. */
export async function scopedDevice(ctx: WebContext, caller: Caller, id: string): Promise<RegisteredDevice> {
  const device = await findRegistered(ctx.db, id);
  if (!device) throw nothing();
  requireScope(caller, device.regionCode);
  return device;
}

export function registerDevices(app: App, ctx: WebContext): void {
  const create = (caller: Caller, rows: readonly Static<typeof DeviceBody>[], bulk: boolean): Promise<{ id: string; secret: string }[]> => change(ctx, async (sql) => {
    const problems = collectProblems(bulk);
    const made = await prepareDevices({ sql, seal: ctx.seal, caller, problems }, rows, newSecret);
    problems.throwIfAny();
    await actingAs(sql, caller.actor);
    await insertDevices(sql, ctx.seal, made.map((m) => m.device));
    const ids = made.map((m) => m.device.id);
    await keepCopy(ctx, sql, ids);
    return { result: made.map((m) => ({ id: m.device.id, secret: m.secret })), audit: [{ actor: caller.actor, action: 'device.register', result: 'ok', detail: { ids: ids.slice(0, 20), count: ids.length } }] };
  });
  // No idempotency key here: the kept answer would hold the secret. A repeated request with an own id is a 409.
  app.post('/api/v1/devices', {
    config: { access: deviceWriters },
    schema: { summary: 'Register a device; only the model is needed', tags, body: DeviceBody, response: { 201: Shape({ id: Type.String(), secret: Secret }), ...errorAnswers } },
  }, async (request, reply) => {
    const [made] = await create(callerOf(request), [request.body], false);
    reply.code(201);
    return { id: made?.id ?? '', secret: made?.secret ?? '' };
  });
  app.post('/api/v1/devices/bulk', {
    config: { access: bulkWriters }, bodyLimit: limits.bulkBytes,
    schema: {
      summary: 'Register up to 1,000 devices: all, or none with a report by line', tags, body: bulkOf(DeviceBody),
      response: { 201: Shape({ created: Type.Integer(), rows: Type.Array(Shape({ line: Type.Integer(), id: Type.String(), secret: Secret })) }), ...errorAnswers },
    },
  }, async (request, reply) => {
    const made = await create(callerOf(request), request.body.rows, true);
    reply.code(201);
    return { created: made.length, rows: made.map((m, i) => ({ line: i + 1, ...m })) };
  });
  registerReads(app, ctx);
  registerChanges(app, ctx);
  registerSecrets(app, ctx);
}

function registerReads(app: App, ctx: WebContext): void {
  app.get('/api/v1/devices', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Devices of your scope with their last proof of life', tags,
      querystring: Shape({
        ...pageQuery, homeId: Type.Optional(OwnId), personId: Type.Optional(OwnId), model: Type.Optional(Type.String({ maxLength: 64 })), status: Type.Optional(OneOf(deviceStatuses)), life: Type.Optional(OneOf(deviceLives, '`revoked`: refused for now; `replaced`, `lost`, `retired`: for good')),
        lowBattery: Type.Optional(Type.Boolean({ description: 'true: only those' })), presence: Type.Optional(OneOf(presenceNames, '`never-reported`: installed, past its class’s grace, never heard')),
        demo: Type.Optional(Type.Boolean({ description: 'only demonstration devices, or only real ones' })),
      }),
      response: { 200: Shape({ devices: Type.Array(DeviceView), ...Next }), ...errorAnswers },
    },
  }, async (request) => {
    const { q, region, cursor, limit, homeId, personId, model, status, life, presence, lowBattery, demo } = request.query;
    const prefix = listPrefix(callerOf(request), region);
    if (prefix === null) return { devices: [], next: null };
    const { rows, next } = await listRegistered(ctx.db, {
      prefix, q: q ?? null, after: cursor ?? null, limit: pageLimit(limit), homeId: homeId ?? null, personId: personId ?? null, model: model ?? null, status: status ?? null, life: life ?? null, presence: presence ?? null, lowBattery: lowBattery ?? false, demo: demo ?? null,
    });
    return { devices: rows as Static<typeof DeviceView>[], next };
  });
  app.get('/api/v1/devices/:id', {
    config: { access: deviceReaders }, schema: { summary: 'One device', tags, params: IdParams, response: { 200: DeviceView, ...errorAnswers } },
  }, async (request) => (await scopedDevice(ctx, callerOf(request), request.params.id)) as Static<typeof DeviceView>);
  app.get('/api/v1/device-models', {
    config: { access: deviceReaders }, schema: { summary: 'Models with their supervision class', tags, response: { 200: Shape({ models: Type.Array(DeviceModelView) }), ...errorAnswers } },
  }, async () => ({ models: await listModels(ctx.db) }));
}

function registerChanges(app: App, ctx: WebContext): void {
  app.patch('/api/v1/devices/:id', {
    config: { access: deviceWriters },
    schema: { summary: 'Bind, move or correct a device; `installed` begins its supervision anew', tags, params: IdParams, body: patchOf(deviceFields), response: { 200: Changed, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { version, ...given } = request.body;
    const device = await scopedDevice(ctx, caller, request.params.id);
    const next = await change(ctx, async (sql) => {
      const problems = collectProblems(false);
      const rebinds = given.homeId !== undefined || given.personId !== undefined;
      const { homeId: home = device.personId === null ? device.homeId : null, personId: person = given.homeId === undefined ? device.personId : null } = given;
      const binding = { homeId: home, personId: person };
      const { homeId } = rebinds ? checkBinding({ caller, problems }, 0, binding, await readBindings(sql, [binding])) : device;
      const life = lifeOf(device.status, device.ended);
      if (given.status !== undefined && given.status !== device.status && lifeAfter(life, given.status === 'installed' ? 'install' : 'store') === null) problems.add(0, 'status', `none: it is ${life}; what may be done with it: ${actsOf(life).join(', ')}`);
      checkSim(problems, 0, given.simUntil);
      if (given.phone != null) checkOneKeyPhone({ problems }, 0, device.type, given.phone, device.demo);
      await checkDoors({ sql, problems }, [{ ...given, door: given.door === undefined ? device.door : given.door, doorKey: given.doorKey === undefined ? device.doorKey : given.doorKey }], device.id);
      problems.throwIfAny();
      const { homeId: _h, personId: _p, status, phone, ...rest } = given;
      const patch = { ...rest, ...(phone === undefined ? {} : { phone: phone === null ? null : phoneDigits(phone) }), ...(status === undefined ? {} : { status }), ...(rebinds ? { homeId, personId: person } : {}) };
      await actingAs(sql, caller.actor);
      const result = await updateDevice(sql, ctx.seal, device.id, version, patch as Parameters<typeof updateDevice>[4]);
      if (result === null) throw versionConflict(device.version);
      await keepCopy(ctx, sql, [device.id]);
      return { result, audit: [{ actor: caller.actor, action: 'device.change', target: `device:${device.id}`, result: 'ok', detail: { fields: Object.keys(patch), ...(rebinds ? { homeId, personId: person } : {}) } }] };
    });
    return { id: device.id, version: next };
  });
  app.post('/api/v1/devices/:id/test', {
    config: { access: deviceWriters },
    schema: {
      summary: '安装调试: book test mode for some minutes (0 ends it); alarms are marked and shown, phones wait', tags, params: IdParams,
      body: Shape({ minutes: Type.Integer({ minimum: 0, maximum: limits.testMinutes }) }), response: { 200: Shape({ id: Type.String(), testUntil: Nullable(EpochMs) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    const { minutes } = request.body;
    const booked = await change(ctx, async (sql) => ({
      result: await bookTest(sql, device.id, minutes * 60_000),
      audit: [{ actor: caller.actor, action: 'device.test', target: `device:${device.id}`, result: 'ok', detail: { minutes } }],
    }));
    return { id: device.id, testUntil: minutes === 0 ? null : (booked?.testUntil ?? null) };
  });
}

function registerSecrets(app: App, ctx: WebContext): void {
  app.post('/api/v1/devices/:id/secret', {
    config: { access: deviceWriters }, schema: { summary: 'A new secret; the old one ends at once', tags, params: IdParams, body: Shape({}), response: { 200: Shape({ id: Type.String(), secret: Secret }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    const secret = newSecret();
    await change(ctx, async (sql) => {
      await actingAs(sql, caller.actor);
      if (!(await replaceSecret(sql, device.id, ctx.seal.secretHash(secret)))) throw new ApiError('E_CONFLICT', 'The device is revoked; set its status to installed first.');
      await keepCopy(ctx, sql, [device.id]);
      return { result: null, audit: [{ actor: caller.actor, action: 'device.secret', target: `device:${device.id}`, result: 'ok' }] };
    });
    return { id: device.id, secret };
  });
  app.post('/api/v1/devices/:id/revoke', {
    config: { access: deviceWriters }, schema: { summary: 'Refuse the device from now on; its session is ended', tags, params: IdParams, body: Shape({}), response: { 200: Ok, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    await change(ctx, async (sql) => {
      await actingAs(sql, caller.actor);
      const done = await revokeDevice(sql, device.id);
      if (done) await keepCopy(ctx, sql, [device.id]);
      return { result: null, audit: done ? [{ actor: caller.actor, action: 'device.revoke', target: `device:${device.id}`, result: 'ok' }] : [] };
    });
    return { ok: true as const };
  });
}
