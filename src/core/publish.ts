/**
 * The words between the doors and the durable gate: who speaks, on which channel, and what became of it. Doors never
 * import intake; the composition root passes `Accept` to them. Law 1: `Accept` resolves only after the commit.
 */
import type { EventKind } from './event.ts';
import { type DeviceId, type HomeId, newId } from './ids.ts';

/** What a device speaks about: the last part of its topic (`command/reply` is `reply`); `other` is anything else below its own prefix. */
export type Channel = 'event' | 'heartbeat' | 'vitals' | 'status' | 'reply' | 'other';
/** `vendor`: through a vendor's cloud, or a watch's own protocol. */
export type Door = 'mqtt' | 'http' | 'vendor';

/** A device as the doors know it; `no` is the narrow key of telemetry rows, `homeId` only chooses the shard. */
export type KnownDevice = {
  readonly id: DeviceId; readonly no: number; readonly homeId: HomeId | null;
  readonly secretHash: Uint8Array; readonly status: 'stock' | 'installed' | 'revoked'; /** the house's own button (链路自检) */ readonly canary?: true;
  /** Bound to a vendor's door, under the name that it has there; `secret` only where that vendor's password is made with it. */ readonly vendor?: { readonly door: string; readonly key: string; readonly secret?: string };
};

/** One frame of an authenticated device. `payload` holds at most limits.payloadBytesHard bytes. */
export type Publish = {
  device: KnownDevice; channel: Channel; topic: string; payload: Uint8Array; qos: 0 | 1 | 2; door: Door; trace: string;
  /** When the frame was whole, by the process's monotonic clock in milliseconds. */
  arrivedMs: number;
  /** An urgent frame of the same connection waits behind this one: do not let it wait for a batch to fill. */
  hurry: boolean;
  /** The device reconnects again and again: its heartbeats are merged, its alarms are not touched. */
  flapping: boolean;
  /** A vendor's frame: why its own dialect cannot read it. */ unreadable?: string;
  /** Read from a vendor's history, where it stood unpushed: when the vendor heard it, by the process's monotonic clock. Late by nature. */ heardMs?: number;
};

/** A message behind a vendor's authenticated door that no registered device of ours has sent; `key` is what the vendor calls it, '' when it names nobody. */
export type Stranger = {
  door: string; key: string; reason: 'unknown' | 'revoked'; address: string; payload: Uint8Array; trace: string; arrivedMs: number;
  /** What of it may be an alarm: kept, and shown to the desk; null: only listed. */ alarm: { kind: EventKind | null; sourceEventId?: string; deviceTime?: number; location?: unknown; unreadable?: string } | null;
};
/** Resolves when its alarm, if it may be one, is durable. */
export type AcceptStranger = (stranger: Stranger) => Promise<void>;
/** A push that did not pass its door's check: audited, and a fault of the vendor's door when it goes on. */
export type RefusedPush = { door: string; why: string; address: string };

/** `stored`, `noted` and `quarantined` are durable; `shed` happens only to telemetry: QoS 0 at a full queue, any while the database is away and the spool is full. */
export type Accepted = { result: 'stored' | 'noted' | 'quarantined' | 'shed'; reason?: string };

/** Resolves when the frame is durable; rejects with OperatingError E_NOT_DURABLE or E_OVERLOADED: then it must not be acknowledged. */
export type Accept = (publish: Publish) => Promise<Accepted>;

export type RefusedReason = 'unknown' | 'revoked' | 'wrong-secret';
/** A login that was refused: it is listed for desk and installers (设备未登记). */
export type Refused = { presentedId: string; reason: RefusedReason; address: string; door: string; /** what a vendor's door calls it */ key?: string };

/** What went against the protocol by an authenticated device; the third in limits.misuseWindowMs becomes a fault of the device. */
export type Misuse = { deviceId: DeviceId; homeId: HomeId | null; what: 'foreign-topic' | 'oversize' | 'foreign-will' | 'flapping' | 'flooding'; detail: Record<string, unknown> };

const channels: ReadonlyMap<string, Channel> = new Map([['event', 'event'], ['heartbeat', 'heartbeat'], ['vitals', 'vitals'], ['status', 'status'], ['command/reply', 'reply']]);

/** Everything a device may use begins so. */
export const topicPrefix = (deviceId: string): string => `care/v1/${deviceId}/`;

/** The channel of a topic below `prefix`; null when it is not below it. */
export function channelOf(topic: string, prefix: string): Channel | null {
  return topic.startsWith(prefix) ? (channels.get(topic.slice(prefix.length)) ?? 'other') : null;
}

/** Makes trace ids: unique, short, and in the order of this process's frames. */
export function traceSource(): () => string {
  const process = newId('', 9);
  let n = 0;
  return () => `${process}-${(n++).toString(36)}`;
}
