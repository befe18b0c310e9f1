/**
 * What people do to an alert, from every door (core/respond.ts): the row is locked, the transition decided, and what was still
 * to be sent is withdrawn in the same transaction (E5). Two at once: one wins, the other is told who and since when (C1).
 */
import { act } from '#core/transition.ts';
import type { Respond, RespondInput, RespondResult } from '#core/respond.ts';
import type { Metrics } from '#ops/metrics.ts';
import { lockAlerts, userName } from '#store/alerts.ts';
import { type Db, type Sql, withRetry } from '#store/pool.ts';
import { readNow } from '#store/timers.ts';
import { advance, apply, type ApplyTools, workOf } from './apply.ts';
import { fullCases } from './cases.ts';

export type RespondOptions = ApplyTools & { db: Db; metrics: Metrics };

export function createRespond(options: RespondOptions): Respond {
  const { db, log, metrics } = options;
  const answers = metrics.counter('responses_total', 'what people did to alerts', ['action', 'via', 'result']);
  return async (input) => {
    const result = await withRetry(4, () => db.tx((sql) => respondIn(sql, options, input)));
    answers.inc({ action: input.action, via: input.via, result: result.kind });
    log.info({ alertId: input.alertId, trace: input.trace, action: input.action, via: input.via, actor: input.actor.id, result: result.kind }, 'response');
    return result;
  };
}

/** As `respond`, inside the caller's transaction. */
export async function respondIn(sql: Sql, tools: ApplyTools, input: RespondInput): Promise<RespondResult> {
  const [alert] = await lockAlerts(sql, [input.alertId]);
  if (!alert) return { kind: 'not-found' };
  const now = await readNow(sql);
  const work = workOf((await fullCases(sql, [alert])).get(alert.id) ?? never());
  const result = act(work.standing, input, now);
  if (result.kind === 'invalid') return result;
  if (result.kind === 'conflict')
    return { kind: 'conflict', by: result.by === null ? null : ((await userName(sql, result.by)) ?? result.by), at: result.at, state: alert.state, version: alert.version };
  advance(work, result.change, now);
  await apply(sql, tools, [work], {}, now);
  return { kind: 'ok', version: work.standing.alert.version, state: work.standing.alert.state };
}

const never = (): never => { throw new Error('a locked alert has no case'); };
