/**
 * Who may come in: one rule for all doors. One HMAC and a constant-time compare (M4), the same answer and the same time for
 * an unknown id and a wrong secret (M1). Failures are slowed per address, valid devices never (law 5, M3): no count is ever
 * looked at before the secret was found wrong.
 */
import { deviceId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import type { KnownDevice, Refused } from '#core/publish.ts';
import { pause } from '#work/pause.ts';
import type { DeviceCache } from './devices.ts';

export type LoginOutcome = { device: KnownDevice } | { refused: 'credentials' | 'unavailable' };
/** `onRefused` runs as soon as the login has failed, before the answer that is held back. */
export type LoginFrom = { address: string; door: string; onRefused?: () => void };
export type Login = (id: string, secret: string | null, from: LoginFrom) => Promise<LoginOutcome>;
export type LoginOptions = { devices: DeviceCache; secretMatches: (secret: string, hash: Uint8Array) => boolean; refused: (refused: Refused) => void };

const addressesMax = 10_000;
const windowMs = 60_000;
/** An answer this young is not asked again because a secret is wrong. */
const recheckMs = 1_000;
const noSuchHash = new Uint8Array(32);

export function createLogin(options: LoginOptions): Login {
  const { devices, secretMatches } = options;
  const failures = new Map<string, { count: number; sinceMs: number }>();
  const check = async (id: string, secret: string, freshMs: number): Promise<KnownDevice | 'unknown' | 'revoked' | 'wrong-secret' | 'unavailable'> => {
    const device = deviceId(id) === null ? null : await devices.get(id, freshMs);
    if (device === 'unavailable') return 'unavailable';
    const right = secretMatches(secret, device?.secretHash ?? noSuchHash);
    if (device === null) return 'unknown';
    return right ? (device.status === 'revoked' ? 'revoked' : device) : 'wrong-secret';
  };
  return async (id, secret, { address, door, onRefused }) => {
    const startedMs = performance.now();
    // Who is remembered with this secret does not wait for the database, which may be slow or asked for ten thousand others; it is
    // asked all the same, and whoever was revoked or got another secret meanwhile is cut off by its answer (DeviceCache, onChange).
    const remembered = devices.peek(id);
    if (remembered && remembered.status !== 'revoked' && secret !== null && secretMatches(secret, remembered.secretHash)) {
      void devices.get(id, limits.deviceFreshMs);
      return { device: remembered };
    }
    let outcome = await check(id, secret ?? '', limits.deviceFreshMs);
    // Its secret may have changed a moment ago, or a revocation been taken back.
    if (outcome === 'wrong-secret' || outcome === 'revoked') outcome = await check(id, secret ?? '', recheckMs);
    if (typeof outcome !== 'string') return { device: outcome };
    if (outcome === 'unavailable') return { refused: 'unavailable' };
    onRefused?.();
    options.refused({ presentedId: id, reason: outcome, address, door });
    await answerAt(startedMs + (countFailure(failures, address) > limits.failedConnectsPerMinute ? limits.failedAnswerSlowMs : limits.failedAnswerMs));
    return { refused: 'credentials' };
  };
}

function countFailure(failures: Map<string, { count: number; sinceMs: number }>, address: string): number {
  const now = performance.now();
  let one = failures.get(address);
  if (!one || now - one.sinceMs > windowMs) {
    failures.delete(address);
    if (failures.size >= addressesMax) failures.delete(failures.keys().next().value as string);
    one = { count: 0, sinceMs: now };
    failures.set(address, one);
  }
  return ++one.count;
}

function answerAt(ms: number): Promise<void> {
  return pause(Math.max(0, ms - performance.now()));
}
