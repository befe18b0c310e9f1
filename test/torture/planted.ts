/** Sources with one planted fault, for the controls: a checker that stays green on them checks nothing. */
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Fault = { file: string; find: RegExp; put: string };

/** A copy of the checkout's sources with the faults in them; throws when a fault finds nothing to change. */
export function plant(root: string, name: string, faults: readonly Fault[]): string {
  const copy = mkdtempSync(join(tmpdir(), `anling-planted-${name}-`));
  for (const part of ['src', 'migrations', 'device-simulators', 'dashboards', 'test/sim', 'test/harness', 'vitest.config.ts', 'package.json', 'package-lock.json', 'tsconfig.json']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const fault of faults) {
    const file = join(copy, fault.file);
    const before = readFileSync(file, 'utf8');
    const after = before.replace(fault.find, fault.put);
    if (after === before) throw new Error(`the fault for ${fault.file} finds no ${fault.find} any more: plant it anew`);
    writeFileSync(file, after);
  }
  return copy;
}
