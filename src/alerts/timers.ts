/**
 * The loop of due timers. Alerts are taken in batches for speed; when a batch fails, each alert is tried in a transaction of
 * its own, so that one broken alert holds up nobody. Measured by test/db/timers.test.ts on 2 shared cores: 2,500 timers/s fired with
 * all that they send; 300 spread over 3 s are 0.26 s late at p99 (most of it the poll).
 */
import type { AlertId, EventId } from '#core/ids.ts';
import type { Logger } from '#ops/log.ts';
import type { Metrics } from '#ops/metrics.ts';
import { requeueEvent } from '#store/evaluation.ts';
import { type Db, hint, isTransient, type Sql } from '#store/pool.ts';
import { alertsDue, claimSystemTimer, countTimerFailure, markFired, readNow, setBackSystemTimer, type SystemTimer } from '#store/timers.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import type { ApplyTools } from './apply.ts';
import { type Fired, fireTimers } from './escalate.ts';

/** Handles a due timer without an alert, by the part of its slot before the colon, in the transaction that marks it. */
export type SystemHandler = (sql: Sql, timer: SystemTimer) => Promise<void>;
export type TimersOptions = ApplyTools & { db: Db; metrics: Metrics; handlers?: Record<string, SystemHandler>; pollMs?: number; batch?: number; /** Standby works on the open cases until it has handed them over. */ held?: () => boolean };

/**
 * A backlog is worked off by few long turns: twelve waits for the database each, however many. Three turns beside each other by town were no faster: whoever is called by all (the desk, the leaders)
 * has his slips numbered by one at a time.
 */
const batchAlerts = 256;
const pollMs = 250;
const holdOffMs = 2_000;

/** Starts the loop; `wake` on a hint that a timer is due soon. */
export function startTimers(options: TimersOptions): Loop {
  const turn = createTimers(options);
  return startLoop({
    name: 'timers', pollMs: options.pollMs ?? pollMs,
    turn: async () => (await turn()) > 0,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'firing timers failed; they stay due and are tried again'),
  });
}

/** One turn; answers how many timers fired. */
export function createTimers(options: TimersOptions): () => Promise<number> {
  const { db, log, metrics } = options;
  const lateness = metrics.histogram('timer_lateness_seconds', 'how long after its due time a timer fired', [0.1, 0.25, 0.5, 1, 2, 5, 30, 60, 300], ['slot']);
  const failures = metrics.counter('timer_failures_total', 'alerts whose timer handler failed');
  const handlers: Record<string, SystemHandler> = { wait: lookAgain, ...options.handlers };
  /** Alerts that failed a moment ago, with the database time from which they are tried again. */
  const heldOff = new Map<AlertId, number>();
  const observe = (fired: readonly Fired[]): number => {
    for (const f of fired) lateness.observe({ slot: f.slot }, f.lateMs / 1000);
    return fired.length;
  };
  let heldBack = false;
  // Asked again before the commit: with a slow database standby may have begun meanwhile, and makes the same step.
  const fire = (ids: readonly AlertId[]): Promise<Fired[]> => db.tx(async (sql) => {
    const fired = await fireTimers(sql, options, ids);
    if (options.held?.()) { heldBack = true; throw new Error('standby is on duty'); }
    return fired;
  });
  const oneByOne = async (ids: readonly AlertId[]): Promise<number> => {
    let n = 0;
    for (const id of ids) {
      try {
        n += observe(await fire([id]));
      } catch (error) {
        if (heldBack) return n;
        if (isTransient(error)) continue;
        failures.inc();
        heldOff.set(id, (await readNow(db)) + holdOffMs);
        log.error({ alertId: id, error: (error as Error).message }, 'a timer of this alert could not be handled; it is tried again');
        await countTimerFailure(db, id, (error as Error).message);
      }
    }
    return n;
  };
  const batch = async (ids: readonly AlertId[]): Promise<number> => {
    try {
      return observe(await fire(ids));
    } catch (error) {
      if (heldBack) return 0;
      log.warn({ alerts: ids.length, error: (error as Error).message }, 'a batch of timers failed; its alerts are tried one by one');
      return await oneByOne(ids);
    }
  };
  return async () => {
    if (heldOff.size > 0) {
      const now = await readNow(db);
      for (const [id, until] of heldOff) if (until <= now) heldOff.delete(id);
    }
    const due = await alertsDue(db, options.batch ?? batchAlerts, [...heldOff.keys()]);
    if (options.held?.()) return 0;
    heldBack = false;
    const n = due.length === 0 ? 0 : await batch(due);
    return heldBack ? n : n + await system(db, handlers, log); // alerts first
  };
}

/** One timer without an alert. One that breaks is set back, so that it holds up neither the others nor the alerts' own (law 6). */
async function system(db: Db, handlers: Record<string, SystemHandler>, log: Logger): Promise<number> {
  let claimed: SystemTimer | null = null;
  try {
    return await db.tx(async (sql) => {
      claimed = await claimSystemTimer(sql);
      if (!claimed) return 0;
      const handler = handlers[claimed.slot.split(':')[0] as string];
      if (handler) await handler(sql, claimed);
      else log.error({ slot: claimed.slot }, 'nobody handles this timer');
      await markFired(sql, [claimed.id]);
      return 1;
    });
  } catch (error) {
    const failed = claimed as SystemTimer | null;
    if (!failed || isTransient(error)) throw error;
    log.error({ slot: failed.slot, error: (error as Error).message }, 'a timer of the house could not be handled; it is tried again');
    await setBackSystemTimer(db, failed.id, (error as Error).message);
    return 1;
  }
}

/** An event that waited for the end of a mode is put to its rule again. */
async function lookAgain(sql: Sql, timer: SystemTimer): Promise<void> {
  await requeueEvent(sql, String(timer.payload['eventId']) as EventId);
  await hint(sql, ['anling_event']);
}
