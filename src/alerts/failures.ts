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
/** All of a turn in one transaction, twenty statements: with one each, 256 failures of 150 alerts took a starved worker 109 s. No more rows: evaluation waits for the alerts meanwhile. */
const rowsPerTurn = 64;

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
  const count = (sends: readonly FailedSend[]): number => {
    for (const f of sends) handled.inc({ channel: f.channel, state: f.state });
    return sends.length;
  };
  return async () => {
    const rows = await unhandledSends(db, rowsPerTurn);
    if (rows.length === 0) return 0;
    try {
      return count(await handle(options, rows));
    } catch (error) {
      log.warn({ messages: rows.length, error: (error as Error).message }, 'a batch of failed messages could not be handled; their alerts are tried one by one');
    }
    let n = 0;
    let failed: unknown = null;
    for (const [alertId, sends] of Map.groupBy(rows, (r) => r.alertId)) {
      try {
        n += count(await handle(options, sends));
      } catch (error) {
        failed = error; // the others are handled all the same
        log.error({ alertId, error: (error as Error).message }, 'failed messages of this alert could not be handled now');
      }
    }
    if (failed !== null && n === 0) throw failed;
    return n;
  };
}

/** In one transaction; what belongs to an alert that somebody holds is left for a later turn: the others are not kept waiting. */
function handle(options: FailuresOptions, sends: readonly FailedSend[]): Promise<FailedSend[]> {
  const { db, log } = options;
  return withRetry(4, () => db.tx(async (sql) => {
    const alerts = await lockFreeAlerts(sql, [...new Set(sends.flatMap((s) => s.alertId ?? []))]);
    const free = new Set<AlertId | null>([null, ...alerts.map((a) => a.id)]);
    const mine = await markHandled(sql, sends.flatMap((s) => (free.has(s.alertId) ? [s.id] : [])));
    const taken = sends.filter((s) => mine.has(s.id));
    if (taken.length === 0) return [];
    for (const f of taken) log.warn({ alertId: f.alertId, outboxId: f.id, trace: f.trace, channel: f.channel, party: f.party, state: f.state, error: f.errorCode, errorClass: f.errorClass }, 'message failed');
    const touched = new Set(taken.map((f) => f.alertId));
    const works = new Map([...await fullCases(sql, alerts.filter((a) => touched.has(a.id)))].map(([id, c]) => [id, workOf(c)]));
    const now = await readNow(sql);
    for (const f of taken) {
      const work = works.get(f.alertId as AlertId);
      if (work) advance(work, sendFailed(work.standing, f, now), now);
    }
    await apply(sql, options, [...works.values()], {}, now);
    return taken;
  }));
}
