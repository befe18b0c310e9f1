/** What readings mean by themselves (pure): vital signs that leave or re-enter their hard limits, with hysteresis. */
import { limits } from './limits.ts';
import type { VitalLimits } from './rule-params.ts';
import type { Edge, VitalsReading } from './event.ts';

type Metric = keyof typeof limits.vitals;
type Side = 'high' | 'low';
/** Which metrics of one device are outside, and on which side. */
export type VitalsMemory = Partial<Record<Metric, Side>>;
export type VitalsChange = { kind: 'vital-high' | 'vital-low'; edge: Edge; metric: Metric; value: number; limit: number };

const metrics = Object.keys(limits.vitals) as Metric[];

/** The transitions of one reading under these limits; `memory` is updated. A side clears when its last metric is back inside by its margin. */
export function vitalsChanges(memory: VitalsMemory, reading: VitalsReading, bounds: VitalLimits = limits.vitals): VitalsChange[] {
  const changes: VitalsChange[] = [];
  for (const metric of metrics) {
    const value = reading[metric];
    if (value === undefined) continue;
    const { low, high, margin } = bounds[metric];
    const was = memory[metric];
    const side: Side | undefined = value > high ? 'high' : value < low ? 'low' : undefined;
    if (side !== undefined && side !== was) {
      memory[metric] = side;
      changes.push({ kind: `vital-${side}`, edge: 'raise', metric, value, limit: side === 'high' ? high : low });
      if (was !== undefined && !Object.values(memory).includes(was)) changes.push({ kind: `vital-${was}`, edge: 'clear', metric, value, limit: was === 'high' ? high : low });
    } else if (was !== undefined && side === undefined && (was === 'high' ? value <= high - margin : value >= low + margin)) {
      delete memory[metric];
      if (!Object.values(memory).includes(was)) changes.push({ kind: `vital-${was}`, edge: 'clear', metric, value, limit: was === 'high' ? high : low });
    }
  }
  return changes;
}
