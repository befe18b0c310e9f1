/** The lane of durable writes against a database that fails in every way. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { limits } from '#core/limits.ts';
import { createEdgeMeter } from '#ops/edge-meter.ts';
import { createLog } from '#ops/log.ts';
import { createMetrics } from '#ops/metrics.ts';
import { openDurableLane } from './durable.ts';

const log = createLog('edge', 'silent');
const meter = createEdgeMeter(createMetrics('edge'));
const passing = (): Error => Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
const refused = (): Error => Object.assign(new Error('invalid byte sequence'), { code: '22021' });

describe('a durable lane', () => {
  it('resolves in the order of the adds, each exactly when its row is stored, whatever fails on the way [LAW1 I1]', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom('ok', 'lost', 'unknown'), { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), async (faults, count) => {
      const stored = new Set<number>();
      const plan = [...faults];
      const lane = openDurableLane<number>({
        lane: 'test', maxRows: 7, meter, log, poisoned: () => Promise.reject(new Error('never')),
        async write(items) {
          await Promise.resolve();
          const fault = plan.shift();
          if (fault === 'lost') throw passing();
          for (const i of items) stored.add(i);
          if (fault === 'unknown') throw passing(); // committed, but the answer was lost
        },
      });
      const resolved: number[] = [];
      await Promise.all(Array.from({ length: count }, (_, i) => lane.add(i).then(() => { expect(stored.has(i)).toBe(true); resolved.push(i); })));
      expect(resolved).toEqual(Array.from({ length: count }, (_, i) => i));
    }), { numRuns: 25 });
  });

  it('past a database that is away goes to the spool and comes back: every item once, in order, each resolved only when it is on one of two disks [A2 LAW1 I7]', async () => {
    vi.useFakeTimers();
    try {
      await fc.assert(fc.asyncProperty(fc.array(fc.constantFrom('ok', 'hang', 'slow', 'lost', 'unknown'), { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), fc.array(fc.boolean(), { maxLength: 6 }), async (faults, count, refusals) => {
        // Full now and then; with more faults the deadline is right to reject.
        const fulls = faults.filter((f) => f === 'hang' || f === 'slow').length < 3 ? [...refusals] : [];
        const stored: number[] = [];
        const spool: number[] = [];
        const plan = [...faults];
        const write = async (items: readonly number[]): Promise<void> => {
          const fault = plan.shift();
          if (fault === 'hang' || fault === 'slow') await new Promise((resolve) => { setTimeout(resolve, 3_000); });
          if (fault === 'lost' || fault === 'hang') throw passing();
          for (const i of items) if (!stored.includes(i)) stored.push(i); // idempotent, as on conflict do nothing
          if (fault === 'unknown') throw passing();
        };
        const lane = openDurableLane<number>({
          lane: 'test', maxRows: 5, meter, log, write, poisoned: () => Promise.reject(new Error('never')),
          spool: { away: () => spool.length > 0, behind: () => spool.length > 0, async keep(items) { if (fulls.shift()) throw new Error('disk full'); spool.push(...items); } },
        });
        let busy = false;
        const replay = setInterval(() => {
          if (busy || spool.length === 0) return;
          busy = true;
          const items = spool.slice(0, 3);
          void write(items).then(() => { spool.splice(0, items.length); }, () => {}).finally(() => { busy = false; });
        }, 250);
        const resolved: number[] = [];
        const all = Promise.all(Array.from({ length: count }, (_, i) => lane.add(i).then(() => { expect(stored.includes(i) || spool.includes(i)).toBe(true); resolved.push(i); })));
        for (let i = 0; i < 120; i++) await vi.advanceTimersByTimeAsync(500);
        clearInterval(replay);
        await all;
        expect([resolved, spool]).toEqual([Array.from({ length: count }, (_, i) => i), []]);
        expect(stored).toEqual(Array.from({ length: count }, (_, i) => i));
      }), { numRuns: 60 });
    } finally {
      vi.useRealTimers();
    }
  });

  it('rejects at the deadline, not before; what came later has its own [LAW1]', async () => {
    vi.useFakeTimers();
    try {
      const lane = openDurableLane<number>({ lane: 'test', maxRows: 10, meter, log, write: () => Promise.reject(passing()), poisoned: () => Promise.reject(new Error('never')) });
      const outcomes: string[] = [];
      const first = lane.add(1).catch((e: { code: string }) => outcomes.push(`first ${e.code}`));
      await vi.advanceTimersByTimeAsync(5_000);
      const second = lane.add(2).catch((e: { code: string }) => outcomes.push(`second ${e.code}`));
      await vi.advanceTimersByTimeAsync(limits.durableWaitMs - 5_001);
      expect(outcomes).toEqual([]);
      await vi.advanceTimersByTimeAsync(2);
      expect(outcomes).toEqual(['first E_NOT_DURABLE']);
      await vi.advanceTimersByTimeAsync(5_000);
      await Promise.all([first, second]);
      expect(outcomes).toEqual(['first E_NOT_DURABLE', 'second E_NOT_DURABLE']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('one row that the database refuses holds up none of its neighbours, and is kept elsewhere', async () => {
    const stored: number[] = [];
    const elsewhere: number[] = [];
    const lane = openDurableLane<number>({
      lane: 'test', maxRows: 10, meter, log,
      async write(items) { if (items.includes(3)) throw refused(); stored.push(...items); },
      async poisoned(item) { elsewhere.push(item); },
    });
    await Promise.all([1, 2, 3, 4, 5].map((i) => lane.add(i)));
    expect([stored, elsewhere]).toEqual([[1, 2, 4, 5], [3]]);
  });
});
