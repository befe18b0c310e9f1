/**
 * Whom a plan's targets mean for one alert, now: roles of the home's village and town, the county's desk, the person's
 * contacts. Absent goes to the deputy by `ord`; every one who is left out is left out with a reason that the timeline shows.
 */
import type { Alert } from './alert.ts';
import type { Case, Send } from './change.ts';
import { clockTime } from './clock.ts';
import type { Tell } from './decision.ts';
import type { PlanAction, PlanTarget } from './escalation.ts';
import type { Party } from './ids.ts';
import { limits } from './limits.ts';
import { smsTemplate, type TemplateName } from './messages.ts';
import { within } from './plan.ts';

export type ResponderRole = 'care-worker' | 'doctor' | 'grid-worker' | 'village-cadre' | 'town-duty' | 'fire-station' | 'seat' | 'shift-leader' | 'duty-leader';
export type PartyRole = ResponderRole | 'family' | 'neighbour' | 'other';
/** One who can be called, as this alert sees him. */
export type PartyFacts = {
  party: Party; role: PartyRole; ord: number; keyHolder: boolean;
  /** Where he comes from: the alert's village, its town, or further (arrival clock, FIELD 7). */ reach: 'village' | 'town' | 'county';
  /** Between villages, for neighbour-villages; 0 at home. */ distanceKm: number;
  /** Equal for equal numbers: one person may stand in several roles. */ phoneKey: string;
  landline: boolean; optedOut: boolean; absentUntil: number | null;
  /** On foot to the home, as far as it is on file. */ walkMinutes?: number;
  /** His place lies in an outage (所在片区失联): tried, never waited for; passed over where somebody with a signal is there. */ cutOff?: true;
  /** What he speaks is on file, and the elder's speech is not in it (语言不通): comes after those who are as near. */ strange?: true;
  /** Stands in a schedule and has no turn now (不当班): comes after those who have, never not at all. */ offDuty?: true;
  /** Alarms he was told of in the last 30 whole days: of those whom nothing else tells apart, who was called less goes first. */ called?: number;
  /** What he agreed to (a contact): lesser cases pass him over. */ emergenciesOnly?: true;
  /** 撤回同意: nobody calls or texts him any more. */ withdrawn?: true;
  /** HH:mm of the county's day between which only an emergency reaches him (免打扰). */ quiet?: { from: string; to: string };
};
/** What a step looks at; a case, or one that is only imagined. */
export type StepCase = Pick<Case, 'roster' | 'contacted' | 'engagements' | 'calls'> & { alert: Pick<Alert, 'kind' | 'priority' | 'flags'> };
export type Skipped = { target: PlanTarget | 'others'; party?: Party; reason: string };
export type Resolved = { sends: Send[]; skipped: Skipped[] };

/** Care-workers of other villages that one step rings at once: the nearest, next round the next. */
const neighbourVillages = 3;
/** Targets that mean several, and how many of them one step reaches; every other means the first one who is there. */
const wantedOf: Partial<Record<PlanTarget, number>> = { 'neighbour-villages': neighbourVillages, nearby: Number.POSITIVE_INFINITY };
/** Kilometres within which one who speaks the elder's language goes before the nearer one. */
const languageKm = 3;
/** Parties never tried before that a new round begins with. */
const othersPerRound = 6;

const roleTargets: ReadonlySet<string> = new Set(['care-worker', 'doctor', 'grid-worker', 'village-cadre', 'town-duty', 'fire-station', 'seat', 'shift-leader', 'duty-leader']);
const deskRoles: ReadonlySet<string> = new Set(['seat', 'shift-leader', 'duty-leader']);
const villageRoles: ReadonlySet<string> = new Set(['care-worker', 'doctor', 'grid-worker', 'village-cadre']);

/** All whom the target may mean, before anybody is left out, in calling order. */
export function candidates(target: PlanTarget, roster: readonly PartyFacts[]): PartyFacts[] {
  const fits = (p: PartyFacts): boolean => {
    if (target === 'key-holder') return p.keyHolder;
    if (target === 'family-1' || target === 'family-2') return p.role === 'family';
    if (target === 'neighbour') return p.role === 'neighbour' || p.role === 'other';
    if (target === 'nearby') return p.walkMinutes !== undefined && p.walkMinutes <= limits.nearbyWalkMinutes;
    if (target === 'neighbour-villages') return p.role === 'care-worker' && p.reach !== 'village';
    return roleTargets.has(target) && p.role === target && (!villageRoles.has(target) || p.reach === 'village');
  };
  const off = (p: PartyFacts): number => (p.offDuty === true ? 1 : 0);
  const speech = (p: PartyFacts): number => (p.strange && !deskRoles.has(p.role) ? 1 : 0);
  const band = (p: PartyFacts): number => Math.floor(p.distanceKm / languageKm);
  const called = (p: PartyFacts): number => p.called ?? 0;
  // Between villages a kilometre matters less than whose turn it is; a village's own order is its own, and a fire goes by distance.
  const turn = (p: PartyFacts): number => (target === 'neighbour-villages' ? called(p) : 0);
  return roster.filter(fits).sort((a, b) => off(a) - off(b) || band(a) - band(b) || speech(a) - speech(b) || turn(a) - turn(b) || a.distanceKm - b.distanceKm || a.ord - b.ord || called(a) - called(b) || (a.party < b.party ? -1 : 1));
}

/** What one step of a plan does now: messages and calls, and who was left out and why. */
export function resolveStep(c: StepCase, actions: readonly PlanAction[], round: number, step: number, now: number): Resolved {
  const out = newResolution(c, round, step);
  for (const action of actions) {
    const all = candidates(action.target, c.roster);
    if (all.length === 0) out.skipped.push({ target: action.target, reason: 'nobody-in-role' });
    const tried = (p: PartyFacts): number => (c.contacted.get(p.party)?.rounds ?? []).filter((r) => r < round).length;
    // Whose village is in an outage is passed over while others have a signal; in an outage itself all near ones are tried at once.
    const dark = (p: PartyFacts): number => (p.cutOff && (action.target === 'neighbour-villages' || !c.alert.flags.includes('in-outage')) ? 1 : 0);
    const inTurn = [...all].sort((a, b) => dark(a) - dark(b) || tried(a) - tried(b)); // stable: other people first in a new round
    let left = wantedOf[action.target] ?? 1;
    let passOver = action.target === 'family-2' ? 1 : 0;
    for (const p of inTurn) {
      if (left === 0) break;
      const no = whyNot(c, p, action.channel, out, now);
      if (no) { out.leave(p, action.target, no); continue; }
      if (passOver > 0) { passOver--; continue; }
      out.reach(p, action.channel, action.target);
      left--;
    }
    if (all.length > 0 && left === (wantedOf[action.target] ?? 1) && !out.skipped.some((s) => s.target === action.target)) out.skipped.push({ target: action.target, reason: 'nobody-in-role' }); // no second relative
    for (const p of all.slice(0, wantedOf[action.target] ?? 1)) if (dark(p) === 1 && left === 0 && !out.has(p)) out.leave(p, action.target, 'cut-off');
    // In an outage the town's duty room is rung on its landline in the same second, whoever comes first in it (FIELD 7).
    if (action.target === 'town-duty' && c.alert.flags.includes('in-outage'))
      for (const p of inTurn) if (p.landline && !out.has(p) && whyNot(c, p, 'voice', out, now) === null) out.reach(p, 'voice', action.target);
  }
  if (step === 0 && round > 0) addOthers(c, out, now);
  return { sends: out.sends, skipped: out.skipped };
}

/** A new round begins with those whom no round has tried yet, near ones first. */
function addOthers(c: StepCase, out: Resolution, now: number): void {
  const near = { village: 0, town: 1, county: 2 };
  const untried = c.roster
    .filter((p) => !(c.contacted.get(p.party)?.rounds.length) && p.role !== 'seat' && p.role !== 'shift-leader' && !out.has(p))
    .sort((a, b) => near[a.reach] - near[b.reach] || a.distanceKm - b.distanceKm || a.ord - b.ord || (a.called ?? 0) - (b.called ?? 0));
  for (const p of untried.slice(0, othersPerRound)) {
    const no = whyNot(c, p, 'voice', out, now);
    if (no) out.leave(p, 'others', no);
    else out.reach(p, 'voice', p.role === 'family' ? 'family-1' : 'others');
  }
}

/** Why somebody was left out of the calls who got the message. */
export const smsInstead = 'call-budget-sms-instead';
type Resolution = Resolved & { round: number; has(p: PartyFacts): boolean; calling(phoneKey: string): number; leave(p: PartyFacts, target: PlanTarget | 'others', reason: string): void; reach(p: PartyFacts, channel: 'sms' | 'voice', target: PlanTarget | 'others'): void };

function newResolution(c: StepCase, round: number, step: number): Resolution {
  const sends: Send[] = [];
  const skipped: Skipped[] = [];
  const phones = new Map<string, Set<string>>();
  const add = (p: PartyFacts, channel: 'sms' | 'voice', target: PlanTarget | 'others'): void => {
    const had = phones.get(p.phoneKey) ?? new Set();
    phones.set(p.phoneKey, had);
    if (had.has(channel)) return; // one person in two roles is not called twice by one step
    had.add(channel);
    const template = templateFor(c, target, channel);
    const params = template === 'escalate' || template === 'voice-escalate' ? { n: String(c.contacted.size) } : undefined;
    sends.push({ party: p.party, channel, template, purpose: 'search', round, step, ...(params ? { params } : {}) });
  };
  return {
    sends, skipped, round,
    has: (p) => phones.has(p.phoneKey),
    calling: (phoneKey) => (phones.get(phoneKey)?.has('voice') ? 1 : 0),
    // Called too often just now, perhaps about another elder: this one stands in his messages all the same.
    leave(p, target, reason) {
      const text = reason === 'call-budget' && !p.landline && !p.optedOut && !(c.contacted.get(p.party)?.sms);
      skipped.push({ target, party: p.party, reason: text ? smsInstead : reason });
      if (text) add(p, 'sms', target);
    },
    reach(p, channel, target) {
      if (channel === 'sms' && (p.landline || p.optedOut)) {
        skipped.push({ target, party: p.party, reason: p.optedOut ? 'opted-out-voice-instead' : 'landline-voice-instead' });
        add(p, 'voice', target);
        return;
      }
      // A call says "see the message": whoever is called has one (no keys on a county's first day, FIELD F7).
      if (channel === 'voice' && !p.landline && !p.optedOut && !(c.contacted.get(p.party)?.sms)) add(p, 'sms', target);
      add(p, channel, target);
    },
  };
}

/** Why this one is left out now, or null. A decline or an acceptance stands for the whole alert. */
function whyNot(c: StepCase, p: PartyFacts, channel: 'sms' | 'voice', out: Resolution, now: number): string | null {
  const { round } = out;
  const state = c.engagements.get(p.party)?.state;
  if (state === 'declined') return 'declined';
  if (state === 'accepted' || state === 'arrived' || state === 'need-help' || state === 'done') return 'already-going';
  if (p.withdrawn) return 'consent-withdrawn';
  if (p.absentUntil !== null && p.absentUntil > now) return 'absent';
  if (c.alert.priority > 1 && p.emergenciesOnly) return 'emergencies-only';
  if (c.alert.priority > 1 && isQuiet(p, now)) return 'quiet-hours';
  if ((channel === 'voice' || p.landline || p.optedOut) && out.calling(p.phoneKey) === 0 && overBudget(c, p, now, callsKept(c, p, round))) return 'call-budget';
  return null;
}

/** Whether his quiet hours hold at `now`; they may pass midnight, and equal ends mean the whole day. */
function isQuiet({ quiet }: Pick<PartyFacts, 'quiet'>, now: number): boolean {
  return quiet !== undefined && within(quiet, clockTime(now));
}

/** Calls of an hour that this alert leaves to another emergency (FIELD F6): what is no emergency always, a second round (as core/budget.ts has it), one that has called this person often enough too. */
export const callsKept = (c: Pick<StepCase, 'alert' | 'contacted'>, p: Pick<PartyFacts, 'party'>, round: number | null): number =>
  (c.alert.priority > 1 || (round ?? 0) > 0 || (c.contacted.get(p.party)?.voice ?? 0) >= limits.callsPerAlert ? limits.callsKept : 0);

/** At most 3 calls to a number in 5 minutes and 5 in an hour, over all alerts (FIELD F6); `keep` of the hour's are not touched. */
export function overBudget(c: Pick<Case, 'calls'>, p: Pick<PartyFacts, 'phoneKey'>, now: number, keep = 0): boolean {
  const calls = c.calls.get(p.phoneKey) ?? [];
  const within = (ms: number): number => calls.filter((at) => at > now - ms).length;
  return within(5 * 60_000) >= limits.callsPerPerson5Min || within(3_600_000) >= limits.callsPerPersonHour - keep;
}

export function templateFor(c: Pick<StepCase, 'alert'>, target: PlanTarget | 'others', channel: 'sms' | 'voice'): TemplateName {
  if (target === 'family-1' || target === 'family-2') return channel === 'sms' ? 'family' : 'voice-family';
  if (target === 'duty-leader' || target === 'shift-leader') return channel === 'sms' ? 'escalate' : 'voice-escalate';
  return channel === 'sms' ? smsTemplate(c.alert.kind) : 'voice-p1';
}

/** What a rule wants told, to the first one of the target who is there; never to the same number twice. */
export function resolveTells(c: Case, tells: readonly Tell[], now: number): Resolved {
  const sends: Send[] = [];
  const skipped: Skipped[] = [];
  const told = new Set<string>();
  for (const tell of tells) {
    const who = candidates(tell.target, c.roster).find((p) => (p.absentUntil === null || p.absentUntil <= now) && !p.withdrawn && !(p.emergenciesOnly && c.alert.priority > 1));
    const mute = who && tell.channel === 'sms' && (who.landline || who.optedOut);
    const template = mute ? voiceForm[tell.template] : tell.template;
    if (!who || !template) { skipped.push({ target: tell.target, reason: who ? 'no-voice-form' : 'nobody-in-role' }); continue; }
    const channel = mute ? 'voice' : tell.channel;
    if (told.has(`${who.phoneKey} ${channel}`)) continue;
    if (channel === 'voice' && overBudget(c, who, now, callsKept(c, who, null))) { skipped.push({ target: tell.target, party: who.party, reason: 'call-budget' }); continue; }
    told.add(`${who.phoneKey} ${channel}`);
    sends.push({ party: who.party, channel, template, purpose: 'notice', round: null, step: null, ...(tell.params ? { params: tell.params } : {}) });
  }
  return { sends, skipped };
}

/** The call that says what a message would have said, where a message does not arrive. */
export const voiceForm: Partial<Record<TemplateName, TemplateName>> = {
  sos: 'voice-p1', fall: 'voice-p1', smoke: 'voice-p1', gas: 'voice-p1', 'phone-in': 'voice-p1', concern: 'voice-p1', minimal: 'voice-p1',
  escalate: 'voice-escalate', family: 'voice-family', outage: 'voice-outage',
};

/** How long somebody may take to arrive (FIELD 7: 20 minutes in the village, 45 from outside). */
export function arriveMs(c: Pick<Case, 'roster'>, party: Party | null): number {
  const who = c.roster.find((p) => p.party === party);
  return who && who.reach !== 'village' ? limits.arriveOutsideMs : limits.arriveVillageMs;
}

/** Rooms, not persons: shown by their names, never masked. */
export const isOffice = (role: string): boolean => role === 'town-duty' || role === 'fire-station';

/** Chinese title of a party, for texts: 孝老员. */
export const roleTitle: Record<PartyRole, string> = {
  'care-worker': '孝老员', doctor: '村医', 'grid-worker': '网格员', 'village-cadre': '村主干', 'town-duty': '乡镇值班室', 'fire-station': '微型消防站', seat: '接警员',
  'shift-leader': '值班长', 'duty-leader': '带班领导', family: '家属', neighbour: '邻居', other: '联系人',
};

