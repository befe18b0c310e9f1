/**
 * What a dialect is: bytes of one channel to what they say, and back. Decoders are pure, take `now` as an argument and throw
 * nothing but DecodeError, whatever the bytes (RELIABILITY F15); contract.test.ts holds every dialect to it.
 */
import type { DecodedEvent, HeartbeatReading, VitalsReading } from '#core/event.ts';
import type { Channel } from '#core/publish.ts';

/** Unknown fields are kept beside the reading (`extra`), never refused. */
export type Decoded =
  | { channel: 'event'; event: DecodedEvent }
  | { channel: 'heartbeat'; reading: HeartbeatReading; extra: Record<string, unknown> | null }
  | { channel: 'vitals'; reading: VitalsReading; extra: Record<string, unknown> | null }
  | { channel: 'status'; online: boolean }
  | { channel: 'reply'; id: string; ok: boolean; data: unknown };

export type Fixture = { name: string; channel: Channel; bytes: Uint8Array; expect: Decoded | 'unreadable' };

export type Vendor = {
  readonly name: string;
  /** Reads one frame; `now` (epoch ms) judges absurd times. Throws DecodeError, its message without any content of the frame. */
  decode(channel: Channel, bytes: Uint8Array, now: number): Decoded;
  /** The canonical bytes of what was read; decoding them again says the same. */
  encode(decoded: Decoded): Uint8Array;
};
