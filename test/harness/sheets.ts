/** Spreadsheets for tests: an archive as programs of sheets make them (deflated), with room for lies about its sizes. */
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipFile = { name: string; text: string | Buffer; /** what the directory says it unpacks to */ claims?: number; method?: number; flags?: number };

/** A deflated ZIP. */
export function zipOf(files: readonly ZipFile[]): Buffer {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, text, claims, method = 8, flags = 0 } of files) {
    const plain = Buffer.from(text);
    const packed = method === 8 ? deflateRawSync(plain) : plain;
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0); head.writeUInt16LE(flags, 2); head.writeUInt16LE(method, 4); head.writeUInt32LE(crc32(plain), 10);
    head.writeUInt32LE(packed.length, 14); head.writeUInt32LE(claims ?? plain.length, 18); head.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), head, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('504b01021400', 'hex'), head, tail, Buffer.from(name)]));
    body.push(local);
    at += local.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4); end.writeUInt16LE(files.length, 6); end.writeUInt32LE(Buffer.concat(directory).length, 8); end.writeUInt32LE(at, 12);
  return Buffer.concat([...body, ...directory, Buffer.from('504b0506', 'hex'), end]);
}

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const doc = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
/** The parts of a workbook in the shape in which WPS saves one: shared strings with runs and readings, its own name spaces, backslashes nowhere, cells that hold a style alone. */
export const bookOf = (rows: string, strings: readonly string[] = [], more: readonly ZipFile[] = []): ZipFile[] => [
  { name: '[Content_Types].xml', text: '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>' },
  { name: 'docProps/custom.xml', text: '<Properties><property name="KSOProductBuildVer"><vt:lpwstr>2052-12.1.0.17827</vt:lpwstr></property></Properties>' },
  { name: 'xl/workbook.xml', text: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<workbook xmlns="${main}" xmlns:r="${doc}"><fileVersion appName="xl" lastEdited="3" lowestEdited="5" rupBuild="9302"/><workbookPr/><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/><sheet name="Sheet2" sheetId="2" r:id="rId2"/></sheets></workbook>` },
  { name: 'xl/_rels/workbook.xml.rels', text: `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId4" Type="${doc}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="${doc}/styles" Target="styles.xml"/><Relationship Id="rId2" Type="${doc}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="rId1" Type="${doc}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>` },
  { name: 'xl/styles.xml', text: `<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>` },
  { name: 'xl/sharedStrings.xml', text: `<sst xmlns="${main}">${strings.map((s) => `<si>${s.startsWith('<') ? s : `<t xml:space="preserve">${s}</t>`}</si>`).join('')}</sst>` },
  { name: 'xl/worksheets/sheet1.xml', text: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="${main}" xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData"><sheetPr/><dimension ref="A1:C3"/><sheetData>${rows}</sheetData><pageMargins left="0.75"/></worksheet>` },
  { name: 'xl/worksheets/sheet2.xml', text: `<worksheet xmlns="${main}"><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>` },
  ...more,
];
