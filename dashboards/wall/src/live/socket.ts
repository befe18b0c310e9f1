/**
 * The shell around the reducer: one websocket, kept alive or replaced. It trusts no close event: the age of the last frame
 * decides. Everything outside is passed in, so that a test drives it without a browser.
 */
import type { ClientFrame, ServerFrame } from '#core/live.ts';
import { backoffMs, giveUpMs } from './link.ts';
import { applyFrames, awaitingAnswer, emptyLive, type LiveEffect, type LiveState } from './reducer.ts';

/** The part of WebSocket that is used. */
export type Wire = {
  readyState: number; send(text: string): void; close(): void;
  onopen: ((event: never) => unknown) | null; onmessage: ((event: { data: unknown }) => unknown) | null; onclose: ((event: { code: number }) => unknown) | null;
};
export type LiveOptions = {
  tabId: string;
  connect(): Wire;
  /** Monotonic milliseconds. */ now(): number; random(): number;
  after(ms: number, run: () => void): () => void;
  visible(): boolean; audio(): 'running' | 'suspended' | 'muted';
  /** Ms since a human's new key or click; null: none since the last call. */ takeInput(): number | null;
  /** The case that is open here, or null. */ looking(): string | null;
  /** Everything that is open over plain HTTP, for networks that let no websocket through; null when that fails too. */ poll(): Promise<ServerFrame | null>;
  /** `degraded`: the state comes from polling. */ onState(state: LiveState, heardAt: number, degraded: boolean): void;
  onRing(effect: Extract<LiveEffect, { do: 'ring' }>): void;
  onNote(note: 'mismatch' | 'epoch' | 'gap'): void;
  /** A connection that ended before its first word: perhaps the session is over. */ onRefused(): void;
};
export type Live = {
  /** Called about once a second by the ticker: beats, and gives up on what is silent. */ tick(): void;
  /** The network or the page came back: try now. */ kick(): void;
  /** A human answered a question: beat at once. */ beat(): void;
  stop(): void;
};

const beatEveryMs = 3_000;
/** After so many sockets that never spoke, everything is asked for by HTTP each `pollEveryMs` (降级). */
const pollAfterTries = 3;
const pollEveryMs = 3_000;
const batchMs = 40;
/** Bytes of the server's frames are bounded there; here only what waits for one batch: a whole replay. */
const batchFrames = 5_000;

export function startLive(options: LiveOptions): Live {
  let state: LiveState = emptyLive;
  let wire: Wire | null = null;
  let attempt = 0;
  let [heardAt, openedAt, helloAt] = [options.now(), options.now(), options.now()];
  let [beatAt, polledAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let spoken = false;
  let stopped = false;
  let cancelRetry: (() => void) | null = null;

  const send = (frame: ClientFrame): void => { if (wire?.readyState === 1) wire.send(JSON.stringify(frame)); };
  const hello = (everything: boolean): void => {
    state = awaitingAnswer(state);
    helloAt = options.now();
    send({ type: 'hello', epoch: everything ? null : state.epoch, lastSeq: everything ? 0 : state.lastSeq, tabId: options.tabId });
  };
  const perform = (effect: LiveEffect): void => {
    if (effect.do === 'ring') options.onRing(effect);
    else if (effect.do === 'resume') { options.onNote('gap'); hello(false); } else { options.onNote(effect.why); hello(true); }
  };
  const batch = batched(options, (frames) => {
    const result = applyFrames(state, frames);
    state = result.state;
    options.onState(state, heardAt, attempt >= pollAfterTries);
    result.effects.forEach(perform);
  });
  const take = (data: unknown): void => {
    const frame = parseFrame(data);
    if (frame === null) return;
    heardAt = options.now();
    if (!spoken) { spoken = true; attempt = 0; state = { ...state, standby: null, looking: new Map() }; } // only a word proves the way; it tells anew of standby and of who looks
    batch.push(frame);
  };
  const drop = (): void => {
    const old = wire;
    wire = null;
    if (old) { old.onopen = null; old.onmessage = null; old.onclose = null; old.close(); }
  };
  const retry = (): void => {
    if (stopped) return;
    cancelRetry?.();
    cancelRetry = options.after(backoffMs(attempt++, options.random()), open);
  };
  const open = (): void => {
    cancelRetry = null;
    drop();
    if (stopped) return;
    spoken = false;
    const fresh = options.connect();
    wire = fresh;
    openedAt = options.now();
    fresh.onopen = () => { hello(false); beatAt = Number.NEGATIVE_INFINITY; };
    fresh.onmessage = (event) => take(event.data);
    fresh.onclose = () => {
      wire = null;
      if (!spoken) options.onRefused();
      retry();
    };
  };
  const beat = (): void => {
    beatAt = options.now();
    if (wire?.readyState === 1) send(beatFrame(options, state.lastSeq));
  };
  const tick = (): void => {
    const now = options.now();
    const silent = now - (spoken ? Math.max(heardAt, openedAt) : openedAt) > giveUpMs;
    if (wire && (silent || (spoken && state.resuming && now - helloAt > giveUpMs))) { drop(); retry(); }
    if (now - beatAt >= beatEveryMs - 100) beat();
    if (attempt >= pollAfterTries && now - polledAt >= pollEveryMs - 100) {
      polledAt = now;
      void options.poll().then((frame) => { if (frame && !spoken && !stopped) { heardAt = options.now(); batch.push(frame); } });
    }
    options.onState(state, heardAt, attempt >= pollAfterTries);
  };
  open();
  return {
    tick, beat,
    kick() {
      if (stopped || wire?.readyState === 1 && options.now() - heardAt < beatEveryMs * 2) return;
      cancelRetry?.();
      open();
    },
    stop() { stopped = true; cancelRetry?.(); batch.stop(); drop(); },
  };
}

function beatFrame(options: LiveOptions, lastSeq: number): ClientFrame {
  const inputAgoMs = options.takeInput();
  const looking = options.looking();
  return { type: 'beat', tabId: options.tabId, visible: options.visible(), audio: options.audio(), lastSeq, ...(inputAgoMs === null ? {} : { inputAgoMs }), ...(looking === null ? {} : { looking }) };
}

/** The first frame goes through at once; what follows within `batchMs` goes together, so that a flood costs one copy per batch. */
function batched(options: Pick<LiveOptions, 'now' | 'after'>, apply: (frames: ServerFrame[]) => void): { push(frame: ServerFrame): void; stop(): void } {
  let waiting: ServerFrame[] = [];
  let flushedAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;
  const flush = (): void => {
    cancel?.();
    cancel = null;
    flushedAt = options.now();
    const frames = waiting;
    waiting = [];
    apply(frames);
  };
  return {
    push(frame) {
      waiting.push(frame);
      if (options.now() - flushedAt >= batchMs || waiting.length >= batchFrames) flush(); else cancel ??= options.after(batchMs, flush);
    },
    stop() { cancel?.(); waiting = []; },
  };
}

/** A frame of the contract, or null: what we do not know is skipped, because the contract may grow. */
function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== 'string') return null;
  try {
    const frame = JSON.parse(data) as ServerFrame;
    return ['snapshot', 'alert', 'presence', 'calls', 'beat', 'standby', 'looking'].includes(frame?.type) ? frame : null;
  } catch {
    return null;
  }
}
