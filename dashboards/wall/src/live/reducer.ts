/**
 * What the wall knows, as a pure function of the frames it was sent (D1). Owns the promise of the live channel: nothing
 * missed, nothing twice. Numbers are gapless; a hole asks for a resume, a set that does not match for two beats is fetched anew.
 */
import { isOpen } from '#core/alert.ts';
import { type AlertView, type CallView, openSetHash, type PresenceCount, type ServerFrame, type StandbyCase } from '#core/live.ts';

export type Beat = Extract<ServerFrame, { type: 'beat' }>;
export type AlertFrame = Extract<ServerFrame, { type: 'alert' }>;
export type Ring = NonNullable<AlertFrame['ring']>;

export type LiveState = Readonly<{
  epoch: string | null; lastSeq: number;
  alerts: ReadonlyMap<string, AlertView>;
  /** Alerts that were closed: a late older frame must not bring them back. */ closed: ReadonlySet<string>;
  /** Numbers shown at once although a hole stood before them; they are not rung a second time. */ ahead: ReadonlySet<number>;
  presence: ReadonlyMap<string, PresenceCount>;
  beat: Beat | null;
  /** Telephone calls that ring or were missed, as last told. */ calls: readonly CallView[];
  /** Who has which case open at another console. */ looking: ReadonlyMap<string, readonly string[]>;
  /** What standby does while the database is away; null: it is there. */ standby: readonly StandbyCase[] | null;
  /** A hello is out and its answer has not come. */ resuming: boolean;
  mismatches: number; synced: boolean;
}>;

/** `resume` sends hello with what we have, `refetch` asks for everything; `ring` sounds once per number. */
export type LiveEffect =
  | { do: 'resume' } | { do: 'refetch'; why: 'epoch' | 'mismatch' }
  | { do: 'ring'; ring: Ring; seq: number; what: string; alert: AlertView };

export const emptyLive: LiveState = {
  epoch: null, lastSeq: 0, alerts: new Map(), closed: new Set(), ahead: new Set(), presence: new Map(), beat: null, calls: [], looking: new Map(), standby: null,
  resuming: false, mismatches: 0, synced: false,
};

/** What was closed so long ago has no frame on its way any more. */
const closedKept = 2_000;

type Draft = { -readonly [K in keyof LiveState]: LiveState[K] } & { alerts: Map<string, AlertView>; closed: Set<string>; ahead: Set<number>; presence: Map<string, PresenceCount> };

/** Applies frames in the order they came. Batches share one copy, so that a flood of thousands stays linear. */
export function applyFrames(state: LiveState, frames: readonly ServerFrame[]): { state: LiveState; effects: LiveEffect[] } {
  const draft: Draft = { ...state, alerts: new Map(state.alerts), closed: new Set(state.closed), ahead: new Set(state.ahead), presence: new Map(state.presence) };
  const effects: LiveEffect[] = [];
  for (const frame of frames) {
    if (frame.type === 'alert') applyAlert(draft, frame, effects);
    else if (frame.type === 'snapshot') applySnapshot(draft, frame);
    else if (frame.type === 'presence') for (const region of frame.regions) draft.presence.set(region.code, region);
    else if (frame.type === 'calls') draft.calls = frame.calls;
    else if (frame.type === 'looking') draft.looking = new Map(frame.cases.map((c) => [c.id, c.who]));
    else if (frame.type === 'standby') draft.standby = frame.on ? frame.cases : null;
    else if (frame.type === 'beat') applyBeat(draft, frame, effects);
  }
  return { state: draft, effects };
}

/** The state when a hello has been sent: what comes next is its answer. */
export const awaitingAnswer = (state: LiveState): LiveState => ({ ...state, resuming: true });

function applySnapshot(draft: Draft, frame: Extract<ServerFrame, { type: 'snapshot' }>): void {
  draft.epoch = frame.epoch;
  draft.lastSeq = frame.seq;
  draft.alerts = new Map(frame.alerts.filter((a) => isOpen(a.state)).map((a) => [a.id, a]));
  draft.closed = new Set();
  draft.ahead = new Set();
  if (frame.presence.length > 0) draft.presence = new Map(frame.presence.map((p) => [p.code, p]));
  draft.resuming = false;
  draft.mismatches = 0;
  draft.synced = true;
}

function applyAlert(draft: Draft, frame: AlertFrame, effects: LiveEffect[]): void {
  if (frame.seq <= draft.lastSeq || !draft.synced) return; // a duplicate; or before the first snapshot, which will hold it
  const whole = (frame.prev ?? frame.seq - 1) <= draft.lastSeq;
  const rung = draft.ahead.has(frame.seq);
  show(draft, frame.alert);
  if (whole) {
    draft.lastSeq = frame.seq;
    if (draft.resuming) { draft.resuming = false; draft.mismatches = 0; } // the answer came: what was counted before it is void
    for (const seq of draft.ahead) if (seq <= frame.seq) draft.ahead.delete(seq);
  } else { // an alarm is shown and rung at once; what is missing before it is asked for
    draft.ahead.add(frame.seq);
    if (!draft.resuming) { draft.resuming = true; effects.push({ do: 'resume' }); }
  }
  if (frame.ring && !rung) effects.push({ do: 'ring', ring: frame.ring, seq: frame.seq, what: frame.what, alert: frame.alert });
}

function show(draft: Draft, alert: AlertView): void {
  if (draft.closed.has(alert.id)) return;
  const known = draft.alerts.get(alert.id);
  if (known && known.version > alert.version) return;
  if (isOpen(alert.state)) draft.alerts.set(alert.id, alert);
  else {
    draft.alerts.delete(alert.id);
    draft.closed.add(alert.id);
    for (const oldest of draft.closed) { if (draft.closed.size <= closedKept) break; draft.closed.delete(oldest); }
  }
}

function applyBeat(draft: Draft, beat: Beat, effects: LiveEffect[]): void {
  draft.beat = beat;
  if (!draft.synced) return;
  if (beat.epoch !== draft.epoch) { // another history: our numbers mean nothing in it
    draft.resuming = true;
    draft.mismatches = 0;
    effects.push({ do: 'refetch', why: 'epoch' });
    return;
  }
  if (beat.openSetHash === openSetHash(draft.alerts.values())) {
    draft.mismatches = 0;
    draft.resuming = false;
    return;
  }
  draft.mismatches++;
  if (draft.mismatches < 2) {
    if (beat.headSeq > draft.lastSeq) { draft.resuming = true; effects.push({ do: 'resume' }); } // the cheap cure: what is behind our number
    return;
  }
  draft.mismatches = 0;
  draft.resuming = true;
  effects.push({ do: 'refetch', why: 'mismatch' });
}
