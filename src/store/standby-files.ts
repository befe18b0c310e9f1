/** The sealed snapshot files of standby below data/standby, renamed into place whole. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootOf, machineNow, uptimeMs } from '#ops/machine.ts';
import type { Seal } from './seal.ts';
import { sealed, unsealed } from './sealed-value.ts';

type Dated<T> = { value: T; boot: string; upMs: number; wallMs: number };

export function writeSnapshot(folder: string, name: string, seal: Seal, value: unknown): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, sealed(seal, `standby.${name}`, { value, boot: bootOf(), upMs: uptimeMs(), wallMs: machineNow() } satisfies Dated<unknown>), { mode: 0o600, flush: true });
  renameSync(fresh, file);
}

/** With its age, by the clock of this machine only across its restart; null when there is none that can be read. */
export function readSnapshot<T>(folder: string, name: string, seal: Seal): { value: T; ageMs: number } | null {
  try {
    const { value, boot, upMs, wallMs } = unsealed<Dated<T>>(seal, `standby.${name}`, readFileSync(join(folder, name)));
    return { value, ageMs: Math.max(0, boot === bootOf() ? uptimeMs() - upMs : machineNow() - wallMs) };
  } catch {
    return null;
  }
}
