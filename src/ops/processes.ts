/**
 * What the machine can tell about processes, read from /proc: who lives, who holds a port, who works in a folder.
 * Elsewhere than on Linux the answers are empty and callers do without.
 */
import { readFileSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';

const read = (path: string): string => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };
const pids = (): number[] => { try { return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number); } catch { return []; } };
const statFields = (pid: number): string[] => { const stat = read(`/proc/${pid}/stat`); return stat.slice(stat.lastIndexOf(')') + 2).split(' '); };

/** Whether the process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  try { process.kill(pid, 0); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false; }
  return statFields(pid)[0] !== 'Z';
}

/** A mark that tells this process from a later one with the same pid, also after a reboot. Empty where /proc is not. */
export function birthMark(pid: number): string {
  const started = statFields(pid)[19];
  return started === undefined ? '' : `${read('/proc/sys/kernel/random/boot_id').trim()}:${started}`;
}

/** The command line, shortened for a message. */
function commandOf(pid: number): string {
  return (read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() || read(`/proc/${pid}/comm`).trim()).slice(0, 120);
}

/** Living processes of program `comm` whose working directory is `folder`. */
export function pidsIn(folder: string, comm: string): number[] {
  let real: string;
  try { real = realpathSync(folder); } catch { return []; }
  return pids().filter((pid) => {
    try { return readlinkSync(`/proc/${pid}/cwd`) === real && read(`/proc/${pid}/comm`).trim() === comm; } catch { return false; }
  });
}

/** Who listens on a TCP port of this machine; null when nobody, or nobody we may look into. */
export function portOwner(port: number): { pid: number; command: string } | null {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const line of read(table).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === '0A' && fields[1]?.endsWith(`:${hex}`) && fields[9] !== undefined) inodes.add(`socket:[${fields[9]}]`);
    }
  if (inodes.size === 0) return null;
  for (const pid of pids()) {
    let fds: string[];
    try { fds = readdirSync(`/proc/${pid}/fd`); } catch { continue; }
    for (const fd of fds) try { if (inodes.has(readlinkSync(`/proc/${pid}/fd/${fd}`))) return { pid, command: commandOf(pid) }; } catch { /* closed meanwhile */ }
  }
  return null;
}

/** Whether a listener could be opened on the port now; 0 always can. */
export function portIsFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** A port of 127.0.0.1 that is free at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
