/**
 * Alerts (警情): the one state machine.
 *   confirming -> open -> claimed -> committed -> arrived -> closed
 * confirming: a fall inside its device's confirm window, cancellable at the device. open: nobody has it.
 * claimed (接警): an operator suspends the plan, at most limits.claimStepMs without a recorded step, then open again.
 * committed (已叫应): a responder's acceptance, recorded contact with the elder or an accepted dispatch; the search ends,
 * the arrival clock runs. arrived: somebody is there. closed: only a human's close with an outcome ends an alert.
 */
import type { EventKind, Priority } from './event.ts';
import type { AlertId, DeviceId, HomeId, Party, PersonId, RegionCode } from './ids.ts';

export const alertStates = ['confirming', 'open', 'claimed', 'committed', 'arrived', 'closed'] as const;
export type AlertState = (typeof alertStates)[number];
export type SubjectType = 'person' | 'room' | 'home' | 'device' | 'region' | 'cell' | 'power-area' | 'vendor' | 'number' | 'system';
export type Subject = { type: SubjectType; id: string };

/** What an actor may do to an alert, over the API, by SMS, keypress or link. One table: docs/decisions. */
export const alertActions = [
  'claim', 'release', 'take-over', 'step', 'note', 'seen', 'accept', 'depart', 'decline', 'dispatch', 'escalate', 'arrive', 'need-help', 'done', 'shelve', 'unshelve', 'close', 'real',
] as const;
export type AlertAction = (typeof alertActions)[number];

/** Raised by a device that is being installed, and not real yet: on the wall, without a sound (F16). */
export const installingFlag = 'installing';

/** Outcome codes (处置结果), DOMAIN A.4. */
export const outcomes = {
  R1: '真跌倒已扶起', R2: '真跌倒送医', R3: '急病送医', R4: '火情燃气', R5: '治安', R6: '走失',
  S1: '服务请求', S2: '想说话', F1: '误按', F2: '设备误报', F3: '做饭烟', T1: '预约测试', T2: '未约测试', I1: '安装维护',
  D1: '电池断电信号', D2: '设备故障', N1: '未联系上已上门平安', N2: '未联系上已上门确有事', C1: '本人取消已核实', X1: '身故', U: '不明',
} as const;
export type Outcome = keyof typeof outcomes;

/** Who acts. `user` an operator at the wall, `party` a responder or contact, `system` the house itself. */
export type Actor = { type: 'user'; id: string; name: string } | { type: 'party'; id: Party; name: string } | { type: 'system'; id: string };

export type PlanState = 'idle' | 'running' | 'suspended' | 'ended';

/** A row of `alert`; times are epoch milliseconds. */
export type Alert = {
  id: AlertId; kind: EventKind; priority: Priority; state: AlertState; subject: Subject;
  deviceId: DeviceId | null; homeId: HomeId | null; personId: PersonId | null; regionCode: RegionCode | null;
  count: number; duplicateCount: number; version: number;
  /** The version at which its state, holder or outcome last changed: what an actor must have seen. */ stateVersion: number;
  openedAt: number; occurredAt: number | null; lastRaisedAt: number; flags: readonly string[];
  claimedAt: number | null; claimedBy: string | null; claimTab: string | null; lastStepAt: number | null; firstHumanAt: number | null;
  committedAt: number | null; committedHow: string | null; arrivedAt: number | null;
  closedAt: number | null; closedBy: string | null; outcome: Outcome | null;
  plan: import('./escalation.ts').Plan | null; planBaseAt: number | null; planRound: number; planStep: number; planState: PlanState;
  summary: Record<string, unknown>; trace: string; demo: boolean;
};

export const isOpen = (state: AlertState): boolean => state !== 'closed';
/** 暂挂: the flag, and whether a case has it. */
export const shelvedFlag = 'shelved';
export const isShelved = (alert: { flags: readonly string[] }): boolean => alert.flags.includes(shelvedFlag);
