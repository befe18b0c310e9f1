/** The walk test: whatever hangs where, what it says is true, and where it saw too little it says nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { type Sighting, type WalkDevice, type WalkStep, walkResult } from './walk-test.ts';

const start = 1_800_000_000_000;
const stay = 120_000;
const names = ['卧室', '卫生间', '客厅', '厨房', '走廊'];
/** A home of n rooms, walked once through each; `hangs[i]`: the room in which device i really hangs; each sees him `seen[i]` times there. */
const home = fc.integer({ min: 2, max: 5 }).chain((n) => fc.record({
  hangs: fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n, maxLength: n }), walk: fc.shuffledSubarray(Array.from({ length: n }, (_, i) => i), { minLength: n, maxLength: n }),
  seen: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: n, maxLength: n }), noise: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: n, maxLength: n }), lag: fc.integer({ min: 1, max: limits.walkSettleMs - 1 }),
}));
type Home = typeof home extends fc.Arbitrary<infer T> ? T : never;
function played({ hangs, walk, seen, noise, lag }: Home): { devices: WalkDevice[]; steps: WalkStep[]; sightings: Sighting[]; end: number } {
  const steps = walk.map((room, i) => ({ room: names[room]!, at: start + i * stay }));
  const inRoom = (room: number, k: number): number => start + walk.indexOf(room) * stay + limits.walkSettleMs + k * 1_000;
  const sightings = hangs.flatMap((room, i) => [
    ...Array.from({ length: seen[i]! }, (_, k) => ({ deviceId: `d${i}`, at: inRoom(room, k) })),
    // Through a wall: less than half of what it sees in its own room.
    ...Array.from({ length: Math.min(noise[i]!, Math.floor(seen[i]! / 2)) }, (_, k) => ({ deviceId: `d${i}`, at: inRoom((room + 1) % hangs.length, k) })),
    // What it sends late, when he is in the next room already.
    { deviceId: `d${i}`, at: start + (walk.indexOf(room) + 1) * stay + lag },
  ]);
  return { devices: hangs.map((_, i) => ({ id: `d${i}`, room: names[i]! })), steps, sightings, end: start + walk.length * stay };
}

describe('a walk test', () => {
  it('finds where each device hangs, through walls and delays; a swap is named exactly where two hang in each other’s rooms [F7 2.3]', () => {
    fc.assert(fc.property(home, (h) => {
      const { devices, steps, sightings, end } = played(h);
      const result = walkResult(devices, steps, end, sightings);
      for (const [i, d] of result.devices.entries()) expect([d.id, d.verdict]).toEqual([`d${i}`, h.seen[i] === 0 ? 'silent' : h.hangs[i] === i ? 'right' : 'elsewhere']);
      const pairs = h.hangs.flatMap((room, i) => (room > i && h.hangs[room] === i && h.seen[i]! > 0 && h.seen[room]! > 0 ? [{ a: `d${i}`, b: `d${room}` }] : []));
      expect(result.swaps).toEqual(pairs);
      expect(result.kind).toBe(pairs.length > 0 ? 'swapped' : h.hangs.some((room, i) => room !== i && h.seen[i]! > 0) ? 'elsewhere' : h.seen.every((n) => n > 0) ? 'right' : 'unclear');
    }), { numRuns: 500 });
  });

  it('does not depend on the order of rows; swapped as it says, the same walk is right [F7 2.3]', () => {
    fc.assert(fc.property(home, (h) => {
      const { devices, steps, sightings, end } = played(h);
      const result = walkResult(devices, steps, end, sightings);
      expect(walkResult(devices.toReversed(), steps.toReversed(), end, sightings.toReversed())).toEqual(result);
      const rooms = new Map(devices.map((d) => [d.id, d.room]));
      for (const { a, b } of result.swaps) { const [ra, rb] = [rooms.get(a)!, rooms.get(b)!]; rooms.set(a, rb); rooms.set(b, ra); }
      const after = walkResult(devices.map((d) => ({ ...d, room: rooms.get(d.id)! })), steps, end, sightings);
      for (const { a, b } of result.swaps) expect(after.devices.filter((d) => d.id === a || d.id === b).map((d) => d.verdict)).toEqual(['right', 'right']);
      expect(after.swaps).toEqual([]);
    }));
  });

  it('says nothing of what was seen before, after, on the way or as much here as there; two of one room are no swap', () => {
    const steps = [{ room: 'A', at: 0 }, { room: 'B', at: stay }];
    const of = (room: string | null, ...at: number[]): string => walkResult([{ id: 'd', room }], steps, 2 * stay, at.map((x) => ({ deviceId: 'd', at: x }))).devices[0]!.verdict;
    expect([of('A', -1), of('A', 2 * stay + 1), of('A', stay + limits.walkSettleMs - 1), of('A', 60_000, stay + 60_000), of(null, 60_000), of('A', 60_000), of('B', 60_000)]).toEqual(['silent', 'silent', 'silent', 'unclear', 'unclear', 'right', 'elsewhere']);
    expect(walkResult([], steps, stay, []).kind).toBe('unclear');
    const both = walkResult([{ id: 'a', room: 'A' }, { id: 'b', room: 'A' }], steps, 2 * stay, [{ deviceId: 'a', at: stay + 60_000 }, { deviceId: 'b', at: 60_000 }]);
    expect([both.kind, both.swaps]).toEqual(['elsewhere', []]);
  });
});
