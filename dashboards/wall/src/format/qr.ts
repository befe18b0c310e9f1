/**
 * A QR code of a short text (ISO/IEC 18004: bytes, level L, versions 1 to 10, at most 271 bytes), so that a key on the screen is read and not
 * typed, without asking anybody for a picture. One mask for all: readers take any, and choosing the best is half of an encoder.
 */

const eccOf = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18];
const blocksOf = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4];
const versions = eccOf.length;

/** Modules of data and error correction of a version. */
function rawModules(version: number): number {
  const align = Math.floor(version / 7) + 2;
  return (16 * version + 128) * version + 64 - (version < 2 ? 0 : (25 * align - 10) * align - 55 + (version < 7 ? 0 : 36));
}
const at = (list: readonly number[], i: number): number => list[i] ?? 0;
const rawBytes = (version: number): number => Math.floor(rawModules(version) / 8);
const dataBytes = (version: number): number => rawBytes(version) - at(eccOf, version - 1) * at(blocksOf, version - 1);

/** Rows of dark modules; null: the text is too long. */
export function qrCode(text: string): boolean[][] | null {
  const bytes = [...new TextEncoder().encode(text)];
  for (let version = 1; version <= versions; version++) {
    const countBits = version < 10 ? 8 : 16;
    if (4 + countBits + bytes.length * 8 <= dataBytes(version) * 8) return draw(version, protectedBytes(version, packed(version, bytes, countBits)));
  }
  return null;
}

/** Mode, length, bytes, end, padding. */
function packed(version: number, bytes: readonly number[], countBits: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number): void => { for (let i = length - 1; i >= 0; i--) bits.push((value >>> i) & 1); };
  put(4, 4);
  put(bytes.length, countBits);
  for (const byte of bytes) put(byte, 8);
  const room = dataBytes(version) * 8;
  put(0, Math.min(4, room - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < room; pad ^= 0xec ^ 0x11) put(pad, 8);
  return Array.from({ length: bits.length / 8 }, (_, i) => bits.slice(i * 8, i * 8 + 8).reduce((byte, bit) => (byte << 1) | bit, 0));
}

/** Multiplication in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(x: number, y: number): number {
  let z = 0;
  for (let i = 7; i >= 0; i--) z = ((z << 1) ^ ((z >>> 7) * 0x11d)) ^ (((y >>> i) & 1) * x);
  return z;
}

function generator(degree: number): number[] {
  const result = [...Array<number>(degree - 1).fill(0), 1];
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2))
    for (let j = 0; j < degree; j++) result[j] = times(at(result, j), root) ^ (j + 1 < degree ? at(result, j + 1) : 0);
  return result;
}

function remainder(data: readonly number[], divisor: readonly number[]): number[] {
  const result = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ (result.shift() ?? 0);
    result.push(0);
    divisor.forEach((coefficient, i) => { result[i] = at(result, i) ^ times(coefficient, factor); });
  }
  return result;
}

/** Blocks with their error correction, interleaved. */
function protectedBytes(version: number, data: readonly number[]): number[] {
  const [ecc, count] = [at(eccOf, version - 1), at(blocksOf, version - 1)];
  const short = count - (rawBytes(version) % count);
  const shortData = Math.floor(rawBytes(version) / count) - ecc;
  const divisor = generator(ecc);
  const blocks = Array.from({ length: count }, (_, i) => {
    const from = i * shortData + Math.max(0, i - short); // the later blocks hold one more
    const part = data.slice(from, from + shortData + (i < short ? 0 : 1));
    return { part, check: remainder(part, divisor) };
  });
  const woven = Array.from({ length: shortData + 1 }, (_, i) => blocks.flatMap(({ part }) => part[i] ?? []));
  return [...woven.flat(), ...Array.from({ length: ecc }, (_, i) => blocks.map(({ check }) => at(check, i))).flat()];
}

/** Coordinates of the alignment patterns. */
function alignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => size - 7 - step * i).reverse()];
}

const bit = (value: number, i: number): boolean => ((value >>> i) & 1) === 1;

function draw(version: number, bytes: readonly number[]): boolean[][] {
  const size = version * 4 + 17;
  const dark = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  const fixed = Array.from({ length: size }, () => Array<boolean>(size).fill(false));
  const set = (x: number, y: number, on: boolean): void => {
    const [row, marks] = [dark[y], fixed[y]];
    if (row && marks && x >= 0 && x < size) { row[x] = on; marks[x] = true; }
  };
  patterns(version, size, set);
  let i = 0;
  for (let right = size - 1; right >= 1; right -= right === 8 ? 3 : 2) // column 6 is the timing pattern's
    for (let step = 0; step < size; step++)
      for (const x of [right, right - 1]) {
        const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
        if (fixed[y]?.[x]) continue;
        const row = dark[y];
        if (row) row[x] = (i < bytes.length * 8 && bit(at(bytes, i >>> 3), 7 - (i & 7))) !== ((x + y) % 2 === 0);
        i++;
      }
  return dark;
}

/** Everything that is no data: finders, timing, alignment, format and version. */
function patterns(version: number, size: number, set: (x: number, y: number, on: boolean) => void): void {
  for (let i = 0; i < size; i++) { set(6, i, i % 2 === 0); set(i, 6, i % 2 === 0); }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]] as const)
    for (let y = -4; y <= 4; y++) for (let x = -4; x <= 4; x++) { const ring = Math.max(Math.abs(x), Math.abs(y)); set(cx + x, cy + y, ring !== 2 && ring !== 4); }
  const centres = alignments(version, size);
  const last = centres.length - 1;
  for (const [i, cx] of centres.entries())
    for (const [j, cy] of centres.entries()) {
      if ((i === 0 && (j === 0 || j === last)) || (i === last && j === 0)) continue; // the finders stand there
      for (let y = -2; y <= 2; y++) for (let x = -2; x <= 2; x++) set(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
    }
  const format = coded(1 << 3, 10, 0x537) ^ 0x5412; // level L, mask 0
  for (let i = 0; i < 15; i++) {
    const near = i < 6 ? i : i < 8 ? i + 1 : i === 8 ? 7 : 14 - i;
    if (i < 8) set(8, near, bit(format, i)); else set(near, 8, bit(format, i));
    if (i < 8) set(size - 1 - i, 8, bit(format, i)); else set(8, size - 15 + i, bit(format, i));
  }
  set(8, size - 8, true);
  if (version < 7) return;
  const named = coded(version, 12, 0x1f25);
  for (let i = 0; i < 18; i++) { const [a, b] = [size - 11 + (i % 3), Math.floor(i / 3)]; set(a, b, bit(named, i)); set(b, a, bit(named, i)); }
}

/** A value with its BCH remainder. */
function coded(value: number, bits: number, polynomial: number): number {
  let rem = value;
  for (let i = 0; i < bits; i++) rem = (rem << 1) ^ ((rem >>> (bits - 1)) * polynomial);
  return (value << bits) | rem;
}
