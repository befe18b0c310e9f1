/** The watchdog's figures and the pauses between tries. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerFrame } from '#core/live.ts';
import { backoffMs, linkHealth } from './link.ts';
import { alertView } from './samples.ts';
import { startLive, type Wire } from './socket.ts';

it('warns after 6 s and calls the link dead after 15 s [D1]', () => {
  expect([0, 6_000, 6_001, 15_000, 15_001].map(linkHealth)).toEqual(['live', 'live', 'late', 'late', 'dead']);
});

it('tries again after 0.5 to 10 s with jitter', () => {
  expect([0, 1, 2, 3, 4, 9].map((n) => backoffMs(n, 1))).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
  fc.assert(fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, noNaN: true }), (n, random) => { const ms = backoffMs(n, random); expect(ms >= 250 && ms <= 10_000).toBe(true); }));
});

/** A hand-driven world: time, timers and sockets. */
function world(): { now: number; answer: ServerFrame | null; timers: { at: number; run: () => void }[]; wires: (Wire & { sent: string[]; say(frame: ServerFrame): void })[]; pass(ms: number): void } {
  const self = {
    now: 0, answer: null as ServerFrame | null, timers: [] as { at: number; run: () => void }[], wires: [] as (Wire & { sent: string[]; say(frame: ServerFrame): void })[],
    pass(ms: number) {
      const end = self.now + ms;
      for (;;) {
        const next = self.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        self.timers.splice(self.timers.indexOf(next), 1);
        self.now = Math.max(self.now, next.at);
        next.run();
      }
      self.now = end;
    },
  };
  return self;
}
function start(w: ReturnType<typeof world>): { live: ReturnType<typeof startLive>; seen: () => number; notes: string[]; refused: () => number; degraded: () => boolean } {
  let open = 0;
  let degraded = false;
  let refused = 0;
  const notes: string[] = [];
  const live = startLive({
    tabId: 'tab', now: () => w.now, random: () => 1, visible: () => true, audio: () => 'running', takeInput: () => null, looking: () => null,
    after: (ms, run) => { const timer = { at: w.now + ms, run }; w.timers.push(timer); return () => { const i = w.timers.indexOf(timer); if (i >= 0) w.timers.splice(i, 1); }; },
    connect: () => {
      const wire: Wire & { sent: string[]; say(frame: ServerFrame): void } = { readyState: 1, sent: [], send(text) { wire.sent.push(text); }, close() { wire.readyState = 3; }, onopen: null, onmessage: null, onclose: null, say: (frame) => wire.onmessage?.({ data: JSON.stringify(frame) }) };
      w.wires.push(wire);
      return wire;
    },
    poll: () => Promise.resolve(w.answer), onState: (state, _heard, isDegraded) => { open = state.alerts.size; degraded = isDegraded; }, onRing: () => {}, onNote: (note) => notes.push(note), onRefused: () => { refused++; },
  });
  return { live, seen: () => open, notes, refused: () => refused, degraded: () => degraded };
}
const snapshot = (seq: number, n: number): ServerFrame => ({ type: 'snapshot', epoch: 'e', seq, serverTime: 0, alerts: Array.from({ length: n }, (_, i) => alertView({ id: String(i + 1) })), presence: [] });

describe('the socket shell', () => {
  it('replaces a socket that looks open but is silent, and resumes by number [D1]', () => {
    const w = world();
    const { live, seen } = start(w);
    w.wires[0]?.onopen?.({} as never);
    expect(JSON.parse(w.wires[0]?.sent[0] ?? '')).toMatchObject({ type: 'hello', epoch: null, lastSeq: 0, tabId: 'tab' });
    w.wires[0]?.say(snapshot(7, 2));
    expect(seen()).toBe(2);
    for (let s = 0; s < 10; s++) { w.pass(1000); live.tick(); }
    w.pass(600);
    expect(w.wires).toHaveLength(2);
    w.wires[1]?.onopen?.({} as never);
    expect(JSON.parse(w.wires[1]?.sent[0] ?? '')).toMatchObject({ type: 'hello', epoch: 'e', lastSeq: 7 });
    live.stop();
  });

  it('doubles its pauses until somebody speaks: an open that closes at once proves nothing', () => {
    const w = world();
    const { refused } = start(w);
    const pauses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = w.now;
      const wire = w.wires[w.wires.length - 1];
      wire?.onopen?.({} as never);
      wire?.onclose?.({ code: 1006 });
      const timer = w.timers[0];
      pauses.push((timer?.at ?? 0) - before);
      w.pass((timer?.at ?? 0) - before);
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000]);
    expect(refused()).toBe(4);
    const spoken = w.wires[w.wires.length - 1];
    spoken?.onopen?.({} as never);
    spoken?.say(snapshot(0, 0));
    spoken?.onclose?.({ code: 1012 });
    expect((w.timers[0]?.at ?? 0) - w.now).toBe(500);
  });

  it('beats each 3 s with what it has seen, and tries at once when the network is back', () => {
    const w = world();
    const { live } = start(w);
    const wire = w.wires[0];
    wire?.onopen?.({} as never);
    wire?.say(snapshot(5, 0));
    for (let s = 0; s < 7; s++) { live.tick(); w.pass(1000); wire?.say({ type: 'presence', regions: [] }); }
    expect(wire?.sent.map((t) => JSON.parse(t) as { type: string }).filter((f) => f.type === 'beat')).toEqual([0, 1, 2].map(() => ({ type: 'beat', tabId: 'tab', visible: true, audio: 'running', lastSeq: 5 })));
    wire?.onclose?.({ code: 1001 });
    live.kick();
    expect(w.wires).toHaveLength(2);
    live.stop();
  });

  it('asks by HTTP where no websocket comes through, says so, and stops when one speaks', async () => {
    const w = world();
    w.answer = snapshot(9, 3);
    const { live, seen, degraded } = start(w);
    const refuse = (): void => { w.wires[w.wires.length - 1]?.onclose?.({ code: 1006 }); w.pass(10_000); };
    for (let i = 0; i < 3; i++) { expect(degraded()).toBe(false); refuse(); }
    live.tick();
    await Promise.resolve();
    await Promise.resolve();
    w.pass(100);
    expect([seen(), degraded()]).toEqual([3, true]);
    const wire = w.wires[w.wires.length - 1];
    wire?.onopen?.({} as never);
    wire?.say(snapshot(10, 1));
    w.pass(100);
    live.tick();
    expect([seen(), degraded()]).toEqual([1, false]);
    live.stop();
  });
});
