/** The wall is never silent while a P1 waits: the ladder over time and over random histories. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { climb, type Ladder, mute, muteMs, p1EveryMs, type Play, quietLadder, raiseBursts, type Sounding } from './ladder.ts';

const still: Sounding = { p1: [], taken: [], p2: [], linkDead: false, askedForMs: null, rings: [] };
/** Runs the ladder each second from `from` to `to` (s); what is played, with its second. */
function run(ladder: Ladder, from: number, to: number, world: (s: number) => Sounding): { ladder: Ladder; heard: (Play & { s: number })[] } {
  const heard: (Play & { s: number })[] = [];
  let state = ladder;
  for (let s = from; s <= to; s++) {
    const result = climb(state, world(s), s * 1000);
    state = result.ladder;
    heard.push(...result.play.map((p) => ({ ...p, s })));
  }
  return { ladder: state, heard };
}
const waiting = (since: number, id = 'a', count = 1) => (s: number): Sounding => ({ ...still, p1: [{ id, ageMs: (s - since) * 1000, count }] });

describe('the audio ladder', () => {
  it('bursts at once, then every 5 s until claimed, louder at 15 and 30 s', () => {
    const { heard } = run(quietLadder, 0, 40, (s) => (s < 35 ? waiting(0)(s) : { ...still, taken: [{ id: 'a', count: 1 }] }));
    expect(heard.map((h) => h.s)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(heard.map((h) => h.level)).toEqual([0, 0, 0, 1, 1, 1, 2]);
  });

  it('does not let a mute cover a new P1, nor a new press, nor last longer than 60 s', () => {
    const first = run(quietLadder, 0, 2, waiting(0));
    const muted = mute(first.ladder, 2_000);
    expect(run(muted, 3, 61, waiting(0)).heard).toEqual([]);
    expect(run(muted, 3, 62, waiting(0)).heard.map((h) => h.s)).toEqual([62]);
    const both = (s: number): Sounding => ({ ...still, p1: [...waiting(0)(s).p1, ...(s >= 10 ? waiting(10, 'b')(s).p1 : [])] });
    expect(run(muted, 3, 16, both).heard.map((h) => h.s)).toEqual([10, 15]);
    expect(run(muted, 3, 12, (s) => waiting(0, 'a', s >= 7 ? 2 : 1)(s)).heard.map((h) => h.s)).toEqual([7, 12]);
  });

  it('rings again for a new press on a taken alert', () => {
    const start = run(quietLadder, 0, 1, () => ({ ...still, taken: [{ id: 'a', count: 1 }] }));
    expect(start.heard).toEqual([]);
    const { heard } = run(start.ladder, 2, 40, () => ({ ...still, taken: [{ id: 'a', count: 2 }] }));
    expect(heard).toHaveLength(raiseBursts);
    expect(heard[0]).toMatchObject({ s: 2, tone: 'p1' });
  });

  it('plays P2 each 20 s but not over a P1, a soft ring for a note, and the louder desk ladder', () => {
    expect(run(quietLadder, 0, 41, () => ({ ...still, p2: ['x'] })).heard.map((h) => [h.s, h.tone])).toEqual([[0, 'p2'], [20, 'p2'], [40, 'p2']]);
    expect(run(quietLadder, 0, 9, (s) => ({ ...waiting(0)(s), p2: ['x'] })).heard.map((h) => h.tone)).toEqual(['p1', 'p1']);
    expect(climb(quietLadder, { ...still, rings: ['soft'] }, 0).play).toEqual([{ tone: 'soft', level: 0 }]);
    expect(climb(quietLadder, { ...waiting(0)(20), rings: ['desk'] }, 20_000).play).toEqual([{ tone: 'p1', level: 3 }]);
    expect(climb(quietLadder, { ...still, rings: ['nobody'] }, 0).play[0]).toEqual({ tone: 'nobody', level: 3 });
  });

  it('has its own tone for a dead link, each 10 s, beside a P1', () => {
    // The desk is asked for a key: each 10 s, louder after five minutes, never over an alarm.
    expect(run(quietLadder, 0, 21, () => ({ ...still, askedForMs: 1_000 })).heard.map((h) => [h.s, h.tone])).toEqual([[0, 'watch'], [10, 'watch'], [20, 'watch']]);
    expect(run(quietLadder, 0, 0, () => ({ ...still, askedForMs: 301_000 })).heard.map((h) => h.level)).toEqual([2]);
    expect(run(quietLadder, 0, 0, (s) => ({ ...waiting(0)(s), askedForMs: 1_000 })).heard.map((h) => h.tone)).toEqual(['p1']);
    expect(run(quietLadder, 0, 21, () => ({ ...still, linkDead: true })).heard.map((h) => [h.s, h.tone])).toEqual([[0, 'link'], [10, 'link'], [20, 'link']]);
    expect(run(quietLadder, 0, 0, (s) => ({ ...waiting(0)(s), linkDead: true })).heard.map((h) => h.tone)).toEqual(['p1', 'link']);
  });

  it('over a telephone call: one short tone for each new alarm and each new press, no bursts; all of it again when the call is over [FF13]', () => {
    const talk = (s: number): Sounding => ({ ...still, inCall: s < 60, p1: [...(s >= 5 ? waiting(5)(s).p1 : []), ...(s >= 20 ? waiting(20, 'b', s >= 40 ? 2 : 1)(s).p1 : [])] });
    const { heard } = run(quietLadder, 0, 70, talk);
    expect(heard.map((h) => [h.s, h.tone])).toEqual([[5, 'soft'], [20, 'soft'], [40, 'soft'], [60, 'p1'], [65, 'p1'], [70, 'p1']]);
    expect(heard.at(3)?.level).toBe(2);
    expect(climb(quietLadder, { ...still, inCall: true, rings: ['nobody'] }, 0).play).toEqual([{ tone: 'soft', level: 2 }]);
    expect(run(quietLadder, 0, 30, () => ({ ...still, inCall: true, linkDead: true })).heard.map((h) => [h.s, h.tone])).toEqual([[0, 'soft']]);
  });

  it('over any history: no unmuted unclaimed P1 is ever silent for more than 5 s, and a new one never waits', () => {
    const event = fc.record({ id: fc.integer({ min: 0, max: 4 }), what: fc.constantFrom('raise', 'claim', 'close', 'mute', 'idle', 'idle', 'link') });
    fc.assert(fc.property(fc.array(event, { maxLength: 120 }), (history) => {
      const open = new Map<string, { count: number; since: number; taken: boolean }>();
      let ladder = quietLadder;
      let linkDead = false;
      let last = Number.NEGATIVE_INFINITY;
      history.forEach((e, s) => {
        const id = String(e.id);
        const known = open.get(id);
        const raised = e.what === 'raise' && known?.taken !== true;
        if (e.what === 'raise') open.set(id, { count: (known?.count ?? 0) + 1, since: known?.since ?? s, taken: known?.taken ?? false });
        if (e.what === 'claim' && known) known.taken = true;
        if (e.what === 'close') open.delete(id);
        if (e.what === 'mute') ladder = mute(ladder, s * 1000);
        if (e.what === 'link') linkDead = !linkDead;
        const all = [...open].map(([key, a]) => ({ id: key, ageMs: (s - a.since) * 1000, ...a }));
        const result = climb(ladder, { ...still, p1: all.filter((a) => !a.taken), taken: all.filter((a) => a.taken), linkDead }, s * 1000);
        ladder = result.ladder;
        if (result.play.some((p) => p.tone === 'p1')) last = s * 1000;
        if (raised) expect(last).toBe(s * 1000);
        const unmuted = all.some((a) => !a.taken) && s * 1000 >= ladder.mutedUntil;
        if (unmuted) expect(s * 1000 - last).toBeLessThan(p1EveryMs);
      });
    }), { numRuns: 300 });
    expect(muteMs).toBe(60_000);
  });
});
