/** Files of devices as they come: separators, quotes, Excel's habits; each wrong cell named; whatever the text, nothing is thrown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceColumns, markTwice, readDeviceFile, readTable } from './device-file.ts';

const rows = (text: string): ReturnType<typeof readDeviceFile> => readDeviceFile(text, 1000);

describe('a file of devices', () => {
  it.each([[',', '\n'], ['\t', '\r\n'], [';', '\r'], ['，', '\n']])('with separator %j and lines ending in %j, its names in Chinese, marked as UTF-8', (separator, end) => {
    const text = `\uFEFF${[['型号', '序列号', '状态', '厂商接入', '厂商编号'], ['sos-button', 'A-1', '库存', '', ''], ['', '', '', '', ''], ['smoke', '', '已装', 'ctwing', '860000000000001']].map((r) => r.join(separator)).join(end)}${end}`;
    expect(rows(text)).toEqual({ rows: [{ line: 2, problems: [], cells: { model: 'sos-button', serial: 'A-1', status: 'stock' } }, { line: 4, problems: [], cells: { model: 'smoke', status: 'installed', door: 'ctwing', doorKey: '860000000000001' } }] });
  });

  it('reads quotes, and the tab that our own files put before long numbers', () => {
    expect(readTable('a,"b ""x"", y"\n"1\n2",3')).toEqual([['a', 'b "x", y'], ['1\n2', '3']]);
    expect(rows('Model,IMEI,door\nsmoke,"\t860000000000001",ctwing')).toMatchObject({ rows: [{ cells: { doorKey: '860000000000001' } }] });
  });

  it('names each wrong cell with what was expected and what was found', () => {
    const read = rows('型号,编号,状态,房间,序列号\nsos-button,不行,安装了,卧室,1\n,ok,,,2\nsmoke,,,厨房,');
    expect('rows' in read && read.rows.map((r) => [r.line, r.problems.map((p) => `${p.field} ${p.why} ${p.found}`)])).toEqual([[2, ['id wrong 不行', 'status wrong 安装了']], [3, ['model wrong ']], [4, ['serial nameless ']]]);
  });

  it('names columns that nobody knows, stand twice or are missing, and says so of an empty or too long file', () => {
    expect(rows('型号,颜色\nsmoke,红')).toMatchObject({ problem: 'columns', found: '颜色' });
    expect(rows('型号,model\nsmoke,x')).toMatchObject({ problem: 'columns', found: 'model' });
    expect(rows('序列号\n1')).toMatchObject({ problem: 'columns', found: '序列号' });
    expect([rows(''), rows('型号\n\n')]).toMatchObject([{ problem: 'empty' }, { problem: 'empty' }]);
    expect(readDeviceFile('型号,序列号\na,1\na,2', 1)).toMatchObject({ problem: 'long', found: '2' });
  });

  it('a device that stands twice is named at its second line', () => {
    const read = rows('型号,序列号,编号\nsmoke,7,\nsmoke,7,\nsos-button,7,\nsmoke,8,x\nsmoke,9,x');
    if (!('rows' in read)) throw new Error('not read');
    markTwice(read.rows);
    expect(read.rows.map((r) => r.problems.map((p) => `${p.field} ${p.why}`))).toEqual([[], ['serial twice'], [], [], ['id twice']]);
  });

  it('whatever the text, it answers; and what a template’s cells held comes back as it was', () => {
    fc.assert(fc.property(fc.string({ maxLength: 400 }), (text) => { expect(rows(text)).toBeDefined(); expect(rows(`型号,序列号\n${text}`)).toBeDefined(); }));
    fc.assert(fc.property(fc.array(fc.array(fc.string({ maxLength: 20 }), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 }), (table) => {
      const text = [['a', 'b', 'c'], ...table].map((r) => r.map((c) => `"${c.replaceAll('"', '""')}"`).join(',')).join('\r\n');
      expect(readTable(`${text}\r\n`)).toEqual([['a', 'b', 'c'], ...table]);
    }));
    expect(Object.values(deviceColumns).flatMap((c) => c.names).length).toBe(new Set(Object.values(deviceColumns).flatMap((c) => c.names)).size);
  });
});
