/** What people do to an alert, from whichever door: the wall, an SMS, a keypress, the caregiver's link. */
import type { Actor, AlertAction, Outcome } from './alert.ts';
import type { AlertId, Party } from './ids.ts';

export type RespondInput = {
  alertId: AlertId; action: AlertAction; actor: Actor;
  /** The version the actor saw; an older one is a conflict. Absent from SMS and links: they act on what is. */ expectedVersion?: number;
  /** claim: the colleague who shall have it; never an emergency. */ to?: { id: string; name: string };
  /** dispatch: whom. */ party?: Party;
  /** step: contact with the elder was made (this commits), by 'elder' | 'family' | 'visit'. */ contact?: 'elder' | 'family' | 'visit';
  /** shelve: until when, epoch ms. */ until?: number;
  /** close: how it ended; of a party: what she says she found. */ outcome?: Outcome; note?: string; tabId?: string;
  /** How it came: 'wall' | 'sms' | 'dtmf' | 'link' | 'api'. */ via: 'wall' | 'sms' | 'dtmf' | 'link' | 'api'; trace: string;
  /** Pressed where there was no network, so long before it came: written down, decides nothing. */ keptMs?: number;
};
export type RespondResult =
  | { kind: 'ok'; version: number; state: string }
  /** Somebody was first, or the version is old: who, and since when (epoch ms). */
  | { kind: 'conflict'; by: string | null; at: number | null; state: string; version: number }
  /** A close without outcome, a dispatch without party…: the missing or wrong fields. */
  | { kind: 'invalid'; fields: { field: string; expected: string }[] }
  | { kind: 'not-found' };
export type Respond = (input: RespondInput) => Promise<RespondResult>;
