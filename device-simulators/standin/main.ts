/** The stand-in as its own process. Everything comes from the supervisor: port, keys, where callbacks go. */
import { startStandin } from './server.ts';

const [portArg, hooksArg] = process.argv.slice(2);
const port = Number(portArg ?? process.env['ANLING_STANDIN_PORT'] ?? 8090);
const id = process.env['ANLING_STANDIN_KEY_ID'];
const secret = process.env['ANLING_STANDIN_KEY_SECRET'];
const hooks = hooksArg ?? process.env['ANLING_STANDIN_HOOKS'] ?? null;

/** One line as JSON, like every role's log. */
function say(level: 'info' | 'fatal', msg: string, more: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, time: new Date().toISOString(), role: 'standin', pid: process.pid, ...more, msg })}\n`);
}

if (!id || !secret || !Number.isInteger(port)) {
  say('fatal', 'the stand-in needs ANLING_STANDIN_KEY_ID, ANLING_STANDIN_KEY_SECRET and a port');
  process.exit(2);
}
try {
  const standin = await startStandin({ port, key: { id, secret }, hooks, aheadMs: Number(process.env['ANLING_STANDIN_AHEAD_MS'] ?? 0) || 0 });
  say('info', 'stand-in gateway listens; no real phone rings', { url: standin.url });
  const end = (): void => void standin.close().then(() => process.exit(0));
  process.once('SIGTERM', end);
  // Ctrl-C belongs to the supervisor, who stops everybody in order; alone, it is ours.
  process.on('SIGINT', () => { if (!process.connected) end(); });
  process.once('disconnect', end); // it ends with its supervisor
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
} catch (error) {
  const code = (error as { code?: string }).code;
  say('fatal', code === 'EADDRINUSE' ? `port ${port} is in use by another process; set ANLING_STANDIN_PORT` : `the stand-in cannot start: ${(error as Error).message}`, { code });
  process.exit(2);
}
