/** Frames of the live channel `GET /api/v1/live` (a contract: it may grow, never change) and the masked alert they carry. */
import type { AlertState, Outcome, PlanState, SubjectType } from './alert.ts';
import type { EventKind, Priority } from './event.ts';

/** An alert as lists, the wall and the feed show it: masked, scoped, no telephone numbers. Times are epoch milliseconds. */
export type AlertView = {
  id: string; kind: EventKind; priority: Priority; state: AlertState; version: number;
  subject: { type: SubjectType; id: string; /** masked name, e.g. 陈*水 */ name: string | null };
  place: string | null; regionCode: string | null; town: string | null; village: string | null; lat: number | null; lon: number | null;
  deviceId: string | null; homeId: string | null; personId: string | null;
  count: number; duplicateCount: number; openedAt: number; occurredAt: number | null; lastRaisedAt: number; flags: readonly string[];
  claimedBy: string | null; claimedByName: string | null; claimedAt: number | null; lastStepAt: number | null;
  committedAt: number | null; committedHow: string | null; arrivedAt: number | null; closedAt: number | null; outcome: Outcome | null;
  planState: PlanState; planRound: number; planStep: number; /** the next due timer: never null while open for P1 */ nextDueAt: number | null; nextDueSlot: string | null;
  summary: Record<string, unknown>; demo: boolean;
};

export type ServerFrame =
  | { type: 'snapshot'; epoch: string; seq: number; serverTime: number; alerts: AlertView[]; presence: PresenceCount[] }
  /** `ring` is set when consoles must sound: a new alert, a new raise on a taken one, the desk ladder, nobody answered. */
  | { type: 'alert'; seq: number; what: string; alert: AlertView; ring?: 'p1' | 'p2' | 'soft' | 'desk' | 'nobody'; /** the number this connection was covered up to before this frame (rows outside its scope are skipped); absent: seq - 1 */ prev?: number }
  | { type: 'presence'; regions: PresenceCount[] }
  /** The house's own press has come through (链路自检); without a number of its own, and nothing to be done. */
  | { type: 'canary'; run: string }
  /** The database is away and standby searches (降级运行): all that it knows, each second; `on` false: over. People only for those who act. */
  | { type: 'standby'; on: boolean; cases: StandbyCase[] }
  /** Every call that rings, then those missed and not opened since, oldest first; the whole list each time, for those who act. */
  | { type: 'calls'; calls: CallView[] }
  /** Which cases are open at other consoles (正在查看), and who sits there; all of it each time, for those who act. */
  | { type: 'looking'; cases: readonly { id: string; who: readonly string[] }[] }
  | { type: 'beat'; epoch: string; headSeq: number; open: Record<'1' | '2' | '3' | '4', number>; openSetHash: string; serverTime: number; cannotHear: number;
      /** Open wall tabs, and how many of them are visible or not with running sound. */ consoles?: { open: number; hearing: number };
      /** 值守确认 that waits for a key at the desk: when it was asked, how many before it were missed. */ vigilance?: { askedAt: number; missed: number };
      /** Imagined alarms (演练) that run; absent: none. */ drills?: number;
      /** Only while something is wrong. */ audit?: AuditNews;
      /** How far a demonstration has put the clock ahead. */ aheadMs?: number;
      /** The gateway in use and whether demonstration data is shown: the wall's two permanent bars. */ gateway?: 'standin' | 'aliyun' | 'http'; demo?: boolean; /** real elders are on file, and the gateway is the stand-in */ danger?: boolean };
/** A case that standby works on, masked. `reached`: whom it told and what he said; `dial`: who is next, for a hand that dials. */
export type StandbyCase = {
  key: string; kind: EventKind; state: AlertState; regionCode: string | null; town: string | null; village: string | null; name: string | null; count: number; ageMs: number; /** it was open before: the wall has it on its list */ known: boolean;
  reached: StandbyParty[]; dial: StandbyParty[];
};
export type StandbyParty = { role: string; name: string; phone: string; state: string | null };
/** What the auditor finds wrong, the worst first; `silentMs`: it has not looked for so long. */
export type AuditNews = { silentMs: number | null; found: readonly { kind: string; n: number }[] };
/** A telephone call that comes in, masked. `device`: a one-key telephone. */
export type CallView = {
  id: string; state: 'ringing' | 'opened' | 'missed'; at: number; lastAt: number; count: number; /** masked; null: withheld */ from: string | null;
  matched: 'device' | 'person' | 'contact' | 'home' | 'responder' | 'unknown'; /** masked */ name: string | null; town: string | null; village: string | null;
  personId: string | null; homeId: string | null; deviceId: string | null; alertId: string | null; openedAt: number | null; openedByName: string | null;
};
export type PresenceCount = { code: string; online: number; offline: number; never: number; presumed: number };

export type ClientFrame =
  | { type: 'hello'; epoch: string | null; lastSeq: number; tabId: string }
  | { type: 'beat'; tabId: string; visible: boolean; audio: 'running' | 'suspended' | 'muted'; lastSeq: number; /** a human's last key or click, so many ms ago; only when there was one since the last beat */ inputAgoMs?: number; /** the case that is open there */ looking?: string };

/** A row of `feed.payload`: no personal data; the web role adds masked names and places. */
export type FeedPayload = { what: string; ring?: 'p1' | 'p2' | 'soft' | 'desk' | 'nobody'; detail?: Record<string, unknown> };

/** Order-independent hash of the open set, equal on both sides: FNV-1a over sorted `id:version`. */
export function openSetHash(alerts: Iterable<{ id: string; version: number }>): string {
  let hash = 0x811c9dc5;
  for (const entry of [...alerts].map((a) => `${a.id}:${a.version};`).sort())
    for (let i = 0; i < entry.length; i++) hash = Math.imul(hash ^ entry.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
