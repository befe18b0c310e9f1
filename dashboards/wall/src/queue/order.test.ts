/** The queue's order and its stillness under a hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertStates } from '#core/alert.ts';
import { eventKinds, kindInfo } from '#core/event.ts';
import type { AlertView } from '#core/live.ts';
import { alertView } from '#wall/live/samples.ts';
import { isUnclaimed, orderQueue, type Settled, settle, slaStep } from './order.ts';

const anyAlert: fc.Arbitrary<AlertView> = fc.record({
  id: fc.integer({ min: 1, max: 9999 }).map(String), kind: fc.constantFrom(...eventKinds), state: fc.constantFrom(...alertStates.filter((s) => s !== 'closed')),
  openedAt: fc.integer({ min: 0, max: 1000 }),
}).map((given) => alertView({ ...given, priority: kindInfo[given.kind].priority }));
const anySet = fc.uniqueArray(anyAlert, { selector: (a) => a.id, maxLength: 40 });
const ids = (alerts: AlertView[]): string[] => orderQueue(alerts).map((e) => e.id);

describe('the order of the queue', () => {
  it('puts the pressed button above an earlier radar fall, and both above what is taken [F11]', () => {
    expect(ids([
      alertView({ id: '1', state: 'claimed', openedAt: 1 }),
      alertView({ id: '2', kind: 'fall', openedAt: 2 }),
      alertView({ id: '3', kind: 'fall', openedAt: 5, flags: ['high-risk'] }),
      alertView({ id: '4', kind: 'sos', openedAt: 9 }),
      alertView({ id: '5', kind: 'bed-exit', priority: 2, openedAt: 1 }),
      alertView({ id: '6', kind: 'low-battery', priority: 3, openedAt: 0 }),
    ])).toEqual(['4', '3', '2', '5', '1', '6']);
  });

  it('is a total order of every set: unclaimed P1 and P2 first, technical last, the longest waiting before the newer [F4 F11]', () => {
    fc.assert(fc.property(anySet, (alerts) => {
      const byId = new Map(alerts.map((a) => [a.id, a]));
      const rows = orderQueue(alerts);
      expect(new Set(rows.map((r) => r.id)).size).toBe(alerts.length);
      expect(rows).toEqual(orderQueue([...alerts].reverse()));
      const place = (a: AlertView): number => rows.findIndex((r) => r.id === a.id);
      for (const a of alerts) for (const b of alerts) {
        if (isUnclaimed(a) && a.priority <= 2 && !(isUnclaimed(b) && b.priority <= 2)) expect(place(a)).toBeLessThan(place(b));
        if (a.state === b.state && a.kind === b.kind && a.openedAt < b.openedAt) expect(place(a)).toBeLessThan(place(b));
      }
      expect(rows.every((r) => byId.has(r.id))).toBe(true);
    }));
  });

  it('holds every row in its place under a hand, shows every newcomer, and is right again when the hand is gone', () => {
    fc.assert(fc.property(anySet, fc.array(anySet, { maxLength: 6 }), (first, later) => {
      let shown: Settled = settle({ rows: [], arrivals: [] }, orderQueue(first), false);
      const still = shown.rows;
      for (const alerts of later) {
        shown = settle(shown, orderQueue(alerts), true);
        expect(shown.rows).toEqual(still);
        const visible = new Set([...shown.rows.map((r) => r.id), ...shown.arrivals]);
        for (const alert of alerts) expect(visible.has(alert.id)).toBe(true);
      }
      const last = later.at(-1) ?? first;
      expect(settle(shown, orderQueue(last), false)).toEqual({ rows: orderQueue(last), arrivals: [] });
    }));
  });

  it('colours a waiting timer at 15, 60 and 180 s', () => {
    expect([0, 14_999, 15_000, 59_999, 60_000, 179_999, 180_000].map(slaStep)).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });
});
