/** A ZIP archive whose files stand in it as they are (method 0, no compression). Pure, for the browser and the house: a spreadsheet is such an archive. */

const table = Uint32Array.from({ length: 256 }, (_, n) => { let c = n; for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1; return c >>> 0; });
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The archive of these files, in their order; names in UTF-8, all of them of one day (a template is the same bytes each time). */
export function storeZip(files: readonly { name: string; bytes: Uint8Array }[]): Uint8Array<ArrayBuffer> {
  const entries = files.map(({ name, bytes }) => ({ name: new TextEncoder().encode(name), bytes, crc: crcOf(bytes) }));
  const size = entries.reduce((sum, e) => sum + 30 + 46 + 2 * e.name.length + e.bytes.length, 22);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = 0;
  const write16 = (...values: number[]): void => { for (const v of values) { view.setUint16(at, v, true); at += 2; } };
  const write32 = (...values: number[]): void => { for (const v of values) { view.setUint32(at, v, true); at += 4; } };
  const write = (bytes: Uint8Array): void => { out.set(bytes, at); at += bytes.length; };
  const day = 0x2821; // 2000-01-01
  const offsets = entries.map((e) => {
    const offset = at;
    write32(0x04034b50); write16(20, 0x0800, 0, 0, day); write32(e.crc, e.bytes.length, e.bytes.length); write16(e.name.length, 0);
    write(e.name); write(e.bytes);
    return offset;
  });
  const directory = at;
  for (const [i, e] of entries.entries()) {
    write32(0x02014b50); write16(20, 20, 0x0800, 0, 0, day); write32(e.crc, e.bytes.length, e.bytes.length); write16(e.name.length, 0, 0, 0, 0);
    write32(0, offsets[i] ?? 0); write(e.name);
  }
  const length = at - directory;
  write32(0x06054b50); write16(0, 0, entries.length, entries.length); write32(length, directory); write16(0);
  return out;
}
