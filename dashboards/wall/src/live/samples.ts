/** An alert as the live channel carries it, for tests: give what matters, the rest is plausible. */
import type { AlertView } from '#core/live.ts';

export function alertView(given: Partial<AlertView> = {}): AlertView {
  return {
    id: '1', kind: 'sos', priority: 1, state: 'open', version: 1, subject: { type: 'person', id: 'p1', name: '陈*水' },
    place: '内洋下厝角', regionCode: '350425201001', town: '屏山乡', village: '内洋村', lat: null, lon: null,
    deviceId: 'd1', homeId: 'h1', personId: 'p1', count: 1, duplicateCount: 0, openedAt: 1_800_000_000_000, occurredAt: null, lastRaisedAt: 1_800_000_000_000, flags: [],
    claimedBy: null, claimedByName: null, claimedAt: null, lastStepAt: null, committedAt: null, committedHow: null, arrivedAt: null, closedAt: null, outcome: null,
    planState: 'running', planRound: 0, planStep: 1, nextDueAt: 1_800_000_030_000, nextDueSlot: 'plan', summary: {}, demo: true, ...given,
  };
}
