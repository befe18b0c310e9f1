/**
 * A lane of durable writes (law 1): batches of a few milliseconds, one at a time, so that order is kept. A failed or unknown
 * commit is tried again with the same items (their writes are idempotent) until limits.durableWaitMs have passed; then `add`
 * rejects with E_NOT_DURABLE, nothing is acknowledged, and the device sends again.
 */
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { sqlState } from '#store/pool.ts';
import { Batcher } from '#work/batcher.ts';

export type DurableOptions<T> = {
  lane: string; maxRows: number; meter: EdgeMeter; log: Logger;
  /** Commits the items, idempotently. */
  write(items: readonly T[]): Promise<void>;
  /** An item that the database refuses for itself: kept elsewhere, so that its neighbours are not held up. */
  poisoned(item: T, error: unknown): Promise<void>;
};
export type DurableLane<T> = {
  /** Resolves after the commit, in the order of the adds. */
  add(item: T): Promise<void>;
  readonly waiting: number;
  drain(): Promise<void>;
};
type Held<T> = { item: T; deadlineMs: number };
type Outcome = Error | null;

/** Whether PostgreSQL refuses the data itself; everything else (connection, restart, lock, a migration under way) may pass. */
export const isRowFault = (error: unknown): boolean => /^(22|23|54)/.test(sqlState(error) ?? '');

const notDurable = (cause?: unknown): OperatingError => new OperatingError('E_NOT_DURABLE', 'the frame could not be committed in time', { retryable: true, cause });

export function openDurableLane<T>(options: DurableOptions<T>): DurableLane<T> {
  const { lane, meter, log } = options;
  const batcher = new Batcher<Held<T>, Outcome>({ maxMs: limits.urgentBatchMs, maxRows: options.maxRows, write: (held) => writeDurably(options, held) });
  return {
    async add(item) {
      const deadlineMs = performance.now() + limits.durableWaitMs;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Outcome>((resolve) => { timer = setTimeout(() => resolve(notDurable()), limits.durableWaitMs); });
      const failed = await Promise.race([batcher.add({ item, deadlineMs }), late]);
      clearTimeout(timer);
      if (failed === null) return;
      meter.rejected('not-durable');
      log.error({ lane, error: failed.message }, 'a frame was not made durable; it is not acknowledged');
      throw failed;
    },
    get waiting() { return batcher.waiting; },
    drain: () => batcher.drain(),
  };
}

async function writeDurably<T>(options: DurableOptions<T>, held: readonly Held<T>[]): Promise<Outcome[]> {
  const { lane, meter, log } = options;
  const startedMs = performance.now();
  for (let attempt = 1; ; attempt++) {
    try {
      await options.write(held.map((h) => h.item));
      meter.batch(lane, held.length, performance.now() - startedMs);
      return held.map(() => null);
    } catch (error) {
      if (isRowFault(error)) {
        log.error({ lane, error: (error as Error).message, rows: held.length }, 'a row is refused by the database; its batch is written one by one');
        return await oneByOne(options, held);
      }
      if (attempt === 1) log.warn({ lane, error: (error as Error).message, rows: held.length }, 'not committed, trying again');
      // The youngest decides: who was told "not durable" by its own deadline may still come in; the device's second copy merges.
      if (performance.now() >= Math.max(...held.map((h) => h.deadlineMs))) return held.map(() => notDurable(error));
      await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** attempt, 500)));
    }
  }
}

async function oneByOne<T>(options: DurableOptions<T>, held: readonly Held<T>[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { item } of held) {
    try {
      await options.write([item]);
      outcomes.push(null);
    } catch (error) {
      outcomes.push(await options.poisoned(item, error).then(() => null, notDurable));
    }
  }
  return outcomes;
}
