/**
 * A program of the simulators with a token of its own: on the machine of the house one is made for a day and revoked at the end;
 * elsewhere it comes by --token.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root, run } from './run.ts';

type Token = { id: string; secret: string };
export type Program = { /** below device-simulators/ */ file: string; name: string; url: string; /** as given; null: one is made here */ token: string | null; argv: readonly string[] };

/** Runs it; its exit code, or 2 when it cannot begin. */
export async function withToken({ file, name, url, token, argv }: Program): Promise<number> {
  if (token !== null) return await start(file, argv, {});
  // First the house: without it the admin command would start a database for the moment, for nothing.
  if (!(await answers(`${url}/healthz`))) {
    process.stderr.write(`No house answers at ${url}. Start it first: npm start (another place: --url). · ${url} 没有应答，请先启动：npm start\n`);
    return 2;
  }
  const made = await makeToken(name);
  if (typeof made === 'string') {
    process.stderr.write(`No token could be made here:\n${made}\nRun it where the house’s data folder is, or give --token. · 无法在本机生成令牌，请在安铃所在机器上运行，或用 --token。\n`);
    return 2;
  }
  try {
    return await start(file, argv, { ANLING_TOKEN: made.secret });
  } finally {
    await fetch(`${url}/api/v1/tokens/${made.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${made.secret}` }, signal: AbortSignal.timeout(5_000) }).catch(() => null);
  }
}

const answers = (address: string): Promise<boolean> => fetch(address, { signal: AbortSignal.timeout(3_000) }).then((r) => r.ok, () => false);

/** The token, or the admin command's own words. */
async function makeToken(name: string): Promise<Token | string> {
  const { ok, output } = await run('token', process.execPath, [join('src', 'admin.ts'), 'token', name, '24'], { quiet: true, timeoutMs: 60_000 });
  const found = /token (\S+) {3}secret (\S+)/.exec(output);
  return ok && found ? { id: found[1] ?? '', secret: found[2] ?? '' } : output.trim();
}

/** The program as a child that owns the terminal; its exit code. */
function start(file: string, argv: readonly string[], env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [join(root, 'device-simulators', file), ...argv], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  // Ctrl-C reaches the child by itself: it ends its story, and so do we then.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 2 : 130))));
}
