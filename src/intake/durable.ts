/**
 * A lane of durable writes (law 1): batches of a few milliseconds, one at a time, so that order is kept. A batch that the database
 * has not committed within limits.spoolAfterMs goes to the spool (intake/spool.ts); without one, or when it is full, the commit is
 * tried again with the same items (their writes are idempotent) until limits.durableWaitMs have passed: then `add` rejects with
 * E_NOT_DURABLE, nothing is acknowledged, and the device sends again.
 */
import { OperatingError } from '#core/errors.ts';
import { limits } from '#core/limits.ts';
import type { EdgeMeter } from '#ops/edge-meter.ts';
import type { Logger } from '#ops/log.ts';
import { sqlState } from '#store/pool.ts';
import { Batcher } from '#work/batcher.ts';
import { eitherPlace } from '#work/outlasts.ts';
import { pause } from '#work/pause.ts';
import type { LaneSpec, SpoolLane } from './spool.ts';

export type DurableOptions<T> = {
  lane: string; maxRows: number; meter: EdgeMeter; log: Logger;
  /** Commits the items, idempotently. */
  write(items: readonly T[]): Promise<void>;
  /** An item that the database refuses for itself: kept elsewhere, so that its neighbours are not held up. */
  poisoned(item: T, error: unknown): Promise<void>;
  /** Where items go while the database is away. */ spool?: SpoolLane<T>;
  /** So many items have come to their end: in the database, or given up without acknowledgement. */ ended?(fate: 'committed' | 'refused', n: number): void;
};
export type DurableLane<T> = {
  /** Resolves after the commit, in the order of the adds. */
  add(item: T): Promise<void>;
  readonly waiting: number; /** those and what is being written */ readonly pending: number;
  /** That nothing is taken: something was refused lately and nothing taken since; else null. */ refusing(): string | null;
  drain(): Promise<void>;
};
type Held<T> = { item: T; deadlineMs: number };
type Outcome = Error | null;

/** Whether PostgreSQL refuses the data itself; everything else (connection, restart, lock, a migration under way) may pass. */
export const isRowFault = (error: unknown): boolean => /^(22|23|54)/.test(sqlState(error) ?? '');

const notDurable = (cause?: unknown): OperatingError => new OperatingError('E_NOT_DURABLE', 'the frame could not be committed in time', { retryable: true, cause });

export function openDurableLane<T>(options: DurableOptions<T>): DurableLane<T> {
  const { lane, meter, log } = options;
  let refusedAtMs = -Infinity;
  const batcher = new Batcher<Held<T>, Outcome>({ maxMs: limits.urgentBatchMs, maxRows: options.maxRows, write: (held) => writeDurably(options, held) });
  return {
    async add(item) {
      const deadlineMs = performance.now() + limits.durableWaitMs;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Outcome>((resolve) => { timer = setTimeout(() => resolve(notDurable()), limits.durableWaitMs); });
      const failed = await Promise.race([batcher.add({ item, deadlineMs }), late]);
      clearTimeout(timer);
      if (failed === null) { refusedAtMs = -Infinity; return; }
      refusedAtMs = performance.now();
      meter.rejected('not-durable');
      log.error({ lane, error: failed.message }, 'a frame was not made durable; it is not acknowledged');
      throw failed;
    },
    get waiting() { return batcher.waiting; }, get pending() { return batcher.pending; },
    refusing: () => (performance.now() - refusedAtMs < limits.refusedSaidMs ? `${lane}: frames are REFUSED, neither the database nor the spool takes them (is the disk full?)` : null),
    drain: () => batcher.drain(),
  };
}

async function writeDurably<T>(options: DurableOptions<T>, held: readonly Held<T>[]): Promise<Outcome[]> {
  const { spool } = options;
  return eitherPlace({
    away: () => spool?.away() ?? false, afterMs: spool ? limits.spoolAfterMs : null,
    // What the database still does of a batch that was kept, it does once: the replay writes under the same ids.
    begin: (state) => writeToDatabase(options, held, state),
    keep: async () => {
      try {
        await spool?.keep(held.map((h) => h.item));
        return held.map(() => null);
      } catch (error) {
        options.log.error({ lane: options.lane, error: (error as Error).message }, 'the spool does not take a batch either');
        return null;
      }
    },
    settled(outcomes) {
      const refused = outcomes.filter((outcome) => outcome !== null).length;
      options.ended?.('committed', outcomes.length - refused);
      options.ended?.('refused', refused);
    },
  });
}

/** One try for items that come back from the spool; throws when the database is still away. */
async function replayDurably<T>(options: Omit<DurableOptions<T>, 'maxRows' | 'spool'>, items: readonly T[]): Promise<void> {
  try {
    await options.write(items);
  } catch (error) {
    if (!isRowFault(error)) throw error;
    // Thrown: all of them come again, those too that were written; their ids make that nothing.
    for (const outcome of await oneByOne(options, items.map((item) => ({ item, deadlineMs: 0 })))) if (outcome) throw outcome;
  }
}

/** The spool's half of a lane. `arrived` gives an item its arrival by this process's monotonic clock. */
export function durableSpec<T>(options: Omit<DurableOptions<T>, 'maxRows' | 'spool'> & { rows: number; alarms?: boolean; arrived(item: T, ageMs: (arrivedMs: number) => number): T }): LaneSpec<T> {
  return {
    name: options.lane, rows: options.rows, alarms: options.alarms === true, replayed: (items) => options.ended?.('committed', items.length),
    replay: (kept) => replayDurably(options, kept.map(({ item, nowMs }) => options.arrived(item, (arrivedMs) => performance.now() - Math.max(0, nowMs - arrivedMs)))),
  };
}

/** Until what stands in a full spool before these items is in the database it is looked at so often. */
const behindMs = 20;

async function writeToDatabase<T>(options: DurableOptions<T>, held: readonly Held<T>[], state: { readonly abandoned: boolean }): Promise<Outcome[]> {
  const { lane, meter, log, spool } = options;
  const startedMs = performance.now();
  // The youngest decides: who was told "not durable" by its own deadline may still come in; the device's second copy merges.
  const over = (): boolean => performance.now() >= Math.max(...held.map((h) => h.deadlineMs));
  for (let attempt = 1; ; attempt++) {
    while (spool?.behind() && !state.abandoned) {
      if (over()) return held.map(() => notDurable());
      await pause(behindMs);
    }
    if (state.abandoned) return held.map(() => null); // it stands in the spool now, behind the others
    try {
      await options.write(held.map((h) => h.item));
      meter.batch(lane, held.length, performance.now() - startedMs);
      return held.map(() => null);
    } catch (error) {
      if (state.abandoned) return held.map(() => null);
      if (isRowFault(error)) {
        log.error({ lane, error: (error as Error).message, rows: held.length }, 'a row is refused by the database; its batch is written one by one');
        return await oneByOne(options, held);
      }
      if (attempt === 1) log.warn({ lane, error: (error as Error).message, rows: held.length }, 'not committed, trying again');
      if (over()) return held.map(() => notDurable(error));
      await pause(Math.min(20 * 2 ** attempt, 500));
    }
  }
}

async function oneByOne<T>(options: Pick<DurableOptions<T>, 'write' | 'poisoned'>, held: readonly Held<T>[]): Promise<Outcome[]> {
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
