/** What the installation API answers (src/web/routes/installations…), as far as the page looks at it; and what the page keeps on the telephone. */

type Both = { zh: string; en: string };
export type HomeState = 'not-visited' | 'begun' | 'on-site' | 'accepted' | 'failed' | 'refused' | 'to-redo';
export type ProfileStep = { step: string; zh: string; en: string; how: Both | null; waitMs: number; human: boolean; start: boolean; beside: boolean };
export type Profile = { model: string; type: string; name: string; twoWay: boolean; steps: ProfileStep[]; probation: Both[]; onSiteMs: number };
export type HomeLine = {
  homeId: string; regionCode: string; town: string | null; village: string | null; place: string | null; roadEnd: string | null; walkMinutes: number | null; dog: boolean;
  people: { personId: string; name: string; special: boolean }[]; devices: { deviceId: string; model: string; room: string | null }[]; state: HomeState; installationId: string | null;
};
type Step = ProfileStep & { state: 'waiting' | 'passed' | 'failed'; ms: number | null; why: Both | null };
export type Installation = {
  id: string; state: Exclude<HomeState, 'not-visited'>; deviceId: string | null; model: string | null; twoWay: boolean; homeId: string; room: string | null; testUntil: number | null; probationUntil: number | null;
  consent: object | null; place: string | null; position: { lat: number; lon: number; accuracyM: number } | null; photo: boolean; signature: boolean; steps: Step[]; probation: Both[];
  alerts: { id: string; kind: string; realAt: number | null }[]; missing: (Both & { what: string })[]; reasons: (Both & { what: string })[]; certificate: { number: string; url: string } | null;
};

/** One device at one home, from the first press on; `serverId` once the house has taken its beginning. */
export type Visit = {
  id: string; homeId: string; refusal: boolean; code: string; deviceId: string | null; model: string | null; room: string; at: number; by: string;
  /** what has been kept here, by name of the step */ kept: Partial<Record<StepName, { at: number; text: string }>>;
  serverId: string | null; server: Installation | null; /** epoch ms of the house at the last answer, less the telephone's */ skewMs: number;
  /** Why its next step is not taken; until a human has said what to do, nothing of it is sent. */ trouble: Trouble | null;
};
export type Trouble = { step: StepName; status: number; reason: string; text: string; adopt: string | null };
export type StepName = 'begin' | 'refuse' | 'consent' | 'place' | 'position' | 'photo' | 'signature' | 'finish' | 'fail';
/** A press that waits. `seq` orders it, `key` makes its repetition harmless. */
export type Waiting = { seq?: number; visit: string; by: string; byName: string; step: StepName; body: Record<string, unknown>; key: string };
export type Village = { code: string; name: string; at: number; homes: HomeLine[] };
export type Me = { id: string; name: string; role: string; scopeCode: string };
