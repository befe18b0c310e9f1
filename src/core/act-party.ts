/** Those who were called, and those who answer for them: acceptance, the way, arrival, refusal, help; and what others are told of it (0004). */
import { type Act, type ActResult, done, invalid, log, nameOf, partyOf, searching, stepped } from './act.ts';
import type { Alert } from './alert.ts';
import { type Case, type Change, joined, nothing, type Send, withFlags } from './change.ts';
import { pullPlan, resumePlan } from './decide-plan.ts';
import { onTheWay } from './decide-timer.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import { arriveMs } from './roster.ts';

/** Relatives whom the search has told, and who hold no key: they are told how it goes on, not asked to come. */
export const relatives = (c: Case): Party[] => [...c.contacted.keys()].filter((party) => c.roster.some((p) => p.party === party && p.role === 'family' && !p.keyHolder && !p.withdrawn));

/** Whoever the search may have reached and who has not said no: they are told when it is over. Family gets its own text. */
export function searched(c: Case, but: Party | null): Party[] {
  return [...c.contacted].filter(([party, sent]) => {
    const state = c.engagements.get(party)?.state;
    const who = c.roster.find((p) => p.party === party);
    return party !== but && !who?.withdrawn && sent.reached && sent.sms > 0 && state !== 'declined' && state !== 'done' && !(who?.role === 'family' && !who.keyHolder);
  }).map(([party]) => party);
}

/** Committed (已叫应): the search ends, what is unsent is withdrawn, the arrival clock runs. */
export function commit(c: Case, a: Act, party: Party | null, how: string, now: number): Change {
  const { alert } = c;
  const by = now + arriveMs(c, party);
  // An acceptance wakes nobody at a desk that sleeps: it is rung on until somebody there claims.
  const rungOn = a.actor.type === 'party' && c.deskAsleep === true;
  const earliest = Math.min(by, ...onTheWay(c).flatMap(([, e]) => (e.arriveBy !== null ? [e.arriveBy] : [])));
  return {
    ...nothing(), withdraw: rungOn ? 'people' : 'search',
    patch: { committedAt: now, committedHow: how, planState: alert.plan ? 'ended' : 'idle', flags: withFlags(alert, [], searching) },
    timers: { plan: null, ...(rungOn ? {} : { desk: null }), confirm: null, claim: null, ...(alert.plan ? { arrival: { dueAt: earliest } } : {}) },
    sends: party === null ? [] : [
      ...(together(alert) ? [] : searched(c, party).map((other): Send => ({ party: other, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, ...whoIs(a, party) }))),
      ...relatives(c).filter((other) => other !== party).map((other): Send => ({ party: other, channel: 'sms', template: 'family-taken', purpose: 'notice', round: null, step: null, ...whoIs(a, party) })),
    ],
    feed: { what: 'committed', detail: { how } },
  };
}

const whoIs = (a: Act, party: Party): Pick<Send, 'params' | 'who'> => (a.actor.type === 'party' && a.actor.name ? { params: { who: nameOf(a.actor) } } : { who: party });

export function accept(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  const entry = log(a, 'accepted', { by: party });
  const mine = party === null ? undefined : c.engagements.get(party)?.state;
  // Who goes, is there or is done has said so: pressing once more undoes nothing.
  if ((alert.state === 'committed' || alert.state === 'arrived') && (mine === 'accepted' || mine === 'arrived' || mine === 'done')) return done(stepped(c, now, entry));
  // A fire is nobody's alone: whoever else comes is welcome, and has his own clock.
  if (party !== null && alert.state === 'committed' && together(alert)) {
    const by = now + arriveMs(c, party);
    return done(stepped(c, now, { ...log(a, 'accepted-too', { by: party }), engagements: [{ party, state: 'accepted', acceptedAt: now, arriveBy: by }], timers: arrivalAt(c, by) }));
  }
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

const together = (alert: Alert): boolean => alert.kind === 'smoke' || alert.kind === 'gas';
/** The arrival clock of all who go: the first who is due. */
const arrivalAt = (c: Case, by: number): Change['timers'] => (c.alert.plan ? { arrival: { dueAt: Math.min(by, ...onTheWay(c).flatMap(([, e]) => (e.arriveBy === null ? [] : [e.arriveBy]))) } } : {});

/** 已出发: a promise that moves. Who has not promised yet does so with it; the way is given its time once, from here. */
export function depart(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  if (party === null) return invalid('party', 'who is on the way');
  const mine = c.engagements.get(party);
  if (mine?.state === 'arrived' || mine?.state === 'done') return done(stepped(c, now, log(a, 'departed', { by: party })));
  if (mine?.state !== 'accepted') {
    const accepted = accept(c, a, now);
    if (accepted.kind !== 'change') return accepted;
    const { change } = accepted;
    return done({ ...change, engagements: change.engagements.map((e) => (e.party === party && e.state === 'accepted' ? { ...e, departedAt: now } : e)) });
  }
  if (mine.departedAt) return done(stepped(c, now, log(a, 'departed', { by: party })));
  const by = mine.arriveBy === null ? null : now + arriveMs(c, party); // who was asked already why he is not there gets no second clock
  const others = c.engagements.size > 0 ? onTheWay(c).filter(([other]) => other !== party) : [];
  const due = [by, ...others.map(([, e]) => e.arriveBy)].filter((at): at is number => at !== null);
  return done(stepped(c, now, {
    ...log(a, 'departed', { by: party }), engagements: [{ party, state: 'accepted', arriveBy: by, departedAt: now }],
    ...(alert.state === 'committed' && alert.plan && due.length > 0 ? { timers: { arrival: { dueAt: Math.min(...due) } } } : {}),
  }));
}

export function seen(c: Case, a: Act): ActResult {
  const party = partyOf(a);
  if (party === null) return invalid('party', 'who has seen it');
  const state = c.engagements.get(party)?.state;
  // Courtesy is not an answer (FIELD F2): asked back once, the plan goes on.
  const ask = (state === undefined || state === 'notified') && (c.alert.state === 'open' || c.alert.state === 'claimed');
  const sends: Send[] = ask && a.actor.type === 'party' ? [{ party, channel: 'sms', template: 'seen', purpose: 'notice', round: null, step: null }] : [];
  return done({ ...log(a, 'seen', { by: party }), sends, engagements: state === undefined || state === 'notified' ? [{ party, state: 'seen' }] : [] });
}

export function decline(c: Case, a: Act, now: number): ActResult {
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

export function arrive(c: Case, a: Act, now: number, engagement: 'arrived' | 'done'): ActResult {
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
export function needHelp(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  const party = partyOf(a);
  const engagements: Change['engagements'] = party ? [{ party, state: 'need-help', arriveBy: null }] : [];
  const entry: Change = { ...log(a, 'need-help', { by: party }), engagements, feed: { what: 'need-help', ring: 'p1' } };
  const flags = withFlags(alert, ['need-help']);
  if (alert.state === 'open' || !alert.plan) return done(stepped(c, now, { ...entry, timers: pullPlan(alert, now) }, { flags }));
  const resumed = resumePlan(alert, now);
  return done(stepped(c, now, { ...entry, timers: { confirm: null, claim: null, arrival: null, close: null, ...resumed.timers } }, { state: 'open', flags, ...resumed.patch }));
}

/** An answer to what is closed: told so, nothing reopened. Who had promised and was there without a network has been there all the same. */
export function lateAnswer(c: Case, a: Act): ActResult | null {
  const party = a.actor.type === 'party' ? a.actor.id : null;
  if (party === null) return null;
  const reply: Send[] = a.action === 'accept' ? [{ party, channel: 'sms', template: 'taken', purpose: 'notice', round: null, step: null, params: { who: '值班人员' } }] : [];
  const wasThere = a.keptMs !== undefined && (a.action === 'arrive' || a.action === 'done') && c.engagements.get(party)?.state === 'accepted';
  return done({ ...log(a, `late-${a.action}`), sends: reply, feed: null, engagements: wasThere ? [{ party, state: a.action === 'done' ? 'done' : 'arrived', arriveBy: null }] : [] });
}

