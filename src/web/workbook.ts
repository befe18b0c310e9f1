/**
 * The first sheet of an .xlsx file as a table of cells. Nothing is trusted: it is unpacked here under a bound, whatever its directory says of sizes
 * (a zip bomb ends at limits.workbookPlainBytes), and the library that knows the format gets an archive of our own of the five parts it needs, in
 * which no row or column number is beyond what a file of devices has. Numbers come as their digits stand in the file, never as floating point.
 */
import { inflateRawSync } from 'node:zlib';
import { readSheet } from 'read-excel-file/universal';
import type { FileCell } from '#core/device-file.ts';
import { limits } from '#core/limits.ts';
import { storeZip } from '#core/zip-store.ts';

export type Workbook = { table: FileCell[][] } | { expected: string; found: string };
type Parts = Map<string, Buffer>;
class Unfit extends Error {
  readonly expected: string;
  constructor(expected: string, found: string) { super(found); this.expected = expected; }
}
const anXlsx = 'an .xlsx file';

/** Never throws for what is in the file. */
export async function readWorkbook(bytes: Buffer): Promise<Workbook> {
  try {
    if (bytes.length > limits.workbookBytes) throw new Unfit(`at most ${limits.workbookBytes} bytes`, String(bytes.length));
    if (bytes.readUInt32BE(0) === 0xd0cf11e0) throw new Unfit('an .xlsx file without a password: save it as .xlsx', 'an .xls file, or one with a password');
    const parts = firstSheetOf(unpack(bytes));
    const packed = storeZip([...parts].map(([name, part]) => ({ name, bytes: part })));
    const rows = await readSheet<{ number: string }>(packed.buffer, 1, { parseNumber: (number) => ({ number }) });
    return { table: rows.map((row) => row.map(cellOf)) };
  } catch (error) {
    return error instanceof Unfit ? { expected: error.expected, found: error.message } : { expected: anXlsx, found: `${(error as Error).name}: ${(error as Error).message}`.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 120) };
  }
}

/** Days have no zone: the library puts them at midnight UTC. A text may hold what no table takes (an escape for NUL): that is left out. */
function cellOf(value: unknown): FileCell {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return { day: Number.isNaN(value.valueOf()) ? '?' : value.toISOString().slice(0, 10) };
  if (typeof value === 'string') return value.toWellFormed().replaceAll(/\p{Cc}/gu, ' ');
  return typeof value === 'object' ? (value as { number: string }) : String(value).toUpperCase();
}

/** What is under xl/ and may matter, by name. The sum of what comes out is bounded while it comes out. */
function unpack(zip: Buffer): Parts {
  const end = zip.lastIndexOf(Buffer.from('504b0506', 'hex'));
  if (end < 0 || zip.length - end < 22) throw new Unfit(anXlsx, 'no ZIP archive, or one that was cut off');
  const parts: Parts = new Map();
  let left: number = limits.workbookPlainBytes;
  let at = zip.readUInt32LE(end + 16);
  for (let n = zip.readUInt16LE(end + 10); n > 0; n--) {
    if (zip.readUInt32LE(at) !== 0x02014b50) throw new Unfit(anXlsx, 'a ZIP archive with a broken directory');
    const [flags, method, packed, nameLength] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28)];
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength).replaceAll('\\', '/');
    const local = zip.readUInt32LE(at + 42);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    if (!/^xl\/.*\.(xml|rels)$/.test(name) || /^xl\/(theme|drawings|charts|media|externalLinks)\//.test(name) || parts.has(name)) continue;
    if ((flags & 1) !== 0) throw new Unfit('a file without a password', name);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const part = inflated(zip.subarray(from, from + packed), method, left, name);
    left -= part.length;
    parts.set(name, part);
  }
  return parts;
}

function inflated(packed: Buffer, method: number, left: number, name: string): Buffer {
  const tooLarge = new Unfit(`at most ${limits.workbookPlainBytes} bytes when it is unpacked`, `${name.slice(0, 60)} is larger than what is left of that`);
  if (method !== 0 && method !== 8) throw new Unfit(anXlsx, `a ZIP archive packed in way ${method}`);
  if (left <= 0 || (method === 0 && packed.length > left)) throw tooLarge;
  if (method === 0) return packed;
  try {
    return inflateRawSync(packed, { maxOutputLength: left });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge : new Unfit(anXlsx, `${name.slice(0, 60)} cannot be unpacked`);
  }
}

const attribute = (tag: string, name: string): string | null => new RegExp(`\\s(?:\\w+:)?${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag)?.slice(1).find((v) => v !== undefined) ?? null;

/** The parts that the first sheet needs, the sheet itself made safe to read. */
function firstSheetOf(parts: Parts): Parts {
  const [workbook, relations] = ['xl/workbook.xml', 'xl/_rels/workbook.xml.rels'].map((name) => {
    const part = parts.get(name);
    if (!part) throw new Unfit(anXlsx, `no ${name} in it`);
    return [name, part] as const;
  }) as [readonly [string, Buffer], readonly [string, Buffer]];
  const related = [...relations[1].toString('utf8').matchAll(/<(?:\w+:)?Relationship\s[^>]*>/g)].map(([tag]) => ({ id: attribute(tag, 'Id'), type: attribute(tag, 'Type')?.split('/').at(-1), path: partName(attribute(tag, 'Target') ?? '') }));
  const id = attribute(/<(?:\w+:)?sheet\s[^>]*>/.exec(workbook[1].toString('utf8'))?.[0] ?? '', 'id');
  const path = related.find((r) => r.id === id && r.type === 'worksheet')?.path;
  const sheet = path === undefined ? undefined : parts.get(path);
  if (path === undefined || !sheet) throw new Unfit('an .xlsx file with a sheet of cells', 'no first sheet');
  const others = related.filter((r) => r.type === 'styles' || r.type === 'sharedStrings').flatMap((r) => { const part = parts.get(r.path); return part ? [[r.path, part] as const] : []; });
  return new Map([workbook, relations, ...others, [path, Buffer.from(safe(sheet.toString('utf8')))]]);
}
const partName = (target: string): string => (target.startsWith('/') ? target.slice(1) : `xl/${target}`);

/**
 * A sheet whose rows and columns are few (the library makes each that lies before the last), whose failed formulas are told instead of read as empty
 * cells, and which has no formula without its result: what would be read is not what its maker sees.
 */
function safe(xml: string): string {
  for (const [tag] of xml.matchAll(/<(?:\w+:)?(?:row|c)\s[^<>]*>/g)) {
    const place = attribute(tag, 'r');
    if (place !== null && !/^(A?[A-Z])?0*[1-9]\d{0,3}$/.test(place)) throw new Unfit('rows up to 9999 and columns up to AZ; delete what stands beyond', place.slice(0, 20));
  }
  const formula = /<(?:\w+:)?c\s[^<>]*>\s*<(?:\w+:)?f\b[^<>]*(?:\/>|>[^<]*<\/(?:\w+:)?f>)\s*<\/(?:\w+:)?c>/.exec(xml);
  if (formula) throw new Unfit('results, not formulas: open it, save it, and send it again', attribute(formula[0], 'r') ?? '');
  return xml.replaceAll(/(<(?:\w+:)?c\s[^<>]*?\st\s*=\s*)(?:"e"|'e')/g, '$1"str"');
}
