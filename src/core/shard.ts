/** Which evaluator takes an event: one shard at a time is evaluated in order, so everything of one home stays in order (law 3). */
import { limits } from './limits.ts';

/** 0 to limits.shards - 1, from the home, else the device, else whatever names the subject (FNV-1a, the same on every node). */
export function shardOf(homeId: string | null | undefined, deviceId: string | null | undefined, other = ''): number {
  const key = homeId ?? deviceId ?? other;
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return hash % limits.shards;
}
