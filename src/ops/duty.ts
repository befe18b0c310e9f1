/**
 * The flag of a standby on duty, on this machine's disk: what it works on is not worked on by others meanwhile. A flag that nobody
 * refreshes means nothing (its process is dead or was held: at-least-once holds), and a worker that has waited long enough for the handover
 * relieves it: as long as the worker goes on, standby sends nothing. Ages are by the machine's uptime, which no clock step moves.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { limits } from '#core/limits.ts';
import { fileAgeMs, stampFile } from './machine.ts';

/** away: the whole alarm path is standby's; events: only what stands in the spools. */
export type DutyMode = 'away' | 'events';
export type Duty = {
  /** Whether it is ours still, and fresh; nothing is sent without it. A flag that let go by itself is not taken up again, but begun anew. */ held(): boolean;
  /** Whether a worker has relieved somebody and still goes on. */ relieved(): boolean;
  begin(mode: DutyMode): void; refresh(): void; /** Its flag, and any other: its caller is the newest. */ end(): void;
};
type Flag = { token: string; mode: DutyMode | 'relieved'; fresh: boolean };

const fileOf = (data: string): string => join(data, 'standby', 'duty.json');

export function openDuty(data: string, token: string): Duty {
  const file = fileOf(data);
  let bare = false;
  const held = (): boolean => {
    const flag = read(file);
    return flag === null ? bare : flag.token === token && flag.mode !== 'relieved' && flag.fresh;
  };
  const begin = (mode: DutyMode): void => {
    // A disk without room for a flag must not keep anybody from being called: whoever gets the database back first then does not wait for us.
    try { write(file, { token, mode }); bare = false; } catch { rmSync(file, { force: true }); bare = true; }
  };
  return {
    held, begin,
    relieved() { const flag = read(file); return flag?.mode === 'relieved' && flag.fresh; },
    refresh() { if (held() && !bare) touch(file); },
    end() { bare = false; rmSync(file, { force: true }); },
  };
}

/**
 * Whether to hold back for a standby on duty. With `patienceMs` the caller, who has the database whenever it asks, waits so long and
 * then relieves standby, until its handover or until the caller asks no more.
 */
export function dutyGate(data: string, modes: readonly DutyMode[], patienceMs: number | null): () => boolean {
  const file = fileOf(data);
  let since: number | null = null;
  let asked = 0;
  return () => {
    const flag = read(file);
    if (patienceMs !== null && flag?.mode === 'relieved') touch(file);
    if (flag === null || flag.mode === 'relieved' || !modes.includes(flag.mode) || !flag.fresh) { since = null; return false; }
    // Only time in which the caller came so far counts: it asks when it has the database.
    if (performance.now() - asked > limits.standbyFlagMs / 2) since = null;
    asked = performance.now();
    since ??= asked;
    if (patienceMs === null || performance.now() - since < patienceMs) return true;
    since = null;
    // A disk that takes nothing: without a flag standby sends nothing either.
    try { write(file, { token: flag.token, mode: 'relieved' }); } catch { rmSync(file, { force: true }); }
    return false;
  };
}

function write(file: string, flag: Pick<Flag, 'token' | 'mode'>): void {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(flag), { mode: 0o600 });
  touch(fresh);
  renameSync(fresh, file);
}

/** Its time of change is the uptime. A file that has just gone needs none. */
function touch(file: string): void {
  try { stampFile(file); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; }
}

function read(file: string): Flag | null {
  try {
    const flag = JSON.parse(readFileSync(file, 'utf8')) as Pick<Flag, 'token' | 'mode'>;
    return { ...flag, fresh: fileAgeMs(file) <= limits.standbyFlagMs };
  } catch {
    return null;
  }
}
