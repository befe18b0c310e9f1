/** Whom a plan would reach for one home if an alarm came then: its first round, step by step, and the desk's ladder beside it, by the very functions that run them. Pure. */
import type { Contacted } from './change.ts';
import { ringDesk } from './decide-plan.ts';
import type { DeskRung, Plan } from './escalation.ts';
import { type EventKind, kindInfo } from './event.ts';
import type { Party } from './ids.ts';
import { type PartyFacts, resolveStep, type Skipped } from './roster.ts';

export type PreviewStep = { atS: number; sends: { party: Party; channel: 'sms' | 'voice' }[]; skipped: Skipped[] };
export type PreviewRung = { atS: number; ring: DeskRung['ring']; calls: Party[] };
export type PreviewFacts = { kind: EventKind; roster: readonly PartyFacts[]; calls: ReadonlyMap<string, readonly number[]>; inOutage?: boolean };

/** What one step sends counts in the next ones, as it will: whoever has the text is only called, and calls use up their budget. */
export function previewPlan(plan: Plan, { kind, roster, calls, inOutage }: PreviewFacts, now: number): PreviewStep[] {
  const called = new Map(calls);
  const contacted = new Map<Party, Contacted>();
  const keyOf = new Map(roster.map((p) => [p.party, p.phoneKey]));
  const alert = { kind, priority: kindInfo[kind].priority, flags: inOutage ? ['in-outage'] : [] };
  return plan.steps.map((step, i) => {
    const at = now + step.atS * 1000;
    const { sends, skipped } = resolveStep({ alert, engagements: new Map(), roster, contacted, calls: called }, step.actions, 0, i, at);
    for (const { party, channel } of sends) {
      const before = contacted.get(party) ?? { sms: 0, voice: 0 };
      contacted.set(party, { sms: before.sms + (channel === 'sms' ? 1 : 0), voice: before.voice + (channel === 'voice' ? 1 : 0), rounds: [0], reached: true });
      const key = keyOf.get(party) ?? '';
      if (channel === 'voice') called.set(key, [...(called.get(key) ?? []), at]);
    }
    return { atS: step.atS, sends: sends.map(({ party, channel }) => ({ party, channel })), skipped };
  });
}

/** Whose telephone the desk's ladder rings while nobody there claims. */
export function previewDesk(plan: Plan, { kind, roster, calls }: PreviewFacts, now: number): PreviewRung[] {
  return plan.desk.map((rung) => ({
    atS: rung.atS, ring: rung.ring, calls: ringDesk({ alert: { kind, planRound: 0 }, roster, calls, unclaimed: 1 }, rung, { blind: false, told: [] }, now + rung.atS * 1000).sends.map((s) => s.party),
  }));
}
