/** Who is connected: one connection per device, the newest wins; commands go down through it; who comes again and again is flapping (A7). */
import { limits } from '#core/limits.ts';
import type { KnownDevice, Misuse } from '#core/publish.ts';
import { topicPrefix } from '#core/publish.ts';
import { alinkCommand } from './alink.ts';
import type { Guard } from './guard.ts';

export type CommandOutcome = 'acknowledged' | 'not-connected' | 'not-subscribed' | 'no-answer';
export type Sessions = {
  /** A device was let in on this connection. */ enter(guard: Guard, device: KnownDevice): void;
  leave(guard: Guard): void;
  /** The connection that speaks for the device now. */ current(deviceId: string): Guard | undefined;
  /** Whether a command would find the device here: connected, and subscribed to them. */ reachable(deviceId: string): boolean;
  /** Sends a command down with QoS 1. */ sendCommand(deviceId: string, payload: Uint8Array): Promise<CommandOutcome>;
  /** Milliseconds since the device was let in here; null: it is not here. */ ageMs(deviceId: string): number | null;
  /** The device has come to another edge: cut off without its will. */ moved(deviceId: string): void;
  /** The device changed: a revoked or deleted one, or one with another secret, is cut off; else what is known of it is renewed. */
  changed(deviceId: string, device: KnownDevice | null): void;
  readonly size: number;
};
type Connects = { times: number[]; flappingUntilMs: number; toldMs: number };
const tellMs = 3_600_000;
const rememberedMax = 50_000;

export function createSessions(misuse: (misuse: Misuse) => void, entered: (deviceId: string) => void = () => {}): Sessions {
  const guards = new Map<string, Guard>();
  const connects = new Map<string, Connects>();
  const hears = (guard: Guard, topic: string): boolean => [...guard.filters].some((filter) => covers(filter, topic));
  const commandTopic = (deviceId: string): string => `${topicPrefix(deviceId)}command`;
  return {
    enter(guard, device) {
      // One whose client id is new each time would stay beside its newer connection.
      if (guard.dialect) guards.get(device.id)?.destroy();
      guards.set(device.id, guard);
      guard.enteredMs = performance.now();
      entered(device.id);
      guard.flapping = noteConnect(connects, device, misuse);
    },
    leave(guard) { if (guard.device && guards.get(guard.device.id) === guard) guards.delete(guard.device.id); },
    current: (deviceId) => guards.get(deviceId),
    reachable(deviceId) {
      const guard = guards.get(deviceId);
      return guard !== undefined && (guard.dialect ? [...guard.filters].some((filter) => /(?:^|\/)thing\/(?:service\/|#)|^#$/.test(filter) || filter.endsWith('/#')) : hears(guard, commandTopic(deviceId)));
    },
    async sendCommand(deviceId, payload) {
      const guard = guards.get(deviceId);
      if (!guard) return 'not-connected';
      const down = guard.dialect ? alinkCommand(guard.dialect, payload) : { topic: commandTopic(deviceId), payload };
      const { topic } = down;
      if (!hears(guard, topic)) return 'not-subscribed';
      return (await guard.sendDown(topic, down.payload)) ? 'acknowledged' : 'no-answer';
    },
    ageMs(deviceId) {
      const guard = guards.get(deviceId);
      return guard ? performance.now() - guard.enteredMs : null;
    },
    moved(deviceId) {
      const guard = guards.get(deviceId);
      if (!guard) return;
      guard.superseded = true;
      guard.destroy();
    },
    changed(deviceId, device) {
      const guard = guards.get(deviceId);
      if (!guard?.device) return;
      const same = device !== null && device.status !== 'revoked' && Buffer.from(device.secretHash).equals(guard.device.secretHash) && (!guard.dialect || (device.vendor?.door === guard.dialect.door && device.vendor.secret === guard.device.vendor?.secret));
      if (same) guard.admit(device); else guard.destroy();
    },
    get size() { return guards.size; },
  };
}

/** Whether a connect makes the device flapping, or finds it so; told once an hour. */
function noteConnect(connects: Map<string, Connects>, device: KnownDevice, misuse: (misuse: Misuse) => void): boolean {
  const now = performance.now();
  let one = connects.get(device.id);
  if (!one) {
    if (connects.size >= rememberedMax) connects.delete(connects.keys().next().value as string);
    one = { times: [], flappingUntilMs: -Infinity, toldMs: -Infinity };
    connects.set(device.id, one);
  }
  one.times = [...one.times.filter((t) => now - t < 60_000), now].slice(-limits.connectsPerMinute - 1);
  if (one.times.length > limits.connectsPerMinute) {
    one.flappingUntilMs = now + limits.flappingMs;
    if (now - one.toldMs > tellMs) {
      one.toldMs = now;
      misuse({ deviceId: device.id, homeId: device.homeId, what: 'flapping', detail: { connectsPerMinute: one.times.length } });
    }
  }
  return now < one.flappingUntilMs;
}

/** Whether an MQTT filter covers a topic. */
export function covers(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [i, part] of wanted.entries()) {
    if (part === '#') return true;
    if (i >= levels.length || (part !== '+' && part !== levels[i])) return false;
  }
  return wanted.length === levels.length;
}
