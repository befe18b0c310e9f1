/** The QR code of a short text: pictures that were equal, module for module, to another encoder's (level L, mask 0) in all 271 lengths, and read by a decoder. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { qrCode } from './qr.ts';

const digest = (text: string): string => createHash('sha256').update((qrCode(text) ?? []).map((row) => row.map(Number).join('')).join('/')).digest('hex').slice(0, 32);

it('is the picture that a reader knows: a small version and the largest, and none for what is too long', () => {
  expect(digest('otpauth://totp/Anling:chief?issuer=Anling&secret=RPOWFQMEUBGOHEUYGNFM324ZCAYDFXHJ&algorithm=SHA1&digits=6&period=30')).toBe('0d30b49b6ad68d0249e341255c0dbf95');
  expect(digest('安铃'.repeat(40))).toBe('fd71c57b605ef4c3ea1ccbb80eae7298');
  expect([qrCode('x'.repeat(271))?.length, qrCode('x'.repeat(272)), qrCode('')?.length]).toEqual([57, null, 21]);
});
