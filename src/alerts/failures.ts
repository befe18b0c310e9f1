/** Reacts to messages that failed or whose outcome nobody knows: next channel or next person at once, never silent (law 6, I5). */
import { sendFailed } from '#core/decide-failure.ts';
import type { AlertId } from '#core/ids.ts';
import type { Metrics } from '#ops/metrics.ts';
import { lockFreeAlerts } from '#store/alerts.ts';
import { type FailedSend, markHandled, unhandledSends } from '#store/outbox-insert.ts';
import { type Db, withRetry } from '#store/pool.ts';
import { readNow } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { advance, apply, type ApplyTools, workOf } from './apply.ts';
import { fullCases } from './cases.ts';

export type FailuresOptions = ApplyTools & { db: Db; metrics: Metrics; pollMs?: number };
const rowsPerTurn = 256;

export function startFailures(options: FailuresOptions): Loop {
  const turn = createFailures(options);
  return startLoop({
    name: 'failures', ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    turn: async () => (await turn()) > 0,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'reacting to failed messages failed; it is tried again'),
  });
}

/** One turn; answers how many failures were handled. */
export function createFailures(options: FailuresOptions): () => Promise<number> {
  const { db, log, metrics } = options;
  const handled = metrics.counter('send_failures_handled_total', 'failed or unknown messages reacted to', ['channel', 'state']);
  return async () => {
    const rows = await unhandledSends(db, rowsPerTurn);
    let n = 0;
    let failed: unknown = null;
    for (const [alertId, sends] of Map.groupBy(rows, (r) => r.alertId)) {
      try {
        for (const f of await handle(options, alertId, sends)) { handled.inc({ channel: f.channel, state: f.state }); n++; }
      } catch (error) {
        failed = error; // the others are handled all the same
        log.error({ alertId, error: (error as Error).message }, 'failed messages of this alert could not be handled now');
      }
    }
    if (failed !== null && n === 0) throw failed;
    return n;
  };
}

function handle(options: FailuresOptions, alertId: AlertId | null, sends: readonly FailedSend[]): Promise<FailedSend[]> {
  const { db, log } = options;
  return withRetry(4, () => db.tx(async (sql) => {
    const alerts = alertId === null ? [] : await lockFreeAlerts(sql, [alertId]);
    if (alertId !== null && alerts.length === 0) return []; // somebody holds it: the others are not kept waiting, its turn comes again
    const mine = await markHandled(sql, sends.map((s) => s.id));
    const taken = sends.filter((s) => mine.has(s.id));
    for (const f of taken) log.warn({ alertId, outboxId: f.id, trace: f.trace, channel: f.channel, party: f.party, state: f.state, error: f.errorCode, errorClass: f.errorClass }, 'message failed');
    const [c] = (await fullCases(sql, alerts)).values();
    if (!c || taken.length === 0) return taken;
    const now = await readNow(sql);
    const work = workOf(c);
    for (const f of taken) advance(work, sendFailed(work.standing, f, now), now);
    await apply(sql, options, [work], {}, now);
    return taken;
  }));
}
