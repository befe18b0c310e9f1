/** What acting on an alert shares, whoever acts: what is asked and answered, the line on the timeline, a human's step that renews a claim. */
import type { Actor, Alert } from './alert.ts';
import { type Case, type Change, nothing, type TimerSet } from './change.ts';
import { claimTimer } from './decide-timer.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import type { RespondInput } from './respond.ts';

export type Act = Omit<RespondInput, 'alertId' | 'trace'>;
export type ActResult =
  | { kind: 'change'; change: Change }
  /** Somebody was first: who and since when stand in the alert. */
  | { kind: 'conflict'; by: string | null; at: number | null }
  | { kind: 'invalid'; fields: { field: string; expected: string }[] };

export const done = (change: Change): ActResult => ({ kind: 'change', change });
export const invalid = (field: string, expected: string): ActResult => ({ kind: 'invalid', fields: [{ field, expected }] });

/** Flags of a search under way, gone when it ends. */
export const searching = ['nobody-answered', 'no-arrival', 'claim-lapsed', 'need-help'];
export const conflict = (alert: Alert): ActResult => ({ kind: 'conflict', by: alert.claimedBy, at: alert.claimedAt ?? alert.committedAt });
/** Who is meant: the party that answers, or the one an operator answers for. */
export const partyOf = (a: Act): Party | null => (a.actor.type === 'party' ? a.actor.id : a.party ?? null);
export const nameOf = (actor: Actor): string => (actor.type === 'system' ? '值班室' : actor.name);

export function log(a: Act, action: string, detail: Record<string, unknown> = {}): Change {
  const party = a.actor.type === 'user' && a.party ? { party: a.party } : {};
  return { ...nothing(), log: [{ actor: a.actor, action, detail: { via: a.via, ...(a.keptMs === undefined ? {} : { keptMs: a.keptMs }), ...party, ...(a.actor.type === 'party' && a.outcome ? { outcome: a.outcome } : {}), ...detail }, ...(a.note ? { note: a.note } : {}) }], feed: { what: action } };
}

/** A human did something: the step is recorded, and renews a claim. */
export function stepped(c: Case, now: number, change: Change, patch: Partial<Alert> = {}): Change {
  const { alert } = c;
  const state = patch.state ?? alert.state;
  const renewed = state === 'claimed' && change.timers.claim === undefined ? { claim: claimFor(alert.claimTab, now) } : {};
  return { ...change, patch: { ...change.patch, lastStepAt: now, firstHumanAt: alert.firstHumanAt ?? now, ...patch }, timers: { ...renewed, ...change.timers } };
}

export const claimFor = (tab: string | null, now: number): TimerSet => claimTimer(tab, now, now + limits.claimStepMs);
