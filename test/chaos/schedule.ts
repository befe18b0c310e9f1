/** Which fault comes when: for each lane a seeded sequence, in rounds that hold every kind once, so that a run that goes on after its end in the middle does the same as one that never ended. */
import { type Random, randomOf } from '#core/demo-random.ts';
import { hashOf } from '#simulators/fleet/fleet.ts';
import type { Fault } from './fault.ts';

export type Turn = { fault: Fault; /** In its lane, from 0. */ no: number; random: Random };

export function turnOf(seed: number, lane: readonly Fault[], no: number): Turn {
  const round = [...lane];
  const shuffle = randomOf(hashOf(`${seed}/${lane[0]?.lane}/round ${Math.floor(no / lane.length)}`));
  for (let i = round.length - 1; i > 0; i--) {
    const j = shuffle.below(i + 1);
    [round[i], round[j]] = [round[j] as Fault, round[i] as Fault];
  }
  return { fault: round[no % lane.length] as Fault, no, random: randomOf(hashOf(`${seed}/${lane[0]?.lane}/${no}`)) };
}

export function lanesOf(faults: readonly Fault[]): Fault[][] {
  return [...new Set(faults.map((f) => f.lane))].map((lane) => faults.filter((f) => f.lane === lane));
}

export const drawn = (random: Random, [from, to]: readonly [number, number]): number => from + random.share() * (to - from);
