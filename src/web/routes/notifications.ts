/** 通知: every message of the outbox, masked; failed and unknown ones of the last day first. One is opened in plain text for an audited look. */
import { type Static, Type } from 'typebox';
import { scopePrefix } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { maskPhone, render, type TemplateName, templates, variables } from '#core/messages.ts';
import { phoneDigits } from '#core/phone.ts';
import { type ProviderSettings, standinProvider } from '#core/provider.ts';
import { type Caller, may } from '#core/user.ts';
import { findNotification, listNotifications, type NotificationFilter, type NotificationRow, outboxStates } from '#store/notifications.ts';
import { readSetting } from '#store/settings.ts';
import { callerOf, requireScope } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { nothing, placeNames, type PlaceNames, rowNumber, shownName } from '#web/registry.ts';
import { IdParams } from '#web/registry-schemas.ts';
import { AlertIdText, EpochMs, errorAnswers, Nullable, OneOf, RegionCodeText, Shape } from '#web/schemas.ts';

const tags = ['notifications'];
const hourMs = 3_600_000;
const View = Shape({
  id: Type.String(), outId: Type.String(), alertId: Nullable(Type.String()), alertKind: Nullable(Type.String()), regionCode: Nullable(RegionCodeText), town: Nullable(Type.String()), village: Nullable(Type.String()),
  party: Type.String(), role: Nullable(Type.String()), name: Nullable(Type.String({ description: 'masked' })), to: Type.String({ description: 'masked' }),
  channel: OneOf(['sms', 'voice']), template: Type.String(), purpose: OneOf(['search', 'desk', 'notice']), round: Nullable(Type.Integer()), step: Nullable(Type.Integer()), slip: Nullable(Type.Integer()),
  state: OneOf(outboxStates), attempts: Type.Integer(), checks: Type.Integer({ description: 'questions to the provider for want of a receipt' }), errorCode: Nullable(Type.String()),
  errorClass: Nullable(Type.String({ description: 'R again, F another way, P of this number or our account, U unknown' })), provider: Nullable(Type.String()), providerId: Nullable(Type.String()),
  createdAt: EpochMs, dueAt: EpochMs, sentAt: Nullable(EpochMs), acceptedAt: Nullable(EpochMs), doneAt: Nullable(EpochMs), withdrawnAt: Nullable(EpochMs), demo: Type.Boolean(),
});
const Query = Shape({
  state: Type.Optional(OneOf(outboxStates)), channel: Type.Optional(OneOf(['sms', 'voice'])), alert: Type.Optional(AlertIdText),
  day: Type.Optional(Type.String({ pattern: '^20\\d\\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$', description: 'a day of the county, yyyy-MM-dd' })),
  phone: Type.Optional(Type.String({ minLength: 5, maxLength: 24, description: 'a whole telephone number' })),
  cursor: Type.Optional(Type.String({ pattern: '^[tr]([1-9]\\d{0,17})?$', description: 'the `next` of the answer before' })), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.pageRows })),
});

/** The county's day as half-open epoch ms; 2026-02-31 is a day that has nothing. */
function dayOf(day: string | undefined): { from: number | null; to: number | null } {
  if (day === undefined) return { from: null, to: null };
  const from = Date.parse(`${day}T00:00:00+08:00`);
  return Number.isNaN(from) ? { from: 0, to: 0 } : { from, to: from + 24 * hourMs };
}

function viewOf(caller: Caller, names: PlaceNames, row: NotificationRow): Static<typeof View> {
  return { ...row, ...names(row.regionCode), name: row.name === null ? null : shownName(caller, row.name), to: row.to === '' ? '' : maskPhone(row.to) };
}

type Wanted = Omit<NotificationFilter, 'section' | 'before' | 'limit' | 'troubleMs'>;
/** The section in trouble, then the rest; a page may hold the end of the one and the beginning of the other. Cursor: t or r, and the last id seen in that section. */
async function pageOf(ctx: WebContext, wanted: Wanted, cursor: string, limit: number): Promise<{ rows: NotificationRow[]; next: string | null }> {
  const read = (section: NotificationFilter['section'], before: string, rows: number): Promise<NotificationRow[]> =>
    listNotifications(ctx.db, ctx.seal, { ...wanted, troubleMs: limits.troubleFirstMs, section, before: before || null, limit: rows });
  const inRest = cursor.startsWith('r') || wanted.state !== null;
  const first = inRest ? [] : await read('trouble', cursor.slice(1), limit + 1);
  if (first.length > limit) return { rows: first.slice(0, limit), next: `t${first[limit - 1]?.id}` };
  const room = limit - first.length;
  const rest = await read(wanted.state === null ? 'rest' : 'all', inRest ? cursor.slice(1) : '', room + 1);
  const rows = [...first, ...rest.slice(0, room)];
  return { rows, next: rest.length <= room ? null : room === 0 ? 'r' : `r${rows.at(-1)?.id}` };
}

export function registerNotifications(app: App, ctx: WebContext): void {
  app.get('/api/v1/notifications', {
    config: { access: may.readNotifications },
    schema: { summary: 'Messages, newest first; failed and unknown ones of the last 24 hours before all others', tags, querystring: Query, response: { 200: Shape({ notifications: Type.Array(View), next: Nullable(Type.String()) }), ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { state, channel, alert, day, phone, cursor, limit = 50 } = request.query;
    const { rows, next } = await pageOf(ctx, {
      prefix: scopePrefix(caller.scopeCode), state: state ?? null, channel: channel ?? null, alertId: alert ?? null, ...dayOf(day), phone: phone === undefined ? null : ctx.seal.blind('phone', phoneDigits(phone)),
    }, cursor ?? '', limit);
    const names = await placeNames(ctx.db, rows.map((r) => r.regionCode));
    return { notifications: rows.map((row) => viewOf(caller, names, row)), next };
  });

  const found = async (caller: Caller, id: string) => {
    const row = await findNotification(ctx.db, ctx.seal, rowNumber(id));
    if (!row) throw nothing();
    requireScope(caller, row.regionCode);
    return row;
  };
  app.get('/api/v1/notifications/:id', {
    config: { access: may.readNotifications }, schema: { summary: 'One message, masked', tags, params: IdParams, response: { 200: View, ...errorAnswers } },
  }, async (request) => {
    const caller = callerOf(request);
    const { params: _, ...row } = await found(caller, request.params.id);
    return viewOf(caller, await placeNames(ctx.db, [row.regionCode]), row);
  });

  app.post('/api/v1/notifications/:id/reveal', {
    config: { access: may.act },
    schema: {
      summary: 'Name, number and words of one message. Audited.', tags, params: IdParams, body: Shape({}),
      response: { 200: Shape({ name: Nullable(Type.String()), to: Type.String(), text: Type.String({ description: 'as it was put together; the provider’s own log is the proof of what was sent' }) }), ...errorAnswers },
    },
  }, async (request) => {
    const caller = callerOf(request);
    const row = await found(caller, request.params.id);
    await ctx.audit({ actor: caller.actor, action: 'notification.reveal', target: `outbox:${row.id}`, result: 'ok', detail: { alertId: row.alertId, address: request.ip } });
    const { sign } = (await readSetting<ProviderSettings>(ctx.db, 'provider')) ?? standinProvider;
    return { name: row.name, to: row.to, text: wordsOf(row.template, row.params, sign) };
  });
}

/** What was said: a text with its sign, a call without. */
function wordsOf(template: TemplateName, params: Record<string, string>, sign: string): string {
  if (!(template in templates)) return '';
  const sms = templates[template].channel === 'sms';
  return `${sms && sign !== '' ? `【${sign}】` : ''}${render(template, variables(template, params, sms ? sign : ''))}`;
}
