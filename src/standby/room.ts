/** What the parts of standby's work share: its tools, its cases, the desk they draw slips and calls from. */
import type { Alert } from '#core/alert.ts';
import type { Change, Send } from '#core/change.ts';
import type { EarlierEvent } from '#core/decision.ts';
import type { Party } from '#core/ids.ts';
import type { Logger } from '#ops/log.ts';
import type { AlertPlace, NewOutbox } from '#store/outbox-insert.ts';
import type { Seal } from '#store/seal.ts';
import type { Slip } from '#store/slips.ts';
import type { CountyFacts } from '#store/standby.ts';
import type { Ledger } from '#store/standby-ledger.ts';
import { advance, type Desk, type Kept } from './case.ts';

export type SendResult = { state: 'accepted' | 'failed' | 'unknown'; provider: string | null; providerId: string | null; code: string | null; class: string | null };
export type Said =
  | { kind: 'answer'; from: string; content: string; dedupe: string } | { kind: 'key'; outId: string | null; providerId: string; key: string; dedupe: string }
  | { kind: 'failed'; outId: string | null; providerId: string; code: string; class: string };
export type WorkTools = {
  seal: Seal; log: Logger; ledger: Ledger<Kept>; county(): CountyFacts; now(): number;
  compose(item: { alert: Alert; send: Send }, known: { lines: CountyFacts['lines']; place: AlertPlace; slipFor(party: Party): Slip }, now: number): NewOutbox | null;
  send(message: { channel: 'sms' | 'voice'; outId: string; to: string; template: NewOutbox['template']; params: NewOutbox['params']; demo: boolean }): Promise<SendResult>;
  /** Whether this process may still send. */ held(): boolean;
  /** Open cases that somebody else works on, or that are not taken up yet. */ running(): readonly Alert[];
  sent(channel: string, state: string): void;
};
export type Room = WorkTools & {
  desk: Desk; cases: Map<string, Kept>;
  /** Events by device and id: what is "earlier" for those after them. */ events: Map<string, EarlierEvent>;
  /** Ingest ids that were put to the rules. */ looked: Set<string>;
  /** Messages at the gateway, by out id. */ underWay: Map<string, Promise<void>>;
};

export const active = (room: Room): Kept[] => [...room.cases.values()].filter((k) => !k.handed);
/** Those that standby goes on with itself. */
export const working = (room: Room): Kept[] => active(room).filter((k) => !k.still);
export const put = (room: Room, kept: Kept, change: Change): void => { advance(room.desk, kept, change, room.now()); };
export const keep = (room: Room, ...changed: Kept[]): void => { room.ledger.save(changed); };
