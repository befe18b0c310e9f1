/**
 * What people do to an alert: action x state -> change, conflict or refusal (law 6; the table stands in
 * docs/decisions/0004-role-x-action.md). A claim only suspends; committed ends the search; only a close ends the alert.
 */
import { type Act, type ActResult, claimFor, conflict, done, invalid, log, searching, stepped } from './act.ts';
import { accept, arrive, commit, decline, depart, lateAnswer, needHelp, relatives, searched, seen } from './act-party.ts';
import { type Alert, installingFlag, isShelved, type Outcome, outcomes, shelvedFlag } from './alert.ts';
import { type Case, type Change, joined, nothing, type Send, withFlags } from './change.ts';
import { consentNeeded } from './consent.ts';
import { escalate } from './decide-escalate.ts';
import { allOff } from './decide-raise.ts';
import { resumePlan, startPlan } from './decide-plan.ts';
import { backFromShelf, leavesShelf } from './decide-shelf.ts';
import { onTheWay } from './decide-timer.ts';
import { limits } from './limits.ts';
import { smsTemplate } from './messages.ts';
import { roleTitle } from './roster.ts';

/** Applies `act` to the case. Pure; the caller holds the alert's row. */
export function act(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (alert.state === 'closed') return a.action === 'note' ? done(log(a, 'note')) : lateAnswer(c, a) ?? { kind: 'conflict', by: alert.closedBy, at: alert.closedAt };
  const old = a.expectedVersion !== undefined && a.expectedVersion < alert.stateVersion;
  if (old && a.action !== 'note' && a.action !== 'step' && a.action !== 'dispatch') return conflict(alert);
  const result = decided(c, a, now);
  return result.kind === 'change' && !keepsShelf.has(a.action) ? done(leavesShelf(alert, result.change)) : result;
}

/** What may be done to a shelved case and leave it there. */
const keepsShelf: ReadonlySet<Act['action']> = new Set(['note', 'seen', 'decline', 'shelve', 'unshelve']);

function decided(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  switch (a.action) {
    case 'claim': return claim(c, a, now, false);
    case 'take-over': return claim(c, a, now, true);
    case 'release': return release(c, a, now);
    case 'note': return done(stepped(c, now, log(a, 'note'), { flags: withFlags(alert, ['noted']) }));
    case 'step': return step(c, a, now);
    case 'dispatch': return dispatch(c, a, now);
    case 'escalate': return escalate(c, a, now);
    case 'seen': return seen(c, a);
    case 'accept': return accept(c, a, now);
    case 'depart': return depart(c, a, now);
    case 'decline': return decline(c, a, now);
    case 'arrive': return arrive(c, a, now, 'arrived');
    case 'done': return arrive(c, a, now, 'done');
    case 'need-help': return needHelp(c, a, now);
    case 'shelve': return shelve(c, a, now);
    case 'unshelve': return unshelve(c, a, now);
    case 'close': return close(c, a, now);
    case 'real': return real(c, a, now);
  }
}

// -- the desk

function claim(c: Case, a: Act, now: number, takeOver: boolean): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  if (a.to && alert.priority <= 2) return invalid('to', 'nobody: whoever takes an emergency claims it himself');
  // What came back to the search (nobody arrived, pressed again, help wanted) is nobody's: whoever is there claims it, not only he who had it.
  const held = alert.claimedBy !== null && alert.state !== 'open' && !alert.flags.includes('claim-lapsed');
  if (held && alert.claimedBy === (a.to?.id ?? a.actor.id)) return done({ ...nothing(), patch: a.tabId ? { claimTab: a.tabId } : {} });
  if (held && !takeOver) return conflict(alert);
  return done(takeClaim(c, a, now, takeOver ? 'taken-over' : 'claimed'));
}

function takeClaim(c: Case, a: Act, now: number, action: string): Change {
  const { alert } = c;
  const tab = a.tabId ?? null;
  const patch: Partial<Alert> = { claimedBy: a.to?.id ?? a.actor.id, claimedAt: now, claimTab: a.to ? null : tab, flags: withFlags(alert, [], ['claim-lapsed']) };
  const entry = { ...log(a, a.to ? 'assigned' : action, { ...(alert.claimedBy ? { from: alert.claimedBy } : {}), ...(a.to ? { to: a.to.id, toName: a.to.name } : {}) }), withdraw: 'desk' as const };
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
  if (who.withdrawn) return invalid('party', `${consentNeeded}: ${roleTitle[who.role]} ${who.party} has; dial by hand if it must be`);
  const base = { party: a.party, purpose: 'search' as const, round: alert.planRound, step: null };
  const area = alert.kind === 'outage'; // who is sent to an outage is told of the area, not of one elder
  const sends: Send[] = [{ ...base, channel: 'voice', template: area ? 'voice-outage' : 'voice-p1' }];
  if (!who.landline && !who.optedOut) sends.unshift({ ...base, channel: 'sms', template: area ? 'outage' : smsTemplate(alert.kind) });
  const engagements: Change['engagements'] = c.engagements.get(a.party)?.state === 'declined' ? [{ party: a.party, state: 'notified' }] : [];
  return done(held(c, a, now, { ...log(a, 'dispatched'), sends, engagements }));
}

/** 暂挂: for a reason, at most eight hours, never an emergency, never what somebody else works on. */
function shelve(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  if (alert.priority === 1) return invalid('priority', 'anything but an emergency: a P1 is never shelved');
  if (isShelved(alert)) return invalid('state', 'a case that is not shelved; return it first');
  if (alert.state === 'committed' || alert.state === 'arrived') return invalid('state', 'a case for which nobody is on the way');
  if (alert.state === 'claimed' && alert.claimedBy !== a.actor.id) return conflict(alert);
  if ((a.note ?? '').trim() === '') return invalid('note', 'the reason');
  if (a.until === undefined || a.until <= now || a.until > now + limits.shelfMs) return invalid('until', 'a time from now on, at most eight hours away');
  const suspended: Partial<Alert> = alert.plan ? { planState: 'suspended' } : {};
  const patch: Partial<Alert> = { ...suspended, state: 'open', claimedBy: null, claimedAt: null, claimTab: null, flags: withFlags(alert, [shelvedFlag], ['claim-lapsed']) };
  const timers: Change['timers'] = { confirm: null, plan: null, desk: null, claim: null, rering: null, shelf: { dueAt: a.until } };
  return done(stepped(c, now, { ...log(a, 'shelved', { until: a.until }), withdraw: 'search', timers }, patch));
}

function unshelve(c: Case, a: Act, now: number): ActResult {
  if (a.actor.type !== 'user') return invalid('actor', 'an operator');
  if (!isShelved(c.alert)) return invalid('state', 'a shelved case');
  return done({ ...log(a, 'unshelved'), ...backFromShelf(c.alert, now) });
}

/** 不是测试: whoever stands before the device says that this is no test of his. From now on it is what it looks like. */
function real(c: Case, a: Act, now: number): ActResult {
  const { alert } = c;
  if (a.actor.type !== 'user') return invalid('actor', 'an installer or an operator');
  if (!alert.flags.includes('test')) return invalid('state', 'a case that is marked as a test');
  const flags = withFlags(alert, ['not-a-test'], ['test', installingFlag]);
  const change: Change = { ...log(a, 'not-a-test'), patch: { flags } };
  if (alert.state !== 'open' && alert.state !== 'confirming') return done(change); // somebody has it
  const started = alert.plan ? startPlan(alert, alert.planRound, now) : { patch: {}, timers: {} };
  return done({ ...change, patch: { flags, state: 'open', ...started.patch }, timers: { confirm: null, ...started.timers }, feed: { what: 'not-a-test', ring: alert.priority === 1 ? 'p1' : 'p2' } });
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
  const family = relatives(c);
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
