/**
 * The echo of commits: whoever changes an emergency writes how it stands, once the commit is known, into a sealed file of this machine, and
 * standby follows these files. What the database had taken a moment before it went away is then known without it, and made no second time:
 * also which urgent events were evaluated, for one whose edge has not heard of its commit stands in a spool all the same.
 */
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '#core/change.ts';
import { limits } from '#core/limits.ts';
import { bootOf, machineNow, uptimeMs } from '#ops/machine.ts';
import type { Seal } from './seal.ts';
import { sealed, unsealed } from './sealed-value.ts';

/** Alert and timers whole; of engagements and contacts what the writer knew. */
export type Echoed = Pick<Case, 'alert' | 'timers' | 'engagements' | 'contacted'> & { /** uptime of the machine; 0: of its life before this one */ upMs: number; /** the database's clock in that transaction */ nowMs: number };
/** `evaluated`: ingest ids of urgent events. */
export type Echoes = { cases: Echoed[]; evaluated: string[]; /** Which life of the machine; absent: of the release before. */ boot?: string };
export type Echo = { /** A disk that takes nothing changes nothing: standby then knows what its last look told it. */ wrote(cases: readonly Case[], nowMs: number, evaluated?: readonly string[]): void };

const label = 'standby.echo';
const headBytes = 4;
const folderOf = (data: string): string => join(data, 'standby', 'echo');

export function openEcho(data: string, seal: Seal, boot = bootOf()): Echo {
  let fd: number | null = null;
  let size = 0;
  const open = (): number => {
    const folder = folderOf(data);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) if (machineNow() - statSync(join(folder, name)).mtimeMs > limits.echoKeptMs) rmSync(join(folder, name), { force: true });
    return openSync(join(folder, `${process.pid}-${Math.round(uptimeMs())}`), 'a', 0o600);
  };
  return {
    wrote(cases, nowMs, evaluated = []) {
      if (cases.length === 0 && evaluated.length === 0) return;
      try {
        fd ??= open();
        if (size > limits.echoBytes) { ftruncateSync(fd); size = 0; } // its reader comes five times a second
        const upMs = uptimeMs();
        const body = sealed(seal, label, { cases: cases.map(({ alert, timers, engagements, contacted }): Echoed => ({ alert, timers, engagements, contacted, upMs, nowMs })), evaluated: [...evaluated], boot } satisfies Echoes);
        const head = Buffer.alloc(headBytes);
        head.writeUInt32BE(body.length);
        size += writeSync(fd, Buffer.concat([head, body]));
      } catch { /* see Echo */ }
    },
  };
}

/** Follows the files of all writers; answers what is new, in the order of each of them. */
export function followEchoes(data: string, seal: Seal): () => Echoes {
  const now = bootOf();
  const folder = folderOf(data);
  const read = new Map<string, number>();
  return () => {
    const fresh: Echoes = { cases: [], evaluated: [] };
    if (!existsSync(folder)) return fresh;
    for (const name of readdirSync(folder)) {
      try {
        const { size } = statSync(join(folder, name));
        const from = read.get(name) ?? 0;
        if (size === from) continue;
        const { records, end } = recordsOf(join(folder, name), from > size ? 0 : from, size);
        read.set(name, end);
        for (const body of records) {
          const echoed = unsealed<Echoes | Echoed[]>(seal, label, body); // a list alone: of the release before
          const { cases, evaluated, boot = now }: Echoes = Array.isArray(echoed) ? { cases: echoed, evaluated: [] } : echoed;
          fresh.cases.push(...(boot === now ? cases : cases.map((e) => ({ ...e, upMs: 0 }))));
          fresh.evaluated.push(...evaluated);
        }
      } catch {
        read.set(name, Number.MAX_SAFE_INTEGER); // begun anew, or not ours: from its beginning with the next look
      }
    }
    for (const name of read.keys()) if (!existsSync(join(folder, name))) read.delete(name);
    return fresh;
  };
}

/** Whole records only; one that is being written comes with the next look. */
function recordsOf(file: string, from: number, size: number): { records: Buffer[]; end: number } {
  const bytes = Buffer.alloc(size - from);
  const fd = openSync(file, 'r');
  let got = 0;
  try { got = readSync(fd, bytes, 0, bytes.length, from); } finally { closeSync(fd); }
  const records: Buffer[] = [];
  let at = 0;
  while (at + headBytes <= got) {
    const length = bytes.readUInt32BE(at);
    if (length > limits.echoBytes * 2) throw new Error('not the beginning of a record');
    if (at + headBytes + length > got) break;
    records.push(bytes.subarray(at + headBytes, at + headBytes + length));
    at += headBytes + length;
  }
  return { records, end: from + at };
}
