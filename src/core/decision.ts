/**
 * What rules see (Facts) and what they return (Decision): law 4, decide pure, apply once. A rule is
 * `(event, facts, now) -> Decision[]`; alerts/apply.ts turns decisions into rows, in the transaction that marks the event.
 */
import type { Alert, Outcome, Subject } from './alert.ts';
import type { PlanTarget } from './escalation.ts';
import type { EventKind, Priority, StoredEvent } from './event.ts';
import type { AlertId, DeviceId, EventId, HomeId, PersonId, RegionCode } from './ids.ts';
import type { MessageParams, TemplateName } from './messages.ts';
import type { OutageCause } from './outage.ts';
import type { RuleEntries, RuleWhere } from './rule-params.ts';

export type Ring = 'p1' | 'p2' | 'soft' | 'desk' | 'nobody';
export type LifeMode = 'away' | 'hospital' | 'evacuated';
export type DeviceType = 'sos-button' | 'fall-radar' | 'smoke' | 'gas' | 'watch' | 'bed' | 'door' | 'gateway' | 'phone';

export type DeviceFacts = {
  id: DeviceId; model: string; vendor: string; type: DeviceType; power: 'mains' | 'battery'; supervisionClass: string;
  confirmWindowMs: number; testUntil: number | null; room: string | null; cell: string | null;
  homeId: HomeId | null; personId: PersonId | null; registeredAt: number; demo: boolean; /** 库存: nobody has installed it, as far as the file knows */ inStock?: boolean; /** 安装验收 is under way, by somebody who stands before it */ installing?: boolean;
  /** 学习期: until then what it feels is marked (C12); null or absent: its model has none */ learningUntil?: number | null;
};
export type PersonFacts = { id: PersonId; homeId: HomeId | null; highRisk: boolean; riskTags: readonly string[]; mode: LifeMode | null; modeUntil: number | null; demo: boolean };
export type HomeFacts = { id: HomeId; /** somebody of high risk lives there */ highRisk?: boolean; /** who lives there */ residents?: readonly PersonId[]; regionCode: RegionCode; cell: string | null; powerArea: string | null; mode: LifeMode | null; modeUntil: number | null; demo: boolean };
export type PresenceFacts = {
  state: 'never' | 'online' | 'silent' | 'offline'; lastSeenAt: number | null; lowBattery: boolean; battery: number | null;
  mainsLostAt: number | null; /** the outage it is a member of, open or ended */ outageId: string | null;
};
/** The open outage a home or device lies in: people there may have no signal, so nobody there is waited for (FIELD 7). */
export type OutageFacts = { outageId: string; alertId: AlertId | null; cause: OutageCause; since: number };
/** An earlier, already evaluated event of the same device with the same id. */
export type EarlierEvent = {
  id: EventId; kind: EventKind; edge: StoredEvent['edge']; deviceTime: number | null; receivedAt: number; alertId: AlertId | null;
};

export type Facts = {
  device: DeviceFacts | null; person: PersonFacts | null; home: HomeFacts | null; presence: PresenceFacts | null; outage?: OutageFacts | null;
  /** Open alerts of the event's possible subjects (person, room, home, device, data.subject) and of its device. */ open: readonly Alert[];
  /** Those of the event's home that hang on others who live there or on other rooms, for what confirms what (C6); absent: none. */ around?: readonly Alert[];
  /** The newest earlier event with this id, whatever its kind. */ earlier: EarlierEvent | null;
  /** A `clear` of the same device and kind came after this event (only asked for events that had waited). */ clearedLater: boolean;
  /** Technical alerts of this subject and kind that ended without a human within limits.flapMs (C8); absent: none. */ selfEnded?: number;
  /** The newest sign of a door of this home (opened, closed), asked for where somebody does not move (C6); absent: none. */ doorAt?: number | null;
  /** What the county has set (规则参数); absent: nothing. */ rules?: RuleEntries;
};

/** What a rule parameter is asked for here. */
export const ruleWhere = (facts: Pick<Facts, 'device' | 'person' | 'home'>, event: Pick<StoredEvent, 'regionCode' | 'personId'>): RuleWhere =>
  ({ model: facts.device?.model ?? null, regionCode: event.regionCode ?? facts.home?.regionCode ?? null, personId: event.personId, supervisionClass: facts.device?.supervisionClass ?? null });

/** One message to whoever the target is for the alert's home or region; slip, place, name and time are filled in by apply. */
export type Tell = { target: PlanTarget; channel: 'sms' | 'voice'; template: TemplateName; params?: MessageParams };

export type Raise = {
  type: 'raise'; kind: EventKind; priority: Priority; subject: Subject;
  /** A fall's declared window (law 5); the alert is `confirming` until it ends. */ confirmMs?: number;
  /** Test mode: shown and rung at once, phones only when the desk has not claimed by then. */ planDelayMs?: number;
  /** Which plan it runs; absent: by kind and priority (technical kinds have none); 'none': desk only. */ plan?: 'none';
  /** Ends by itself so long after its last raise (information, never P1 or P2 of a person); null stops such a clock. */ end?: EndLater | null;
  regionCode?: RegionCode | null; flags?: readonly string[];
  /** Merged into alert.summary: counts and the like, never personal data. */ summary?: Record<string, unknown>;
  /** Absent: p1 or p2 by priority, none below. */ ring?: Ring | 'none';
  /** Sent once, when this raise opened the alert (never on a merge). */ tell?: readonly Tell[];
};
/** An alert of P3, P4 or an outage that ends by itself unless it is raised again before. */
export type EndLater = { afterMs: number; outcome: Outcome; what: string };
export type Decision =
  /** Opens an alert, or merges into the open one of the same subject and kind. */
  | Raise
  /** The same event again: counted on its alert (also a closed one, which stays closed), no ring. */
  | { type: 'duplicate'; alertId: AlertId; /** its time is another: told apart in event.result */ conflict?: boolean }
  /** Ends an alert without the desk: only a fall cancelled in its window, and technical alerts whose cause is gone. */
  | { type: 'close'; alertId: AlertId; outcome: Outcome; what: string; flags?: readonly string[]; summary?: Record<string, unknown>; ring?: Ring; detail?: Record<string, unknown>; tell?: readonly Tell[] }
  /** A line on the timeline; `summary` and `flags` are merged in; `end` starts, null stops, the clock of an alert that ends by itself. */
  | { type: 'note'; alertId: AlertId; what: string; /** only the clock moves: no line, no frame */ quiet?: true; end?: EndLater | null; flags?: readonly string[]; summary?: Record<string, unknown>; ring?: Ring; detail?: Record<string, unknown>; tell?: readonly Tell[] }
  /** Looked at again at `recheckAt` (the event is queued again), e.g. a technical alarm of a home that is away. */
  | { type: 'wait'; reason: string; recheckAt: number }
  /** The house's own press (链路自检): a dry message and a frame, no alert. */
  | { type: 'canary'; run: string }
  /** Nothing to do; the reason is kept in event.result. */
  | { type: 'ignore'; reason: string };

export type Decide = (event: StoredEvent, facts: Facts, now: number) => Decision[];
/** One rule. An edge without its own function gets the generic one of rules/edges.ts (repeat: as raise). */
export type Rule = { kinds: readonly EventKind[]; raise: Decide; repeat?: Decide; clear?: Decide; report?: Decide };

type SubjectOf = Pick<StoredEvent, 'source' | 'personId' | 'homeId' | 'room' | 'deviceId' | 'data'>;
/** The subject of an alarm about life: the person, else the room, the home, the device (law 5); never null. */
export function lifeSubject(event: SubjectOf): Subject {
  const named = namedSubject(event);
  if (named) return named;
  if (event.personId) return { type: 'person', id: event.personId };
  if (event.homeId && event.room) return { type: 'room', id: `${event.homeId}/${event.room}` };
  if (event.homeId) return { type: 'home', id: event.homeId };
  if (event.deviceId) return { type: 'device', id: event.deviceId };
  return { type: 'system', id: 'house' };
}

/** The subject of a technical alarm: the device itself, or what the house's own event names in data.subject. */
export function deviceSubject(event: SubjectOf): Subject {
  return namedSubject(event) ?? (event.deviceId ? { type: 'device', id: event.deviceId } : lifeSubject(event));
}

const subjectTypes: ReadonlySet<string> = new Set(['person', 'room', 'home', 'device', 'region', 'cell', 'power-area', 'vendor', 'number', 'system']);
const houseSources: ReadonlySet<string> = new Set(['phone', 'wall', 'supervision', 'quarantine']);
/** `data.subject` ({type, id}) of an event that the house itself made; a device's own data never names a subject. */
function namedSubject(event: Pick<StoredEvent, 'source' | 'data'>): Subject | null {
  if (!houseSources.has(event.source)) return null;
  const subject = event.data['subject'] as { type?: unknown; id?: unknown } | undefined;
  return typeof subject?.type === 'string' && subjectTypes.has(subject.type) && typeof subject.id === 'string' ? (subject as Subject) : null;
}

/** Where it happened: the home's region, else the one that an event of the house itself names (data.regionCode). */
export function regionOf(event: Pick<StoredEvent, 'source' | 'data' | 'regionCode'>): RegionCode | null {
  const named = houseSources.has(event.source) ? event.data['regionCode'] : undefined;
  return event.regionCode ?? (typeof named === 'string' && /^\d{12}$/.test(named) ? (named as RegionCode) : null);
}

/** What the desk, or a county's own flow, wrote down when it made the event; kept sealed on the timeline. */
export function deskNote(event: Pick<StoredEvent, 'source' | 'kind' | 'data'>): string | null {
  const note = event.source === 'phone' || event.source === 'wall' || event.kind === 'flow' ? event.data['note'] : undefined;
  return typeof note === 'string' && note !== '' ? note : null;
}

/** The mode of the person, else of the home, while it lasts. */
export function modeNow(facts: Pick<Facts, 'person' | 'home'>, now: number): { mode: LifeMode; until: number } | null {
  for (const who of [facts.person, facts.home])
    if (who?.mode && who.modeUntil !== null && who.modeUntil > now) return { mode: who.mode, until: who.modeUntil };
  return null;
}

/** Whether the device is in a booked test window (安装调试). */
export function inTest(facts: Pick<Facts, 'device'>, now: number): boolean {
  return (facts.device?.testUntil ?? 0) > now;
}

/** Whether a technical alert ended as flapping is counted by: no human closed it, and no outage took it over. store/evaluation.ts says the same in SQL. */
export const endedByItself = (a: Alert): boolean =>
  a.state === 'closed' && a.priority > 2 && !a.flags.includes('in-outage') && (a.closedBy === 'house' || (a.closedBy?.startsWith('device:') ?? false));

/** The open alert of this subject and kind, if there is one. */
export function openAlert(facts: Pick<Facts, 'open'>, kind: EventKind, subject: Subject): Alert | null {
  return facts.open.find((a) => a.kind === kind && a.subject.type === subject.type && a.subject.id === subject.id) ?? null;
}
