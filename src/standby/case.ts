/**
 * A case of standby: how it stands, and everything that was done about it, as it will be handed over. Changes are decided by the same
 * core/ code as with the database; here they are put on it, with a slip and an id of its own for every message.
 */
import type { Alert } from '#core/alert.ts';
import { absorb, type Case, type Change, type Send, type SentAlready, type Slot } from '#core/change.ts';
import { timerDue } from '#core/decide-timer.ts';
import type { Handover } from '#core/handover.ts';
import { type AlertId, newId, type Party } from '#core/ids.ts';
import type { NewOutbox } from '#store/outbox-insert.ts';
import { freeNumber, type Slip } from '#store/slips.ts';
import type { HandedEvent } from '#store/standby.ts';

export type TakenReply = { dedupe: string; channel: 'sms' | 'dtmf'; from: string; text: string; outId: string | null; at: number; result: string };
export type Kept = {
  key: string; alertId: AlertId | null; standing: Case; handover: Handover; slips: Map<Party, Slip>; events: HandedEvent[]; replies: TakenReply[];
  /** Somebody else has its event and goes on: nothing is done about it from here, what was done is handed over. */ still?: true;
  /** The device whose press opened it here: nobody evaluates its events, also earlier ones that standby did not know, before this is handed over. */ opener?: string;
  /** Where somebody with the database last left it. */ committed?: Pick<Alert, 'stateVersion' | 'planRound' | 'planStep'>;
  /** It stands in the database; forgotten when it was taken over there. */ handed: boolean;
};
export type Desk = {
  /** Times of calls by number, over all cases. */ calls: Map<string, readonly number[]>;
  /** Numbers of slips in use, by party. */ slips: Map<Party, Map<number, number>>;
  /** The message of a send; null when its party has no line. */ compose(kept: Kept, send: Send, slipFor: (party: Party) => Slip, now: number): NewOutbox | null;
};

/** Puts a change on the case, at its time. */
export function advance(desk: Desk, kept: Kept, change: Change, at: number): void {
  const sends = change.sends.flatMap((send): Send[] => {
    const given = new Map<Party, Slip>();
    const row = desk.compose(kept, send, (party) => { const slip = slipFor(desk, kept, party, at); given.set(party, slip); return slip; }, at);
    if (!row) return [];
    const done: SentAlready = { outId: newId('o', 13), at, state: 'due', provider: null, providerId: null, code: null, class: null, handled: false, slip: given.get(send.party) ?? null };
    return [{ ...send, channel: row.channel, template: row.template, done }];
  });
  if (change.withdraw !== 'nothing') withdraw(kept, change.withdraw);
  const made: Change = { ...change, sends, log: change.log.map((l) => ({ ...l, at, detail: { ...l.detail, standby: true } })) };
  const after = absorb({ ...kept.standing, calls: desk.calls }, made, at);
  for (const [phone, times] of after.calls) desk.calls.set(phone, times);
  kept.standing = { ...after, calls: new Map() };
  kept.handover.changes.push({ at, change: made });
}

/** The case as a decision wants to see it. No wall can be acted on, so that whoever is rung at the desk gets the alarm itself (盲打). */
export const seen = (desk: Desk, kept: Kept): Case => ({ ...kept.standing, calls: desk.calls, deskDark: true });

/** Every message of the case. */
export const sendsOf = (kept: Kept): (Send & { done: SentAlready })[] => kept.handover.changes.flatMap((c) => c.change.sends.flatMap((s) => (s.done ? [s as Send & { done: SentAlready }] : [])));

/** Somebody else goes on with it: nothing of it leaves here that has not left. */
export const withdrawAll = (kept: Kept): void => withdraw(kept, 'search');

function withdraw(kept: Kept, what: 'desk' | 'people' | 'search'): void {
  for (const { done, purpose } of sendsOf(kept))
    if (done.state === 'due' && ((purpose === 'desk' && what !== 'people') || (purpose === 'search' && what !== 'desk'))) done.state = 'withdrawn';
}

function slipFor(desk: Desk, kept: Kept, party: Party, at: number): Slip {
  const had = kept.slips.get(party);
  if (had) return had;
  const used = desk.slips.get(party) ?? new Map<number, number>();
  const slip = { no: freeNumber(used), code: newId('', 16) };
  desk.slips.set(party, used.set(slip.no, at));
  kept.slips.set(party, slip);
  return slip;
}

const firesPerTurn = 8;

/** Fires what is due, in its order; true when something was. */
export function fireDue(desk: Desk, kept: Kept, now: number): boolean {
  for (let i = 0; i < firesPerTurn; i++) {
    const [next] = [...kept.standing.timers].filter(([, t]) => t.dueAt <= now).sort((a, b) => a[1].dueAt - b[1].dueAt);
    if (!next) return i > 0;
    const [slot, set] = next;
    const timers = new Map(kept.standing.timers);
    timers.delete(slot);
    kept.standing = { ...kept.standing, timers };
    const change = timerDue(slot, seen(desk, kept), set.payload ?? {}, now);
    advance(desk, kept, { ...change, timers: { [slot as Slot]: null, ...change.timers } }, now);
  }
  return true;
}
