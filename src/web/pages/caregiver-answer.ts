/** What a press on the caregiver's page does: her answer to the alert, or that she is away and back; each done once under its key. */
import type { FastifyReply } from 'fastify';
import { offUntil } from '#core/absence.ts';
import type { AlertId, Party } from '#core/ids.ts';
import { findSlip, otherSlips, type SlipCase } from '#store/caregiver-case.ts';
import { markParties } from '#store/roster.ts';
import type { WebContext } from '#web/context.ts';
import { ApiError } from '#web/errors.ts';
import { onceAs } from '#web/idempotency.ts';
import type { Answer, Presence } from './caregiver-page.ts';
import { outcomeOf, type Result, results } from './caregiver-results.ts';

/** `key`: of this one press, from a page with scripts; `keptMs`: how long it had waited for a network, in milliseconds. */
export type Press = { code: string; action: Answer | Presence | Result; keptMs: number | undefined; key: string | undefined; trace: string };

/** `why`: it does not count, because the alert is closed or another goes; null: it does. */
export type Taken = { why: 'closed' | 'taken' | null };

/** Throws ApiError when the answer does not fit the alert (422), or the same press is being worked on (503: it is sent again). */
export function createAnswer(ctx: WebContext): (slip: SlipCase, press: Press, reply: FastifyReply) => Promise<Taken> {
  const act = async (slip: SlipCase, action: Answer, trace: string, alertId = slip.alertId, keptMs?: number, result?: Result): Promise<void> => {
    const found = result === undefined ? {} : { outcome: outcomeOf(result), note: `处理结果:${results[result].zh}` };
    const answered = await ctx.respond({ alertId: alertId as AlertId, action, actor: { type: 'party', id: slip.party as Party, name: slip.partyName }, via: 'link', trace, ...found, ...(keptMs === undefined ? {} : { keptMs }) });
    await ctx.audit({ actor: `party:${slip.party}`, action: `alert.${action}`, target: `alert:${alertId}`, result: answered.kind === 'ok' ? 'ok' : answered.kind === 'conflict' ? 'conflict' : 'failed', detail: { via: 'link', trace } })
      .catch((error: unknown) => ctx.log.error({ err: error, alertId, action, trace }, 'an action is not in the audit'));
    ctx.log.info({ alertId, action, via: 'link', result: answered.kind, trace }, 'alert action');
    if (answered.kind === 'invalid') throw new ApiError('E_INVALID', 'This answer does not fit the alert.', { fields: answered.fields });
  };

  /** 外出 by her page: as by SMS, what waits for her goes to the next. */
  const absent = async (slip: SlipCase, action: Presence, trace: string): Promise<void> => {
    const party = slip.party as Party;
    await markParties(ctx.db, [party], { absentUntil: action === 'back' ? null : Math.max(slip.absentUntil ?? 0, offUntil(slip.now)) });
    await ctx.audit({ actor: `party:${party}`, action: `party.${action}`, target: party, result: 'ok', detail: { via: 'link', trace } });
    if (action === 'back') return;
    const waiting = [{ alertId: slip.alertId, mine: slip.mine, open: slip.state !== 'closed' }, ...(await otherSlips(ctx.db, slip.party, slip.alertId)).map((o) => ({ alertId: o.alertId, mine: o.mine, open: true }))];
    for (const w of waiting) if (w.open && (w.mine === 'notified' || w.mine === 'seen' || w.mine === 'accepted')) await act(slip, 'decline', trace, w.alertId);
  };

  return async (slip, { code, action, keptMs, key, trace }, reply) => {
    const answer = async (): Promise<Taken> => {
      if (action === 'off-today' || action === 'back') await absent(slip, action, trace);
      else if (isResult(action)) await act(slip, outcomeOf(action) === 'U' ? 'need-help' : 'done', trace, slip.alertId, keptMs, action);
      else await act(slip, action, trace, slip.alertId, keptMs);
      const after = await findSlip(ctx.db, ctx.seal, code);
      return { why: after && whyNot(action, after) };
    };
    // Two tabs of one telephone send what both have kept, and a press whose answer was lost is sent again: neither may undo what came between.
    if (key === undefined) return answer();
    return onceAs(ctx, { actor: `party:${slip.party}`, key: `${code} ${key}`, of: action, running: new ApiError('E_OVERLOADED', 'The same press is being worked on; send it again.') }, reply, answer);
  };
}

const isResult = (action: Press['action']): action is Result => action in results;

/** Read from the rows after the press: whether she stands as she said. */
function whyNot(action: Press['action'], { state, mine }: SlipCase): Taken['why'] {
  if (action === 'off-today' || action === 'back') return null;
  if (state === 'closed') return (action === 'arrive' && (mine === 'arrived' || mine === 'done')) || ((action === 'done' || isResult(action)) && mine === 'done') || (action === 'decline' && mine === 'declined') ? null : 'closed';
  const goes = mine === 'accepted' || mine === 'arrived' || mine === 'need-help' || mine === 'done';
  return (action === 'accept' || action === 'depart') && !goes ? 'taken' : null;
}
