/** Events of the spools, put to the same rules as ever: a case opens, or the open one counts it. Only emergencies; the rest waits for the database. */
import type { Alert, Subject } from '#core/alert.ts';
import type { Case } from '#core/change.ts';
import { closeByRule, countDuplicate, mergeRaise, noteByRule, openAlert } from '#core/decide-raise.ts';
import type { Decision, Facts, Raise } from '#core/decision.ts';
import type { StoredEvent } from '#core/event.ts';
import { positionOf } from '#core/handover.ts';
import type { AlertId } from '#core/ids.ts';
import { isHighRisk, planFor } from '#core/plan.ts';
import { decide } from '#rules/index.ts';
import { rostersFrom } from '#store/roster.ts';
import { type Kept, seen } from './case.ts';
import { factsOf, type Spooled, storedEvent } from './county.ts';
import { keep, put, type Room, working } from './room.ts';

const keyOf = (s: Subject): string => `${s.type} ${s.id}`;
/** The same alarm: of the same subject, or of the same device: one registered since the snapshot is nobody's here, and is somebody's in an open case. */
const same = (a: Pick<Alert, 'kind' | 'subject' | 'deviceId'>, r: Raise, event: StoredEvent): boolean =>
  a.kind === r.kind && (keyOf(a.subject) === keyOf(r.subject) || (event.deviceId !== null && a.deviceId === event.deviceId));

/** Takes an event once. */
export function takeEvent(room: Room, spooled: Spooled, receivedAt: number): void {
  if (room.looked.has(spooled.ingestId)) return;
  room.looked.add(spooled.ingestId);
  const event = storedEvent(room.county(), spooled, receivedAt, room.seal);
  const id = `${event.deviceId} ${event.sourceEventId}`;
  const facts = factsOf(room.county(), event, working(room).map((k) => k.standing.alert), event.sourceEventId === null ? null : (room.events.get(id) ?? null));
  const before = new Set(room.cases.keys());
  const touched = decide(event, facts, room.now()).flatMap((d) => carryOut(room, event, facts, d) ?? []);
  if (event.sourceEventId !== null) room.events.set(id, { id: event.id, kind: event.kind, edge: event.edge, deviceTime: event.deviceTime, receivedAt, alertId: touched[0]?.standing.alert.id ?? null });
  for (const kept of touched) {
    kept.events.push({ ingestId: spooled.ingestId, opens: !before.has(kept.key) });
    keep(room, kept);
  }
}

function carryOut(room: Room, event: StoredEvent, facts: Facts, d: Decision): Kept | null {
  if (d.type === 'raise') return raise(room, event, facts, d);
  if (d.type === 'canary' || d.type === 'ignore' || d.type === 'wait') return null;
  const kept = working(room).find((k) => k.standing.alert.id === d.alertId && k.standing.alert.state !== 'closed');
  if (!kept) return null;
  const { alert } = kept.standing;
  put(room, kept, d.type === 'duplicate' ? countDuplicate(alert) : d.type === 'note' ? noteByRule(alert, d, event, room.now()) : closeByRule(alert, d, event.deviceId ? `device:${event.deviceId}` : 'house', room.now()));
  return kept;
}

function raise(room: Room, event: StoredEvent, facts: Facts, r: Raise): Kept | null {
  if (r.priority !== 1) return null;
  const plan = planFor(r.kind, r.priority, r.regionCode ?? event.regionCode, room.county().plans, { highRisk: isHighRisk(facts), at: room.now(), deskProven: false });
  const isThis = (k: Kept): boolean => k.standing.alert.state !== 'closed' && same(k.standing.alert, r, event);
  const mine = working(room).find(isThis);
  // The worker has the database and searches for this one already, or it is gone on with when the absence is judged: the event is counted there.
  if (!mine && room.running().some((a) => same(a, r, event))) return null;
  // Handed over, and not evaluated before the database took no events again: it is gone on with, not begun anew.
  const merged = mine ?? [...room.cases.values()].find((k) => k.handed && isThis(k));
  if (merged) {
    merged.handed = false;
    put(room, merged, mergeRaise(seen(room.desk, merged), r, event, plan, event.edge !== 'repeat', room.now()));
    return merged;
  }
  const at = room.now();
  const opened = openAlert(r, event, plan, facts.device?.demo ?? facts.person?.demo ?? facts.home?.demo ?? false, at);
  const alert = { ...opened.alert, id: `~${event.id}` as AlertId };
  const standing: Case = { alert, timers: new Map(), engagements: new Map(), roster: rostersFrom(room.county().roster, [alert], at).get(alert.id) ?? [], contacted: new Map(), calls: new Map(), consoleBeatAt: null, unclaimed: 0 };
  const kept: Kept = { key: event.id, alertId: null, standing, handover: { startedAt: at, fromVersion: null, from: positionOf(alert), changes: [] }, slips: new Map(), events: [], replies: [], handed: false, ...(event.deviceId === null ? {} : { opener: event.deviceId }) };
  put(room, kept, opened.change);
  kept.handover.changes = []; // the database opens it with the same change itself; what is handed over comes after
  room.cases.set(kept.key, kept);
  room.log.error({ trace: event.trace, kind: alert.kind, key: kept.key }, 'standby opens a case: the database does not take its event');
  return kept;
}
