/**
 * A device whose telemetry comes faster than any model's does: its heartbeats and vital signs are merged from then on, the newest of
 * each batch is written, as of one that flaps. What it raises, and its alarms, are never touched (law 5); one fault an hour tells of it.
 */
import { limits } from '#core/limits.ts';
import type { Misuse, Publish } from '#core/publish.ts';

type Bucket = { tokens: number; atMs: number; toldMs: number };
const tellMs = 3_600_000;
const rememberedMax = 50_000;

/** Whether this frame of telemetry is to be merged. */
export function createFloodWatch(misuse: (misuse: Misuse) => void): (publish: Pick<Publish, 'device' | 'arrivedMs'>) => boolean {
  const buckets = new Map<number, Bucket>();
  return ({ device, arrivedMs }) => {
    let one = buckets.get(device.no);
    if (!one) {
      if (buckets.size >= rememberedMax) buckets.delete(buckets.keys().next().value as number);
      one = { tokens: limits.telemetryBurst, atMs: arrivedMs, toldMs: -Infinity };
      buckets.set(device.no, one);
    }
    if (arrivedMs > one.atMs) {
      one.tokens = Math.min(limits.telemetryBurst, one.tokens + (arrivedMs - one.atMs) * limits.telemetryPerS / 1_000);
      one.atMs = arrivedMs;
    }
    if (one.tokens >= 1) { one.tokens--; return false; }
    if (arrivedMs - one.toldMs > tellMs) {
      one.toldMs = arrivedMs;
      misuse({ deviceId: device.id, homeId: device.homeId, what: 'flooding', detail: { perSecond: limits.telemetryPerS } });
    }
    return true;
  };
}
