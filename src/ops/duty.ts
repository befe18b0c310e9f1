/**
 * The flag of a standby on duty, on this machine's disk: what it works on is not worked on by others meanwhile. A flag that nobody
 * refreshes means nothing (its process is dead or was held), and a worker that has waited long enough for the handover relieves it: it
 * hands over in standby's place what that had written down (`relief`), and as long as the worker goes on, standby sends nothing.
 * Ages are by the machine's uptime, which no clock step moves.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '#core/ids.ts';
import { limits } from '#core/limits.ts';
import { fileAgeMs, stampFile } from './machine.ts';

/** Hands over to the database what standby had written down, in its place. Throws when it cannot. */
export type Relief = () => Promise<void>;

/** away: the whole alarm path is standby's; events: only what stands in the spools. */
export type DutyMode = 'away' | 'events';
export type Duty = {
  /** Whether it is ours still, and fresh; nothing is sent without it. A flag that let go by itself is not taken up again, but begun anew. */ held(): boolean;
  /** Whether a worker has relieved somebody and still goes on. */ relieved(): boolean;
  /** It hands over in its place just now. */ relieving(): boolean;
  begin(mode: DutyMode): void; refresh(): void; /** Its flag, and any other: its caller is the newest. */ end(): void;
};
/** relieving: a worker hands over in standby's place, all others wait; relieved: it goes on, whatever standby had done. */
type Flag = { token: string; mode: DutyMode | 'relieving' | 'relieved'; fresh: boolean };
const byWorker = (flag: Flag): boolean => flag.mode === 'relieving' || flag.mode === 'relieved';

const fileOf = (data: string): string => join(data, 'standby', 'duty.json');

export function openDuty(data: string, token: string): Duty {
  const file = fileOf(data);
  let bare = false;
  const held = (): boolean => {
    const flag = read(file);
    return flag === null ? bare : flag.token === token && !byWorker(flag) && flag.fresh;
  };
  const begin = (mode: DutyMode): void => {
    // A disk without room for a flag must not keep anybody from being called: whoever gets the database back first then does not wait for us.
    try { write(file, { token, mode }); bare = false; } catch { rmSync(file, { force: true }); bare = true; }
  };
  return {
    held, begin,
    relieved() { const flag = read(file); return flag !== null && byWorker(flag) && flag.fresh; },
    relieving() { const flag = read(file); return flag?.mode === 'relieving' && flag.fresh; },
    refresh() { if (held() && !bare) touch(file); },
    end() { bare = false; rmSync(file, { force: true }); },
  };
}

/** Whether a standby is on duty, or somebody hands over in its place. */
export function onDuty(data: string): () => boolean {
  const file = fileOf(data);
  return () => { const flag = read(file); return flag?.fresh === true && flag.mode !== 'relieved'; };
}

/**
 * Whether to hold back for a standby on duty. With `patienceMs` the caller, who has the database whenever it asks, waits so long and then
 * relieves standby, until its handover or until the caller asks no more. With `relief` it hands over in its place first, also for one that
 * is dead; everybody waits for that, and where it fails or takes longer than limits.reliefMs they go on without it: an alarm must not stand.
 */
export function dutyGate(data: string, modes: readonly DutyMode[], patienceMs: number | null, relief: Relief | null = null): () => boolean {
  const file = fileOf(data);
  let [since, asked, busy]: [number | null, number, boolean] = [null, 0, false];
  const relieve = (hand: Relief): void => {
    busy = true;
    // Of two workers that began at once the later one has the flag, and alone says what becomes of it.
    const own = `${process.pid}-${newId('', 8)}`;
    const ours = (): boolean => { const flag = read(file); return flag?.mode === 'relieving' && flag.token === own; };
    put(file, { token: own, mode: 'relieving' });
    const refresh = setInterval(() => { if (ours()) touch(file); }, limits.standbyFlagMs / 10);
    void within(hand(), limits.reliefMs).then(() => { if (ours()) rmSync(file, { force: true }); }, () => { if (ours()) put(file, { token: own, mode: 'relieved' }); }).catch(() => {}).finally(() => { clearInterval(refresh); busy = false; });
  };
  return () => {
    if (busy) return true;
    const flag = read(file);
    if (flag === null) { since = null; return false; }
    if (flag.mode === 'relieved') { if (patienceMs !== null) touch(file); since = null; return false; }
    if (!flag.fresh && relief) { relieve(relief); return true; }
    if (flag.fresh && flag.mode === 'relieving') return true;
    if (!flag.fresh || flag.mode === 'relieving' || !modes.includes(flag.mode)) { since = null; return false; }
    // Only time in which the caller came so far counts: it asks when it has the database.
    if (performance.now() - asked > limits.standbyFlagMs / 2) since = null;
    asked = performance.now();
    since ??= asked;
    if (patienceMs === null || performance.now() - since < patienceMs) return true;
    since = null;
    if (relief) { relieve(relief); return true; }
    put(file, { token: flag.token, mode: 'relieved' });
    return false;
  };
}

/** A disk that takes nothing: without a flag standby sends nothing either. */
function put(file: string, flag: Pick<Flag, 'token' | 'mode'>): void {
  try { write(file, flag); } catch { rmSync(file, { force: true }); }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([work, new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms); })]);
  } finally { clearTimeout(timer); }
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
