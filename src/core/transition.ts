/**
 * What people do to an alert: action x state -> change, conflict or refusal (law 6; the table stands in
 * docs/decisions/0004-role-x-action.md). A claim only suspends; committed ends the search; only a close ends the alert.
 */
import { type Actor, type Alert, type Outcome, outcomes } from './alert.ts';
import { type Case, type Change, joined, nothing, type Send, type TimerSet, withFlags } from './change.ts';
import { allOff } from './decide-raise.ts';
import { pullPlan, resumePlan } from './decide-plan.ts';
import { claimTimer, onTheWay } from './decide-timer.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import { smsTemplate } from './messages.ts';
import type { RespondInput } from './respond.ts';
import { arriveMs } from './roster.ts';

export type Act = Omit<RespondInput, 'alertId' | 'trace'>;
export type ActResult =
  | { kind: 'change'; change: Change }
  /** Somebody was first: who and since when stand in the alert. */
  | { kind: 'conflict'; by: string | null; at: number | null }
  | { kind: 'invalid'; fields: { field: string; expected: string }[] };

const done = (change: Change): ActResult => ({ kind: 'change', change });
const invalid = (field: string, expected: string): ActResult => ({ kind: 'invalid', fields: [{ field, expected }] });

/** Applies `act` to the case. Pure; the caller holds the alert's row. */
export function act(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (alert.state === 'closed') return a.action === 'note' ? done(log(a, 'note')) : lateAnswer(a) ?? { kind: 'conflict', by: alert.closedBy, at: alert.closedAt };
  const old = a.expectedVersion !== undefined && a.expectedVersion < alert.stateVersion;
  if (old && a.action !== 'note' && a.action !== 'step' && a.action !== 'dispatch') return conflict(alert);
  switch (a.action) {
    case 'claim': return claim(c, a, now, false);
    case 'take-over': return claim(c, a, now, true);
    case 'release': return release(c, a, now);
    case 'note': return done(stepped(c, now, log(a, 'note'), { flags: withFlags(alert, ['noted']) }));
    case 'step': return step(c, a, now);
    case 'dispatch': return dispatch(c, a, now);
    case 'seen': return seen(c, a);
    case 'accept': return accept(c, a, now);
    case 'decline': return decline(c, a, now);
    case 'arrive': return arrive(c, a, now, 'arrived');
    case 'done': return arrive(c, a, now, 'done');
    case 'need-help': return needHelp(c, a, now);
    case 'close': return close(c, a, now);
  }
}

/** Flags of a search under way, gone when it ends. */
const searching = ['nobody-answered', 'no-arrival', 'claim-lapsed', 'need-help'];
const conflict = (alert: Alert): ActResult => ({ kind: 'conflict', by: alert.claimedBy, at: alert.claimedAt ?? alert.committedAt });
/** Who is meant: the party that answers, or the one an operator answers for. */
const partyOf = (a: Act): Party | null => (a.actor.type === 'party' ? a.actor.id : a.party ?? null);
const nameOf = (actor: Actor): string => (actor.type === 'system' ? '值班室' : actor.name);

function log(a: Act, action: string, detail: Record<string, unknown> = {}): Change {
  const party = a.actor.type === 'user' && a.party ? { party: a.party } : {};
  return { ...nothing(), log: [{ actor: a.actor, action, detail: { via: a.via, ...party, ...detail }, ...(a.note ? { note: a.note } : {}) }], feed: { what: action } };
}

/** A human did something: the step is recorded, and renews a claim. */
function stepped(c: Case, now: number, change: Change, patch: Partial<Alert> = {}): Change {
  const { alert } = c;
  const state = patch.state ?? alert.state;
  const renewed = state === 'claimed' && change.timers.claim === undefined ? { claim: claimFor(alert.claimTab, now) } : {};
  return { ...change, patch: { ...change.patch, lastStepAt: now, firstHumanAt: alert.firstHumanAt ?? now, ...patch }, timers: { ...renewed, ...change.timers } };
}

const claimFor = (tab: string | null, now: number): TimerSet => claimTimer(tab, now, now + limits.claimStepMs);

// -- the desk

function claim(c: Case, a: Act, now: number, takeOver: boolean): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  // What came back to the search (nobody arrived, pressed again, help wanted) is nobody's: whoever is there claims it, not only he who had it.
  const held = alert.claimedBy !== null && alert.state !== 'open' && !alert.flags.includes('claim-lapsed');
  if (held && alert.claimedBy === a.actor.id) return done({ ...nothing(), patch: a.tabId ? { claimTab: a.tabId } : {} });
  if (held && !takeOver) return conflict(alert);
  return done(takeClaim(c, a, now, takeOver ? 'taken-over' : 'claimed'));
}

function takeClaim(c: Case, a: Act, now: number, action: string): Change {
  const { alert } = c;
  const tab = a.tabId ?? null;
  const patch: Partial<Alert> = { claimedBy: a.actor.id, claimedAt: now, claimTab: tab, flags: withFlags(alert, [], ['claim-lapsed']) };
  const entry = { ...log(a, action, alert.claimedBy ? { from: alert.claimedBy } : {}), withdraw: 'desk' as const };
  if (alert.state === 'committed' || alert.state === 'arrived') return stepped(c, now, { ...entry, timers: { desk: null } }, patch);
  const suspended = alert.plan ? { planState: 'suspended' as const } : {};
  const timers: Change['timers'] = { plan: null, desk: null, confirm: null, ...(alert.plan ? { claim: claimFor(tab, now) } : {}) };
  return stepped(c, now, { ...entry, timers }, { ...patch, state: 'claimed', ...suspended });
}

function release(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  if (alert.claimedBy !== a.actor.id) return conflict(alert);
  const free: Partial<Alert> = { claimedBy: null, claimedAt: null, claimTab: null, flags: withFlags(alert, [], ['claim-lapsed']) };
  if (alert.state !== 'claimed') return done({ ...log(a, 'released'), patch: free });
  const resumed = resumePlan(alert, now);
  return done({ ...log(a, 'released'), timers: { claim: null, ...resumed.timers }, patch: { ...free, state: 'open', ...resumed.patch }, feed: { what: 'released', ring: alert.priority === 1 ? 'p1' : 'p2' } });
}

/** An operator's step on what nobody holds is also his claim. */
function step(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.contact === 'visit') return arrive(c, a, now, 'arrived');
  if (a.contact !== undefined) {
    const flags = withFlags(alert, ['contacted'], searching);
    const entry = log(a, 'contact', { contact: a.contact });
    if (alert.state === 'committed' || alert.state === 'arrived') return done(stepped(c, now, entry, { flags }));
    return done(stepped(c, now, joined(entry, commit(c, a, null, `contact-${a.contact}`, now)), { flags, state: 'committed' }));
  }
  return done(held(c, a, now, log(a, 'step')));
}

function held(c: Case, a: Act, now: number, change: Change): Change {
  const free = (c.alert.state === 'open' || c.alert.state === 'confirming') && a.actor.type === 'user';
  if (!free) return stepped(c, now, change);
  const claimed = takeClaim(c, a, now, 'claimed');
  return stepped({ ...c, alert: { ...c.alert, ...claimed.patch } }, now, joined(claimed, change));
}

function dispatch(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  const who = c.roster.find((p) => p.party === a.party);
  if (!a.party || !who) return invalid('party', 'a responder or contact of this home, town or county');
  const base = { party: a.party, purpose: 'search' as const, round: alert.planRound, step: null };
  const area = alert.kind === 'outage'; // who is sent to an outage is told of the area, not of one elder
  const sends: Send[] = [{ ...base, channel: 'voice', template: area ? 'voice-outage' : 'voice-p1' }];
  if (!who.landline && !who.optedOut) sends.unshift({ ...base, channel: 'sms', template: area ? 'outage' : smsTemplate(alert.kind) });
  const engagements: Change['engagements'] = c.engagements.get(a.party)?.state === 'declined' ? [{ party: a.party, state: 'notified' }] : [];
  return done(held(c, a, now, { ...log(a, 'dispatched'), sends, engagements }));
}

function close(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const fields: { field: string; expected: string }[] = [];
  if (a.actor.type !== 'user') fields.push({ field: 'actor', expected: 'an operator' });
  if (!a.outcome || !(a.outcome in outcomes)) fields.push({ field: 'outcome', expected: `one of ${Object.keys(outcomes).join(' ')}` });
  const evidence = alert.arrivedAt !== null || (a.note ?? '').trim() !== '' || alert.flags.includes('contacted') || alert.flags.includes('noted');
  if (alert.priority === 1 && !evidence) fields.push({ field: 'note', expected: 'a recorded contact, an arrival, or a note of what was found' });
  if (fields.length > 0 || !a.outcome) return { kind: 'invalid', fields };
  const going = onTheWay(c).map(([party]) => party);
  const told = alert.state !== 'committed' && alert.state !== 'arrived' ? searched(c, null) : going;
  const family = [...c.contacted.keys()].filter((party) => c.roster.some((p) => p.party === party && p.role === 'family' && !p.keyHolder));
  const result = resultWord(a.outcome);
  const change: Change = {
    ...log(a, 'closed', { outcome: a.outcome }), withdraw: 'search', timers: allOff(),
    sends: [
      ...told.map((party): Send => ({ party, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, params: { who: '值班人员' } })),
      ...family.map((party): Send => ({ party, channel: 'sms', template: 'family-done', purpose: 'notice', round: null, step: null, params: { result } })),
    ],
    feed: { what: 'closed', detail: { outcome: a.outcome } },
    ...(a.note ? { closeNote: a.note } : {}),
  };
  const patch: Partial<Alert> = { state: 'closed', closedAt: now, closedBy: a.actor.id, outcome: a.outcome, planState: alert.plan ? 'ended' : alert.planState };
  return done(stepped(c, now, change, patch));
}

/** What the family reads (FIELD 6: no diagnosis). */
function resultWord(outcome: Outcome): string {
  if (outcome === 'R2' || outcome === 'R3') return '已联系急救';
  return outcome === 'R5' || outcome === 'R6' || outcome === 'N2' || outcome === 'X1' || outcome === 'U' || outcome === 'R4' ? '请您回电' : '人平安';
}

// -- those who were called

/** Whoever the search may have reached and who has not said no: they are told when it is over. Family gets its own text. */
function searched(c: Case, but: Party | null): Party[] {
  return [...c.contacted].filter(([party, sent]) => {
    const state = c.engagements.get(party)?.state;
    const who = c.roster.find((p) => p.party === party);
    return party !== but && sent.reached && sent.sms > 0 && state !== 'declined' && state !== 'done' && !(who?.role === 'family' && !who.keyHolder);
  }).map(([party]) => party);
}

/** Committed (已叫应): the search ends, what is unsent is withdrawn, the arrival clock runs. */
function commit(c: Case, a: Act, party: Party | null, how: string, now: number): Change {
  const { alert } = c;
  const by = now + arriveMs(c, party);
  // An acceptance wakes nobody at a desk that sleeps: it is rung on until somebody there claims.
  const rungOn = a.actor.type === 'party' && c.deskAsleep === true;
  const earliest = Math.min(by, ...onTheWay(c).flatMap(([, e]) => (e.arriveBy !== null ? [e.arriveBy] : [])));
  return {
    ...nothing(), withdraw: rungOn ? 'people' : 'search',
    patch: { committedAt: now, committedHow: how, planState: alert.plan ? 'ended' : 'idle', flags: withFlags(alert, [], searching) },
    timers: { plan: null, ...(rungOn ? {} : { desk: null }), confirm: null, claim: null, ...(alert.plan ? { arrival: { dueAt: earliest } } : {}) },
    sends: party === null ? [] : searched(c, party).map((other): Send => ({ party: other, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, ...whoIs(a, party) })),
    feed: { what: 'committed', detail: { how } },
  };
}

const whoIs = (a: Act, party: Party): Pick<Send, 'params' | 'who'> => (a.actor.type === 'party' && a.actor.name ? { params: { who: nameOf(a.actor) } } : { who: party });

function accept(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  const entry = log(a, 'accepted', { by: party });
  const mine = party === null ? undefined : c.engagements.get(party)?.state;
  // Who goes, is there or is done has said so: pressing once more undoes nothing.
  if ((alert.state === 'committed' || alert.state === 'arrived') && (mine === 'accepted' || mine === 'arrived' || mine === 'done')) return done(stepped(c, now, entry));
  if (party !== null && (alert.state === 'committed' || alert.state === 'arrived')) {
    // Already taken: he is told who goes, so that two do not drive where one is enough.
    const first = onTheWay(c)[0]?.[0] ?? [...c.engagements].find(([, e]) => e.state === 'arrived' || e.state === 'done')?.[0];
    const reply: Send = { party, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, ...(first ? { who: first } : { params: { who: '值班人员' } }) };
    if (a.actor.type === 'party') return done(stepped(c, now, { ...log(a, 'accepted-too', { by: party }), sends: [reply], engagements: [{ party, state: 'seen' }] }));
  }
  if (alert.state === 'arrived') return done(stepped(c, now, entry));
  const by = now + arriveMs(c, party);
  if (alert.state === 'committed') {
    if (party === null) return done(stepped(c, now, entry));
    return done(stepped(c, now, { ...entry, engagements: [{ party, state: 'accepted', acceptedAt: now, arriveBy: by }] }));
  }
  const committed = commit(c, a, party, a.actor.type === 'party' ? `accept-${a.via}` : 'accept-desk', now);
  const engagements: Change['engagements'] = party ? [{ party, state: 'accepted', acceptedAt: now, arriveBy: by }] : [];
  return done(stepped(c, now, { ...joined(entry, committed), engagements }, { state: 'committed' }));
}

function seen(c: Case, a: Act): ActResult {
  const party = partyOf(a);
  if (party === null) return invalid('party', 'who has seen it');
  const state = c.engagements.get(party)?.state;
  // Courtesy is not an answer (FIELD F2): asked back once, the plan goes on.
  const ask = (state === undefined || state === 'notified') && (c.alert.state === 'open' || c.alert.state === 'claimed');
  const sends: Send[] = ask && a.actor.type === 'party' ? [{ party, channel: 'sms', template: 'seen', purpose: 'notice', round: null, step: null }] : [];
  return done({ ...log(a, 'seen', { by: party }), sends, engagements: state === undefined || state === 'notified' ? [{ party, state: 'seen' }] : [] });
}

function decline(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  if (party === null) return invalid('party', 'who declines');
  const wasGoing = c.engagements.get(party)?.state === 'accepted';
  const sends: Send[] = a.actor.type === 'party' ? [{ party, channel: 'sms', template: 'passed', purpose: 'notice', round: null, step: null }] : [];
  const base: Change = { ...log(a, 'declined', { by: party }), sends, engagements: [{ party, state: 'declined', arriveBy: null }] };
  const lostLast = wasGoing && alert.state === 'committed' && onTheWay(c).every(([other]) => other === party);
  // A refusal is an answer, not a step: it renews nobody's claim.
  if (!lostLast) return done({ ...base, timers: pullPlan(alert, now), patch: { firstHumanAt: alert.firstHumanAt ?? now } });
  const resumed = resumePlan(alert, now);
  return done(stepped(c, now, { ...base, timers: { arrival: null, ...resumed.timers }, feed: { what: 'declined', ring: alert.priority === 1 ? 'p1' : 'p2' } }, { state: 'open', ...resumed.patch }));
}

function arrive(c: Case, a: Act, now: number, engagement: 'arrived' | 'done'): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  const entry = log(a, engagement === 'done' ? 'done' : 'arrived', { by: party, ...(a.contact ? { contact: a.contact } : {}) });
  const engagements: Change['engagements'] = party ? [{ party, state: engagement, arriveBy: null }] : [];
  const feed = { what: engagement === 'done' ? 'done' : 'arrived', ...(engagement === 'done' ? { ring: 'soft' as const } : {}) };
  if (alert.state === 'arrived') return done(stepped(c, now, { ...entry, engagements, feed }));
  const before = alert.state !== 'committed' ? commit(c, a, party, `arrive-${a.via}`, now) : nothing();
  const timers: Change['timers'] = { confirm: null, plan: null, desk: null, claim: null, arrival: null, ...(alert.plan ? { close: { dueAt: now + limits.closeMs } } : {}) };
  const patch: Partial<Alert> = {
    state: 'arrived', arrivedAt: alert.arrivedAt ?? now, committedAt: alert.committedAt ?? now, committedHow: alert.committedHow ?? `arrive-${a.via}`,
    planState: alert.plan ? 'ended' : 'idle', flags: withFlags(alert, ['contacted'], searching),
  };
  return done(stepped(c, now, { ...joined(before, entry), withdraw: 'search', timers, engagements, feed }, patch));
}

/** Whoever is there cannot do it alone: the search goes on for others. */
function needHelp(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  const engagements: Change['engagements'] = party ? [{ party, state: 'need-help', arriveBy: null }] : [];
  const entry: Change = { ...log(a, 'need-help', { by: party }), engagements, feed: { what: 'need-help', ring: 'p1' } };
  const flags = withFlags(alert, ['need-help']);
  if (alert.state === 'open' || !alert.plan) return done(stepped(c, now, { ...entry, timers: pullPlan(alert, now) }, { flags }));
  const resumed = resumePlan(alert, now);
  return done(stepped(c, now, { ...entry, timers: { confirm: null, claim: null, arrival: null, close: null, ...resumed.timers } }, { state: 'open', flags, ...resumed.patch }));
}

/** An answer to what is closed: told so, nothing reopened. */
function lateAnswer(a: Act): ActResult | null {
  const party = a.actor.type === 'party' ? a.actor.id : null;
  if (party === null) return null;
  const reply: Send[] = a.action === 'accept' ? [{ party, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, params: { who: '值班人员' } }] : [];
  return done({ ...log(a, `late-${a.action}`), sends: reply, feed: null });
}

