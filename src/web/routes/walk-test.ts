/** 走测 (2.3, F7): begun, led from room to room and ended over the API; which devices hang in each other's rooms; and the act that puts the file right. */
import { type Static, Type } from 'typebox';
import { limits } from '#core/limits.ts';
import type { Caller } from '#core/user.ts';
import { walkKinds, walkResult, walkVerdicts } from '#core/walk-test.ts';
import { actingAs } from '#store/device-life.ts';
import { bookTests } from '#store/test-calls.ts';
import { readNow } from '#store/timers.ts';
import { beginWalk, endWalk, lastWalk, sightings, stepWalk, swapRooms, walkDevices } from '#store/walk-tests.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, deviceReaders, deviceWriters } from '#web/registry.ts';
import { keepCopy } from '#web/registration-copy.ts';
import { IdParams, OwnId } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, Ok, OneOf, Shape } from '#web/schemas.ts';
import { scopedHome } from './homes.ts';

const tags = ['devices'];
const Room = Type.String({ minLength: 1, maxLength: 40, pattern: '\\S', description: 'a room' });
const View = Shape({
  at: EpochMs, devices: Type.Integer({ description: 'that feel somebody by themselves' }), rooms: Type.Array(Type.String(), { description: 'of these devices, as the file has them' }),
  walk: Nullable(Shape({
    begunAt: EpochMs, until: EpochMs, endedAt: Nullable(EpochMs), running: Type.Boolean(), steps: Type.Array(Shape({ room: Type.String(), at: EpochMs })),
    result: Shape({
      kind: OneOf(walkKinds), swaps: Type.Array(Shape({ a: Type.String(), b: Type.String() })),
      devices: Type.Array(Shape({ id: Type.String(), type: Type.String(), room: Nullable(Type.String()), verdict: OneOf(walkVerdicts), seenIn: Nullable(Type.String()), sightings: Type.Integer() })),
    }),
  })),
});

/** The home's newest walk with what its devices have seen so far. */
async function viewOf(ctx: WebContext, homeId: string): Promise<Static<typeof View>> {
  const [walk, devices, now] = [await lastWalk(ctx.db, homeId), await walkDevices(ctx.db, homeId), Math.round(await readNow(ctx.db))];
  const rooms = [...new Set(devices.flatMap((d) => (d.room === null ? [] : [d.room])))];
  if (walk === null) return { at: now, devices: devices.length, rooms, walk: null };
  const endAt = Math.round(Math.min(walk.endedAt ?? walk.until, walk.until, now));
  const seen = await sightings(ctx.db, devices.map((d) => d.id), walk.begunAt, endAt);
  const { kind, swaps, devices: found } = walkResult(devices, walk.steps, endAt, seen);
  const types = new Map(devices.map((d) => [d.id, d.type]));
  return {
    at: now, devices: devices.length, rooms,
    walk: {
      begunAt: walk.begunAt, until: walk.until, endedAt: walk.endedAt, running: walk.endedAt === null && walk.until > now, steps: walk.steps,
      result: { kind, swaps, devices: found.map((d) => ({ id: d.id, type: types.get(d.id) ?? '', room: d.room, verdict: d.verdict, seenIn: d.seenIn, sightings: d.sightings })) },
    },
  };
}

export function registerWalkTest(app: App, ctx: WebContext): void {
  app.get('/api/v1/homes/:id/walk-test', {
    config: { access: deviceReaders }, schema: { summary: '走测: the newest walk through a home, and what its devices saw: right, swapped, elsewhere, or too little to say', tags, params: IdParams, response: { 200: View, ...errorAnswers } },
  }, async (request) => viewOf(ctx, (await scopedHome(ctx, callerOf(request), request.params.id)).id));
  app.post('/api/v1/homes/:id/walk-test', {
    config: { access: deviceWriters },
    schema: {
      summary: `begin: its devices are in test mode (安装调试) meanwhile, at most ${limits.walkMinutes} minutes; step: “I am in this room now”; stay a minute or two in each; end: I have done`, tags, params: IdParams,
      body: Shape({ act: OneOf(['begin', 'step', 'end']), room: Type.Optional(Room) }), response: { 200: View, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { act, room } = request.body;
    const home = await scopedHome(ctx, caller, request.params.id);
    if ((act === 'step') !== (room !== undefined)) throw invalid([{ field: 'room', expected: act === 'step' ? 'the room in which you are' : 'no room: only a step has one' }]);
    await actOnWalk(ctx, caller, home.id, act, room?.trim() ?? '');
    return viewOf(ctx, home.id);
  });
  app.post('/api/v1/homes/:id/swap-rooms', {
    config: { access: deviceWriters },
    schema: {
      summary: 'Two devices of a home hang in each other’s rooms: the file is put right, both histories have it. What you saw guards: other rooms by now are 409', tags, params: IdParams,
      body: Shape({ a: OwnId, roomOfA: Room, b: OwnId, roomOfB: Room }), response: { 200: Ok, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const { a, roomOfA, b, roomOfB } = request.body;
    const home = await scopedHome(ctx, caller, request.params.id);
    if (a === b) throw invalid([{ field: 'b', expected: 'another device' }]);
    await change(ctx, async (sql) => {
      await actingAs(sql, caller.actor);
      if (!(await swapRooms(sql, home.id, { id: a, room: roomOfA }, { id: b, room: roomOfB }))) throw new ApiError('E_CONFLICT', 'Nothing was changed: they do not hang in this home in these rooms any more.');
      await keepCopy(ctx, sql, [a, b]);
      return { result: null, audit: [{ actor: caller.actor, action: 'device.swap-rooms', target: `home:${home.id}`, result: 'ok', detail: { a, b, roomOfA, roomOfB } }] };
    });
    return { ok: true as const };
  });
}

async function actOnWalk(ctx: WebContext, caller: Caller, homeId: string, act: 'begin' | 'step' | 'end', room: string): Promise<void> {
  await change(ctx, async (sql) => {
    if (act === 'begin') {
      const devices = await walkDevices(sql, homeId);
      if (devices.length === 0) throw new ApiError('E_CONFLICT', 'Nothing in this home feels somebody by itself.');
      await beginWalk(sql, homeId, caller.actor);
      // One that an installer has in test mode already keeps his time.
      await bookTests(sql, devices.filter((d) => !d.inTest).map((d) => d.id), limits.walkMinutes * 60_000);
    } else if (!(act === 'step' ? await stepWalk(sql, homeId, room) : await endWalk(sql, homeId))) throw new ApiError('E_CONFLICT', 'No walk test runs in this home: begin one.');
    return { result: null, audit: act === 'step' ? [] : [{ actor: caller.actor, action: `walk-test.${act}`, target: `home:${homeId}`, result: 'ok' }] };
  });
}
