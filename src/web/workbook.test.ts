/** Spreadsheets as programs save them, and such as nobody should: what is read, what is named, what is refused before it is unpacked. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceColumns, readDeviceTable } from '#core/device-file.ts';
import { deviceTemplate } from '#core/device-template.ts';
import { limits } from '#core/limits.ts';
import { bookOf, type ZipFile, zipOf } from '#test/harness/sheets.ts';
import { readWorkbook } from './workbook.ts';

const fixture = (name: string): Buffer => readFileSync(new URL(`../../test/fixtures/sheets/${name}`, import.meta.url));
async function judged(bytes: Buffer): Promise<string[]> {
  const book = await readWorkbook(bytes);
  if ('expected' in book) return [`${book.expected}; found: ${book.found}`];
  const read = readDeviceTable(book.table, 1000);
  return 'problem' in read ? [`${read.problem} ${read.found}`] : read.rows.map((r) => `${r.line} ${Object.values(r.cells).join(' ')}${r.problems.map((p) => ` ${p.field}:${p.why} ${p.found}`).join('')}`);
}

describe('a spreadsheet', () => {
  it.each([['openpyxl.xlsx', '8.600000000000013e+19', []], ['xlsxwriter.xlsx', '8.600000000000013E+19', ['9 S10 model:wrong #N/A']]])('%s: texts, days, numbers that are whole and such as have lost something, a failed formula, its first sheet alone [F7]', async (name, long, more) => {
    expect(await judged(fixture(name))).toEqual([
      '2 sos-button X-1 00123 h1 卧室 已装'.replace('已装', 'installed 2027-06-30'),
      '3 smoke h1 厨房 stock serial:number 123',
      '4 fall-radar 101 ctwing 860000000000001',
      `5 fall-radar ctwing doorKey:number ${long}`,
      '7 smoke serial:number 2026-03-12',
      '8 smoke S9 simUntil:wrong 2027/06/30',
      ...more,
    ]);
  });

  it('in the shape of WPS: shared strings with runs and readings, styled empty cells, an escaped NUL [F7]', async () => {
    const strings = ['型号', '序列号', '<r><rPr><b/></rPr><t>smo</t></r><r><t>ke</t></r><rPh sb="0" eb="1"><t>xx</t></rPh>', ' 007_x0000_ '];
    const rows = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" s="1"/></row><row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" t="s"><v>3</v></c><c r="C3" s="1"/></row><row r="900"><c r="A900" s="1"/></row>';
    expect(await judged(zipOf(bookOf(rows, strings)))).toEqual(['3 smoke 007']);
  });

  it('the template is one that is read, its columns are text', async () => {
    const book = await readWorkbook(Buffer.from(deviceTemplate()));
    expect(book).toEqual({ table: [Object.values(deviceColumns).map((c) => c.names[0])] });
  });

  const row = '<row r="1"><c r="A1" t="inlineStr"><is><t>型号</t></is></c></row>';
  const changed = (name: string, change: Partial<ZipFile>): ZipFile[] => bookOf(row).map((f) => (f.name === name ? { ...f, ...change } : f));
  it.each<[string, () => Buffer, string]>([
    ['no archive', () => Buffer.from('型号,序列号\nsmoke,1\n'), 'no ZIP archive'],
    ['nothing', () => Buffer.alloc(0), 'an .xlsx file'],
    ['a ZIP without a workbook', () => zipOf([{ name: 'a.txt', text: 'a' }]), 'no xl/workbook.xml'],
    ['the .xls of before', () => Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(512)]), 'save it as .xlsx'],
    ['cut off', () => fixture('openpyxl.xlsx').subarray(0, 3000), 'no ZIP archive'],
    ['a formula without its result', () => zipOf(bookOf('<row r="1"><c r="A1"><f>B1</f></c></row>')), 'results, not formulas'],
    ['a row far away', () => zipOf(bookOf(`${row}<row r="99999999"><c r="A99999999"><v>1</v></c></row>`)), 'rows up to 9999'],
    ['a column far away', () => zipOf(bookOf(`<row r='1'><c t='n' r='ZZZZZZ1'><v>1</v></c></row>`)), 'columns up to AZ'],
    ['with a password', () => zipOf(changed('xl/workbook.xml', { flags: 1 })), 'without a password'],
    ['packed in another way', () => zipOf(changed('xl/workbook.xml', { method: 12 })), 'packed in way 12'],
    ['too many bytes', () => Buffer.alloc(limits.workbookBytes + 1), 'at most'],
  ])('%s: named, not thrown', async (_, bytes, says) => { expect((await judged(bytes()))[0]).toContain(says); });

  it('a bomb, one that lies about its size, and one in many parts end at the bound [F7]', async () => {
    const bomb = `${row}${' '.repeat(64 * 1024 * 1024)}`;
    const sheet = bookOf(bomb);
    for (const files of [sheet, sheet.map((f) => ({ ...f, claims: 100 })), [...bookOf(row), ...Array.from({ length: 40 }, (_, i) => ({ name: `xl/p${i}.xml`, text: 'x'.repeat(1024 * 1024) }))]]) {
      const bytes = zipOf(files);
      expect(bytes.length).toBeLessThan(limits.workbookBytes);
      expect((await judged(bytes))[0]).toContain(`at most ${limits.workbookPlainBytes} bytes when it is unpacked`);
    }
  });

  it('a thousand devices fit, and whatever byte is broken, it answers', async () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `<row r="${i + 2}"><c r="A${i + 2}" t="inlineStr"><is><t>smoke</t></is></c><c r="B${i + 2}" t="inlineStr"><is><t>S${i}</t></is></c></row>`).join('');
    expect((await judged(zipOf(bookOf(`<row r="1"><c r="A1" t="inlineStr"><is><t>型号</t></is></c><c r="B1" t="inlineStr"><is><t>序列号</t></is></c></row>${lines}`)))).length).toBe(1000);
    const whole = fixture('openpyxl.xlsx');
    await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
      const broken = Buffer.from(whole);
      broken[at] = byte;
      expect(await judged(broken)).toBeDefined();
    }), { numRuns: 150 });
  });
});
