/** Rules about life: pure tables, no database. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '#core/alert.ts';
import { type Decision, type DeviceFacts, endedByItself, type Facts } from '#core/decision.ts';
import { type Edge, edges, type EventKind, eventKinds, kindInfo, type StoredEvent } from '#core/event.ts';
import { decide } from './index.ts';

const now = 1_800_000_000_000;
const event = (kind: EventKind, more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: '1', kind, edge: 'raise', source: 'mqtt', urgency: kindInfo[kind].priority, deviceId: 'd', homeId: 'h', personId: 'p', room: null, regionCode: null, sourceEventId: 'e1', ref: null, deviceTime: now,
  receivedAt: now, flags: [], confidence: null, data: {}, trace: 't', ...more,
} as StoredEvent);
const device = (more: Partial<DeviceFacts> = {}): DeviceFacts => ({
  id: 'd', model: 'watch', vendor: 'anling', type: 'watch', power: 'battery', supervisionClass: '5min', confirmWindowMs: 30_000, testUntil: null, room: null, cell: null, homeId: 'h', personId: 'p', registeredAt: 0, demo: false, ...more,
} as DeviceFacts);
const facts = (more: Partial<Facts> = {}): Facts => ({ device: device(), person: null, home: null, presence: null, open: [], earlier: null, clearedLater: false, ...more });
const person = (more: object): Facts['person'] => ({ id: 'p', homeId: 'h', highRisk: false, riskTags: [], mode: null, modeUntil: null, demo: false, ...more }) as unknown as Facts['person'];
const fallAlert = (more: Partial<Alert> = {}): Alert => ({
  id: '9', kind: 'fall', priority: 1, state: 'confirming', subject: { type: 'person', id: 'p' }, deviceId: 'd', count: 1, duplicateCount: 0, claimedAt: null, firstHumanAt: null, lastRaisedAt: now,
  summary: { confirmUntil: now + 30_000, fallId: 'f1' }, ...more,
} as Alert);
const p1: EventKind[] = ['sos', 'phone-in', 'smoke', 'gas', 'fall'];
const only = (d: Decision[]): Decision => { expect(d).toHaveLength(1); return d[0] as Decision; };

describe('a technical alarm that comes and goes [C8]', () => {
  const open = (more: Partial<Alert> = {}): Facts => facts({ open: [fallAlert({ kind: 'offline', priority: 3, state: 'open', subject: { type: 'device', id: 'd' }, flags: ['flapping'], ...more })] });
  const clear = (data: object, f = open()): Decision => only(decide(event('offline', { edge: 'clear', source: 'supervision', data: { ...data } }), f, now));
  it('is latched by the third end of its own within the hour, not before', () => {
    const flagged = (selfEnded: number): boolean => { const d = only(decide(event('tamper'), facts({ selfEnded }), now)); return d.type === 'raise' && d.flags?.includes('flapping') === true; };
    expect([0, 2, 3, 9].map(flagged)).toEqual([false, false, true, true]);
  });
  it('waits for an hour of quiet once it is latched; an outage that takes it over or the end of its device does not wait', () => {
    expect(clear({ reason: 'device-back' })).toEqual({ type: 'note', alertId: '9', what: 'cleared', quiet: true, end: { afterMs: 3_600_000, outcome: 'D1', what: 'quiet-again' } });
    expect(clear({ reason: 'device-back' }, open({ flags: [] }))).toMatchObject({ type: 'close', what: 'device-back' });
    expect(clear({ reason: 'in-outage', outageId: '5' })).toMatchObject({ type: 'close', flags: ['in-outage'] });
    expect(clear({ reason: 'device-revoked' })).toMatchObject({ type: 'close' });
  });
  it('counts what no human closed and no outage took over; never a P1', () => {
    const ended = (more: Partial<Alert>): boolean => endedByItself(fallAlert({ kind: 'offline', priority: 3, state: 'closed', closedBy: 'device:d', flags: [], ...more }));
    expect([ended({}), ended({ closedBy: 'house' }), ended({ closedBy: 'op1' }), ended({ flags: ['in-outage'] }), ended({ state: 'open' }), ended({ priority: 1 })]).toEqual([true, true, false, false, false, false]);
  });
});

describe('a P1', () => {
  it('is raised whatever mode, test window, flag, history of the device or edge raise/repeat/report [C2 C9 LAW5]', () => {
    fc.assert(fc.property(
      fc.constantFrom(...p1), fc.constantFrom<Edge>('raise', 'repeat', 'report'), fc.constantFrom(null, 'away', 'hospital', 'evacuated'), fc.boolean(), fc.constantFrom<string[]>([], ['late'], ['qos0', 'time-absurd'], ['id-reused']),
      fc.boolean(), fc.boolean(), fc.boolean(), fc.constantFrom(0, 3, 99),
      (kind, edge, mode, test, flags, cleared, silent, unknownDevice, selfEnded) => {
        const f = facts({
          person: person({ mode, modeUntil: mode && now + 1_000 }), device: unknownDevice ? null : device({ testUntil: test ? now + 1 : null }), clearedLater: cleared, selfEnded,
          presence: silent ? { state: 'offline', lastSeenAt: null, lowBattery: true, battery: 1, mainsLostAt: now, outageId: '4' as never } : null,
        });
        const d = only(decide(event(kind, { edge, flags }), f, now));
        expect(d).toMatchObject({ type: 'raise', kind, priority: 1 });
        if (d.type === 'raise') {
          expect(d.plan).not.toBe('none');
          expect(d.flags).not.toContain('flapping');
          expect(d.confirmMs ?? 0).toBeLessThanOrEqual(kind === 'fall' ? 30_000 : 0); // no delay but the declared window of a fall
          expect(d.planDelayMs ?? 0).toBeLessThanOrEqual(test ? 120_000 : 0);
        }
      },
    ), { numRuns: 500 });
  });

  it('waits only for the declared window of a fall, never longer than 30 s, not at all when late or the device declares none [C3]', () => {
    const window = (f: Facts, flags: string[] = []): number => { const d = only(decide(event('fall', { flags }), f, now)); return d.type === 'raise' ? (d.confirmMs ?? 0) : -1; };
    expect(window(facts())).toBe(30_000);
    expect(window(facts({ device: device({ confirmWindowMs: 0 }) }))).toBe(0);
    // It began with the fall; a device's clock may shorten the wait, never lengthen it.
    const felt = (ms: number): number => { const d = only(decide(event('fall', { deviceTime: now - ms }), facts(), now)); return d.type === 'raise' ? (d.confirmMs ?? 0) : -1; };
    expect([felt(0), felt(10_000), felt(30_000), felt(45_000), felt(-3_600_000)]).toEqual([30_000, 20_000, 0, 0, 30_000]);
    expect(window(facts({ device: device({ confirmWindowMs: 600_000 }) }))).toBe(30_000);
    expect(window(facts(), ['late'])).toBe(0);
    const late = only(decide(event('fall', { receivedAt: now - 25_000 }), facts(), now));
    expect(late).toMatchObject({ confirmMs: 5_000 }); // counted from the arrival, not from when we came to it
  });
});

describe('cancel', () => {
  const cancel = (alert: Alert | null, more: Partial<StoredEvent> = {}): Decision => only(decide(event('cancel', { sourceEventId: null, ...more }), facts({ open: alert ? [alert] : [] }), now));
  it('closes a fall of the same device inside its window as self-cancelled, with a courtesy ring [C3 C4]', () => {
    expect(cancel(fallAlert())).toMatchObject({ type: 'close', alertId: '9', outcome: 'C1', what: 'self-cancelled', flags: ['self-cancelled'], ring: 'soft', detail: { courtesyCall: true } });
    expect(cancel(fallAlert(), { ref: 'f1' })).toMatchObject({ type: 'close' });
  });
  for (const [why, alert, more] of [
    ['after the window', fallAlert(), { receivedAt: now + 30_000 }], ['of another event', fallAlert(), { ref: 'other' }], ['when a human has it', fallAlert({ state: 'claimed', claimedAt: now }), {}],
    ['when it fell again', fallAlert({ count: 2 }), {}], ['without a window', fallAlert({ summary: {} }), {}], ['of an SOS', fallAlert({ kind: 'sos', state: 'open' }), {}],
  ] as const) it(`is only a note, softly rung, ${why} [C3 C4]`, () => expect(cancel(alert, more)).toMatchObject({ type: 'note', alertId: '9', ring: 'soft' }));
  it('of another device takes nothing away [C4]', () => expect(cancel(fallAlert({ deviceId: 'x' as never }))).toMatchObject({ type: 'note' }));
  it('counts a fall raised again only as a duplicate as one fall', () => expect(cancel(fallAlert({ count: 3, duplicateCount: 2 }))).toMatchObject({ type: 'close' }));
  it('without anything open is no alert', () => expect(cancel(null)).toMatchObject({ type: 'ignore' }));
});

describe('modes, tests and strangers', () => {
  const away = facts({ person: person({ mode: 'hospital', modeUntil: now + 10_000_000 }) });
  it('technical alarms, motionless and bed-exit wait for the end of the mode, looked at each hour [C9]', () => {
    for (const kind of ['low-battery', 'tamper', 'fault', 'offline', 'motionless', 'bed-exit'] as const) expect(only(decide(event(kind), away, now))).toEqual({ type: 'wait', reason: 'hospital', recheckAt: now + 3_600_000 });
    expect(only(decide(event('wander'), away, now))).toMatchObject({ type: 'raise', priority: 2 });
  });
  it('an ended mode hides nothing', () => expect(only(decide(event('motionless'), facts({ person: person({ mode: 'away', modeUntil: now }) }), now))).toMatchObject({ type: 'raise' }));
  it('a test press in its window never goes to phones, outside it escalates [B7]', () => {
    expect(only(decide(event('test'), facts({ device: device({ testUntil: now + 1 }) }), now))).toMatchObject({ type: 'raise', priority: 4, plan: 'none' });
    const outside = only(decide(event('test'), facts(), now));
    expect(outside).toMatchObject({ type: 'raise', priority: 2 });
    expect(outside).not.toHaveProperty('plan');
  });
  it('a P1 in a test window is marked, shown, and becomes real after 120 s [LAW5 C2]', () => {
    expect(only(decide(event('sos'), facts({ device: device({ testUntil: now + 1 }) }), now))).toMatchObject({ priority: 1, flags: ['test'], planDelayMs: 120_000 });
  });
  it('a P1 of a device that is being installed rings no desk, and becomes real after 300 s; without the test mode it is real at once [FF16 LAW5]', () => {
    expect(only(decide(event('sos'), facts({ device: device({ testUntil: now + 1, installing: true }) }), now))).toMatchObject({ priority: 1, flags: ['test', 'installing'], planDelayMs: 300_000, ring: 'none' });
    const over = only(decide(event('sos'), facts({ device: device({ testUntil: now, installing: true }) }), now));
    expect(over).toMatchObject({ priority: 1, flags: [] });
    expect(over).not.toHaveProperty('planDelayMs');
    expect(over).not.toHaveProperty('ring');
  });
  it('bytes that may hold an alarm are a P1, others a P2; an unknown device is shown without a plan [FF24 F15]', () => {
    expect(only(decide(event('unreadable-alarm', { urgency: 1, source: 'quarantine' }), facts(), now))).toMatchObject({ priority: 1 });
    expect(only(decide(event('unreadable-alarm', { urgency: 2, source: 'quarantine' }), facts(), now))).toMatchObject({ priority: 2 });
    expect(only(decide(event('unknown-device', { source: 'supervision', data: { subject: { type: 'device', id: 'x9' } }, deviceId: null, homeId: null, personId: null }), facts({ device: null }), now)))
      .toMatchObject({ priority: 2, subject: { type: 'device', id: 'x9' }, plan: 'none' });
  });
  it("a device's own data never names the subject [LAW5]", () => {
    expect(only(decide(event('sos', { data: { subject: { type: 'system', id: 'x' } } }), facts(), now))).toMatchObject({ subject: { type: 'person', id: 'p' } });
  });
});

describe('a learning period [C12]', () => {
  const kinds: EventKind[] = ['fall', 'motionless', 'bed-exit', 'wander', 'vital-high', 'vital-low'];
  it('changes nothing of an alarm but its mark: never suppressed, never later, never lower, whatever else is true', () => {
    fc.assert(fc.property(fc.constantFrom(...eventKinds), fc.constantFrom(...edges), fc.constantFrom(null, 'away', 'hospital'), fc.boolean(), fc.boolean(), fc.integer({ min: -2, max: 2 }), (kind, edge, mode, test, late, ms) => {
      const of = (learningUntil: number | null): Decision[] => decide(event(kind, { edge, flags: late ? ['late'] : [] }), facts({ person: person({ mode, modeUntil: mode && now + 1_000 }), device: device({ testUntil: test ? now + 1 : null, learningUntil }) }), now);
      const bare = (all: Decision[]): unknown[] => all.map((d) => (d.type === 'raise' && d.flags ? { ...d, flags: d.flags.filter((f) => f !== 'learning') } : d));
      expect(bare(of(now + ms))).toEqual(of(null));
      const marked = of(now + ms).some((d) => d.type === 'raise' && d.flags?.includes('learning'));
      expect(marked).toBe(ms > 0 && kinds.includes(kind) && of(null).some((d) => d.type === 'raise'));
    }), { numRuns: 1_000 });
  });
});

describe('every kind and edge', () => {
  it('has an answer, and a raise always has a subject [LAW5]', () => {
    fc.assert(fc.property(fc.constantFrom(...eventKinds), fc.constantFrom(...edges), fc.boolean(), fc.boolean(), fc.boolean(), (kind, edge, hasDevice, hasHome, hasPerson) => {
      const e = event(kind, { edge, deviceId: hasDevice ? ('d' as never) : null, homeId: hasHome ? ('h' as never) : null, personId: hasPerson ? ('p' as never) : null });
      const all = decide(e, facts({ device: hasDevice ? device() : null }), now);
      expect(all.length).toBeGreaterThan(0);
      for (const d of all) if (d.type === 'raise') expect(d.subject.id.length).toBeGreaterThan(0);
    }), { numRuns: 1_000 });
  });
});
