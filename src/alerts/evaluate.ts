/**
 * Evaluating events: one shard at a time under an advisory lock, so that everything of one home stays in order on any number of
 * workers (I7); a batch of events is one transaction with its decisions (law 4). An event that breaks its rule is isolated,
 * tried again, and after limits.evaluateAttempts shown to the desk as an unreadable alarm: it is never dropped (law 5).
 *
 * Measured by test/db/evaluate.test.ts (2 busy cores, embedded PostgreSQL 18, commits durable): 2,000 to
 * 6,500 events/s, of which one in ten opens a P1 with plan, timers, log and feed. With one event per transaction: 240 to 310/s.
 */
import { limits } from '#core/limits.ts';
import type { Metrics } from '#ops/metrics.ts';
import { decide } from '#rules/index.ts';
import { countAttempt, holdShard, type QueuedEvent, queuedEvents, shardsWithWork } from '#store/evaluation.ts';
import { takenDevice } from '#store/standby-ledger.ts';
import { type Db, hint, isTransient, lockTimeout, sqlState, together, withRetry } from '#store/pool.ts';
import { type Loop, startLoop } from '#work/loop.ts';
import { outlasts } from '#work/outlasts.ts';
import type { ApplyTools } from './apply.ts';
import { evaluateBatch, type Judge } from './batch.ts';
import { unreadable } from './poison.ts';

export type EvaluateOptions = ApplyTools & {
  db: Db; metrics: Metrics;
  /** The rules; a test's own. */ decide?: Judge;
  /** Ids of events that a standby on duty works on: they are evaluated with what it did about them. */ taken?: () => ReadonlySet<string>;
  batch?: number; /** Milliseconds that a lock is waited for. */ lockMs?: number; /** shards evaluated at once; db needs as many connections */ lanes?: number; pollMs?: number;
};

/** Starts the loop; `wake` on a hint of new events. */
export function startEvaluate(options: EvaluateOptions): Loop {
  const evaluate = createEvaluate(options);
  return startLoop({
    name: 'evaluate', ...(options.pollMs === undefined ? {} : { pollMs: options.pollMs }),
    turn: async () => (await evaluate()) > 0,
    onError: (error, inARow) => options.log.error({ error: (error as Error).message, inARow }, 'evaluating events failed; they stay queued and are tried again'),
  });
}

/** One turn over all shards that have work; answers how many events were evaluated. */
export function createEvaluate(options: EvaluateOptions): () => Promise<number> {
  const { db, log } = options;
  const lanes = options.lanes ?? 2;
  const shard = createShard(options);
  return async () => {
    let queue = await shardsWithWork(db);
    let done = 0;
    const failed = new Map<number, unknown>();
    const busy = new Map<number, Promise<void>>();
    const begin = (at: number): Promise<void> => {
      const work = shard(at).then((n) => { done += n; }, (error: unknown) => {
        failed.set(at, error);
        log.error({ shard: at, error: (error as Error).message }, 'a shard could not be evaluated now');
      }).finally(() => busy.delete(at));
      busy.set(at, work);
      return work;
    };
    /** One shard; false when there is none. While another lane still works, perhaps waits for a lock that somebody holds, it looks again. */
    const step = async (): Promise<boolean> => {
      for (let at = queue.shift(); ; at = queue.shift()) {
        if (at !== undefined) { await begin(at); return true; }
        if (busy.size === 0 || !(await outlasts(busy.values(), lookAgainMs))) return false;
        queue = (await shardsWithWork(db)).filter((s) => !busy.has(s) && !failed.has(s));
      }
    };
    await Promise.all(Array.from({ length: lanes }, async () => { while (await step()); }));
    const [first] = failed.values();
    if (failed.size > 0 && done === 0) throw first;
    return done;
  };
}

const lookAgainMs = 100;

function createShard(options: EvaluateOptions): (shard: number) => Promise<number> {
  const { db, seal, log, metrics } = options;
  const judge = options.decide ?? decide;
  const limit = options.batch ?? limits.evaluateBatch;
  /** Shards whose last batch waited in vain for a lock, and how many events they take now: what is held (or a machine too slow for so many at once) holds up few, and no turn is spent in vain for ever. */
  const smaller = new Map<number, number>();
  const tried = new Map<number, number>();
  const sizeOf = (shard: number): number => smaller.get(shard) ?? limit;
  const took = metrics.histogram('evaluate_batch_seconds', 'one batch of events, from lock to commit', [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]);
  const results = metrics.counter('events_evaluated_total', 'events evaluated', ['result']);
  const poisoned = metrics.counter('events_poison_total', 'events that no rule could take');
  const waiting = metrics.histogram('event_wait_seconds', 'from arrival to evaluation', [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 30, 300], ['urgency']);
  const free = untaken(options.taken);
  const run = (shard: number, choose: (events: readonly QueuedEvent[]) => readonly QueuedEvent[], how: Judge): Promise<number> => withRetry(5, () => db.tx(async (sql) => {
    // The queue is read after the lock, in the same breath; without the lock it is somebody else's.
    const [held, queue] = await together([holdShard(sql, shard, options.lockMs ?? limits.lockMs), queuedEvents(sql, seal, shard, sizeOf(shard))]);
    if (!held) return 0;
    const events = choose(free(queue));
    tried.set(shard, events.length);
    if (events.length === 0) return 0;
    const stop = took.startTimer();
    const { now, counts } = await evaluateBatch(sql, options, events, how);
    stop();
    for (const [result, n] of counts) results.inc({ result }, n);
    for (const e of events) waiting.observe({ urgency: e.urgency }, Math.max(0, now - e.receivedAt) / 1000);
    return events.length;
  }), (error) => sqlState(error) !== lockTimeout);
  /** One event alone; false when it could not be evaluated (it stays queued). */
  const alone = async (shard: number, e: QueuedEvent, attempts: number): Promise<boolean> => {
    const poison = attempts >= limits.evaluateAttempts;
    try {
      await run(shard, (queue) => queue.filter((q) => q.id === e.id), poison ? unreadable : judge);
      if (poison) poisoned.inc();
      return true;
    } catch (error) {
      if (isTransient(error)) throw error;
      const tries = await countAttempt(db, e.id, (error as Error).message);
      log.error({ eventId: e.id, deviceId: e.deviceId, trace: e.trace, tries, error: (error as Error).message }, 'an event could not be evaluated');
      return false;
    }
  };
  /** Each of these alone, in order; a device whose event fails waits with its later ones until that is set aside. */
  const isolate = async (shard: number, events: readonly QueuedEvent[]): Promise<number> => {
    const blocked = new Set<string>();
    let done = 0;
    for (const e of events) {
      const device = e.deviceId ?? `event ${e.id}`;
      if (blocked.has(device)) continue;
      let attempts = e.attempts;
      let ok = await alone(shard, e, attempts);
      while (!ok && attempts < limits.evaluateAttempts) ok = await alone(shard, e, ++attempts);
      if (ok) done++;
      else if (attempts <= limits.evaluateAttempts * 2) blocked.add(device);
    }
    return done;
  };
  return async (shard) => {
    const clean = (events: readonly QueuedEvent[]): QueuedEvent[] => {
      const suspect = new Set(events.filter((e) => e.attempts > 0).map((e) => e.deviceId ?? e.id));
      return suspect.size === 0 ? [...events] : events.filter((e) => !suspect.has(e.deviceId ?? e.id));
    };
    let done = 0;
    try {
      done = await run(shard, clean, judge);
      if (sizeOf(shard) * 2 < limit) smaller.set(shard, sizeOf(shard) * 2);
      else smaller.delete(shard);
    } catch (error) {
      if (sqlState(error) === lockTimeout) smaller.set(shard, Math.max(1, Math.floor((tried.get(shard) ?? limit) / 2)));
      if (isTransient(error)) throw error;
      log.warn({ shard, error: (error as Error).message }, 'a batch of events failed; its events are tried one by one');
      const events = free(await db.tx((sql) => queuedEvents(sql, seal, shard, limit)));
      done = await isolate(shard, events);
      await hint(db, ['anling_timer', 'anling_outbox', 'anling_feed']);
      return done;
    }
    if (done > 0) return done;
    return isolate(shard, free(await queuedEvents(db, seal, shard, limit)).filter((e) => e.attempts > 0));
  };
}

/** Leaves out what standby works on, what came from the same device after it (I7), and whatever came from the device of a case that it opened; each for limits.standbyTakenMs at most. */
function untaken(taken: EvaluateOptions['taken']): (events: QueuedEvent[]) => QueuedEvent[] {
  const since = new Map<string, number>();
  return (events) => {
    const ids = taken?.();
    if (!ids || ids.size === 0) { since.clear(); return events; }
    const now = performance.now();
    const behind = new Set<string>();
    return events.filter((e) => {
      const device = e.deviceId ?? e.id;
      for (const id of [e.ingestId, takenDevice(device)]) {
        if (!ids.has(id)) continue;
        if (!since.has(id)) since.set(id, now);
        if (now - (since.get(id) ?? now) < limits.standbyTakenMs) behind.add(device);
      }
      return !behind.has(device);
    });
  };
}
