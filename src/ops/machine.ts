/** What the doctor asks the machine itself: disks, time synchronization, a UPS. What is not installed is not known. And its clocks. */
import { execFile } from 'node:child_process';
import { readFileSync, statSync, statfsSync, utimesSync } from 'node:fs';
import { uptime } from 'node:os';
import type { MachineFacts, Volume } from '#core/doctor.ts';

const toolMs = 3_000;
/** The output of a program; null when it is not there, fails or takes too long. */
export type RunTool = (command: string, args: readonly string[]) => Promise<string | null>;
const runTool: RunTool = (command, args) => new Promise((resolve) => {
  execFile(command, [...args], { timeout: toolMs, env: { ...process.env, LC_ALL: 'C' } }, (error, stdout) => resolve(error ? null : stdout));
});

/** `folders` in the order in which a disk that holds several is named. */
export async function readMachine(folders: Readonly<Partial<Record<Volume['name'], string>>>, run: RunTool = runTool): Promise<Omit<MachineFacts, 'spool'>> {
  const [synchronized, ups] = await Promise.all([readSynchronized(run), readUps(run)]);
  return { volumes: readVolumes(folders), synchronized, ups };
}

/** One line per disk: folders of the same disk are one, under the first name. */
function readVolumes(folders: Readonly<Partial<Record<Volume['name'], string>>>): Volume[] {
  const seen = new Set<number>();
  return Object.entries(folders).flatMap(([name, folder]) => {
    try {
      const { dev } = statSync(folder);
      const { bavail, blocks, bsize } = statfsSync(folder);
      if (seen.has(dev)) return [];
      seen.add(dev);
      return [{ name: name as Volume['name'], freeBytes: bavail * bsize, totalBytes: blocks * bsize }];
    } catch { return []; }
  });
}

/** Whether both are on one disk; null when one cannot be seen. */
export function onSameDisk(one: string, other: string): boolean | null {
  try { return statSync(one).dev === statSync(other).dev; } catch { return null; }
}

async function readSynchronized(run: RunTool): Promise<boolean | null> {
  const said = (await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']))?.trim();
  return said === 'yes' ? true : said === 'no' ? false : null;
}

/** apcupsd first, then the first UPS of nut. */
async function readUps(run: RunTool): Promise<MachineFacts['ups']> {
  const apc = await run('apcaccess', ['status']);
  const field = (text: string, name: string): string | undefined => new RegExp(`^${name}\\s*: *(.+?) *$`, 'm').exec(text)?.[1];
  const percent = (text: string | undefined): number | null => (text === undefined || Number.isNaN(Number.parseFloat(text)) ? null : Number.parseFloat(text));
  const state = apc === null ? undefined : field(apc, 'STATUS');
  if (apc !== null && state !== undefined) return { state, onMains: /ONLINE/.test(state) && !/REPLACEBATT|LOWBATT/.test(state), charge: percent(field(apc, 'BCHARGE')) };
  const first = (await run('upsc', ['-l']))?.split('\n')[0]?.trim();
  const nut = first ? await run('upsc', [first]) : null;
  const status = nut === null ? undefined : field(nut, 'ups\\.status');
  return nut === null || status === undefined ? null : { state: status, onMains: /\bOL\b/.test(status) && !/\b(RB|LB)\b/.test(status), charge: percent(field(nut, 'battery\\.charge')) };
}

/** The machine's own clock: for the doctor to hold the database's against, and for what outlives a process while the database's clock is away. */
export const machineNow = (): number => Date.now();
/** Milliseconds since the machine started: the same for all processes, and no step of the clock moves it. */
export const uptimeMs = (): number => uptime() * 1000;
/** Marks a file that is there with the uptime; its age is told by it (fileAgeMs). */
export const stampFile = (file: string): void => utimesSync(file, uptimeMs() / 1_000, uptimeMs() / 1_000);
const skewMs = 1_000;
/** Milliseconds since a file was stamped; infinite for one from before the machine's last start. Throws when there is none. */
export function fileAgeMs(file: string): number {
  const age = uptimeMs() - statSync(file).mtimeMs;
  return age < -skewMs ? Number.POSITIVE_INFINITY : age;
}
/** Tells one life of the machine from the next; empty where it does not say. */
export function bootOf(): string {
  try { return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(); } catch { return ''; }
}
