/**
 * Law 6 on the live rows, each minute: no P1 that is not closed may be without the timer its state must have. A finding is a
 * bug of ours: loud in the log, and repaired at once. The watch mends; that something was missing, late or never done is the
 * auditor's to say, a process of its own that mends nothing (src/auditor, docs/decisions).
 */
import { repaired } from '#core/decide-timer.ts';
import type { Metrics } from '#ops/metrics.ts';
import { lockAlerts, unguardedAlerts } from '#store/alerts.ts';
import type { Db } from '#store/pool.ts';
import { readNow } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { advance, apply, type ApplyTools, workOf } from './apply.ts';
import { fullCases } from './cases.ts';

export type WatchOptions = ApplyTools & { db: Db; metrics: Metrics; pollMs?: number };
const everyMs = 60_000;
const perTurn = 500;

export function startWatch(options: WatchOptions): Loop {
  const look = createWatch(options);
  return startLoop({
    name: 'watch', pollMs: options.pollMs ?? everyMs,
    turn: async () => (await look()) >= perTurn,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'the check of law 6 failed; it runs again'),
  });
}

/** One look; answers how many alerts had to be repaired. */
export function createWatch(options: WatchOptions): () => Promise<number> {
  const { db, log, metrics } = options;
  const found = metrics.counter('p1_unguarded_total', 'open P1 alerts found without their timer (law 6); each is a bug');
  return async () => {
    const ids = await unguardedAlerts(db, perTurn);
    if (ids.length === 0) return 0;
    return db.tx(async (sql) => {
      const alerts = await lockAlerts(sql, ids);
      const now = await readNow(sql);
      const still = new Set(await unguardedAlerts(sql, perTurn));
      const works = [...(await fullCases(sql, alerts.filter((a) => still.has(a.id)))).values()].map((c) => workOf(c));
      for (const work of works) {
        const { alert } = work.standing;
        log.error({ alertId: alert.id, trace: alert.trace, state: alert.state }, 'an open P1 had no timer (law 6); its plan is running again');
        found.inc();
        advance(work, repaired(work.standing, now), now);
      }
      await apply(sql, options, works, {}, now);
      return works.length;
    });
  };
}
