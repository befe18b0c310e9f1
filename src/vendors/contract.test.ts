/** Every dialect: its fixtures say what they say, no bytes throw anything but DecodeError, and encode agrees with decode. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/errors.ts';
import type { Channel } from '#core/publish.ts';
import { fixtures as anlingFrames, now } from './anling/fixtures/frames.ts';
import { vendors } from './index.ts';
import type { Decoded, Fixture, Vendor } from './vendor.ts';

const frames: Record<string, Fixture[]> = { anling: anlingFrames };
const channels: Channel[] = ['event', 'heartbeat', 'vitals', 'status', 'reply', 'other'];
const attempt = (vendor: Vendor, channel: Channel, bytes: Uint8Array): Decoded | 'unreadable' => {
  try {
    return vendor.decode(channel, bytes, now);
  } catch (error) {
    if (error instanceof DecodeError) return 'unreadable';
    throw error;
  }
};
/** As JSON sees it: no undefined, no infinities; flags aside (GBK bytes come back as UTF-8). */
const plain = (decoded: Decoded | 'unreadable'): unknown => JSON.parse(JSON.stringify(decoded, (key, value) => (key === 'flags' ? undefined : value)));

const names = ['kind', 'edge', 'id', 'ref', 'time', 'seq', 'confidence', 'location', 'data', 'battery', 'mains', 'rssi', 'fw', 'heartRate', 'bed', 'online', 'ok', '__proto__', 'constructor', '$unknown', 'x'];
const leaf = fc.oneof(
  fc.constantFrom('sos', 'fall', 'cancel', 'raise', 'clear', 'in', '', '1', 'true', '2026-11-22T02:00:00Z', '2026-11-22 10:00', 'a\u0000b', '\ud800', 'x'.repeat(300), now, 86_400_000, 4e12, -0, 1e-7, true, false, null),
  fc.jsonValue({ maxDepth: 3 }),
);
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.jsonValue().map((v) => Buffer.from(JSON.stringify(v))),
  fc.array(fc.tuple(fc.constantFrom(...names), leaf), { maxLength: 12 }).map((pairs) => Buffer.from(`{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`)),
  fc.array(fc.tuple(fc.constantFrom(...names), leaf), { maxLength: 12 }).map((pairs) => Buffer.from(JSON.stringify({ ...Object.fromEntries(pairs), kind: 'sos' }))),
);

describe.each(Object.values(vendors))('the dialect $name', (vendor) => {
  it.each(frames[vendor.name] ?? [])('reads $name ($channel)', ({ channel, bytes, expect: expected }) => {
    expect(attempt(vendor, channel, bytes)).toEqual(expected);
  });

  it('throws nothing but DecodeError, whatever the bytes, and never a word of the frame [RF15 LAW1]', () => {
    fc.assert(fc.property(fc.constantFrom(...channels), frame, (channel, bytes) => {
      try {
        vendor.decode(channel, bytes, now);
      } catch (error) {
        expect(error).toBeInstanceOf(DecodeError);
        expect((error as Error).message).toMatch(/^[A-Za-z0-9 ,-]{1,40}$/);
      }
    }), { numRuns: 20_000 });
  });

  it('encode(decode(x)) says the same again', () => {
    fc.assert(fc.property(fc.constantFrom(...channels), frame, (channel, bytes) => {
      const first = attempt(vendor, channel, bytes);
      if (first !== 'unreadable') expect(plain(attempt(vendor, channel, vendor.encode(first)))).toEqual(plain(first));
    }), { numRuns: 20_000 });
  });

  it('never touches the prototype of objects [RF15]', () => {
    attempt(vendor, 'event', Buffer.from('{"kind":"sos","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"data":{"__proto__":{"polluted":1}}}'));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
