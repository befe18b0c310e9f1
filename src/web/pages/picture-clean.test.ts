/** What a telephone writes beside a picture does not come in; what draws it does, and what is no whole picture is refused by name. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jpeg, jpegSegment, png, pngChunk, tiff, webp, webpChunk } from '#test/harness/pictures.ts';
import { cleanPicture, PictureError } from './picture-clean.ts';

const secret = Buffer.from('GPS 25.6934 117.8468 HUAWEI');
const exif = (turn: number): Buffer => Buffer.concat([Buffer.from('Exif\0\0'), tiff(turn, secret)]);
const refusal = (data: Uint8Array): string | null => { try { cleanPicture(data); return null; } catch (error) { if (error instanceof PictureError) return error.expected; throw error; } };
/** The segments between the first bytes and the first scan. */
function segments(data: Buffer): { marker: number; body: Buffer }[] {
  const out: { marker: number; body: Buffer }[] = [];
  for (let at = 2; data[at] === 0xff && data[at + 1] !== 0xda && data[at + 1] !== 0xd9;) {
    const length = data.readUInt16BE(at + 2);
    out.push({ marker: data[at + 1] ?? 0, body: data.subarray(at + 4, at + 2 + length) });
    at += 2 + length;
  }
  return out;
}

describe('a picture on its way in', () => {
  it('loses position, device, words, small copies and what lies behind its end, and keeps how it is turned [UI3.4 W10]', () => {
    const more = [jpegSegment(0xe0, Buffer.from('JFXX\0small copy')), jpegSegment(0xe1, exif(6)), jpegSegment(0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), secret])), jpegSegment(0xe2, Buffer.concat([Buffer.from('MPF\0'), secret])), jpegSegment(0xed, secret), jpegSegment(0xfe, secret)];
    const cases = [
      jpeg({ before: more, after: secret }),
      png({ chunks: [pngChunk('eXIf', tiff(6, secret)), pngChunk('tEXt', secret), pngChunk('iTXt', secret), pngChunk('zTXt', Buffer.concat([secret, deflateSync(secret)])), pngChunk('tIME', secret), pngChunk('iCCP', secret), pngChunk('prVt', secret)], after: secret }),
      webp({ chunks: [webpChunk('ICCP', secret), webpChunk('EXIF', tiff(6, secret)), webpChunk('XMP ', secret), webpChunk('abcd', secret)], flags: 0x2c, after: secret }),
    ];
    for (const data of cases) {
      expect(data.includes(secret)).toBe(true);
      const { data: clean, type } = cleanPicture(data);
      expect(clean.includes(secret), type).toBe(false);
      expect(clean.includes(Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6])), `${type} is turned`).toBe(true);
      expect(cleanPicture(clean).data.equals(clean), `${type}: nothing more to take`).toBe(true);
    }
    const [head, ...rest] = segments(cleanPicture(cases[0] ?? Buffer.alloc(0)).data);
    expect([head?.marker, head?.body.length]).toEqual([0xe1, 32]);
    expect(rest.map((s) => s.marker).filter((m) => (m >= 0xe0 && m <= 0xef) || m === 0xfe)).toEqual([]);
  });

  it('stays what it was where there is nothing to take; unreadable Exif turns nothing', () => {
    for (const data of [png({}), webp({})]) expect(cleanPicture(data).data.equals(data)).toBe(true);
    const plain = cleanPicture(jpeg({})).data;
    for (const broken of [Buffer.from('Exif\0\0'), Buffer.from('Exif\0\0II*\0\xff\xff\xff\x7f________', 'latin1'), exif(0), exif(9), exif(1)]) expect(cleanPicture(jpeg({ before: [jpegSegment(0xe1, broken)] })).data.equals(plain)).toBe(true);
    for (let turn = 2; turn <= 8; turn++) expect(cleanPicture(jpeg({ before: [jpegSegment(0xe1, exif(turn))] })).data[29 + 2]).toBe(turn);
  });

  it('is refused by name when it is none, is cut off or does not hold together', () => {
    const [j, p, w] = [jpeg({}), png({}), webp({})];
    expect(refusal(Buffer.from('<svg onload=x>'))).toBe('a picture: JPEG, PNG or WebP');
    expect(refusal(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toMatch(/cut off/);
    expect(refusal(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xd9])]))).toBe('a JPEG with a scan');
    expect(refusal(jpeg({ before: [jpegSegment(0xda, Buffer.alloc(6))] }))).toBe('a JPEG whose frame comes before its scans');
    expect(refusal(jpeg({ before: [jpegSegment(0x02, Buffer.alloc(6))] }))).toBe('a JPEG without the marker 2 at byte 2');
    expect(refusal(Buffer.concat([j.subarray(0, 2), Buffer.from([0xff, 0xe0, 0, 4, 1, 1, 7]), j.subarray(2)]))).toBe('a JPEG marker at byte 8');
    const wrong = Buffer.from(p);
    wrong[p.length - 20] = (wrong[p.length - 20] ?? 0) ^ 1;
    expect(refusal(wrong)).toMatch(/with its right checksum/);
    expect(refusal(png({ chunks: [pngChunk('ABCD', secret)] }))).toBe('no PNG chunk at byte 33 that nobody knows');
    expect(refusal(Buffer.concat([p.subarray(0, 8), p.subarray(33)]))).toBe('a PNG that begins with its one header');
    expect(refusal(Buffer.concat([p.subarray(0, 33), pngChunk('IEND', Buffer.alloc(0))]))).toBe('a PNG with its pixels');
    expect(refusal(webp({ chunks: [webpChunk('ANIM', Buffer.alloc(6))] }))).toBe('a WebP that does not move');
    expect(refusal(Buffer.concat([Buffer.from('RIFF\x04\0\0\0WEBP', 'latin1')]))).toBe('a WebP with its pixels');
    for (const whole of [j, p, w]) for (let cut = 12; cut < whole.length; cut++) expect(refusal(whole.subarray(0, cut)), `${cut} bytes`).not.toBeNull();
  });

  it('throws nothing but its own error, whatever the bytes; what it lets through has none of what was beside the picture [UI3.4 RF15]', () => {
    const marks = fc.constantFrom(0xe0, 0xe1, 0xe2, 0xed, 0xee, 0xef, 0xfe);
    const body = fc.uint8Array({ maxLength: 60 }).map((b) => Buffer.concat([secret, Buffer.from(b)]));
    const base = fc.oneof(
      fc.array(fc.tuple(marks, body), { maxLength: 6 }).map((list) => jpeg({ before: list.map(([mark, b]) => jpegSegment(mark, b)) })),
      fc.array(fc.tuple(fc.constantFrom('eXIf', 'tEXt', 'iTXt', 'zTXt', 'tIME', 'pHYs', 'iCCP', 'abCd'), body), { maxLength: 6 }).map((list) => png({ chunks: list.map(([name, b]) => pngChunk(name, b)) })),
      fc.array(fc.tuple(fc.constantFrom('ICCP', 'EXIF', 'XMP ', 'zzzz'), body), { maxLength: 6 }).map((list) => webp({ chunks: list.map(([name, b]) => webpChunk(name, b)), flags: 0xff })),
    );
    fc.assert(fc.property(base, (data) => {
      const { data: clean, type } = cleanPicture(data);
      expect(clean.includes(secret)).toBe(false);
      expect(cleanPicture(clean)).toEqual({ type, data: clean });
    }));
    // Whole ones with bytes turned over, cut or doubled; and any bytes behind the first of a picture.
    const hurt = fc.tuple(base, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }), fc.nat()).map(([data, turns, cut]) => {
      const copy = Buffer.from(data);
      for (const [at, value] of turns) copy[at % copy.length] = value;
      return copy.subarray(0, copy.length - (cut % 3 === 0 ? cut % copy.length : 0));
    });
    const begun = fc.tuple(fc.constantFrom('\xff\xd8\xff', '\x89PNG\r\n', '\x89PNG\r\n\x1a\n', 'RIFF\x20\0\0\0WEBP'), fc.uint8Array({ maxLength: 200 })).map(([head, rest]) => Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(rest)]));
    fc.assert(fc.property(fc.oneof(hurt, begun, fc.uint8Array({ maxLength: 100 })), (data) => {
      if (refusal(data) === null) { const { data: clean } = cleanPicture(data); expect(cleanPicture(clean).data.equals(clean)).toBe(true); }
    }), { numRuns: 2_000 });
  });
});
