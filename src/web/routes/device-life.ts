/** The life of a device: in stock, installed, lost, retired, another in its place, and back; where it has been and who came after it (FEATURES F7). */
import { Type } from 'typebox';
import { actsOf, deviceLives, type LifeAct, lifeOf } from '#core/device-life.ts';
import { actingAs, actOnLife, lifeHistory, type LifeDone, replaceDevice } from '#store/device-life.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, deviceReaders, deviceWriters, nothing } from '#web/registry.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { IdParams, OwnId } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { scopedDevice } from './devices.ts';

const tags = ['devices'];
const acts = ['install', 'store', 'lose', 'retire', 'restock'] as const satisfies readonly LifeAct[];
const Life = OneOf(deviceLives);
const Chain = Type.Array(Shape({ id: Type.String(), at: EpochMs }));

/** The other half of an act that the state machine refuses, in words; the device has not changed. */
function refused(done: Extract<LifeDone, { done: false }>): ApiError {
  if (done.why === 'life') return new ApiError('E_CONFLICT', `Not from where it is: the device is ${done.life}.`, { more: { life: done.life, acts: actsOf(done.life) } });
  const expected = done.why === 'self' ? 'another device' : done.why === 'by-life' ? `a device in stock or installed, not one that is ${done.life}` : 'a device that hangs nowhere yet: this one is bound to a home or a person';
  return invalid([{ field: 'by', expected }]);
}

export function registerDeviceLife(app: App, ctx: WebContext): void {
  app.get('/api/v1/devices/:id/life', {
    config: { access: deviceReaders },
    schema: {
      summary: 'Where a device has been, what it was, who came after it and in whose place it came, the newest first; and what may be done with it now', tags, params: IdParams,
      response: { 200: Shape({
        life: Life, acts: Type.Array(OneOf([...acts, 'revoke', 'replace'])), replaces: Chain, replacedBy: Chain,
        lines: Type.Array(Shape({ at: EpochMs, life: Life, homeId: Nullable(Type.String()), personId: Nullable(Type.String()), room: Nullable(Type.String()), replacedBy: Nullable(Type.String()), actor: Nullable(Type.String({ description: 'as the audit has it; null: the house itself' })) })),
      }), ...errorAnswers },
    },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    const life = lifeOf(device.status, device.ended);
    return { life, acts: actsOf(life), ...(await lifeHistory(ctx.db, device.id)) };
  });
  app.post('/api/v1/devices/:id/life', {
    config: { access: deviceWriters },
    schema: {
      summary: 'lose, retire: refused from now on, its session ends. restock: back in stock, bound to nothing, and its old secret never opens a door again. install, store: in use or on the shelf', tags, params: IdParams,
      body: Shape({ act: OneOf(acts) }), response: { 200: Shape({ id: Type.String(), life: Life }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    const { act } = request.body;
    return change(ctx, async (sql) => {
      await actingAs(sql, caller.actor);
      const done = await actOnLife(sql, device.id, act, ctx.seal.secretHash);
      if (done === null) throw nothing();
      if (!done.done) throw refused(done);
      await keepCopy(ctx, sql, [device.id]);
      return { result: { id: device.id, life: done.life }, audit: [{ actor: caller.actor, action: `device.${act}`, target: `device:${device.id}`, result: 'ok', detail: { life: done.life, homeId: device.homeId, personId: device.personId } }] };
    });
  });
  app.post('/api/v1/devices/:id/replace', {
    config: { access: deviceWriters },
    schema: {
      summary: 'Another device takes its place: the same home, person and room. The old one is refused from now on; its alerts and its history stay', tags, params: IdParams,
      body: Shape({ by: OwnId }), response: { 200: Shape({ id: Type.String(), life: Life, by: Type.String() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    const { by } = request.body;
    await scopedDevice(ctx, caller, by).catch(() => { throw invalid([{ field: 'by', expected: 'a device of your scope' }]); });
    return change(ctx, async (sql) => {
      await actingAs(sql, caller.actor);
      const done = await replaceDevice(sql, device.id, by);
      if (done === null) throw nothing();
      if (!done.done) throw refused(done);
      await keepCopy(ctx, sql, [device.id, by]);
      return { result: { id: device.id, life: done.life, by }, audit: [{ actor: caller.actor, action: 'device.replace', target: `device:${device.id}`, result: 'ok', detail: { by, life: done.life, homeId: device.homeId, personId: device.personId } }] };
    });
  });
}
