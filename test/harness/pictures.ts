/** Small real pictures for tests, in pieces, so that a test can put beside them what a telephone does. */
import { crc32, deflateSync } from 'node:zlib';

/** A TIFF block as a telephone writes it: how the picture is turned (0x0112), and where `beside` stands in place of position and maker. */
export function tiff(turn: number, beside: Buffer): Buffer {
  const ifd = Buffer.alloc(2 + 2 * 12 + 4);
  ifd.writeUInt16LE(2, 0);
  ifd.writeUInt16LE(0x010f, 2); ifd.writeUInt16LE(2, 4); ifd.writeUInt32LE(beside.length, 6); ifd.writeUInt32LE(8 + ifd.length, 10);
  ifd.writeUInt16LE(0x0112, 14); ifd.writeUInt16LE(3, 16); ifd.writeUInt32LE(1, 18); ifd.writeUInt16LE(turn, 22);
  return Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ifd, beside]);
}

export function jpegSegment(marker: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker, (body.length + 2) >> 8, (body.length + 2) & 0xff]), body]);
}

/** A grey JPEG of 16 × 8 pixels (baseline, two blocks), which every browser draws. */
export function jpeg({ before = [], after = Buffer.alloc(0) }: { before?: readonly Buffer[]; after?: Buffer }): Buffer {
  const tables = [
    jpegSegment(0xdb, Buffer.concat([Buffer.from([0]), Buffer.alloc(64, 16)])),
    jpegSegment(0xc0, Buffer.from([8, 0, 8, 0, 16, 1, 1, 0x11, 0])),
    // One code of one bit for "no difference", one for "end of block".
    jpegSegment(0xc4, Buffer.from([0x00, 1, ...new Array<number>(15).fill(0), 0])),
    jpegSegment(0xc4, Buffer.from([0x10, 1, ...new Array<number>(15).fill(0), 0])),
  ];
  const scan = Buffer.concat([jpegSegment(0xda, Buffer.from([1, 1, 0x00, 0, 63, 0])), Buffer.from([0x0f])]);
  return Buffer.concat([Buffer.from([0xff, 0xd8]), ...before, ...tables, scan, Buffer.from([0xff, 0xd9]), after]);
}

export function pngChunk(name: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length, 0);
  sum.writeUInt32BE(crc32(named), 0);
  return Buffer.concat([length, named, sum]);
}

/** A grey PNG of 2 × 1 pixels, its other chunks behind the header. */
export function png({ chunks = [], after = Buffer.alloc(0) }: { chunks?: readonly Buffer[]; after?: Buffer }): Buffer {
  const header = Buffer.from([0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), pngChunk('IHDR', header), ...chunks, pngChunk('IDAT', deflateSync(Buffer.from([0, 128, 128]))), pngChunk('IEND', Buffer.alloc(0)), after]);
}

export function webpChunk(name: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length, 0);
  return Buffer.concat([Buffer.from(name, 'latin1'), length, body, Buffer.alloc(body.length % 2)]);
}

/** A lossless WebP of one pixel; with other chunks or flags under an extended header. */
export function webp({ chunks = [], flags, after = Buffer.alloc(0) }: { chunks?: readonly Buffer[]; flags?: number; after?: Buffer }): Buffer {
  const pixel = webpChunk('VP8L', Buffer.from('2f0000001007101111888808', 'hex'));
  const head = chunks.length > 0 || flags !== undefined ? [webpChunk('VP8X', Buffer.from([flags ?? 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))] : [];
  const body = Buffer.concat([Buffer.from('WEBP'), ...head, pixel, ...chunks]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length, 0);
  return Buffer.concat([Buffer.from('RIFF'), size, body, after]);
}
