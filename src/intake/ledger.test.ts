/** The control of the conservation law: a lane that lies about one item is seen in its sums; an honest one never is, also while it works. */
import { describe, expect, it, vi } from 'vitest';
import { limits } from '#core/limits.ts';
import { createEdgeMeter, type EdgeMeter } from '#ops/edge-meter.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { type DurableLane, durableSpec, openDurableLane } from './durable.ts';
import type { Replayed } from './spool.ts';

const log = createLog('edge', 'silent');
type Lies = { keeps?: (items: readonly number[]) => readonly number[]; replays?: (items: readonly number[]) => readonly number[]; outcomes?: boolean };

/** A lane over a database that may be away, with a spool in memory; `lies` say where an item falls. */
function lane(lies: Lies = {}): { meter: EdgeMeter; lane: DurableLane<number>; database: { away: boolean; rows: Set<number> }; replay(): Promise<void>; add(n: number): void } {
  const meter = createEdgeMeter(createMetrics('edge'));
  const database = { away: false, rows: new Set<number>() };
  let spool: number[] = [];
  const work = {
    lane: 'urgent', meter, log, poisoned: () => Promise.reject(new Error('never')), ended: (fate: 'committed' | 'refused', n: number) => meter.ledger.ended('urgent', fate, n),
    async write(items: readonly number[]) { if (database.away) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }); for (const i of items) database.rows.add(i); },
  };
  const spec = durableSpec<number>({ ...work, rows: 100, arrived: (item) => item });
  const open = openDurableLane<number>({ ...work, maxRows: 8, spool: { behind: () => false, away: () => spool.length > 0, async keep(items) { spool.push(...(lies.keeps?.(items) ?? items)); } } });
  meter.ledger.watch('urgent', { inflight: () => open.pending, spooled: () => spool.length });
  return {
    meter, lane: open, database,
    add(n) { for (let i = 0; i < n; i++) { meter.ledger.taken('urgent'); open.add(i).catch(() => {}); } },
    async replay() {
      const items = (lies.replays?.(spool) ?? spool).map((item): Replayed<number> => ({ item, nowMs: 0, own: true }));
      await spec.replay(items);
      spool = [];
      spec.replayed(items);
    },
  };
}

async function run(lies: Lies): Promise<{ while: object; after: object; rows: number }> {
  vi.useFakeTimers();
  try {
    const l = lane(lies);
    l.add(5);
    await vi.advanceTimersByTimeAsync(100);
    l.database.away = true;
    l.add(9);
    const during = l.meter.ledger.open(); // they wait: under way
    await vi.advanceTimersByTimeAsync(limits.spoolAfterMs + 500);
    l.database.away = false;
    await l.replay();
    await vi.advanceTimersByTimeAsync(limits.durableWaitMs * 2);
    return { while: during, after: l.meter.ledger.open(), rows: l.database.rows.size };
  } finally {
    vi.useRealTimers();
  }
}

describe('the ledger of a lane [G5 I1]', () => {
  it('comes out for a lane that does what it says, at work and at rest', async () => expect(await run({})).toEqual({ while: {}, after: {}, rows: 9 }));
  it('stays open when a spool says that it keeps and does not', async () => expect((await run({ keeps: (items) => items.slice(1) })).after).toEqual({ urgent: expect.any(Number) }));
  it('stays open when a replay forgets one', async () => expect((await run({ replays: (items) => items.slice(0, -1) })).after).toEqual({ urgent: 1 }));
  it('is closed by a refusal, which is an end too: nothing was acknowledged', async () => {
    vi.useFakeTimers();
    try {
      const l = lane({ keeps: () => { throw new Error('disk full'); } });
      l.database.away = true;
      l.add(3);
      await vi.advanceTimersByTimeAsync(limits.durableWaitMs * 2);
      expect([l.meter.ledger.open(), l.lane.pending]).toEqual([{}, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
