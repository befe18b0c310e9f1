/** The report's arithmetic and its hardest sentence: an acknowledged emergency without an alert is a failed run. */
import { describe, expect, it } from 'vitest';
import type { HouseApi } from '#simulators/api/client.ts';
import { Histogram } from './histogram.ts';
import { isEmergency, Ledger, settle } from './ledger.ts';
import { progressLine, table, verdictLines } from './report.ts';

const ack = (eventId: string): { eventId: string; ms: number; at: number; sends: number } => ({ eventId, ms: 5, at: 1, sends: 1 });
type Stored = { sourceEventId: string; evaluatedAt: number | null; result: string | null; alertId: string | null };
/** A house that knows these events of any device. */
const house = (events: Stored[]): HouseApi => ({
  url: 'http://house', headers: {},
  call: async <T>(_method: string, path: string) => ({ events: events.filter((e) => path.includes(`sourceEventId=${e.sourceEventId}`)), next: null }) as T,
});

describe('the histogram', () => {
  it('tells percentiles to within a sixteenth, of one value and of a hundred thousand', () => {
    const h = new Histogram();
    expect(h.percentile(0.5)).toBeNull();
    h.add(138);
    expect(h.percentile(0.99)).toBeLessThanOrEqual(138);
    for (let i = 1; i <= 100_000; i++) h.add(i / 100);
    for (const share of [0.5, 0.9, 0.99]) expect((h.percentile(share) ?? 0) / (1_000 * share)).toSatisfy((r: number) => r > 15 / 16 && r < 17 / 16);
    h.add(Number.MAX_SAFE_INTEGER);
    h.add(0);
    expect(h.count).toBe(100_003);
  });
});

describe('the ledger', () => {
  it('counts an alarm and no clear, no battery, no unacknowledged press [I1]', async () => {
    const ledger = new Ledger();
    const press = (kind: 'sos' | 'fall' | 'low-battery', edge: 'raise' | 'clear', id: string | null): void => {
      const entry = ledger.press({ deviceId: 'd1', homeId: 'h1', kind, edge, at: 1, real: true });
      if (id !== null) ledger.acknowledged(entry, ack(id));
    };
    press('sos', 'raise', 'e1'); press('fall', 'clear', 'e2'); press('low-battery', 'raise', 'e3'); press('fall', 'raise', null); press('fall', 'raise', 'e5');
    expect(ledger.emergencies().map((e) => e.eventId)).toEqual(['e1', 'e5']);
    expect(isEmergency({ kind: 'smoke', edge: 'report' })).toBe(true);
    expect(ledger.pubacks.count).toBe(4);
  });

  it('finds what the house lost, has not decided, or counts nowhere [I1 I2]', async () => {
    const ledger = new Ledger();
    for (const id of ['counted', 'lost', 'waiting', 'ignored', 'twice']) ledger.acknowledged(ledger.press({ deviceId: 'd1', homeId: 'h1', kind: 'sos', edge: 'raise', at: 1, real: true }), ack(id));
    const found = await settle(house([
      { sourceEventId: 'counted', evaluatedAt: 2, result: 'opened', alertId: '7' }, { sourceEventId: 'waiting', evaluatedAt: null, result: null, alertId: null },
      { sourceEventId: 'ignored', evaluatedAt: 2, result: 'ignored:why', alertId: null },
      { sourceEventId: 'twice', evaluatedAt: 2, result: 'ignored:duplicate', alertId: null }, { sourceEventId: 'twice', evaluatedAt: 2, result: 'merged', alertId: '7' },
    ]), ledger.emergencies());
    expect(found.map((f) => [f.entry.eventId, f.why, f.alertId])).toEqual([['counted', 'counted', '7'], ['lost', 'not-stored', null], ['waiting', 'not-evaluated', null], ['ignored', 'no-alert', null], ['twice', 'counted', '7']]);
  });

  it('notes when an alert is first seen, oldest press first, by home and kind', () => {
    let ms = 0;
    const ledger = new Ledger({ monotonic: () => ms });
    const [first, second] = [1, 2].map(() => ledger.press({ deviceId: 'd1', homeId: 'h1', kind: 'fall', edge: 'raise', at: 1, real: true }));
    const loose = ledger.press({ deviceId: 'd2', homeId: null, kind: 'fall', edge: 'raise', at: 1, real: true });
    ms = 250;
    ledger.seen({ homeId: 'h1', deviceId: 'dx', kind: 'sos' });
    ledger.seen({ homeId: 'h1', deviceId: 'dx', kind: 'fall' });
    ledger.seen({ homeId: null, deviceId: 'd2', kind: 'fall' });
    expect([first?.seenMs, second?.seenMs, loose.seenMs]).toEqual([250, null, 250]);
  });
});

describe('what a run shows', () => {
  it('says in one line how it goes, and at the end a table and sentences with evidence', () => {
    expect(progressLine({ devices: 200, connected: 198, refused: 1, sent: 1234, acknowledged: 1230, perSecond: 3, alerts: 4, open: 2 })).toBe('connected 198/200, 1 refused · sent 1234 (3/s) · acknowledged 1230 · alerts 4 · open 2');
    const h = new Histogram();
    for (const n of [2, 4, 12_000]) h.add(n);
    const text = table({ sent: 10, acknowledged: 9, emergencies: 3, alerts: 2, committed: 1, closed: 0, puback: h, beatAck: new Histogram(), visible: new Histogram(), told: h });
    expect(text).toMatch(/committed +已叫应 +1\n/);
    expect(text).toMatch(/PUBACK of events +上报确认 +p50 4\.0 ms {3}p99 1[12]\.\d s {3}\(3\)/);
    expect(text).toMatch(/PUBACK of heartbeats +心跳确认 +–\n/);
    expect(verdictLines([{ ok: false, zh: '没有', en: 'None', evidence: '3/5: a, b' }])).toBe('  FAILED None · 没有 — 3/5: a, b');
  });
});
