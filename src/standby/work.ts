/**
 * What standby does while it is on duty: events of the spools become cases, due steps are made, messages leave one by one under the
 * token, answers and reports are understood. Everything is in the ledger before the gateway is asked.
 */
import { positionOf, rank } from '#core/handover.ts';
import { newId } from '#core/ids.ts';
import type { Echoed } from '#store/echo.ts';
import { type Desk, fireDue, type Kept, sendsOf } from './case.ts';
import { type OpenNow, placeOf, type Spooled } from './county.ts';
import { takeSaid } from './answers.ts';
import { isItself, isOf, standStill, takeHeard } from './echoes.ts';
import { takeEvent } from './events.ts';
import { postDue } from './post.ts';
import { keep, type Room, type Said, type WorkTools, working } from './room.ts';

export type DutyWork = {
  /** Goes on with what was open when the database went away. */ resume(open: OpenNow): void;
  /** What others have committed and evaluated meanwhile; open cases of which standby has none are gone on with where `open` is given. */ heard(fresh: readonly Echoed[], open: OpenNow | null, evaluated: ReadonlySet<string>, othersGoOn: boolean): void;
  event(spooled: Spooled, receivedAt: number): void; said(said: Said, at: number): void;
  /** Due steps, then messages that are due. */ turn(): void;
  /** Resolves when no message is under way. */ settled(): Promise<void>; /** One of its messages is. */ busy(kept: Kept): boolean;
  readonly cases: ReadonlyMap<string, Kept>; forget(key: string): void; keep(...cases: Kept[]): void;
};

export function createWork(tools: WorkTools): DutyWork {
  const { ledger, county } = tools;
  const desk: Desk = {
    calls: new Map(), slips: new Map(),
    compose: (kept, send, slipFor, at) => tools.compose({ alert: kept.standing.alert, send }, { lines: county().lines, place: placeOf(county(), kept.standing.alert), slipFor }, at),
  };
  const room: Room = { ...tools, desk, cases: new Map(ledger.left.map((c) => [c.key, c])), events: new Map(), looked: new Set(), underWay: new Map() };
  for (const kept of room.cases.values()) remember(room, kept);
  return {
    cases: room.cases, keep: (...changed) => keep(room, ...changed), resume: (open) => resume(room, open),
    heard(fresh, open, evaluated, othersGoOn) {
      standStill(room, evaluated, othersGoOn ? [] : fresh); // not by `open`: away with a snapshot too old to go on from, nobody else calls
      const unknown = new Set(takeHeard(room, fresh));
      if (open && unknown.size > 0) takeUp(room, open, (c) => unknown.has(c.alert.id));
    },
    event: (spooled, receivedAt) => takeEvent(room, spooled, receivedAt), said: (said, at) => takeSaid(room, said, at),
    turn() {
      for (const kept of working(room)) {
        if (fireDue(desk, kept, room.now())) keep(room, kept);
        postDue(room, kept);
      }
    },
    async settled() { while (room.underWay.size > 0) await Promise.all(room.underWay.values()); },
    busy: (kept) => sendsOf(kept).some((send) => room.underWay.has(send.done.outId)),
    forget(key) { room.cases.delete(key); ledger.forget(key); },
  };
}

function resume(room: Room, open: OpenNow): void {
  // Handed over, and the database was gone again before it was known to have taken it: where its alert is not in the snapshot (and was not known) nobody calls about it
  // but us. Where its alert is there but stands behind it (it was evaluated before the handover came), what was made is not made again.
  for (const kept of [...room.cases.values()].filter((k) => k.handed)) {
    const { alert } = kept.standing;
    const there = (open.cases.find((c) => isItself(kept, c.alert)) ?? open.cases.find((c) => isOf(kept, c.alert)))?.alert;
    // An answer that it took is not in the look where nobody has moved the alert since; one that was set free again begins another round.
    const unseen = there !== undefined && (kept.committed === undefined ? rank(alert) >= rank(there) : there.stateVersion <= kept.committed.stateVersion);
    const behind = there?.state === 'open' && (alert.state === 'open' ? rank(alert) > rank(there) : unseen);
    if (there ? behind : kept.alertId === null) { kept.handed = false; continue; }
    room.cases.delete(kept.key);
    room.ledger.forget(kept.key);
  }
  takeUp(room, open, () => true);
}

/** Goes on with open cases that it does not have yet. */
function takeUp(room: Room, open: OpenNow, wanted: (c: OpenNow['cases'][number]) => boolean): void {
  for (const { party, no, at } of open.slips) room.desk.slips.set(party, (room.desk.slips.get(party) ?? new Map<number, number>()).set(no, at));
  for (const c of open.cases.filter(wanted)) {
    for (const [phone, times] of c.calls) if (!room.desk.calls.has(phone)) room.desk.calls.set(phone, times);
    if (working(room).some((k) => isOf(k, c.alert))) continue;
    const key = `alert ${c.alert.id} ${newId('', 8)}`; // each absence is handed over for itself
    room.cases.set(key, {
      key, alertId: c.alert.id, committed: { stateVersion: c.alert.stateVersion, planRound: c.alert.planRound, planStep: c.alert.planStep }, standing: { ...c, calls: new Map() }, handover: { startedAt: room.now(), fromVersion: c.alert.version, from: positionOf(c.alert), changes: [] },
      slips: new Map(open.slips.filter((s) => s.alertId === c.alert.id).map((s) => [s.party, { no: s.no, code: s.code }])), events: [], replies: [], handed: false,
    });
  }
}

/** After a restart: what a case has called and given out counts on; what was between the ledger and the answer is sent again under the same id, doubled at most once. */
function remember({ desk, looked }: Room, kept: Kept): void {
  for (const e of kept.events) looked.add(e.ingestId);
  for (const [party, slip] of kept.slips) desk.slips.set(party, (desk.slips.get(party) ?? new Map<number, number>()).set(slip.no, kept.handover.startedAt));
  for (const send of sendsOf(kept)) {
    if (send.done.state === 'sending') send.done.state = 'due';
    const phone = kept.standing.roster.find((p) => p.party === send.party)?.phoneKey;
    if (send.channel === 'voice' && phone !== undefined) desk.calls.set(phone, [...(desk.calls.get(phone) ?? []), send.done.at]);
  }
}
