/** Running the project's tools under the project's Node. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
/** A tool of node_modules by name. */
export const tools = (name: string): string => join(bin, name);

const living = new Set<ChildProcess>();

/** Ends every command under way: asked first, killed after `boundMs`. */
export async function endAll(boundMs: number): Promise<void> {
  await Promise.all([...living].map((child) => new Promise<void>((resolve) => {
    const bound = setTimeout(() => child.kill('SIGKILL'), boundMs);
    child.once('close', () => { clearTimeout(bound); resolve(); });
    child.kill('SIGTERM');
  })));
}

export type Outcome = { name: string; ok: boolean; ms: number; output: string };
type Options = { quiet?: boolean; env?: Record<string, string | undefined>; timeoutMs?: number };

/** Runs a command in the project's folder; its output is shown as it comes, or kept when `quiet`. Never throws. */
export function run(name: string, command: string, args: readonly string[], options: Options = {}): Promise<Outcome> {
  const began = performance.now();
  return new Promise((resolve) => {
    // The tools' first line is `#!/usr/bin/env node`: the first node on the PATH must be ours, not the system's.
    const child = spawn(command, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
    living.add(child);
    child.once('close', () => living.delete(child));
    let output = '';
    for (const [stream, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const)
      stream.on('data', (bytes: Buffer) => { output = (output + bytes.toString()).slice(-200_000); if (!options.quiet) to.write(bytes); });
    const timer = options.timeoutMs === undefined ? null : setTimeout(() => { output += `\nstopped after ${options.timeoutMs} ms\n`; child.kill('SIGTERM'); setTimeout(() => child.kill('SIGKILL'), 10_000).unref(); }, options.timeoutMs);
    const end = (ok: boolean, more = ''): void => { if (timer) clearTimeout(timer); resolve({ name, ok, ms: performance.now() - began, output: output + more }); };
    child.once('error', (error) => end(false, error.message));
    child.once('close', (code) => end(code === 0));
  });
}
