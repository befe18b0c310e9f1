/** A disk that says EIO to the database's fsync: injected into its living processes with strace, where this account may trace them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { descendants } from './processes.ts';

/** Why it cannot be done here; null: it can. */
export function cannotTrace(): string | null {
  const probe = spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (probe.error) return 'strace is not installed';
  return probe.status === 0 ? null : `strace may not trace here: ${probe.stderr.trim().slice(0, 200)}`;
}

/** From now on every fsync and fdatasync of the processes that the postmaster has at this moment fails, until they have ended; later ones are whole. */
export async function failFsync(postmaster: number): Promise<{ end(): Promise<void> }> {
  const pids = descendants(postmaster).filter((pid) => pid !== postmaster);
  const tracer: ChildProcess = spawn('strace', ['-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', 'inject=fsync,fdatasync:error=EIO', ...pids.flatMap((pid) => ['-p', String(pid)])], { stdio: ['ignore', 'ignore', 'pipe'] });
  const gone = once(tracer, 'exit');
  const attached = new Promise<void>((resolve) => {
    let said = '';
    tracer.stderr?.on('data', (bytes: Buffer) => { said += bytes.toString(); if ((said.match(/attached|No such process/g) ?? []).length >= pids.length) resolve(); });
  });
  await Promise.race([attached, gone, new Promise((resolve) => setTimeout(resolve, 5_000))]);
  return { async end() { if (tracer.exitCode === null && tracer.signalCode === null) { tracer.kill('SIGTERM'); await gone; } } };
}
