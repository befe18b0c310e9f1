/**
 * The order of the queue, pure. Unclaimed emergencies first, what somebody has in hand next, technical alarms last;
 * inside P1 what a human made and fire come first (F11), then the longest waiting. Rows never move under a hand.
 */
import { type AlertState, installingFlag, isShelved } from '#core/alert.ts';
import { compareAlerts } from '#core/alert-order.ts';
import type { AlertView } from '#core/live.ts';

export type Section = 'waiting' | 'handling' | 'technical' | 'shelved';
export const sections: readonly Section[] = ['waiting', 'handling', 'technical', 'shelved'];

const unclaimedStates: ReadonlySet<AlertState> = new Set(['confirming', 'open']);
/** Nobody has it. */
export const isUnclaimed = (alert: Pick<AlertView, 'state'>): boolean => unclaimedStates.has(alert.state);
/** It must ring: nobody has it, it is not inside a device's own confirm window, and no installer is being waited for (the house takes that mark off after five minutes). */
export const mustRing = (alert: Pick<AlertView, 'state' | 'flags'>): boolean => alert.state === 'open' && !isShelved(alert) && !alert.flags.includes(installingFlag);
/** It stands in the queue for somebody to take it: nobody has it, and it is on no shelf (core/decide-shelf.ts). */
export const waits = (alert: Pick<AlertView, 'state' | 'flags'>): boolean => isUnclaimed(alert) && !isShelved(alert);

/** Where an alert stands: P3 and P4 nobody took are work that can wait, and never bury an emergency (F4). */
export function sectionOf(alert: Pick<AlertView, 'state' | 'priority' | 'flags'>): Section {
  if (alert.priority > 1 && isShelved(alert)) return 'shelved';
  if (!isUnclaimed(alert)) return 'handling';
  return alert.priority <= 2 ? 'waiting' : 'technical';
}

export type Entry = { section: Section; id: string };

/** The queue as it should stand now. */
export function orderQueue(alerts: Iterable<AlertView>): Entry[] {
  return [...alerts].map((alert) => ({ alert, section: sectionOf(alert) }))
    .sort((a, b) => sections.indexOf(a.section) - sections.indexOf(b.section) || compareAlerts(a.alert, b.alert))
    .map(({ alert, section }) => ({ section, id: alert.id }));
}

export type Settled = { rows: readonly Entry[]; /** came while the rows were held: shown in the head's own zone */ arrivals: readonly string[] };

/**
 * What is shown while a hand is on the list (`held`): every row keeps its place, also one whose alert has ended; newcomers
 * wait in `arrivals`. Released, the list is as it should be.
 */
export function settle(shown: Settled, wanted: readonly Entry[], held: boolean): Settled {
  if (!held) return { rows: wanted, arrivals: [] };
  const present = new Set(shown.rows.map((row) => row.id));
  return { rows: shown.rows, arrivals: wanted.filter((entry) => !present.has(entry.id)).map((entry) => entry.id) };
}

export type Narrowed = { found: readonly Entry[]; rest: readonly Entry[]; hidden: number };
/** What a search leaves in sight: `meant` in their order, then every emergency; a P1 is never hidden (UI 3.1). */
export function narrow(rows: readonly Entry[], meant: ReadonlySet<string> | null, urgent: (id: string) => boolean): Narrowed {
  if (meant === null) return { found: [], rest: rows, hidden: 0 };
  const found = rows.filter((row) => meant.has(row.id));
  const rest = rows.filter((row) => !meant.has(row.id) && urgent(row.id));
  return { found, rest, hidden: rows.length - found.length - rest.length };
}

/** Colour step of an unclaimed alert's timer by its age: 15 s, 60 s, 180 s (UI 1.2). */
export function slaStep(ageMs: number): 0 | 1 | 2 | 3 {
  return ageMs >= 180_000 ? 3 : ageMs >= 60_000 ? 2 : ageMs >= 15_000 ? 1 : 0;
}
