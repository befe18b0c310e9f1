/** What readings mean by themselves (pure): vital signs that leave or re-enter their hard limits, with hysteresis. */
import { limits } from '#core/limits.ts';
import type { Edge, VitalsReading } from '#core/event.ts';

type Metric = keyof typeof limits.vitals;
type Side = 'high' | 'low';
/** Which metrics of one device are outside, and on which side. */
export type VitalsMemory = Partial<Record<Metric, Side>>;
export type VitalsChange = { kind: 'vital-high' | 'vital-low'; edge: Edge; metric: Metric; value: number; limit: number };

const metrics = Object.keys(limits.vitals) as Metric[];

/** The transitions of one reading; `memory` is updated. A side clears when its last metric is back inside by its margin. */
export function vitalsChanges(memory: VitalsMemory, reading: VitalsReading): VitalsChange[] {
  const changes: VitalsChange[] = [];
  for (const metric of metrics) {
    const value = reading[metric];
    if (value === undefined) continue;
    const { low, high, margin } = limits.vitals[metric];
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

const alarmWords = ['sos', 'fall', 'smoke', 'gas'];

/** Whether bytes that nobody can read may be an emergency: they hold sos, fall, smoke or gas, in any case, anywhere. */
export function maybeP1(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replaceAll('\0', '').toLowerCase(); // UTF-16 holds them too
  return alarmWords.some((word) => text.includes(word));
}
