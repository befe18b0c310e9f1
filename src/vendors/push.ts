/**
 * What a vendor's cloud pushes to us (DEVICES 5.1 to 5.7), as pure words: `open` proves who sent it and gives the plain bytes, `read`
 * says what they mean. Bytes of one message (`raw`) can be read again alone, so that a quarantined one is replayed after a fix.
 * As dialects do, they throw nothing but DecodeError, whatever the bytes; contract.test.ts holds all of them to it.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { DecodeError } from '#core/errors.ts';
import type { DecodedEvent, DeviceKind } from '#core/event.ts';
import type { Channel } from '#core/publish.ts';
import type { DoorKind, DoorSettings } from '#core/vendor-door.ts';
import { decode, parse } from './anling/decode.ts';
import { deeperThan, type Json } from './anling/fields.ts';
import type { Decoded } from './vendor.ts';

export type PushRequest = { method: 'GET' | 'POST'; query: Readonly<Record<string, string>>; headers: Readonly<Record<string, string>>; body: Uint8Array };
/** One account at a vendor: its opened secrets, and what its products mean. */
export type Account = { secrets: Readonly<Record<string, string>>; settings: DoorSettings };
/** `plain` goes on to `read`; a challenge is answered as it is; `refused` says in words what is wrong, never a secret. */
export type Opened = { plain: Uint8Array } | { challenge: string } | { refused: string };

/** Something that is on or off (a detector's state): told as an event only when it changes or goes on being an alarm. */
export type State = { on: boolean; event: DecodedEvent };
/** One message about one device. `keys`: the names that the vendor gives it, the stable one first. */
export type Message = {
  keys: readonly string[]; decoded: readonly Decoded[]; states: readonly State[]; /** Why a part of it cannot be read; that it stood on an alarm's place. */ unreadable?: string; alarm?: boolean; raw: Uint8Array;
};

export type PushVendor = {
  readonly name: DoorKind;
  /** Secrets that an account has; the optional ones may stay away. */ readonly secrets: Readonly<Record<string, { what: string; shape: RegExp; optional?: true }>>;
  /** The answer that the vendor wants, given only when everything is durable. */ readonly answer: { type: string; body: string };
  open(request: PushRequest, account: Account, nowMs: number): Opened;
  /** The messages in the order of their devices' time. Throws DecodeError when not even one can be seen. */
  read(plain: Uint8Array, settings: DoorSettings, nowMs: number): Message[];
  /** What the vendor would push for this of one device, signed: simulators and tests speak through it. */
  encode(key: string, decoded: Decoded, account: Account, nowMs: number): PushRequest;
};

export type PushFixture = { name: string; request: PushRequest; account: Account; expect: readonly Json[] | 'refused' | 'unreadable' | { challenge: string } };

/** Equal texts in constant time. */
export function sameText(a: string, b: string): boolean {
  const [x, y] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(x, y);
}

export const keyShape = /^[A-Za-z0-9_-]{16,64}$/;
/**
 * The check of a cloud that signs nothing: the door's key in the address (`?key=`), or in one of these headers. It must be as secret
 * as a signature's: TLS, and the list of addresses beside it.
 */
export function openByKey({ method, query, headers, body }: PushRequest, { secrets }: Account, also: readonly ('x-api-key' | 'authorization')[] = []): Opened {
  if (method !== 'POST') return { refused: 'this vendor pushes with POST' };
  const given = query['key'] ?? also.map((name) => headers[name]?.replace(/^Bearer /i, '')).find((value) => value !== undefined);
  if (given === undefined) return { refused: `the address lacks ?key=${also.map((name) => `, and there is no header ${name}`).join('')}` };
  return sameText(given, secrets['key'] ?? '') ? { plain: body } : { refused: 'the key is not this door’s' };
}

/** Parsed JSON that is nowhere nested absurdly deep: everything behind may walk it. */
export function object(bytes: Uint8Array): Json {
  const { frame } = parse(bytes);
  if (deeperThan(frame, depthMax)) throw new DecodeError('nested too deep');
  return frame;
}
const depthMax = 16;

/** A frame in the words of our own protocol, judged by its rules: what they cannot use falls away and is flagged, never the alarm. */
export function canonical<C extends Exclude<Channel, 'other'>>(channel: C, frame: Json, now: number): Extract<Decoded, { channel: C }> {
  return decode(channel, bytesOf(frame), now) as Extract<Decoded, { channel: C }>;
}

export const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/** A name for an occurrence that the vendor gave none: the same message sent again has it again. */
export const nameOf = (...parts: readonly unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);

/** A vendor's way of saying nothing. */
const nothing = new Set(['', 'undefined', 'null', 'none', '-1']);
/** A key of a device: a short text or a whole number, and not one of the ways of saying nothing. */
export function keyOf(value: unknown): string | undefined {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : typeof value === 'string' ? value.trim() : '';
  return nothing.has(text.toLowerCase()) || text.length > 128 || !/^[!-~]+$/.test(text) ? undefined : text;
}

/** The keys that are there, each once. */
export const keysOf = (...values: readonly unknown[]): string[] => [...new Set(values.flatMap((v) => keyOf(v) ?? []))];

/** The first property of these names, whatever their case. */
export function pick(frame: Json, ...names: readonly string[]): unknown {
  for (const name of names) if (Object.hasOwn(frame, name)) return frame[name];
  const wanted = new Set(names.map((n) => n.toLowerCase()));
  for (const [name, value] of Object.entries(frame)) if (wanted.has(name.toLowerCase())) return value;
  return undefined;
}

/** By their devices' time, those without one where they stood; a vendor's order of receipt is not the real one. */
export function inTimeOrder(messages: readonly (Message & { at: number | null })[]): Message[] {
  return messages.map((m, i) => ({ m, i })).sort((a, b) => (a.m.at === null || b.m.at === null ? a.i - b.i : a.m.at - b.m.at || a.i - b.i)).map(({ m: { at: _, ...m } }) => m);
}

/** What a product's plain "alarm" means: by its id, else by the account's `*`. */
export const alarmOf = (settings: DoorSettings, product: unknown): DeviceKind | undefined => settings.alarms[keyOf(product) ?? '*'] ?? settings.alarms['*'];
