/** 成批认领: many alarms of devices are taken, or handed to a colleague, in one action; one that may not be taken so refuses them all. */
import { Type } from 'typebox';
import type { AlertId } from '#core/ids.ts';
import { notInBulk } from '#core/bulk.ts';
import { limits } from '#core/limits.ts';
import { findUser } from '#store/users.ts';
import { alertActors, callerOf, seesRegion } from '#web/access.ts';
import type { App, WebContext } from '#web/context.ts';
import { invalid } from '#web/errors.ts';
import { once } from '#web/idempotency.ts';
import { AlertIdText, errorAnswers, IdempotencyHeaders, OneOf, Shape } from '#web/schemas.ts';
import { scopedAlert } from './alerts.ts';

export function registerBulk(app: App, ctx: WebContext): void {
  app.post('/api/v1/alerts/claims', {
    config: { access: alertActors },
    schema: {
      summary: '成批认领: claim alarms of devices (P3, P4) for yourself or a colleague; a P1 or P2 among them refuses all', tags: ['alerts'], headers: IdempotencyHeaders,
      body: Shape({ ids: Type.Array(AlertIdText, { minItems: 1, maxItems: limits.bulkAlerts, uniqueItems: true }), to: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'the colleague who shall have them' })) }),
      response: { 200: Shape({ done: Type.Integer(), missed: Type.Array(Shape({ id: AlertIdText, why: OneOf(['held', 'gone']) }), { description: '`held`: somebody has it; `gone`: it is closed' }) }), ...errorAnswers },
    },
  }, async (request, reply) => once(ctx, request, reply, async () => {
    const caller = callerOf(request);
    const { ids, to } = request.body;
    const rows = [];
    for (const id of ids) rows.push(await scopedAlert(ctx, caller, id));
    const refused = rows.flatMap((row) => notInBulk({ id: row.id as AlertId, kind: row.kind, priority: row.priority, state: row.state }) ?? []);
    if (refused.length > 0) throw invalid(refused.slice(0, 5).map((expected) => ({ field: 'ids', expected })));
    const heir = to === undefined ? null : await findUser(ctx.db, to);
    if (to !== undefined && (!heir || heir.disabledAt !== null || !alertActors.includes(heir.role) || rows.some((row) => !seesRegion(heir.scopeCode, row.regionCode)))) throw invalid([{ field: 'to', expected: 'a colleague who works on alerts and sees all of these' }]);
    const actor = { type: 'user' as const, id: caller.kind === 'user' ? caller.id : caller.actor, name: caller.name };
    const missed: { id: string; why: 'held' | 'gone' }[] = [];
    for (const row of rows) {
      const result = await ctx.respond({ alertId: row.id as AlertId, action: 'claim', actor, via: caller.kind === 'user' ? 'wall' : 'api', trace: request.id, ...(heir ? { to: { id: heir.id, name: heir.displayName } } : {}) });
      if (result.kind === 'conflict') missed.push({ id: row.id, why: result.state === 'closed' ? 'gone' : 'held' });
      else if (result.kind !== 'ok') missed.push({ id: row.id, why: 'gone' });
    }
    await ctx.audit({ actor: caller.actor, action: 'alert.claims', target: `alerts:${ids.length}`, result: 'ok', detail: { trace: request.id, ids, missed: missed.length, ...(heir ? { to: heir.id } : {}) } });
    return { done: ids.length - missed.length, missed };
  }));
}
