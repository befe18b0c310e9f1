/** Alarms that confirm each other: what is added, and that nothing is ever taken away. Pure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '#core/alert.ts';
import type { Decision, DeviceFacts, Facts } from '#core/decision.ts';
import { type Edge, type EventKind, eventKinds, kindInfo, type StoredEvent } from '#core/event.ts';
import { decide } from './index.ts';

const noon = Date.UTC(2026, 10, 22, 4);
const night = Date.UTC(2026, 10, 22, 16, 30); // half past midnight in the county
const minute = 60_000;
const event = (kind: EventKind, more: Partial<StoredEvent> = {}): StoredEvent => ({
  id: '1', kind, edge: 'raise', source: 'mqtt', urgency: kindInfo[kind].priority, deviceId: 'd', homeId: 'h', personId: 'p', room: null, regionCode: null, sourceEventId: 'e1', ref: null, deviceTime: noon,
  receivedAt: noon, flags: [], confidence: null, data: {}, trace: 't', ...more,
} as StoredEvent);
const device = (more: Partial<DeviceFacts> = {}): DeviceFacts => ({ id: 'd', model: 'watch', type: 'watch', confirmWindowMs: 30_000, testUntil: null, ...more } as DeviceFacts);
const alert = (kind: EventKind, at = noon - minute, more: Partial<Alert> = {}): Alert => ({
  id: `a-${kind}`, kind, priority: kindInfo[kind].priority, state: 'open', subject: { type: 'person', id: 'p' }, deviceId: 'other', flags: [], lastRaisedAt: at, summary: {}, ...more,
} as Alert);
const facts = (open: Alert[], more: Partial<Facts> = {}): Facts => ({ device: device(), person: null, home: null, presence: null, open, earlier: null, clearedLater: false, ...more });
const raiseOf = (d: Decision[]): Extract<Decision, { type: 'raise' }> => d.find((x) => x.type === 'raise') as Extract<Decision, { type: 'raise' }>;
const notes = (d: Decision[]): string[] => d.flatMap((x) => (x.type === 'note' ? [`${x.alertId} ${x.what} ${x.ring}`] : []));

describe('alarms of one home confirm each other [C6]', () => {
  it('smoke and a press: both are marked, the first rings again, whichever comes first', () => {
    for (const [first, second] of [['smoke', 'sos'], ['sos', 'smoke'], ['gas', 'fall'], ['phone-in', 'gas']] as const) {
      const d = decide(event(second), facts([alert(first)]), noon);
      expect([raiseOf(d).priority, raiseOf(d).flags?.includes('confirmed'), raiseOf(d).summary?.['confirmedBy']]).toEqual([1, true, [first]]);
      expect(notes(d)).toEqual([`a-${first} confirmed-by p1`]);
    }
  });

  it('a fall and nobody who moves after it: the second is P1 too; not when a door was opened since', () => {
    const still = (more: Partial<Facts> = {}): Decision[] => decide(event('motionless'), facts([alert('fall')], more), noon);
    expect([raiseOf(still()).priority, notes(still())]).toEqual([1, ['a-fall confirmed-by p1']]);
    expect(raiseOf(still({ doorAt: noon - 2 * minute })).priority).toBe(1); // closed since before the fall
    expect([raiseOf(still({ doorAt: noon - 1_000 })).priority, notes(still({ doorAt: noon - 1_000 }))]).toEqual([2, []]);
  });

  it('in a home of several, of others and in other rooms: fire and a call, a fall and a press; what must be about one person is not', () => {
    const around = (one: EventKind, other: EventKind): unknown => { const d = decide(event(other), facts([], { around: [alert(one, undefined, { subject: { type: 'room', id: 'h/kitchen' } })] }), noon); return [raiseOf(d).priority, notes(d)]; };
    expect(around('smoke', 'sos')).toEqual([1, ['a-smoke confirmed-by p1']]);
    expect(around('fall', 'sos')).toEqual([1, ['a-fall confirmed-by p1']]);
    expect(around('fall', 'motionless')).toEqual([2, []]);
  });

  it('out of bed at night, not back, and nobody moves: P1; by day each stays what it is', () => {
    const at = (now: number): number => raiseOf(decide(event('motionless', { receivedAt: now }), facts([alert('bed-exit', now - 5 * minute)]), now)).priority;
    expect([at(night), at(noon)]).toEqual([1, 2]);
  });

  it('a fall that another alarm confirms waits for no word: its window is over, a cancel is a note', () => {
    const d = decide(event('fall'), facts([alert('sos')]), noon);
    expect([raiseOf(d).confirmMs, raiseOf(d).summary?.['confirmUntil']]).toEqual([undefined, noon]);
    expect(raiseOf(decide(event('fall'), facts([]), noon)).confirmMs).toBe(30_000);
  });

  it('within the county’s own time only; a repeat, a test, a drill, an installer’s work confirm nothing; what is marked is not marked again', () => {
    const confirmed = (open: Alert, more: Partial<StoredEvent> = {}, f: Partial<Facts> = {}): boolean => raiseOf(decide(event('sos', more), facts([open], f), noon)).flags?.includes('confirmed') ?? false;
    const rules = [{ param: 'fusionS', scope: 'county', id: '', value: 3_600 }] as const;
    expect([confirmed(alert('smoke', noon - 16 * minute)), confirmed(alert('smoke', noon - 16 * minute), {}, { rules })]).toEqual([false, true]);
    expect([confirmed(alert('smoke', undefined, { flags: ['test'] })), confirmed(alert('smoke', undefined, { flags: ['installing'] })), confirmed(alert('smoke'), { edge: 'repeat' }), confirmed(alert('smoke'), { flags: ['drill'] }), confirmed(alert('smoke'), {}, { device: device({ testUntil: noon + 1 }) })]).toEqual([false, false, false, false, false]);
    expect(notes(decide(event('sos'), facts([alert('smoke', undefined, { flags: ['confirmed'] })]), noon))).toEqual([]);
  });

  it('whatever is open: no raise is dropped, lowered or delayed by it, and nothing is closed [C6 C2 LAW5]', () => {
    const kinds = fc.constantFrom<EventKind>(...eventKinds);
    fc.assert(fc.property(kinds, fc.constantFrom<Edge>('raise', 'repeat', 'report', 'clear'), fc.array(fc.tuple(kinds, fc.integer({ min: -60, max: 1 }), fc.constantFrom('open', 'confirming', 'claimed')), { maxLength: 5 }), fc.boolean(), (kind, edge, open, atNight) => {
      const now = atNight ? night : noon;
      const e = event(kind, { edge, receivedAt: now, deviceTime: now });
      const others = open.filter(([k]) => k !== kind).map(([k, m, state], i) => alert(k, now + m * minute, { id: String(i) as never, state: state as Alert['state'] }));
      const alone = decide(e, facts([]), now).filter((d) => d.type === 'raise');
      const together = decide(e, facts(others), now);
      for (const d of alone) {
        const same = raiseOf(together);
        expect(same).toMatchObject({ kind: d.kind, subject: d.subject });
        expect(same.priority).toBeLessThanOrEqual(d.priority);
        expect(same.confirmMs ?? 0).toBeLessThanOrEqual(d.confirmMs ?? 0);
        expect(same.planDelayMs ?? 0).toBeLessThanOrEqual(d.planDelayMs ?? 0);
      }
      if (kind !== 'cancel') expect(together.some((d) => d.type === 'close')).toBe(false);
    }), { numRuns: 800 });
  });
});
