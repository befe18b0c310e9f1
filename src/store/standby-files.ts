/** Sealed values and the snapshot files of standby below data/standby, renamed into place whole. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { bootOf, machineNow, uptimeMs } from '#ops/machine.ts';
import type { Seal } from './seal.ts';

export function sealed(seal: Seal, label: string, value: unknown): Buffer {
  return seal.seal(label, serialize(value).toString('base64'));
}
export function unsealed<T>(seal: Seal, label: string, bytes: Uint8Array): T {
  return deserialize(Buffer.from(seal.open(label, bytes), 'base64')) as T;
}

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
