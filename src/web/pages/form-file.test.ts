/** Forms with a file as browsers send them, and what is none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldOf, pictureType } from './form-file.ts';

const body = (boundary: string, fields: [string, Buffer][]): Buffer => Buffer.concat([
  ...fields.flatMap(([name, data]) => [Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`), data, Buffer.from('\r\n')]), Buffer.from(`--${boundary}--\r\n`),
]);

describe('a form with a file', () => {
  it('gives back the very bytes of its field, whatever they are, and nothing of a body that is cut off [UI3.4]', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 50 }), fc.nat(), (data, other, cut) => {
      const whole = body('X7', [['keptMs', Buffer.from(other)], ['photo', Buffer.from(data)]]);
      expect(fieldOf(whole, 'multipart/form-data; boundary=X7', 'photo')).toEqual(Buffer.from(data));
      expect(fieldOf(whole, 'multipart/form-data; boundary=X7', 'keptMs')).toEqual(Buffer.from(other));
      expect(fieldOf(whole.subarray(0, cut % (whole.length - 8)), 'multipart/form-data; boundary=X7', 'photo')).toBeNull();
    }));
    expect(fieldOf(Buffer.from('nothing'), 'multipart/form-data', 'photo')).toBeNull();
    expect(fieldOf(body('a', [['b', Buffer.from('c')]]), 'multipart/form-data; boundary="a"', 'photo')).toBeNull();
  });
  it('knows a picture by its first bytes, not by its name', () => {
    expect([pictureType(Buffer.from([0xff, 0xd8, 0xff, 0xe0])), pictureType(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')), pictureType(Buffer.from('RIFF0000WEBPVP8 ')), pictureType(Buffer.from('<svg onload=x>')), pictureType(Buffer.alloc(0))]).toEqual(['image/jpeg', 'image/png', 'image/webp', null, null]);
  });
});
