/** The alarm path of one worker: its loops on connections of their own (law 8), woken by hints, found by polls (law 2). */
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import type { Echo } from '#store/echo.ts';
import type { Db } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import type { Service } from '#work/loop.ts';
import { startEvaluate } from './evaluate.ts';
import { startFailures } from './failures.ts';
import { startReplies } from './replies.ts';
import { startTimers, type SystemHandler } from './timers.ts';
import { startWatch } from './watch.ts';

export type AlertsOptions = {
  seal: Seal; log: Logger; metrics: Metrics; /** opens a pool with so many connections */ db(name: string, max: number): Db;
  /** System timers of others, by the part of their slot before the colon. */ handlers?: Record<string, SystemHandler>; held?: () => boolean; /** see EvaluateOptions */ taken?: () => ReadonlySet<string>; /** Hears how emergencies stand, after each commit. */ echo?: Echo;
};
const lanes = 2;

/** Starts evaluation, timers, replies, failures and the watch. */
export async function startAlerts(options: AlertsOptions): Promise<Service> {
  const { seal, log, metrics, echo } = options;
  const tools = { seal, log, metrics, ...(echo ? { echo } : {}) };
  const evaluating = options.db('evaluate', lanes + 1);
  const timing = options.db('timers', 2);
  const answering = options.db('replies', 2);
  const evaluate = startEvaluate({ ...tools, db: evaluating, lanes, ...(options.taken ? { taken: options.taken } : {}) });
  const timers = startTimers({ ...tools, db: timing, ...(options.handlers ? { handlers: options.handlers } : {}), ...(options.held ? { held: options.held } : {}) });
  const replies = startReplies({ ...tools, db: answering });
  const failures = startFailures({ ...tools, db: answering });
  const watch = startWatch({ ...tools, db: answering });
  const loops = [evaluate, timers, replies, failures, watch];
  const deaf = await evaluating.listen(['anling_event', 'anling_timer', 'anling_reply'], (channel) => {
    if (channel === 'anling_event') evaluate.wake();
    else if (channel === 'anling_timer') timers.wake();
    else replies.wake();
  });
  return {
    name: 'alerts',
    ready: () => loops.map((l) => l.ready()).find((reason) => reason !== null) ?? null,
    async stop() {
      await deaf();
      await Promise.all(loops.map((l) => l.stop()));
    },
  };
}
