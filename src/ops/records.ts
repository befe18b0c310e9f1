/**
 * Which supervisors use a data folder, as files in `<data>/run`: who owns the embedded database there, and which children a
 * life that was killed left behind. Pids are told apart from later ones by the moment of their birth.
 */
import { linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { birthMark, isAlive } from './processes.ts';

type Mark = { pid: number; birth: string };
export type LifeRecord = { supervisor: Mark; children: Mark[] };
export type Life = { children(pids: readonly number[]): void; end(): void };

const markOf = (pid: number): Mark => ({ pid, birth: birthMark(pid) });
const lives = (mark: Mark): boolean => isAlive(mark.pid) && birthMark(mark.pid) === mark.birth;
const parse = <T>(file: string): T | null => { try { return JSON.parse(readFileSync(file, 'utf8')) as T; } catch { return null; } };

/** Writes this supervisor's record and keeps its children in it. A disk that is full costs the record, not the house: `onError` is told. */
export function recordLife(data: string, onError: (error: Error) => void): Life {
  const folder = join(data, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `life-${process.pid}.json`);
  const write = (children: Mark[]): void => {
    const record: LifeRecord = { supervisor: markOf(process.pid), children };
    try {
      writeFileSync(`${file}.new`, JSON.stringify(record));
      renameSync(`${file}.new`, file);
    } catch (error) { onError(error as Error); }
  };
  write([]);
  return { children: (pids) => write(pids.map(markOf)), end: () => rmSync(file, { force: true }) };
}

/** Ends the children of supervisors that died without ending them: they end by themselves within `graceMs`, or are killed. `found`: there was such a supervisor. */
export async function endOrphans(data: string, graceMs: number): Promise<{ found: boolean; killed: number[] }> {
  const folder = join(data, 'run');
  const killed: number[] = [];
  let names: string[];
  try { names = readdirSync(folder).filter((name) => name.startsWith('life-')); } catch { return { found: false, killed }; }
  let found = false;
  for (const name of names) {
    const file = join(folder, name);
    const record = parse<LifeRecord>(file);
    if (record && lives(record.supervisor)) continue;
    found = true;
    let left = record?.children.filter(lives) ?? [];
    for (let waited = 0; left.length > 0 && waited < graceMs; waited += 50) { await sleep(50); left = left.filter(lives); }
    for (const { pid } of left) try { process.kill(pid, 'SIGKILL'); killed.push(pid); } catch { /* gone meanwhile */ }
    rmSync(file, { force: true });
  }
  return { found, killed };
}

/** Takes the folder's database for this process; the pid of the living owner when there is one. A dead owner's claim is taken over. */
export function claimDatabase(data: string): { owner: number | null; release(): void } {
  const folder = join(data, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'database.lock');
  const own = `${file}.${process.pid}`;
  const text = JSON.stringify(markOf(process.pid));
  writeFileSync(own, text);
  try {
    for (let tries = 0; tries < 20; tries++) {
      try {
        linkSync(own, file); // atomic: one of several that start together gets it
        return { owner: null, release: () => { if (readText(file) === text) rmSync(file, { force: true }); } };
      } catch { /* somebody's claim is there */ }
      const seen = readText(file);
      const owner = parse<Mark>(file);
      if (owner && lives(owner)) return { owner: owner.pid, release: () => {} };
      // Only the claim that was seen dead is removed, not one that was made meanwhile.
      const aside = `${own}.stale`;
      try { renameSync(file, aside); } catch { continue; }
      if (readText(aside) !== seen) try { linkSync(aside, file); } catch { /* a third one was first */ }
      rmSync(aside, { force: true });
    }
    return { owner: 0, release: () => {} };
  } finally {
    rmSync(own, { force: true });
  }
}

const readText = (file: string): string => { try { return readFileSync(file, 'utf8'); } catch { return ''; } };
