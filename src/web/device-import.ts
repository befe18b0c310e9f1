/**
 * A file of devices against the file of the county: which lines are new, which are there already as they say, which are wrong and why. Read twice,
 * by the dry run and by the registration, so that nothing is written that was not seen before.
 */
import { type CellProblem, type DeviceField, type DeviceFileRow, markTwice, namesOf } from '#core/device-file.ts';
import type { Caller } from '#core/user.ts';
import { type DeviceOnFile, devicesOnFile, type NewDevice } from '#store/device-registry.ts';
import type { Sql } from '#store/pool.ts';
import type { Seal } from '#store/seal.ts';
import { seesRegion } from './access.ts';
import type { Problems } from './registry.ts';
import { prepareDevices } from './registry-checks.ts';

export type ImportLine = { line: number; result: 'new' | 'there' | 'wrong'; id: string | null; problems: CellProblem[] };
export type Import = { lines: ImportLine[]; made: { line: number; device: NewDevice; secret: string }[] };

/** What a line and the row it names may not have differently; where a device is installed by now is not the file's matter. */
const compared = ['model', 'serial', 'homeId', 'personId', 'room', 'cell', 'door', 'doorKey'] as const satisfies readonly DeviceField[];

export async function judgeImport(c: { sql: Sql; seal: Seal; caller: Caller }, rows: readonly DeviceFileRow[], secret: () => string): Promise<Import> {
  markTwice(rows);
  const known = await devicesOnFile(c.sql, {
    ids: rows.flatMap((r) => r.cells.id ?? []), serials: rows.flatMap((r) => r.cells.serial ?? []), names: rows.flatMap(({ cells: { door, doorKey } }) => (door !== undefined && doorKey !== undefined ? [{ door, key: doorKey }] : [])),
  });
  const byName = new Map<string, DeviceOnFile[]>();
  for (const d of known.filter((k) => seesRegion(c.caller.scopeCode, k.regionCode))) for (const name of [`id ${d.id}`, `serial ${d.model} ${d.serial}`, ...(d.door !== null && d.doorKey !== null ? [`door ${d.door} ${d.doorKey}`] : [])]) byName.set(name, [...(byName.get(name) ?? []), d]);
  const lines = rows.map((row) => judged(row, byName));
  const fresh = rows.filter((row, i) => lines[i]?.result === 'new' && row.cells.model !== undefined);
  const found: { row: number; field: string; expected: string; taken: boolean }[] = [];
  const problems: Problems = { add: (row, field, expected, taken = false) => { found.push({ row, field, expected, taken }); }, throwIfAny() {} };
  const made = fresh.length === 0 ? [] : await prepareDevices({ ...c, problems }, fresh.map(({ cells }) => ({ ...cells, model: cells.model ?? '' })), secret);
  for (const { row, field, expected, taken } of found) {
    const at = lines.find((l) => l.line === fresh[row]?.line);
    if (!at) continue;
    at.result = 'wrong';
    at.problems.push({ field, why: taken ? 'taken' : 'wrong', expected, found: String(fresh[row]?.cells[field as DeviceField] ?? '') });
  }
  const good = made.map((m, i) => ({ line: fresh[i]?.line ?? 0, ...m })).filter(({ line }) => lines.some((l) => l.line === line && l.result === 'new'));
  return { lines, made: good };
}

function judged(row: DeviceFileRow, byName: ReadonlyMap<string, readonly DeviceOnFile[]>): ImportLine {
  const one: ImportLine = { line: row.line, result: 'new', id: row.cells.id ?? null, problems: [...row.problems] };
  const devices = new Map(namesOf(row).flatMap(([, name]) => byName.get(name) ?? []).map((d) => [d.id, d]));
  if (devices.size > 1) one.problems.push({ field: 'serial', why: 'differs', expected: `one device: these are ${[...devices.keys()].slice(0, 5).join(', ')}`, found: row.cells.serial ?? row.cells.doorKey ?? row.cells.id ?? '' });
  const [device] = devices.values();
  if (device && devices.size === 1) {
    one.id = device.id;
    for (const field of compared) {
      const [there, here] = [device[field], row.cells[field]];
      if (here !== undefined && there !== here) one.problems.push({ field, why: 'differs', expected: there ?? '', found: here });
    }
    if (row.cells.id !== undefined && row.cells.id !== device.id) one.problems.push({ field: 'id', why: 'differs', expected: device.id, found: row.cells.id });
    one.result = 'there';
  }
  if (one.problems.length > 0) one.result = 'wrong';
  return one;
}
