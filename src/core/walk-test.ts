/**
 * 走测 (FIELD: two equal boxes get swapped between bedroom and bathroom): somebody walks from room to room and says where he is; each device that saw him in
 * another room than the file has it hangs elsewhere, and two that saw him in each other's rooms are swapped. Pure; it says nothing where it saw too little.
 */
import { limits } from './limits.ts';

export type WalkDevice = { id: string; /** as the file has it */ room: string | null };
/** He said that he is in this room now. Epoch ms, by our clock. */
export type WalkStep = { room: string; at: number };
/** A device reported somebody, by when it arrived. */
export type Sighting = { deviceId: string; at: number };
/** 对得上, 在别的房间, 没看到人, 说不准. */
export const walkVerdicts = ['right', 'elsewhere', 'silent', 'unclear'] as const;
export type WalkFinding = WalkDevice & { verdict: (typeof walkVerdicts)[number]; seenIn: string | null; sightings: number };
/** `swapped`: by the pairs; `elsewhere`: something hangs in another room, but nobody in its place; `unclear`: not everything has seen him. */
export const walkKinds = ['right', 'swapped', 'elsewhere', 'unclear'] as const;
export type WalkResult = { kind: (typeof walkKinds)[number]; devices: WalkFinding[]; swaps: { a: string; b: string }[] };

const same = (a: string | null, b: string | null): boolean => a !== null && b !== null && a.trim() === b.trim();

/** The room in which he was at a moment; null: on the way (what comes in the first limits.walkSettleMs may be of the room before), or not begun. */
function roomAt(steps: readonly WalkStep[], endAt: number, at: number): string | null {
  const step = steps.findLast((s) => s.at <= at);
  return step === undefined || at > endAt || at < step.at + limits.walkSettleMs ? null : step.room;
}

/** What comes of a walk, by devices in the order of their ids. `endAt`: when he said that he has done, else now. */
export function walkResult(given: readonly WalkDevice[], walked: readonly WalkStep[], endAt: number, sightings: readonly Sighting[]): WalkResult {
  const steps = [...walked].sort((a, b) => a.at - b.at);
  const devices = [...given].sort((a, b) => (a.id < b.id ? -1 : 1)).map((device): WalkFinding => {
    const counts = new Map<string, number>();
    for (const s of sightings) {
      const room = s.deviceId === device.id ? roomAt(steps, endAt, s.at) : null;
      if (room !== null) counts.set(room.trim(), (counts.get(room.trim()) ?? 0) + 1);
    }
    const [[seenIn, most] = [null, 0], [, second] = [null, 0]] = [...counts].sort((a, b) => b[1] - a[1]);
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    const clear = most > 0 && second * 2 <= most;
    const verdict = most === 0 ? 'silent' : !clear || device.room === null ? 'unclear' : same(seenIn, device.room) ? 'right' : 'elsewhere';
    return { ...device, verdict, seenIn: clear ? seenIn : null, sightings: total };
  });
  const swaps: { a: string; b: string }[] = [];
  for (const [i, a] of devices.entries()) for (const b of devices.slice(i + 1)) {
    const taken = swaps.some((s) => [s.a, s.b].some((id) => id === a.id || id === b.id));
    if (!taken && a.verdict === 'elsewhere' && b.verdict === 'elsewhere' && same(a.seenIn, b.room) && same(b.seenIn, a.room)) swaps.push({ a: a.id, b: b.id });
  }
  const any = (verdict: WalkFinding['verdict']): boolean => devices.some((d) => d.verdict === verdict);
  const kind = swaps.length > 0 ? 'swapped' : any('elsewhere') ? 'elsewhere' : devices.length > 0 && devices.every((d) => d.verdict === 'right') ? 'right' : 'unclear';
  return { kind, devices, swaps };
}
