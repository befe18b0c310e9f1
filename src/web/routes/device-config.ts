/** Desired and reported settings of one device: read, changed (each setting told to the device until it reports it), audited by their names. */
import { type Static, Type } from 'typebox';
import { settingNames, settingProblem } from '#core/device-config.ts';
import { configurable, desireSettings, readSettings } from '#store/device-config.ts';
import { callerOf } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, deviceReaders, deviceWriters, nothing } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';
import { scopedDevice } from './devices.ts';

const tags = ['devices'];
const Setting = Shape({
  name: OneOf(settingNames), expected: Type.String(), desired: Type.Unknown(), desiredAt: Nullable(EpochMs), desiredBy: Nullable(Type.String()), reported: Type.Unknown(), reportedAt: Nullable(EpochMs),
  state: Nullable(OneOf(['agreed', 'sent', 'waiting', 'refused', 'expired', 'own'], 'null: nobody has said anything')),
});
const Answer = Shape({ settings: Type.Array(Setting) });

export function registerDeviceConfig(app: App, ctx: WebContext): void {
  const shown = async (id: string): Promise<Static<typeof Answer>> => {
    const d = await configurable(ctx.db, id);
    if (!d) throw nothing();
    return { settings: (await readSettings(ctx.db, ctx.seal, id, d)) as Static<typeof Setting>[] };
  };
  app.get('/api/v1/devices/:id/config', {
    config: { access: deviceReaders }, schema: { summary: 'What this device should be and what it says it is, setting by setting', tags, params: IdParams, response: { 200: Answer, ...errorAnswers } },
  }, async (request) => {
    const device = await scopedDevice(ctx, callerOf(request), request.params.id);
    const answer = await shown(device.id);
    // Numbers to call are personal data: who only reads sees that there are some.
    return deviceWriters.includes(callerOf(request).role) ? answer : { settings: answer.settings.map((s) => (s.name === 'callNumbers' ? { ...s, desired: masked(s.desired), reported: masked(s.reported) } : s)) };
  });
  app.put('/api/v1/devices/:id/config', {
    config: { access: deviceWriters },
    schema: {
      summary: 'Desire settings: each is told to the device until it reports it, refuses it, or seven days have passed; null takes a wish back. What is not named stays. Audited.', tags, params: IdParams,
      body: Shape({ desired: Type.Object({}, { additionalProperties: true, description: 'heartbeatS, volume, fallSensitivity, callNumbers, confirmWindowS: those that change' }) }), response: { 200: Answer, ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const device = await scopedDevice(ctx, caller, request.params.id);
    if (device.status === 'revoked') throw new ApiError('E_CONFLICT', 'The device is revoked.');
    const desired = request.body.desired as Record<string, unknown>;
    const d = await configurable(ctx.db, device.id);
    if (!d) throw nothing();
    const names = settingNames.filter((name) => Object.hasOwn(desired, name));
    const problems = [
      ...Object.keys(desired).filter((name) => !(settingNames as readonly string[]).includes(name)).map((name) => ({ field: `desired.${name.slice(0, 40)}`, expected: `one of ${settingNames.join(', ')}` })),
      ...names.flatMap((name) => { const expected = desired[name] === null ? null : settingProblem(name, desired[name], d); return expected === null ? [] : [{ field: `desired.${name}`, expected }]; }),
      ...(Object.keys(desired).length === 0 ? [{ field: 'desired', expected: 'at least one setting' }] : []),
    ];
    if (problems.length > 0) throw invalid(problems);
    await change(ctx, async (sql) => {
      await desireSettings(sql, ctx.seal, device.id, Object.fromEntries(names.map((name) => [name, desired[name]])), { by: caller.actor, trace: request.id });
      // Names, and values that are no personal data.
      return { result: null, audit: [{ actor: caller.actor, action: 'device.config', target: `device:${device.id}`, result: 'ok', detail: Object.fromEntries(names.map((name) => [name, name === 'callNumbers' ? masked(desired[name]) : desired[name]])) }] };
    });
    return shown(device.id);
  });
}

const masked = (value: unknown): unknown => (Array.isArray(value) ? value.map((text) => `…${String(text).slice(-4)}`) : value);
