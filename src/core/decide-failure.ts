/**
 * A message failed, or nobody knows whether it went (law 6: then assume maybe, and start the next channel): the same person by
 * voice, else the next person at once. Never silent: every failure stands on the timeline.
 */
import { type Case, type Change, house, nothing, type Purpose, type Send } from './change.ts';
import { deskWaits, pullPlan } from './decide-plan.ts';
import type { Party } from './ids.ts';
import { lastMessage } from './last-way.ts';
import type { TemplateName } from './messages.ts';
import { callsKept, overBudget, voiceForm } from './roster.ts';

export type Failure = {
  party: Party; channel: 'sms' | 'voice'; template: TemplateName; purpose: Purpose; state: 'failed' | 'unknown' | /** before it left: its reader withdrew consent */ 'withdrawn'; round: number | null; step: number | null;
  errorCode: string | null; errorClass: string | null;
};

export function sendFailed(c: Case, f: Failure, now: number): Change {
  const { alert } = c;
  const detail = { party: f.party, channel: f.channel, template: f.template, state: f.state, error: f.errorCode, errorClass: f.errorClass };
  const entry = (next: string): Change['log'] => [{ actor: house('sending'), action: 'send-failed', detail: { ...detail, next } }];
  const moot = alert.state === 'closed' || (f.purpose === 'desk' ? !deskWaits(c) && alert.state !== 'claimed' : f.purpose !== 'notice' && (alert.state === 'committed' || alert.state === 'arrived'));
  if (f.state === 'withdrawn') return takenBack(c, f, moot, now);
  if (moot) return { ...nothing(), log: entry('nothing-left-to-do') };
  if (f.purpose === 'desk') {
    const live = c.timers.get('desk');
    return { ...nothing(), log: entry('next-rung'), timers: live && deskWaits(c) ? { desk: { ...live, dueAt: now } } : {}, feed: { what: 'send-failed', ring: 'soft', detail } };
  }
  const landline = roleLine(c, f, now);
  if (landline) return { ...nothing(), log: entry('same-role'), sends: [landline], feed: { what: 'send-failed', detail } };
  // Its landline rings already (an outage's plan rings both at once): the role is tried, nobody else is hurried.
  if (f.purpose === 'search' && roleRung(c, f)) return { ...nothing(), log: entry('same-role'), feed: { what: 'send-failed', detail } };
  const call = f.channel === 'sms' ? callInstead(c, f, now) : null;
  if (call) return { ...nothing(), log: entry('voice'), sends: [call], feed: { what: 'send-failed', detail } };
  if (f.purpose === 'notice') return { ...nothing(), log: entry('shown'), feed: { what: 'send-failed', ring: 'soft', detail } };
  const last = lastMessage(c, f);
  if (last) return { ...nothing(), log: entry('last-way'), sends: [last], feed: { what: 'send-failed', detail } };
  return { ...nothing(), log: entry('next-person'), timers: pullPlan(alert, now), feed: { what: 'send-failed', ...(alert.state === 'claimed' ? { ring: 'soft' as const } : {}), detail } };
}

/** His rung is no hole: whoever is next is asked at once. */
function takenBack({ alert }: Case, f: Failure, moot: boolean, now: number): Change {
  const goesOn = f.purpose === 'search' && !moot;
  const detail = { party: f.party, channel: f.channel, template: f.template, reason: 'consent-withdrawn', next: goesOn ? 'next-person' : 'nothing-left-to-do' };
  return { ...nothing(), log: [{ actor: house('sending'), action: 'send-withdrawn', detail }], timers: goesOn ? pullPlan(alert, now) : {}, feed: { what: 'send-withdrawn', detail } };
}

function roleRung(c: Case, f: Failure): boolean {
  const who = c.roster.find((p) => p.party === f.party);
  return who !== undefined && !who.landline && c.roster.some((p) => p.landline && p.role === who.role && p.reach === who.reach && (c.contacted.get(p.party)?.voice ?? 0) > 0 && (c.contacted.get(p.party)?.rounds ?? []).includes(f.round ?? -1));
}

/** The role goes on by the landline of its own place (a duty room), in which somebody else may sit. */
function roleLine(c: Case, f: Failure, now: number): Send | null {
  const template = f.channel === 'voice' ? f.template : voiceForm[f.template];
  const who = c.roster.find((p) => p.party === f.party);
  const line = who && !who.landline ? c.roster.find((p) => p.landline && p.role === who.role && p.reach === who.reach && !(p.absentUntil !== null && p.absentUntil > now)) : undefined;
  if (!template || !line || (f.purpose === 'search' && (c.contacted.get(line.party)?.voice ?? 0) > 0) || overBudget(c, line, now, callsKept(c, line, f.round))) return null;
  return { party: line.party, channel: 'voice', template, purpose: f.purpose, round: f.round, step: f.step };
}

function callInstead(c: Case, f: Failure, now: number): Send | null {
  const template = voiceForm[f.template];
  const who = c.roster.find((p) => p.party === f.party);
  const calledAlready = (c.contacted.get(f.party)?.voice ?? 0) > 0 && f.purpose === 'search';
  if (!template || !who || who.withdrawn || calledAlready || overBudget(c, who, now, callsKept(c, who, f.round))) return null;
  const state = c.engagements.get(f.party)?.state;
  if (f.purpose === 'search' && state !== undefined && state !== 'notified') return null;
  return { party: f.party, channel: 'voice', template, purpose: f.purpose, round: f.round, step: f.step };
}
