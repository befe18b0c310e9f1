/**
 * Commands to one device, by hand: a test call, its light, its voice for the desk; settings and a restart for those who keep devices.
 * The answer means written; an edge that has the device sends it, and what it says is read here. Audited.
 */
import { type Static, Type } from 'typebox';
import { commandArgs } from '#core/command-args.ts';
import { limits } from '#core/limits.ts';
import { type CommandName, commandNames, commandsOfDevice, countOpenCommands, insertCommands } from '#store/commands.ts';
import { alertActors, callerOf } from '#web/access.ts';
import { CommandView } from '#web/alert-schemas.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { change, deviceReaders, deviceWriters } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';
import { scopedDevice } from './devices.ts';

const tags = ['devices'];
const writers = [...new Set([...deviceWriters, ...alertActors])];
/** What changes the device itself is for those who keep devices: nobody restarts a radar out of an alarm. */
const keepersOnly: ReadonlySet<CommandName> = new Set(['config', 'reboot']);
const Body = Shape({
  name: OneOf(commandNames), args: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'voice: {"text"}; led: {"mode":"off|slow|steady"}; config: the device’s own keys' })),
  validS: Type.Optional(Type.Integer({ minimum: 5, maximum: 86_400, description: 'how long it may wait for the device, in seconds' })),
});

export function registerCommands(app: App, ctx: WebContext): void {
  app.post('/api/v1/devices/:id/commands', {
    config: { access: writers },
    schema: { summary: 'Send a command down to the device: now if it is connected, else when it connects in time. Audited.', tags, params: IdParams, headers: IdempotencyHeaders, body: Body, response: { 201: CommandView, ...errorAnswers } },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    const { name, args = {}, validS } = request.body;
    if (keepersOnly.has(name) && !deviceWriters.includes(caller.role)) throw new ApiError('E_FORBIDDEN', 'Settings and restarts are for those who keep devices.');
    const problem = commandArgs(name, args as Record<string, unknown>);
    if (problem !== null) throw invalid([problem]);
    if (device.status === 'revoked') throw new ApiError('E_CONFLICT', 'The device is revoked.');
    const made = await change(ctx, async (sql) => {
      if (await countOpenCommands(sql, device.id) >= limits.commandsPerDevice) throw new ApiError('E_CONFLICT', `${limits.commandsPerDevice} commands of this device are waiting already.`);
      const [id] = await insertCommands(sql, ctx.seal, [{ deviceId: device.id, alertId: null, name, say: null, args: args as Record<string, unknown>, shown: false, by: caller.actor, validMs: validS === undefined ? limits.commandValidMs : validS * 1000, trace: request.id }]);
      return { result: id, audit: [{ actor: caller.actor, action: 'device.command', target: `device:${device.id}`, result: 'ok', detail: { command: id, name } }] };
    });
    reply.code(201);
    return (await commandsOfDevice(ctx.db, ctx.seal, device.id, limits.commandsPerDevice)).find((c) => c.id === made) as Static<typeof CommandView>;
  }));

  app.get('/api/v1/devices/:id/commands', {
    config: { access: deviceReaders }, schema: { summary: 'The newest commands of the device, and what became of them', tags, params: IdParams, response: { 200: Shape({ commands: Type.Array(CommandView) }), ...errorAnswers } },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    return { commands: (await commandsOfDevice(ctx.db, ctx.seal, device.id, 50)) as Static<typeof CommandView>[] };
  });
}
