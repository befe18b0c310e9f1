/** 型号目录: what each model is, how it is supervised, what it cries and how it is accepted; an administrator of the whole county changes what is safe. */
import { Type } from 'typebox';
import { alarmsOf, modelProblems } from '#core/device-models.ts';
import { scopePrefix } from '#core/ids.ts';
import { may } from '#core/user.ts';
import { changeModel, listCatalogue, listClasses, lockModel, silentUnder } from '#store/device-models.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change, deviceReaders, nothing } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';

const fields = { name: Type.String({ minLength: 1, maxLength: 80 }), supervisionClass: Type.String({ minLength: 1, maxLength: 20 }), confirmWindowS: Type.Integer({ minimum: 0, maximum: 30, description: 'seconds that a fall may wait for the person’s own word; 0 for every other type' }) };
const battery = { batteryKind: Nullable(Type.String({ minLength: 1, maxLength: 80 })), batteryDays: Nullable(Type.Integer({ description: 'days that a battery lasts, as its maker says' })) };
const learningDays = Type.Integer({ description: '学习期: so many days after it was installed what it feels by itself is marked; 0: none' });
const Model = Shape({
  id: Type.String(), ...fields, ...battery, learningDays, vendor: Type.String(), type: Type.String(), power: OneOf(['mains', 'battery']), periodS: Type.Integer(), graceS: Type.Integer({ description: 'silent for longer: offline' }),
  alarms: Type.Array(Type.String(), { description: 'kinds it may raise, the one it is bought for first' }), profile: Type.String({ description: 'the acceptance profile (npm run acceptance)' }), devices: Type.Integer({ description: 'in your scope, not revoked' }), installed: Type.Integer(),
});
const tags = ['devices'];

export function registerDeviceModels(app: App, ctx: WebContext): void {
  app.get('/api/v1/device-catalogue', {
    config: { access: deviceReaders },
    schema: { summary: '型号目录: models with class, alarms, window, power and acceptance profile, counted in your scope; and the classes there are', tags, response: { 200: Shape({ models: Type.Array(Model), classes: Type.Array(Shape({ id: Type.String(), name: Type.String(), periodS: Type.Integer(), graceS: Type.Integer() })) }), ...errorAnswers } },
  }, async (request) => ({
    models: (await listCatalogue(ctx.db, scopePrefix(callerOf(request).scopeCode))).map((m) => ({ ...m, alarms: [...alarmsOf[m.type]], profile: m.type })), classes: await listClasses(ctx.db),
  }));
  app.patch('/api/v1/device-catalogue/:id', {
    config: { access: may.writeModels },
    schema: {
      summary: 'Change a model for all its devices. A class under which devices that count as online would be silent at once is 409 with their number, until `silent` says that it was seen', tags, params: IdParams,
      body: Shape({ was: Shape(fields, 'what you saw; another state is 409'), name: Type.Optional(fields.name), supervisionClass: Type.Optional(fields.supervisionClass), confirmWindowS: Type.Optional(Type.Integer()), batteryKind: Type.Optional(battery.batteryKind), batteryDays: Type.Optional(battery.batteryDays), learningDays: Type.Optional(learningDays), silent: Type.Optional(Type.Integer({ minimum: 0 })) }),
      response: { 200: Shape({ id: Type.String() }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { was, silent: seen = 0, ...given } = request.body;
    const { id } = request.params;
    return change(ctx, async (sql) => {
      const model = await lockModel(sql, id);
      if (!model) throw nothing();
      const problems = modelProblems(model.type, given, (await listClasses(sql)).map((c) => c.id));
      if (problems.length > 0) throw invalid(problems);
      if (was.name !== model.name || was.supervisionClass !== model.supervisionClass || was.confirmWindowS !== model.confirmWindowS) throw new ApiError('E_CONFLICT', 'It has changed since you saw it.');
      const silent = given.supervisionClass === undefined || given.supervisionClass === model.supervisionClass ? 0 : await silentUnder(sql, id, given.supervisionClass);
      if (silent > seen) throw new ApiError('E_CONFLICT', `Nothing was changed: ${silent} devices that count as online would be silent at once.`, { more: { silent } });
      await changeModel(sql, id, given);
      return { result: { id }, audit: [{ actor: caller.actor, action: 'device-model.change', target: `device-model:${id}`, result: 'ok', detail: { ...given, was, silent } }] };
    });
  });
}
