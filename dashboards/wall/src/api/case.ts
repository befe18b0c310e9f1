/** The shapes of a case as the API answers them (src/web/alert-schemas.ts); masked until it is revealed. */
import type { AlertView } from '#core/live.ts';

export type TimelineEntry = { id: string; at: number; actorType: string; actorId: string; actorName: string | null; action: string; detail: Record<string, unknown>; note: string | null };
export type Engagement = {
  party: string; state: string; role: string | null; name: string | null; phone: string | null;
  notifiedAt: number | null; acceptedAt: number | null; departedAt?: number | null; arrivedAt: number | null; arriveBy: number | null; updatedAt: number;
  /** where the telephone was after 到了, WGS84 */ position?: { at: number; lat: number; lon: number; accuracyM: number; awayM: number | null } | null;
};
export type Message = {
  id: string; outId: string; party: string; channel: string; template: string; state: string; to: string; round: number | null; step: number | null;
  dueAt: number; acceptedAt: number | null; doneAt: number | null; attempts: number; errorCode: string | null;
};
/** A word to the elder through a device, and whether it arrived. */
export type ElderCommand = {
  id: string; deviceId: string; name: string; say: string | null; text: string | null; state: string; room: string | null; createdAt: number; acknowledgedAt: number | null; doneAt: number | null;
};
/** Who can be sent: contacts (`home`) and responders by nearness. */
export type Candidate = {
  party: string; role: string; name: string; phone: string; near: 'home' | 'village' | 'town' | 'county'; keyHolder: boolean; walkMinutes: number | null; languages: string[];
  landline: boolean; absentUntil: number | null; optedOut: boolean; /** 撤回同意: only by hand */ withdrawn: boolean; /** their own page, in a revealed case */ link: string | null;
  /** of any case */ lastArrivedAt?: number | null; lastPositionAt?: number | null;
};
export type CaseInFull = AlertView & { timeline: TimelineEntry[]; engagements: Engagement[]; messages: Message[]; commands: ElderCommand[]; due: { slot: string; dueAt: number }[]; candidates: Candidate[] };

export type RevealedPerson = {
  id: string; name: string; phone: string | null; sex: string | null; birthYear: number | null; living: string | null; ability: string | null; category: string[]; riskTags: string[]; highRisk: boolean;
  language: string | null; hearing: string | null; healthNote: string | null; note: string | null;
};
export type RevealedHome = {
  id: string; address: string; place: string; landmark: string | null; roadEnd: string | null; walkMinutes: number | null; keyWith: string | null; dog: boolean; lat: number | null; lon: number | null; crs: string;
};
/** The case in plain text; every request for it stands in the audit. */
export type RevealedCase = { id: string; person: RevealedPerson | null; home: RevealedHome | null; candidates: Candidate[] };
