/** The empty file to fill in, as a spreadsheet: its columns are text, so that a program of sheets keeps leading zeros and all digits of an IMEI. */
import { deviceColumns } from './device-file.ts';
import { storeZip } from './zip-store.ts';

const xml = (body: string): Uint8Array => new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${body}`);
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const doc = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packed = 'http://schemas.openxmlformats.org/package/2006';
const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** An .xlsx file with the line of column names, and nothing else. */
export function deviceTemplate(): Uint8Array<ArrayBuffer> {
  const names = Object.values(deviceColumns).map((c) => c.names[0] ?? '');
  const cells = names.map((name, i) => `<c r="${String.fromCharCode(65 + i)}1" s="1" t="inlineStr"><is><t>${name}</t></is></c>`).join('');
  return storeZip([
    { name: '[Content_Types].xml', bytes: xml(`<Types xmlns="${packed}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${type}.styles+xml"/></Types>`) },
    { name: '_rels/.rels', bytes: xml(`<Relationships xmlns="${packed}/relationships"><Relationship Id="rId1" Type="${doc}/officeDocument" Target="xl/workbook.xml"/></Relationships>`) },
    { name: 'xl/workbook.xml', bytes: xml(`<workbook xmlns="${main}" xmlns:r="${doc}"><sheets><sheet name="设备" sheetId="1" r:id="rId1"/></sheets></workbook>`) },
    { name: 'xl/_rels/workbook.xml.rels', bytes: xml(`<Relationships xmlns="${packed}/relationships"><Relationship Id="rId1" Type="${doc}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${doc}/styles" Target="styles.xml"/></Relationships>`) },
    // Format 49 is "text".
    { name: 'xl/styles.xml', bytes: xml(`<styleSheet xmlns="${main}"><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="49" applyNumberFormat="1"/></cellXfs></styleSheet>`) },
    { name: 'xl/worksheets/sheet1.xml', bytes: xml(`<worksheet xmlns="${main}"><cols><col min="1" max="${names.length}" width="16" style="1" customWidth="1"/></cols><sheetData><row r="1">${cells}</row></sheetData></worksheet>`) },
  ]);
}
