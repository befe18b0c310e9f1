/**
 * Alarms that confirm each other (互证, C6): fire and somebody who calls or has fallen in the same home; a fall and nobody who moves or comes in
 * after it; a bed left at night and nobody who moves. It only ever adds: a mark, P1 where each alone is P2, the end of a fall's window.
 * Nothing is kept back, lowered or ended; what is marked as a test, a drill or an installer's work confirms nothing and is confirmed by nothing.
 */
import { type Alert, installingFlag } from '#core/alert.ts';
import { clockTime } from '#core/clock.ts';
import { type Decision, type Facts, type Raise, ruleWhere } from '#core/decision.ts';
import type { EventKind, StoredEvent } from '#core/event.ts';
import { ruleValue } from '#core/rule-params.ts';

const confirmedFlag = 'confirmed';
const unreal = ['test', installingFlag, 'drill', 'canary', 'in-stock'];
const fire: readonly EventKind[] = ['smoke', 'gas'];
const calling: readonly EventKind[] = ['sos', 'phone-in', 'fall'];
const still: readonly EventKind[] = ['motionless'];
/** Pairs of kinds; `raises`: the later one becomes P1 by it, so it must be about the same person or room; the others fit within the home. */
const pairs: readonly { one: readonly EventKind[]; other: readonly EventKind[]; raises?: true; night?: true }[] = [
  { one: fire, other: calling }, { one: ['fall'], other: ['sos', 'phone-in'] }, { one: ['fall'], other: still, raises: true }, { one: ['bed-exit'], other: still, raises: true, night: true },
];

/** What the rule has decided, and what it confirms among the alarms that are open. */
export function confirm(event: StoredEvent, facts: Facts, decisions: readonly Decision[]): Decision[] {
  const at = decisions.findIndex((d) => d.type === 'raise');
  const raise = decisions[at] as Raise | undefined;
  if (!raise || raise.priority > 2 || event.edge === 'repeat' || raise.flags?.some((f) => unreal.includes(f))) return [...decisions];
  const withinMs = ruleValue(facts.rules, 'fusionS', ruleWhere(facts, event)) * 1000;
  const near = facts.open.map((a) => ({ a, same: true })).concat((facts.around ?? []).map((a) => ({ a, same: false })));
  const found = near.flatMap(({ a, same }) => {
    const pair = pairs.find((p) => (same || !p.raises) && ((p.one.includes(raise.kind) && p.other.includes(a.kind)) || (p.other.includes(raise.kind) && p.one.includes(a.kind))));
    const fits = pair && Math.abs(event.receivedAt - a.lastRaisedAt) <= withinMs && !a.flags.some((f) => unreal.includes(f)) && (!pair.night || isNight(event.receivedAt)) && !(pair.raises && cameIn(a, facts));
    return fits ? [{ alert: a, raises: pair.raises === true }] : [];
  });
  if (found.length === 0) return [...decisions];
  const { confirmMs, ...rest } = raise;
  // Of two that each ask for a look, the later one calls everybody; a fall in its window need not wait for a word that another alarm has said.
  const stronger: Raise = {
    ...rest, priority: found.some((f) => f.raises) ? 1 : raise.priority, flags: [...new Set([...(raise.flags ?? []), confirmedFlag])],
    summary: { ...raise.summary, confirmedBy: found.map((f) => f.alert.kind) },
    ...(confirmMs === undefined ? {} : { summary: { ...raise.summary, confirmUntil: event.receivedAt, confirmedBy: found.map((f) => f.alert.kind) } }),
  };
  const notes = found.filter((f) => !f.alert.flags.includes(confirmedFlag)).map(({ alert }): Decision => (
    { type: 'note', alertId: alert.id, what: 'confirmed-by', flags: [confirmedFlag], ring: alert.priority === 1 ? 'p1' : 'p2', detail: { kind: raise.kind } }));
  return [...decisions.slice(0, at), stronger, ...decisions.slice(at + 1), ...notes];
}

/** Somebody opened a door after the fall: he may be up, or not alone. */
const cameIn = (earlier: Alert, facts: Facts): boolean => (facts.doorAt ?? 0) > earlier.lastRaisedAt;

/** 22:00 to 06:00 of the county's day. */
function isNight(at: number): boolean {
  const time = clockTime(at);
  return time >= '22:00' || time < '06:00';
}
