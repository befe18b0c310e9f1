/**
 * 演练 (2.16): an imagined alarm, run by the very function that runs a real plan, over a roster without contacts, with texts that begin
 * with 演练 and are answered with 5. One round, then it is over. Pure.
 */
import type { Contacted } from './change.ts';
import type { Plan, PlanAction } from './escalation.ts';
import { type EventKind, kindInfo } from './event.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import type { TemplateName } from './messages.ts';
import { parseKey, parseReply } from './reply.ts';
import { type PartyFacts, resolveStep, type Skipped } from './roster.ts';

export type DrillSend = { party: Party; role: string; phoneKey: string; channel: 'sms' | 'voice'; template: Extract<TemplateName, 'drill' | 'voice-drill'> };
export type DrillSkip = { step: number; target: string; party: string | null; reason: string };
export type DrillFacts = {
  plan: Plan; kind: EventKind; roster: readonly PartyFacts[];
  /** Numbers that stand in somebody's family too: never rung by a drill. */ family: ReadonlySet<string>; /** People with an alarm to answer; those who said no to this one. */ busy: ReadonlySet<Party>; declined: ReadonlySet<Party>;
  /** What this case has sent to whom; what the whole drill has sent to each number; calls of the last hour by number, of alarms too. */
  contacted: ReadonlyMap<Party, Contacted>; sent: ReadonlyMap<string, { sms: number; voice: number }>; calls: ReadonlyMap<string, readonly number[]>;
};

/** The people whom a drill may reach: of the roster, no contact of anybody. */
const drillRoster = (roster: readonly PartyFacts[], family: ReadonlySet<string>): PartyFacts[] =>
  roster.filter((p) => p.party.startsWith('responder:') && p.role !== 'family' && p.role !== 'neighbour' && p.role !== 'other' && !family.has(p.phoneKey));

/** What one step would do, as texts of the drill; beyond a person's share of a drill, and for whoever has something real to do, it is only written down. */
export function drillStep(f: DrillFacts, step: number, now: number): { sends: DrillSend[]; skipped: DrillSkip[] } {
  const roster = drillRoster(f.roster, f.family);
  const actions = f.plan.steps[step]?.actions ?? [];
  const { sends, skipped } = resolveStep({ alert: { kind: f.kind, priority: kindInfo[f.kind].priority, flags: [] }, engagements: new Map([...f.declined].map((party) => [party, { state: 'declined', acceptedAt: null, arriveBy: null }])), roster, contacted: f.contacted, calls: f.calls }, actions, 0, step, now);
  const out: DrillSend[] = [];
  const left: DrillSkip[] = skipped.map((s) => ({ step, target: s.target, party: s.party ?? null, reason: reasonOf(s, actions) }));
  for (const send of sends) {
    const who = roster.find((p) => p.party === send.party);
    if (!who) continue;
    const had = f.sent.get(who.phoneKey) ?? { sms: 0, voice: 0 };
    const most = send.channel === 'voice' ? limits.drillCallsPerPerson : limits.drillTextsPerPerson;
    const hour = (f.calls.get(who.phoneKey) ?? []).filter((at) => at > now - 3_600_000).length;
    const why = f.busy.has(send.party) ? 'has-alarm' : had[send.channel] >= most || (send.channel === 'voice' && hour >= limits.drillCallsMax) ? 'drill-share' : null;
    if (why) left.push({ step, target: who.role, party: send.party, reason: why });
    else out.push({ party: send.party, role: who.role, phoneKey: who.phoneKey, channel: send.channel, template: send.channel === 'voice' ? 'voice-drill' : 'drill' });
  }
  return { sends: out, skipped: left };
}

/** Contacts have no part in a drill: that a step means only them is not the roster's gap. */
const contactTargets: ReadonlySet<string> = new Set(['family-1', 'family-2', 'neighbour', 'key-holder']);
const reasonOf = (s: Skipped, actions: readonly PlanAction[]): string => (s.reason === 'nobody-in-role' && contactTargets.has(s.target) && actions.some((a) => a.target === s.target) ? 'no-contacts-in-drill' : s.reason);

/** When a step is due after the case began; the round's end when there is none. */
export const drillDueMs = (plan: Plan, step: number): number => (plan.steps[step]?.atS ?? plan.roundS) * 1000;

/** What somebody's words or key mean to a drill: anything but a clear no says that he was reached. */
export function drillVerdict(channel: 'sms' | 'dtmf', text: string): 'answered' | 'declined' {
  const answer = channel === 'dtmf' ? parseKey(text) : parseReply(text);
  return (answer.meaning === 'act' && answer.action === 'decline') || answer.meaning === 'off-today' || answer.meaning === 'opted-out' ? 'declined' : 'answered';
}

export type DrillCaseRow = { id: string; state: string; beginsAt: number; claimedAt: number | null; answeredAt: number | null };
export type DrillCallRow = { caseId: string; party: Party; role: string; step: number; channel: 'sms' | 'voice'; sentAt: number; answeredAt: number | null; verdict: 'answered' | 'declined' | 'taken' | null };
export type PersonScore = { party: Party; role: string; texts: number; calls: number; verdict: 'answered' | 'declined' | 'taken' | 'silent'; /** from the first message to the answer */ ms: number | null };
export type DrillScore = {
  cases: number; answered: number; claimed: number; nobody: number; /** medians */ answerMs: number | null; claimMs: number | null;
  steps: { step: number; people: number; answered: number; medianMs: number | null }[]; people: PersonScore[];
};

/** The figures of a drill out of its rows, by the clock of the rows alone. */
export function scoreDrill(cases: readonly DrillCaseRow[], calls: readonly DrillCallRow[]): DrillScore {
  const took = (list: readonly DrillCaseRow[], at: (c: DrillCaseRow) => number | null): number[] => list.flatMap((c) => { const t = at(c); return t === null ? [] : [Math.max(0, t - c.beginsAt)]; });
  const people = [...Map.groupBy(calls, (c) => c.party)].map(([party, mine]): PersonScore => {
    const first = Math.min(...mine.map((c) => c.sentAt));
    const best = (v: DrillCallRow['verdict']): DrillCallRow | undefined => mine.filter((c) => c.verdict === v).sort((a, b) => (a.answeredAt ?? 0) - (b.answeredAt ?? 0))[0];
    const said = best('answered') ?? best('declined') ?? best('taken');
    return { party, role: mine[0]?.role ?? '', texts: mine.filter((c) => c.channel === 'sms').length, calls: mine.filter((c) => c.channel === 'voice').length, verdict: said?.verdict ?? 'silent', ms: said?.answeredAt == null ? null : Math.max(0, said.answeredAt - first) };
  });
  const steps = [...Map.groupBy(calls, (c) => c.step)].sort(([a], [b]) => a - b).map(([step, mine]) => {
    const each = [...Map.groupBy(mine, (c) => `${c.caseId} ${c.party}`).values()];
    const ms = each.flatMap((list) => { const yes = list.filter((c) => c.verdict === 'answered' && c.answeredAt !== null); return yes.length === 0 ? [] : [Math.min(...yes.map((c) => (c.answeredAt ?? 0) - c.sentAt))]; });
    return { step, people: each.length, answered: ms.length, medianMs: median(ms) };
  });
  return {
    cases: cases.length, answered: cases.filter((c) => c.state === 'answered').length, claimed: cases.filter((c) => c.claimedAt !== null).length, nobody: cases.filter((c) => c.state === 'nobody').length,
    answerMs: median(took(cases, (c) => c.answeredAt)), claimMs: median(took(cases, (c) => c.claimedAt)), steps, people: people.sort((a, b) => (a.ms ?? Number.POSITIVE_INFINITY) - (b.ms ?? Number.POSITIVE_INFINITY) || (a.party < b.party ? -1 : 1)),
  };
}

function median(of: readonly number[]): number | null {
  const list = [...of].sort((a, b) => a - b);
  return list.length === 0 ? null : Math.round(((list[Math.floor((list.length - 1) / 2)] ?? 0) + (list[Math.ceil((list.length - 1) / 2)] ?? 0)) / 2);
}
