/** `npm run simulate`: arguments and token in, a living county, a table and verdicts out. Exit code 0: all hold, 1: one does not, 2: it could not run. */
import { readFileSync } from 'node:fs';
import { ApiProblem, createApi } from './api/client.ts';
import { createPhonesApi, type PhonesApi } from './api/phones.ts';
import { type Options, readOptions } from './cli/options.ts';
import { NoCounty } from './county/gather.ts';
import type { Fleet } from './fleet/fleet.ts';
import { table, verdictLines } from './report/report.ts';
import { aheadOf, simulate } from './run.ts';
import { demonstrationTravel } from './world/travel.ts';
import { realWorld, travelledWorld } from './world/world.ts';

const impatientMs = 1_000;

const say = (line: string): void => { process.stdout.write(`${line}\n`); };

async function main(): Promise<number> {
  const parsed = readOptions(process.argv.slice(2), process.env);
  if (parsed.kind === 'help') { say(parsed.text); return 0; }
  if (parsed.kind === 'wrong') { process.stderr.write(`${parsed.text}\n`); return 2; }
  const { options } = parsed;
  if (options.token === null) { process.stderr.write('A token of role admin is needed: --token, or npm run simulate on the machine of the house. 需要管理员令牌。\n'); return 2; }
  const api = createApi(options.url, { token: options.token });
  const ahead = await aheadOf(api);
  let fleet: Fleet | null = null;
  const world = options.travel || options.scenario.travels ? travelledWorld(await demonstrationTravel(api, () => (fleet?.unacknowledged() ?? 0) + (fleet?.connecting() ?? 0), true)) : realWorld(() => ahead);
  // The first Ctrl-C ends the story and shows what there is. npm and the terminal both pass it on: only one that comes clearly later is impatience.
  let interruptedMs: number | null = null;
  const interrupt = (): void => {
    if (interruptedMs !== null && performance.now() - interruptedMs > impatientMs) process.exit(130);
    if (interruptedMs !== null) return;
    interruptedMs = performance.now();
    say('\nstopping · 正在结束');
    world.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  try {
    const outcome = await simulate({
      ...options, api, world, address: { ...options.mqtt, ...(options.ca === null ? {} : { ca: readFileSync(options.ca, 'utf8') }) }, phones: await reachable(options),
      say, progress: (line) => say(`  ${line}`), onFleet: (f) => { fleet = f; },
    });
    say(`\n${options.scenario.name}${outcome.stopped ? ' (stopped · 已中断)' : ''}\n${table(outcome.totals)}\n\n${verdictLines(outcome.verdicts)}\n`);
    return outcome.ok ? 0 : 1;
  } finally {
    world.close();
  }
}

/** The stand-in, when it answers. */
async function reachable({ phones }: Options): Promise<PhonesApi | null> {
  if (phones === null) return null;
  const standin = createPhonesApi(phones);
  try { await standin.settings(); return standin; } catch { say(`The stand-in does not answer at ${phones}: nobody answers by telephone. · 模拟网关无应答，无人接听。`); return null; }
}

try {
  process.exit(await main());
} catch (error) {
  const known = error instanceof ApiProblem || error instanceof NoCounty || (error as { code?: string }).code === 'ENOENT';
  process.stderr.write(`${known ? (error as Error).message : (error as Error).stack}\n`);
  process.exit(2);
}
