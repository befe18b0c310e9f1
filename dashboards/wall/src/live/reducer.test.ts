/** The live channel's promise: over any mixture of drops, repeats, disorder and new epochs, nothing is missed and nothing rings twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertView, openSetHash, type ServerFrame } from '#core/live.ts';
import { alertView } from '#wall/live/samples.ts';
import { type AlertFrame, applyFrames, awaitingAnswer, emptyLive, type LiveState } from './reducer.ts';

/** The server's side: a history of numbered changes in one epoch, and what a hello is answered. */
class House {
  epoch = 'e1';
  history: AlertFrame[] = [];
  open = new Map<string, AlertView>();
  /** `scope` leaves out every third alert, as for a user of one town: numbers are skipped, `prev` says so. */
  readonly scope: boolean;
  constructor(scope: boolean) { this.scope = scope; }
  seq = 0;
  change(id: number, close: boolean): void {
    const key = String(id);
    const before = this.open.get(key);
    const version = (before?.version ?? 0) + 1;
    this.seq++;
    if (this.scope && id % 3 === 0) return;
    const alert = alertView({ id: key, version, state: close ? 'closed' : 'open' });
    if (close) this.open.delete(key); else this.open.set(key, alert);
    this.history.push({ type: 'alert', seq: this.seq, what: 'raised', alert, ring: 'p1', prev: this.history.at(-1)?.seq ?? 0 });
  }
  restart(epoch: string): void { this.epoch = epoch; this.history = []; this.seq = 0; }
  snapshot(): ServerFrame { return { type: 'snapshot', epoch: this.epoch, seq: this.seq, serverTime: 0, alerts: [...this.open.values()], presence: [] }; }
  answer(epoch: string | null, lastSeq: number): ServerFrame[] {
    if (epoch !== this.epoch || lastSeq > this.seq) return [this.snapshot()];
    let prev = lastSeq;
    return [...this.history.filter((f) => f.seq > lastSeq).map((f) => { const frame = { ...f, prev }; prev = f.seq; return frame; }), this.beat()];
  }
  beat(): ServerFrame {
    return { type: 'beat', epoch: this.epoch, headSeq: this.seq, open: { 1: 0, 2: 0, 3: 0, 4: 0 }, openSetHash: openSetHash(this.open.values()), serverTime: 0, cannotHear: 0 };
  }
}

type Step = { act: 'change'; id: number; close: boolean; fate: 'deliver' | 'drop' | 'twice' | 'late' } | { act: 'beat' } | { act: 'epoch' } | { act: 'reconnect' };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ act: fc.constant('change' as const), id: fc.integer({ min: 1, max: 9 }), close: fc.boolean(), fate: fc.constantFrom('deliver', 'deliver', 'drop', 'twice', 'late') }) },
  { weight: 3, arbitrary: fc.constant({ act: 'beat' as const }) },
  { weight: 1, arbitrary: fc.constant({ act: 'epoch' as const }) },
  { weight: 2, arbitrary: fc.constant({ act: 'reconnect' as const }) },
) as fc.Arbitrary<Step>;

function play(house: House, steps: readonly Step[]): { state: LiveState; rung: Map<string, number>; shown: (id: string) => boolean } {
  let state = emptyLive;
  const rung = new Map<string, number>();
  const late: AlertFrame[] = [];
  const deliver = (frames: readonly ServerFrame[]): void => {
    const result = applyFrames(state, frames);
    state = result.state;
    for (const effect of result.effects) {
      if (effect.do === 'ring') rung.set(`${house.epoch}/${effect.seq}`, (rung.get(`${house.epoch}/${effect.seq}`) ?? 0) + 1);
      else { state = awaitingAnswer(state); deliver(effect.do === 'resume' ? house.answer(state.epoch, state.lastSeq) : house.answer(null, 0)); }
    }
  };
  const hello = (): void => { state = awaitingAnswer(state); deliver(house.answer(state.epoch, state.lastSeq)); };
  let fresh = 1000;
  hello();
  for (const s of steps) {
    if (s.act === 'beat') deliver([house.beat()]);
    else if (s.act === 'reconnect') { late.length = 0; hello(); } else if (s.act === 'epoch') { late.length = 0; house.restart(`e${fresh++}`); } else {
      // an alert that was closed never opens again: a later raise is another alert
      const id = house.open.has(String(s.id)) ? s.id : s.close ? 0 : s.id;
      if (id === 0) continue;
      const before = house.history.length;
      house.change(id, s.close);
      if (s.close) house.open.delete(String(id));
      const frame = house.history[before];
      if (!frame) continue;
      if (s.fate === 'late') late.push(frame);
      else if (s.fate !== 'drop') { deliver([frame]); if (s.fate === 'twice') deliver([frame]); while (late.length > 0) deliver([late.shift()!]); }
    }
  }
  deliver([house.beat()]);
  deliver([house.beat()]);
  return { state, rung, shown: (id) => state.alerts.has(id) };
}

/** Ids are used once: close, then a raise of the same number would be a new alert in the house. */
const once = (steps: Step[]): Step[] => {
  const closed = new Set<number>();
  return steps.filter((s) => {
    if (s.act !== 'change') return true;
    if (closed.has(s.id)) return false;
    if (s.close) closed.add(s.id);
    return true;
  });
};

describe('the live channel', () => {
  it.each([false, true])('ends with the open set of the house whatever was lost, doubled or disordered (scoped: %s) [D1]', (scope) => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (raw) => {
      const house = new House(scope);
      const { state, rung } = play(house, once(raw));
      expect([...state.alerts.values()].map((a) => `${a.id}:${a.version}`).sort()).toEqual([...house.open.values()].map((a) => `${a.id}:${a.version}`).sort());
      for (const [, times] of rung) expect(times).toBe(1);
    }), { numRuns: 400 });
  });

  it('rings every number of what is still open exactly once while the epoch holds [D1]', () => {
    fc.assert(fc.property(fc.array(step.filter((s) => s.act !== 'epoch'), { maxLength: 60 }), (raw) => {
      const house = new House(false);
      const { rung } = play(house, once(raw));
      for (const frame of house.history) if (house.open.has(frame.alert.id)) expect([...rung.keys()]).toContain(`e1/${frame.seq}`);
      expect([...rung.values()].every((times) => times === 1)).toBe(true);
    }), { numRuns: 200 });
  });

  it('shows and rings an alarm at once although numbers before it are missing, and asks for them [D1]', () => {
    const start = applyFrames(emptyLive, [{ type: 'snapshot', epoch: 'e', seq: 4, serverTime: 0, alerts: [], presence: [] }]).state;
    const first = applyFrames(start, [{ type: 'alert', seq: 7, what: 'raised', alert: alertView({ id: '7' }), ring: 'p1' }]);
    expect(first.state.alerts.has('7')).toBe(true);
    expect(first.effects.map((e) => e.do)).toEqual(['resume', 'ring']);
    expect(first.state.lastSeq).toBe(4);
    const replay: ServerFrame[] = [5, 6, 7].map((seq) => ({ type: 'alert', seq, what: 'raised', alert: alertView({ id: String(seq) }), ring: 'p1' }));
    const second = applyFrames(first.state, replay);
    expect(second.effects.map((e) => e.do === 'ring' && e.seq)).toEqual([5, 6]);
    expect(second.state.lastSeq).toBe(7);
    expect([...second.state.alerts.keys()].sort()).toEqual(['5', '6', '7']);
  });

  it('a late older frame does not bring a closed alert back', () => {
    const start = applyFrames(emptyLive, [{ type: 'snapshot', epoch: 'e', seq: 0, serverTime: 0, alerts: [alertView({ id: '1', version: 1 })], presence: [] }]).state;
    const { state } = applyFrames(start, [
      { type: 'alert', seq: 3, what: 'closed', alert: alertView({ id: '1', version: 3, state: 'closed' }) },
      { type: 'alert', seq: 1, what: 'claimed', alert: alertView({ id: '1', version: 2, state: 'claimed' }) },
    ]);
    expect(state.alerts.size).toBe(0);
  });

  it('fetches everything anew after two beats that do not match, not after one (对账不符)', () => {
    const start = applyFrames(emptyLive, [{ type: 'snapshot', epoch: 'e', seq: 0, serverTime: 0, alerts: [], presence: [] }]).state;
    const beat: ServerFrame = { type: 'beat', epoch: 'e', headSeq: 0, open: { 1: 1, 2: 0, 3: 0, 4: 0 }, openSetHash: 'ffffffff', serverTime: 0, cannotHear: 0 };
    const one = applyFrames(start, [beat]);
    expect(one.effects).toEqual([]);
    expect(applyFrames(one.state, [beat]).effects).toEqual([{ do: 'refetch', why: 'mismatch' }]);
  });
});
