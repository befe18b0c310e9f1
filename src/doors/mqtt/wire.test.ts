/** The judge of packets: never throws, accepts what a good client writes, refuses each known trick. */
import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { checkPacket, packetLength } from './wire.ts';

const bytesOf = (packet: object): Buffer => generate(packet as Packet);
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((s) => !/[\p{Cc}\p{Cn}\p{Cs}\uFFFD-\uFFFF#+]/u.test(s));

describe('checkPacket', () => {
  it('never throws, whatever the bytes [M17 RF15]', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 2, maxLength: 200 }), (bytes) => {
      const result = checkPacket(Buffer.from(bytes));
      expect(typeof result === 'string' || typeof result.type === 'string').toBe(true);
    }), { numRuns: 20_000 });
  });

  it('never throws on good packets with one byte changed or cut', () => {
    const good = [
      bytesOf({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60, clientId: 'dev', username: 'dev', password: 'x', will: { topic: 'a', payload: 'b', qos: 1, retain: false } }),
      bytesOf({ cmd: 'publish', topic: 'care/v1/dev/event', payload: '{}', qos: 1, messageId: 5, dup: false, retain: false }),
      bytesOf({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic: 'a/b', qos: 1 }, { topic: 'c', qos: 0 }] }), bytesOf({ cmd: 'unsubscribe', messageId: 5, unsubscriptions: ['a/b', 'c'] }),
    ];
    fc.assert(fc.property(fc.constantFrom(...good), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (packet, at, value, cut) => {
      const bytes = Buffer.from(packet);
      bytes[at % bytes.length] = value;
      checkPacket(cut ? bytes.subarray(0, Math.max(2, at % bytes.length)) : bytes);
    }), { numRuns: 20_000 });
  });

  it('accepts what a good client writes, and sees the alarm topic', () => {
    fc.assert(fc.property(text, fc.constantFrom(0, 1, 2), fc.integer({ min: 1, max: 65_535 }), fc.uint8Array({ maxLength: 300 }), (topic, qos, messageId, payload) => {
      expect(checkPacket(bytesOf({ cmd: 'publish', topic, qos, messageId, payload: Buffer.from(payload), dup: false, retain: false }))).toEqual({ type: 'publish', qos, messageId: qos === 0 ? 0 : messageId, event: topic.endsWith('/event') && topic !== '/event' });
    }));
    expect(checkPacket(bytesOf({ cmd: 'publish', topic: 'care/v1/x/event', qos: 1, messageId: 9, payload: '', dup: false, retain: false }))).toMatchObject({ event: true });
    expect(checkPacket(bytesOf({ cmd: 'pingreq' }))).toEqual({ type: 'pingreq' });
    expect(checkPacket(bytesOf({ cmd: 'disconnect' }))).toEqual({ type: 'disconnect' });
    expect(checkPacket(bytesOf({ cmd: 'pubrel', messageId: 3 }))).toEqual({ type: 'pubrel', messageId: 3 });
    expect(checkPacket(bytesOf({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 65, clientId: '设备', username: 'u', password: 'p' }))).toEqual({ type: 'connect', level: 4, keepAliveS: 65 });
  });

  it.each([0x00, 0x1f, 0x7f])('refuses the control character %i in a topic', (code) => {
    expect(checkPacket(bytesOf({ cmd: 'publish', topic: `a${String.fromCharCode(code)}`, qos: 0, payload: '', dup: false, retain: false }))).toBe('bad-topic');
  });

  it.each(['\u0085', '\ufdd0', '\ufffd', '\uffff', '\u{1fffe}', '\u{10ffff}'])('refuses the non-character %j in a topic', (character) => {
    expect(checkPacket(bytesOf({ cmd: 'publish', topic: `a${character}`, qos: 0, payload: '', dup: false, retain: false }))).toBe('bad-topic');
  });
});

describe('packetLength', () => {
  it('finds the end of every packet, or asks for more, or says that there is none', () => {
    fc.assert(fc.property(fc.nat({ max: 200_000 }), (size) => {
      const packet = bytesOf({ cmd: 'publish', topic: 'a', qos: 0, payload: Buffer.alloc(size), dup: false, retain: false });
      expect(packetLength(packet)).toBe(packet.length);
    }), { numRuns: 100 });
    expect(packetLength(Buffer.of(0x30))).toBeNull();
    expect(packetLength(Buffer.of(0x30, 0x80))).toBeNull();
    expect(packetLength(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f))).toBe(268_435_460);
    expect(packetLength(Buffer.of(0x10, 0xff, 0xff, 0xff, 0xff))).toBe(-1);
  });
});
