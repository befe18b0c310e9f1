/**
 * A case is all that deciding about one open alert may look at; a change is all that a decision may do to it. `absorb` applies a
 * change to the case in memory (batches, simulation); alerts/apply.ts writes the same change as rows (law 4).
 */
import { type Actor, type Alert, type AlertState, isShelved } from './alert.ts';
import type { Ring } from './decision.ts';
import type { Party } from './ids.ts';
import type { MessageParams, TemplateName } from './messages.ts';
import type { PartyFacts } from './roster.ts';

export const slots = ['confirm', 'plan', 'desk', 'claim', 'arrival', 'close', 'rering', 'end', 'shelf'] as const;
export type Slot = (typeof slots)[number];
export type TimerSet = { dueAt: number; payload?: Record<string, unknown> };

export type EngagementState = 'notified' | 'seen' | 'accepted' | 'arrived' | 'declined' | 'need-help' | 'done';
export type Engagement = { state: EngagementState; acceptedAt: number | null; arriveBy: number | null; /** on the way (已出发) since */ departedAt?: number | null };
/** What the search has sent one party of this alert; `rounds` in which the search tried it. */
export type Contacted = { sms: number; voice: number; rounds: readonly number[]; /** may have reached it: sent, or being sent */ reached: boolean };

/** search: looking for somebody to go; desk: rungs of the desk ladder; notice: what goes out whatever becomes of the search. */
export type Purpose = 'search' | 'desk' | 'notice';
export type Send = {
  party: Party; channel: 'sms' | 'voice'; template: TemplateName; purpose: Purpose; round: number | null; step: number | null;
  /** Nobody else is left: it goes out whatever its number's budget says. */ lastWay?: true;
  params?: MessageParams; /** fills `who` with this party's title and name */ who?: Party;
  /** Standby has sent it (or was about to) while the database was away: its row only says so. */ done?: SentAlready;
};
/** `due`: not tried yet, whoever has the database sends it. `handled`: a failure that standby has reacted to. */
export type SentAlready = {
  outId: string; at: number; state: 'due' | 'sending' | 'accepted' | 'failed' | 'unknown' | 'withdrawn'; provider: string | null; providerId: string | null; code: string | null; class: string | null;
  handled: boolean; slip: { no: number; code: string } | null;
};
export type LogEntry = { actor: Actor; action: string; detail?: Record<string, unknown>; /** sealed */ note?: string; /** when, where it is written later than it happened */ at?: number };
export type Feed = { what: string; ring?: Ring; detail?: Record<string, unknown> };
export type EngagementPatch = { party: Party; state: EngagementState; acceptedAt?: number | null; arriveBy?: number | null; departedAt?: number | null };

export type Case = {
  alert: Alert; timers: ReadonlyMap<Slot, TimerSet>; engagements: ReadonlyMap<Party, Engagement>;
  roster: readonly PartyFacts[]; contacted: ReadonlyMap<Party, Contacted>;
  /** Times of the calls to one number in the last hour, by phoneKey, from all alerts. */ calls: ReadonlyMap<string, readonly number[]>;
  /** Newest beat of the claiming console, or of any console of its user. */ consoleBeatAt: number | null;
  /** P1 alerts nobody has claimed, for the desk's call. */ unclaimed: number;
  /** The desk has missed its questions and nobody has touched it since (core/vigilance.ts). */ deskAsleep?: boolean;
  /** No wall of the desk has beaten for `limits.deskDarkMs`: whoever is rung cannot look the alarm up (盲打). */ deskDark?: boolean;
};
export type Change = {
  patch: Partial<Alert>; timers: Partial<Record<Slot, TimerSet | null>>; /** what is unsent: of the desk's ladder, of the people's search, of both */ withdraw: 'nothing' | 'desk' | 'people' | 'search';
  sends: Send[]; log: LogEntry[]; engagements: EngagementPatch[]; feed: Feed | null; closeNote?: string;
};

export const house = (part: string): Actor => ({ type: 'system', id: part });
export const nothing = (): Change => ({ patch: {}, timers: {}, withdraw: 'nothing', sends: [], log: [], engagements: [], feed: null });
export const withFlags = (alert: Pick<Alert, 'flags'>, add: readonly string[], drop: readonly string[] = []): string[] =>
  [...new Set([...alert.flags.filter((f) => !drop.includes(f)), ...add])];

/** Several changes of one alert, made one after the other, as one. */
export function joined(first: Change, ...rest: readonly Change[]): Change {
  const order = ['nothing', 'desk', 'people', 'search'] as const;
  const both = (a: Change['withdraw'], b: Change['withdraw']): Change['withdraw'] => ((a === 'desk' && b === 'people') || (a === 'people' && b === 'desk') ? 'search' : order.indexOf(a) > order.indexOf(b) ? a : b);
  const stays = (s: Send, w: Change['withdraw']): boolean => s.done !== undefined || s.purpose === 'notice' || w === 'nothing' || (w === 'desk' && s.purpose === 'search') || (w === 'people' && s.purpose === 'desk');
  return rest.reduce((a, b) => ({
    patch: { ...a.patch, ...b.patch }, timers: { ...a.timers, ...b.timers },
    withdraw: both(a.withdraw, b.withdraw), sends: [...a.sends.filter((s) => stays(s, b.withdraw)), ...b.sends], log: [...a.log, ...b.log], engagements: [...a.engagements, ...b.engagements],
    feed: strongest(a.feed, b.feed), ...(b.closeNote ?? a.closeNote ? { closeNote: (b.closeNote ?? a.closeNote) as string } : {}),
  }), first);
}

const loudness: Record<Ring, number> = { nobody: 5, p1: 4, p2: 3, desk: 2, soft: 1 };
/** One line for the wall out of two: the louder one, else the later. */
function strongest(a: Feed | null, b: Feed | null): Feed | null {
  if (!a || !b) return b ?? a;
  const loud = (f: Feed): number => (f.what === 'closed' ? 9 : f.ring ? loudness[f.ring] : 0);
  return loud(a) > loud(b) ? { ...a, detail: { ...b.detail, ...a.detail } } : { ...b, detail: { ...a.detail, ...b.detail } };
}

const visible: ReadonlySet<keyof Alert> = new Set(['state', 'claimedBy', 'outcome']);
/** The case after the change. The version counts every visible change, stateVersion those that another actor must know of. */
export function absorb(before: Case, change: Change, now: number): Case {
  const timers = new Map(before.timers);
  for (const [slot, set] of Object.entries(change.timers) as [Slot, TimerSet | null][]) { if (set) timers.set(slot, set); else timers.delete(slot); }
  const engagements = new Map(before.engagements);
  const contacted = new Map(before.contacted);
  let calls = before.calls;
  for (const send of change.sends) {
    const had = contacted.get(send.party) ?? { sms: 0, voice: 0, rounds: [], reached: false };
    const rounds = send.round === null ? had.rounds : [...new Set([...had.rounds, send.round])];
    if (send.purpose === 'search') contacted.set(send.party, { sms: had.sms + (send.channel === 'sms' ? 1 : 0), voice: had.voice + (send.channel === 'voice' ? 1 : 0), rounds, reached: true });
    const phone = before.roster.find((p) => p.party === send.party)?.phoneKey;
    if (send.channel === 'voice' && phone !== undefined) calls = new Map(calls).set(phone, [...(calls.get(phone) ?? []), now]);
    if (send.purpose === 'search' && !engagements.has(send.party)) engagements.set(send.party, { state: 'notified', acceptedAt: null, arriveBy: null });
  }
  for (const { party, ...patch } of change.engagements) engagements.set(party, { acceptedAt: null, arriveBy: null, ...engagements.get(party), ...patch });
  const moved = changed(before.alert, change.patch);
  const version = before.alert.version + (moved.length > 0 || change.feed ? 1 : 0);
  const stateVersion = moved.some((key) => visible.has(key)) ? version : before.alert.stateVersion;
  return { ...before, alert: { ...before.alert, ...change.patch, version, stateVersion }, timers, engagements, contacted, calls };
}

const changed = (alert: Alert, patch: Partial<Alert>): (keyof Alert)[] => (Object.keys(patch) as (keyof Alert)[]).filter((key) => patch[key] !== alert[key]);

/** The slot that must be live while an alert with a plan is in this state (law 6); null: none. */
export function requiredSlot(alert: Pick<Alert, 'state' | 'plan'> & Partial<Pick<Alert, 'flags'>>): Slot | null {
  if (alert.flags && isShelved({ flags: alert.flags }) && alert.state === 'open') return 'shelf';
  if (!alert.plan) return null;
  const slotOf: Record<AlertState, Slot | null> = { confirming: 'confirm', open: 'plan', claimed: 'claim', committed: 'arrival', arrived: 'close', closed: null };
  return slotOf[alert.state];
}
