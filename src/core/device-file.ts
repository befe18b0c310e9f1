/**
 * A file of devices as a county's buyer or a maker sends it: a table with a line of column names, Chinese or English, comma, semicolon or tab.
 * Pure: text -> rows with what is wrong with each cell. Whoever sends it again means the same devices, so each line must name one.
 */
import { charCount } from './registry.ts';

/** Why a cell is refused: not of its shape, another one on file, twice in the file, an id that is taken, a line that names no device, a number or a day that stands where a text must. */
export const cellFaults = ['wrong', 'differs', 'twice', 'taken', 'nameless', 'number'] as const;
/** A cell as it stands: of a text file always a text; of a spreadsheet also a number, by its digits as they are stored, or a day, yyyy-MM-dd. */
export type FileCell = string | { number: string } | { day: string };
export type CellProblem = { field: string; why: (typeof cellFaults)[number]; expected: string; found: string };
export type DeviceFileRow = {
  /** of the file, the column names are line 1 */ line: number; problems: CellProblem[];
  cells: { id?: string; model?: string; serial?: string; homeId?: string; personId?: string; room?: string; cell?: string; status?: 'stock' | 'installed'; door?: string; doorKey?: string; doorSecret?: string; phone?: string; simUntil?: string };
};
export type DeviceField = keyof DeviceFileRow['cells'];
type Column = { names: readonly string[]; max: number; shape?: RegExp; expected: string; /** numbers that cannot have lost a zero or a digit; none: only a text will do */ whole?: RegExp };

/** The columns, the first name of each as the template has it. */
export const deviceColumns: Readonly<Record<DeviceField, Column>> = {
  id: { names: ['编号', 'id'], max: 64, shape: /^[A-Za-z0-9_-]+$/, expected: 'letters, digits, _ and -, at most 64; empty: one is made' },
  model: { names: ['型号', 'model'], max: 64, expected: 'a model of the catalogue' },
  serial: { names: ['序列号', 'serial', 'sn'], max: 64, expected: 'at most 64 characters' },
  homeId: { names: ['户编号', 'homeid', 'home'], max: 64, shape: /^[A-Za-z0-9_-]+$/, expected: 'the id of a home' },
  personId: { names: ['佩戴人编号', 'personid', 'person'], max: 64, shape: /^[A-Za-z0-9_-]+$/, expected: 'the id of a person' },
  room: { names: ['房间', 'room'], max: 40, whole: /^\d{1,6}$/, expected: 'at most 40 characters' },
  cell: { names: ['基站小区', 'cell'], max: 40, whole: /^\d{1,15}$/, expected: 'at most 40 characters' },
  status: { names: ['状态', 'status'], max: 20, expected: '库存 (stock) or 已装 (installed)' },
  door: { names: ['厂商接入', 'door'], max: 40, shape: /^[a-z0-9][a-z0-9-]*$/, expected: 'the name of a vendor’s door' },
  doorKey: { names: ['厂商编号', 'doorkey', 'imei'], max: 128, shape: /^[!-~]+$/, whole: /^[1-9]\d{14}$/, expected: 'what the vendor calls it: the IMEI where there is one' },
  doorSecret: { names: ['厂商密钥', 'doorsecret'], max: 200, expected: 'at most 200 characters' },
  simUntil: { names: ['SIM到期', 'simuntil', 'sim'], max: 10, shape: /^\d{4}-\d\d-\d\d$/, expected: 'a day, yyyy-MM-dd' },
  phone: { names: ['电话号码', 'phone'], max: 24, whole: /^1\d{10}$/, expected: 'a telephone number' },
};
const statuses: Readonly<Record<string, 'stock' | 'installed'>> = { 库存: 'stock', 在库: 'stock', stock: 'stock', 已装: 'installed', 已安装: 'installed', installed: 'installed' };
const fields = Object.keys(deviceColumns) as DeviceField[];

/** Cells of a table by RFC 4180, whatever ends its lines; the separator is the one that its first line has most of. */
export function readTable(text: string): string[][] {
  const plain = text.replace(/^\uFEFF/, '');
  const [head = ''] = plain.split(/\r?\n/, 1);
  const separator = [',', '\t', ';', '，'].map((s) => [s, head.split(s).length] as const).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < plain.length; i++) {
    const c = plain[i] as string;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (plain[i + 1] === '"') { cell += '"'; i++; }
      else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === separator) { row.push(cell); cell = ''; }
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && plain[i + 1] === '\n') i++;
      rows.push([...row, cell]); row = []; cell = '';
    } else cell += c;
  }
  if (cell !== '' || row.length > 0) rows.push([...row, cell]);
  return rows;
}

/** What a program of sheets makes of a long number, and what it writes where a formula has failed. */
const rounded = /^\d(\.\d+)?E\+\d{1,3}$/i;
const failed = /^#(N\/A|REF!|VALUE!|DIV\/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!)$/;
const shown = (cell: FileCell | undefined): string => (cell === undefined ? '' : typeof cell === 'string' ? cell : 'number' in cell ? cell.number : cell.day).trim();

const fieldOf = (name: string): DeviceField | null => {
  const plain = name.trim().toLowerCase().replace(/[\s_*]/g, '');
  return fields.find((field) => deviceColumns[field].names.some((n) => n.toLowerCase() === plain)) ?? null;
};

/** The file's rows, empty lines left out; or what is wrong with its column names. `rowsMax`: lines that are read. */
export const readDeviceFile = (text: string, rowsMax: number): DeviceFile => readDeviceTable(readTable(text), rowsMax);

export type DeviceFile = { rows: DeviceFileRow[] } | { problem: 'empty' | 'columns' | 'long'; expected: string; found: string };
/** The same of a table, a spreadsheet's for one. */
export function readDeviceTable([names, ...table]: readonly (readonly FileCell[])[], rowsMax: number): DeviceFile {
  const head = names?.map(shown);
  const lines = table.map((cells, i) => ({ cells, line: i + 2 })).filter(({ cells }) => cells.some((c) => shown(c) !== ''));
  if (!head || lines.length === 0) return { problem: 'empty', expected: 'a line of column names and at least one device', found: '' };
  if (lines.length > rowsMax) return { problem: 'long', expected: `at most ${rowsMax} devices in one file`, found: String(lines.length) };
  const columns = head.map(fieldOf);
  const unknown = head.filter((name, i) => columns[i] === null && name.trim() !== '');
  const twice = head.filter((_, i) => columns[i] !== null && columns.indexOf(columns[i] ?? null) !== i);
  if (unknown.length + twice.length > 0 || !columns.includes('model')) return { problem: 'columns', expected: fields.map((f) => deviceColumns[f].names[0]).join(', '), found: [...unknown, ...twice].join(', ') || head.join(', ') };
  return { rows: lines.map(({ cells, line }) => readRow(line, columns, cells)) };
}

function readRow(line: number, columns: readonly (DeviceField | null)[], values: readonly FileCell[]): DeviceFileRow {
  const row: DeviceFileRow = { line, cells: {}, problems: [] };
  for (const [i, field] of columns.entries()) {
    const cell = values[i];
    const found = shown(cell);
    if (field === null || found === '') continue;
    const { max, shape, expected, whole } = deviceColumns[field];
    if (notText(field, cell, found, whole)) { row.problems.push({ field, why: 'number', expected: 'a text: a number loses its leading zeros and what comes after the fifteenth digit', found: found.slice(0, 80) }); continue; }
    const status = field === 'status' ? statuses[found.toLowerCase()] : undefined;
    if (charCount(found) > max || (shape && !shape.test(found)) || failed.test(found) || (field === 'status' && status === undefined)) row.problems.push({ field, why: 'wrong', expected, found: found.slice(0, 80) });
    else row.cells = { ...row.cells, [field]: status ?? found };
  }
  const { id, serial, door, doorKey, model } = row.cells;
  if (model === undefined && !row.problems.some((p) => p.field === 'model')) row.problems.push({ field: 'model', why: 'wrong', expected: deviceColumns.model.expected, found: '' });
  if (id === undefined && serial === undefined && (door === undefined || doorKey === undefined) && row.problems.length === 0) row.problems.push({ field: 'serial', why: 'nameless', expected: 'an id, a serial number, or what its vendor calls it: else nobody knows it when the file is sent again', found: '' });
  return row;
}

/** Whether a number or a day stands where a text must: the digits that made it a name may be gone. A day is only one where a day belongs. */
function notText(field: DeviceField, cell: FileCell | undefined, found: string, whole: RegExp | undefined): boolean {
  if (typeof cell !== 'object') return (field === 'doorKey' || field === 'serial') && rounded.test(found);
  if ('day' in cell) return field !== 'simUntil';
  return !(whole ?? /^$/).test(found);
}

/** What two lines of one file may not have in common: the names of a device. */
export function namesOf({ cells: { id, model, serial, door, doorKey } }: DeviceFileRow): [DeviceField, string][] {
  return [...(id === undefined ? [] : [['id', `id ${id}`] as [DeviceField, string]]), ...(serial === undefined ? [] : [['serial', `serial ${model} ${serial}`] as [DeviceField, string]]),
    ...(door === undefined || doorKey === undefined ? [] : [['doorKey', `door ${door} ${doorKey}`] as [DeviceField, string]])];
}

/** Marks lines that name a device which an earlier line names. */
export function markTwice(rows: readonly DeviceFileRow[]): void {
  const first = new Map<string, number>();
  for (const row of rows) for (const [field, name] of namesOf(row)) {
    const before = first.get(name);
    if (before === undefined) first.set(name, row.line);
    else if (before !== row.line) row.problems.push({ field, why: 'twice', expected: `another one than line ${before}`, found: row.cells[field] ?? '' });
  }
}
