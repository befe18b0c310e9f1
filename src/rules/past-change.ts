/**
 * What other parameters would have made of a stretch of the past before its rules were asked: silences that count as offline sooner or later, vital
 * signs that cross other limits, mornings judged by another window. Pure: the events as they would have come.
 */
import type { Edge, EventKind, StoredEvent } from '#core/event.ts';
import { kindInfo } from '#core/event.ts';
import type { EventId } from '#core/ids.ts';
import type { VitalsReading } from '#core/event.ts';
import type { VitalLimits } from '#core/rule-params.ts';
import { vitalsChanges, type VitalsMemory } from '#core/vitals.ts';
import type { PastEvent } from './replay.ts';

type Place = { deviceId: string | null; homeId: string | null; personId: string | null; room: string | null; regionCode: string | null };
export type Silence = Place & { deviceId: string; supervisionClass: string; /** as it was */ graceS: number; fromAt: number; backAt: number | null };
export type Measuring = Place & { deviceId: string; /** as they would be */ limits: VitalLimits; readings: readonly { at: number; deviceTime: number | null; reading: VitalsReading }[] };
export type Morning = { personId: string; homeId: string | null; regionCode: string | null; until: number; /** the newest sign of movement before */ movedAt: number | null; wasMs: number; nowMs: number };
export type PastChange = { from: number; to: number; /** seconds by class, of those that change */ graces: ReadonlyMap<string, number>; silences: readonly Silence[]; measuring: readonly Measuring[]; mornings: readonly Morning[] };

/** The events as they would have come. */
export function eventsUnder(events: readonly PastEvent[], change: PastChange): PastEvent[] {
  const made = maker();
  const moved = mornings(vitals(silences(events, change, made), change, made), change, made);
  return moved === events ? [...events] : [...moved].sort((a, b) => a.evaluatedAt - b.evaluatedAt);
}

type Make = (place: Place, kind: EventKind, edge: Edge, source: StoredEvent['source'], at: number, more?: Partial<PastEvent>) => PastEvent;
function maker(): Make {
  let n = 0;
  return (place, kind, edge, source, at, more = {}) => ({
    ...place, id: `+${++n}` as EventId, kind, edge, source, urgency: kindInfo[kind].priority, sourceEventId: null, ref: null, deviceTime: null, receivedAt: at, evaluatedAt: at, flags: [], confidence: null,
    data: {}, trace: 'try', result: '', alertId: null, ...more,
  } as PastEvent);
}

function silences(events: readonly PastEvent[], { from, to, graces, silences: all }: PastChange, make: Make): readonly PastEvent[] {
  if (graces.size === 0) return events;
  const offline = new Map<string, PastEvent[]>();
  for (const e of events) if (e.kind === 'offline' && e.deviceId !== null) offline.set(e.deviceId, [...(offline.get(e.deviceId) ?? []), e]);
  const gone = new Set<PastEvent>();
  const moved = new Map<PastEvent, PastEvent>();
  const added: PastEvent[] = [];
  for (const s of all) {
    const graceS = graces.get(s.supervisionClass);
    if (graceS === undefined) continue;
    const own = offline.get(s.deviceId) ?? [];
    const raised = own.find((e) => e.edge === 'raise' && e.receivedAt > s.fromAt && (s.backAt === null || e.receivedAt <= s.backAt));
    const over = raised && own.find((e) => e.edge === 'clear' && e.receivedAt >= raised.receivedAt);
    if (raised) {
      const byMs = (graceS - s.graceS) * 1000;
      const at = raised.receivedAt + byMs;
      if (at > to || (s.backAt !== null && s.backAt <= at)) { gone.add(raised); if (over) gone.add(over); } else moved.set(raised, { ...raised, receivedAt: at, evaluatedAt: raised.evaluatedAt + byMs });
    } else if (s.backAt !== null && s.backAt - s.fromAt <= s.graceS * 1000) { // one that was too short for an alert, and would not have been
      const at = s.fromAt + graceS * 1000;
      if (at < s.backAt && at > from && at <= to) added.push(make(s, 'offline', 'raise', 'supervision', at), make(s, 'offline', 'clear', 'supervision', Math.min(s.backAt, to), { data: { reason: 'device-back' } }));
    }
  }
  return [...events.flatMap((e) => (gone.has(e) ? [] : [moved.get(e) ?? e])), ...added];
}

function vitals(events: readonly PastEvent[], { from, measuring }: PastChange, make: Make): readonly PastEvent[] {
  if (measuring.length === 0) return events;
  const anew = new Set<string | null>(measuring.map((m) => m.deviceId));
  const added = measuring.flatMap((m) => {
    const memory: VitalsMemory = {};
    return m.readings.flatMap(({ at, deviceTime, reading }) => vitalsChanges(memory, reading, m.limits)
      .flatMap(({ kind, edge, ...data }) => (at > from ? [make(m, kind, edge, 'vitals', at, { deviceTime, data })] : []))); // what is older only says how it stood
  });
  return [...events.filter((e) => !(e.source === 'vitals' && anew.has(e.deviceId))), ...added];
}

/** A morning that raised and would have seen a movement, one that saw a movement and would not have. */
function mornings(events: readonly PastEvent[], { mornings: all }: PastChange, make: Make): readonly PastEvent[] {
  if (all.length === 0) return events;
  const gone = new Set<PastEvent>();
  const added: PastEvent[] = [];
  const looked = events.filter((e) => e.kind === 'motionless' && e.source === 'supervision');
  for (const m of all) {
    const still = (windowMs: number): boolean => m.movedAt === null || m.movedAt <= m.until - windowMs;
    const raised = looked.find((e) => e.personId === m.personId && e.receivedAt >= m.until && e.receivedAt < m.until + 4 * 3_600_000);
    if (raised && !still(m.nowMs)) gone.add(raised);
    if (!raised && !still(m.wasMs) && still(m.nowMs)) added.push(make({ ...m, deviceId: null, room: null }, 'motionless', 'raise', 'supervision', m.until + 5_000, { data: { routine: true } }));
  }
  return [...events.filter((e) => !gone.has(e)), ...added];
}
