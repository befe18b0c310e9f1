/** Frames of GPS watches: captured shapes, streams cut anywhere, any bytes; the required answers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '#core/errors.ts';
import { answerTo, cutFrames, encodeWatch, readKeptWatch, readWatch, watchCommand, writeFrame, type WatchFrame } from './frame.ts';

const now = Date.UTC(2026, 10, 22, 2, 0, 0);
const one = (text: string): WatchFrame => { const [frame] = cutFrames(Buffer.from(text, 'latin1')).frames; return frame as WatchFrame; };
const framed = (content: string): string => `[3G*8800000015*${content.length.toString(16).toUpperCase().padStart(4, '0')}*${content}]`;
const place = '221126,015930,A,25.690000,N,117.840000,E,0.00,0.0,0.0,6,100,57,0,0';

describe('a watch on TCP', () => {
  it.each([
    ['a heartbeat', 'LK,50,100,88', [{ channel: 'heartbeat', reading: { battery: 88 } }]],
    ['SOS', `AL,${place},00010000,1,0,460,0,9360,4082,131`, [{ channel: 'event', event: { kind: 'sos', deviceTime: Date.UTC(2026, 10, 22, 1, 59, 30), location: { lat: 25.69, lon: 117.84, crs: 'wgs84' } } }, { channel: 'heartbeat' }]],
    ['a fall with a low battery', `AL,${place},00200001`, [{ event: { kind: 'fall' } }, { event: { kind: 'low-battery' } }, { channel: 'heartbeat' }]],
    ['taken off', `AL,${place},00100000`, [{ event: { kind: 'removed' } }, {}]],
    ['a position without a fix', `UD2,${place.replace(',A,', ',V,')},00000000,1,0,460,0,9360,4082,131`, [{ channel: 'heartbeat', extra: { around: ['1', '0', '460', '0', '9360', '4082', '131'] } }]],
    ['pulse and pressure', 'BPHRT,120,79,73', [{ channel: 'vitals', reading: { sbp: 120, dbp: 79, heartRate: 73 } }]],
    ['oxygen', 'oxygen,0,97', [{ channel: 'vitals', reading: { spo2: 97 } }]],
    ['temperature', 'btemp2,1,36.5', [{ channel: 'vitals', reading: { bodyTemp: 36.5 } }]],
    ['an answer of its own', 'FIND', [{ channel: 'heartbeat', extra: { said: 'FIND' } }]],
  ])('reads %s [A9]', (_, content, expected) => {
    const message = readWatch(one(framed(content)), now);
    expect(message).toMatchObject({ keys: ['8800000015'], decoded: expected });
    expect(message.decoded).toHaveLength(expected.length);
    expect(readKeptWatch(message.raw, now)[0]?.decoded).toEqual(message.decoded);
  });

  it('an alarm whose status word names none is unreadable, not nothing [LAW5]', () => {
    expect(readWatch(one(framed(`AL,${place},00000000`)), now)).toMatchObject({ unreadable: 'an alarm whose status word names none', alarm: true });
  });

  it('answers what a watch waits for, in its own index, and nothing else', () => {
    expect(answerTo(one(framed('LK,1,2,3')))?.toString()).toBe('[3G*8800000015*0002*LK]');
    expect(answerTo(one(framed(`AL,${place},00010000`)))?.toString()).toBe('[3G*8800000015*0002*AL]');
    expect(answerTo(one('[SG*8800000015*0A2F*0002*LK]'))?.toString()).toBe('[SG*8800000015*0A2F*0002*LK]');
    expect(answerTo(one(framed(`UD,${place},00000000`)))).toBeNull();
  });

  it('takes commands in its own words', () => {
    expect(watchCommand({ name: 'reboot' })).toBe('RESET');
    expect(watchCommand({ name: 'voice', args: { text: '来' } })).toBe('MESSAGE,6765');
    expect(watchCommand({ name: 'led' })).toBeNull();
  });

  it('cuts the same frames from a stream however it arrives, a voice note’s bytes included [RF15]', () => {
    const note = writeFrame({ maker: '3G', imei: '8800000015', index: null }, 'TK,');
    const voice = Buffer.concat([Buffer.from('[3G*8800000015*0008*TK,'), Buffer.from([0x5b, 0x5d, 0x2a, 0xff, 0x00]), Buffer.from(']')]);
    const stream = Buffer.concat([Buffer.from('junk'), encodeWatch('8800000015', { channel: 'event', event: { kind: 'sos', edge: 'raise', flags: [] } }, now), voice, note, encodeWatch('8800000016', { channel: 'heartbeat', reading: { battery: 9 }, extra: null }, now)]);
    const whole = cutFrames(stream).frames.map((f) => f.whole.toString('hex'));
    expect(whole).toHaveLength(4);
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }), (steps) => {
      let rest: Buffer = Buffer.alloc(0);
      const seen: string[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const next = Math.min(stream.length, at + (steps[i % steps.length] as number));
        const cut = cutFrames(Buffer.concat([rest, stream.subarray(at, next)]));
        seen.push(...cut.frames.map((f) => f.whole.toString('hex')));
        rest = cut.rest;
        at = next;
      }
      expect(seen).toEqual(whole);
    }), { numRuns: 300 });
  });

  it('throws nothing but DecodeError, whatever the bytes [RF15 LAW1]', () => {
    const content = fc.oneof(fc.string({ maxLength: 80 }), fc.tuple(fc.constantFrom('AL', 'UD', 'LK', 'BPHRT', 'TEMP', 'oxygen'), fc.array(fc.string({ maxLength: 12 }), { maxLength: 20 })).map(([word, fields]) => [word, ...fields].join(',')));
    fc.assert(fc.property(content, fc.uint8Array({ maxLength: 60 }), (text, bytes) => {
      cutFrames(Buffer.from(bytes));
      for (const frame of cutFrames(writeFrame({ maker: '3G', imei: '8800000015', index: null }, text)).frames) {
        try { readWatch(frame, now); } catch (error) { expect(error).toBeInstanceOf(DecodeError); }
      }
    }), { numRuns: 2_000 });
  });
});
