/** What a county agrees with its message provider: sign, template codes, mode, budgets. Credentials are never settings. */
import { type Static, Type } from 'typebox';
import { type TemplateName, templates } from '#core/messages.ts';
import { promptKeys } from '#core/prompts.ts';
import { mergeSettings, type ProviderSettings, signCharsMax, vitalTemplates } from '#core/provider.ts';
import { may } from '#core/user.ts';
import { findSetting, writeSetting } from '#store/settings.ts';
import { listTemplateChecks } from '#store/template-check.ts';
import { callerOf, requireWholeCounty } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { ApiError, invalid } from '#web/errors.ts';
import { change } from '#web/registry.ts';
import { EpochMs, errorAnswers, Nullable, OneOf, Shape } from '#web/schemas.ts';

const tags = ['settings'];
const names = Object.keys(templates) as TemplateName[];
const budget = (maximum: number) => Type.Integer({ minimum: 1, maximum });
const consoleCap = Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, description: 'set in the provider’s console; 0 or absent: not limited' }));
const sign = Type.String({ minLength: 2, maxLength: 12, description: 'the registered sign without its brackets' });
const Provider = Shape({
  sign, mode: OneOf(['public', 'dedicated']),
  shownNumber: Nullable(Type.String({ pattern: '^[0-9]{5,20}$', description: 'the bought number' })),
  templates: Type.Object(Object.fromEntries(names.map((n) => [n, Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'the provider’s template code' }))])), { additionalProperties: false }),
  mnsAccount: Type.Optional(Nullable(Type.String({ pattern: '^[0-9]{5,20}$', description: 'the account’s number at the provider: receipts are fetched from his queues' }))),
  prompts: Type.Optional(Type.Record(Type.String({ pattern: '^\\S{1,10}$' }), Type.Object(Object.fromEntries(promptKeys.map((k) => [k, Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$', description: 'a text (TTS_…) or a recorded file of the provider' }))])), { additionalProperties: false }), { description: 'announcements by language' })),
  voiceFile: Nullable(Type.String({ minLength: 1, maxLength: 100 })), playTimes: Type.Integer({ minimum: 1, maximum: 3 }),
  budget: Shape({ smsPerDay: budget(10_000), smsPerMinute: consoleCap, smsPerHour: consoleCap, smsPerNumberDay: consoleCap, voicePerMinute: budget(60), voicePerHour: budget(1_000), voicePerDay: budget(10_000) }),
});
const View = Shape({
  provider: Shape({ ...Provider.properties, sign: Type.String({ description: 'empty until somebody sets it for a real gateway' }) }), updatedAt: Nullable(EpochMs), updatedBy: Nullable(Type.String()),
  warnings: Type.Array(Type.String(), { description: 'what a real gateway would miss' }), gateway: OneOf(['standin', 'aliyun', 'http']),
  checks: Type.Array(Shape({ template: Type.String({ description: 'or sign' }), code: Nullable(Type.String()), state: Type.String(), checkedAt: EpochMs }), { description: 'what the provider says, asked every ten minutes and after each change; empty while it was not asked' }),
});

/** What would keep an emergency from being told by a real gateway. */
function warningsOf(p: ProviderSettings): string[] {
  const missing = vitalTemplates.filter((n) => p.templates[n] === undefined);
  return [
    ...(missing.length > 0 ? [`没有模板编码:${missing.join('、')}`] : []),
    ...(p.sign === '' ? ['没有签名:真实网关不发短信'] : []),
    ...([...p.sign].length + 2 > signCharsMax ? ['签名超过 8 个字(含括号):紧急短信会变成两条'] : []),
    ...(p.mode === 'public' ? ['公共模式的电话只能播报，不能按键确认'] : []),
  ];
}

export function registerSettings(app: App, ctx: WebContext): void {
  const read = async (): Promise<Static<typeof View>> => {
    const row = await findSetting<ProviderSettings>(ctx.db, 'provider');
    const gateway = ctx.settings.gateway ?? 'standin';
    const provider = mergeSettings(row?.value ?? null, gateway === 'standin');
    const checks = (await listTemplateChecks(ctx.db)).filter((c) => c.gateway === gateway).map(({ gateway: _, ...check }) => check);
    return { gateway, checks, provider: provider as Static<typeof Provider>, updatedAt: row?.updatedAt ?? null, updatedBy: row?.updatedBy ?? null, warnings: warningsOf(row?.value ?? provider) };
  };
  app.get('/api/v1/settings/provider', {
    config: { access: may.readProvider }, schema: { summary: 'Sign, template codes and budgets; the stand-in’s until somebody sets them', tags, response: { 200: View, ...errorAnswers } },
  }, read);
  app.put('/api/v1/settings/provider', {
    config: { access: may.writeProvider },
    schema: { summary: 'Replace them; `updatedAt` of the answer you saw guards against a second writer', tags, body: Shape({ provider: Provider, updatedAt: Nullable(EpochMs) }), response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    requireWholeCounty(caller);
    const { provider, updatedAt } = request.body;
    if (provider.mode === 'dedicated' && provider.shownNumber === null) throw invalid([{ field: 'provider.shownNumber', expected: 'the bought number: dedicated mode shows it' }]);
    await change(ctx, async (sql) => {
      const before = await findSetting<ProviderSettings>(sql, 'provider');
      if ((before?.updatedAt ?? null) !== updatedAt) throw new ApiError('E_CONFLICT', 'Somebody else has changed the settings.', { more: { updatedAt: before?.updatedAt ?? null } });
      await writeSetting(sql, 'provider', provider, caller.actor);
      return { result: null, audit: [{ actor: caller.actor, action: 'settings.provider', result: 'ok', detail: { before: before?.value ?? null, after: provider } }] };
    });
    return read();
  });
}
