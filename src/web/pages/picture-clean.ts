/**
 * A picture without what the telephone wrote beside it: position, device, time, words, a small copy, whatever lies behind its end.
 * Only the parts that draw it are kept, so that what nobody has thought of goes too. Of Exif the way it is turned is written anew, alone:
 * without it a picture taken upright would lie on its side. Colour profiles go as well: they name devices, and a few shades matter to nobody here.
 */
import { crc32 } from 'node:zlib';
import type { PhotoType } from '#store/photos.ts';
import { pictureType } from './form-file.ts';

/** What is no whole picture: `expected` says what would be, for whoever sent it. */
export class PictureError extends Error {
  readonly expected: string;
  constructor(expected: string) {
    super(`not a whole picture: expected ${expected}`);
    this.name = 'PictureError';
    this.expected = expected;
  }
}

/** The same picture with nothing but itself. Throws PictureError for whatever is none, is cut off or does not hold together; nothing else, whatever the bytes. */
export function cleanPicture(bytes: Uint8Array): { type: PhotoType; data: Buffer } {
  const type = pictureType(bytes);
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === null) throw new PictureError('a picture: JPEG, PNG or WebP');
  return { type, data: Buffer.concat(type === 'image/jpeg' ? cleanJpeg(data) : type === 'image/png' ? cleanPng(data) : cleanWebp(data)) };
}

// -- Exif

/** 1 to 8, as Exif counts the ways a picture may be turned; 1 (as it is) where it says nothing that can be read. */
function turnOf(tiff: Buffer): number {
  const order = tiff.toString('latin1', 0, 2);
  if (tiff.length < 14 || (order !== 'II' && order !== 'MM')) return 1;
  const u16 = (at: number): number => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const first = order === 'II' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  if (u16(2) !== 42 || first + 2 > tiff.length) return 1;
  for (let at = first + 2, left = u16(first); left > 0 && at + 12 <= tiff.length; at += 12, left--) {
    if (u16(at) === 0x0112) return u16(at + 2) === 3 && u16(at + 8) >= 1 && u16(at + 8) <= 8 ? u16(at + 8) : 1;
  }
  return 1;
}

/** A TIFF block with the one tag 0x0112. */
const tiffOf = (turn: number): Buffer => Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, turn, 0, 0, 0, 0, 0, 0]);
const exifMark = Buffer.from('Exif\0\0', 'latin1');

// -- JPEG (ITU-T T.81, annex B)

/** Markers of the segments that draw: tables, frame, restart interval, number of lines. */
const draws = (marker: number): boolean => (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || marker === 0xdb || marker === 0xdc || marker === 0xdd;
const isFrame = (marker: number): boolean => draws(marker) && marker <= 0xcf && marker !== 0xc4 && marker !== 0xcc;

function cleanJpeg(data: Buffer): Buffer[] {
  const kept: Buffer[] = [];
  let [at, turn, frame, scans] = [2, 0, false, 0];
  for (;;) {
    if (data[at] !== 0xff) throw new PictureError(at >= data.length ? 'a JPEG up to its end (it is cut off)' : `a JPEG marker at byte ${at}`);
    while (data[at + 1] === 0xff) at++; // fill bytes
    const marker = data[at + 1];
    if (marker === 0xd9) break;
    if (marker === undefined || at + 4 > data.length) throw new PictureError('a JPEG up to its end (it is cut off)');
    const length = data.readUInt16BE(at + 2);
    const segment = data.subarray(at, at + 2 + length);
    if (length < 2 || segment.length < 2 + length) throw new PictureError('a JPEG whose segments are whole (it is cut off)');
    at += segment.length;
    const body = segment.subarray(4);
    if (marker === 0xe1 && turn === 0 && body.subarray(0, 6).equals(exifMark)) turn = turnOf(body.subarray(6));
    else if (marker === 0xee && body.toString('latin1', 0, 5) === 'Adobe' && body.length >= 12) kept.push(Buffer.from([0xff, 0xee, 0, 14]), body.subarray(0, 12)); // how its colours are written
    else if (draws(marker)) { kept.push(segment); frame ||= isFrame(marker); }
    else if (marker === 0xda) {
      if (!frame) throw new PictureError('a JPEG whose frame comes before its scans');
      const end = scanEnd(data, at);
      kept.push(segment, data.subarray(at, end));
      [at, scans] = [end, scans + 1];
    } else if (!(marker >= 0xe0 && marker <= 0xef) && marker !== 0xfe) throw new PictureError(`a JPEG without the marker ${marker.toString(16)} at byte ${at - segment.length}`);
  }
  if (scans === 0) throw new PictureError('a JPEG with a scan');
  const tiff = tiffOf(turn);
  const upright = turn > 1 ? [Buffer.from([0xff, 0xe1, 0, 2 + exifMark.length + tiff.length]), exifMark, tiff] : [];
  return [Buffer.from([0xff, 0xd8]), ...upright, ...kept, Buffer.from([0xff, 0xd9])];
}

/** Where the coded part ends: at the first marker that is neither a stuffed byte nor a restart. */
function scanEnd(data: Buffer, from: number): number {
  for (let at = data.indexOf(0xff, from); at >= 0; at = data.indexOf(0xff, at)) {
    const next = data[at + 1];
    if (next === undefined) break;
    if (next === 0xff) { at++; continue; }
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
    at += 2;
  }
  throw new PictureError('a JPEG up to its end (it is cut off)');
}

// -- PNG (ISO/IEC 15948)

/** Chunks that draw a still picture. */
const pngChunks: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'IDAT', 'IEND']);
const pngHead = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

function pngChunk(name: string, body: Buffer): Buffer {
  const chunk = Buffer.concat([Buffer.alloc(4), Buffer.from(name, 'latin1'), body, Buffer.alloc(4)]);
  chunk.writeUInt32BE(body.length, 0);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4);
  return chunk;
}

function cleanPng(data: Buffer): Buffer[] {
  if (!data.subarray(0, 8).equals(pngHead)) throw new PictureError('a PNG with its whole signature');
  const kept: Buffer[] = [];
  let [at, turn, pixels] = [8, 0, false];
  for (let name = ''; name !== 'IEND';) {
    if (at + 12 > data.length) throw new PictureError('a PNG up to its end (it is cut off)');
    const length = data.readUInt32BE(at);
    name = data.toString('latin1', at + 4, at + 8);
    const chunk = data.subarray(at, at + 12 + length);
    if (chunk.length < 12 + length || !/^[A-Za-z]{4}$/.test(name)) throw new PictureError(`a whole PNG chunk at byte ${at}`);
    if ((kept.length === 0) !== (name === 'IHDR') || (name === 'IHDR' && length !== 13)) throw new PictureError('a PNG that begins with its one header');
    if (name === 'eXIf' && turn === 0) turn = turnOf(chunk.subarray(8, -4));
    else if (pngChunks.has(name)) {
      if (crc32(chunk.subarray(4, -4)) !== chunk.readUInt32BE(chunk.length - 4)) throw new PictureError(`a PNG chunk at byte ${at} with its right checksum`);
      kept.push(chunk);
      pixels ||= name === 'IDAT';
    } else if (/^[A-Z]/.test(name)) throw new PictureError(`no PNG chunk at byte ${at} that nobody knows`);
    at += chunk.length;
  }
  if (!pixels) throw new PictureError('a PNG with its pixels');
  return [pngHead, ...kept.slice(0, 1), ...(turn > 1 ? [pngChunk('eXIf', tiffOf(turn))] : []), ...kept.slice(1)];
}

// -- WebP (RFC 9649)

const webpChunk = (name: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(8);
  head.write(name, 0, 'latin1');
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
};

function cleanWebp(data: Buffer): Buffer[] {
  const end = 8 + data.readUInt32LE(4);
  if (end > data.length) throw new PictureError('a WebP up to its end (it is cut off)');
  const first = new Map<string, Buffer>();
  for (let at = 12; at < end;) {
    if (at + 8 > end) throw new PictureError(`a whole WebP chunk at byte ${at}`);
    const [name, length] = [data.toString('latin1', at, at + 4), data.readUInt32LE(at + 4)];
    if (at + 8 + length > end) throw new PictureError(`a whole WebP chunk at byte ${at}`);
    if (!first.has(name)) first.set(name, data.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  const [head, lossy, lossless, alpha, exif] = ['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'EXIF'].map((name) => first.get(name));
  const pixels = lossy ? webpChunk('VP8 ', lossy) : lossless ? webpChunk('VP8L', lossless) : null;
  if (first.has('ANIM') || first.has('ANMF')) throw new PictureError('a WebP that does not move');
  if (!pixels) throw new PictureError('a WebP with its pixels');
  if (head && head.length !== 10) throw new PictureError('a WebP with its whole header');
  const parts = [pixels];
  if (head) {
    const tiff = exif?.subarray(0, 6).equals(exifMark) ? exif.subarray(6) : exif;
    const turn = tiff ? turnOf(tiff) : 1;
    const withAlpha = lossy ? alpha : undefined;
    const flags = Buffer.from(head);
    flags.writeUInt32LE((lossless ? head.readUInt32LE(0) & 0x10 : withAlpha ? 0x10 : 0) | (turn > 1 ? 0x08 : 0), 0);
    parts.unshift(webpChunk('VP8X', flags), ...(withAlpha ? [webpChunk('ALPH', withAlpha)] : []));
    if (turn > 1) parts.push(webpChunk('EXIF', tiffOf(turn)));
  }
  const riff = Buffer.from('RIFF0000WEBP', 'latin1');
  riff.writeUInt32LE(4 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return [riff, ...parts];
}
