/** The processes of one house: found by /proc, and killed without warning. */
import { readFileSync, readdirSync } from 'node:fs';
import type { Role } from '#config';

export type Victim = Role | 'supervisor' | 'database';
/** What the torture kills. */
export const victims: readonly Victim[] = ['edge', 'worker', 'web', 'supervisor', 'database'];

const read = (path: string): string => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };

/** Pids of the descendants of `root`, itself first. */
export function descendants(root: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const out: number[] = [];
  const walk = (pid: number): void => { out.push(pid); for (const child of parents.get(pid) ?? []) walk(child); };
  walk(root);
  return out;
}

/** The pids that make up `victim` under `supervisor`; the whole database, busy backends included. Empty when it is not up. */
export function pidsOf(victim: Victim | 'auditor', supervisor: number, dataFolder: string): number[] {
  if (victim === 'supervisor') return [supervisor];
  if (victim === 'database') {
    const postmaster = Number(read(`${dataFolder}/pg/postmaster.pid`).split('\n')[0]);
    return postmaster > 0 && read(`/proc/${postmaster}/stat`) !== '' ? descendants(postmaster) : [];
  }
  // A supervisor may be named by its one role too: it is not meant.
  return descendants(supervisor).slice(1).filter((pid) => {
    const argv = read(`/proc/${pid}/cmdline`).split('\0');
    return argv.some((a, i) => (a === '--role' && argv[i + 1] === victim) || a === `--role=${victim}`);
  });
}

/** `kill -9` of every pid; those that ended by themselves meanwhile are passed over. */
export function killHard(pids: readonly number[]): number {
  return signalAll(pids, 'SIGKILL');
}

/** A signal to every pid that is still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): number {
  let told = 0;
  for (const pid of pids) try { process.kill(pid, signal); told++; } catch { /* gone already */ }
  return told;
}
