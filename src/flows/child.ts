/** One life of the contained process: what it is started with, what it says, its end. */
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { limits } from '#core/limits.ts';
import type { FromHost, ToHost } from './messages.ts';

export type Life = { readonly pid: number | undefined; send(message: ToHost): void; kill(): void; stop(boundMs: number): Promise<void> };
export type LifeOptions = { root: string; userDir: string; onMessage(message: FromHost): void; onLine(line: string): void; /** once */ onEnd(how: string): void };

/** The files that Node-RED needs: the packages, our nodes, this folder; its own folder alone may it write. Node's SQLite asks no permission (24.21: it opens any file), so it is not there. */
function permissions(root: string, userDir: string): string[] {
  const modules = join(root, 'node_modules');
  const read = [modules, realpathSync(modules), join(root, 'package.json'), join(root, 'flows', 'nodes'), join(root, 'flows', 'ready'), join(root, 'src', 'flows'), userDir];
  return ['--permission', ...[...new Set(read)].filter((path) => path === userDir || existsSync(path)).map((path) => `--allow-fs-read=${path}`), `--allow-fs-write=${userDir}`, `--max-old-space-size=${limits.flowsHeapMb}`, '--no-experimental-sqlite'];
}

const niceness = 10;
const severedMs = 100;

export function startLife({ root, userDir, onMessage, onLine, onEnd }: LifeOptions): Life {
  const child = fork(join(root, 'src', 'flows', 'host.ts'), [], { cwd: userDir, env: {}, execArgv: permissions(root, userDir), stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'json' });
  // Where the machine is short of time the alarm path comes first; a tenth is enough for a beat.
  try { if (child.pid !== undefined) setPriority(child.pid, niceness); } catch { /* it has ended already */ }
  let [ended, severed] = [false, false];
  const end = (how: string): void => { if (!ended) { ended = true; onEnd(how); } };
  child.on('message', (message) => { if (!ended) onMessage(message as FromHost); });
  child.on('error', (error) => { if (child.pid === undefined) end(error.message); });
  child.once('exit', (code, signal) => end(severed ? 'closed its channel' : code === null ? String(signal) : `exit ${code}`));
  // Who cuts his channel has no beat to show any more; he is not waited for. The channel of a dead process closes too, a moment before its end is known.
  child.once('disconnect', () => { setTimeout(() => { if (child.exitCode === null && child.signalCode === null) { severed = true; child.kill('SIGKILL'); } }, severedMs); });
  for (const stream of [child.stdout, child.stderr]) lines(stream, onLine);
  return {
    pid: child.pid, send(message) { if (child.connected) child.send(message, () => {}); }, kill: () => { child.kill('SIGKILL'); },
    stop: (boundMs) => stop(child, boundMs),
  };
}

async function stop(child: ChildProcess, boundMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
  child.kill('SIGTERM');
  const bound = setTimeout(() => child.kill('SIGKILL'), boundMs);
  await gone;
  clearTimeout(bound);
}

function lines(stream: NodeJS.ReadableStream | null, take: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = (parts.pop() ?? '').slice(-4096);
    for (const part of parts) if (part.trim() !== '') take(part.slice(0, 2_000));
  });
}

/** The node that took a message last, as the child wrote it before the node ran. */
export function lastNode(userDir: string): { tab: string; node: string; name: string } | null {
  try {
    const [tab = '', node = '', name = ''] = (readFileSync(join(userDir, '.last-node'), 'utf8').split('\n')[0] ?? '').split('\t');
    return node === '' ? null : { tab, node, name: name.trim() };
  } catch { return null; }
}

/** From the system where it tells (a process that is stuck in a leak does not), else as it said last. */
export function rssOf(pid: number | undefined, said: number | undefined): number {
  try {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (kb !== undefined) return Number(kb) * 1024;
  } catch { /* not Linux, or it has just ended */ }
  return said ?? 0;
}
