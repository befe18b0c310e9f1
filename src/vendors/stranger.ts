/** The name under which a device that nobody registered stands on our lists. */
import { createHash } from 'node:crypto';
import type { DeviceId } from '#core/ids.ts';

/** An id that no device of ours has: the door's name, and what the vendor calls it, in the characters of ids. */
export function strangerId(door: string, key: string): DeviceId {
  const whole = `${door}_${key.replace(/[^A-Za-z0-9_-]/g, '_')}`;
  return (whole.length <= 64 ? whole : `${whole.slice(0, 47)}_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`) as DeviceId;
}
